"""Access tokens: what a client gets for its id and secret, good for an hour."""

import base64

from tillgate.core import credentials
from tillgate.core.credentials import ACCESS_TOKEN_LASTS, Credential, CredentialKind, Scope
from tillgate.flows.gateway import Gateway
from tillgate.store import credentials as kept

_RANDOM_BYTES = 32


async def grant(gateway: Gateway, client: Credential, scopes: frozenset[Scope]) -> str:
    """A token of a client, for some of what the client may do; it ends with the client where that is earlier.

    Raises Refused(SCOPE_MISSING) for what the client may not do.
    """
    for scope in sorted(scopes):
        credentials.principal(client).require(scope)
    secret = credentials.PREFIXES[(CredentialKind.ACCESS_TOKEN, client.mode)] + _text(gateway.random(_RANDOM_BYTES))
    wall = gateway.clock.wall()
    await kept.add(
        gateway.store,
        Credential(
            digest=credentials.digest(secret),
            id=gateway.ids.new("key", wall),
            tenant=client.tenant,
            kind=CredentialKind.ACCESS_TOKEN,
            mode=client.mode,
            scopes=scopes,
            created=wall,
            expires_at=wall + ACCESS_TOKEN_LASTS,
            client=client.digest,
            is_fleeting=client.is_fleeting,
        ),
    )
    return secret


def _text(random: bytes) -> str:
    return base64.urlsafe_b64encode(random).rstrip(b"=").decode()
