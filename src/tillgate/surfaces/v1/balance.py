"""The balance on the wire: what the ledger says that the merchant is owed."""

import msgspec

from tillgate.core.credentials import Scope
from tillgate.core.money import Money
from tillgate.flows import balances
from tillgate.http.exchange import Reply
from tillgate.surfaces.v1.operations import Call, Nothing, operation, shown


class AmountShown(msgspec.Struct, frozen=True):
    """An amount in the smallest unit of a currency."""

    amount: int
    currency: str


class BalanceShown(msgspec.Struct, frozen=True, kw_only=True):
    """What the merchant is owed, per currency: `available` now, `pending` until it is settled."""

    object: str = "balance"
    available: list[AmountShown]
    pending: list[AmountShown]
    livemode: bool


def _shown(amounts: list[Money]) -> list[AmountShown]:
    return [AmountShown(money.amount, money.currency.lower()) for money in amounts]


@operation("GET", "/v1/balance", Scope.BALANCE_READ, Nothing, BalanceShown)
async def fetch(call: Call) -> Reply:
    """What the merchant is owed: captured, less fees and refunds, and what was paid out."""
    owed = await balances.owed(call.gateway, call.caller)
    available, pending = (_shown([getattr(one, name) for one in owed]) for name in ("available", "pending"))
    return await shown(call, BalanceShown(available=available, pending=pending, livemode=call.tenant.is_live))


OPERATIONS = (fetch,)
