"""Timers: which are due, handed to one worker at a time."""

import sqlalchemy as sa

from tillgate.core.instants import Instant
from tillgate.core.timers import Timer, TimerKind
from tillgate.store import schema
from tillgate.store.database import Store

_t = schema.timers.c

_DUE = (
    sa.select(_t.tenant, _t.kind, _t.subject, _t.due_at)
    .where(_t.due_at <= sa.bindparam("now"))
    .order_by(_t.due_at)
    .limit(sa.bindparam("most"))
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
    """The timers that are due, longest due first. None of them is taken yet."""
    rows = await store.engine.fetch(_DUE, {"now": now, "most": most})
    return [Timer(row[0], TimerKind(row[1]), row[2], row[3]) for row in rows]


async def lease(store: Store, timer: Timer, until: Instant) -> Timer | None:
    """The timer moved to `until`: others leave it alone, and it comes back if we die. None if it is taken or gone."""
    rows = await store.engine.change(_LEASE, {**_name(timer), "lease_until": until})
    return Timer(timer.tenant, timer.kind, timer.subject, until) if rows else None


async def take_off(store: Store, timer: Timer) -> None:
    """Remove a timer that has nothing left to do, unless it was moved meanwhile."""
    await store.engine.change(_TAKE_OFF, _name(timer))


def _name(timer: Timer) -> dict[str, object]:
    return {
        "tenant_": timer.tenant,
        "kind_": timer.kind.value,
        "subject_": timer.subject,
        "was_due_at": timer.due_at,
    }
