"""Escrow settlement: what happens to orders by itself, and their money getting to whose it is, by timer."""

from tillgate.core import escrow_moves, escrow_orders
from tillgate.core.attempts import Attempt
from tillgate.core.conclusions import Standing
from tillgate.core.decisions import Decision
from tillgate.core.escrow_orders import Refunding, Settling
from tillgate.core.instants import DAY, HOUR, Duration
from tillgate.core.merchants import Tenant
from tillgate.core.occasions import Occasion
from tillgate.core.payments import Payment
from tillgate.core.reasons import Refused
from tillgate.core.refunds import Refund
from tillgate.core.timers import Timer, TimerKind
from tillgate.flows import attempts, disputes
from tillgate.flows import escrow_orders as orders
from tillgate.flows.attempts import Asked
from tillgate.flows.gateway import Answer, Caller, Gateway, system
from tillgate.logs import log
from tillgate.store import find
from tillgate.store.batches import Conflict


class _Overtaken(Exception):
    """Things have moved on while a bank was to be asked."""


async def proceed(gateway: Gateway, tenant: Tenant, payment_id: str) -> bool:
    """Do with an order what is done by itself, and see that its money gets to whose it is.

    True where its timer has nothing left to do, or was moved to when it has; False where it has to come back, for the
    bank is being asked for the buyer.
    """
    caller = system(tenant, "escrow")
    while True:
        payment, occasion = await orders.fetch(gateway, caller, payment_id), gateway.occasion(caller)
        escrow = escrow_orders.of(payment)
        if escrow.due_at is None:
            return True
        if occasion.now < escrow.due_at:
            # Whoever made it due later has moved the timer.
            return False
        try:
            if escrow_moves.is_overdue(escrow, occasion.now):
                await gateway.store.commit(escrow_orders.lapse(payment, occasion)[1])
            elif await _is_charged_back(gateway, payment):
                # Until that is over nobody knows whose the money is; the end of it moves the timer.
                return await _later(gateway, payment, occasion, DAY)
            elif not await _settle(gateway, caller, payment, occasion):
                return False
        except (Conflict, _Overtaken):
            continue
        except Refused as refused:
            # Whatever the reason is: no order is let go of while anything of it is held.
            log.error("an order cannot be settled", tenant=tenant.id, payment=payment_id, reason=refused.reason)
            return await _later(gateway, payment, occasion, HOUR)


async def _later(gateway: Gateway, payment: Payment, occasion: Occasion, by: Duration) -> bool:
    later = Timer(payment.tenant, TimerKind.ESCROW_ORDER, payment.id, occasion.now + by)
    await gateway.store.commit(Decision(schedule=(later,)))
    return True


async def _settle(gateway: Gateway, caller: Caller, payment: Payment, occasion: Occasion) -> bool:
    """Give what is held to whose it is; False while the bank is being asked for the buyer."""
    settling = await _settling(gateway, payment, occasion)
    if settling is None:
        return False
    if settling.refunding is None:
        await gateway.store.commit(settling.decision)
        return True

    async def decide(now: Occasion) -> Asked[Standing]:
        found = await orders.fetch(gateway, caller, payment.id)
        settling = None if await _is_charged_back(gateway, found) else await _settling(gateway, found, now)
        if settling is None or settling.refunding is None:
            raise _Overtaken
        asked = settling.refunding
        return Asked(Standing(settling.payment, asked.attempt, asked.refund), settling.decision)

    await attempts.ask(gateway, caller, None, decide, _noted)
    return True


async def _settling(gateway: Gateway, payment: Payment, occasion: Occasion) -> Settling | None:
    return escrow_orders.settle(payment, await _last_refund(gateway, payment), occasion)


async def _is_charged_back(gateway: Gateway, payment: Payment) -> bool:
    return bool(await disputes.undecided(gateway, payment))


async def _last_refund(gateway: Gateway, payment: Payment) -> Refunding | None:
    id = escrow_orders.of(payment).refund
    refund = await find.record(gateway.store, Refund, payment.tenant, id) if id else None
    attempt = await find.record(gateway.store, Attempt, payment.tenant, refund.attempt) if refund else None
    return Refunding(refund, attempt) if refund and attempt else None


async def _noted(now: Standing) -> Answer:
    return Answer(200, b"")
