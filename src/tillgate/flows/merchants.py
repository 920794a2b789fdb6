"""Merchants: taking one on, in test mode or live, changing its terms, and naming them all."""

from tillgate.core.decisions import Decision
from tillgate.core.merchants import DEMO_SHOP, SANDBOX_FEES, Mode, RateLimit, Tenant
from tillgate.core.reasons import Reason, Refused
from tillgate.core.records import evolve
from tillgate.flows.gateway import Gateway
from tillgate.store import find, lists
from tillgate.store.batches import Conflict

SETTLEMENT_DAYS = DEMO_SHOP.settlement_days
"""After how many days a merchant can be paid out what they captured, where nothing else was agreed."""


async def create(
    gateway: Gateway, name: str, mode: Mode, rate_limit: RateLimit, settlement_days: int = SETTLEMENT_DAYS
) -> Tenant:
    """A new merchant in one mode, on the sandbox's terms.

    Raises Refused(LIVE_MODE_UNAVAILABLE) where there is no bank that moves real money, or the key-encryption key lies
    beside the data.
    """
    wall = gateway.clock.wall()
    id = gateway.ids.new("ten", wall)
    bank = _bank(gateway, mode)
    tenant = Tenant(
        tenant=id,
        id=id,
        created=wall,
        name=name,
        mode=mode,
        fee_plan=SANDBOX_FEES,
        bank=bank,
        rate_limit=rate_limit,
        settlement_days=settlement_days,
    )
    await gateway.store.commit(Decision(save=(tenant,)))
    return tenant


async def update(
    gateway: Gateway,
    tenant_id: str,
    rate_limit: RateLimit | None = None,
    settlement_days: int | None = None,
    *,
    sends_receipts: bool | None = None,
) -> Tenant:
    """Serve a merchant on other terms: every process does within directory.KNOWN_FOR. Raises Refused(NOT_FOUND).

    Payments that were opened before settle as was said then.
    """
    while True:
        tenant = await find.record(gateway.store, Tenant, tenant_id, tenant_id)
        if tenant is None:
            raise Refused(Reason.NOT_FOUND, "tenant")
        changed = evolve(
            tenant,
            rate_limit=rate_limit or tenant.rate_limit,
            settlement_days=tenant.settlement_days if settlement_days is None else settlement_days,
            sends_receipts=tenant.sends_receipts if sends_receipts is None else sends_receipts,
        )
        try:
            await gateway.store.commit(Decision(save=(changed,)))
            return changed
        except Conflict:
            continue


async def every(gateway: Gateway) -> list[Tenant]:
    """All merchants that were taken on, in the order in which they came; not their sandboxes."""
    return [tenant for tenant in await lists.every(gateway.store, Tenant) if tenant.parent is None]


def _bank(gateway: Gateway, mode: Mode) -> str:
    """The bank that serves a mode, the first of several."""
    for name, bank in gateway.banks.items():
        if bank.is_live == (mode is Mode.LIVE):
            if bank.is_live:
                gateway.require_live(name)
            return name
    raise Refused(Reason.LIVE_MODE_UNAVAILABLE)
