"""Conclusions: what a bank's answer means for the payment, its refund, the books and everybody who is told."""

import msgspec

from tillgate.core import (
    accounts,
    arrivals,
    attempts,
    cancellations,
    challenges,
    checkout_payments,
    escrow_orders,
    fees,
    instants,
    ledger,
    mails,
    payment_intents,
    payments,
    phone_wallets,
    three_d_secure,
    totals,
)
from tillgate.core.attempts import Attempt, Contradiction, Kind, Outcome, State
from tillgate.core.cancellations import Cancellation
from tillgate.core.decisions import Decision, Numbering
from tillgate.core.events import EventType, event
from tillgate.core.instants import HOUR
from tillgate.core.ledger import Entry, Posting, entry
from tillgate.core.money import Money
from tillgate.core.occasions import Occasion
from tillgate.core.payments import AUTHORIZATION_LASTS, Failure, Payment
from tillgate.core.reasons import Reason
from tillgate.core.records import Record, evolve
from tillgate.core.refunds import Refund, RefundState
from tillgate.core.reservations import BY_CARD, REVERSALS, Reservation, Surplus
from tillgate.core.timers import Timer, TimerKind

Change = tuple[Payment, tuple[EventType, ...], tuple[Posting, ...]]
"""A payment after an answer, what there is to announce of it, and what moved."""

POSTED_AS = {
    Kind.CHARGE: "captured",
    Kind.AUTHORIZE: "authorized",
    Kind.CAPTURE: "captured",
    Kind.VOID: "voided",
    Kind.REFUND: "refunded",
    Kind.RETURN: "returned",
    Kind.RELEASE: "released",
    Kind.WITHDRAW: "withdrawn",
}
"""The second half of an entry's natural id, by the kind of the attempt that moved the money."""


class Standing(msgspec.Struct, frozen=True):
    """Where an attempt stands: with its payment, its refund where that is what it is about, and what it just posted."""

    payment: Payment
    attempt: Attempt
    refund: Refund | None = None
    posted: tuple[Entry, ...] = ()


def conclude(standing: Standing, outcome: Outcome, occasion: Occasion) -> tuple[Standing, Decision] | None:
    """Where things stand after a bank's answer, and the decision; None where the answer says nothing new.

    Raises attempts.Contradiction when a bank takes back a final answer, or did what the payment leaves no room for.
    """
    moved = attempts.move(standing.attempt, outcome, occasion)
    if moved is None:
        return None
    payment, types, postings = _change(standing, moved, outcome, occasion)
    payment = _ticketed(_authenticated(payment, moved), moved, outcome, occasion)
    heard = _heard(payment, standing.attempt, moved)
    types = payment_intents.told(payment, types, heard)
    refund = _refund_after(standing.refund, moved) if standing.refund else None
    payment = totals.covered(evolve(payment, in_flight=_still_in_flight(payment, moved)))
    if not totals.is_sound(payment):
        raise Contradiction(f"{moved.id}: a yes to more than there was")
    payment, of_checkout, beside = checkout_payments.followed(standing.payment, payment, heard, occasion)
    posted = _entries(payment, moved, postings, occasion)
    payment, of_escrow, held = escrow_orders.followed(standing.payment, payment, occasion)
    told = _news(standing, payment, (*types, *of_checkout, *of_escrow), refund)
    before = standing.payment.events
    payment = evolve(payment, events=before + len(told))
    if moved.is_final:
        moved = evolve(moved, sequence=payment.events)
    receipt = mails.receipt(standing.payment, payment, occasion)
    decision = Decision(
        save=(payment, moved, refund, *receipt) if refund else (payment, moved, *receipt),
        post=posted,
        announce=tuple(
            event(type, view or payment, payment.id, number, occasion)
            for number, (type, view) in enumerate(told, start=before + 1)
        ),
        schedule=_timers(standing.payment, payment, moved, occasion),
        number=_numbers(standing.payment, payment, moved, occasion),
    )
    return Standing(payment, moved, refund, posted), decision.merged(beside).merged(held)


def _heard(payment: Payment, before: Attempt, after: Attempt) -> State | None:
    """Where the attempt by card that counts stands, where that is new."""
    counts = after.kind in BY_CARD and not payments.is_abandoned(payment, after)
    return after.state if counts and after.state is not before.state else None


