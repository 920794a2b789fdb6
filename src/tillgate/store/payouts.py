"""Payouts: which lines are due, and what those of a statement sum to."""

from typing import Any

import sqlalchemy as sa

from tillgate.core.decisions import Taking
from tillgate.core.instants import Instant
from tillgate.core.payouts import Lines, Settlement
from tillgate.store import schema
from tillgate.store.database import Store

_e = schema.entries.c

_WAITING = (
    _e.tenant == sa.bindparam("tenant"),
    _e.currency == sa.bindparam("currency"),
    _e.statement.is_(None),
    _e.available_at.is_not(None),
)

_ORDER = (_e.tenant, _e.currency, _e.available_at, _e.balance_transaction)


def _due(order: list[sa.ColumnElement[Any]]) -> sa.Select[Any]:
    query = sa.select(_e.available_at, _e.balance_transaction).where(*_WAITING)
    return query.where(_e.available_at <= sa.bindparam("now")).order_by(*order).limit(1)


_FULL = _due([key.asc() for key in _ORDER]).offset(sa.bindparam("most"))
_LAST = _due([key.desc() for key in _ORDER])

_PENDING = sa.select(sa.func.coalesce(sa.func.sum(_e.net), 0)).where(*_WAITING, _e.available_at > sa.bindparam("now"))

_LINES = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(_e.net), 0)).where(
    _e.tenant == sa.bindparam("tenant"),
    _e.statement == sa.bindparam("statement"),
)


async def due(store: Store, settlement: Settlement, now: Instant, most: int) -> Taking | None:
    """What is available and in no statement yet, the first `most` lines of it; None where there is nothing."""
    values = {"tenant": settlement.tenant, "currency": settlement.id, "now": now}
    rows = await store.engine.fetch(_FULL, {**values, "most": most - 1}) or await store.engine.fetch(_LAST, values)
    if not rows:
        return None
    return Taking(settlement.tenant, settlement.id, rows[0][0], rows[0][1], settlement.statement)


async def lines(store: Store, tenant: str, statement: str) -> Lines:
    """How many lines a statement has, and what they sum to."""
    rows = await store.engine.fetch(_LINES, {"tenant": tenant, "statement": statement})
    return Lines(int(rows[0][0]), int(rows[0][1]))


async def pending(store: Store, tenant: str, currency: str, now: Instant) -> int:
    """What moved the balance in a currency, and is not available yet, in minor units."""
    rows = await store.engine.fetch(_PENDING, {"tenant": tenant, "currency": currency, "now": now})
    return int(rows[0][0])
