"""Balance transactions on the wire: what moved the merchant's balance, line by line."""

import enum
from collections.abc import Sequence
from typing import Annotated

import msgspec

from tillgate.core import balance_transactions as core
from tillgate.core import currencies, escrow_orders
from tillgate.core.balance_transactions import BalanceTransaction
from tillgate.core.credentials import Scope
from tillgate.core.escrows import PREFIX as ORDER
from tillgate.core.instants import Instant, unix_seconds
from tillgate.core.ledger import MovementType
from tillgate.flows import balances
from tillgate.http.exchange import Reply
from tillgate.store.lists import Cursor
from tillgate.surfaces.v1 import expansion, payment_names
from tillgate.surfaces.v1.forms import ListGiven, ListShown, MovedAmount, MovedAmountsGiven, amounts_of
from tillgate.surfaces.v1.listings import Listing
from tillgate.surfaces.v1.operations import Call, Nothing, operation, shown

_DESCRIPTIONS = {
    MovementType.CHARGE: "Payment",
    MovementType.REFUND: "Refund",
    MovementType.ADJUSTMENT: "Adjustment",
    MovementType.PAYOUT: "Payout",
    MovementType.PAYOUT_FAILURE: "Failure of payout",
    MovementType.PAYOUT_CANCEL: "Cancellation of payout",
    MovementType.ESCROW_HOLD: "Held in escrow",
    MovementType.ESCROW_RELEASE: "Released from escrow",
}

_OF_ORDERS = frozenset({MovementType.ESCROW_HOLD, MovementType.ESCROW_RELEASE})
"""What is told of a payment under its name as an order."""


class BalanceTransactionStatus(enum.StrEnum):
    """Whether it can be paid out."""

    PENDING = "pending"
    AVAILABLE = "available"


class BalanceTransactionsGiven(ListGiven, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A page of balance transactions: of one type, in one currency, of one payment, order, refund or payout, of some
    amount, as is said."""

    type: MovementType | None = None
    currency: str | None = None
    source: str | None = None
    payout: str | None = None
    amount: MovedAmount | MovedAmountsGiven | None = None


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
    source: Annotated[str, expansion.ids("pay", "eo", "re", "dp", "po")]
    amount: int
    fee: int
    net: int
    currency: str
    status: BalanceTransactionStatus
    description: str
    fee_details: Sequence[FeeShown]
    available_on: int
    created: int
    livemode: bool


def source_of(moved: BalanceTransaction) -> str:
    """What a movement was for, by its name in this API."""
    return escrow_orders.order_id(moved.source) if moved.type in _OF_ORDERS else moved.source


def show(moved: BalanceTransaction, *, now: Instant, livemode: bool) -> BalanceTransactionShown:
    """A movement in this API's form, as it stands `now`."""
    currency, is_available = moved.currency.lower(), moved.available_at <= now
    source = source_of(moved)
    fees = [FeeShown(type="processing_fee", amount=moved.fee, currency=currency, description="Processing")]
    return BalanceTransactionShown(
        id=moved.id,
        type=moved.type,
        source=source,
        amount=moved.amount,
        fee=moved.fee,
        net=moved.net,
        currency=currency,
        status=BalanceTransactionStatus.AVAILABLE if is_available else BalanceTransactionStatus.PENDING,
        description=f"{_DESCRIPTIONS[moved.type]} {source}",
        fee_details=fees if moved.fee else [],
        available_on=unix_seconds(moved.available_at),
        created=unix_seconds(moved.occurred_at),
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
    found = await _find(call, given, given.cursor("bt"))
    data = [_shown(call, moved) for moved in found.records]
    return await shown(call, ListShown(url="/v1/balance_transactions", has_more=found.has_more, data=data))


class _Page(msgspec.Struct, frozen=True):
    records: Sequence[BalanceTransaction]
    has_more: bool


async def _find(call: Call, given: BalanceTransactionsGiven, cursor: Cursor) -> _Page:
    found, has_more = await balances.page(
        call.gateway,
        call.caller,
        cursor,
        type=given.type,
        currency=currencies.parse(given.currency, "currency") if given.currency is not None else None,
        source=_source(given.source) if given.source is not None else None,
        payout=given.payout,
        amounts=amounts_of(given.amount),
    )
    return _Page(found, has_more)


def _source(id: str) -> str:
    """An order's lines are its own: those that its payment has beside them are found by that one's names."""
    return id if id.startswith(f"{ORDER}_") else payment_names.payment(id)


def _shown(call: Call, moved: BalanceTransaction) -> BalanceTransactionShown:
    return show(moved, now=call.gateway.clock.now(call.tenant.id), livemode=call.tenant.is_live)


LISTING = Listing(
    "balance_transactions",
    "bt",
    Scope.BALANCE_READ,
    BalanceTransactionsGiven,
    BalanceTransactionShown,
    _find,
    _shown,
)


@operation("GET", "/v1/balance_transactions/{id}", Scope.BALANCE_READ, Nothing, BalanceTransactionShown)
async def fetch(call: Call) -> Reply:
    """One movement of the balance."""
    return await shown(call, await _fetch(call, call.id))


@expansion.kind("bt", BalanceTransactionShown, Scope.BALANCE_READ)
async def _fetch(call: Call, id: str) -> BalanceTransactionShown:
    moved = next((core.of_entry(entry) for entry in call.after.posted if entry.balance_transaction == id), None)
    moved = moved or await balances.fetch(call.gateway, call.caller, id)
    return show(moved, now=call.gateway.clock.now(call.tenant.id), livemode=call.tenant.is_live)


OPERATIONS = (page, fetch)
