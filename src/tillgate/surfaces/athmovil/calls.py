"""Calls: one request to an operation of this API, and how its operations find out whose ticket they are asked about."""

from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from tillgate.core import tickets
from tillgate.core.instants import Instant
from tillgate.core.merchants import Tenant
from tillgate.core.reasons import Refused
from tillgate.flows import tickets as flows
from tillgate.flows.directory import Directory
from tillgate.flows.gateway import Caller, Gateway, caller
from tillgate.flows.signing_keys import Signer
from tillgate.http.exchange import Reply, Request
from tillgate.http.limits import Limits
from tillgate.http.routing import Route
from tillgate.surfaces.athmovil import messages, tokens
from tillgate.surfaces.athmovil.errors import Wrong
from tillgate.surfaces.athmovil.messages import Fields

SURFACE: Final = "athmovil"
TICKETS_A_MINUTE: Final = 20
"""How many tickets may ring one phone."""

BASE: Final = "/api/business-transaction/ecommerce"


class Asker(msgspec.Struct, frozen=True):
    """Who asks: a business, as the flows see it."""

    tenant: Tenant
    caller: Caller


class Call(msgspec.Struct, frozen=True):
    """One request, as it came."""

    gateway: Gateway
    directory: Directory
    limits: Limits
    signer: Signer
    request: Request

    @property
    def wall(self) -> Instant:
        """Wall time."""
        return self.gateway.clock.wall()

    def count(self, tenant: Tenant) -> None:
        """Count the request of a business. Raises TooManyRequests."""
        self.request.tenant = tenant.id
        self.limits.count(self.request, tenant.id, tenant.rate_limit.a_minute)

    def count_phone(self, tenant: Tenant, phone: str) -> None:
        """Count a ticket for a phone, whoever rings it. Raises TooManyRequests.

        What is left is said of the merchant's own limit.
        """
        if phone and tenant.rate_limit.a_minute is not None:
            window = self.request.window
            self.limits.count(self.request, f"phone {phone}", TICKETS_A_MINUTE)
            self.request.window = window

    async def business(self, given: Fields, *, proven: bool = False) -> Asker:
        """Who a body's tokens name, and `proven` where it has to hold both.

        Raises Wrong(0019, 0006, 0018), and Refused(CREDENTIAL_INVALID).
        """
        try:
            public = messages.text(given, "publicToken")
            private = messages.text(given, "privateToken") if proven else None
            here = self.request.is_local
            principal, tenant = await self.directory.business(public, private, on_this_machine=here)
        except (Wrong, Refused):
            self.limits.count_stranger(self.request)
            raise
        self.count(tenant)
        return Asker(tenant, caller(tenant, principal, SURFACE, self.request.id))

    async def ticket_of(self, asker: Asker, number: str) -> str:
        """The payment of a business's ticket. Raises Wrong(BTRA_0031, BTRA_0008)."""
        return await self._owned(asker, tickets.ALIAS, number, "BTRA_0031", "BTRA_0008")

    async def paid_of(self, asker: Asker, reference: str) -> str:
        """The payment that a business's reference stands for. Raises Wrong(BTRA_0053, BTRA_0043)."""
        return await self._owned(asker, tickets.REFERENCE, reference, "BTRA_0053", "BTRA_0043")

    async def bearer(self) -> tuple[Asker, str, str]:
        """Whose ticket a token names, the ticket's number and its payment. Raises Wrong."""
        try:
            number = await tokens.ticket(self.signer, self.request, self.wall)
        except Wrong:
            self.limits.count_stranger(self.request)
            raise
        place = await flows.whose(self.gateway, tickets.ALIAS, number)
        if place is None:
            raise Wrong("BTRA_0031")
        tenant = await self.directory.tenant(place[0])
        self.count(tenant)
        return Asker(tenant, Caller(tenant, f"ticket:{number}", SURFACE, self.request.id)), number, place[1]

    async def _owned(self, asker: Asker, kind: str, name: str, unknown: str, foreign: str) -> str:
        place = await flows.whose(self.gateway, kind, name)
        if place is None:
            raise Wrong(unknown)
        tenant, payment = place
        if tenant != asker.tenant.id:
            owner = await self.directory.tenant(tenant)
            raise Wrong(foreign if owner.mode is asker.tenant.mode else unknown)
        return payment


Handler = Callable[[Call], Awaitable[Reply]]


def operation(method: str, path: str, *, cross_origin: bool = False) -> Callable[[Handler], Route]:
    """Turns a handler into a route."""

    def bind(handler: Handler) -> Route:
        return Route(method, path, handler, cross_origin=cross_origin)

    return bind
