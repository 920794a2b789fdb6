"""Checkout payments: where a payment stands whose payer chooses how to pay, what is told of it, and each new try."""

import enum
from typing import Final

import msgspec
from msgspec import structs

from tillgate.core import intents, payments, phone_wallets, tickets
from tillgate.core.attempts import State
from tillgate.core.cards import CardSummary
from tillgate.core.checkouts import ALIAS, REFERENCE, Checkout, Method
from tillgate.core.decisions import Alias, Decision
from tillgate.core.events import EventType
from tillgate.core.fees import FeePlan
from tillgate.core.instants import Instant
from tillgate.core.money import Money
from tillgate.core.occasions import Occasion
from tillgate.core.payments import Asking, CaptureMethod, Payment
from tillgate.core.phone_wallets import Ticket
from tillgate.core.reasons import Reason, Refused
from tillgate.core.records import evolve
from tillgate.core.signing_keys import EVERYBODYS
from tillgate.core.terms import Terms
from tillgate.core.timers import Timer, TimerKind


class CheckoutStatus(enum.StrEnum):
    """Where a checkout stands; derived from its payment's facts."""

    OPEN = "open"
    FOUND = "found"
    """Money is on its way."""
    UNDERPAID = "underpaid"
    """Some of it has come."""
    RECEIVED = "received"
    CONFIRMED = "confirmed"
    """All of it has come, and the merchant knows."""
    CANCELED = "canceled"
    ERROR = "error"
    """It was tried too often, and cannot be paid any more."""
    REFUNDED = "refunded"


OVER: Final = frozenset(set(CheckoutStatus) - {CheckoutStatus.OPEN, CheckoutStatus.FOUND, CheckoutStatus.UNDERPAID})
"""Where nothing more is to be paid."""

_PAID: Final = (
    EventType.CHECKOUT_RECEIVED,
    EventType.CHECKOUT_SESSION_COMPLETED,
    EventType.CHECKOUT_COMPLETED,
)

_TOLD: Final = {
    CheckoutStatus.FOUND: (EventType.CHECKOUT_FOUND,),
    CheckoutStatus.UNDERPAID: (EventType.CHECKOUT_UNDERPAID,),
    CheckoutStatus.RECEIVED: _PAID,
    CheckoutStatus.CONFIRMED: _PAID,
    CheckoutStatus.CANCELED: (EventType.CHECKOUT_CANCELED, EventType.CHECKOUT_SESSION_EXPIRED),
    CheckoutStatus.ERROR: (EventType.CHECKOUT_SESSION_EXPIRED,),
    CheckoutStatus.REFUNDED: (EventType.CHECKOUT_REFUNDED,),
}
"""What is told of a checkout that has come to a status."""


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """How a payer pays: which bank is asked, and on which terms; a `ticket` is confirmed on the phone."""

    bank: str
    fee_plan: FeePlan
    settlement_days: int
    payment_method: str | None = None
    card: CardSummary | None = None
    ticket: Ticket | None = None


def of(payment: Payment) -> Checkout:
    """The checkout of a payment that has one. Raises Refused(NOT_FOUND) for any other."""
    if payment.checkout is None:
        raise Refused(Reason.NOT_FOUND, "payment", object="payment", id=payment.id)
    return payment.checkout


def status(payment: Payment) -> CheckoutStatus:
    """Where a checkout stands, by its payment's facts alone."""
    checkout = of(payment)
    if payment.captured:
        if payment.refunded >= payment.captured:
            return CheckoutStatus.REFUNDED
        if not is_received(payment):
            return CheckoutStatus.UNDERPAID
        return CheckoutStatus.RECEIVED if checkout.confirmed_at is None else CheckoutStatus.CONFIRMED
    if payment.canceled:
        return CheckoutStatus.CANCELED
    if payment.transfer is not None and payment.transfer.held:
        return CheckoutStatus.UNDERPAID
    if checkout.found_at is not None:
        return CheckoutStatus.FOUND
    is_worn = payment.failure is not None and len(payment.former_methods) + 1 >= intents.MOST_CARDS
    return CheckoutStatus.ERROR if is_worn else CheckoutStatus.OPEN


