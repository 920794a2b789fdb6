"""Client tokens: what an application's server asks with; made, shown once, listed and taken back."""

import base64

from tillgate.core import applications, credentials
from tillgate.core.applications import Application
from tillgate.core.credentials import Credential, CredentialKind, Scope
from tillgate.core.instants import Instant
from tillgate.core.reasons import Reason, Refused
from tillgate.flows.gateway import Caller, Gateway
from tillgate.store import credentials as kept

_RANDOM_BYTES = 32


async def create(
    gateway: Gateway,
    caller: Caller,
    application: Application,
    label: str,
    scopes: frozenset[Scope],
    expires_at: Instant | None,
) -> tuple[Credential, str]:
    """A new token, kept by its digest, and its secret, which is shown this once. Raises Refused(TOO_MANY_TOKENS)."""
    if len(await of(gateway, application)) >= applications.MOST_TOKENS:
        raise Refused(Reason.TOO_MANY_TOKENS, most=applications.MOST_TOKENS)
    random = base64.urlsafe_b64encode(gateway.random(_RANDOM_BYTES)).rstrip(b"=").decode()
    secret = credentials.PREFIXES[(CredentialKind.CLIENT_TOKEN, caller.tenant.mode)] + random
    wall = gateway.clock.wall()
    token = Credential(
        digest=credentials.digest(secret),
        id=gateway.ids.new("tok", wall),
        tenant=application.tenant,
        kind=CredentialKind.CLIENT_TOKEN,
        mode=caller.tenant.mode,
        scopes=scopes,
        created=wall,
        expires_at=expires_at,
        is_fleeting=True,
        application=application.id,
        label=label,
    )
    await kept.add(gateway.store, token)
    return token, secret


async def of(gateway: Gateway, application: Application) -> list[Credential]:
    """An application's tokens that were not taken back, newest first; those that have expired too."""
    found = await kept.of_tenant(gateway.store, application.tenant)
    mine = [one for one in found if one.application == application.id and one.revoked_at is None]
    return sorted(mine, key=lambda one: one.id, reverse=True)


async def revoke(gateway: Gateway, application: Application, token_id: str) -> Credential:
    """Take a token back: it is looked up whenever it is shown, so that it is good nowhere any more.

    Raises Refused(NOT_FOUND).
    """
    token = next((one for one in await of(gateway, application) if one.id == token_id), None)
    if token is None:
        raise Refused(Reason.NOT_FOUND, "token", object="token", id=token_id)
    wall = gateway.clock.wall()
    return await kept.change(gateway.store, token.digest, lambda was: credentials.revoked(was, wall))


async def revoke_all(gateway: Gateway, caller: Caller, application_id: str) -> None:
    """Take back every token of an application that is no more."""
    wall = gateway.clock.wall()
    for one in await kept.of_tenant(gateway.store, caller.tenant.id):
        if one.application == application_id:
            await kept.change(gateway.store, one.digest, lambda was: credentials.revoked(was, wall))
