"""Sandboxes: which places a merchant has given, and every row of one deleted, a portion at a time."""

from functools import cache
from typing import Any, Final

import sqlalchemy as sa

from tillgate.core import sandboxes
from tillgate.core.signing_keys import EVERYBODYS
from tillgate.store import schema
from tillgate.store.database import Store

_a = schema.aliases.c
_PLACES: Any = sa.select(_a.value).where(_a.tenant == sa.bindparam("tenant"), _a.kind == sandboxes.PLACE)

_FIRST: Final = (schema.credentials, schema.webhook_endpoints, schema.timers, schema.outbox)
"""What goes first, so that nobody gets in any more, and nothing happens by itself to what is being deleted."""

TABLES: Final = (
    *_FIRST,
    *(
        table
        for table in schema.metadata.sorted_tables
        if "tenant" in table.c and table not in (*_FIRST, schema.tenants)
    ),
    schema.tenants,
)
"""Every table in which a merchant has rows, in the order in which they are deleted: the merchant's own record last."""


async def places(store: Store, tenant: str) -> frozenset[str]:
    """The places that a merchant's sandboxes have (core.sandboxes.PLACE)."""
    return frozenset(row[0] for row in await store.engine.fetch(_PLACES, {"tenant": tenant}))


async def delete_keys(store: Store, tenant: str, most: int) -> int:
    """Delete a merchant's credentials; how many."""
    return await _delete(store, schema.credentials, tenant, most)


async def delete(store: Store, tenant: str, most: int) -> bool:
    """Delete rows of a merchant, so many of each table; whether there are none any more.

    That is looked for afterwards: somebody else who deletes the same rows leaves nothing to count.
    """
    for table in TABLES:
        await _delete(store, table, tenant, most)
    names = await store.engine.change(_UNNAMING, {**_place(tenant), "most": most})
    return not names and not await store.engine.fetch(_LEFT, {"tenant": tenant, **_place(tenant)})


def _place(tenant: str) -> dict[str, str]:
    """Between which values is what the names of a merchant's tickets stand for: its id, a space, and theirs."""
    return {"from_": f"{tenant} ", "until": f"{tenant}!"}


_NAMES: Final = f"from aliases where tenant = '{EVERYBODYS}' and id >= :from_ and id < :until"
_CHOSEN: Final = f"select kind, value {_NAMES} order by id, kind, value limit :most"
_UNNAMING: Any = sa.text(
    f"delete from aliases where tenant = '{EVERYBODYS}' and (kind, value) in ({_CHOSEN}) returning kind"
)

_LEFT: Any = sa.text(
    " union all ".join(
        [f"select '{table.name}' where exists (select 1 from {table.name} where tenant = :tenant)" for table in TABLES]
        + [f"select 'names' where exists (select 1 {_NAMES})"]
    )
)


async def _delete(store: Store, table: sa.Table, tenant: str, most: int) -> int:
    return len(await store.engine.change(_deletion(table), {"tenant_": tenant, "most": most}))


@cache
def _deletion(table: sa.Table) -> sa.UpdateBase:
    key = list(table.primary_key)
    chosen = sa.select(*key).where(table.c.tenant == sa.bindparam("tenant_")).order_by(*key).limit(sa.bindparam("most"))
    return sa.delete(table).where(sa.tuple_(*key).in_(chosen)).returning(table.c.tenant)