def _change(before: Standing, attempt: Attempt, outcome: Outcome, occasion: Occasion) -> Change:
    payment = before.payment
    if attempt.state is State.APPROVED:
        return _APPROVED[attempt.kind](payment, attempt, occasion)
    if before.attempt.is_final:
        # It had failed already, and now the bank says why.
        return payment, (), ()
    if payments.is_abandoned(payment, attempt):
        return payment, (), ()
    if attempt.is_final:
        return _failed(payment, attempt, occasion)
    if attempt.kind not in BY_CARD or payment.authorized or payment.canceled:
        return payment, (), ()
    challenged = attempt.state is State.CHALLENGED
    return evolve(payment, action=(outcome.action or payment.action) if challenged else None), (), ()


def _authenticated(payment: Payment, attempt: Attempt) -> Payment:
    """The payment with how its cardholder was authenticated, unless that is of another attempt than was granted."""
    counts = attempt.id if attempt.state is State.APPROVED else None
    is_another = payment.authorization != counts or payments.is_abandoned(payment, attempt)
    if attempt.kind not in BY_CARD or is_another:
        return payment
    brand = payment.card.brand if payment.card else None
    return evolve(payment, authentication=three_d_secure.assessed(attempt.authentication, brand))


def _still_in_flight(payment: Payment, attempt: Attempt) -> tuple[Reservation, ...]:
    if not attempt.is_final:
        return payment.in_flight
    return tuple(held for held in payment.in_flight if held.attempt != attempt.id)


def _is_surplus(payment: Payment, attempt: Attempt) -> bool:
    """Whether a bank's yes comes after another, to a card that was given up for another, or after the merchant was told
    that none will: the money goes back. What is only held once time is over is released as any other hold is.
    """
    cause = payment.canceled.cause if payment.canceled else None
    given_up = cause == cancellations.ABANDONED or (cause == cancellations.LAPSED and attempt.kind is Kind.CHARGE)
    return bool(payment.authorized) or given_up or payments.is_abandoned(payment, attempt)


def _with_surplus(payment: Payment, attempt: Attempt, source: str, destination: str) -> Change:
    surplus = (*payment.surplus, Surplus(attempt.id, attempt.kind, attempt.amount.amount, bank=attempt.bank))
    return evolve(payment, surplus=surplus), (), (Posting(source, destination, attempt.amount),)


def _granted(payment: Payment, attempt: Attempt) -> Payment:
    granted = attempt.amount.amount
    return evolve(payment, authorized=granted, authorization=attempt.id, action=None, failure=None)


def _charged(payment: Payment, attempt: Attempt, occasion: Occasion) -> Change:
    if _is_surplus(payment, attempt):
        return _with_surplus(payment, attempt, accounts.receivable(attempt.bank), accounts.SURPLUS)
    changed, postings = _taken(_granted(payment, attempt), attempt)
    return changed, (EventType.PAYMENT_SUCCEEDED,), postings


def _authorized(payment: Payment, attempt: Attempt, occasion: Occasion) -> Change:
    if _is_surplus(payment, attempt):
        return _with_surplus(payment, attempt, accounts.holds(attempt.bank), accounts.SURPLUS_HELD)
    # What is granted after the challenge was given up is of no use to anybody, and is released at once.
    expires_at = payment.ticket.expires_at if payment.ticket else occasion.now + AUTHORIZATION_LASTS
    expires_at = occasion.now if payment.canceled else expires_at
    changed = evolve(_granted(payment, attempt), authorization_expires_at=expires_at)
    held = Posting(accounts.holds(attempt.bank), accounts.AUTHORIZED, attempt.amount)
    return changed, (EventType.PAYMENT_AUTHORIZED,), (held,)


def _captured(payment: Payment, attempt: Attempt, occasion: Occasion) -> Change:
    first = payment.captured == 0
    changed, postings = _taken(evolve(payment, failure=None), attempt)
    released = Posting(accounts.AUTHORIZED, accounts.holds(attempt.bank), attempt.amount)
    told = EventType.PAYMENT_SUCCEEDED if first else EventType.PAYMENT_CAPTURED
    return changed, (told,), (released, *postings)


def _voided(payment: Payment, attempt: Attempt, occasion: Occasion) -> Change:
    if payments.is_abandoned(payment, attempt):
        return payment, (), ()
    canceled = payment.canceled or Cancellation(occasion.now, attempt.cause or "requested")
    if not payment.authorized:
        news = () if payment.canceled else (EventType.PAYMENT_CANCELED,)
        return evolve(payment, canceled=canceled, action=None), news, ()
    changed = evolve(payment, canceled=canceled, voided=payment.voided + attempt.amount.amount)
    released = Posting(accounts.AUTHORIZED, accounts.holds(attempt.bank), attempt.amount)
    told = EventType.PAYMENT_RELEASED if payment.captured or payment.canceled else EventType.PAYMENT_CANCELED
    return changed, (told,), (released,)


