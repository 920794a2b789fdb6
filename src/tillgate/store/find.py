"""Finding one record: by its id, or by another name of it."""

from collections.abc import Sequence
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


async def version(store: Store, type: type[R], tenant: str, id: str) -> int:
    """The version of the record with this id, which is another whenever it has changed; 0 where there is none."""
    rows = await store.engine.fetch(_version(kept(type).table), {"tenant": tenant, "id": id})
    return rows[0][0] if rows else 0


async def anywhere(store: Store, type: type[R], id: str) -> list[R]:
    """The records with this id, whosever they are, by tenant: of a type whose table has an index for it."""
    rows = await store.engine.fetch(_anywhere(kept(type).table), {"id": id})
    return sorted([kept(type).record(*row) for row in rows], key=lambda record: record.tenant)


async def of_person(store: Store, type: type[R], person: str) -> list[R]:
    """The records of a type that are a person's, in the order of their ids, whichever merchant's they are."""
    rows = await store.engine.fetch(_of_person(kept(type).table), {"person": person})
    return sorted([kept(type).record(*row) for row in rows], key=lambda record: record.id)


async def newest(store: Store, type: type[R], tenant: str, where: tuple[str, str]) -> R | None:
    """The newest record of which a query column equals a value."""
    column, value = where
    rows = await store.engine.fetch(_newest(kept(type).table, column), {"tenant": tenant, "value": value})
    return kept(type).record(*rows[0]) if rows else None


async def every(store: Store, type: type[R], tenant: str, ids: Sequence[str]) -> dict[str, R]:
    """The records with these ids, by id; those that do not exist are left out."""
    if not ids:
        return {}
    rows = await store.engine.fetch(_by_ids(kept(type).table, len(ids)), {"tenant": tenant, **_numbered(ids)})
    found = [kept(type).record(*row) for row in rows]
    return {record.id: record for record in found}


async def alias(store: Store, tenant: str, kind: str, value: str) -> str | None:
    """The id that a foreign name stands for."""
    rows = await store.engine.fetch(_BY_ALIAS, {"tenant": tenant, "kind": kind, "value": value})
    return rows[0][0] if rows else None


@cache
def _version(table: sa.Table) -> sa.Select[Any]:
    return sa.select(table.c.version).where(table.c.tenant == sa.bindparam("tenant"), table.c.id == sa.bindparam("id"))


@cache
def _by_id(table: sa.Table) -> sa.Select[Any]:
    return sa.select(table.c.shape, table.c.body).where(
        table.c.tenant == sa.bindparam("tenant"), table.c.id == sa.bindparam("id")
    )


@cache
def _anywhere(table: sa.Table) -> sa.Select[Any]:
    return sa.select(table.c.shape, table.c.body).where(table.c.id == sa.bindparam("id"))


@cache
def _of_person(table: sa.Table) -> sa.Select[Any]:
    return sa.select(table.c.shape, table.c.body).where(table.c.person == sa.bindparam("person"))


@cache
def _by_ids(table: sa.Table, count: int) -> sa.Select[Any]:
    wanted: list[Any] = [sa.bindparam(name) for name in _numbered([""] * count)]
    return sa.select(table.c.shape, table.c.body).where(
        table.c.tenant == sa.bindparam("tenant"), table.c.id.in_(wanted)
    )


def _numbered(values: Sequence[str]) -> dict[str, str]:
    return {f"value_{number}": value for number, value in enumerate(values)}


@cache
def _newest(table: sa.Table, column: str) -> sa.Select[Any]:
    return (
        sa.select(table.c.shape, table.c.body)
        .where(table.c.tenant == sa.bindparam("tenant"), table.c[column] == sa.bindparam("value"))
        .order_by(table.c.tenant.desc(), table.c[column].desc(), table.c.id.desc())
        .limit(1)
    )


_BY_ALIAS = sa.select(schema.aliases.c.id).where(
    schema.aliases.c.tenant == sa.bindparam("tenant"),
    schema.aliases.c.kind == sa.bindparam("kind"),
    schema.aliases.c.value == sa.bindparam("value"),
)
