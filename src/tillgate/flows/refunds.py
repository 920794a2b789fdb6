"""Refunds: giving money back."""

from tillgate.core import refunds
from tillgate.core.conclusions import Standing
from tillgate.core.decisions import Decision
from tillgate.core.metadata import Notes
from tillgate.core.money import Money
from tillgate.core.occasions import Occasion
from tillgate.core.refunds import Refund
from tillgate.flows import attempts, changes, payments, records
from tillgate.flows.attempts import Asked, Render
from tillgate.flows.gateway import Answer, Caller, Gateway
from tillgate.flows.idempotency import Key
from tillgate.store import filters
from tillgate.store.filters import Wanted
from tillgate.store.lists import Cursor, Page


async def create(
    gateway: Gateway,
    caller: Caller,
    key: Key | None,
    payment_id: str,
    amount: int | None,
    reason: str | None,
    metadata: dict[str, str],
    render: Render[Standing],
) -> Answer:
    """Give back `amount` minor units of a payment, or all that is left. Raises what core.refunds.ask refuses."""

    async def decide(occasion: Occasion) -> Asked[Standing]:
        payment = await payments.fetch(gateway, caller, payment_id)
        asked = None if amount is None else Money(amount, payment.amount.currency)
        refund, asking = refunds.ask(payment, asked, occasion, reason=reason, metadata=metadata)
        return Asked(Standing(asking.payment, asking.attempt, refund), asking.decision.also(refund))

    return await attempts.ask(gateway, caller, key, decide, render)


async def update(
    gateway: Gateway, caller: Caller, key: Key | None, refund_id: str, notes: Notes, render: changes.Render[Refund]
) -> Answer:
    """Other metadata, of which no bank hears."""

    async def decide(occasion: Occasion) -> tuple[Refund, Decision]:
        refund = await fetch(gateway, caller, refund_id)
        payment = await payments.fetch(gateway, caller, refund.payment)
        return refunds.update(refund, payment, notes, occasion)

    return await changes.make(gateway, caller, key, decide, render, lambda refund: refund.customer)


async def fetch(gateway: Gateway, caller: Caller, refund_id: str) -> Refund:
    """A merchant's refund. Raises Refused(NOT_FOUND)."""
    return await records.fetch(gateway, caller, Refund, refund_id, "refund")


async def page(gateway: Gateway, caller: Caller, cursor: Cursor, wanted: Wanted) -> Page[Refund]:
    """A merchant's refunds that fit, newest first."""
    return await filters.page(gateway.store, Refund, caller.tenant.id, cursor, wanted)
