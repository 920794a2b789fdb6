"""Mails: which are to be sent, in the order of each recipient, whose they are about, and those of the inbox."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa

from tillgate.core.instants import Instant
from tillgate.core.mails import Mail, MailState
from tillgate.store import schema
from tillgate.store.database import Store
from tillgate.store.records import kept

TRIES_WAITED_FOR = 3
"""After how many failed tries of a mail the next one to the same recipient waits no longer."""

_m = schema.mails.c
_e = schema.mails.alias("earlier").c

_before = sa.exists().where(
    _e.recipient == _m.recipient, _e.due_at.is_not(None), _e.id < _m.id, _e.tries < TRIES_WAITED_FOR
)
_DUE: Any = (
    sa.select(_m.shape, _m.body)
    .where(_m.due_at <= sa.bindparam("wall"), sa.not_(_before))
    .order_by(_m.due_at)
    .limit(sa.bindparam("most"))
)
_is_shown: sa.ColumnElement[bool] = sa.literal_column(f"state = '{MailState.SHOWN.value}'")


async def due(store: Store, wall: Instant, most: int) -> list[Mail]:
    """The mails that are to be written or sent, longest due first, and no later one before an earlier to the same."""
    return _mails(await store.engine.fetch(_DUE, {"wall": wall, "most": most}))


async def about(store: Store, tenant: str, subjects: Sequence[str]) -> list[Mail]:
    """A merchant's mails about these."""
    values = {f"about_{number}": subject for number, subject in enumerate(subjects)}
    return _mails(await store.engine.fetch(_about(len(values)), {"tenant": tenant, **values})) if values else []


async def inbox(store: Store, most: int, tenant: str | None = None) -> list[Mail]:
    """The mails of all test merchants, or of one, newest first."""
    return _mails(await store.engine.fetch(_inbox(tenant is not None), {"tenant": tenant, "most": most}))


@cache
def _about(count: int) -> Any:
    wanted: list[Any] = [sa.bindparam(f"about_{number}") for number in range(count)]
    return sa.select(_m.shape, _m.body).where(_m.tenant == sa.bindparam("tenant"), _m.about.in_(wanted))


@cache
def _inbox(of_one: bool) -> Any:
    query = sa.select(_m.shape, _m.body).where(_is_shown).order_by(_m.id.desc()).limit(sa.bindparam("most"))
    return query.where(_m.tenant == sa.bindparam("tenant")) if of_one else query


def _mails(rows: Sequence[Any]) -> list[Mail]:
    return [kept(Mail).record(*row) for row in rows]
