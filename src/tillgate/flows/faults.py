"""Faults: what a test merchant plants to have go wrong, and what of it happens to a question or a delivery."""

from collections.abc import Callable, Sequence

from tillgate.core import faults
from tillgate.core.decisions import Decision
from tillgate.core.faults import Drawn, Fault, Happening, Plan
from tillgate.core.merchants import Tenant
from tillgate.core.occasions import Occasion
from tillgate.core.reasons import Reason, Refused
from tillgate.flows import changes, records
from tillgate.flows.gateway import Answer, Caller, Gateway
from tillgate.flows.idempotency import Key
from tillgate.store import lists
from tillgate.store.batches import Conflict
from tillgate.store.lists import Cursor, Page

Render = changes.Render[Fault]

_ALL = Cursor(faults.MOST * 2)


async def plant(gateway: Gateway, caller: Caller, key: Key | None, plan: Plan, render: Render) -> Answer:
    """Have something go wrong from now on. The oldest one that is over makes room.

    Raises Refused(TOO_MANY_FAULTS) where none is over.
    """

    async def decide(occasion: Occasion) -> tuple[Fault, Decision]:
        fault = faults.plant(plan, tenant=caller.tenant.id, id=occasion.mint("flt"), wall=occasion.wall)
        others = (await lists.page(gateway.store, Fault, caller.tenant.id, _ALL)).records
        over = [one for one in others if one.lives_until is None or one.lives_until <= occasion.wall]
        surplus = len(others) + 1 - faults.MOST
        if surplus > len(over):
            raise Refused(Reason.TOO_MANY_FAULTS, most=faults.MOST)
        return fault, Decision(save=(fault,), remove=tuple(over[len(over) - surplus :]) if surplus > 0 else ())

    return await changes.make(gateway, caller, key, decide, render)


async def page(gateway: Gateway, caller: Caller, cursor: Cursor) -> Page[Fault]:
    """What a merchant planted, newest first, with what came of it."""
    return await lists.page(gateway.store, Fault, caller.tenant.id, cursor)


async def fetch(gateway: Gateway, caller: Caller, fault_id: str) -> Fault:
    """A merchant's fault. Raises Refused(NOT_FOUND)."""
    return await records.fetch(gateway, caller, Fault, fault_id, "fault")


async def remove(gateway: Gateway, caller: Caller, fault_id: str) -> None:
    """Have it happen no more, and forget what came of it. Raises Refused(NOT_FOUND)."""
    while True:
        fault = await fetch(gateway, caller, fault_id)
        try:
            return await gateway.store.commit(Decision(remove=(fault,)))
        except Conflict:
            continue


async def remove_all(gateway: Gateway, caller: Caller) -> int:
    """The same with all of them; how many there were."""
    count = 0
    while found := (await lists.page(gateway.store, Fault, caller.tenant.id, _ALL)).records:
        try:
            await gateway.store.commit(Decision(remove=found))
        except Conflict:
            continue
        count += len(found)
    return count


async def draw(
    gateway: Gateway, tenant: Tenant, meets: Callable[[Fault], bool], subject: str, **where: str
) -> tuple[Drawn | None, Sequence[Fault]]:
    """What happens now to a subject, and the faults that are to be saved with it; nothing ever in live mode."""
    if tenant.is_live:
        return None, ()
    wall = gateway.clock.wall()
    planted = await gateway.planted.of(tenant.id, wall)
    return faults.draw(planted, meets, Happening(wall, subject, **where)) if planted else (None, ())
