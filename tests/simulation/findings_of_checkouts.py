"""What there is to find of checkouts in a world at rest: our books against the banks', and all that was told."""

import itertools
from collections import Counter
from collections.abc import Iterator

import msgspec

from tests.simulation.branch import IBAN
from tests.simulation.checkouts import Market
from tests.simulation.disk import Disk
from tillgate.connectors import transfer
from tillgate.core import accounts, cancellations
from tillgate.core.arrivals import Arrival, Place, Why
from tillgate.core.attempts import Attempt, Kind, State
from tillgate.core.instants import SECOND
from tillgate.core.payments import Payment
from tillgate.core.reservations import BY_CARD
from tillgate.store.audit import audit

_APART = 3 * SECOND
"""By more than the clocks of two processes differ."""

_AT_BANK = {Kind.WITHDRAW: "void", Kind.RELEASE: "void", Kind.RETURN: "refund"}
_STATES = {"approved": State.APPROVED, "returned": State.APPROVED, "declined": State.DECLINED}


class Done(msgspec.Struct, frozen=True):
    """What a bank did or refused under a reference."""

    kind: str
    amount: int
    currency: str
    result: str


async def of_everything(market: Market) -> list[str]:
    """What the audit finds, and everything in which the books, the banks, the shop and the payers disagree."""
    world = market.world
    disk, done = Disk(world.data), _done(market)
    for payment in disk.payments.values():
        way = payment.bank if payment.captured else payment.canceled.cause if payment.canceled else "nobody"
        world.chance.happened[f"checkout: {way}"] += 1
        world.chance.happened["checkout: refunded"] += payment.refunded > 0
    for arrival in disk.arrivals.values():
        for move in arrival.moves:
            world.chance.happened[f"arrival: {move.source.value} to {move.destination.value}"] += 1
    found = [
        *(await audit(None, world.data)).differences,
        *_against_the_banks(disk, done),
        *_sums(market, disk, done),
        *_arrived(market, disk),
        *_left_over(disk),
        *_told(market, disk),
        *_repeated(market, disk),
    ]
    for payment in disk.payments.values():
        found += [*_taken_once(market, payment, disk, done), *_kept(market, payment, disk)]
    return found


def _done(market: Market) -> dict[str, Done]:
    """By reference, everything that the sandbox's banks were asked."""
    at_bank = {
        one.reference: Done(one.kind.value, one.amount, one.currency, one.result.value)
        for one in market.world.bank.statement()
    }
    by_phone = {
        one.reference: Done(one.kind, one.amount, one.currency, one.result) for one in market.world.phones.statement()
    }
    return at_bank | by_phone


def _against_the_banks(disk: Disk, done: dict[str, Done]) -> Iterator[str]:
    """Question by question: what we know is what the bank did. An arrival knows the last question about it alone."""
    asked = dict(disk.attempts)
    asked |= {one.attempt.id: one.attempt for one in disk.arrivals.values() if one.attempt}
    for reference, what in done.items():
        attempt = asked.get(reference)
        if attempt is None and reference.startswith("att_arr_") and what.result == "declined":
            continue
        if attempt is None or _STATES.get(what.result) is not attempt.state or what.amount != attempt.amount.amount:
            yield f"the bank did {reference} {what}, we have {attempt}"
        elif _as_the_bank_has_it(attempt) != what.kind:
            yield f"{attempt} was to the bank {what}"
    for attempt in asked.values():
        if not attempt.is_final or (attempt.id in done) == (attempt.state is State.NEVER_SEEN):
            yield f"{attempt.id} is {attempt.state}, and the bank's books say {done.get(attempt.id)}"


def _as_the_bank_has_it(attempt: Attempt) -> str:
    if attempt.bank == transfer.NAME:
        return "payout"
    return _AT_BANK.get(attempt.kind, attempt.kind.value)


def _yes(done: dict[str, Done], attempt: Attempt) -> int:
    """What a bank did of what it was asked, in minor units."""
    what = done.get(attempt.id)
    return what.amount if what is not None and _STATES.get(what.result) is State.APPROVED else 0


def _of(disk: Disk, payment: Payment) -> list[Attempt]:
    return [attempt for attempt in disk.attempts.values() if attempt.payment == payment.id]


def _for(disk: Disk, payment: Payment) -> list[Arrival]:
    return [one for one in disk.arrivals.values() if one.payment == payment.id and not one.is_reversal]


