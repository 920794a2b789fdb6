"""OAuth clients: registered by a merchant, found by their id, and proven by their secret."""

from tillgate.core import credentials, oauth, redirects
from tillgate.core.credentials import Credential, CredentialKind
from tillgate.core.decisions import Decision
from tillgate.core.merchants import Tenant
from tillgate.core.oauth import DEMO_CLIENT, Client, Code, GrantType, OAuthScope, Rejected
from tillgate.core.reasons import Reason, Refused
from tillgate.core.records import evolve
from tillgate.flows import credentials as flows
from tillgate.flows.directory import Directory
from tillgate.flows.gateway import Gateway
from tillgate.logs import log
from tillgate.store import credentials as kept
from tillgate.store import find, lists
from tillgate.store.batches import Conflict
from tillgate.store.lists import Cursor

_MOST = 1_000


async def client(gateway: Gateway, directory: Directory, id: str, *, on_this_machine: bool) -> Client | None:
    """The registered client with this id, whosever it is."""
    if id == DEMO_CLIENT.id:
        return DEMO_CLIENT if directory.plays(on_this_machine=on_this_machine) else None
    found = await find.anywhere(gateway.store, Client, id)
    return next((one for one in found if one.removed_at is None), None)


async def proven(
    gateway: Gateway, directory: Directory, id: str, secret: str | None, *, on_this_machine: bool
) -> tuple[Client, Credential | None, Tenant]:
    """The client that shows its secret, or is public and has none; with what it proved itself, and its merchant.

    Raises Rejected(INVALID_CLIENT), and Refused(LIVE_MODE_UNAVAILABLE).
    """
    registered = await client(gateway, directory, id, on_this_machine=on_this_machine)
    if secret is None:
        if registered is None or not registered.is_public:
            raise Rejected(Code.INVALID_CLIENT, "This client is unknown, or has a secret that it did not show.")
        return registered, None, await directory.served(registered.tenant)
    try:
        credential, tenant = await directory.client(id, secret, on_this_machine=on_this_machine)
    except Refused as refused:
        if refused.reason is not Reason.CLIENT_INVALID:
            raise
        raise Rejected(Code.INVALID_CLIENT, "There is no client with this id and this secret.") from None
    if registered is not None:
        return registered, credential, tenant
    if await find.anywhere(gateway.store, Client, id):
        raise Rejected(Code.INVALID_CLIENT, "This client was removed.")
    return oauth.of_credential(credential, tenant.name), credential, tenant


async def add(
    gateway: Gateway,
    tenant: Tenant,
    name: str,
    redirect_uris: tuple[str, ...],
    scopes: frozenset[OAuthScope],
    random_text: str,
    *,
    is_public: bool,
    is_machine: bool,
) -> tuple[Client, str | None]:
    """Register a client; its secret, which is shown this once, or None where it is public.

    Raises redirects.Unfit for an address that nobody is sent back to.
    """
    wall = gateway.clock.wall()
    grant_types = {GrantType.CLIENT_CREDENTIALS} if is_machine else set()
    if redirect_uris:
        grant_types |= {GrantType.AUTHORIZATION_CODE, GrantType.REFRESH_TOKEN}
    client = Client(
        tenant=tenant.id,
        id=gateway.ids.new("client", wall),
        created=wall,
        name=name,
        scopes=scopes,
        grant_types=frozenset(grant_types),
        redirect_uris=tuple(map(redirects.check, redirect_uris)),
        is_public=is_public,
    )
    secret = None if is_public else credentials.PREFIXES[(CredentialKind.OAUTH_CLIENT, tenant.mode)] + random_text
    issue = () if secret is None else (_credential(tenant, client, secret),)
    await gateway.store.commit(Decision(save=(client,), issue=issue))
    log.info("a client was registered", client=client.id, merchant=tenant.id)
    return client, secret


async def of(gateway: Gateway, tenant: Tenant) -> list[Client]:
    """The clients that a merchant registered, newest first."""
    found = await lists.page(gateway.store, Client, tenant.id, Cursor(_MOST))
    return [client for client in found.records if client.removed_at is None]


async def remove(gateway: Gateway, id: str) -> Client:
    """Take a client back: it gets no tokens any more, and those that it has are good for a second at most.

    Raises Refused(NOT_FOUND).
    """
    while True:
        registered = next(iter(await find.anywhere(gateway.store, Client, id)), None)
        if registered is None or registered.removed_at is not None:
            raise Refused(Reason.NOT_FOUND, "id")
        wall = gateway.clock.wall()
        try:
            await gateway.store.commit(Decision(save=(evolve(registered, removed_at=wall),)))
        except Conflict:
            continue
        for credential in await kept.of_tenant(gateway.store, registered.tenant):
            if credential.id == id:
                await flows.revoke(gateway, credential)
        log.info("a client was removed", client=id, merchant=registered.tenant)
        return registered


def _credential(tenant: Tenant, client: Client, secret: str) -> Credential:
    """What a registered client proves itself with: it is good for nothing else."""
    return Credential(
        digest=credentials.digest(secret),
        id=client.id,
        tenant=tenant.id,
        kind=CredentialKind.OAUTH_CLIENT,
        mode=tenant.mode,
        scopes=frozenset(),
        created=client.created,
        is_fleeting=tenant.parent is not None,
    )
