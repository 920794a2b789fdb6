"""The surface: clients get tokens, take them back and have them looked at (RFC 6749, 7009, 7662, 8414, 7517)."""

from collections.abc import Sequence
from typing import Final

import msgspec

from tillgate.core import oauth
from tillgate.core.credentials import Credential
from tillgate.core.instants import SECOND, unix_seconds
from tillgate.core.oauth import Client, Code, Grant, GrantType, OAuthScope, Rejected
from tillgate.core.reasons import Refused
from tillgate.flows import oauth_clients, oauth_grants
from tillgate.flows.directory import Directory
from tillgate.flows.gateway import Gateway
from tillgate.flows.oauth_access import AccessTokens, Read
from tillgate.flows.signing_keys import Signer
from tillgate.http.exchange import Reply, Request
from tillgate.http.limits import Limits
from tillgate.http.origins import Origins
from tillgate.http.problems import Malformed, Problem
from tillgate.http.routing import Route
from tillgate.surfaces.oauth import messages
from tillgate.surfaces.oauth.messages import Form
from tillgate.surfaces.oauth.metadata import metadata
from tillgate.vault.signing import Unverified

_KEPT: Final = b"public, max-age=300"


class Tokens(msgspec.Struct, frozen=True, omit_defaults=True):
    """Tokens as a client gets them (RFC 6749, 5.1)."""

    access_token: str
    token_type: str
    expires_in: int
    scope: str
    refresh_token: str | None = None

    def __repr__(self) -> str:
        return "Tokens(…)"


