"""Payment intents: payments that are asked for in steps; an intent and its payment are one record under two names."""

import enum

import msgspec
from msgspec import UNSET, UnsetType, structs

from tillgate.core import arrivals, cancellations, checkout_payments, intents, metadata, money, payments
from tillgate.core.addresses import Shipping
from tillgate.core.attempts import State
from tillgate.core.cancellations import Cancellation
from tillgate.core.cards import CardSummary
from tillgate.core.customers import CustomerSummary
from tillgate.core.decisions import Decision
from tillgate.core.events import EventType
from tillgate.core.intents import FutureUsage, Intent
from tillgate.core.metadata import Notes
from tillgate.core.money import Money
from tillgate.core.occasions import Occasion
from tillgate.core.payments import Asking, CaptureMethod, Payment
from tillgate.core.reasons import Reason, Refused
from tillgate.core.records import evolve
from tillgate.core.three_d_secure import Demand


class IntentStatus(enum.StrEnum):
    """Where an intent stands, by what has to come next; derived from its payment's facts."""

    REQUIRES_PAYMENT_METHOD = "requires_payment_method"
    """There is no card yet, or the last one was declined."""
    REQUIRES_CONFIRMATION = "requires_confirmation"
    REQUIRES_ACTION = "requires_action"
    """The customer has to prove who they are."""
    PROCESSING = "processing"
    """A bank was asked, and has not answered."""
    REQUIRES_CAPTURE = "requires_capture"
    SUCCEEDED = "succeeded"
    CANCELED = "canceled"


CHANGEABLE = frozenset({IntentStatus.REQUIRES_PAYMENT_METHOD, IntentStatus.REQUIRES_CONFIRMATION})
"""Where no bank has said yes, and none is being asked."""

_OF_INTENT = (
    *("payment_method_types", "setup_future_usage", "receipt_email", "shipping"),
    *("off_session", "error_on_requires_action"),
)
_ALWAYS = ("receipt_email", "shipping")
"""What of an intent may change whatever has become of it."""

_OF_PAYMENT = ("amount", "capture_method", "return_url", "three_d_secure", "description")

_OF_PAYMENTS = {
    payments.Status.SUCCEEDED: IntentStatus.SUCCEEDED,
    payments.Status.CANCELED: IntentStatus.CANCELED,
    payments.Status.AUTHORIZED: IntentStatus.REQUIRES_CAPTURE,
    payments.Status.REQUIRES_ACTION: IntentStatus.REQUIRES_ACTION,
}

TOLD_AS: dict[EventType, EventType] = {
    EventType.PAYMENT_CREATED: EventType.PAYMENT_INTENT_CREATED,
    EventType.PAYMENT_AUTHORIZED: EventType.PAYMENT_INTENT_AMOUNT_CAPTURABLE_UPDATED,
    EventType.PAYMENT_SUCCEEDED: EventType.PAYMENT_INTENT_SUCCEEDED,
    EventType.PAYMENT_FAILED: EventType.PAYMENT_INTENT_PAYMENT_FAILED,
    EventType.PAYMENT_CANCELED: EventType.PAYMENT_INTENT_CANCELED,
}
"""What is told of a payment, and of its intent beside it."""

_WAITING_AS = {
    State.CHALLENGED: EventType.PAYMENT_INTENT_REQUIRES_ACTION,
    State.PENDING: EventType.PAYMENT_INTENT_PROCESSING,
}


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be different of an intent; what is UNSET stays as it is."""

    amount: Money | UnsetType = UNSET
    currency_asked_as: str | UnsetType = UNSET
    capture_method: CaptureMethod | UnsetType = UNSET
    payment_method_types: tuple[str, ...] | UnsetType = UNSET
    setup_future_usage: FutureUsage | UnsetType | None = UNSET
    off_session: bool | UnsetType = UNSET
    error_on_requires_action: bool | UnsetType = UNSET
    receipt_email: str | UnsetType | None = UNSET
    shipping: Shipping | UnsetType | None = UNSET
    return_url: str | UnsetType | None = UNSET
    three_d_secure: Demand | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    notes: Notes = Notes()


def status(payment: Payment) -> IntentStatus:
    """Where the intent stands, by its payment's facts alone."""
    if known := _OF_PAYMENTS.get(payment.status):
        return known
    if payment.is_asking:
        return IntentStatus.PROCESSING
    if payment.failure or payment.payment_method is None:
        return IntentStatus.REQUIRES_PAYMENT_METHOD
    return IntentStatus.REQUIRES_CONFIRMATION


