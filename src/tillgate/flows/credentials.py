"""Credentials in an operator's hands: listed, given another secret, taken back."""

from tillgate.core import credentials
from tillgate.core.credentials import Credential, CredentialKind
from tillgate.core.instants import Duration
from tillgate.core.merchants import Tenant
from tillgate.core.reasons import Reason, Refused
from tillgate.flows import directory
from tillgate.flows.gateway import Gateway
from tillgate.store import credentials as kept


async def of(gateway: Gateway, tenant: Tenant) -> list[Credential]:
    """All that a merchant was ever given, oldest first, the revoked and expired ones too; not what clients fetch."""
    found = await kept.of_tenant(gateway.store, tenant.id)
    given = [credential for credential in found if credential.kind is not CredentialKind.ACCESS_TOKEN]
    return sorted(given, key=lambda credential: credential.id)


async def of_secret(gateway: Gateway, secret: str) -> Credential:
    """The credential with this secret. Raises Refused(CREDENTIAL_INVALID) for one that was never given out."""
    credential = await kept.by_digest(gateway.store, credentials.digest(secret))
    public, private = credentials.halves(secret)
    if credential is None and private:
        credential = await kept.by_digest(gateway.store, credentials.digest(public))
    if credential is None or (credential.proof is not None and not credentials.proves(credential, private)):
        raise Refused(Reason.CREDENTIAL_INVALID)
    return credential


async def fetch(gateway: Gateway, id: str) -> Credential:
    """The credential with this id, whosever it is. Raises Refused(NOT_FOUND)."""
    credential = await kept.by_id(gateway.store, id)
    if credential is None:
        raise Refused(Reason.NOT_FOUND, "id")
    return credential


async def roll(gateway: Gateway, tenant: Tenant, credential: Credential, overlap: Duration, random_text: str) -> str:
    """Another secret in place of one, with the same rights; the former is good until the overlap ends.

    A client keeps its id, by which others know it.

    Raises Refused(CREDENTIAL_INVALID) for one that is good no more. Who dies in between leaves both good, and the new
    one unknown to anybody.
    """
    wall = gateway.clock.wall()
    credentials.rolled(credential, wall, overlap)
    id = credential.id if credential.kind is CredentialKind.OAUTH_CLIENT else None
    secret = await directory.issue(
        gateway,
        tenant,
        credential.kind,
        credential.scopes,
        random_text,
        credential.expires_at,
        credential.application,
        credential.label,
        id,
    )
    await kept.change(gateway.store, credential.digest, lambda was: credentials.rolled(was, wall, overlap))
    return secret


async def revoke(gateway: Gateway, credential: Credential) -> Credential:
    """Take a credential back, with any other secret of its client; felt everywhere within directory.KNOWN_FOR."""
    wall = gateway.clock.wall()
    for other in await kept.of_tenant(gateway.store, credential.tenant):
        if other.id == credential.id and other.digest != credential.digest:
            await kept.change(gateway.store, other.digest, lambda was: credentials.revoked(was, wall))
    return await kept.change(gateway.store, credential.digest, lambda was: credentials.revoked(was, wall))