def _refunded(payment: Payment, attempt: Attempt, occasion: Occasion) -> Change:
    changed = evolve(payment, refunded=payment.refunded + attempt.amount.amount)
    return changed, (), (Posting(accounts.PAYABLE, accounts.receivable(attempt.bank), attempt.amount),)


def _reversed(payment: Payment, attempt: Attempt, occasion: Occasion) -> Change:
    left = tuple(one for one in payment.surplus if one.attempt != attempt.target)
    if left == payment.surplus:
        raise Contradiction(f"{attempt.id}: {attempt.target} was given back before")
    ways = {
        Kind.RETURN: (accounts.SURPLUS, accounts.receivable(attempt.bank)),
        Kind.RELEASE: (accounts.SURPLUS_HELD, accounts.holds(attempt.bank)),
    }
    return evolve(payment, surplus=left), (), (Posting(*ways[attempt.kind], attempt.amount),)


def _withdrawn(payment: Payment, attempt: Attempt, occasion: Occasion) -> Change:
    """Nobody can act any more: what that means for the question itself the bank is asked at once."""
    return payment, (), ()


_APPROVED = {
    Kind.CHARGE: _charged,
    Kind.AUTHORIZE: _authorized,
    Kind.CAPTURE: _captured,
    Kind.VOID: _voided,
    Kind.REFUND: _refunded,
    Kind.RETURN: _reversed,
    Kind.RELEASE: _reversed,
    Kind.WITHDRAW: _withdrawn,
}


def _taken(payment: Payment, attempt: Attempt) -> tuple[Payment, tuple[Posting, ...]]:
    """The payment with what an attempt captured, and the movements of the money and of the fee that falls due."""
    amount = attempt.amount
    fee = fees.fee(payment.fee_plan, Money(payment.captured, amount.currency), amount)
    taken = Posting(accounts.receivable(attempt.bank), accounts.PAYABLE, amount)
    changed = evolve(payment, captured=payment.captured + amount.amount, fees=payment.fees + fee.amount)
    if fee.is_zero:
        return changed, (taken,)
    return changed, (taken, Posting(accounts.PAYABLE, accounts.FEES, fee))


def _failed(payment: Payment, attempt: Attempt, occasion: Occasion) -> Change:
    assert attempt.reason is not None, attempt.id
    failure = Failure(attempt.reason, attempt.bank_code)
    match attempt.kind:
        case Kind.CHARGE | Kind.AUTHORIZE if payment.authorized:
            return payment, (), ()
        case Kind.AUTHORIZE if payment.ticket and not payment.checkout and not payment.canceled:
            return _unpaid(evolve(payment, failure=failure, action=None), attempt, occasion)
        case Kind.CHARGE | Kind.AUTHORIZE:
            told = () if payment.canceled else (EventType.PAYMENT_FAILED,)
            return evolve(payment, failure=failure, action=None), told, ()
        case Kind.CAPTURE:
            return evolve(payment, failure=failure), (EventType.PAYMENT_CAPTURE_FAILED,), ()
        case _:
            return payment, (), ()


def _unpaid(payment: Payment, attempt: Attempt, occasion: Occasion) -> Change:
    """A payment by phone is asked for once: with a no it is over.

    That it was withdrawn is told by whoever withdrew it.
    """
    if attempt.reason is Reason.TICKET_WITHDRAWN:
        return payment, (), ()
    cause = _UNPAID.get(attempt.reason or Reason.NEVER_SEEN, cancellations.DECLINED)
    return evolve(payment, canceled=Cancellation(occasion.now, cause)), (EventType.PAYMENT_CANCELED,), ()


_UNPAID = {Reason.TICKET_EXPIRED: cancellations.LAPSED, Reason.NEVER_SEEN: cancellations.ABANDONED}
"""Why a payment by phone is over; for any other reason its customer is why."""


def _ticketed(payment: Payment, attempt: Attempt, outcome: Outcome, occasion: Occasion) -> Payment:
    """The payment with who confirmed it on the phone, and with when it was taken."""
    ticket = payment.ticket
    if ticket is None or payments.is_abandoned(payment, attempt):
        return payment
    if outcome.payer is not None and attempt.kind is Kind.AUTHORIZE:
        ticket = msgspec.structs.replace(ticket, payer=outcome.payer)
    if payment.captured and ticket.completed_at is None:
        ticket = msgspec.structs.replace(ticket, completed_at=occasion.now)
    return evolve(payment, ticket=ticket)


