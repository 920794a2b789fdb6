"""Reconciliation: whether a payment's records, attempts, refunds, disputes, postings and events tell one story."""

from collections import Counter
from collections.abc import Iterator

import msgspec

from tillgate.core import accounts, cancellations, fees, payments, totals
from tillgate.core.arrivals import Arrival, Place
from tillgate.core.attempts import Attempt, Kind, State
from tillgate.core.conclusions import POSTED_AS
from tillgate.core.disputes import Dispute, DisputeStatus
from tillgate.core.money import Money
from tillgate.core.payments import Payment
from tillgate.core.refunds import Refund, RefundState
from tillgate.core.reservations import BY_CARD, REVERSALS, Reservation


class Moved(msgspec.Struct, frozen=True):
    """One posting as it stands in the books, with the entry that it is part of."""

    entry: str
    source: str
    destination: str
    currency: str
    amount: int

    @property
    def attempt(self) -> str:
        """The attempt that moved the money."""
        return self.entry.partition(":")[0]


class Story(msgspec.Struct):
    """A payment and everything that was ever written about it."""

    payment: Payment
    attempts: list[Attempt] = []
    refunds: list[Refund] = []
    moved: list[Moved] = []
    told: list[int] = []
    disputes: list[Dispute] = []
    arrivals: list[Arrival] = []
    escrowed: list[Moved] = []

    def approved(self, *kinds: Kind) -> list[Attempt]:
        """The attempts of these kinds that a bank said yes to."""
        return [attempt for attempt in self.attempts if attempt.kind in kinds and attempt.state is State.APPROVED]


def differences(story: Story) -> Iterator[str]:
    """Everything in which the parts of a story contradict each other; nothing when the books are right."""
    yield from _books(story)
    yield from _totals(story)
    yield from _in_flight(story)
    yield from _refunds(story)
    yield from _disputes(story)
    yield from _transfer(story)
    if story.told != list(range(1, story.payment.events + 1)):
        yield f"events {story.told} where {story.payment.events} were announced"


def _books(story: Story) -> Iterator[str]:
    """Every yes of a bank and every dispute is in the books once, with what it was about, and nothing else is."""
    approved = [attempt for attempt in story.approved(*Kind) if not _moved_nothing(story, attempt)]
    expected = [line for attempt in approved for line in _lines(story.payment, attempt)]
    entries = {line.entry for line in expected}
    expected += [line for dispute in story.disputes for line in _lines_of_dispute(dispute)]
    fees_moved = [moved for moved in story.moved if moved.entry in entries and _is_fee(story.payment, moved)]
    lines = Counter(story.moved)
    lines.subtract(expected)
    lines.subtract(fees_moved)
    for line, times in lines.items():
        if times:
            what = f"{line.amount} {line.currency} from {line.source} to {line.destination}"
            yield f"{line.entry}: {what} is {'in the books without a yes' if times > 0 else 'not in the books'}"
    booked = sum(moved.amount for moved in fees_moved) + sum(arrival.fees for arrival in story.arrivals)
    if booked != story.payment.fees:
        yield f"fees is {story.payment.fees}, the books say {booked}"


def _lines(payment: Payment, attempt: Attempt) -> Iterator[Moved]:
    """What a yes moves, but for fees."""
    receivable, holds = accounts.receivable(attempt.bank), accounts.holds(attempt.bank)
    granted, taken = (holds, accounts.AUTHORIZED), (receivable, accounts.PAYABLE)
    ways = {
        Kind.CHARGE: (taken,),
        Kind.AUTHORIZE: (granted,),
        Kind.CAPTURE: (granted[::-1], taken),
        Kind.VOID: (granted[::-1],),
        Kind.REFUND: (taken[::-1],),
        Kind.RETURN: ((accounts.SURPLUS, receivable),),
        Kind.RELEASE: ((accounts.SURPLUS_HELD, holds),),
    }
    if _is_surplus(payment, attempt):
        ways = {Kind.CHARGE: ((receivable, accounts.SURPLUS),), Kind.AUTHORIZE: ((holds, accounts.SURPLUS_HELD),)}
    for source, destination in ways[attempt.kind]:
        entry = f"{attempt.id}:{POSTED_AS[attempt.kind]}"
        yield Moved(entry, source, destination, payment.amount.currency, attempt.amount.amount)


def _lines_of_dispute(dispute: Dispute) -> Iterator[Moved]:
    """What a dispute moved when it was opened, and where it was won."""
    taken, currency, amount = accounts.disputed(dispute.bank), dispute.amount.currency, dispute.amount.amount
    yield Moved(f"{dispute.id}:opened", accounts.PAYABLE, taken, currency, amount)
    if dispute.fee:
        yield Moved(f"{dispute.id}:opened", accounts.PAYABLE, accounts.DISPUTE_FEES, currency, dispute.fee)
    if dispute.status is DisputeStatus.WON:
        yield Moved(f"{dispute.id}:won", taken, accounts.PAYABLE, currency, amount)


def _is_fee(payment: Payment, moved: Moved) -> bool:
    way = (moved.source, moved.destination, moved.currency)
    return way == (accounts.PAYABLE, accounts.FEES, payment.amount.currency)


def _is_surplus(payment: Payment, attempt: Attempt) -> bool:
    """Whether it was granted though another attempt had been."""
    return attempt.kind in BY_CARD and attempt.id != payment.authorization


