"""Visits: who is signed in, by which cookie, and whether a form that they send was made by a page of ours."""

import hmac
from typing import Final
from urllib.parse import quote, urlencode

import msgspec

from tillgate.core import credentials, sessions
from tillgate.core.instants import DAY, SECOND
from tillgate.flows import sessions as flows
from tillgate.flows.directory import Directory
from tillgate.flows.gateway import Gateway
from tillgate.flows.sessions import Visitor
from tillgate.http import addresses, urlencoded
from tillgate.http.exchange import Headers, Reply, Request
from tillgate.http.problems import Malformed
from tillgate.pages import cookies

SESSION: Final = "tillgate-session"
BROWSER: Final = "tillgate-browser"
FORM: Final = "tillgate-form"

TOKEN: Final = "token"  # noqa: S105 — the name of the field in which a form proves itself

KNOWN_SECONDS: Final = 180 * DAY // SECOND
SESSION_SECONDS: Final = sessions.LASTS // SECOND
FORM_SECONDS: Final = 3_600

SIGN_IN: Final = "/sign-in"
ACCOUNT: Final = "/account"
AUTHORIZE: Final = "/oauth/authorize"

_FORM_TYPE: Final = "application/x-www-form-urlencoded"


class Visit(msgspec.Struct, frozen=True):
    """A request of somebody who is signed in; `token` is what their forms prove themselves with."""

    visitor: Visitor
    token: str


class Visits:
    """Finds out who visits."""

    def __init__(self, gateway: Gateway, directory: Directory) -> None:
        self._gateway = gateway
        self._directory = directory

    async def of(self, request: Request) -> Visit | None:
        """Who is signed in, in the browser that asks."""
        secret = cookies.read(request, SESSION)
        if not secret:
            return None
        visitor = await flows.visitor(self._gateway, self._directory, secret, on_this_machine=request.is_local)
        if visitor is None:
            return None
        return Visit(visitor, self.token(secret))

    def token(self, secret: str) -> str:
        """What a form proves itself with, for whoever has this secret in a cookie."""
        return self._gateway.secrets.form_proof(credentials.digest(secret))

    def is_ours(self, given: dict[str, str], token: str) -> bool:
        """Whether a form was made by a page of ours for the one who sends it."""
        return hmac.compare_digest(given.get(TOKEN, "").encode(), token.encode())


def is_possible(request: Request) -> bool:
    """Whether one may sign in: nobody else reads what is sent, by https or within the machine."""
    return request.is_by_https or addresses.is_loopback(request.header("host") or "")


def form(request: Request) -> dict[str, str]:
    """What a form says, the first of each. Raises Malformed."""
    if request.media_type != _FORM_TYPE:
        raise Malformed("This address takes a form.")
    given: dict[str, str] = {}
    for name, value in urlencoded.pairs(request.body):
        given.setdefault(name, value)
    return given


def to(path: str, headers: Headers = ()) -> Reply:
    """Go on to a page."""
    return Reply(303, headers=((b"location", path.encode()), (b"referrer-policy", b"no-referrer"), *headers))


def signing_in(request: Request) -> Reply:
    """Go and sign in, and come back here."""
    return to(f"{SIGN_IN}?next={escaped(address(request))}")


def address(request: Request) -> str:
    """Where one is, with the query."""
    query = urlencode(request.query)
    return f"{request.path}?{query}" if query else request.path


def escaped(path: str) -> str:
    """A path with its query, as the value of a parameter."""
    return quote(path, safe="/")
