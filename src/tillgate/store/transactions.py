"""Transactions: pages and counts of the one list of payments and refunds."""

from functools import cache
from typing import Any

import msgspec
import sqlalchemy as sa

from tillgate.core.transactions import Transaction, TransactionStatus, TransactionType
from tillgate.store import lists, schema
from tillgate.store.database import Store

_t = schema.transactions.c


class Wanted(msgspec.Struct, frozen=True):
    """Which transactions: those that fit everything that is said.

    `after` (older ones), `before` (newer ones), `at_least` and `below` are bounds on ids.
    """

    status: TransactionStatus | None = None
    type: TransactionType | None = None
    currency: str | None = None
    customer: str | None = None
    id: str | None = None
    after: str | None = None
    before: str | None = None
    at_least: str | None = None
    below: str | None = None


async def page(store: Store, tenant: str, wanted: Wanted, limit: int, offset: int) -> list[Transaction]:
    """So many of a tenant's transactions, newest first, after having passed over `offset`.

    Where they are to be newer than `before`, those nearest to it come first.
    """
    values = {**_values(tenant, wanted), "most": limit, "offset": offset}
    rows = await store.engine.fetch(_page(_asked(wanted)), values)
    return [_of_row(tenant, row) for row in rows]


async def count(store: Store, tenant: str, wanted: Wanted) -> int:
    """How many of a tenant's transactions there are."""
    rows = await store.engine.fetch(_count(_asked(wanted)), _values(tenant, wanted))
    return int(rows[0][0])


async def find(store: Store, tenant: str, id: str) -> Transaction | None:
    """The transaction with this id, or None."""
    rows = await store.engine.fetch(_BY_ID, {"tenant": tenant, "id": id})
    return _of_row(tenant, rows[0]) if rows else None


_COLUMNS = (_t.id, _t.type, _t.status, _t.currency, _t.customer)
_BY_ID = sa.select(*_COLUMNS).where(_t.tenant == sa.bindparam("tenant"), _t.id == sa.bindparam("id"))


def _of_row(tenant: str, row: Any) -> Transaction:
    return Transaction(tenant, row[0], TransactionType(row[1]), TransactionStatus(row[2]), row[3], row[4])


def _asked(wanted: Wanted) -> frozenset[str]:
    asked = {name for name in Wanted.__struct_fields__ if getattr(wanted, name) is not None}
    # The index of refunds is known by its condition, which has to stand in the query word for word.
    return frozenset(asked | ({"refunds"} if wanted.type is TransactionType.REFUND else set()))


def _values(tenant: str, wanted: Wanted) -> dict[str, Any]:
    return {"tenant": tenant, **msgspec.to_builtins(wanted)}


def _where(asked: frozenset[str]) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = [_t.tenant == sa.bindparam("tenant")]
    conditions += [_t[name] == sa.bindparam(name) for name in ("status", "currency", "customer", "id") if name in asked]
    if "refunds" in asked:
        conditions.append(_t.type == sa.literal_column("'refund'"))
    elif "type" in asked:
        conditions.append(_t.type == sa.bindparam("type"))
    bounds = sorted(asked & lists.BOUNDS.keys())
    return conditions + [lists.BOUNDS[name](_t.id, sa.bindparam(name)) for name in bounds]


@cache
def _page(asked: frozenset[str]) -> sa.Select[Any]:
    # Naming every column of the index in the order keeps a planner from sorting what the index already gives in order.
    by = [_t[name] for name in ("customer", "status") if name in asked][:1] if "refunds" not in asked else []
    order = [key.asc() if "before" in asked else key.desc() for key in (_t.tenant, *by, _t.id)]
    query = sa.select(*_COLUMNS).where(*_where(asked)).order_by(*order)
    return query.limit(sa.bindparam("most")).offset(sa.bindparam("offset"))


@cache
def _count(asked: frozenset[str]) -> sa.Select[Any]:
    return sa.select(sa.func.count()).select_from(schema.transactions).where(*_where(asked))
