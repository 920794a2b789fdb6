"""Balances: what the books say."""

from tillgate.core import accounts
from tillgate.core.money import Money
from tillgate.flows.gateway import Caller, Gateway
from tillgate.store import balances


async def owed(gateway: Gateway, caller: Caller) -> list[Money]:
    """What the gateway owes a merchant, by currency; less than nothing where more was refunded than captured."""
    found = await balances.of_account(gateway.store, caller.tenant.id, accounts.PAYABLE)
    return [Money(amount, currency) for currency, amount in found.items()]
