"""Planted faults: who has any, found for all who ask at once, and which a merchant has."""

import asyncio
from typing import TypeAlias

import sqlalchemy as sa

from tillgate.core.faults import Fault
from tillgate.core.instants import Instant
from tillgate.store import schema
from tillgate.store.engine import Engine
from tillgate.store.records import kept

_MOST_NAMED = 100

_Look: TypeAlias = "asyncio.Task[frozenset[str] | None]"

_f = schema.faults.c
_PLANTED_BY = (
    sa.select(_f.tenant)
    .where(_f.lives_until.is_not(None), _f.lives_until > sa.bindparam("wall"))
    .order_by(_f.lives_until)
    .limit(_MOST_NAMED + 1)
)
_OF_TENANT = (
    sa.select(_f.shape, _f.body)
    .where(_f.tenant == sa.bindparam("tenant"), _f.lives_until > sa.bindparam("wall"))
    .order_by(_f.tenant, _f.id)
)


class Planted:
    """The faults that wait for their requests. Every payment asks, and hardly any merchant has planted one.

    So all who ask while a look is under way share the next one, which finds out who has any at all.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._next: _Look | None = None
        self._last: _Look | None = None

    async def of(self, tenant: str, wall: Instant) -> list[Fault]:
        """A tenant's, oldest first: each that was planted before this was called, and has not expired."""
        if self._next is None:
            before = self._last
            self._next = self._last = asyncio.get_running_loop().create_task(self._look(before, wall))
        planters = await asyncio.shield(self._next)
        if planters is not None and tenant not in planters:
            return []
        rows = await self._engine.fetch(_OF_TENANT, {"tenant": tenant, "wall": wall})
        return [kept(Fault).record(*row) for row in rows]

    async def _look(self, before: "_Look | None", wall: Instant) -> frozenset[str] | None:
        """The tenants that have planted something; None where they are too many to be named."""
        if before is not None:
            await asyncio.wait([before])
        self._next = None
        rows = await self._engine.fetch(_PLANTED_BY, {"wall": wall})
        return None if len(rows) > _MOST_NAMED else frozenset(row[0] for row in rows)
