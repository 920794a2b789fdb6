"""Transactions: payments and refunds, seen as one list."""

from collections.abc import Sequence

import msgspec

from tillgate.core.payments import Payment
from tillgate.core.reasons import Reason, Refused
from tillgate.core.refunds import Refund
from tillgate.core.transactions import Transaction, TransactionType
from tillgate.flows.gateway import Caller, Gateway
from tillgate.store import find, transactions
from tillgate.store.transactions import Wanted

Source = Payment | Refund


class Page(msgspec.Struct, frozen=True):
    """Transactions with what they are views of, and how many there are on all pages."""

    transactions: Sequence[tuple[Transaction, Source]]
    total: int


async def page(gateway: Gateway, caller: Caller, wanted: Wanted, limit: int, offset: int) -> Page:
    """A merchant's transactions, newest first."""
    total = await transactions.count(gateway.store, caller.tenant.id, wanted)
    if offset >= total:
        return Page((), total)
    found = await transactions.page(gateway.store, caller.tenant.id, wanted, limit, offset)
    return Page(await _with_sources(gateway, caller, found), total)


async def fetch(gateway: Gateway, caller: Caller, transaction_id: str) -> tuple[Transaction, Source]:
    """A merchant's transaction. Raises Refused(NOT_FOUND)."""
    found = await transactions.find(gateway.store, caller.tenant.id, transaction_id)
    if found is None:
        raise Refused(Reason.NOT_FOUND, "transaction", object="transaction", id=transaction_id)
    return (await _with_sources(gateway, caller, [found]))[0]


async def _with_sources(
    gateway: Gateway, caller: Caller, found: Sequence[Transaction]
) -> Sequence[tuple[Transaction, Source]]:
    sources: dict[str, Source] = {}
    records: dict[TransactionType, type[Source]] = {TransactionType.PAYMENT: Payment, TransactionType.REFUND: Refund}
    for kind, record in records.items():
        if wanted := [each.source for each in found if each.type is kind]:
            sources |= await find.every(gateway.store, record, caller.tenant.id, wanted)
    return [(each, sources[each.source]) for each in found]
