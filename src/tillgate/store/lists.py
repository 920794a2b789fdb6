"""Lists: one tenant's records, newest first, page by page.

Ids are minted from the time of creation, so that the order of ids is the order of `(created, id)` and every page is one
range of an index.
"""

import operator
from collections.abc import Mapping
from functools import cache
from typing import Any, Generic, TypeVar

import msgspec
import sqlalchemy as sa

from tillgate.core.records import Record
from tillgate.store.database import Store
from tillgate.store.records import kept

R = TypeVar("R", bound=Record)


class Cursor(msgspec.Struct, frozen=True):
    """Where a page lies: right after an id (older ones), or right before one (newer ones), or at the newest.

    Nothing in it has an id lower than `at_least`, nor one as high as `below`; as ids tell time, so do these.
    """

    limit: int
    after: str | None = None
    before: str | None = None
    at_least: str | None = None
    below: str | None = None


_EVERYTHING: Mapping[str, str] = {}


class Page(msgspec.Struct, Generic[R], frozen=True):
    """Records newest first, and whether there are more in the direction of paging."""

    records: tuple[R, ...]
    has_more: bool


async def page(
    store: Store,
    type: type[R],
    tenant: str,
    cursor: Cursor,
    *,
    where: Mapping[str, str] = _EVERYTHING,
) -> Page[R]:
    """One page of a tenant's records, of those only whose query columns equal the values of `where`."""
    bounds = frozenset(name for name in BOUNDS if getattr(cursor, name) is not None)
    query = _page(kept(type).table, tuple(where), bounds)
    values = {
        "tenant": tenant,
        "after": cursor.after,
        "before": cursor.before,
        "at_least": cursor.at_least,
        "below": cursor.below,
        "most": cursor.limit + 1,
        **{f"is_{name}": is_ for name, is_ in where.items()},
    }
    rows = list(await store.engine.fetch(query, values))
    has_more = len(rows) > cursor.limit
    records = [kept(type).record(*row) for row in rows[: cursor.limit]]
    if cursor.before is not None:
        records.reverse()
    return Page(tuple(records), has_more)


async def every(store: Store, type: type[R]) -> list[R]:
    """All records of a type that there are few of, whosever they are, in the order of their ids."""
    return [kept(type).record(*row) for row in await store.engine.fetch(_every(kept(type).table), {})]


@cache
def _every(table: sa.Table) -> sa.Select[Any]:
    return sa.select(table.c.shape, table.c.body).order_by(table.c.tenant, table.c.id)


BOUNDS = {"after": operator.lt, "before": operator.gt, "at_least": operator.ge, "below": operator.lt}


@cache
def _page(table: sa.Table, columns: tuple[str, ...], bounds: frozenset[str]) -> sa.Select[Any]:
    query = sa.select(table.c.shape, table.c.body).where(table.c.tenant == sa.bindparam("tenant"))
    order: list[sa.ColumnElement[Any]] = [table.c.tenant, table.c.id]
    for column in columns:
        query = query.where(table.c[column] == sa.bindparam(f"is_{column}"))
        order.insert(1, table.c[column])
    for name in sorted(bounds):
        query = query.where(BOUNDS[name](table.c.id, sa.bindparam(name)))
    # Naming every column of the index in the order keeps a planner from sorting what the index already gives in order.
    ordered = [key.asc() if "before" in bounds else key.desc() for key in order]
    return query.order_by(*ordered).limit(sa.bindparam("most"))
