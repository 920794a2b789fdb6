"""The directory: which tenant and which rights a secret stands for."""

from typing import TypeVar

from tillgate.core import credentials
from tillgate.core.credentials import Credential, CredentialKind, Principal, Scope
from tillgate.core.instants import SECOND, Duration, Instant
from tillgate.core.merchants import DEMO_SHOP, Tenant
from tillgate.core.reasons import Reason, Refused
from tillgate.flows import key_pairs
from tillgate.flows.gateway import Gateway
from tillgate.store import credentials as kept
from tillgate.store import find

KNOWN_FOR: Duration = SECOND
"""How long a process goes by what it read: the longest that a revocation or a merchant's new terms take to be felt."""

_MOST_KNOWN = 10_000

T = TypeVar("T")


class Directory:
    """Looks credentials and their merchants up, and remembers them for a moment.

    `sandbox` are credentials that exist by definition, for as long as everything happens on one machine, and
    `demo_shop` is the merchant that does.
    """

    def __init__(self, gateway: Gateway, sandbox: dict[str, Credential], demo_shop: Tenant = DEMO_SHOP) -> None:
        self._gateway = gateway
        self._sandbox = sandbox
        self._known: dict[str, tuple[Instant, Credential]] = {}
        self._sandbox_clients = {one.digest: one for one in sandbox.values() if one.kind is CredentialKind.OAUTH_CLIENT}
        self._tenants: dict[str, tuple[Instant, Tenant]] = {}
        self._demo_shop = demo_shop

    async def identify(self, secret: str, *, on_this_machine: bool) -> tuple[Principal, Tenant]:
        """Who holds a secret.

        Raises Refused(CREDENTIAL_INVALID) for one that is unknown, revoked or expired; which of them is not told.
        Raises Refused(LIVE_MODE_UNAVAILABLE) where real money would be asked of a bank that moves none, or cards be
        kept under a key that lies beside them.
        """
        credential = await self._of(secret, on_this_machine)
        is_persons = credential.kind is CredentialKind.ACCESS_TOKEN and credential.client is None
        if credential.kind in credentials.NOT_BY_HEADER or is_persons:
            raise Refused(Reason.CREDENTIAL_INVALID)
        client = await self._client_of(credential, on_this_machine) if credential.client else None
        return credentials.principal(credential, client), await self._tenant_of(credential)

    async def client(self, id: str, secret: str, *, on_this_machine: bool) -> tuple[Credential, Tenant]:
        """The client with an id and a secret.

        Raises Refused(CLIENT_INVALID) where they do not belong together, or are good no more, and what `identify` does.
        """
        try:
            client = await self._of(secret, on_this_machine)
        except Refused:
            raise Refused(Reason.CLIENT_INVALID) from None
        if client.kind is not CredentialKind.OAUTH_CLIENT or client.id != id:
            raise Refused(Reason.CLIENT_INVALID)
        return client, await self._tenant_of(client)

    async def bearer(self, secret: str, *, on_this_machine: bool) -> tuple[Principal, Tenant]:
        """Who holds a client token, or an access token that is a person's. Raises as `identify` does."""
        credential = await self._of(secret, on_this_machine)
        if credential.kind not in credentials.BEARERS or credential.client is not None:
            raise Refused(Reason.CREDENTIAL_INVALID)
        tenant = await self._tenant_of(credential)
        if secret not in self._sandbox and credentials.used(credential, wall := self._gateway.clock.wall()):
            await kept.change(self._gateway.store, credential.digest, lambda was: credentials.used(was, wall) or was)
        return credentials.principal(credential), tenant

    async def business(
        self, public_token: str, private_token: str | None, *, on_this_machine: bool
    ) -> tuple[Principal, Tenant]:
        """Who a public token names, and where a private token is given as well, proves to be.

        Raises Refused(CREDENTIAL_INVALID) for either that is unknown, revoked, or another merchant's.
        """
        credential = await self._of(public_token, on_this_machine)
        if credential.kind is not CredentialKind.PUBLIC_TOKEN:
            raise Refused(Reason.CREDENTIAL_INVALID)
        if private_token is not None:
            proof = await self._of(private_token, on_this_machine)
            if proof.kind is not CredentialKind.PRIVATE_TOKEN or proof.tenant != credential.tenant:
                raise Refused(Reason.CREDENTIAL_INVALID)
            credential = proof
        return credentials.principal(credential), await self._tenant_of(credential)

    async def holder(self, public: str, private: str | None, *, on_this_machine: bool) -> tuple[Principal, Tenant]:
        """Whom the public half of a pair of keys names, and where the private half is given as well, proves to be.

        Raises as `identify` does, whichever half is wrong.
        """
        credential = await self._of(public, on_this_machine)
        is_proven = private is None or credentials.proves(credential, private)
        if credential.kind is not CredentialKind.ESCROW_KEYS or not is_proven:
            raise Refused(Reason.CREDENTIAL_INVALID)
        return credentials.principal(credential), await self._tenant_of(credential)

    def plays(self, *, on_this_machine: bool) -> bool:
        """Whether what exists by definition does for a request: its own people and clients, and their tokens."""
        return on_this_machine and bool(self._sandbox)

    async def is_good(self, digest: str, *, on_this_machine: bool) -> bool:
        """Whether the credential with this digest is neither unknown, revoked nor expired."""
        if on_this_machine and digest in self._sandbox_clients:
            return True
        try:
            await self._credential(digest)
        except Refused:
            return False
        return True

    async def tenant(self, tenant_id: str) -> Tenant:
        """A tenant by its id. Raises Refused(NOT_FOUND)."""
        if tenant_id == self._demo_shop.id:
            return self._demo_shop
        wall = self._gateway.clock.wall()
        known = self._tenants.get(tenant_id)
        if known is None or known[0] <= wall:
            found = await find.record(self._gateway.store, Tenant, tenant_id, tenant_id)
            if found is None:
                raise Refused(Reason.NOT_FOUND, "tenant")
            known = (wall + KNOWN_FOR, found)
            _remember(self._tenants, tenant_id, known)
        return known[1]

    async def _of(self, secret: str, on_this_machine: bool) -> Credential:
        known = self._sandbox.get(secret) if on_this_machine else None
        return known or await self._credential(credentials.digest(secret))

    async def _client_of(self, token: Credential, on_this_machine: bool) -> Credential:
        known = self._sandbox_clients.get(token.client or "") if on_this_machine else None
        return known or await self._credential(token.client or "")

    async def served(self, tenant_id: str) -> Tenant:
        """A tenant by its id, who is asked for. Raises Refused(NOT_FOUND, LIVE_MODE_UNAVAILABLE)."""
        tenant = await self.tenant(tenant_id)
        if tenant.is_live:
            self._gateway.require_live(tenant.bank)
        return tenant

    async def _tenant_of(self, credential: Credential) -> Tenant:
        return await self.served(credential.tenant)

    async def _credential(self, digest: str) -> Credential:
        wall = self._gateway.clock.wall()
        known = self._known.get(digest)
        if known is None or known[0] <= wall:
            found = await kept.by_digest(self._gateway.store, digest)
            if found is None:
                raise Refused(Reason.CREDENTIAL_INVALID)
            known = (wall + KNOWN_FOR, found)
            if not found.is_fleeting:
                _remember(self._known, digest, known)
        if not known[1].is_valid_at(wall):
            raise Refused(Reason.CREDENTIAL_INVALID)
        return known[1]


