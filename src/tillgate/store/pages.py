"""Pages: records that have some terms, newest first, by number of page, and how many there are in all."""

from collections.abc import Sequence
from functools import cache
from typing import Any, TypeVar

import sqlalchemy as sa

from tillgate.core.records import Record
from tillgate.store import filters, find, ranges, schema
from tillgate.store.database import Store

R = TypeVar("R", bound=Record)


async def by_terms(
    store: Store, type: type[R], tenant: str, terms: Sequence[tuple[str, str]], *, skip: int, most: int
) -> tuple[list[R], int]:
    """So many of a tenant's records after the first few, all of which have these terms, of which there is one at least.

    The first term says which range of the index is read: put the rarest first.
    """
    prefix, values = filters.PREFIXES[type], {"tenant": tenant, **filters.term_values(terms)}
    rows = await store.engine.fetch(_page(prefix, len(terms)), {**values, "skip": skip, "most": most})
    ids = [row[0] for row in rows]
    found = await find.every(store, type, tenant, ids)
    counted = await store.engine.fetch(_count(prefix, len(terms)), values)
    return [found[id] for id in ids if id in found], int(counted[0][0])


@cache
def _page(prefix: str, count: int) -> sa.Select[Any]:
    query = sa.select(schema.terms.c.id).where(*filters.of_terms(prefix, count))
    order = ranges.ordered(*filters.in_order_of_terms(), oldest_first=False)
    return query.order_by(*order).limit(sa.bindparam("most")).offset(sa.bindparam("skip"))


@cache
def _count(prefix: str, count: int) -> sa.Select[Any]:
    return sa.select(sa.func.count()).select_from(schema.terms).where(*filters.of_terms(prefix, count))
