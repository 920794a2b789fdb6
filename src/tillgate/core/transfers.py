"""Transfers: what becomes of money that arrives by itself: kept, held, sent back, or shown to a person, to the unit."""

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import structs

from tillgate.core import (
    accounts,
    arrivals,
    attempts,
    cancellations,
    checkout_payments,
    fees,
    instants,
    payment_intents,
    payments,
    totals,
)
from tillgate.core.arrivals import Arrival, Debtor, Move, Place, Transfer, Why
from tillgate.core.attempts import Kind, Outcome, State
from tillgate.core.cancellations import Cancellation
from tillgate.core.decisions import Alias, Decision
from tillgate.core.events import EventType
from tillgate.core.instants import Instant
from tillgate.core.ledger import MovementType, Posting, entry
from tillgate.core.money import Money
from tillgate.core.occasions import Occasion
from tillgate.core.payments import Payment
from tillgate.core.reasons import Reason, Refused
from tillgate.core.records import evolve
from tillgate.core.timers import Timer, TimerKind

BANK: Final = "transfer"
"""What the bank is called at which money arrives by itself."""

REFERENCE: Final = "transfer_reference"
"""The kind of alias by which a payment is known to whoever quotes its creditor reference."""

KNOWN: Final = "arrival"
"""The kind of alias by which an arrival is known: the account, and the bank's reference."""

_ACCOUNTS: Final = {
    Place.BANK: accounts.receivable(BANK),
    Place.SUSPENSE: accounts.SUSPENSE,
    Place.DEPOSITS: accounts.DEPOSITS,
    Place.MERCHANT: accounts.PAYABLE,
    Place.RETURNS: accounts.RETURNS,
}