def told(payment: Payment, types: tuple[EventType, ...], state: State | None = None) -> tuple[EventType, ...]:
    """What there is to tell of a payment, with what is told of its intent, where it has one, beside it.

    `state` is that of an attempt by card that has just been heard of.
    """
    if payment.intent is None:
        return types
    both = [name for type in types for name in (type, TOLD_AS.get(type)) if name]
    if state in _WAITING_AS and status(payment) in (IntentStatus.REQUIRES_ACTION, IntentStatus.PROCESSING):
        both.append(_WAITING_AS[state])
    return tuple(both)


def open(payment: Payment, occasion: Occasion) -> tuple[Payment, Decision]:
    """The intent to pay, announced."""
    return payments.announced(payment, told(payment, (EventType.PAYMENT_CREATED,)), occasion)


def with_method(
    payment: Payment, method: str, card: CardSummary, customer: CustomerSummary | None, settlement_days: int
) -> Payment:
    """The payment with the card that is to pay, whose it is, and how long what it pays waits to be paid out.

    Raises Refused(ALREADY_CONFIRMED, CARDS_EXHAUSTED).
    """
    assert_changeable(payment, Reason.ALREADY_CONFIRMED)
    former = intents.put_aside(payment.former_methods, payment.payment_method, method)
    changed = evolve(_of(payment, customer), payment_method=method, former_methods=former, card=card)
    return evolve(changed, abandoned=payment.attempts_made, settlement_days=settlement_days, failure=None)


def with_customer(payment: Payment, customer: CustomerSummary) -> Payment:
    """The payment of another customer, whose card is then another too.

    Raises Refused(ALREADY_CONFIRMED, CARDS_EXHAUSTED).
    """
    if payment.customer is not None and payment.customer.id == customer.id:
        return payment
    assert_changeable(payment, Reason.ALREADY_CONFIRMED)
    changed = _of(payment, customer)
    if payment.customer is None:
        return changed
    former = intents.put_aside(payment.former_methods, payment.payment_method, None)
    # What the other's card is granted late is nothing that this customer paid.
    abandoned = payment.attempts_made
    return evolve(changed, payment_method=None, card=None, former_methods=former, abandoned=abandoned, failure=None)


def _of(payment: Payment, customer: CustomerSummary | None) -> Payment:
    """The payment as a customer's; of whom its events told before is not forgotten, for whoever erases them."""
    before = payment.customer
    if before is None or (customer is not None and customer.id == before.id):
        return evolve(payment, customer=customer)
    others = tuple(id for id in payment.former_customers if id != before.id)
    return evolve(payment, customer=customer, former_customers=(*others, before.id))


def assert_changeable(payment: Payment, why: Reason) -> None:
    """Raises Refused(IN_PROGRESS) while a bank is being asked, Refused(`why`) once one has said yes, or never will."""
    now = status(payment)
    if now is IntentStatus.PROCESSING:
        raise Refused(Reason.IN_PROGRESS, "payment_intent", status=now)
    if now not in CHANGEABLE:
        raise Refused(why, "payment_intent", status=now)


