"""The account page: where somebody is signed in, what they let clients do, and their password."""

from datetime import UTC, datetime

from tillgate.core import people
from tillgate.core.instants import SECOND, Instant
from tillgate.core.oauth import Grant, OAuthScope
from tillgate.core.people import DEMO_PERSON
from tillgate.core.reasons import Refused
from tillgate.flows import oauth_clients, oauth_grants, sessions
from tillgate.flows import people as flows
from tillgate.flows.directory import Directory
from tillgate.flows.gateway import Gateway
from tillgate.http.exchange import Reply, Request
from tillgate.http.routing import Route
from tillgate.pages import browsers, rendering, site, visits
from tillgate.pages.visits import ACCOUNT, Visit, Visits
from tillgate.vault.passwords import Busy


class Account(site.Pages):
    """`GET /account`, and what its buttons do: each leads back to it."""

    name = "account"

    def __init__(self, gateway: Gateway, directory: Directory) -> None:
        self._gateway = gateway
        self._directory = directory
        self._visits = Visits(gateway, directory)
        self.routes = (
            Route("GET", ACCOUNT, self._show),
            Route("POST", "/account/sessions", self._end_session),
            Route("POST", "/account/clients", self._take_back),
            Route("POST", "/account/password", self._change_password),
        )

    async def _show(self, request: Request) -> Reply:
        visit = await self._visits.of(request)
        return visits.signing_in(request) if visit is None else await self._shown(request, visit)

    async def _end_session(self, request: Request) -> Reply:
        visit, given = await self._changing(request)
        if visit is None:
            return rendering.problem(request, 403)
        person, id = visit.visitor.person.id, given.get("session", "")
        ending = [one.id for one in await sessions.of(self._gateway, person) if id in ("others", one.id)]
        for one in ending:
            if id != "others" or one != visit.visitor.session.id:
                await sessions.end(self._gateway, person, one)
        return visits.to(ACCOUNT)

    async def _take_back(self, request: Request) -> Reply:
        visit, given = await self._changing(request)
        if visit is None:
            return rendering.problem(request, 403)
        for grant in await oauth_grants.of_person(self._gateway, visit.visitor.person.id):
            if (grant.client, grant.tenant) == (given.get("client"), given.get("merchant")):
                await oauth_grants.revoke(self._gateway, grant, "by its person")
        return visits.to(ACCOUNT)

    async def _change_password(self, request: Request) -> Reply:
        visit, given = await self._changing(request)
        if visit is None or visit.visitor.person.id == DEMO_PERSON.id:
            return rendering.problem(request, 403)
        person, new = visit.visitor.person, given.get("new", "")
        try:
            if not await sessions.is_their_password(self._gateway, person, given.get("present", "")):
                return await self._shown(request, visit, "wrong_present", 403)
            await flows.set_password(self._gateway, person, new, keep=visit.visitor.session.id)
        except people.Locked:
            return await self._shown(request, visit, "wait", 429)
        except people.Unfit:
            return await self._shown(request, visit, "unfit_password", 400)
        except Busy:
            return await self._shown(request, visit, "busy", 503)
        return visits.to(ACCOUNT)

    async def _changing(self, request: Request) -> tuple[Visit | None, dict[str, str]]:
        given, visit = visits.form(request), await self._visits.of(request)
        is_ours = visit is not None and self._visits.is_ours(given, visit.token)
        return visit if is_ours else None, given

    async def _shown(self, request: Request, visit: Visit, mistake: str | None = None, status: int = 200) -> Reply:
        person, local = visit.visitor.person, request.is_local
        grants = await oauth_grants.of_person(self._gateway, person.id)
        return rendering.page(
            request,
            "account.html",
            status,
            person=person,
            token=visit.token,
            mistake=mistake,
            has_password=person.id != DEMO_PERSON.id,
            shortest=people.SHORTEST_PASSWORD,
            merchants=[
                {"name": tenant.name, "mode": tenant.mode.value, "role": membership.role.value}
                for tenant, membership in await sessions.merchants(self._gateway, self._directory, person.id)
            ],
            sessions=[
                {
                    "id": one.id,
                    "browser": browsers.named(one.browser),
                    "address": one.address,
                    "seen": _written(one.seen_at),
                    "is_this": one.id == visit.visitor.session.id,
                }
                for one in await sessions.of(self._gateway, person.id)
            ],
            clients=[await self._client(grant, on_this_machine=local) for grant in _newest_each(grants)],
        )

    async def _client(self, grant: Grant, *, on_this_machine: bool) -> dict[str, object]:
        found = await oauth_clients.client(
            self._gateway, self._directory, grant.client, on_this_machine=on_this_machine
        )
        try:
            merchant = (await self._directory.tenant(grant.tenant)).name
        except Refused:
            merchant = grant.tenant
        return {
            "id": grant.client,
            "name": found.name if found else grant.client,
            "tenant": grant.tenant,
            "merchant": merchant,
            "scopes": [scope.value for scope in OAuthScope if scope in grant.scopes],
            "since": _written(grant.created),
        }


def _newest_each(grants: list[Grant]) -> list[Grant]:
    """The newest grant of each client for each merchant."""
    return list({(grant.client, grant.tenant): grant for grant in reversed(grants)}.values())


def _written(instant: Instant) -> str:
    return f"{datetime.fromtimestamp(instant // SECOND, UTC):%Y-%m-%d %H:%M} UTC"
