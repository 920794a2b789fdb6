"""Customers: what a merchant can do with one."""

from msgspec import UNSET

from tillgate.core import customers
from tillgate.core.customers import Customer, Details, Erasure
from tillgate.core.decisions import Decision
from tillgate.core.metadata import Notes
from tillgate.core.occasions import Occasion
from tillgate.core.payment_methods import PaymentMethod
from tillgate.core.reasons import Reason, Refused
from tillgate.flows import changes, records
from tillgate.flows.gateway import Answer, Caller, Gateway
from tillgate.flows.idempotency import Key
from tillgate.store import filters, find
from tillgate.store.filters import Wanted
from tillgate.store.lists import Cursor, Page

Render = changes.Render[Customer]


async def create(
    gateway: Gateway, caller: Caller, key: Key | None, details: Details, notes: dict[str, str], render: Render
) -> Answer:
    """A new customer. Raises Refused(METHOD_NOT_ATTACHED) for a default payment method, for none can be theirs yet."""

    async def decide(occasion: Occasion) -> tuple[Customer, Decision]:
        await _assert_kept_for(gateway, caller, details, None)
        return customers.create(caller.tenant.id, details, occasion, notes)

    return await changes.make(gateway, caller, key, decide, render, _person)


async def update(
    gateway: Gateway, caller: Caller, key: Key | None, customer_id: str, details: Details, notes: Notes, render: Render
) -> Answer:
    """Other details of a customer. Raises Refused(METHOD_NOT_ATTACHED) for a default method that is not theirs."""

    async def decide(occasion: Occasion) -> tuple[Customer, Decision]:
        customer = await fetch(gateway, caller, customer_id)
        await _assert_kept_for(gateway, caller, details, customer)
        return customers.update(customer, details, notes, occasion)

    return await changes.make(gateway, caller, key, decide, render, _person)


async def fetch(gateway: Gateway, caller: Caller, customer_id: str, field: str = "customer") -> Customer:
    """A merchant's customer. Raises Refused(NOT_FOUND, field), for one that was deleted too."""
    return await records.fetch(gateway, caller, Customer, customer_id, "customer", field)


async def was_deleted(gateway: Gateway, caller: Caller, customer_id: str) -> bool:
    """Whether there was such a customer."""
    return await find.record(gateway.store, Erasure, caller.tenant.id, customer_id) is not None


async def page(gateway: Gateway, caller: Caller, cursor: Cursor, wanted: Wanted) -> Page[Customer]:
    """A merchant's customers that fit, newest first."""
    return await filters.page(gateway.store, Customer, caller.tenant.id, cursor, wanted)


async def _assert_kept_for(gateway: Gateway, caller: Caller, details: Details, customer: Customer | None) -> None:
    wanted = details.default_payment_method
    if wanted is UNSET or not wanted:
        return
    method = await records.fetch(gateway, caller, PaymentMethod, wanted, "payment_method", "default_payment_method")
    if customer is None or method.customer != customer.id:
        raise Refused(Reason.METHOD_NOT_ATTACHED, "default_payment_method")


def _person(customer: Customer) -> str:
    return customer.id