def _remember(known: dict[str, tuple[Instant, T]], name: str, what: tuple[Instant, T]) -> None:
    if len(known) >= _MOST_KNOWN:
        known.clear()
    known[name] = what


async def issue(
    gateway: Gateway,
    tenant: Tenant,
    kind: CredentialKind,
    scopes: frozenset[Scope],
    random_text: str,
    expires_at: Instant | None = None,
    application: str | None = None,
    label: str = "",
    id: str | None = None,
) -> str:
    """A new credential of a tenant, or of its application; the secret itself, which is shown this once.

    What is kept is its digest. It has an id of its own, unless it is another secret of the same client.
    """
    secret = credentials.PREFIXES.get((kind, tenant.mode), "") + random_text
    if kind is CredentialKind.ESCROW_KEYS:
        secret = key_pairs.make(gateway, tenant.id, random_text)
    digest, public, proof = credentials.known_by(kind, secret)
    wall = gateway.clock.wall()
    await kept.add(
        gateway.store,
        Credential(
            digest=digest,
            id=id or gateway.ids.new("key", wall),
            tenant=tenant.id,
            kind=kind,
            mode=tenant.mode,
            scopes=scopes,
            created=wall,
            expires_at=expires_at,
            # A token of this kind tells the private key, so that taking it back is to be felt at once.
            is_fleeting=tenant.parent is not None or application is not None or kind is CredentialKind.ESCROW_KEYS,
            application=application,
            label=label,
            public=public,
            proof=proof,
        ),
    )
    return secret


async def has_credentials(gateway: Gateway, tenant: Tenant) -> bool:
    """Whether a tenant was ever given a credential."""
    return bool(await kept.of_tenant(gateway.store, tenant.id))
