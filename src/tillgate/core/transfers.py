"""Transfers: what becomes of money that arrives by itself: kept, held, sent back, or shown to a person, to the unit."""

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import structs

from tillgate.core import (
    arrival_moves,
    cancellations,
    checkout_payments,
    escrow_orders,
    fees,
    instants,
    mails,
    payment_intents,
    payments,
    totals,
)
from tillgate.core.arrivals import Arrival, Debtor, Place, Transfer, Why
from tillgate.core.cancellations import Cancellation
from tillgate.core.decisions import Alias, Decision
from tillgate.core.events import EventType
from tillgate.core.fees import FeePlan
from tillgate.core.instants import Instant
from tillgate.core.money import Money
from tillgate.core.occasions import Occasion
from tillgate.core.payments import Payment
from tillgate.core.reasons import Reason, Refused
from tillgate.core.records import evolve
from tillgate.core.timers import Timer, TimerKind

REFERENCE: Final = "transfer_reference"
"""The kind of alias by which a payment is known to whoever quotes its creditor reference."""

KNOWN: Final = "arrival"
"""The kind of alias by which an arrival is known: the account, and the bank's reference."""


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
    fee_plan: FeePlan | None = None,
) -> tuple[Payment, Decision]:
    """The payment once its payer may have their bank send the money; asked for again, as it is already."""
    if payment.transfer is not None:
        return payment, Decision()
    transfer = Transfer(
        reference=reference,
        expires_at=expires_at,
        allow_underpay=allow_underpay,
        allow_overpay=allow_overpay,
        fee_plan=fee_plan,
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
    """Whether what arrives goes back: it is paid, by whatever way, paid back, or given up, or its time is over."""
    expires_at = transfer_of(payment).expires_at
    is_late = expires_at is not None and now >= expires_at
    by_other_ways = bool(payment.authorized) and payment.authorization is not None
    is_paid = payment.captured >= payment.amount.amount or 0 < payment.captured <= payment.refunded
    return bool(payment.canceled) or is_late or by_other_ways or is_paid


def known_as(arrival: Arrival) -> Alias:
    """The name by which an arrival is known, so that nothing arrives twice."""
    return Alias(arrival.tenant, KNOWN, f"{arrival.account} {arrival.reference}", arrival.id)


def book(
    arrival: Arrival, payment: Payment | None, held: Sequence[Arrival], why: Why | None, occasion: Occasion
) -> Step:
    """Take in what has arrived, for a payment with what is `held` for it already, or for a person to look at."""
    amount, name = arrival.amount.amount, Decision(name=(known_as(arrival),))
    if payment is None:
        shown, decision = arrival_moves.made(evolve(arrival, why=why), Place.BANK, Place.SUSPENSE, amount, occasion)
        return Step(None, (shown,), name.also(shown).merged(decision))
    assigned, decision = arrival_moves.made(
        evolve(arrival, payment=payment.id), Place.BANK, Place.DEPOSITS, amount, occasion
    )
    return _settled(_Stage(payment, payment, held, (*held, assigned), (), name.merged(decision)), occasion)


def assign(arrival: Arrival, payment: Payment, held: Sequence[Arrival], occasion: Occasion) -> Step:
    """Say for a person what an arrival is for. Raises Refused(PARAMETER_INVALID) where that cannot be."""
    amount = arrival.at(Place.SUSPENSE)
    if amount <= 0:
        raise Refused(Reason.PARAMETER_INVALID, "arrival", problem="nothing of it waits to be matched")
    if arrival.amount.currency != payment.amount.currency:
        problem = f"it is in {payment.amount.currency}, and what arrived in {arrival.amount.currency}"
        raise Refused(Reason.PARAMETER_INVALID, "payment", problem=problem)
    if arrival.payment not in (None, payment.id) and arrival.at(Place.MERCHANT):
        raise Refused(Reason.PARAMETER_INVALID, "arrival", problem="a part of it paid another payment: send this back")
    if is_over(payment, occasion.now):
        raise Refused(Reason.PARAMETER_INVALID, "payment", problem="it takes no more money: send this back")
    known = evolve(arrival, payment=payment.id)
    assigned, decision = arrival_moves.made(known, Place.SUSPENSE, Place.DEPOSITS, amount, occasion)
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


def book_reversal(reversal: Arrival, occasion: Occasion) -> Step:
    """The bank has taken back money, and nobody knows which: a person has to look."""
    unknown = evolve(reversal, why=Why.REVERSAL_UNKNOWN)
    shown, decision = arrival_moves.made(unknown, Place.SUSPENSE, Place.BANK, reversal.amount.amount, occasion)
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
        known, decision = arrival_moves.made(known, Place.BANK, Place.SUSPENSE, undone, occasion)
    left, moved, changed = reversal.amount.amount, original, payment
    for place in (Place.SUSPENSE, Place.DEPOSITS, Place.MERCHANT):
        part = min(left, moved.at(place))
        if part > 0:
            left -= part
            moved, more = arrival_moves.made(moved, place, Place.BANK, part, occasion)
            decision = decision.merged(more)
            if changed is not None and place is Place.MERCHANT:
                changed = totals.covered(evolve(changed, disputed=changed.disputed + part))
    if left:
        missing = evolve(moved, why=Why.RETURNED_TWICE)
        moved, more = arrival_moves.made(missing, Place.SUSPENSE, Place.BANK, left, occasion)
        decision = decision.merged(more)
    decision = decision.also(known)
    if payment is None or changed is None:
        return Step(None, (moved, known), decision.also(moved))
    types = (EventType.PAYMENT_UPDATED,) if changed is not payment else ()
    step = _done(_Stage(payment, changed, (original,), (moved,), types, decision), occasion)
    return Step(step.payment, (*step.arrivals, known), step.decision)


def _assert_fits(original: Arrival, reversal: Arrival) -> None:
    if not reversal.is_reversal or reversal.reverses is not None:
        raise Refused(Reason.PARAMETER_INVALID, "arrival", problem="it takes nothing back that is not known")
    if original.is_reversal or original.amount.currency != reversal.amount.currency:
        raise Refused(Reason.PARAMETER_INVALID, "payment", problem="this is not what was taken back")
    if original.moved(Place.BANK, Place.DEPOSITS) + original.moved(Place.BANK, Place.SUSPENSE) < reversal.amount.amount:
        raise Refused(Reason.PARAMETER_INVALID, "payment", problem="more was taken back than came")


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
            moved, more = arrival_moves.sent_back(moved, Place.DEPOSITS, back, occasion)
            decision = decision.merged(more)
        after.append(moved)
    return _done(_Stage(stage.was, payment, stage.held, after, types, decision), occasion)


def _age(arrival: Arrival) -> str:
    return arrival.id


def _kept(payment: Payment, arrival: Arrival, amount: int, occasion: Occasion) -> tuple[Payment, Arrival, Decision]:
    """The merchant's from now on, less the fee that falls due with it."""
    currency = payment.amount.currency
    plan = transfer_of(payment).fee_plan or payment.fee_plan
    fee = fees.fee(plan, Money(payment.captured, currency), Money(amount, currency)).amount
    available_at = instants.days_later(occasion.now, payment.settlement_days)
    moved, decision = arrival_moves.made(arrival, Place.DEPOSITS, Place.MERCHANT, amount, occasion, fee, available_at)
    # What was tried before has not paid it. What is refunded goes back as it came, and what a bank took back before may
    # be covered by this.
    changed = evolve(
        payment,
        authorized=payment.authorized + amount,
        captured=payment.captured + amount,
        fees=payment.fees + fee,
        fee_plan=plan,
        bank=arrival_moves.BANK,
        payment_method=None,
        former_methods=(*payment.former_methods, *filter(None, (payment.payment_method,))),
        card=None,
        ticket=None,
        failure=None,
        action=None,
        transfer=structs.replace(transfer_of(payment), debtor=arrival.debtor),
    )
    return totals.covered(changed), moved, decision


def _done(stage: _Stage, occasion: Occasion) -> Step:
    """Everything that has changed, to be saved and told."""
    gained = sum(arrival.at(Place.DEPOSITS) for arrival in stage.arrivals)
    gained -= sum(arrival.at(Place.DEPOSITS) for arrival in stage.held)
    transfer = transfer_of(stage.payment)
    found_at = occasion.now if transfer.found_at is None and stage.arrivals else transfer.found_at
    transfer = structs.replace(transfer, held=transfer.held + gained, found_at=found_at)
    payment = evolve(stage.payment, transfer=transfer)
    payment, of_checkout, beside = checkout_payments.followed(stage.was, payment, None, occasion)
    payment, of_escrow, in_escrow = escrow_orders.followed(stage.was, payment, occasion)
    types = (*payment_intents.told(payment, stage.types), *of_checkout, *of_escrow)
    changed = tuple(arrival for arrival in stage.arrivals if all(arrival is not one for one in stage.held))
    decision = stage.decision.also(*changed, *mails.receipt(stage.was, payment, occasion))
    decision = decision.merged(beside).merged(in_escrow)
    if types:
        payment, announced = payments.announced(payment, types, occasion)
        return Step(payment, tuple(stage.arrivals), decision.merged(announced))
    if payment == stage.was:
        return Step(payment, tuple(stage.arrivals), decision)
    return Step(payment, tuple(stage.arrivals), decision.also(payment))