def _taken_once(market: Market, payment: Payment, disk: Disk, done: dict[str, Done]) -> Iterator[str]:
    """It was paid once, in one way, by one try a form; and the merchant has neither more nor less than that."""
    attempts, known = _of(disk, payment), market.known.get(payment.id)
    back = {one.target for one in attempts if one.kind is Kind.RETURN and _yes(done, one)}
    taken = [
        _yes(done, one)
        for one in attempts
        if one.kind in (Kind.CHARGE, Kind.CAPTURE) and one.id not in back and _yes(done, one)
    ]
    kept = sum(one.moved(Place.DEPOSITS, Place.MERCHANT) for one in _for(disk, payment))
    refunded = sum(_yes(done, one) for one in attempts if one.kind is Kind.REFUND)
    if len(taken) + bool(kept) > 1 or sum(taken) + kept != payment.captured or refunded != payment.refunded:
        yield f"{payment} was paid {taken} and {kept}, and {refunded} paid back"
    tries = sum(one.kind in BY_CARD for one in attempts)
    if known is None:
        if tries:
            yield f"{payment.id} was tried {tries} times, and nobody knows of it"
        return
    if tries > len(known.pressed):
        yield f"{payment.id} was tried {tries} times, by the forms {known.pressed}"
    if payment.captured > payment.amount.amount and not known.terms.keeps_more:
        yield f"{payment.id} has {payment.captured} of {payment.amount}"
    if 0 < payment.captured < payment.amount.amount and not known.terms.takes_less:
        yield f"{payment.id} has but {payment.captured} of {payment.amount}"


def _kept(market: Market, payment: Payment, disk: Disk) -> Iterator[str]:
    """What came late, or for what was given up or paid in another way, is not the merchant's; what came in time is."""
    assert payment.checkout is not None
    expires_at, given_up = payment.checkout.expires_at, payment.canceled
    arrived, in_time = _for(disk, payment), 0
    for one in arrived:
        kept = one.moved(Place.DEPOSITS, Place.MERCHANT)
        is_late = one.created >= expires_at + _APART
        if kept and (is_late or given_up is not None):
            yield f"{one.id} came {'late' if is_late else 'for what was given up'}, and {kept} of it is the merchant's"
        was_taken_back = sum(one.moved(place, Place.BANK) for place in Place if place is not Place.RETURNS)
        if one.created < expires_at - _APART and not was_taken_back and one.moves[0].destination is Place.DEPOSITS:
            in_time += one.amount.amount
    lapsed = given_up is not None and given_up.cause in cancellations.OVER_TIME
    if lapsed and not _of(disk, payment) and in_time >= payment.amount.amount:
        yield f"{payment.id} was given up, and {in_time} had come in time"


def _sums(market: Market, disk: Disk, done: dict[str, Done]) -> Iterator[str]:
    """What flowed through the account of transfers is what the bank's statement and its transfers make."""
    expected: Counter[str] = Counter()
    for line in market.branch.booked():
        expected[line.amount.currency] -= line.amount.amount * (-1 if line.is_reversal else 1)
    for what in done.values():
        if what.kind == "payout" and _STATES.get(what.result) is State.APPROVED:
            expected[what.currency] += what.amount
    query = "select currency, sum(amount) from balances where account = '{}' group by 1"
    booked = Counter(dict(disk.rows(query.format(accounts.receivable(transfer.NAME)))))
    for currency in {*expected, *booked}:
        if expected[currency] != booked[currency]:
            yield f"transfers in {currency}: {booked[currency]} by our books, {expected[currency]} by the bank's"
    owed: Counter[str] = Counter()
    for payment in disk.payments.values():
        owed[payment.amount.currency] += payment.captured - payment.fees - payment.refunded
    for one in disk.arrivals.values():
        owed[one.amount.currency] -= one.moved(Place.MERCHANT, Place.BANK)
    for currency, amount in disk.rows(query.format(accounts.PAYABLE)):
        if owed[currency] != amount:
            yield f"in {currency} the merchant is owed {amount}, by its payments {owed[currency]}"


