"""Timers: which are due, handed to one worker at a time."""

import sqlalchemy as sa

from tillgate.core import clocks
from tillgate.core.instants import Instant
from tillgate.core.timers import Timer, TimerKind
from tillgate.store import schema
from tillgate.store.database import Store
from tillgate.store.engine import Rows

_t, _c = schema.timers.c, schema.clocks.c

_named = (_t.tenant, _t.kind, _t.subject, _t.due_at)
_is_business: sa.ColumnElement[bool] = sa.literal_column("timers.clock = 'business'")

# Business time is never behind the wall. What goes by a clock that is being moved is left to whoever moves it.
_of_clock = schema.timers.outerjoin(schema.clocks, (_c.tenant == _t.tenant) & (_c.id == clocks.ID))
_DUE = (
    sa.select(*_named)
    .select_from(_of_clock)
    .where(_t.due_at <= sa.bindparam("now"), sa.not_(_is_business) | _c.stands_at.is_(None))
    .order_by(_t.due_at)
    .limit(sa.bindparam("most"))
)

_AHEAD = (
    sa.select(*_named)
    .select_from(schema.clocks.join(schema.timers, _t.tenant == _c.tenant))
    .where(
        _c.stands_at.is_(None),
        _is_business,
        _t.due_at > sa.bindparam("now"),
        _t.due_at <= sa.bindparam("now") + _c.ahead,
    )
    .order_by(_t.due_at)
    .limit(sa.bindparam("most"))
)

_NEXT = (
    sa.select(*_named)
    .where(_t.tenant == sa.bindparam("tenant"), _is_business, _t.due_at <= sa.bindparam("until"))
    .order_by(_t.due_at, _t.kind, _t.subject)
    .limit(1)
)

_NOW = (
    sa.select(*_named)
    .where(_t.tenant == sa.bindparam("tenant"), sa.not_(_is_business), _t.due_at <= sa.bindparam("now"))
    .order_by(_t.due_at, _t.kind, _t.subject)
)

_LEASE = (
    sa.update(schema.timers)
    .where(
        _t.tenant == sa.bindparam("tenant_"),
        _t.kind == sa.bindparam("kind_"),
        _t.subject == sa.bindparam("subject_"),
        _t.due_at == sa.bindparam("was_due_at"),
    )
    .values(due_at=sa.bindparam("lease_until"))
    .returning(_t.tenant, _t.kind, _t.subject, _t.due_at)
)

_TAKE_OFF = (
    sa.delete(schema.timers)
    .where(
        _t.tenant == sa.bindparam("tenant_"),
        _t.kind == sa.bindparam("kind_"),
        _t.subject == sa.bindparam("subject_"),
        _t.due_at == sa.bindparam("was_due_at"),
    )
    .returning(_t.subject)
)


async def due(store: Store, now: Instant, most: int) -> list[Timer]:
    """The timers that are due by the wall, longest due first. None of them is taken yet."""
    return _timers(await store.engine.fetch(_DUE, {"now": now, "most": most}))


async def due_ahead(store: Store, wall: Instant, most: int) -> list[Timer]:
    """The timers that are due only because their merchants' clocks are ahead of the wall, and stand not."""
    return _timers(await store.engine.fetch(_AHEAD, {"now": wall, "most": most}))


async def next_of(store: Store, tenant: str, until: Instant) -> Timer | None:
    """The first of a merchant's timers to be due by business time, if it is until then."""
    found = _timers(await store.engine.fetch(_NEXT, {"tenant": tenant, "until": until}))
    return found[0] if found else None


async def due_now(store: Store, tenant: str, wall: Instant) -> list[Timer]:
    """A merchant's timers that are due and go by the wall."""
    return _timers(await store.engine.fetch(_NOW, {"tenant": tenant, "now": wall}))


async def lease(store: Store, timer: Timer, until: Instant) -> Timer | None:
    """The timer moved to `until`: others leave it alone, and it comes back if we die. None if it is taken or gone."""
    rows = await store.engine.change(_LEASE, {**_name(timer), "lease_until": until})
    return Timer(timer.tenant, timer.kind, timer.subject, until) if rows else None


async def take_off(store: Store, timer: Timer) -> None:
    """Remove a timer that has nothing left to do, unless it was moved meanwhile."""
    await store.engine.change(_TAKE_OFF, _name(timer))


def _timers(rows: Rows) -> list[Timer]:
    return [Timer(row[0], TimerKind(row[1]), row[2], row[3]) for row in rows]


def _name(timer: Timer) -> dict[str, object]:
    return {
        "tenant_": timer.tenant,
        "kind_": timer.kind.value,
        "subject_": timer.subject,
        "was_due_at": timer.due_at,
    }
