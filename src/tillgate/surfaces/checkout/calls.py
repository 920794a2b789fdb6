"""Calls: one request to an operation of this API, who asks, and what they may."""

from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from tillgate.core.credentials import CLIENT_SCOPES, CredentialKind, Principal, Scope
from tillgate.core.instants import Instant
from tillgate.core.merchants import Tenant
from tillgate.core.payments import Payment
from tillgate.core.reasons import Reason, Refused
from tillgate.flows import checkout_links, checkouts
from tillgate.flows.directory import Directory
from tillgate.flows.gateway import Caller, Gateway, caller
from tillgate.flows.oauth_access import AccessTokens
from tillgate.http.exchange import Reply, Request
from tillgate.http.origins import Origins
from tillgate.http.routing import Route
from tillgate.surfaces.checkout.messages import Form
from tillgate.vault.signing import Unverified

SURFACE: Final = "checkout"

_LONGEST_TOKEN: Final = 4_096
_DOTS_OF_JWT: Final = 2

LINKED: Final[frozenset[Scope]] = frozenset()
"""Of operations that whoever holds a checkout's link may call."""


class Operation(Route, frozen=True, kw_only=True):
    """An operation, and the scopes any of which allows it; with none of them the checkout's link does."""

    scopes: frozenset[Scope] = LINKED


class Call(msgspec.Struct, frozen=True):
    """One request of somebody whom we know."""

    gateway: Gateway
    directory: Directory
    request: Request
    principal: Principal
    tenant: Tenant

    @property
    def caller(self) -> Caller:
        """Who asks, for the flows."""
        return caller(self.tenant, self.principal, SURFACE, self.request.id)

    @property
    def now(self) -> Instant:
        """Business time."""
        return self.gateway.clock.now(self.tenant.id)

    async def payment(self) -> Payment:
        """The checkout that the path names, as it stands now. Raises Refused(NOT_FOUND)."""
        id = self.request.parameters["id"]
        await checkouts.fetch(self.gateway, self.caller, id, self.principal.application)
        return await checkouts.look(self.gateway, self.tenant, id)


class Visit(msgspec.Struct, frozen=True):
    """One request of somebody who holds a checkout's link."""

    gateway: Gateway
    directory: Directory
    request: Request

    async def follow(self, form: Form) -> tuple[Caller, Payment]:
        """Whose checkout it is, and how it stands. Raises Refused(LINK_INVALID)."""
        expires, signature = form.value("expires") or "", form.value("signature") or ""
        id = self.request.parameters["id"]
        asks, payment = await checkout_links.follow(
            self.gateway, self.directory, id, expires, signature, SURFACE, self.request.id
        )
        self.request.tenant = asks.tenant.id
        return asks, await checkouts.look(self.gateway, asks.tenant, payment.id)


async def authenticate(
    directory: Directory, access: AccessTokens, origins: Origins, request: Request
) -> tuple[Principal, Tenant]:
    """Who asks with a token, and what it allows: a client token with every scope has those that there are for one.

    What has the form of an OAuth access token is read as one. Raises Refused(CREDENTIAL_MISSING, CREDENTIAL_INVALID).
    """
    scheme, _, token = (request.header("authorization") or "").strip().partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise Refused(Reason.CREDENTIAL_MISSING)
    if len(token) > _LONGEST_TOKEN:
        raise Refused(Reason.CREDENTIAL_INVALID)
    if token.count(".") == _DOTS_OF_JWT:
        try:
            read = await access.read(token, origins.same(request), on_this_machine=request.is_local)
        except Unverified:
            raise Refused(Reason.CREDENTIAL_INVALID) from None
        return read.principal, read.tenant
    principal, tenant = await directory.bearer(token, on_this_machine=request.is_local)
    if principal.kind is CredentialKind.CLIENT_TOKEN and Scope.ALL in principal.scopes:
        principal = msgspec.structs.replace(principal, scopes=CLIENT_SCOPES)
    return principal, tenant


def assert_may(principal: Principal, route: Operation) -> None:
    """Raises Refused(SCOPE_MISSING) where a token allows none of what an operation needs."""
    if principal.scopes.isdisjoint(route.scopes):
        raise Refused(Reason.SCOPE_MISSING)


Handler = Callable[[Call], Awaitable[Reply]]
LinkedHandler = Callable[[Visit], Awaitable[Reply]]


def operation(method: str, path: str, *scopes: Scope) -> Callable[[Handler], Operation]:
    """Turns a handler into an operation that any of these scopes allows."""

    def bind(handler: Handler) -> Operation:
        return Operation(method, path, handler, scopes=frozenset(scopes))

    return bind


def linked_operation(method: str, path: str) -> Callable[[LinkedHandler], Operation]:
    """Turns a handler into an operation for whoever holds a checkout's link."""

    def bind(handler: LinkedHandler) -> Operation:
        return Operation(method, path, handler)

    return bind
