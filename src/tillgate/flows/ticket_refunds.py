"""Refunds of tickets: money that goes back to a phone, once however often an equal request is on its way."""

from tillgate.core import refunds as core
from tillgate.core.attempts import Kind
from tillgate.core.conclusions import Standing
from tillgate.core.money import Money
from tillgate.core.occasions import Occasion
from tillgate.core.payments import Payment
from tillgate.core.phone_wallets import CURRENCY
from tillgate.core.reasons import Refused
from tillgate.core.refunds import Refund, RefundState
from tillgate.flows import attempts, patience, payments, refunds, standings, tickets
from tillgate.flows import idempotency as keys
from tillgate.flows.attempts import Asked
from tillgate.flows.gateway import Answer, Caller, Gateway
from tillgate.flows.idempotency import Key
from tillgate.flows.tickets import Shown
from tillgate.store import numbers


async def refund(
    gateway: Gateway, caller: Caller, payment_id: str, amount: int, message: str | None
) -> tuple[Shown, Refund, int | None]:
    """Give cents back. One that is equal to another on its way is the same one.

    Raises what core.refunds.ask refuses, and Refused with the bank's reason where it says no.
    """
    tenant = caller.tenant.id
    key = Key(gateway.secrets.key_digest(tenant, "refund", payment_id, str(amount), message or ""), "")
    made = await keys.once(gateway, caller, key, lambda: _refund(gateway, caller, payment_id, amount, message))
    refund_id, waited = made.body.decode(), 0.0
    while (found := await refunds.fetch(gateway, caller, refund_id)).state is RefundState.PENDING:
        waited = await patience.pause(waited, "ticket")
    if found.failure is not None:
        raise Refused(found.failure.reason, "amount")
    known = await numbers.of(gateway.store, tenant, [found.id])
    return await tickets.look(gateway, caller, payment_id), found, known.get(found.id)


class _Joined(Exception):
    """An equal refund is on its way; its id."""


async def _refund(gateway: Gateway, caller: Caller, payment_id: str, amount: int, message: str | None) -> Answer:
    async def decide(occasion: Occasion) -> Asked[Standing]:
        payment = await payments.fetch(gateway, caller, payment_id)
        if same := await _on_its_way(gateway, caller, payment, amount, message):
            raise _Joined(same)
        refund, asking = core.ask(payment, Money(amount, CURRENCY), occasion, reason=message)
        return Asked(Standing(asking.payment, asking.attempt, refund), asking.decision.also(refund))

    async def named(now: Standing) -> Answer:
        assert now.refund is not None, now.attempt.id
        return Answer(200, now.refund.id.encode())

    try:
        return await attempts.ask(gateway, caller, None, decide, named)
    except _Joined as joined:
        return Answer(200, str(joined).encode())


async def _on_its_way(
    gateway: Gateway, caller: Caller, payment: Payment, amount: int, message: str | None
) -> str | None:
    for held in payment.in_flight:
        if held.kind is Kind.REFUND and held.amount == amount:
            standing = await standings.current(gateway, caller.tenant.id, held.attempt)
            if standing.refund and standing.refund.reason == message:
                return str(standing.refund.id)
    return None