def changed(payment: Payment, change: Change) -> Payment:
    """The payment with what is different.

    Raises Refused(ALREADY_CONFIRMED) for another amount, currency or capture method once a bank was asked or the intent
    given up, and what core.money.check_charge refuses; what `assert_changeable` does for what belongs to the intent
    alone, but the address for the receipt. That and the rest may change at any time.
    """
    intent = intent_of(payment)
    given = {name: getattr(change, name) for name in _OF_INTENT if getattr(change, name) is not UNSET}
    after = evolve(
        payment,
        intent=structs.replace(intent, **given),
        metadata=metadata.changed(payment.metadata, change.notes),
        **{name: getattr(change, name) for name in _OF_PAYMENT if getattr(change, name) is not UNSET},
    )
    if change.currency_asked_as is not UNSET:
        after = evolve(after, asked_as={**payment.asked_as, "currency": change.currency_asked_as})
    if after.amount != payment.amount or after.capture_method is not payment.capture_method:
        has_lines = payment.checkout is not None and payment.checkout.lines
        if payment.attempts_made or payment.canceled or payment.transfer or has_lines:
            raise Refused(Reason.ALREADY_CONFIRMED, "amount", status=status(payment))
        money.check_charge(after.amount)
    if any(given[name] != getattr(intent, name) for name in given if name not in _ALWAYS):
        assert_changeable(payment, Reason.ALREADY_CONFIRMED)
    return after


def update(before: Payment, after: Payment, occasion: Occasion) -> tuple[Payment, Decision]:
    """The changed payment, told where anything is different."""
    if after == before:
        return before, Decision()
    return payments.announced(after, (EventType.PAYMENT_UPDATED,), occasion)


def confirm(payment: Payment, occasion: Occasion) -> Asking:
    """Have the card charged, for the first time or, with another card, after one was declined.

    Raises Refused(NOTHING_TO_CONFIRM) where that is over, IN_PROGRESS while a bank is being asked, and
    PARAMETER_MISSING `payment_method` where no card is known.
    """
    assert_changeable(payment, Reason.NOTHING_TO_CONFIRM)
    if status(payment) is IntentStatus.REQUIRES_PAYMENT_METHOD:
        raise Refused(Reason.PARAMETER_MISSING, "payment_method")
    return payments.charge(payment, occasion)


def may_cancel_at_once(payment: Payment) -> bool:
    """Whether no bank has to be told of it."""
    return status(payment) in CHANGEABLE


def cancel(
    payment: Payment, reason: str | None, occasion: Occasion, cause: str = cancellations.ABANDONED
) -> tuple[Payment, Decision]:
    """Give up an intent that no bank knows of, or has said yes to, for one of core.cancellations.WITHOUT_VOID.

    Raises Refused(IN_PROGRESS, NOTHING_TO_CANCEL).
    """
    assert_changeable(payment, Reason.NOTHING_TO_CANCEL)
    canceled = evolve(with_reason(payment, reason), canceled=Cancellation(occasion.now, cause))
    canceled, of_checkout, beside = checkout_payments.followed(payment, canceled, None, occasion)
    types = (*told(canceled, (EventType.PAYMENT_CANCELED,)), *of_checkout)
    given_up, decision = payments.announced(canceled, types, occasion)
    rechecked = Decision(schedule=arrivals.recheck(payment.tenant, payment.id, payment.transfer, occasion))
    return given_up, decision.merged(beside).merged(rechecked)


def with_reason(payment: Payment, reason: str | None) -> Payment:
    """The payment with why it is to be canceled, which is shown once it is."""
    return evolve(payment, intent=structs.replace(intent_of(payment), cancellation_reason=reason))


def intent_of(payment: Payment) -> Intent:
    """What is known of a payment as an intent; one that was made at once has an intent too, as soon as it is asked."""
    return payment.intent or Intent()


def keeps_method(payment: Payment) -> bool:
    """Whether the card is to be kept for the customer once it has paid."""
    return payment.customer is not None and intent_of(payment).setup_future_usage is not None
