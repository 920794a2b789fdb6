"""Readiness: whether the database answers, and has been set up."""

import sqlalchemy as sa

from tillgate.store import schema
from tillgate.store.database import Store

_SCHEMA = sa.select(schema.schema_state.c.schema).limit(1)


async def is_ready(store: Store) -> bool:
    """Whether a query is answered, whatever keeps it from being so."""
    try:
        return bool(await store.engine.fetch(_SCHEMA, {}))
    except Exception:
        return False
