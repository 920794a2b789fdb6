"""Payments: money that a customer hands to a merchant, from being asked for to being captured, canceled or refunded."""

import enum

import msgspec
from msgspec import UNSET, UnsetType

from tillgate.core import attempts, metadata, money
from tillgate.core.arrivals import Transfer
from tillgate.core.attempts import Attempt, Kind
from tillgate.core.cancellations import Cancellation
from tillgate.core.cards import CardSummary
from tillgate.core.checkouts import Checkout
from tillgate.core.customers import CustomerSummary
from tillgate.core.decisions import Decision
from tillgate.core.escrows import Escrow
from tillgate.core.events import EventType, event
from tillgate.core.fees import FeePlan
from tillgate.core.instants import DAY, Duration, Instant
from tillgate.core.intents import Intent
from tillgate.core.metadata import Notes
from tillgate.core.money import Money
from tillgate.core.occasions import Occasion
from tillgate.core.phone_wallets import Ticket
from tillgate.core.reasons import Reason, Refused
from tillgate.core.records import Record, evolve
from tillgate.core.reservations import BY_CARD, REVERSALS, Reservation, Surplus
from tillgate.core.three_d_secure import Authentication, Demand
from tillgate.core.timers import Timer, TimerKind

AUTHORIZATION_LASTS: Duration = 7 * DAY
"""How long an issuer holds money for us; card schemes allow seven days for payments without the card present."""


class CaptureMethod(enum.StrEnum):
    """Whether money is taken at once or when the merchant says so."""

    AUTOMATIC = "automatic"
    MANUAL = "manual"


class Status(enum.StrEnum):
    """Where a payment stands; derived from its facts, never stored."""

    PENDING = "pending"
    REQUIRES_ACTION = "requires_action"
    AUTHORIZED = "authorized"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"