def is_received(payment: Payment) -> bool:
    """Whether as much has come as its merchant takes for it."""
    enough = 1 if of(payment).allow_underpay else payment.amount.amount
    return payment.captured >= enough


def due(payment: Payment) -> Money:
    """What is still to be paid."""
    held = payment.transfer.held if payment.transfer else 0
    return Money(max(payment.amount.amount - payment.captured - held, 0), payment.amount.currency)


def received(payment: Payment) -> Money:
    """What has come, and was not sent back."""
    return Money(payment.captured + (payment.transfer.held if payment.transfer else 0), payment.amount.currency)


def is_over(payment: Payment) -> bool:
    """Whether nothing more is to be paid."""
    return status(payment) in OVER


def opened(payment: Payment) -> Decision:
    """What is written beside a new checkout: who finds it by which name, and when it is given up."""
    checkout = of(payment)
    names = [Alias(EVERYBODYS, ALIAS, payment.id, tickets.place(payment))]
    if checkout.holds_reference:
        names.append(Alias(payment.tenant, REFERENCE, reference_name(checkout), payment.id))
    return Decision(name=tuple(names), schedule=(_expiry(payment, checkout.expires_at),))


def reference_name(checkout: Checkout) -> str:
    """What a reference is known by: the application's own."""
    return f"{checkout.application} {checkout.reference}"


def assert_takes(payment: Payment, method: Method) -> None:
    """Raises Refused(METHOD_NOT_OFFERED) for what its merchant does not want to be paid by."""
    methods = of(payment).methods
    if methods and method not in methods:
        raise Refused(Reason.METHOD_NOT_OFFERED, "method")


def is_late(payment: Payment, now: Instant) -> bool:
    """Whether the time is over in which it can be paid, whatever became of it."""
    return now >= of(payment).expires_at


def assert_payable(payment: Payment, now: Instant) -> None:
    """Raises Refused(CHECKOUT_EXPIRED, CHECKOUT_OVER) for what nobody can pay any more."""
    if not payment.captured and not payment.canceled and is_late(payment, now):
        raise Refused(Reason.CHECKOUT_EXPIRED, "payment")
    if is_over(payment):
        raise Refused(Reason.CHECKOUT_OVER, "payment", status=status(payment))


def is_asking(payment: Payment) -> bool:
    """Whether a bank is at it, so that nobody may try anew: it is being asked, has found money or gives it up."""
    waits_for_payer = payment.action is not None and not payments.is_settling(payment)
    return bool(payment.authorized) or (payment.is_asking and not waits_for_payer)


def pay(payment: Payment, choice: Choice, occasion: Occasion) -> Asking:
    """Ask a bank for the money as the payer has chosen, for the first time or after it was tried in another way.

    What is still granted of former tries goes back. Raises Refused(IN_PROGRESS) while a bank is at it, and
    CARDS_EXHAUSTED.
    """
    if is_asking(payment):
        raise Refused(Reason.IN_PROGRESS, "payment", status=payment.status)
    checkout = of(payment)
    ready = evolve(
        payment,
        bank=choice.bank,
        fee_plan=choice.fee_plan,
        settlement_days=choice.settlement_days,
        payment_method=choice.payment_method,
        former_methods=intents.put_aside(payment.former_methods, payment.payment_method, choice.payment_method),
        card=choice.card,
        ticket=choice.ticket,
        capture_method=CaptureMethod.MANUAL if choice.ticket else CaptureMethod.AUTOMATIC,
        abandoned=payment.attempts_made,
        failure=None,
        checkout=structs.replace(checkout, tries=checkout.tries + 1),
    )
    return payments.charge(ready, occasion)


def back_to_cards(payment: Payment, bank: str, fee_plan: FeePlan) -> Payment:
    """The payment ready for a card of its merchant's bank, where its payer was asked on the phone before."""
    if payment.checkout is None or payment.ticket is None or payment.authorized:
        return payment
    return evolve(payment, bank=bank, fee_plan=fee_plan, ticket=None, capture_method=CaptureMethod.AUTOMATIC)


