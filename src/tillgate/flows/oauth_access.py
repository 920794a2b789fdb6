"""Access tokens of OAuth: RFC 9068 JWTs, signed here, and read by every surface that takes them."""

from collections.abc import Container
from typing import Any, Final

import msgspec

from tillgate.core import oauth, people
from tillgate.core.credentials import CredentialKind, Principal, Scope
from tillgate.core.instants import SECOND, Instant, unix_seconds
from tillgate.core.merchants import Tenant
from tillgate.core.oauth import Grant, OAuthScope
from tillgate.core.reasons import Refused
from tillgate.flows import oauth_clients, sessions
from tillgate.flows.directory import KNOWN_FOR, Directory
from tillgate.flows.gateway import Gateway
from tillgate.flows.signing_keys import Signer
from tillgate.store import find
from tillgate.vault.signing import Unverified

USE: Final = "oauth"
TYP: Final = "at+jwt"

_LONGEST: Final = 4_096
_MOST_KNOWN: Final = 10_000


class Standing(msgspec.Struct, frozen=True):
    """What is left of a grant: itself, whose data it is about, and what its person, or client, may still do."""

    grant: Grant
    tenant: Tenant
    scopes: frozenset[OAuthScope]


class Read(msgspec.Struct, frozen=True):
    """A token that is good: of which turn of which grant, what it still allows for whom, and all that it says."""

    grant: Grant
    turn: int
    tenant: Tenant
    scopes: frozenset[OAuthScope]
    claims: dict[str, Any]

    @property
    def principal(self) -> Principal:
        """Who asks with it: the person who agreed, or else the client."""
        return Principal(
            credential=self.grant.person or self.grant.client,
            tenant=self.tenant.id,
            kind=CredentialKind.ACCESS_TOKEN,
            mode=self.tenant.mode,
            scopes=frozenset(Scope(scope.value) for scope in self.scopes & oauth.MACHINE_SCOPES),
        )


class AccessTokens:
    """Signs access tokens, and reads them again. What was taken back is known within directory.KNOWN_FOR."""

    def __init__(self, gateway: Gateway, directory: Directory, signer: Signer) -> None:
        self._gateway = gateway
        self._directory = directory
        self._signer = signer
        self._known: dict[tuple[str, bool], tuple[Instant, Standing | None]] = {}

    async def sign(self, grant: Grant, scopes: frozenset[OAuthScope], issuer: str) -> str:
        """The access token of a grant's present turn."""
        now = unix_seconds(self._gateway.clock.wall())
        return await self._signer.sign(
            {
                "iss": issuer,
                "aud": audience(issuer),
                "sub": grant.person or grant.client,
                "client_id": grant.client,
                "iat": now,
                "exp": now + oauth.ACCESS_LASTS // SECOND,
                "jti": f"{grant.id}.{grant.turn}",
                "scope": oauth.written(scopes),
            }
        )

    async def read(self, token: str, issuers: Container[str], *, on_this_machine: bool) -> Read:
        """A token that one of `issuers` made for its own API.

        Raises signing.Unverified for one that is not good, for whatever reason.
        """
        if len(token) > _LONGEST or not token.isascii():
            raise Unverified
        claims = await self._signer.read(token)
        id, turn = _checked(claims, issuers, self._gateway.clock.wall())
        standing = await self._standing(id, on_this_machine=on_this_machine)
        if standing is None or not standing.grant.is_good(turn) or claims["client_id"] != standing.grant.client:
            raise Unverified
        scopes = frozenset(map(OAuthScope, claims["scope"].split())) & standing.scopes
        return Read(standing.grant, turn, standing.tenant, scopes, claims)

    async def _standing(self, id: str, *, on_this_machine: bool) -> Standing | None:
        wall = self._gateway.clock.wall()
        known = self._known.get((id, on_this_machine))
        if known is None or known[0] <= wall:
            known = (wall + KNOWN_FOR, await self._found(id, on_this_machine))
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[id, on_this_machine] = known
        return known[1]

    async def _found(self, id: str, on_this_machine: bool) -> Standing | None:
        gateway = self._gateway
        grant = next(iter(await find.anywhere(gateway.store, Grant, id)), None)
        if grant is None or grant.revoked_at is not None:
            return None
        try:
            tenant = await self._directory.served(grant.tenant)
        except Refused:
            return None
        if grant.credential is not None:
            good = await self._directory.is_good(grant.credential, on_this_machine=on_this_machine)
            return Standing(grant, tenant, grant.scopes) if good else None
        client = await oauth_clients.client(gateway, self._directory, grant.client, on_this_machine=on_this_machine)
        if client is None or grant.person is None:
            return None
        person = await sessions.known(gateway, self._directory, grant.person, on_this_machine=on_this_machine)
        membership = await sessions.membership(gateway, grant.person, grant.tenant)
        if person is None or membership is None:
            return None
        return Standing(grant, tenant, people.allowed(membership.role, grant.scopes))


def audience(issuer: str) -> str:
    """For whom tokens are: the API beside the server that issues them."""
    return f"{issuer}/api"


def _checked(claims: dict[str, Any], issuers: Container[str], wall: Instant) -> tuple[str, int]:
    """The grant that a token names, and its turn. Raises Unverified for one of others, for others, or over."""
    texts = [claims.get(name) for name in ("iss", "jti", "client_id", "scope")]
    expires = claims.get("exp")
    if not all(isinstance(text, str) for text in texts) or type(expires) is not int:
        raise Unverified
    issuer = claims["iss"]
    if issuer not in issuers or claims.get("aud") != audience(issuer) or unix_seconds(wall) >= expires:
        raise Unverified
    id, _, turn = claims["jti"].rpartition(".")
    if not turn.isdigit():
        raise Unverified
    return id, int(turn)