def _numbers(before: Payment, payment: Payment, attempt: Attempt, occasion: Occasion) -> tuple[Numbering, ...]:
    """What is paid by phone, and what goes back, is numbered by the merchant's day, once it is certain."""
    if payment.ticket is None or attempt.state is not State.APPROVED:
        return ()
    series = phone_wallets.series(occasion.now)
    if attempt.kind is Kind.REFUND:
        return (Numbering(payment.tenant, series, attempt.refund or attempt.id),)
    first = payment.captured and not before.captured
    return (Numbering(payment.tenant, series, payment.id),) if first else ()


def _refund_after(refund: Refund, attempt: Attempt) -> Refund:
    if attempt.state is State.APPROVED:
        return evolve(refund, state=RefundState.SUCCEEDED, failure=None, announced=True)
    if attempt.is_final:
        assert attempt.reason is not None, attempt.id
        failure = Failure(attempt.reason, attempt.bank_code)
        return evolve(refund, state=RefundState.FAILED, failure=failure, announced=True)
    return evolve(refund, announced=True)


def _news(
    before: Standing, payment: Payment, types: tuple[EventType, ...], refund: Refund | None
) -> list[tuple[EventType, Record | None]]:
    """What there is to tell, in order, each with its view; None stands for the payment as it is afterwards.

    The events of a payment and of its refunds count in one sequence. What is first heard of with its conclusion is
    announced as created and as concluded.
    """
    news: list[tuple[EventType, Record | None]] = [(type, None) for type in types]
    if before.payment.events == 0:
        news.insert(0, (EventType.PAYMENT_CREATED, before.payment))
    if refund and before.refund and not before.refund.announced:
        news.append((EventType.REFUND_CREATED, refund))
    elif refund and before.refund and refund.state is not before.refund.state:
        news.append((EventType.REFUND_UPDATED, refund))
    return news


def _entries(
    payment: Payment, attempt: Attempt, postings: tuple[Posting, ...], occasion: Occasion
) -> tuple[Entry, ...]:
    if not postings:
        return ()
    type = ledger.MovementType.REFUND if attempt.kind is Kind.REFUND else ledger.MovementType.CHARGE
    subject = attempt.refund or payment.id
    taken = attempt.kind in (Kind.CHARGE, Kind.CAPTURE)
    available_at = instants.days_later(occasion.now, payment.settlement_days) if taken else occasion.now
    id = f"{attempt.id}:{POSTED_AS[attempt.kind]}"
    return (entry(payment.tenant, id, subject, postings, occasion, type, available_at),)


def _timers(before: Payment, payment: Payment, attempt: Attempt, occasion: Occasion) -> tuple[Timer, ...]:
    """What is to happen by itself from now on: inquiries while in doubt, expiry while something is held."""
    timers = [payments.inquiry(attempt, occasion), *challenges.expiry(before, payment, attempt)]
    timers += arrivals.recheck(payment.tenant, payment.id, payment.transfer, occasion)
    if payment.authorized and not before.authorized and payment_intents.keeps_method(payment):
        timers.append(Timer(payment.tenant, TimerKind.KEEP_METHOD, payment.id, occasion.wall))
    if len(payment.surplus) > len(before.surplus):
        timers.append(Timer(payment.tenant, TimerKind.REVERSE, attempt.id, occasion.wall))
    if attempt.kind in REVERSALS and attempt.is_final and attempt.target:
        due_at = None if attempt.state is State.APPROVED else occasion.wall + HOUR
        timers.append(Timer(payment.tenant, TimerKind.REVERSE, attempt.target, due_at))
    failed = attempt.is_final and attempt.state is not State.APPROVED
    ends_challenge = attempt.kind in (Kind.VOID, Kind.WITHDRAW) and not payments.is_abandoned(payment, attempt)
    if ends_challenge and attempt.is_final and not payment.authorized and payment.asked:
        timers.append(Timer(payment.tenant, TimerKind.INQUIRE, payment.asked.attempt, occasion.wall))
    if failed and attempt.cause == "expired" and payment.held:
        timers.append(Timer(payment.tenant, TimerKind.EXPIRE_AUTHORIZATION, payment.id, occasion.now + HOUR))
    elif bool(payment.held) != bool(before.held):
        due_at = payment.authorization_expires_at if payment.held else None
        timers.append(Timer(payment.tenant, TimerKind.EXPIRE_AUTHORIZATION, payment.id, due_at))
    return tuple(timers)
