"""Leases: work that one process at a time is to do, for as long as it says so again."""

import sqlalchemy as sa

from tillgate.core.instants import Instant
from tillgate.store import schema
from tillgate.store.database import Store

_l = schema.leases.c

_TAKE = (
    sa.update(schema.leases)
    .where(
        _l.name == sa.bindparam("name_"),
        (_l.holder == sa.bindparam("holder_")) | (_l.until <= sa.bindparam("now")),
    )
    .values(holder=sa.bindparam("holder_"), until=sa.bindparam("until_"))
    .returning(_l.name)
)

_LEAVE = (
    sa.delete(schema.leases)
    .where(_l.name == sa.bindparam("name_"), _l.holder == sa.bindparam("holder_"))
    .returning(_l.name)
)


async def take(store: Store, name: str, holder: str, now: Instant, until: Instant) -> bool:
    """Whether the work is this holder's until then: it was before, or nobody's."""
    values = {"name_": name, "holder_": holder, "now": now, "until_": until}
    if await store.engine.change(_TAKE, values):
        return True
    # Somebody else has it, or it was never taken.
    await store.engine.claim(schema.leases, (name, "", 0))
    return bool(await store.engine.change(_TAKE, values))


async def leave(store: Store, name: str, holder: str) -> None:
    """Let whoever comes next take the work, if it is this holder's; nothing is kept of it."""
    await store.engine.change(_LEAVE, {"name_": name, "holder_": holder})