class Booked(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a bank's statement: money that came, or one that was taken back (`is_reversal`).

    `reference` is the bank's own, unique in the account. `original` are names by which a reversal may say what it
    takes back. What is `pending` is on its way, and has not come.
    """

    reference: str
    amount: Money
    booked_at: Instant
    debtor: Debtor = Debtor()
    remittance: str = ""
    is_reversal: bool = False
    is_ours: bool = False
    is_pending: bool = False
    original: tuple[str, ...] = ()


class Step(msgspec.Struct, frozen=True):
    """Where things stand after a decision: the payment, if one is concerned, and the arrivals that moved."""

    payment: Payment | None
    arrivals: tuple[Arrival, ...]
    decision: Decision


def begin(
    payment: Payment,
    reference: str,
    *,
    expires_at: Instant | None,
    allow_underpay: bool,
    allow_overpay: bool,
) -> tuple[Payment, Decision]:
    """The payment once its payer may have their bank send the money; asked for again, as it is already."""
    if payment.transfer is not None:
        return payment, Decision()
    transfer = Transfer(
        reference=reference, expires_at=expires_at, allow_underpay=allow_underpay, allow_overpay=allow_overpay
    )
    waiting = evolve(payment, transfer=transfer)
    schedule = () if expires_at is None else (Timer(payment.tenant, TimerKind.SETTLE_TRANSFER, payment.id, expires_at),)
    name = Alias(payment.tenant, REFERENCE, reference, payment.id)
    return waiting, Decision(save=(waiting,), name=(name,), schedule=schedule)


def transfer_of(payment: Payment) -> Transfer:
    """The transfer that a payment waits for. Raises Refused(PARAMETER_INVALID) where it waits for none."""
    if payment.transfer is None:
        raise Refused(Reason.PARAMETER_INVALID, "payment", problem="it waits for no transfer")
    return payment.transfer


def is_over(payment: Payment, now: Instant) -> bool:
    """Whether what arrives goes back: it is paid, by whatever way, or was given up, or its time is over."""
    expires_at = transfer_of(payment).expires_at
    is_late = expires_at is not None and now >= expires_at
    by_other_ways = bool(payment.authorized) and payment.authorization is not None
    return bool(payment.canceled) or is_late or by_other_ways or payment.captured >= payment.amount.amount


def known_as(arrival: Arrival) -> Alias:
    """The name by which an arrival is known, so that nothing arrives twice."""
    return Alias(arrival.tenant, KNOWN, f"{arrival.account} {arrival.reference}", arrival.id)


def book(
    arrival: Arrival, payment: Payment | None, held: Sequence[Arrival], why: Why | None, occasion: Occasion
) -> Step:
    """Take in what has arrived, for a payment with what is `held` for it already, or for a person to look at."""
    amount, name = arrival.amount.amount, Decision(name=(known_as(arrival),))
    if payment is None:
        shown, decision = _moved(evolve(arrival, why=why), Place.BANK, Place.SUSPENSE, amount, occasion)
        return Step(None, (shown,), name.also(shown).merged(decision))
    assigned, decision = _moved(evolve(arrival, payment=payment.id), Place.BANK, Place.DEPOSITS, amount, occasion)
    return _settled(_Stage(payment, payment, held, (*held, assigned), (), name.merged(decision)), occasion)


def assign(arrival: Arrival, payment: Payment, held: Sequence[Arrival], occasion: Occasion) -> Step:
    """Say for a person what an arrival is for. Raises Refused(PARAMETER_INVALID) where that cannot be."""
    amount = arrival.at(Place.SUSPENSE)
    if amount <= 0:
        raise Refused(Reason.PARAMETER_INVALID, "arrival", problem="nothing of it waits to be matched")
    if arrival.amount.currency != payment.amount.currency:
        problem = f"it is in {payment.amount.currency}, and what arrived in {arrival.amount.currency}"
        raise Refused(Reason.PARAMETER_INVALID, "payment", problem=problem)
    if is_over(payment, occasion.now):
        raise Refused(Reason.PARAMETER_INVALID, "payment", problem="it takes no more money: send this back")
    known = evolve(arrival, payment=payment.id)
    assigned, decision = _moved(known, Place.SUSPENSE, Place.DEPOSITS, amount, occasion)
    return _settled(_Stage(payment, payment, held, (*held, assigned), (), decision), occasion)


def settle(payment: Payment, held: Sequence[Arrival], occasion: Occasion) -> Step:
    """See what becomes of all that is held for a payment: it is kept, goes back, or stays until more is known.

    One that nobody paid in time is given up.
    """
    transfer = transfer_of(payment)
    is_late = transfer.expires_at is not None and occasion.now >= transfer.expires_at
    if not is_late or payment.authorized or payment.canceled or payment.is_asking:
        return _settled(_Stage(payment, payment, held, held), occasion)
    canceled = evolve(payment, canceled=Cancellation(occasion.now, cancellations.LAPSED), action=None)
    return _settled(_Stage(payment, canceled, held, held, (EventType.PAYMENT_CANCELED,)), occasion)


def send_back(arrival: Arrival, debtor: Debtor | None, occasion: Occasion) -> Step:
    """Send back, for a person, what nobody knows what it is for; to whom they say, where the statement does not.

    Raises Refused(PARAMETER_INVALID) where nothing of it waits for that, PARAMETER_MISSING where nobody says where to.
    """
    amount = arrival.at(Place.SUSPENSE)
    if amount <= 0:
        raise Refused(Reason.PARAMETER_INVALID, "arrival", problem="nothing of it waits to be sent back")
    known = evolve(arrival, debtor=debtor or arrival.debtor)
    if not known.debtor.iban:
        raise Refused(Reason.PARAMETER_MISSING, "iban")
    returning, decision = _sent_back(known, Place.SUSPENSE, amount, occasion)
    return Step(None, (returning,), decision.also(returning))


def book_reversal(reversal: Arrival, occasion: Occasion) -> Step:
    """The bank has taken back money, and nobody knows which: a person has to look."""
    unknown = evolve(reversal, why=Why.REVERSAL_UNKNOWN)
    shown, decision = _moved(unknown, Place.SUSPENSE, Place.BANK, reversal.amount.amount, occasion)
    return Step(None, (shown,), Decision(save=(shown,), name=(known_as(reversal),)).merged(decision))


def take_back(original: Arrival, reversal: Arrival, payment: Payment | None, occasion: Occasion) -> Step:
    """The bank has taken back what came: from where it is by now, and from the merchant where they have it.

    What was sent back before is missing, and a person has to look. `payment` is what the original is for, if anything.
    Raises Refused(PARAMETER_INVALID) where the two do not fit.
    """
    _assert_fits(original, reversal)
    known = evolve(reversal, reverses=original.id, payment=original.payment)
    decision = Decision() if reversal.version else Decision(name=(known_as(reversal),))
    if undone := -reversal.at(Place.SUSPENSE):
        known, decision = _moved(known, Place.BANK, Place.SUSPENSE, undone, occasion)
    left, moved, changed = reversal.amount.amount, original, payment
    for place in (Place.SUSPENSE, Place.DEPOSITS, Place.MERCHANT):
        part = min(left, moved.at(place))
        if part > 0:
            left -= part
            moved, more = _moved(moved, place, Place.BANK, part, occasion)
            decision = decision.merged(more)
            if changed is not None and place is Place.MERCHANT:
                changed = totals.covered(evolve(changed, disputed=changed.disputed + part))
    if left:
        missing = evolve(moved, why=Why.RETURNED_TWICE)
        moved, more = _moved(missing, Place.SUSPENSE, Place.BANK, left, occasion)
        decision = decision.merged(more)
    decision = decision.also(known)
    if payment is None or changed is None:
        return Step(None, (moved, known), decision.also(moved))
    types = (EventType.PAYMENT_UPDATED,) if changed is not payment else ()
    return _done(_Stage(payment, changed, (original,), (moved,), types, decision), occasion)


def _assert_fits(original: Arrival, reversal: Arrival) -> None:
    if not reversal.is_reversal or reversal.reverses is not None:
        raise Refused(Reason.PARAMETER_INVALID, "arrival", problem="it takes nothing back that is not known")
    if original.is_reversal or original.amount.currency != reversal.amount.currency:
        raise Refused(Reason.PARAMETER_INVALID, "payment", problem="this is not what was taken back")
    if original.moved(Place.BANK, Place.DEPOSITS) + original.moved(Place.BANK, Place.SUSPENSE) < reversal.amount.amount:
        raise Refused(Reason.PARAMETER_INVALID, "payment", problem="more was taken back than came")


def ask_return(arrival: Arrival, occasion: Occasion) -> tuple[Arrival, Decision]:
    """The question to the bank to send back what is on its way, written down before it is put.

    One that the bank never saw is put again under its reference. Raises Refused(IN_PROGRESS) while one is under way.
    """
    last = arrival.attempt
    if last is not None and last.state is State.NEVER_SEEN:
        asked = evolve(arrival, attempt=attempts.ask_again(last, occasion))
    elif last is not None and not last.is_final:
        raise Refused(Reason.IN_PROGRESS, "arrival")
    else:
        attempt = attempts.ask(
            arrivals.attempt_id(arrival),
            Kind.PAYOUT,
            Money(arrival.at(Place.RETURNS), arrival.amount.currency),
            tenant=arrival.tenant,
            payment=arrival.id,
            bank=BANK,
            occasion=occasion,
        )
        asked = evolve(arrival, attempt=attempt, returns=arrival.returns + 1)
    return asked, Decision(save=(asked,), schedule=(follow(asked, occasion),))


def conclude_return(arrival: Arrival, outcome: Outcome, occasion: Occasion) -> tuple[Arrival, Decision] | None:
    """The arrival after the bank's answer; None where that says nothing new. A no is for a person to look at.

    Raises attempts.Contradiction where the bank takes back a final answer.
    """
    attempt = attempts.move(arrival.attempt, outcome, occasion) if arrival.attempt is not None else None
    if attempt is None:
        return None
    after, decision, amount = evolve(arrival, attempt=attempt), Decision(), attempt.amount.amount
    if attempt.state is State.APPROVED:
        after, decision = _moved(after, Place.RETURNS, Place.BANK, amount, occasion)
    elif attempt.state is State.DECLINED:
        refused = evolve(after, why=Why.RETURN_REFUSED)
        after, decision = _moved(refused, Place.RETURNS, Place.SUSPENSE, amount, occasion)
    return after, Decision(save=(after,), schedule=(follow(after, occasion),)).merged(decision)


def follow(arrival: Arrival, occasion: Occasion) -> Timer:
    """The timer that sends back what is on its way, or asks the bank what became of that."""
    due_at: Instant | None = None
    if arrival.attempt is not None and not arrival.attempt.is_final:
        due_at = attempts.inquire_at(arrival.attempt, occasion)
    elif arrival.at(Place.RETURNS):
        due_at = occasion.wall
    return Timer(arrival.tenant, TimerKind.RETURN_TRANSFER, arrival.id, due_at)


def found(payment: Payment, occasion: Occasion) -> tuple[Payment, Decision]:
    """The payment for which money is said to be on its way."""
    transfer = transfer_of(payment)
    if transfer.found_at is not None or is_over(payment, occasion.now):
        return payment, Decision()
    step = _done(
        _Stage(payment, evolve(payment, transfer=structs.replace(transfer, found_at=occasion.now)), (), ()), occasion
    )
    return step.payment or payment, step.decision


class _Stage(msgspec.Struct, frozen=True):
    """A payment while it is decided about, as it was and is, with what was held for it and is, and what to tell."""

    was: Payment
    payment: Payment
    held: Sequence[Arrival]
    arrivals: Sequence[Arrival]
    types: tuple[EventType, ...] = ()
    decision: Decision = Decision()


def _settled(stage: _Stage, occasion: Occasion) -> Step:
    """Keep, hold and send back what is at hand, the oldest first."""
    payment, transfer = stage.payment, transfer_of(stage.payment)
    pool = sum(arrival.at(Place.DEPOSITS) for arrival in stage.arrivals)
    due, over = payment.amount.amount - payment.captured, is_over(payment, occasion.now)
    # What a bank is being asked for in another way may be paid by that: until it is known, nothing moves.
    if (payment.is_asking and not payment.captured) or not (over or pool >= due or transfer.allow_underpay):
        return _done(stage, occasion)
    left = 0 if over else pool if transfer.allow_overpay else min(pool, due)
    types, decision, after = stage.types, stage.decision, []
    for arrival in sorted(stage.arrivals, key=_age):
        moved, keep = arrival, min(arrival.at(Place.DEPOSITS), left)
        if keep:
            left -= keep
            types += (EventType.PAYMENT_CAPTURED if payment.captured else EventType.PAYMENT_SUCCEEDED,)
            payment, moved, more = _kept(payment, moved, keep, occasion)
            decision = decision.merged(more)
        if back := moved.at(Place.DEPOSITS):
            moved, more = _sent_back(moved, Place.DEPOSITS, back, occasion)
            decision = decision.merged(more)
        after.append(moved)
    return _done(_Stage(stage.was, payment, stage.held, after, types, decision), occasion)


def _age(arrival: Arrival) -> str:
    return arrival.id


def _kept(payment: Payment, arrival: Arrival, amount: int, occasion: Occasion) -> tuple[Payment, Arrival, Decision]:
    """The merchant's from now on, less the fee that falls due with it."""
    currency = payment.amount.currency
    fee = fees.fee(payment.fee_plan, Money(payment.captured, currency), Money(amount, currency)).amount
    available_at = instants.days_later(occasion.now, payment.settlement_days)
    moved, decision = _moved(arrival, Place.DEPOSITS, Place.MERCHANT, amount, occasion, fee, available_at)
    # What is refunded goes back as it came; what a bank took back before may be covered by this.
    changed = evolve(
        payment,
        authorized=payment.authorized + amount,
        captured=payment.captured + amount,
        fees=payment.fees + fee,
        bank=BANK,
        failure=None,
        action=None,
        transfer=structs.replace(transfer_of(payment), debtor=arrival.debtor),
    )
    return totals.covered(changed), moved, decision


def _sent_back(arrival: Arrival, source: Place, amount: int, occasion: Occasion) -> tuple[Arrival, Decision]:
    """On its way back, or shown to a person where nobody knows whose it is."""
    if not arrival.debtor.iban:
        return _moved(evolve(arrival, why=Why.DEBTOR_UNKNOWN), source, Place.SUSPENSE, amount, occasion)
    moved, decision = _moved(arrival, source, Place.RETURNS, amount, occasion)
    return moved, decision.merged(Decision(schedule=(follow(moved, occasion),)))


def _done(stage: _Stage, occasion: Occasion) -> Step:
    """Everything that has changed, to be saved and told."""
    gained = sum(arrival.at(Place.DEPOSITS) for arrival in stage.arrivals)
    gained -= sum(arrival.at(Place.DEPOSITS) for arrival in stage.held)
    transfer = transfer_of(stage.payment)
    found_at = occasion.now if transfer.found_at is None and stage.arrivals else transfer.found_at
    transfer = structs.replace(transfer, held=transfer.held + gained, found_at=found_at)
    payment = evolve(stage.payment, transfer=transfer)
    payment, of_checkout, beside = checkout_payments.followed(stage.was, payment, None, occasion)
    types = (*payment_intents.told(payment, stage.types), *of_checkout)
    changed = tuple(arrival for arrival in stage.arrivals if all(arrival is not one for one in stage.held))
    decision = stage.decision.also(*changed).merged(beside)
    if types:
        payment, announced = payments.announced(payment, types, occasion)
        return Step(payment, tuple(stage.arrivals), decision.merged(announced))
    if payment == stage.was:
        return Step(payment, tuple(stage.arrivals), decision)
    return Step(payment, tuple(stage.arrivals), decision.also(payment))


def _moved(
    arrival: Arrival,
    source: Place,
    destination: Place,
    amount: int,
    occasion: Occasion,
    fee: int = 0,
    available_at: Instant | None = None,
) -> tuple[Arrival, Decision]:
    """The arrival with one more move, and the entry of it."""
    moved = evolve(arrival, moves=(*arrival.moves, Move(source, destination, amount, fee)))
    moved = moved if moved.at(Place.SUSPENSE) else evolve(moved, why=None)
    type = MovementType.CHARGE if destination is Place.MERCHANT else MovementType.ADJUSTMENT
    is_merchants = Place.MERCHANT in (source, destination) and arrival.payment
    subject = arrival.payment if is_merchants and arrival.payment else arrival.id
    lines = postings(moved.moves[-1], arrival.amount.currency)
    posted = entry(arrival.tenant, entry_id(moved, len(moved.moves)), subject, lines, occasion, type, available_at)
    return moved, Decision(post=(posted,))


def entry_id(arrival: Arrival, number: int) -> str:
    """The natural id of the entry of an arrival's first, second, … move."""
    return f"{arrival.id}:{number}"


def postings(move: Move, currency: str) -> tuple[Posting, ...]:
    """What a move is in the books."""
    moved = Posting(_ACCOUNTS[move.source], _ACCOUNTS[move.destination], Money(move.amount, currency))
    if not move.fee:
        return (moved,)
    return (moved, Posting(accounts.PAYABLE, accounts.FEES, Money(move.fee, currency)))
