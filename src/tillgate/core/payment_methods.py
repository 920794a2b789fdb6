"""Payment methods: cards kept under seal, and the single-use tokens that stand for one."""

import msgspec

from tillgate.core import customers, metadata
from tillgate.core.addresses import Address
from tillgate.core.cards import CardSummary
from tillgate.core.customers import Customer
from tillgate.core.decisions import Decision
from tillgate.core.events import EventType, event
from tillgate.core.instants import DAY, MINUTE, Duration, Instant
from tillgate.core.intents import FutureUsage
from tillgate.core.metadata import Notes
from tillgate.core.occasions import Occasion
from tillgate.core.personal import Personal, redacted
from tillgate.core.reasons import Reason, Refused
from tillgate.core.records import Record, evolve

UNATTACHED_CARD_LASTS: Duration = DAY
"""How long a card that belongs to no customer is kept after its last attempt."""

TOKEN_LASTS: Duration = 15 * MINUTE
"""How long a token, and the CVC sealed in it, may wait for the first attempt."""


class BillingDetails(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whom a card belongs to."""

    name: Personal[str | None] = None
    email: Personal[str | None] = None
    phone: Personal[str | None] = None
    address: Address = Address()


class PaymentMethod(Record, frozen=True, kw_only=True, omit_defaults=True):
    """A card: what may be shown of it, and the sealed number and name (`sealed` is None once they were destroyed).

    `destroy_at` (wall time) says when they are; None while a customer keeps the card. A card that a device sent has a
    `sealed_cryptogram` until its first attempt, `cryptogram_until` (wall time) at the latest. By the attempt
    `agreement` its holder agreed to be charged while they are not there.
    """

    SHAPE = 4

    created: Instant
    card: CardSummary
    sealed: Personal[bytes | None] = None
    destroy_at: Instant | None
    customer: str | None = None
    billing_details: BillingDetails = BillingDetails()
    metadata: Personal[dict[str, str]] = {}
    sealed_cryptogram: Personal[bytes | None] = None
    cryptogram_until: Instant | None = None
    agreement: str | None = None

    @property
    def erase_at(self) -> Instant | None:
        """When something of it has to be erased."""
        return min(filter(None, (self.destroy_at, self.cryptogram_until)), default=None)


class Token(Record, frozen=True, kw_only=True, omit_defaults=True):
    """A card for one use. `sealed_cvc` is erased by the first attempt, and by time at the latest (wall time)."""

    created: Instant
    payment_method: str
    card: CardSummary
    expires_at: Instant
    sealed_cvc: bytes | None = None
    used_by: str | None = None


def used(method: PaymentMethod, wall: Instant) -> PaymentMethod:
    """A card that an attempt is made with: one that nobody keeps lasts a day from now.

    Raises Refused(CARD_GONE) where the number was destroyed.
    """
    if method.sealed is None or (method.destroy_at is not None and method.destroy_at <= wall):
        raise Refused(Reason.CARD_GONE, "payment_method")
    if method.customer is not None:
        return method
    return evolve(method, destroy_at=wall + UNATTACHED_CARD_LASTS)


def spend(token: Token, payment: str, wall: Instant) -> Token:
    """The token after its one use, its CVC erased.

    Raises Refused(TOKEN_USED) or Refused(TOKEN_EXPIRED).
    """
    if token.used_by is not None:
        raise Refused(Reason.TOKEN_USED, "payment_method")
    if token.expires_at <= wall:
        raise Refused(Reason.TOKEN_EXPIRED, "payment_method")
    return evolve(token, used_by=payment, sealed_cvc=None)


def has_cryptogram(method: PaymentMethod, wall: Instant) -> bool:
    """Whether a cryptogram may still go with an attempt."""
    return method.cryptogram_until is not None and wall < method.cryptogram_until


def without_cryptogram(method: PaymentMethod) -> PaymentMethod:
    """The card after its first attempt, to which the cryptogram went, or without which its time ran out."""
    if method.cryptogram_until is None:
        return method
    return evolve(method, sealed_cryptogram=None, cryptogram_until=None)


class Details(msgspec.Struct, frozen=True, kw_only=True):
    """What a merchant may change of a method; what is None stays as it is."""

    billing_details: BillingDetails | None = None
    exp_month: int | None = None
    exp_year: int | None = None


def attach(method: PaymentMethod, customer: Customer, occasion: Occasion) -> tuple[PaymentMethod, Decision]:
    """The card kept for a customer, until it is detached. To attach it to the same one again changes nothing.

    Raises Refused(METHOD_ATTACHED) where it is another's, Refused(CARD_GONE) where the number was destroyed.
    """
    if method.customer == customer.id:
        return method, Decision()
    if method.customer is not None:
        raise Refused(Reason.METHOD_ATTACHED, "customer")
    kept = evolve(used(method, occasion.wall), customer=customer.id, destroy_at=None)
    return kept, _told(kept, customer, EventType.PAYMENT_METHOD_ATTACHED, occasion)


def keep(
    method: PaymentMethod, customer: Customer | None, usage: FutureUsage, attempt: str, occasion: Occasion
) -> Decision:
    """The card after an attempt that was granted so that it can be used again, kept for its customer.

    Raises Refused(METHOD_ATTACHED, CARD_GONE) as `attach`.
    """
    agreed = used(method, occasion.wall)
    if usage is FutureUsage.OFF_SESSION:
        agreed = evolve(agreed, agreement=attempt)
    if customer is not None and agreed.customer != customer.id:
        return attach(agreed, customer, occasion)[1]
    return Decision(save=(agreed,)) if agreed != method else Decision()


def detach(method: PaymentMethod, customer: Customer, occasion: Occasion) -> tuple[PaymentMethod, Decision]:
    """The card taken from its customer and destroyed, with all that told of a person; it cannot be attached again."""
    gone = taken_away(method)
    customer = evolve(customer, former_methods=(*customer.former_methods, method.id))
    decision = Decision()
    if customer.default_payment_method == method.id:
        without = evolve(customer, default_payment_method=None)
        customer, decision = customers.told(without, EventType.CUSTOMER_UPDATED, occasion)
    told = _told(gone, customer, EventType.PAYMENT_METHOD_DETACHED, occasion)
    return gone, Decision(save=told.save, announce=(*decision.announce, *told.announce))


def update(
    method: PaymentMethod,
    customer: Customer | None,
    details: Details,
    notes: Notes,
    occasion: Occasion,
) -> tuple[PaymentMethod, Decision]:
    """The card with other details; told where it is a customer's. Raises Refused(CARD_GONE) where it was destroyed."""
    used(method, occasion.wall)
    changed = evolve(method, metadata=metadata.changed(method.metadata, notes))
    expiry = {"exp_month": details.exp_month, "exp_year": details.exp_year}
    renewed = {name: value for name, value in expiry.items() if value is not None}
    changed = evolve(changed, card=msgspec.structs.replace(method.card, **renewed))
    if details.billing_details is not None:
        changed = evolve(changed, billing_details=details.billing_details)
    if changed == method:
        return method, Decision()
    if customer is None:
        return changed, Decision(save=(changed,))
    return changed, _told(changed, customer, EventType.PAYMENT_METHOD_UPDATED, occasion)


def _told(method: PaymentMethod, customer: Customer, type: EventType, occasion: Occasion) -> Decision:
    """The method saved, and announced in its customer's stream; an event never bears what is sealed."""
    counted = evolve(customer, events=customer.events + 1)
    announced = event(type, evolve(method, sealed=None, sealed_cryptogram=None), customer.id, counted.events, occasion)
    return Decision(save=(method, counted), announce=(announced,))


def taken_away(method: PaymentMethod) -> PaymentMethod:
    """The card without its customer, and destroyed."""
    return evolve(destroyed(method), customer=None)


def destroyed(method: PaymentMethod) -> PaymentMethod:
    """The card without its number, and without what told of a person; what may be shown of the card stays."""
    return redacted(evolve(method, destroy_at=None, cryptogram_until=None))


def erased(method: PaymentMethod, wall: Instant) -> PaymentMethod:
    """The card without what may no longer be kept."""
    if method.destroy_at is not None and method.destroy_at <= wall:
        return destroyed(method)
    return without_cryptogram(method)


def emptied(token: Token) -> Token:
    """A token whose time is over, its CVC erased."""
    return evolve(token, sealed_cvc=None)
