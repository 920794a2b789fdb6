"""Finding one record: by its id, or by another name of it."""

from functools import cache
from typing import Any, TypeVar

import sqlalchemy as sa

from tillgate.core.records import Record
from tillgate.store import schema
from tillgate.store.database import Store
from tillgate.store.records import kept

R = TypeVar("R", bound=Record)


async def record(store: Store, type: type[R], tenant: str, id: str) -> R | None:
    """The record with this id, or None: another tenant's is as if it did not exist."""
    rows = await store.engine.fetch(_by_id(kept(type).table), {"tenant": tenant, "id": id})
    return kept(type).record(*rows[0]) if rows else None


async def alias(store: Store, tenant: str, kind: str, value: str) -> str | None:
    """The id that a foreign name stands for."""
    rows = await store.engine.fetch(_BY_ALIAS, {"tenant": tenant, "kind": kind, "value": value})
    return rows[0][0] if rows else None


@cache
def _by_id(table: sa.Table) -> sa.Select[Any]:
    return sa.select(table.c.shape, table.c.body).where(
        table.c.tenant == sa.bindparam("tenant"), table.c.id == sa.bindparam("id")
    )


_BY_ALIAS = sa.select(schema.aliases.c.id).where(
    schema.aliases.c.tenant == sa.bindparam("tenant"),
    schema.aliases.c.kind == sa.bindparam("kind"),
    schema.aliases.c.value == sa.bindparam("value"),
)