class Failure(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why the last attempt to take the money failed."""

    reason: Reason
    bank_code: str | None = None


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What a merchant asks for when opening a payment.

    `asked_as` is the surface's own note of the form in which it was asked, kept so that it answers in the same form.
    """

    amount: Money
    capture_method: CaptureMethod = CaptureMethod.AUTOMATIC
    description: str | None = None
    metadata: dict[str, str] = {}
    return_url: str | None = None
    three_d_secure: Demand = Demand.AUTOMATIC
    asked_as: dict[str, str] = {}
    intent: Intent | None = None
    ticket: Ticket | None = None
    checkout: Checkout | None = None
    escrow: Escrow | None = None


class Payment(Record, frozen=True, kw_only=True, omit_defaults=True):
    """A payment by card, or by phone where it has a `ticket`; one with a `checkout` waits for its payer to choose.

    One with a `transfer` can be paid by money that arrives by itself. What is taken for one with an `escrow` is held.

    Totals are minor units of `amount.currency` and hold concluded facts only.

    `settlement_days` says how long what is captured waits until it can be paid out. `former_methods` and
    `former_customers` were to pay before those that are.

    Always: refunded + disputed <= captured <= authorized and voided <= authorized - captured. What banks took back over
    disputes beyond that is `overdrawn`: they may, and it is the merchant's debt. `dispute` is the newest one's id.
    `authentication` is how its cardholder was authenticated for the attempt that was granted, or for the newest.
    What attempts by card up to the number `abandoned` are granted is no part of it: another card is to pay.
    `faults` names what its test merchant had go wrong with it, by core.faults.FaultKind.
    """

    SHAPE = 8

    created: Instant
    amount: Money
    capture_method: CaptureMethod
    payment_method: str | None = None
    former_methods: tuple[str, ...] = ()
    card: CardSummary | None = None
    fee_plan: FeePlan
    bank: str
    intent: Intent | None = None
    ticket: Ticket | None = None
    checkout: Checkout | None = None
    transfer: Transfer | None = None
    escrow: Escrow | None = None
    settlement_days: int = 0
    customer: CustomerSummary | None = None
    former_customers: tuple[str, ...] = ()
    description: str | None = None
    metadata: dict[str, str] = {}
    return_url: str | None = None
    three_d_secure: Demand = Demand.AUTOMATIC
    asked_as: dict[str, str] = {}
    attempts_made: int = 0
    abandoned: int = 0
    in_flight: tuple[Reservation, ...] = ()
    surplus: tuple[Surplus, ...] = ()
    authorization: str | None = None
    authorization_expires_at: Instant | None = None
    authorized: int = 0
    captured: int = 0
    voided: int = 0
    refunded: int = 0
    disputed: int = 0
    overdrawn: int = 0
    dispute: str | None = None
    fees: int = 0
    failure: Failure | None = None
    action: attempts.Action | None = None
    authentication: Authentication | None = None
    canceled: Cancellation | None = None
    events: int = 0
    faults: tuple[str, ...] = ()

    def reserved(self, *kinds: Kind) -> int:
        """What attempts of these kinds in flight have reserved."""
        return sum(held.amount for held in self.in_flight if held.kind in kinds)

    @property
    def asked(self) -> Reservation | None:
        """What is being asked of an issuer by card."""
        return next((held for held in self.in_flight if held.kind in BY_CARD), None)

    @property
    def is_asking(self) -> bool:
        """Whether a bank is being asked, but to give back what was none of the payment's."""
        return any(held.kind not in REVERSALS for held in self.in_flight)

    @property
    def held(self) -> int:
        """What issuers hold for it: authorized, neither captured nor released."""
        return self.authorized - self.captured - self.voided

    @property
    def capturable(self) -> Money:
        """What may still be captured: held, and not on its way to being captured or released.

        After a late yes to an attempt that was given up, more may be on its way than there is.
        """
        left = self.held - self.reserved(Kind.CAPTURE, Kind.VOID)
        return Money(max(left, 0), self.amount.currency)

    @property
    def refundable(self) -> Money:
        """What may still be refunded: captured, neither refunded nor disputed, and not on its way back."""
        left = self.captured - self.refunded - self.disputed - self.reserved(Kind.REFUND)
        return Money(max(left, 0), self.amount.currency)

    @property
    def status(self) -> Status:
        """Where the payment stands, by its facts alone."""
        if self.captured:
            return Status.SUCCEEDED
        if self.canceled:
            return Status.CANCELED
        if self.authorized:
            return Status.AUTHORIZED
        if self.action:
            return Status.REQUIRES_ACTION
        if self.failure:
            return Status.FAILED
        return Status.PENDING


class Asking(msgspec.Struct, frozen=True):
    """A question decided upon: the payment with what it sets aside, the attempt, and the decision that saves both."""

    payment: Payment
    attempt: Attempt
    decision: Decision


def open(
    terms: Terms,
    *,
    tenant: str,
    payment_method: str | None,
    card: CardSummary | None,
    customer: CustomerSummary | None,
    fee_plan: FeePlan,
    bank: str,
    occasion: Occasion,
    settlement_days: int = 0,
) -> Payment:
    """A new payment, of which no bank has been asked yet; one with an intent may have no card yet.

    Raises Refused(AMOUNT_TOO_SMALL, AMOUNT_TOO_LARGE) by the currency's bounds.
    """
    money.check_charge(terms.amount)
    return Payment(
        tenant=tenant,
        id=occasion.mint("pay"),
        created=occasion.now,
        amount=terms.amount,
        capture_method=terms.capture_method,
        payment_method=payment_method,
        card=card,
        fee_plan=fee_plan,
        bank=bank,
        settlement_days=settlement_days,
        customer=customer,
        description=terms.description,
        metadata=terms.metadata,
        return_url=terms.return_url,
        three_d_secure=terms.three_d_secure,
        asked_as=terms.asked_as,
        intent=terms.intent,
        ticket=terms.ticket,
        checkout=terms.checkout,
        escrow=terms.escrow,
    )


def charge(payment: Payment, occasion: Occasion) -> Asking:
    """Ask the issuer for the whole amount: to take it, or to hold it for a later capture."""
    is_partly_paid = payment.transfer is not None and payment.transfer.held
    if payment.status not in (Status.PENDING, Status.FAILED) or payment.is_asking or is_partly_paid:
        raise Refused(Reason.IN_PROGRESS, "payment")
    kind = Kind.CHARGE if payment.capture_method is CaptureMethod.AUTOMATIC else Kind.AUTHORIZE
    return reserve(payment, kind, payment.amount, occasion)


def capture(payment: Payment, asked: Money | None, occasion: Occasion) -> Asking:
    """Take what was authorized, whole or in part; the rest stays capturable until it is canceled or expires.

    Raises Refused(NOTHING_TO_CAPTURE) where nothing is capturable, IN_PROGRESS where that may change, and
    Refused(CAPTURE_EXCEEDS_AUTHORIZED) where less is.
    """
    capturable = payment.capturable
    if capturable.is_zero or payment.canceled:
        busy = is_settling(payment) or (payment.in_flight and not payment.authorized)
        why = Reason.IN_PROGRESS if busy else Reason.NOTHING_TO_CAPTURE
        raise Refused(why, "payment", status=payment.status)
    asked = asked or capturable
    if asked > capturable:
        raise Refused(Reason.CAPTURE_EXCEEDS_AUTHORIZED, "amount", at_most=capturable)
    return reserve(payment, Kind.CAPTURE, asked, occasion, target=payment.authorization)


def void(payment: Payment, cause: str, occasion: Occasion) -> Asking:
    """Release what was authorized and not captured, or give up waiting for the customer to act.

    Raises Refused(IN_PROGRESS) while a capture is on its way, Refused(NOTHING_TO_CANCEL) where nothing is held.
    """
    if is_settling(payment):
        raise Refused(Reason.IN_PROGRESS, "payment", status=payment.status)
    if payment.action and payment.asked:
        return reserve(payment, Kind.VOID, payment.amount, occasion, target=payment.asked.attempt, cause=cause)
    held = payment.capturable
    if held.is_zero:
        why = Reason.IN_PROGRESS if payment.in_flight and not payment.captured else Reason.NOTHING_TO_CANCEL
        raise Refused(why, "payment", status=payment.status)
    return reserve(payment, Kind.VOID, held, occasion, target=payment.authorization, cause=cause)


def reserve(
    payment: Payment,
    kind: Kind,
    asked: Money,
    occasion: Occasion,
    *,
    target: str | None = None,
    refund: str | None = None,
    cause: str | None = None,
    bank: str | None = None,
) -> Asking:
    """The next attempt of a payment, with what it may move set aside, and an inquiry in case no answer is read.

    `bank` is asked where it is about what another than the payment's own was asked before.

    Raises Refused(AMOUNT_INVALID) for less than the smallest unit.
    """
    if asked.amount <= 0:
        raise Refused(Reason.AMOUNT_INVALID, "amount")
    number = payment.attempts_made + 1
    attempt = attempts.ask(
        f"att_{payment.id.removeprefix('pay_')}_{number}",
        kind,
        asked,
        tenant=payment.tenant,
        payment=payment.id,
        bank=bank or payment.bank,
        occasion=occasion,
        target=target,
        refund=refund,
        cause=cause,
    )
    authentication = payment.authentication if target else None
    reserved = evolve(
        payment,
        attempts_made=number,
        in_flight=set_aside(payment, attempt),
        failure=None,
        authentication=authentication,
    )
    return Asking(reserved, attempt, Decision(save=(reserved, attempt), schedule=(inquiry(attempt, occasion),)))


def update(
    payment: Payment,
    description: str | UnsetType | None,
    notes: Notes,
    occasion: Occasion,
) -> tuple[Payment, Decision]:
    """The payment with another description and other metadata, told once it was announced at all."""
    changed = evolve(payment, metadata=metadata.changed(payment.metadata, notes))
    if description is not UNSET:
        changed = evolve(changed, description=description or None)
    if changed == payment:
        return payment, Decision()
    if not payment.events:
        return changed, Decision(save=(changed,))
    return announced(changed, (EventType.PAYMENT_UPDATED,), occasion)


def is_abandoned(payment: Payment, attempt: Attempt) -> bool:
    """Whether an attempt by card was given up for another card, or one is only about such a one's challenge."""
    by_card = attempt.id if attempt.kind in BY_CARD else None
    if attempt.kind in (Kind.VOID, Kind.WITHDRAW):
        by_card = attempt.target
    return by_card is not None and int(by_card.rpartition("_")[2]) <= payment.abandoned


def announced(payment: Payment, types: tuple[EventType, ...], occasion: Occasion) -> tuple[Payment, Decision]:
    """The payment as it is from now on, and the decision that saves it and tells of it."""
    told = evolve(payment, events=payment.events + len(types))
    events = (event(type, told, told.id, number, occasion) for number, type in enumerate(types, payment.events + 1))
    return told, Decision(save=(told,), announce=tuple(events))


def inquiry(attempt: Attempt, occasion: Occasion) -> Timer:
    """The timer that asks the bank what became of an attempt, or takes that timer off once it is known."""
    due_at = None if attempt.is_final else attempts.inquire_at(attempt, occasion)
    return Timer(attempt.tenant, TimerKind.INQUIRE, attempt.id, due_at)


def set_aside(payment: Payment, attempt: Attempt) -> tuple[Reservation, ...]:
    """What is in flight, with one more.

    Giving up a challenge sets nothing aside, for nothing is held yet, and a surplus is none of the payment's.
    """
    gives_up = attempt.kind is Kind.VOID and not payment.authorized
    takes_nothing = gives_up or attempt.kind in (Kind.WITHDRAW, *REVERSALS)
    return (*payment.in_flight, Reservation(attempt.id, attempt.kind, 0 if takes_nothing else attempt.amount.amount))


def is_settling(payment: Payment) -> bool:
    """Whether it is being decided what becomes of what is held."""
    return any(held.kind in (Kind.CAPTURE, Kind.VOID, Kind.WITHDRAW) for held in payment.in_flight)
