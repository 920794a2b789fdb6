"""Numbers: which gapless number of its merchant's day a record was given, and which record has one."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from tillgate.store import ranges, schema
from tillgate.store.database import Store

_n = schema.numbers.c
_s = schema.series.c


async def of(store: Store, tenant: str, subjects: Sequence[str]) -> dict[str, int]:
    """The numbers of records by their ids; those without one are left out."""
    if not subjects:
        return {}
    wanted: list[Any] = [sa.bindparam(f"subject_{number}") for number in range(len(subjects))]
    query = sa.select(_n.subject, _n.number).where(
        _n.tenant == sa.bindparam("tenant"), _n.subject.in_(wanted), _n.series >= "day:", _n.series < "day;"
    )
    rows = await store.engine.fetch(query, {"tenant": tenant, **ranges.numbered("subject", list(subjects))})
    return {row[0]: row[1] for row in rows}


async def bearing(store: Store, tenant: str, number: int) -> list[str]:
    """The records that have this number in their days, newest day first."""
    rows = await store.engine.fetch(_BEARING, {"tenant": tenant, "number": number})
    return [row[0] for row in rows]


async def in_series(store: Store, tenant: str, series: str, subjects: Sequence[str]) -> dict[str, int]:
    """The numbers that records have in one series by their ids; those without one are left out."""
    if not subjects:
        return {}
    wanted: list[Any] = [sa.bindparam(f"subject_{number}") for number in range(len(subjects))]
    query = sa.select(_n.subject, _n.number).where(
        _n.tenant == sa.bindparam("tenant"), _n.subject.in_(wanted), _n.series == sa.bindparam("series")
    )
    values = {"tenant": tenant, "series": series, **ranges.numbered("subject", list(subjects))}
    return {row[0]: row[1] for row in await store.engine.fetch(query, values)}


async def subject(store: Store, tenant: str, series: str, number: int) -> str | None:
    """The record that has a number in a series."""
    rows = await store.engine.fetch(_SUBJECT, {"tenant": tenant, "series": series, "number": number})
    return rows[0][0] if rows else None


_SUBJECT = sa.select(_n.subject).where(
    _n.tenant == sa.bindparam("tenant"), _n.series == sa.bindparam("series"), _n.number == sa.bindparam("number")
)


async def of_series(store: Store, tenant: str, first: str, last: str) -> list[tuple[str, int]]:
    """The records of series from the first to the last, both included, with their numbers, in order."""
    values = {"tenant": tenant, "first": first, "last": last}
    return [(subject, number) for subject, number in await store.engine.fetch(_OF_SERIES, values)]


_OF_SERIES = (
    sa.select(_n.subject, _n.number)
    .where(_n.tenant == sa.bindparam("tenant"), _n.series >= sa.bindparam("first"), _n.series <= sa.bindparam("last"))
    .order_by(_n.series, _n.number)
)

# By the days that there are, so that each is one look into the key.
_BEARING = (
    sa.select(_n.subject)
    .join_from(
        schema.series,
        schema.numbers,
        sa.and_(_n.tenant == _s.tenant, _n.series == _s.series, _n.number == sa.bindparam("number")),
    )
    .where(_s.tenant == sa.bindparam("tenant"), _s.series >= "day:", _s.series < "day;")
    .order_by(_s.series.desc())
)
