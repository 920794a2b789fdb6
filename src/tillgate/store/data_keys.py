"""Data keys: the vault's wrapped keys, kept beside what they seal."""

import sqlalchemy as sa

from tillgate.store import schema
from tillgate.store.database import Store

_keys = schema.data_keys.c
_ALL = sa.select(_keys.id, _keys.body).order_by(_keys.id)
_BY_ID = sa.select(_keys.body).where(_keys.id == sa.bindparam("id"))


async def load(store: Store) -> list[str]:
    """All of them, oldest first, as they were written."""
    return [row[1] for row in await store.engine.fetch(_ALL, {})]


async def add(store: Store, id: int, body: str) -> str:
    """Keep a key under an id that is free, or leave the one that has it; the one that is there now."""
    await store.engine.claim(schema.data_keys, (id, body))
    rows = await store.engine.fetch(_BY_ID, {"id": id})
    return str(rows[0][0])


async def replace(store: Store, id: int, was: str, now: str) -> None:
    """Write a key in place of what it was, unless it is that no more."""
    await store.engine.change(_REPLACE, {"id_": id, "was": was, "now": now})


async def remove(store: Store, id: int) -> None:
    """Forget a key for good."""
    await store.engine.change(_REMOVE, {"id_": id})


_REPLACE = (
    sa.update(schema.data_keys)
    .where(_keys.id == sa.bindparam("id_"), _keys.body == sa.bindparam("was"))
    .values(body=sa.bindparam("now"))
    .returning(_keys.id)
)
_REMOVE = sa.delete(schema.data_keys).where(_keys.id == sa.bindparam("id_")).returning(_keys.id)
