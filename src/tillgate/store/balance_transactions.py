"""Balance transactions: the entries of the ledger that moved what a merchant is owed, newest first."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import msgspec
import sqlalchemy as sa

from tillgate.core import balance_transactions
from tillgate.core.balance_transactions import BalanceTransaction
from tillgate.core.ledger import MovementType, Posting
from tillgate.core.money import Money
from tillgate.store import lists, schema
from tillgate.store.database import Store
from tillgate.store.lists import Cursor

_e = schema.entries.c
_p = schema.postings.c


class Wanted(msgspec.Struct, frozen=True):
    """Which balance transactions: those that fit everything that is said.

    `amount_from` and `amount_to` are minor units before fees, both included, less than nothing for what was taken.
    `source` comes with `entries_above` and `entries_below`, bounds on the natural ids of what is posted for it.
    """

    type: MovementType | None = None
    currency: str | None = None
    source: str | None = None
    entries_above: str | None = None
    entries_below: str | None = None
    statement: str | None = None
    amount_from: int | None = None
    amount_to: int | None = None


async def page(store: Store, tenant: str, wanted: Wanted, cursor: Cursor) -> tuple[list[BalanceTransaction], bool]:
    """One page, newest first, and whether there are more in the direction of paging."""
    query = _page(_asked(wanted, cursor))
    values = {
        "tenant": tenant,
        **msgspec.to_builtins(wanted),
        **msgspec.structs.asdict(cursor),
        "most": cursor.limit + 1,
    }
    rows = list(await store.engine.fetch(query, values))
    has_more = len(rows) > cursor.limit
    rows = rows[: cursor.limit]
    if cursor.before is not None:
        rows.reverse()
    return await _told(store, tenant, rows), has_more


async def find(store: Store, tenant: str, id: str) -> BalanceTransaction | None:
    """The balance transaction with this id, or None."""
    rows = await store.engine.fetch(_BY_ID, {"tenant": tenant, "id": id})
    return (await _told(store, tenant, rows))[0] if rows else None


async def of_entries(store: Store, tenant: str, entries: Sequence[str]) -> dict[str, str]:
    """The balance transactions of entries, by the entries' natural ids; those that are not there are left out."""
    values = {f"entry_{number}": entry for number, entry in enumerate(entries)}
    rows = await store.engine.fetch(_of_entries(len(entries)), {"tenant": tenant, **values})
    return {row[0]: row[1] for row in rows}


async def _told(store: Store, tenant: str, rows: Sequence[Any]) -> list[BalanceTransaction]:
    """Entries with what their postings say."""
    if not rows:
        return []
    names = {f"entry_{number}": row[0] for number, row in enumerate(rows)}
    postings: dict[str, list[Posting]] = {}
    for entry, source, destination, currency, amount in await store.engine.fetch(
        _postings(len(rows)), {"tenant": tenant, **names}
    ):
        postings.setdefault(entry, []).append(Posting(source, destination, Money(amount, currency)))
    return [
        balance_transactions.of_postings(id, MovementType(type), subject, occurred_at, available_at, postings[entry])
        for entry, id, type, subject, occurred_at, available_at in rows
    ]


_COLUMNS = (_e.id, _e.balance_transaction, _e.type, _e.subject, _e.occurred_at, _e.available_at)
_BY_ID = sa.select(*_COLUMNS).where(_e.tenant == sa.bindparam("tenant"), _e.balance_transaction == sa.bindparam("id"))


def _asked(wanted: Wanted, cursor: Cursor) -> frozenset[str]:
    said = {name for each in (wanted, cursor) for name in each.__struct_fields__ if getattr(each, name) is not None}
    # The index of refunds is known by its condition, which has to stand in the query word for word.
    return frozenset(said | ({"refunds"} if wanted.type is MovementType.REFUND else set()))


@cache
def _page(asked: frozenset[str]) -> sa.Select[Any]:
    id = _e.balance_transaction
    query = sa.select(*_COLUMNS).where(_e.tenant == sa.bindparam("tenant"), id.is_not(None))
    if "refunds" in asked:
        query = query.where(_e.type == sa.literal_column("'refund'"))
    elif "type" in asked:
        query = query.where(_e.type == sa.bindparam("type"))
    if "source" in asked:
        # What was posted for a payment lies together: it is few rows, and cheaper to sort than the rest is to search.
        bounds = (_e.id >= sa.bindparam("entries_above"), _e.id < sa.bindparam("entries_below"))
        query = query.where(_e.subject == sa.bindparam("source"), *bounds)
    if "statement" in asked:
        query = query.where(_e.statement == sa.bindparam("statement"))
    if "currency" in asked:
        query = query.where(_e.currency == sa.bindparam("currency"))
    if "amount_from" in asked:
        query = query.where(_e.amount >= sa.bindparam("amount_from"))
    if "amount_to" in asked:
        query = query.where(_e.amount <= sa.bindparam("amount_to"))
    for name in sorted(asked & lists.BOUNDS.keys()):
        query = query.where(lists.BOUNDS[name](id, sa.bindparam(name)))
    order = (_e.tenant, *((_e.statement,) if "statement" in asked else ()), id)
    ordered = [key.asc() if "before" in asked else key.desc() for key in order]
    return query.order_by(*ordered).limit(sa.bindparam("most"))


@cache
def _of_entries(count: int) -> sa.Select[Any]:
    wanted: list[Any] = [sa.bindparam(f"entry_{number}") for number in range(count)]
    id = _e.balance_transaction
    return sa.select(_e.id, id).where(_e.tenant == sa.bindparam("tenant"), _e.id.in_(wanted), id.is_not(None))


@cache
def _postings(count: int) -> sa.Select[Any]:
    wanted: list[Any] = [sa.bindparam(f"entry_{number}") for number in range(count)]
    return (
        sa.select(_p.entry, _p.source, _p.destination, _p.currency, _p.amount)
        .where(_p.tenant == sa.bindparam("tenant"), _p.entry.in_(wanted))
        .order_by(_p.tenant, _p.entry, _p.line)
    )