class OAuth:
    """The OAuth 2 server, but for what it shows to people (pages.consent). `signers` are all whose keys are shown."""

    name = "oauth"

    def __init__(
        self,
        gateway: Gateway,
        directory: Directory,
        limits: Limits,
        access: AccessTokens,
        signers: Sequence[Signer],
        origins: Origins,
    ) -> None:
        self._gateway = gateway
        self._directory = directory
        self._limits = limits
        self._access = access
        self._signers = signers
        self._origins = origins
        self.routes = (
            Route("POST", "/oauth/token", self._token),
            Route("POST", "/oauth/revoke", self._revoke),
            Route("POST", "/oauth/introspect", self._introspect),
            Route("GET", "/.well-known/oauth-authorization-server", self._metadata),
            Route("GET", "/.well-known/jwks.json", self._keys),
        )

    async def admit(self, request: Request, route: Route | None) -> Reply | None:
        """Who asks stands in the body, or nobody does."""
        return None

    async def handle(self, request: Request, route: Route) -> Reply:
        """Carry out one request."""
        try:
            reply: Reply = await route.handler(request)
            return reply
        except Rejected as wrong:
            return messages.rejected(wrong)
        except Refused as wrong:
            return messages.refused(wrong)

    def problem(self, request: Request, problem: Problem) -> Reply:
        """See http.surface.Surface."""
        return messages.problem(problem)

    async def _metadata(self, request: Request) -> Reply:
        return Reply(200, msgspec.json.encode(metadata(self._origins.of(request))), cache_control=_KEPT)

    async def _keys(self, request: Request) -> Reply:
        keys = [key for signer in self._signers for key in await signer.public()]
        return Reply(200, msgspec.json.encode({"keys": keys}), cache_control=_KEPT)

    async def _token(self, request: Request) -> Reply:
        said, client, credential = await self._client(request)
        wanted = messages.needed(said, "grant_type")
        if wanted not in set(GrantType):
            raise Rejected(Code.UNSUPPORTED_GRANT_TYPE, f"The grant types are {', '.join(GrantType)}.")
        client.require(GrantType(wanted))
        issuer = self._origins.of(request)

        async def make(grant: Grant) -> Tokens:
            return await self._tokens(grant, grant.scopes, issuer)

        async def make_narrowed(grant: Grant) -> Tokens:
            return await self._tokens(grant, oauth.scopes(said.get("scope"), grant.scopes), issuer)

        match GrantType(wanted):
            case GrantType.AUTHORIZATION_CODE:
                code, verifier = messages.needed(said, "code"), messages.needed(said, "code_verifier")
                uri = said.get("redirect_uri")
                tokens = await oauth_grants.exchange(self._gateway, client, code, uri, verifier, make)
            case GrantType.REFRESH_TOKEN:
                token = messages.needed(said, "refresh_token")
                tokens = await oauth_grants.refresh(self._gateway, client, token, make_narrowed)
            case GrantType.CLIENT_CREDENTIALS:
                tokens = await self._own(client, credential, said, issuer)
        return messages.shown(tokens)

    async def _own(self, client: Client, credential: Credential | None, said: Form, issuer: str) -> Tokens:
        if credential is None:
            raise Rejected(Code.UNAUTHORIZED_CLIENT, "A client without a secret gets nothing in its own name.")
        scopes = oauth.scopes(said.get("scope"), client.scopes & oauth.MACHINE_SCOPES)
        return await self._tokens(await oauth_grants.own(self._gateway, client, credential, scopes), scopes, issuer)

    async def _tokens(self, grant: Grant, scopes: frozenset[OAuthScope], issuer: str) -> Tokens:
        return Tokens(
            access_token=await self._access.sign(grant, scopes, issuer),
            token_type="Bearer",  # noqa: S106
            expires_in=oauth.ACCESS_LASTS // SECOND,
            scope=oauth.written(scopes),
            refresh_token=oauth_grants.refresh_token(self._gateway, grant, grant.turn)
            if grant.is_refreshable
            else None,
        )

    async def _revoke(self, request: Request) -> Reply:
        """Whatever it is that a client has, it is good no more; what is none of ours never was (RFC 7009, 2.2)."""
        said, client, _ = await self._client(request)
        token = messages.needed(said, "token")
        if (found := await oauth_grants.of_refresh_token(self._gateway, token)) is not None:
            _assert_its(client, found[0])
            await oauth_grants.revoke(self._gateway, found[0], "by its client")
        elif (read := await self._read(request, token)) is not None:
            _assert_its(client, read.grant)
            await oauth_grants.revoke_access(self._gateway, read.grant, read.turn)
        return Reply(200, headers=((b"pragma", b"no-cache"),))

    async def _introspect(self, request: Request) -> Reply:
        """What a token is good for; of another client's nothing is told (RFC 7662, 2.2)."""
        said, client, credential = await self._client(request)
        if credential is None:
            raise Rejected(Code.INVALID_CLIENT, "A client without a secret is told nothing.")
        token = messages.needed(said, "token")
        if (found := await oauth_grants.of_refresh_token(self._gateway, token)) is not None:
            return messages.shown(self._of_refresh_token(client, *found))
        read = await self._read(request, token)
        if read is None or read.grant.client != client.id:
            return messages.shown({"active": False})
        scope = oauth.written(read.scopes)
        return messages.shown({"active": True, **read.claims, "scope": scope, "token_type": "Bearer"})

    def _of_refresh_token(self, client: Client, grant: Grant, turn: int) -> dict[str, object]:
        wall = self._gateway.clock.wall()
        is_good = grant.revoked_at is None and turn == grant.turn and wall < grant.ends_at
        if not is_good or grant.client != client.id:
            return {"active": False}
        return {
            "active": True,
            "client_id": grant.client,
            "sub": grant.person,
            "scope": oauth.written(grant.scopes),
            "iat": unix_seconds(grant.used_at),
            "exp": unix_seconds(grant.ends_at),
        }

    async def _read(self, request: Request, token: str) -> Read | None:
        try:
            return await self._access.read(token, self._origins.same(request), on_this_machine=request.is_local)
        except Unverified:
            return None

    async def _client(self, request: Request) -> tuple[Form, Client, Credential | None]:
        """Who asks, counted with all that their merchant asks, or with what strangers do."""
        try:
            said = messages.form(request)
            id, secret = messages.proof(request, said)
            client, credential, tenant = await oauth_clients.proven(
                self._gateway, self._directory, id, secret, on_this_machine=request.is_local
            )
        except (Rejected, Refused, Malformed):
            self._limits.count_stranger(request)
            raise
        request.tenant = tenant.id
        self._limits.count(request, tenant.id, tenant.rate_limit.a_minute)
        return said, client, credential


def _assert_its(client: Client, grant: Grant) -> None:
    if grant.client != client.id:
        raise Rejected(Code.INVALID_GRANT, "This was issued to another client.")
