"""Messages in and out: forms, who proves to be which client, and errors as RFC 6749 (5.2) has them."""

from typing import Final
from urllib.parse import unquote_plus

import msgspec

from tillgate.core import authorization_requests
from tillgate.core.oauth import Code, Rejected
from tillgate.core.reasons import Reason, Refused
from tillgate.http import authorization, urlencoded
from tillgate.http.exchange import Headers, Reply, Request
from tillgate.http.problems import Malformed, Problem

_FORM: Final = "application/x-www-form-urlencoded"
_UNCACHED: Final[Headers] = ((b"pragma", b"no-cache"),)
_ASK_BASIC: Final[Headers] = ((b"www-authenticate", b'Basic realm="Tillgate"'),)
_OF_STATUS: Final = {429: "temporarily_unavailable", 500: "server_error"}

Form = dict[str, str]


class Error(msgspec.Struct, frozen=True):
    """An error (RFC 6749, 5.2)."""

    error: str
    error_description: str


def form(request: Request) -> Form:
    """What a form says, each once, without what it leaves empty. Raises Malformed, and Rejected(INVALID_REQUEST)."""
    if request.media_type != _FORM:
        raise Rejected(Code.INVALID_REQUEST, f"The body is {_FORM}.")
    said, twice = authorization_requests.named_once(urlencoded.pairs(request.body))
    if twice:
        raise Rejected(Code.INVALID_REQUEST, "The request says something twice.")
    return said


def proof(request: Request, said: Form) -> tuple[str, str | None]:
    """The client's id, and its secret where it shows one: in one place only (RFC 6749, 2.3). Raises Rejected."""
    if not authorization.is_basic(request):
        if "client_id" not in said:
            raise Rejected(Code.INVALID_CLIENT, "The request does not say which client it is of.")
        return said["client_id"], said.get("client_secret")
    if "client_secret" in said:
        raise Rejected(Code.INVALID_REQUEST, "The client shows its secret twice.")
    found = authorization.basic(request)
    if found is None:
        raise Rejected(Code.INVALID_CLIENT, "The Authorization header cannot be read.")
    id, secret = map(unquote_plus, found)
    if said.get("client_id", id) != id:
        raise Rejected(Code.INVALID_REQUEST, "The client_id is another one in the Authorization header.")
    return id, secret


def needed(said: Form, name: str) -> str:
    """What has to be said. Raises Rejected(INVALID_REQUEST)."""
    if name not in said:
        raise Rejected(Code.INVALID_REQUEST, f"The request says no {name}.")
    return said[name]


def shown(value: object) -> Reply:
    """A success, which nobody keeps (RFC 6749, 5.1)."""
    return Reply(200, msgspec.json.encode(value), _UNCACHED)


def rejected(wrong: Rejected) -> Reply:
    """An error that the client made."""
    is_unknown = wrong.code is Code.INVALID_CLIENT
    body = msgspec.json.encode(Error(wrong.code.value, wrong.detail))
    return Reply(401 if is_unknown else 400, body, _UNCACHED + (_ASK_BASIC if is_unknown else ()))


def refused(wrong: Refused) -> Reply:
    """An error of the gateway's."""
    detail = "Live mode is not available here." if wrong.reason is Reason.LIVE_MODE_UNAVAILABLE else wrong.reason.value
    return rejected(Rejected(Code.UNAUTHORIZED_CLIENT, detail))


def problem(wrong: Problem) -> Reply:
    """A request that could not be understood, or a fault of ours."""
    code = _OF_STATUS.get(wrong.status, Code.INVALID_REQUEST.value)
    detail = "The request cannot be read." if isinstance(wrong, Malformed) else wrong.detail
    return Reply(wrong.status, msgspec.json.encode(Error(code, detail)), _UNCACHED)
