"""Customers: whom a merchant sells to."""

import msgspec

from tillgate.core.decisions import Alias, Decision
from tillgate.core.events import EventType, event
from tillgate.core.instants import Instant
from tillgate.core.occasions import Occasion
from tillgate.core.records import Record


class CustomerSummary(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a payment shows of its customer. Personal data: everything but the id."""

    id: str
    email: str | None = None
    name: str | None = None


class Customer(Record, frozen=True, kw_only=True, omit_defaults=True):
    """A customer of a merchant. Personal data: `email`, `name`, `phone`, `description`, `metadata`."""

    created: Instant
    email: str | None = None
    name: str | None = None
    phone: str | None = None
    description: str | None = None
    metadata: dict[str, str] = {}

    @property
    def summary(self) -> CustomerSummary:
        """What a payment keeps of the customer."""
        return CustomerSummary(self.id, self.email, self.name)


EMAIL = "customer_email"
"""The kind of alias by which a customer is found by e-mail address; it points at the newest one that bears it."""


def email_key(email: str) -> str:
    """An address as it is compared: surrounding space and case do not matter."""
    return email.strip().casefold()


def introduce(
    tenant: str, email: str, name: str | None, phone: str | None, occasion: Occasion
) -> tuple[Customer, Decision]:
    """A new customer, found by the address from now on; the decision is refused where another took it first."""
    customer = Customer(
        tenant=tenant, id=occasion.mint("cus"), created=occasion.now, email=email, name=name, phone=phone
    )
    announced = event(EventType.CUSTOMER_CREATED, customer, customer.id, 1, occasion)
    alias = Alias(tenant, EMAIL, email_key(email), customer.id)
    return customer, Decision(save=(customer,), announce=(announced,), name=(alias,))
