"""The outbox: events that nobody has looked at yet, and what becomes of them: deliveries, with frozen bodies."""

from collections.abc import Sequence

import msgspec
import sqlalchemy as sa

from tillgate.core.deliveries import Delivery
from tillgate.core.events import Event
from tillgate.store import deliveries, events, schema
from tillgate.store.database import Store
from tillgate.store.steps import Batch, Key, Step, Verb

_o = schema.outbox.c
_e = schema.events.c

_FIRST = (
    sa.select(_o.stream, _o.sequence, _o.tenant, _o.event, _o.type)
    .order_by(_o.stream, _o.sequence, _o.tenant)
    .limit(sa.bindparam("most"))
)
_SEEN = (
    sa.select(*events.NUMBERED)
    .join_from(schema.outbox, schema.events, (_e.tenant == _o.tenant) & (_e.id == _o.event))
    .where(sa.tuple_(_o.stream, _o.sequence) <= sa.tuple_(sa.bindparam("stream"), sa.bindparam("sequence")))
    .order_by(_o.stream, _o.sequence, _o.tenant)
)


class Waiting(msgspec.Struct, frozen=True):
    """An event in the outbox."""

    stream: str
    sequence: int
    tenant: str
    event: str
    type: str


class Body(msgspec.Struct, frozen=True):
    """The bytes that say an event in one form, once for all endpoints and tries."""

    tenant: str
    event: str
    form: str
    body: str


async def first(store: Store, most: int) -> list[Waiting]:
    """What is in the outbox, in the order of (stream, sequence), so that no event is met before an earlier one."""
    return [Waiting(*row) for row in await store.engine.fetch(_FIRST, {"most": most})]


async def seen(store: Store, until: Waiting) -> dict[str, Event]:
    """The events themselves by their ids, of everything in the outbox up to one, but for what cannot be read here."""
    rows = await store.engine.fetch(_SEEN, {"stream": until.stream, "sequence": until.sequence})
    return {row[1]: event for row in rows if (event := events.readable(row)) is not None}


async def rewrite(store: Store, bodies: Sequence[Body]) -> None:
    """Keep other bodies in place of those that there are; where there is none, none is made."""
    await store.engine.change_many(_REWRITE, [msgspec.structs.asdict(body) for body in bodies])


_REWRITE = sa.text("update bodies set body = :body where tenant = :tenant and event = :event and form = :form")


def fan_out(looked_at: Sequence[Waiting], bodies: Sequence[Body], sent: Sequence[Delivery]) -> Batch:
    """Take events off the outbox, and write what came of them.

    What is there already stays as it is: whoever does this twice, or beside somebody else, changes nothing.
    """
    if bodies:
        yield [Step(Verb.CLAIM, schema.bodies, sorted(msgspec.structs.astuple(body) for body in bodies))]
    if sent:
        yield [Step(Verb.CLAIM, schema.deliveries, sorted(map(deliveries.row, sent)))]
    keys: list[Key] = sorted((waiting.stream, waiting.sequence, waiting.tenant) for waiting in looked_at)
    yield [Step(Verb.DELETE, schema.outbox, keys)]
