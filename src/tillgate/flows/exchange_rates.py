"""Exchange rates: what a merchant sells a currency for, or the sandbox does."""

from tillgate.core import exchange_rates
from tillgate.core.merchants import Tenant
from tillgate.core.rates import Rate
from tillgate.flows import escrow_settings
from tillgate.flows.gateway import Gateway


async def quote(gateway: Gateway, tenant: Tenant | None, selling: str, buying: str) -> Rate | None:
    """What one unit of a currency buys of another, by what a merchant has set, else at the sandbox with test money."""
    now = gateway.clock.wall()
    if tenant is not None:
        rates = (await escrow_settings.fetch(gateway, tenant.id)).rates
        if rate := exchange_rates.quote(rates, selling, buying, "merchant", now):
            return rate
    if tenant is not None and tenant.is_live:
        return None
    return exchange_rates.quote(exchange_rates.SANDBOX, selling, buying, "sandbox", now)