def ticket(number: str, reference: str, phone: str, payment: Payment, occasion: Occasion) -> Ticket:
    """What a payer is to confirm on the phone: for as long as such a thing waits, or the checkout itself."""
    lasts = min(phone_wallets.MOST_TIMEOUT, of(payment).expires_at - occasion.now)
    return Ticket(
        number=number,
        reference=reference,
        phone=phone,
        expires_at=occasion.now + lasts,
        rings_until=occasion.wall + lasts,
    )


def followed(
    before: Payment, after: Payment, heard: State | None, occasion: Occasion
) -> tuple[Payment, tuple[EventType, ...], Decision]:
    """A payment that has moved, with the dates of its checkout, what is told of that, and what is written beside it.

    `heard` is where an attempt at the payment stands that has just been heard of.
    """
    if after.checkout is None:
        return after, (), Decision()
    payment = evolve(after, checkout=_dated(after, heard, occasion))
    was, now = status(before), status(payment)
    timers: tuple[Timer, ...] = ()
    names: tuple[Alias, ...] = ()
    if now in OVER and was not in OVER:
        timers = (_expiry(payment, None),)
        if after.checkout.holds_reference:
            names = (Alias(payment.tenant, REFERENCE, reference_name(after.checkout), None, moves=True),)
    if payment.capturable.amount and not before.authorized and not payment.canceled:
        timers += (Timer(payment.tenant, TimerKind.TAKE_CHECKOUT, payment.id, occasion.wall),)
    told = _TOLD.get(now, ()) if _is_news(was, now) else ()
    return payment, told, Decision(name=names, schedule=timers)


def _is_news(was: CheckoutStatus, now: CheckoutStatus) -> bool:
    # What was paid back in full may be less again once a refund fails after all, and was told before.
    return was is not now and {was, now} != {CheckoutStatus.RECEIVED, CheckoutStatus.CONFIRMED}


def _dated(payment: Payment, heard: State | None, occasion: Occasion) -> Checkout:
    checkout = of(payment)
    found_at, received_at, confirmed_at = checkout.found_at, checkout.received_at, checkout.confirmed_at
    if payment.authorized or heard is State.PENDING or (payment.transfer and payment.transfer.found_at is not None):
        found_at = occasion.now if found_at is None else found_at
    elif payment.failure is not None or payment.action is not None:
        found_at = None
    if is_received(payment) and received_at is None:
        received_at = occasion.now
        confirmed_at = None if checkout.is_told else occasion.now
    return structs.replace(checkout, found_at=found_at, received_at=received_at, confirmed_at=confirmed_at)


def confirmed(payment: Payment, now: Instant) -> Payment:
    """The payment of whose end its merchant has been told. The first time counts."""
    checkout = of(payment)
    if checkout.confirmed_at is not None or checkout.received_at is None:
        return payment
    return evolve(payment, checkout=structs.replace(checkout, confirmed_at=now))


def terms(payment: Payment) -> Terms:
    """By what a checkout is found: as one, and by status, reference, application, and application and status."""
    if payment.checkout is None:
        return frozenset()
    checkout = payment.checkout
    found = found_by(reference=checkout.reference, status=status(payment))
    found += found_by(application=checkout.application, status=status(payment))
    return frozenset({*found_by(), *found, *found_by(application=checkout.application)})


def found_by(
    *, reference: str | None = None, status: CheckoutStatus | None = None, application: str | None = None
) -> list[tuple[str, str]]:
    """The terms that checkouts have of which this is so, the rarest first; many may have each but a reference."""
    named = [] if reference is None else [("checkout.reference", reference)]
    if status is not None and application is not None:
        return [*named, ("checkout.application_status", f"{application} {status.value}")]
    if status is not None:
        return [*named, ("checkout.status", status.value)]
    if application is not None:
        return [*named, ("checkout.application", application)]
    return named or [("checkout", "checkout")]


def _expiry(payment: Payment, due_at: Instant | None) -> Timer:
    return Timer(payment.tenant, TimerKind.EXPIRE_CHECKOUT, payment.id, due_at)
