"""Readiness: whether the database answers, and has a schema that this release can work with."""

import asyncio
from typing import Final

import sqlalchemy as sa

from tillgate.store import schema
from tillgate.store.database import Store

PATIENCE_SECONDS: Final = 3.0

_STATE = (
    sa.select(schema.schema_state.c.schema, schema.schema_state.c.oldest_compatible)
    .order_by(schema.schema_state.c.schema.desc())
    .limit(1)
)


async def trouble(store: Store) -> str | None:
    """What keeps the database from being worked with, in a sentence; None where nothing does."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            rows = await store.engine.fetch(_STATE, {})
    except Exception:
        return "the database does not answer"
    if not rows or rows[0][0] < schema.CURRENT:
        return "the database is not migrated"
    if rows[0][1] > schema.CURRENT:
        return "the database is too new for this release"
    return None
