"""Customers: whom a merchant sells to."""

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from tillgate.core import metadata
from tillgate.core.addresses import Address, Shipping
from tillgate.core.decisions import Alias, Decision
from tillgate.core.events import EventType, event
from tillgate.core.instants import Instant
from tillgate.core.metadata import Notes
from tillgate.core.occasions import Occasion
from tillgate.core.personal import Personal, redacted
from tillgate.core.records import Record, evolve
from tillgate.core.timers import Timer, TimerKind


class CustomerSummary(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a payment shows of its customer."""

    id: str
    email: Personal[str | None] = None
    name: Personal[str | None] = None


class Customer(Record, frozen=True, kw_only=True, omit_defaults=True):
    """A customer of a merchant. `events` counts those in the customer's stream, which their payment methods share.

    `former_methods` were detached: their events still tell of the customer.
    """

    SHAPE = 3

    created: Instant
    email: Personal[str | None] = None
    name: Personal[str | None] = None
    phone: Personal[str | None] = None
    address: Personal[Address | None] = None
    shipping: Personal[Shipping | None] = None
    description: Personal[str | None] = None
    metadata: Personal[dict[str, str]] = {}
    default_payment_method: str | None = None
    former_methods: tuple[str, ...] = ()
    events: int = 1

    @property
    def summary(self) -> CustomerSummary:
        """What a payment keeps of the customer."""
        return CustomerSummary(self.id, self.email, self.name)


class Details(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be known of a customer; what is UNSET stays as it is."""

    email: str | UnsetType | None = UNSET
    name: str | UnsetType | None = UNSET
    phone: str | UnsetType | None = UNSET
    address: Address | UnsetType | None = UNSET
    shipping: Shipping | UnsetType | None = UNSET
    description: str | UnsetType | None = UNSET
    default_payment_method: str | UnsetType | None = UNSET


NO_PAYMENT = "pay_"
"""Lower than every payment's id."""


class Erasure(Record, frozen=True, kw_only=True, omit_defaults=True):
    """That a customer was deleted, and how far the erasing of what else is kept of them has come.

    It bears the customer's id. `methods` were theirs at some time. Payments up to `redacted_up_to` are done;
    `last_look_at` (wall time) is when to look once more, after which it is `finished`.
    """

    created: Instant
    last_look_at: Instant
    methods: tuple[str, ...] = ()
    redacted_up_to: str = NO_PAYMENT
    is_last_look: bool = False
    finished: bool = False


EMAIL = "customer_email"
"""The kind of alias that the first of several simultaneous payments claims, so that one customer is introduced."""


def email_key(email: str) -> str:
    """An address as it is compared: surrounding space and case do not matter."""
    return email.strip().casefold()


def create(
    tenant: str, details: Details, occasion: Occasion, notes: dict[str, str] | None = None
) -> tuple[Customer, Decision]:
    """A new customer, whoever else bears the same address."""
    customer = Customer(
        tenant=tenant, id=occasion.mint("cus"), created=occasion.now, metadata=notes or {}, **_given(details)
    )
    announced = event(EventType.CUSTOMER_CREATED, customer, customer.id, customer.events, occasion)
    return customer, Decision(save=(customer,), announce=(announced,))


def introduce(
    tenant: str, email: str, name: str | None, phone: str | None, occasion: Occasion
) -> tuple[Customer, Decision]:
    """A customer whose address is new; the decision is refused where another introduces the same one first."""
    customer, decision = create(tenant, Details(email=email, name=name, phone=phone), occasion)
    return customer, decision.merged(Decision(name=(_claim(customer),)))


def update(customer: Customer, details: Details, notes: Notes, occasion: Occasion) -> tuple[Customer, Decision]:
    """The customer with other details."""
    changed = evolve(customer, metadata=metadata.changed(customer.metadata, notes), **_given(details))
    if changed == customer:
        return customer, Decision()
    changed, decision = told(changed, EventType.CUSTOMER_UPDATED, occasion)
    moved = email_key(changed.email or "") != email_key(customer.email or "")
    return changed, decision.merged(Decision(name=_released(customer) if moved else ()))


def told(customer: Customer, type: EventType, occasion: Occasion) -> tuple[Customer, Decision]:
    """The customer saved, and announced as it is now."""
    counted = evolve(customer, events=customer.events + 1)
    announced = event(type, counted, customer.id, counted.events, occasion)
    return counted, Decision(save=(counted,), announce=(announced,))


def erase(
    customer: Customer, methods: Sequence[Record], occasion: Occasion, last_look_at: Instant
) -> tuple[Erasure, Decision]:
    """The customer gone, and the erasing of every copy of what was known of them begun; `methods` are theirs."""
    erasure = Erasure(
        tenant=customer.tenant,
        id=customer.id,
        created=occasion.now,
        last_look_at=last_look_at,
        methods=(*customer.former_methods, *(method.id for method in methods)),
    )
    gone = redacted(evolve(customer, events=customer.events + 1, default_payment_method=None, former_methods=()))
    announced = event(EventType.CUSTOMER_DELETED, gone, customer.id, gone.events, occasion)
    timer = Timer(customer.tenant, TimerKind.ERASE_CUSTOMER, customer.id, occasion.wall)
    return erasure, Decision(
        save=(erasure,), remove=(customer,), announce=(announced,), schedule=(timer,), name=_released(customer)
    )


def _given(details: Details) -> dict[str, Any]:
    given = {name: getattr(details, name) for name in Details.__struct_fields__}
    return {name: value or None for name, value in given.items() if value is not UNSET}


def _claim(customer: Customer) -> Alias:
    return Alias(customer.tenant, EMAIL, email_key(customer.email or ""), customer.id)


def _released(customer: Customer) -> tuple[Alias, ...]:
    """The address as nobody's any more: whoever else bears it is found without."""
    if customer.email is None:
        return ()
    return (Alias(customer.tenant, EMAIL, email_key(customer.email), None, moves=True),)
