"""Merchants' clocks: all that were ever moved, as every process is to know them."""

from typing import Any

import sqlalchemy as sa

from tillgate.core.clocks import Reading
from tillgate.store import schema
from tillgate.store.database import Store

_c = schema.clocks.c
_ALL: Any = sa.select(_c.tenant, _c.version, _c.ahead, _c.stands_at)


async def readings(store: Store) -> dict[str, Reading]:
    """What tells the time, by merchant."""
    return {row[0]: Reading(*row[1:]) for row in await store.engine.fetch(_ALL, {})}
