"""The consent page: a person lets a client do something for a merchant of theirs, or does not (RFC 6749, 4.1.1)."""

from typing import Any, Final
from urllib.parse import urlencode

from tillgate.core import authorization_requests, people, redirects
from tillgate.core.authorization_requests import Nowhere, Returned
from tillgate.core.authorization_requests import Request as Asked
from tillgate.core.merchants import Tenant
from tillgate.core.oauth import Code, OAuthScope, Rejected
from tillgate.core.reasons import Refused
from tillgate.flows import oauth_clients, oauth_grants, sessions
from tillgate.flows.directory import Directory
from tillgate.flows.gateway import Gateway
from tillgate.http.exchange import Reply, Request
from tillgate.http.origins import Origins
from tillgate.http.routing import Route
from tillgate.pages import rendering, site, visits
from tillgate.pages.visits import AUTHORIZE, Visit, Visits

_NOTHING: Final = frozenset({OAuthScope.OFFLINE_ACCESS})
"""Scopes that alone allow nothing."""

Choice = tuple[Tenant, frozenset[OAuthScope]]
"""A merchant, and what somebody may let a client do for it of what that asks."""


class Consent(site.Pages):
    """`GET` and `POST /oauth/authorize`: the page is shown each time, whatever was agreed to before."""

    name = "consent"

    def __init__(self, gateway: Gateway, directory: Directory, origins: Origins) -> None:
        self._gateway = gateway
        self._directory = directory
        self._origins = origins
        self._visits = Visits(gateway, directory)
        self.routes = (Route("GET", AUTHORIZE, self._ask), Route("POST", AUTHORIZE, self._decide))

    async def handle(self, request: Request, route: Route) -> Reply:
        """Carry out one request; where nobody may be sent on, a page says why."""
        try:
            return await super().handle(request, route)
        except Nowhere as nowhere:
            return rendering.problem(request, 400, f"{nowhere}_unknown")
        except Returned as returned:
            wrong = {"error": returned.wrong.code.value, "error_description": returned.wrong.detail}
            return self._back(request, returned.redirect_uri, returned.state, wrong)

    async def _ask(self, request: Request) -> Reply:
        asked = await self._understood(request)
        visit = await self._visits.of(request)
        if visit is None:
            return visits.signing_in(request)
        return await self._shown(request, visit, asked)

    async def _decide(self, request: Request) -> Reply:
        asked, given = await self._understood(request), visits.form(request)
        visit = await self._visits.of(request)
        if visit is None:
            return visits.signing_in(request)
        if not self._visits.is_ours(given, visit.token):
            return rendering.problem(request, 403, "form_expired")
        if given.get("decision") == "deny":
            raise _denied(asked, "The person did not agree.")
        chosen = next((one for one in await self._choices(visit, asked) if one[0].id == given.get("merchant")), None)
        if given.get("decision") != "allow" or chosen is None:
            return await self._shown(request, visit, asked, 400)
        code = await oauth_grants.agree(self._gateway, chosen[0], visit.visitor.person.id, asked, chosen[1])
        return self._back(request, asked.redirect_uri, asked.state, {"code": code})

    async def _understood(self, request: Request) -> Asked:
        said, twice = authorization_requests.named_once(request.query)
        client = await oauth_clients.client(
            self._gateway, self._directory, said.get("client_id", ""), on_this_machine=request.is_local
        )
        return authorization_requests.understood(client, said, twice)

    async def _choices(self, visit: Visit, asked: Asked) -> list[Choice]:
        """For which merchants somebody can agree, those of the client's mode, and to what."""
        mode = (await self._directory.tenant(asked.client.tenant)).mode
        choices = []
        for tenant, membership in await sessions.merchants(
            self._gateway, self._directory, visit.visitor.person.id, mode
        ):
            scopes = people.allowed(membership.role, asked.scopes)
            if scopes - _NOTHING and await self._is_served(tenant):
                choices.append((tenant, scopes))
        return choices

    async def _is_served(self, tenant: Tenant) -> bool:
        try:
            await self._directory.served(tenant.id)
        except Refused:
            return False
        return True

    async def _shown(self, request: Request, visit: Visit, asked: Asked, status: int = 200) -> Reply:
        choices = await self._choices(visit, asked)
        if not choices and not asked.scopes - _NOTHING:
            raise Returned(asked.redirect_uri, asked.state, Rejected(Code.INVALID_SCOPE, "Nothing is asked for."))
        owner = await self._directory.tenant(asked.client.tenant)
        return rendering.page(
            request,
            "consent.html",
            status,
            form_action=redirects.source(asked.redirect_uri),
            client=asked.client.name,
            owner=owner.name,
            is_live=owner.is_live,
            goes_to=redirects.origin(asked.redirect_uri).partition("://")[2] or redirects.origin(asked.redirect_uri),
            email=visit.visitor.person.email,
            choices=[
                {"id": tenant.id, "name": tenant.name, "scopes": [one.value for one in OAuthScope if one in scopes]}
                for tenant, scopes in choices
            ],
            here=visits.address(request),
            token=visit.token,
        )

    def _back(self, request: Request, redirect_uri: str, state: str | None, said: dict[str, Any]) -> Reply:
        """Send somebody back to the client (RFC 6749, 4.1.2), saying who does (RFC 9207)."""
        parameters = {**said, **({} if state is None else {"state": state}), "iss": self._origins.of(request)}
        return visits.to(redirects.with_parameters(redirect_uri, urlencode(parameters)))


def _denied(asked: Asked, detail: str) -> Returned:
    return Returned(asked.redirect_uri, asked.state, Rejected(Code.ACCESS_DENIED, detail))
