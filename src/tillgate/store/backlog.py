"""The backlog: what waits to be found out, done or sent, counted in the ranges of indexes where it stands."""

from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles

from tillgate.core import attempts
from tillgate.core.instants import HOUR, Duration, Instant
from tillgate.core.timers import TimerKind
from tillgate.store import schema
from tillgate.store.database import Store

MOST_COUNTED = 100_000
"""Where counting stops: more than this is as bad."""


class Backlog(msgspec.Struct, frozen=True):
    """How much waits, and for how long the oldest has (0 where nothing waits)."""

    in_doubt: int
    in_doubt_for: Duration
    timers_overdue: int
    timers_overdue_for: Duration
    events_to_fan_out: int
    deliveries_due: int
    deliveries_due_for: Duration


async def backlog(store: Store, wall: Instant) -> Backlog:
    """What waits at an instant."""
    doubts, due_at = (await store.engine.fetch(_IN_DOUBT, {"now": wall, "soon": wall + 2 * HOUR}))[0]
    asked_at = due_at - attempts.PATIENCE - attempts.MARGIN if doubts else wall
    overdue, earliest = (await store.engine.fetch(_OVERDUE, {"now": wall}))[0]
    due, first = (await store.engine.fetch(_TO_DELIVER, {"now": wall}))[0]
    return Backlog(
        in_doubt=doubts,
        in_doubt_for=max(0, wall - asked_at),
        timers_overdue=overdue,
        timers_overdue_for=wall - earliest if overdue else 0,
        events_to_fan_out=(await store.engine.fetch(_OUTBOX, {}))[0][0],
        deliveries_due=due,
        deliveries_due_for=wall - first if due else 0,
    )


class _Whole(sa.ColumnElement[int]):
    """A whole number in the JSON of a record."""

    inherit_cache = False

    def __init__(self, body: sa.ColumnElement[Any], name: str) -> None:
        self.body = body
        self.name = name


@compiles(_Whole, "sqlite")
def _on_sqlite(element: _Whole, compiler: Any, **more: Any) -> str:
    return f"json_extract({compiler.process(element.body, **more)}, '$.{element.name}')"


@compiles(_Whole, "postgresql")
def _on_postgres(element: _Whole, compiler: Any, **more: Any) -> str:
    return f"(({compiler.process(element.body, **more)})::json ->> '{element.name}')::bigint"


_t, _a = schema.timers.c, schema.attempts.c
_answer_due_at = _Whole(_a.body, "answer_due_at")

# What is in doubt, as core.attempts.is_in_doubt has it, has a timer within the longest wait between two inquiries.
_waiting = (
    sa.select(_t.tenant, _t.subject)
    .where(_t.due_at <= sa.bindparam("soon"), _t.kind == TimerKind.INQUIRE.value)
    .order_by(_t.due_at)
    .limit(MOST_COUNTED)
    .subquery()
)
_IN_DOUBT: Any = (
    sa.select(sa.func.count(), sa.func.min(_answer_due_at))
    .select_from(_waiting.join(schema.attempts, (_a.tenant == _waiting.c.tenant) & (_a.id == _waiting.c.subject)))
    .where(
        _a.body.contains('"state":"unknown"')
        | (_a.body.contains('"state":"sending"') & (_answer_due_at < sa.bindparam("now")))
    )
)

_due = sa.select(_t.due_at).where(_t.due_at <= sa.bindparam("now")).order_by(_t.due_at).limit(MOST_COUNTED).subquery()
_OVERDUE: Any = sa.select(sa.func.count(), sa.func.min(_due.c.due_at))

_announced = sa.select(schema.outbox.c.event).limit(MOST_COUNTED).subquery()
_OUTBOX: Any = sa.select(sa.func.count()).select_from(_announced)

_d = schema.deliveries.c
_to_deliver = (
    sa.select(_d.due_at)
    .where(_d.due_at.is_not(None), _d.due_at <= sa.bindparam("now"))
    .order_by(_d.endpoint, _d.due_at)
    .limit(MOST_COUNTED)
    .subquery()
)
_TO_DELIVER: Any = sa.select(sa.func.count(), sa.func.min(_to_deliver.c.due_at))
