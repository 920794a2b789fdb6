"""Balance transactions on the wire: what moved the merchant's balance, line by line."""

from collections.abc import Sequence
from typing import Annotated

import msgspec

from tillgate.core import currencies
from tillgate.core.balance_transactions import BalanceTransaction
from tillgate.core.credentials import Scope
from tillgate.core.instants import unix_seconds
from tillgate.core.ledger import MovementType
from tillgate.flows import balances
from tillgate.http.exchange import Reply
from tillgate.surfaces.v1 import expansion
from tillgate.surfaces.v1.forms import ListGiven, ListShown
from tillgate.surfaces.v1.operations import Call, Nothing, operation, shown

_DESCRIPTIONS = {MovementType.CHARGE: "Payment", MovementType.REFUND: "Refund", MovementType.ADJUSTMENT: "Adjustment"}


class BalanceTransactionsGiven(ListGiven, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A page of balance transactions, of one type, in one currency or of one payment or refund if named."""

    type: MovementType | None = None
    currency: str | None = None
    source: str | None = None


class FeeShown(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a fee."""

    type: str
    amount: int
    currency: str
    description: str


class BalanceTransactionShown(msgspec.Struct, frozen=True, kw_only=True):
    """A movement of the balance; those of all time add up to it."""

    id: str
    object: str = "balance_transaction"
    type: MovementType
    source: Annotated[str, expansion.ids("pay", "re", "dp")]
    amount: int
    fee: int
    net: int
    currency: str
    status: str = "available"
    description: str
    fee_details: Sequence[FeeShown]
    available_on: int
    created: int
    livemode: bool


def show(moved: BalanceTransaction, *, livemode: bool) -> BalanceTransactionShown:
    """A movement in this API's form. What is captured is available at once."""
    currency, second = moved.currency.lower(), unix_seconds(moved.occurred_at)
    fees = [FeeShown(type="processing_fee", amount=moved.fee, currency=currency, description="Processing")]
    return BalanceTransactionShown(
        id=moved.id,
        type=moved.type,
        source=moved.source,
        amount=moved.amount,
        fee=moved.fee,
        net=moved.net,
        currency=currency,
        description=f"{_DESCRIPTIONS[moved.type]} {moved.source}",
        fee_details=fees if moved.fee else [],
        available_on=second,
        created=second,
        livemode=livemode,
    )


@operation(
    "GET",
    "/v1/balance_transactions",
    Scope.BALANCE_READ,
    BalanceTransactionsGiven,
    ListShown[BalanceTransactionShown],
)
async def page(call: Call) -> Reply:
    """What moved the balance, newest first."""
    given: BalanceTransactionsGiven = call.given
    currency = currencies.parse(given.currency, "currency") if given.currency is not None else None
    found, has_more = await balances.page(
        call.gateway, call.caller, given.cursor("bt"), type=given.type, currency=currency, source=given.source
    )
    livemode = call.tenant.is_live
    data = [show(moved, livemode=livemode) for moved in found]
    return await shown(call, ListShown(url="/v1/balance_transactions", has_more=has_more, data=data))


@operation("GET", "/v1/balance_transactions/{id}", Scope.BALANCE_READ, Nothing, BalanceTransactionShown)
async def fetch(call: Call) -> Reply:
    """One movement of the balance."""
    return await shown(call, await _fetch(call, call.id))


@expansion.kind("bt", BalanceTransactionShown, Scope.BALANCE_READ)
async def _fetch(call: Call, id: str) -> BalanceTransactionShown:
    return show(await balances.fetch(call.gateway, call.caller, id), livemode=call.tenant.is_live)


OPERATIONS = (page, fetch)