def _moved_nothing(story: Story, attempt: Attempt) -> bool:
    """What ended a challenge: nothing was granted yet, or it was met after all."""
    granted = [yes.sequence or 0 for yes in story.approved(*BY_CARD) if not _is_surplus(story.payment, yes)]
    if attempt.kind is not Kind.VOID or payments.is_abandoned(story.payment, attempt):
        return attempt.kind in (Kind.VOID, Kind.WITHDRAW)
    return not any(sequence <= (attempt.sequence or 0) for sequence in granted)


def _totals(story: Story) -> Iterator[str]:
    payment = story.payment
    nothing, captured = (Money(amount, payment.amount.currency) for amount in (0, payment.captured))
    made = {
        "authorized": [yes for yes in story.approved(*BY_CARD) if not _is_surplus(payment, yes)],
        "captured": [yes for yes in story.approved(Kind.CHARGE, Kind.CAPTURE) if not _is_surplus(payment, yes)],
        "voided": [void for void in story.approved(Kind.VOID) if not _moved_nothing(story, void)],
        "refunded": story.approved(Kind.REFUND),
    }
    for name, attempts in made.items():
        amount = sum(attempt.amount.amount for attempt in attempts)
        if name in ("authorized", "captured"):
            amount += sum(arrival.moved(Place.DEPOSITS, Place.MERCHANT) for arrival in story.arrivals)
        if amount != getattr(payment, name):
            yield f"{name} is {getattr(payment, name)}, the bank's answers make {amount}"
    given_back = {attempt.target for attempt in story.approved(*REVERSALS)}
    surplus = [yes.id for yes in story.approved(*BY_CARD) if _is_surplus(payment, yes) and yes.id not in given_back]
    if sorted(surplus) != sorted(one.attempt for one in payment.surplus):
        yield f"{surplus} were granted once too often, and it says {[one.attempt for one in payment.surplus]}"
    if payment.fees != (due := fees.fee(payment.fee_plan, nothing, captured).amount):
        yield f"fees is {payment.fees}, {due} is due"
    granted = [] if payment.authorization is None else [payment.authorization]
    if granted != [attempt.id for attempt in made["authorized"]]:
        yield f"{payment.authorization} is not what the bank granted"
    by_bank = payment.canceled is not None and payment.canceled.cause not in cancellations.WITHOUT_VOID
    if by_bank != any(not payments.is_abandoned(payment, void) for void in story.approved(Kind.VOID)):
        yield f"it is {'canceled without' if payment.canceled else 'not canceled by'} the bank's yes"
    if not totals.is_sound(payment):
        yield "more came back than was taken, or more was taken and released than was granted"


def _in_flight(story: Story) -> Iterator[str]:
    waiting = {
        attempt.id: attempt
        for attempt in story.attempts
        if not (attempt.is_final or payments.is_abandoned(story.payment, attempt))
    }
    for held in story.payment.in_flight:
        attempt = waiting.pop(held.attempt, None)
        if attempt is None:
            yield f"{held.attempt} is over, and still reserved"
        elif held not in (Reservation(attempt.id, attempt.kind, attempt.amount.amount), _gives_up(attempt)):
            yield f"{held.attempt} is to {attempt.kind} {attempt.amount.amount}, and {held.amount} is reserved"
    for id in waiting:
        yield f"{id} is in doubt without a reservation"
    if len(story.attempts) != story.payment.attempts_made:
        yield f"{len(story.attempts)} attempts where {story.payment.attempts_made} were made"


def _gives_up(attempt: Attempt) -> Reservation | None:
    """The end of a challenge, or the reversal of a surplus, which set nothing aside."""
    takes_nothing = (Kind.VOID, Kind.WITHDRAW, *REVERSALS)
    return Reservation(attempt.id, attempt.kind, 0) if attempt.kind in takes_nothing else None


def _disputes(story: Story) -> Iterator[str]:
    payment = story.payment
    taken = sum(dispute.amount.amount for dispute in story.disputes if dispute.status is not DisputeStatus.WON)
    taken += sum(arrival.moved(Place.MERCHANT, Place.BANK) for arrival in story.arrivals)
    if payment.disputed + payment.overdrawn != taken:
        yield f"disputed is {payment.disputed} and overdrawn {payment.overdrawn}, banks took {taken} over disputes"
    if payment.dispute != max((dispute.id for dispute in story.disputes), default=None):
        yield f"{payment.dispute} is not its newest dispute"
    for dispute in story.disputes:
        if dispute.is_closed != (dispute.closed_at is not None) or (dispute.is_closed and dispute.response):
            yield f"{dispute.id} is {dispute.status}, and its end says otherwise"


_REFUND_STATES = {
    State.APPROVED: RefundState.SUCCEEDED,
    State.DECLINED: RefundState.FAILED,
    State.NEVER_SEEN: RefundState.FAILED,
}


def _refunds(story: Story) -> Iterator[str]:
    attempts = {attempt.id: attempt for attempt in story.attempts}
    for refund in story.refunds:
        attempt = attempts.get(refund.attempt)
        if attempt is None or attempt.refund != refund.id or attempt.amount != refund.amount:
            yield f"{refund.id} does not fit its attempt"
        elif _REFUND_STATES.get(attempt.state, RefundState.PENDING) is not refund.state:
            yield f"{refund.id} is {refund.state}, its attempt {attempt.state}"
    if len(story.refunds) != sum(attempt.kind is Kind.REFUND for attempt in story.attempts):
        yield f"{len(story.refunds)} refunds for another number of attempts to refund"


def _transfer(story: Story) -> Iterator[str]:
    held = sum(arrival.at(Place.DEPOSITS) for arrival in story.arrivals)
    known = story.payment.transfer.held if story.payment.transfer else 0
    if held != known:
        yield f"{known} is held, of what arrived {held} is"
