"""Payments: what a merchant can do with one."""

from msgspec import UnsetType

from tillgate.core import payments
from tillgate.core.conclusions import Standing
from tillgate.core.decisions import Decision
from tillgate.core.metadata import Notes
from tillgate.core.money import Money
from tillgate.core.occasions import Occasion
from tillgate.core.payments import Payment, Terms
from tillgate.core.reasons import Refused
from tillgate.flows import attempts, changes, records, sources
from tillgate.flows.attempts import Asked, Render
from tillgate.flows.gateway import Answer, Caller, Gateway, system
from tillgate.flows.idempotency import Key
from tillgate.flows.sources import NewCustomer, Source
from tillgate.store import filters
from tillgate.store.filters import Wanted
from tillgate.store.lists import Cursor, Page


async def create(
    gateway: Gateway,
    caller: Caller,
    key: Key | None,
    terms: Terms,
    source: Source,
    customer: str | NewCustomer | None,
    render: Render[Standing],
) -> Answer:
    """Open a payment and charge it.

    Raises Refused: amounts out of bounds, an unknown customer or payment method, a used or expired token, a card that
    is gone, PARAMETER_MISSING `card` where live money has no card to come from.
    """

    async def decide(occasion: Occasion) -> Asked[Standing]:
        return await opening(gateway, caller, occasion, terms, source, customer)

    return await attempts.ask(gateway, caller, key, decide, render, source.card)


async def opening(
    gateway: Gateway,
    caller: Caller,
    occasion: Occasion,
    terms: Terms,
    source: Source,
    customer: str | NewCustomer | None,
) -> Asked[Standing]:
    """The payment that is opened, and what its bank is asked. Raises what `create` does."""
    tenant = caller.tenant
    buyer, introduction = await sources.customer(gateway, caller, occasion, customer)
    if source == Source() and buyer is not None:
        source = Source(id=buyer.default_payment_method)
    paying, buyer = await sources.paying(gateway, caller, occasion, source, buyer)
    payment = payments.open(
        terms,
        tenant=tenant.id,
        payment_method=paying.method.id,
        card=paying.method.card,
        customer=buyer.summary if buyer else None,
        fee_plan=tenant.fee_plan,
        bank=tenant.bank,
        occasion=occasion,
        settlement_days=sources.settlement_days(gateway, tenant, paying.card),
    )
    asking = payments.charge(payment, occasion)
    decision = introduction.merged(asking.decision).merged(paying.used_for(payment.id, occasion))
    return Asked(Standing(asking.payment, asking.attempt), decision, paying.card)


async def capture(
    gateway: Gateway, caller: Caller, key: Key | None, payment_id: str, amount: int | None, render: Render[Standing]
) -> Answer:
    """Take what was authorized, `amount` minor units of it or all. Raises what core.payments.capture refuses."""

    async def decide(occasion: Occasion) -> Asked[Standing]:
        payment = await fetch(gateway, caller, payment_id)
        asking = payments.capture(payment, _money(payment, amount), occasion)
        return Asked(Standing(asking.payment, asking.attempt), asking.decision)

    return await attempts.ask(gateway, caller, key, decide, render)


async def cancel(
    gateway: Gateway,
    caller: Caller,
    key: Key | None,
    payment_id: str,
    render: Render[Standing],
    cause: str = "requested",
) -> Answer:
    """Release what was authorized and not captured. Raises what core.payments.void refuses."""

    async def decide(occasion: Occasion) -> Asked[Standing]:
        payment = await fetch(gateway, caller, payment_id)
        asking = payments.void(payment, cause, occasion)
        return Asked(Standing(asking.payment, asking.attempt), asking.decision)

    return await attempts.ask(gateway, caller, key, decide, render)


async def fetch(gateway: Gateway, caller: Caller, payment_id: str) -> Payment:
    """A merchant's payment. Raises Refused(NOT_FOUND)."""
    return await records.fetch(gateway, caller, Payment, payment_id, "payment")


async def page(gateway: Gateway, caller: Caller, cursor: Cursor, wanted: Wanted) -> Page[Payment]:
    """A merchant's payments that fit, newest first."""
    return await filters.page(gateway.store, Payment, caller.tenant.id, cursor, wanted)


async def update(
    gateway: Gateway,
    caller: Caller,
    key: Key | None,
    payment_id: str,
    description: str | UnsetType | None,
    notes: Notes,
    render: changes.Render[Payment],
) -> Answer:
    """Another description or other metadata, of which no bank hears."""

    async def decide(occasion: Occasion) -> tuple[Payment, Decision]:
        payment = await fetch(gateway, caller, payment_id)
        return payments.update(payment, description, notes, occasion)

    return await changes.make(gateway, caller, key, decide, render, person)


def person(payment: Payment) -> str | None:
    """Of whom an answer with a payment tells."""
    return payment.customer.id if payment.customer else None


async def expire(gateway: Gateway, caller: Caller, payment_id: str) -> bool:
    """Release an authorization whose time is over; False where it has to be looked at again later."""
    payment = await fetch(gateway, caller, payment_id)
    expires_at = payment.authorization_expires_at
    if expires_at is None or not payment.held:
        return True
    if expires_at > gateway.clock.now(caller.tenant.id) or payment.in_flight:
        return False

    async def quietly(now: Standing) -> Answer:
        return Answer(200, b"")

    try:
        await cancel(gateway, system(caller.tenant, "expiry"), None, payment_id, quietly, "expired")
    except Refused:
        return False
    return True


def _money(payment: Payment, amount: int | None) -> Money | None:
    return None if amount is None else Money(amount, payment.amount.currency)
