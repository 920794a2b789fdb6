"""Escrow settlement: what happens to orders by itself, and their money getting to whose it is, by timer."""

from tillgate.core import escrow_moves, escrow_orders
from tillgate.core.attempts import Attempt
from tillgate.core.conclusions import Standing
from tillgate.core.decisions import Decision
from tillgate.core.disputes import Dispute
from tillgate.core.escrow_orders import Refunding, Settling
from tillgate.core.instants import HOUR
from tillgate.core.merchants import Tenant
from tillgate.core.occasions import Occasion
from tillgate.core.payments import Payment
from tillgate.core.reasons import Refused
from tillgate.core.refunds import Refund
from tillgate.core.timers import Timer, TimerKind
from tillgate.flows import attempts
from tillgate.flows import escrow_orders as orders
from tillgate.flows.attempts import Asked
from tillgate.flows.gateway import Answer, Caller, Gateway, system
from tillgate.logs import log
from tillgate.store import find, lists
from tillgate.store.batches import Conflict
from tillgate.store.lists import Cursor


class _Overtaken(Exception):
    """Things have moved on while a bank was to be asked."""


async def proceed(gateway: Gateway, tenant: Tenant, payment_id: str) -> bool:
    """Do with an order what is done by itself, and see that its money gets to whose it is; its timer is moved."""
    caller = system(tenant, "escrow")
    while True:
        payment, occasion = await orders.fetch(gateway, caller, payment_id), gateway.occasion(caller)
        escrow = escrow_orders.of(payment)
        if escrow.due_at is None:
            return True
        if occasion.now < escrow.due_at:
            await gateway.store.commit(Decision(schedule=(escrow_orders.timer(payment),)))
            return True
        try:
            if escrow_moves.is_overdue(escrow, occasion.now):
                await gateway.store.commit(escrow_orders.lapse(payment, occasion)[1])
            elif not await _settle(gateway, caller, payment, occasion):
                return await _later(gateway, payment, occasion)
        except (Conflict, _Overtaken):
            continue
        except Refused as refused:
            # Whatever the reason is: no order is let go of while anything of it is held.
            log.error("an order cannot be settled", tenant=tenant.id, payment=payment_id, reason=refused.reason)
            return await _later(gateway, payment, occasion)


async def _later(gateway: Gateway, payment: Payment, occasion: Occasion) -> bool:
    later = Timer(payment.tenant, TimerKind.ESCROW_ORDER, payment.id, occasion.now + HOUR)
    await gateway.store.commit(Decision(schedule=(later,)))
    return True


async def _settle(gateway: Gateway, caller: Caller, payment: Payment, occasion: Occasion) -> bool:
    """Give what is held to whose it is; False where that has to wait for a bank."""
    settling = await _settling(gateway, caller, payment, occasion)
    if settling is None:
        return False
    if settling.refunding is None:
        await gateway.store.commit(settling.decision)
        return True

    async def decide(now: Occasion) -> Asked[Standing]:
        settling = await _settling(gateway, caller, await orders.fetch(gateway, caller, payment.id), now)
        if settling is None or settling.refunding is None:
            raise _Overtaken
        asked = settling.refunding
        return Asked(Standing(settling.payment, asked.attempt, asked.refund), settling.decision)

    await attempts.ask(gateway, caller, None, decide, _noted)
    return True


async def _settling(gateway: Gateway, caller: Caller, payment: Payment, occasion: Occasion) -> Settling | None:
    # What a bank decides of a dispute of its own comes first: until then nobody knows whose the money is.
    if await _is_charged_back(gateway, payment):
        return None
    return escrow_orders.settle(payment, await _last_refund(gateway, payment), occasion)


async def _is_charged_back(gateway: Gateway, payment: Payment) -> bool:
    if payment.dispute is None:
        return False
    page = await lists.page(gateway.store, Dispute, payment.tenant, Cursor(100), where={"payment": payment.id})
    return any(not dispute.is_closed for dispute in page.records)


async def _last_refund(gateway: Gateway, payment: Payment) -> Refunding | None:
    id = escrow_orders.of(payment).refund
    refund = await find.record(gateway.store, Refund, payment.tenant, id) if id else None
    attempt = await find.record(gateway.store, Attempt, payment.tenant, refund.attempt) if refund else None
    return Refunding(refund, attempt) if refund and attempt else None


async def _noted(now: Standing) -> Answer:
    return Answer(200, b"")
