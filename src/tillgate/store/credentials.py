"""Credentials: the directory that is searched before anybody's tenant is known."""

import msgspec
import sqlalchemy as sa

from tillgate.core.credentials import Credential
from tillgate.store import schema
from tillgate.store.database import Store

_decode = msgspec.json.Decoder(Credential).decode
_encode = msgspec.json.Encoder().encode

_BY_DIGEST = sa.select(schema.credentials.c.body).where(schema.credentials.c.digest == sa.bindparam("digest"))
_OF_TENANT = sa.select(schema.credentials.c.body).where(schema.credentials.c.tenant == sa.bindparam("tenant"))


async def by_digest(store: Store, digest: str) -> Credential | None:
    """The credential whose secret has this digest."""
    rows = await store.engine.fetch(_BY_DIGEST, {"digest": digest})
    return _decode(rows[0][0]) if rows else None


async def of_tenant(store: Store, tenant: str) -> list[Credential]:
    """All credentials of a tenant, the revoked and expired ones too."""
    return [_decode(row[0]) for row in await store.engine.fetch(_OF_TENANT, {"tenant": tenant})]


async def add(store: Store, credential: Credential) -> None:
    """Keep a new credential."""
    row = {"digest": credential.digest, "tenant": credential.tenant, "body": _encode(credential).decode()}
    await store.engine.change(_ADD, row)


_ADD = (
    sa.insert(schema.credentials)
    .values(digest=sa.bindparam("digest"), tenant=sa.bindparam("tenant"), body=sa.bindparam("body"))
    .returning(schema.credentials.c.digest)
)
