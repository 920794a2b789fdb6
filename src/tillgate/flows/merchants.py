"""Merchants: taking one on, in test mode or live, and naming them all."""

from tillgate.core.decisions import Decision
from tillgate.core.merchants import DEMO_SHOP, SANDBOX_FEES, Mode, Tenant
from tillgate.core.reasons import Reason, Refused
from tillgate.flows.gateway import Gateway
from tillgate.store import lists


async def create(gateway: Gateway, name: str, mode: Mode) -> Tenant:
    """A new merchant in one mode, on the sandbox's terms.

    Raises Refused(LIVE_MODE_UNAVAILABLE) where there is no bank that moves real money, or the key-encryption key lies
    beside the data.
    """
    wall = gateway.clock.wall()
    id = gateway.ids.new("ten", wall)
    bank = _bank(gateway, mode)
    tenant = Tenant(tenant=id, id=id, created=wall, name=name, mode=mode, fee_plan=SANDBOX_FEES, bank=bank)
    await gateway.store.commit(Decision(save=(tenant,)))
    return tenant


async def every(gateway: Gateway) -> list[Tenant]:
    """All merchants, in the order in which they came."""
    return [DEMO_SHOP, *await lists.every(gateway.store, Tenant)]


def _bank(gateway: Gateway, mode: Mode) -> str:
    """The bank that serves a mode, the first of several."""
    for name, bank in gateway.banks.items():
        if bank.is_live == (mode is Mode.LIVE):
            if bank.is_live:
                gateway.require_live(name)
            return name
    raise Refused(Reason.LIVE_MODE_UNAVAILABLE)
