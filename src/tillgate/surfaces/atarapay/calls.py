"""Calls: one request to an operation of this API, and how its operations find out which merchant asks."""

from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

import msgspec

from tillgate.core import credentials
from tillgate.core.instants import Instant
from tillgate.core.merchants import Tenant
from tillgate.core.reasons import Reason, Refused
from tillgate.flows.directory import Directory
from tillgate.flows.gateway import Answer, Caller, Gateway, caller
from tillgate.flows.key_pairs import DEMO_KEYS
from tillgate.http.exchange import Reply, Request
from tillgate.http.limits import Limits
from tillgate.http.problems import Malformed
from tillgate.http.routing import Route
from tillgate.surfaces.atarapay import authtokens, messages
from tillgate.surfaces.atarapay.messages import Fields
from tillgate.surfaces.atarapay.sandbox_keys import PLACEHOLDER

SURFACE: Final = "atarapay"

TOKEN: Final = "authtoken"  # noqa: S105 — the name of a field


class Asker(msgspec.Struct, frozen=True):
    """Who asks, as the flows see it, and what was sent."""

    tenant: Tenant
    caller: Caller
    fields: Fields


class Call(msgspec.Struct, frozen=True):
    """One request, as it came."""

    gateway: Gateway
    directory: Directory
    limits: Limits
    request: Request

    def now(self, tenant: Tenant) -> Instant:
        """Business time of a merchant."""
        return self.gateway.clock.now(tenant.id)

    async def merchant(self, *names: str) -> Asker:
        """Whom the body's token proves to be, with the body; `names` are the fields that have to be there, in order.

        Raises Malformed, Refused(CREDENTIAL_MISSING, CREDENTIAL_INVALID), and Wrong for the first that is missing.
        """
        try:
            given = messages.body(self.request)
            pair = _pair(given.get(TOKEN), is_local=self.request.is_local)
            principal, tenant = await self.directory.holder(*pair, on_this_machine=self.request.is_local)
        except (Malformed, Refused):
            self.limits.count_stranger(self.request)
            raise
        self.request.tenant = tenant.id
        self.limits.count(self.request, tenant.counted_as, tenant.rate_limit.a_minute)
        fields = Fields(given, takes_placeholders=not tenant.is_live)
        fields.require(*names)
        return Asker(tenant, caller(tenant, principal, SURFACE, self.request.id), fields)


def _pair(token: object, *, is_local: bool) -> tuple[str, str]:
    if token is None or (isinstance(token, str) and not token.strip()):
        raise Refused(Reason.CREDENTIAL_MISSING)
    if token == PLACEHOLDER and is_local:
        return credentials.halves(DEMO_KEYS)
    # In a form that was not encoded, a plus sign means a space.
    pair = authtokens.read(token.strip().replace(" ", "+")) if isinstance(token, str) else None
    if pair is None:
        raise Refused(Reason.CREDENTIAL_INVALID)
    return pair


T = TypeVar("T")


class Noted(Generic[T]):
    """Notes what a flow makes, to be shown once it is written down: that is when it is given its number."""

    def __init__(self) -> None:
        self._made: list[T] = []

    async def __call__(self, made: T) -> Answer:
        """As what the flow renders with."""
        self._made[:] = [made]
        return Answer(200, b"")

    @property
    def made(self) -> T:
        """What was made."""
        return self._made[0]


Handler = Callable[[Call], Awaitable[Reply]]


def operation(method: str, path: str, *, cross_origin: bool = False) -> Callable[[Handler], Route]:
    """Turns a handler into a route, which pages of any origin may ask where it is `cross_origin`."""

    def bind(handler: Handler) -> Route:
        return Route(method, path, handler, cross_origin=cross_origin)

    return bind


def under(handler: Handler, *addresses: tuple[str, str]) -> tuple[Route, ...]:
    """The routes of a handler that the page names under several verbs and paths."""
    return tuple(Route(method, path, handler) for method, path in addresses)
