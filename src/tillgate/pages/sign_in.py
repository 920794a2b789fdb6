"""Signing in, by e-mail and password, and signing out."""

import base64
import re
from typing import Final

from tillgate.core import people
from tillgate.core.instants import MINUTE
from tillgate.flows import sessions
from tillgate.flows.directory import Directory
from tillgate.flows.gateway import Gateway
from tillgate.flows.sessions import Asked
from tillgate.http import limits
from tillgate.http.exchange import Reply, Request
from tillgate.http.limits import Limits
from tillgate.http.routing import Route
from tillgate.pages import cookies, rendering, site, visits
from tillgate.pages.visits import ACCOUNT, BROWSER, FORM, SESSION, SIGN_IN, Visits
from tillgate.vault.passwords import Busy

TRIES_A_MINUTE: Final = 30
"""How many sign-ins are looked at from one address."""

_NEXT: Final = re.compile(r"/(?:account|oauth/authorize\?[!-\[\]-~]*)", re.ASCII)
_LONGEST_NEXT: Final = 8_000


class SignIn(site.Pages):
    """`GET` and `POST /sign-in`, `POST /sign-out`."""

    name = "sign-in"

    def __init__(self, gateway: Gateway, directory: Directory, limits: Limits) -> None:
        self._gateway = gateway
        self._directory = directory
        self._limits = limits
        self._visits = Visits(gateway, directory)
        self.routes = (
            Route("GET", SIGN_IN, self._ask),
            Route("POST", SIGN_IN, self._enter),
            Route("POST", "/sign-out", self._leave),
        )

    async def _ask(self, request: Request) -> Reply:
        goes_on = _next(dict(request.query).get("next", ""))
        if await self._visits.of(request) is not None:
            return visits.to(goes_on)
        return self._shown(request, goes_on)

    async def _enter(self, request: Request) -> Reply:
        given = visits.form(request)
        goes_on, email = _next(given.get("next", "")), given.get("email", "")
        kept = cookies.read(request, FORM)
        if not visits.is_possible(request):
            return self._shown(request, goes_on)
        if not kept or not self._visits.is_ours(given, self._visits.token(kept)):
            return self._shown(request, goes_on, email, "form_expired", 403)
        self._limits.count(request, f"sign-in {limits.network(request.client)}", TRIES_A_MINUTE)
        asked = Asked(
            address=request.client,
            browser=request.header("user-agent") or "",
            on_this_machine=request.is_local,
            known_as=cookies.read(request, BROWSER),
        )
        try:
            entered = await sessions.sign_in(self._gateway, self._directory, email, given.get("password", ""), asked)
        except people.Locked as locked:
            minutes = -(-(locked.until - self._gateway.clock.wall()) // MINUTE)
            return self._shown(request, goes_on, email, "locked", 429, minutes=minutes)
        except Busy:
            return self._shown(request, goes_on, email, "busy", 503)
        if entered is None:
            return self._shown(request, goes_on, email, "wrong_password", 403)
        if (before := await self._visits.of(request)) is not None:
            await sessions.end(self._gateway, before.visitor.person.id, before.visitor.session.id)
        return visits.to(
            goes_on,
            (
                cookies.keep(request, SESSION, entered.secret, visits.SESSION_SECONDS),
                cookies.keep(request, BROWSER, entered.known_as, visits.KNOWN_SECONDS, cookies.STRICT),
                cookies.keep(request, FORM, "", 0),
            ),
        )

    async def _leave(self, request: Request) -> Reply:
        given, visit = visits.form(request), await self._visits.of(request)
        if visit is not None:
            if not self._visits.is_ours(given, visit.token):
                return rendering.problem(request, 403)
            await sessions.end(self._gateway, visit.visitor.person.id, visit.visitor.session.id)
        # Whoever is sent to authorize a client comes back to that, as somebody else perhaps.
        goes_on = _next(given.get("next", ""))
        path = SIGN_IN if goes_on == ACCOUNT else f"{SIGN_IN}?next={visits.escaped(goes_on)}"
        return visits.to(path, (cookies.keep(request, SESSION, "", 0),))

    def _shown(
        self,
        request: Request,
        goes_on: str,
        email: str = "",
        mistake: str | None = None,
        status: int = 200,
        minutes: int = 0,
    ) -> Reply:
        if not visits.is_possible(request):
            return rendering.page(request, "sign_in.html", 403, is_possible=False, mistake=None)
        secret = cookies.read(request, FORM) or _text(self._gateway.random(32))
        return rendering.page(
            request,
            "sign_in.html",
            status,
            headers=(cookies.keep(request, FORM, secret, visits.FORM_SECONDS),),
            is_possible=True,
            goes_on=goes_on,
            email=email[: people.LONGEST_EMAIL],
            mistake=mistake,
            minutes=minutes,
            token=self._visits.token(secret),
            is_demo=self._directory.plays(on_this_machine=request.is_local),
        )


def _next(asked: str) -> str:
    """Where to go on: a page of ours that needs somebody, and nothing else."""
    return asked if len(asked) <= _LONGEST_NEXT and _NEXT.fullmatch(asked) else ACCOUNT


def _text(random: bytes) -> str:
    return base64.urlsafe_b64encode(random).rstrip(b"=").decode()
