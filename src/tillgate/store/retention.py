"""Retention: finding what is to be erased, and deleting what nobody needs any more, in small portions."""

from collections.abc import Sequence
from functools import cache
from typing import Any, TypeVar

import sqlalchemy as sa

from tillgate.core.idempotency import IdempotencyKey
from tillgate.core.instants import Instant
from tillgate.core.records import Record
from tillgate.store import schema
from tillgate.store.database import Store
from tillgate.store.records import kept

MOST_KEYS = 500

R = TypeVar("R", bound=Record)


async def to_erase(store: Store, type: type[R], wall: Instant, most: int) -> list[R]:
    """Records with something sealed in them whose time is over, longest over first."""
    rows = await store.engine.fetch(_to_erase(kept(type).table), {"wall": wall, "most": most})
    return [kept(type).record(*row) for row in rows]


async def keys_about(store: Store, tenant: str, people: Sequence[str]) -> list[IdempotencyKey]:
    """Idempotency keys whose replies tell of these customers or payment methods; each of them has few."""
    rows = [
        row
        for person in people
        for row in await store.engine.fetch(_KEYS_ABOUT, {"tenant": tenant, "person": person, "most": MOST_KEYS})
    ]
    return [kept(IdempotencyKey).record(*row) for row in rows]


async def forget_keys(store: Store, before: Instant, most: int) -> int:
    """Delete idempotency keys that were claimed before an instant; how many."""
    return len(await store.engine.change(_FORGET_KEYS, {"before": before, "most": most}))


async def forget_credentials(store: Store, wall: Instant, most: int) -> int:
    """Delete credentials that may be forgotten by now; how many."""
    return len(await store.engine.change(_FORGET_CREDENTIALS, {"wall": wall, "most": most}))


async def forget(store: Store, type: type[Record], wall: Instant, most: int) -> int:
    """Delete records of a type that says of each when it may be forgotten; how many."""
    return len(await store.engine.change(_forget(kept(type).table), {"wall": wall, "most": most}))


async def forget_batches(store: Store, before: Instant, most: int) -> int:
    """Delete the marks of batches that were committed before an instant; how many."""
    return len(await store.engine.change(_FORGET_BATCHES, {"before": before, "most": most}))


async def forget_deliveries(store: Store, before: Instant, most: int) -> int:
    """Delete deliveries that were over before an instant; how many."""
    return len(await store.engine.change(_FORGET_DELIVERIES, {"before": before, "most": most}))


async def with_events_below(store: Store, below: str) -> list[str]:
    """The tenants that have events with ids below one, found by hopping from tenant to tenant."""
    return [row[0] for row in await store.engine.fetch(_WITH_EVENTS_BELOW, {"below": below})]


async def forget_events(store: Store, tenant: str, below: str, most: int) -> int:
    """Delete a tenant's events with ids below one; how many."""
    return len(await store.engine.change(_FORGET_EVENTS, {"tenant": tenant, "below": below, "most": most}))


async def forget_bodies(store: Store, tenant: str, below: str, most: int) -> int:
    """Delete the bodies of a tenant's events with ids below one; how many."""
    return len(await store.engine.change(_FORGET_BODIES, {"tenant": tenant, "below": below, "most": most}))


@cache
def _to_erase(table: sa.Table) -> sa.Select[Any]:
    return (
        sa.select(table.c.shape, table.c.body)
        .where(table.c.erase_at <= sa.bindparam("wall"))
        .order_by(table.c.erase_at)
        .limit(sa.bindparam("most"))
    )


@cache
def _forget(table: sa.Table) -> sa.UpdateBase:
    key = (table.c.tenant, table.c.id)
    over = sa.select(*key).where(table.c.erase_at <= sa.bindparam("wall")).limit(sa.bindparam("most"))
    return sa.delete(table).where(sa.tuple_(*key).in_(over)).returning(table.c.id)


_keys = schema.idempotency_keys
_KEYS_ABOUT = (
    sa.select(_keys.c.shape, _keys.c.body)
    .where(_keys.c.tenant == sa.bindparam("tenant"), _keys.c.person == sa.bindparam("person"))
    .order_by(_keys.c.tenant, _keys.c.person, _keys.c.id)
    .limit(sa.bindparam("most"))
)
_old_keys = (
    sa.select(_keys.c.tenant, _keys.c.id)
    .where(_keys.c.created < sa.bindparam("before"))
    .order_by(_keys.c.created)
    .limit(sa.bindparam("most"))
)
_FORGET_KEYS = sa.delete(_keys).where(sa.tuple_(_keys.c.tenant, _keys.c.id).in_(_old_keys)).returning(_keys.c.id)

_credentials = schema.credentials
_old_credentials = (
    sa.select(_credentials.c.digest).where(_credentials.c.erase_at <= sa.bindparam("wall")).limit(sa.bindparam("most"))
)
_FORGET_CREDENTIALS = (
    sa.delete(_credentials).where(_credentials.c.digest.in_(_old_credentials)).returning(_credentials.c.digest)
)

_batches = schema.batches
_old_batches = (
    sa.select(_batches.c.id).where(_batches.c.committed_at < sa.bindparam("before")).limit(sa.bindparam("most"))
)
_FORGET_BATCHES = sa.delete(_batches).where(_batches.c.id.in_(_old_batches)).returning(_batches.c.id)

_FORGET_DELIVERIES = sa.text("""
delete from deliveries where (tenant, endpoint, event) in (
  select tenant, endpoint, event from deliveries where finished_at < :before order by finished_at limit :most)
returning event
""")

_WITH_EVENTS_BELOW = sa.text("""
with recursive hop (tenant) as (
  select * from (select tenant from events order by tenant limit 1) lowest
  union all
  select (select e.tenant from events e where e.tenant > hop.tenant order by e.tenant limit 1)
  from hop where hop.tenant is not null
)
select tenant from hop
where tenant is not null and (exists (select 1 from events e where e.tenant = hop.tenant and e.id < :below)
                              or exists (select 1 from bodies b where b.tenant = hop.tenant and b.event < :below))
""")

_FORGET_EVENTS = sa.text("""
delete from events where (tenant, id) in (
  select tenant, id from events where tenant = :tenant and id < :below order by id limit :most)
returning id
""")

_FORGET_BODIES = sa.text("""
delete from bodies where (tenant, event, form) in (
  select tenant, event, form from bodies where tenant = :tenant and event < :below order by event limit :most)
returning event
""")