def _arrived(market: Market, disk: Disk) -> Iterator[str]:
    """Line by line: what came arrived once, is somewhere to the unit, and went back once where it went back."""
    by_name: dict[str, list[Arrival]] = {}
    for arrival in disk.arrivals.values():
        by_name.setdefault(f"{arrival.account} {arrival.reference.removeprefix('reversal ')}", []).append(arrival)
    for line in market.branch.booked():
        found = by_name.pop(f"{IBAN} {line.reference}", [])
        if len(found) != 1 or found[0].amount != line.amount:
            yield f"the bank booked {line}, there is {found}"
            continue
        (one,) = found
        if not line.is_reversal and sum(one.at(place) for place in Place) != 0:
            yield f"{one} is not where it is said to be"
    if by_name:
        yield f"the bank knows nothing of {by_name}"
    taken_back: Counter[str] = Counter()
    for one in disk.arrivals.values():
        if one.is_reversal and one.reverses is None:
            yield f"the bank took back what nobody knows: {one}"
        taken_back[one.reverses or ""] += one.amount.amount
    for one in disk.arrivals.values():
        gone = sum(one.moved(place, Place.BANK) for place in _TAKEN_FROM)
        if not one.is_reversal and gone != taken_back[one.id]:
            yield f"the bank took back {taken_back[one.id]} of {one}"


_TAKEN_FROM = (Place.SUSPENSE, Place.DEPOSITS, Place.MERCHANT)


def _left_over(disk: Disk) -> Iterator[str]:
    """Every checkout is paid or over, nothing waits for anything, and every reference is free again."""
    for payment in disk.payments.values():
        held = payment.transfer.held if payment.transfer else 0
        if payment.in_flight or payment.action or payment.held or payment.surplus or held:
            yield f"{payment.id} is left with {payment.in_flight} {payment.action} {payment.surplus} {held}"
        if not payment.captured and payment.canceled is None:
            yield f"{payment.id} is {payment.status} for ever"
        if payment.captured and payment.canceled is not None:
            yield f"{payment.id} was given up and paid"
    for one in disk.arrivals.values():
        if one.at(Place.DEPOSITS) or one.at(Place.RETURNS) or (one.at(Place.SUSPENSE) and one.why not in _FOR_GOOD):
            yield f"{one.id} is {one.state} for ever: {one}"
    for table in ("timers where kind <> 'pay_out'", "aliases where kind = 'checkout_reference'"):
        for row in disk.rows(f"select * from {table}"):
            yield f"left in {table}: {row}"


_FOR_GOOD = (Why.RETURNED_TWICE, Why.REVERSAL_OF_OURS)
"""Why a person may look for ever: it is missing, or came back from where it was to go."""


def _told(market: Market, disk: Disk) -> Iterator[str]:
    """Every end is told once; who listens has heard of it, and is noted to have."""
    told = Counter((stream, type) for stream, type in disk.rows("select stream, type from events"))
    for payment in disk.payments.values():
        checkout = payment.checkout
        assert checkout is not None
        ends = {
            "checkout.completed": checkout.received_at is not None,
            "checkout.received": checkout.received_at is not None,
            "payment.succeeded": payment.captured > 0,
            "checkout.canceled": payment.canceled is not None,
            "checkout.refunded": 0 < payment.captured <= payment.refunded,
        }
        for type, times in ends.items():
            if told[payment.id, type] != times:
                yield f"{payment.id} was told {type} {told[payment.id, type]} times: {payment}"
        if (checkout.confirmed_at is not None) != (checkout.received_at is not None):
            yield f"{payment.id} was paid, and is not confirmed: {checkout}"
        if checkout.received_at is not None and checkout.is_told and payment.id not in market.completed:
            yield f"nobody heard that {payment.id} was paid"


def _repeated(market: Market, disk: Disk) -> Iterator[str]:
    """Under a key money goes back once; under a reference one checkout is open at a time."""
    for key, answers in market.refunds.items():
        if len(answers) > 1:
            yield f"{key} has the answers {answers}"
    under: dict[tuple[str | None, str], list[Payment]] = {}
    for payment in sorted(disk.payments.values(), key=lambda one: one.created):
        assert payment.checkout is not None
        under.setdefault((payment.checkout.application, payment.checkout.reference), []).append(payment)
    for payments in under.values():
        for before, after in itertools.pairwise(payments):
            if _over_at(before) > after.created + _APART:
                yield f"{after.id} was opened while {before.id} was open"


def _over_at(payment: Payment) -> int:
    assert payment.checkout is not None
    ends = (payment.checkout.received_at, payment.canceled.at if payment.canceled else None)
    return min((at for at in ends if at is not None), default=2**62)
