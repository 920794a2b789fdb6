"""Credentials: the directory that is searched before anybody's tenant is known."""

from collections.abc import Callable

import msgspec
import sqlalchemy as sa

from tillgate.core.credentials import Credential
from tillgate.store import schema
from tillgate.store.database import Store
from tillgate.store.records import issued

_decode = msgspec.json.Decoder(Credential).decode
_encode = msgspec.json.Encoder().encode

_BY_DIGEST = sa.select(schema.credentials.c.body).where(schema.credentials.c.digest == sa.bindparam("digest"))
_OF_TENANT = sa.select(schema.credentials.c.body).where(schema.credentials.c.tenant == sa.bindparam("tenant"))

_ALL = sa.select(schema.credentials.c.body)
_CHANGE = (
    sa.update(schema.credentials)
    .where(schema.credentials.c.digest == sa.bindparam("digest_"), schema.credentials.c.body == sa.bindparam("was"))
    .values(body=sa.bindparam("now"))
    .returning(schema.credentials.c.digest)
)


async def by_digest(store: Store, digest: str) -> Credential | None:
    """The credential whose secret has this digest."""
    rows = await store.engine.fetch(_BY_DIGEST, {"digest": digest})
    return _decode(rows[0][0]) if rows else None


async def of_tenant(store: Store, tenant: str) -> list[Credential]:
    """All credentials of a tenant, the revoked and expired ones too."""
    return [_decode(row[0]) for row in await store.engine.fetch(_OF_TENANT, {"tenant": tenant})]


async def by_id(store: Store, id: str) -> Credential | None:
    """The credential with this id, the newest of a client that was given another secret.

    Only an operator's commands ask so, and may take their time: it looks at all.
    """
    rows = await store.engine.fetch(_ALL, {})
    found = [credential for row in rows if (credential := _decode(row[0])).id == id]
    return max(found, key=lambda credential: credential.created, default=None)


async def change(store: Store, digest: str, how: Callable[[Credential], Credential]) -> Credential:
    """Write a credential as `how` makes it of what it is; called again where somebody else was quicker."""
    while True:
        was = (await store.engine.fetch(_BY_DIGEST, {"digest": digest}))[0][0]
        now = how(_decode(was))
        if await store.engine.change(_CHANGE, {"digest_": digest, "was": was, "now": _encode(now).decode()}):
            return now


async def add(store: Store, credential: Credential) -> None:
    """Keep a new credential."""
    await store.engine.change(_ADD, dict(zip(_COLUMNS, issued(credential), strict=True)))


_COLUMNS = tuple(column.name for column in schema.credentials.columns)
_ADD = (
    sa.insert(schema.credentials)
    .values({column: sa.bindparam(column) for column in _COLUMNS})
    .returning(schema.credentials.c.digest)
)
