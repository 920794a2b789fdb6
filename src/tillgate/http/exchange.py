"""One request and the reply to it, as surfaces see them."""

import re
from collections.abc import AsyncGenerator, Awaitable, Callable, MutableMapping
from typing import Any, Final

import msgspec

from tillgate.http import addresses, urlencoded
from tillgate.http.addresses import Networks, Proxies

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = tuple[tuple[bytes, bytes], ...]

JSON: Final = b"application/json"
NO_STORE: Final = b"no-store"

_HOST: Final = re.compile(r"[A-Za-z0-9.:\[\]_-]{1,260}")
_NO_SNIFFING: Final = (b"x-content-type-options", b"nosniff")
_BODILESS: Final = frozenset({204, 304})


class Window(msgspec.Struct, frozen=True, gc=False):
    """How far a caller's limit is used: `remaining` of `limit` requests until `reset`, in Unix seconds."""

    limit: int
    remaining: int
    reset: int

    @property
    def headers(self) -> Headers:
        """As every reply says it (payment_gateway.txt, Rate Limiting)."""
        return (
            (b"x-ratelimit-limit", b"%d" % self.limit),
            (b"x-ratelimit-remaining", b"%d" % self.remaining),
            (b"x-ratelimit-reset", b"%d" % self.reset),
        )


class Request:
    """What a client asks. Only what is looked at is read out of the ASGI scope.

    `id` is ours, `path` as it came over the wire, `parameters` are those of the route, `body` is whole once the surface
    has admitted the request. The surface writes down who asks: in `tenant` for the log, in `caller` for itself. Where
    the caller has a limit, `window` says how far it is used.
    """

    __slots__ = (
        "_headers",
        "_proxies",
        "_scope",
        "body",
        "caller",
        "id",
        "method",
        "parameters",
        "path",
        "tenant",
        "window",
    )

    def __init__(self, scope: Scope, request_id: str, proxies: Proxies = addresses.NO_PROXIES) -> None:
        self._scope = scope
        self._proxies = proxies
        self._headers: dict[bytes, bytes] | None = None
        self.id = request_id
        self.method: str = scope["method"]
        self.path: str = scope["raw_path"].decode("latin-1")
        self.parameters: dict[str, str] = {}
        self.body = b""
        self.tenant = ""
        self.caller: Any = None
        self.window: Window | None = None

    def header(self, name: str) -> str | None:
        """The value of a header, named in lower case; several of one name are joined (RFC 9110, 5.2)."""
        if self._headers is None:
            self._headers = _by_name(self._scope["headers"])
        value = self._headers.get(name.encode())
        return None if value is None else value.decode("latin-1")

    @property
    def media_type(self) -> str:
        """What the body is by its Content-Type, in lower case, without parameters; may be empty."""
        return (self.header("content-type") or "").partition(";")[0].strip().lower()

    @property
    def query(self) -> urlencoded.Pairs:
        """The query's names and values in the order given. Raises Malformed."""
        return urlencoded.pairs(self._scope["query_string"])

    @property
    def cookies(self) -> dict[str, str]:
        """Cookies by name; of several of one name, the first."""
        cookies: dict[str, str] = {}
        for part in (self.header("cookie") or "").split(";"):
            name, equals, value = part.strip().partition("=")
            if equals:
                cookies.setdefault(name, value)
        return cookies

    @property
    def peer(self) -> str:
        """The address at the other end of the socket; empty if there is none."""
        client = self._scope.get("client")
        return str(client[0]) if client else ""

    @property
    def client(self) -> str:
        """The address of the client, as far as trusted proxies tell."""
        return self._proxies.client(self.peer, self.header("x-forwarded-for"))

    @property
    def origin(self) -> str:
        """Where the client reached us, `https://pay.example.com`, by trusted proxies and a Host that can be one."""
        forwarded = self.header("x-forwarded-proto") if self._proxies.trust(self.peer) else None
        scheme = forwarded if forwarded in ("http", "https") else self._scope["scheme"]
        host = self.header("host") or ""
        return f"{scheme}://{host if _HOST.fullmatch(host) else 'localhost'}"

    @property
    def is_local(self) -> bool:
        """Whether it never left the machine: listener, peer and Host are loopback, nothing forwarded it."""
        server = self._scope.get("server") or ("",)
        return (
            addresses.is_loopback(str(server[0]))
            and addresses.is_loopback(self.peer)
            and addresses.is_loopback(self.header("host") or "")
            and not self._is_forwarded
        )

    def is_near(self, neighbors: Networks) -> bool:
        """Whether it never left the machine, or comes from one of `neighbors`, past nobody who is not trusted."""
        return self.is_local or (self.is_direct and neighbors.hold(self.client))

    @property
    def is_by_https(self) -> bool:
        """Whether nobody between the client and us, or proxies that are trusted, reads along."""
        return self.origin.startswith("https://")

    @property
    def is_from_another_site(self) -> bool:
        """Whether the browser says that a page of somebody else's had it sent.

        Every browser since 2023 does so by Sec-Fetch-Site (Fetch Metadata), those before by Origin (RFC 6454, 7).
        """
        site, origin = self.header("sec-fetch-site"), self.header("origin")
        if site is None and origin is not None:
            return origin.partition("://")[2].lower() != (self.header("host") or "").lower()
        return site not in (None, "same-origin", "none")

    @property
    def is_direct(self) -> bool:
        """Whether `client` is who asks: nobody stands between but proxies that are trusted."""
        return not self._is_forwarded or self._proxies.trust(self.peer)

    @property
    def _is_forwarded(self) -> bool:
        return any(name == b"forwarded" or name.startswith(b"x-forwarded-") for name, _ in self._scope["headers"])


Stream = Callable[[], AsyncGenerator[bytes, None]]
"""Opens the body of a reply that is made while it goes out; it is closed when the client hangs up."""


class Reply(msgspec.Struct, frozen=True, gc=False):
    """What goes back; `headers` in lower case, beside those that every reply has.

    With a `stream` the body is what that gives, piece by piece, as fast as the client takes it.
    """

    status: int
    body: bytes = b""
    headers: Headers = ()
    content_type: bytes = JSON
    cache_control: bytes = NO_STORE
    stream: Stream | None = None

    def start(self, request_id: str, window: Window | None = None, always: Headers = ()) -> Message:
        """The ASGI message that opens this reply; `always` is what every reply of the server says."""
        headers = [
            _NO_SNIFFING,
            (b"cache-control", self.cache_control),
            (b"x-request-id", request_id.encode()),
            # By this name clients made for this style of API tell their users which request it was.
            (b"request-id", request_id.encode()),
            *always,
            *self.headers,
            *(window.headers if window else ()),
        ]
        if self.status not in _BODILESS:
            headers.append((b"content-type", self.content_type))
            if self.stream is None:
                headers.append((b"content-length", b"%d" % len(self.body)))
        return {"type": "http.response.start", "status": self.status, "headers": headers}


def _by_name(headers: list[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    by_name = dict(headers)
    if len(by_name) != len(headers):
        by_name.clear()
        for name, value in headers:
            separator = b"; " if name == b"cookie" else b", "
            by_name[name] = by_name[name] + separator + value if name in by_name else value
    return by_name
