"""Which operations a browser may call from another site's page (the Fetch standard's CORS protocol)."""

from collections.abc import Mapping
from typing import Final

from tillgate.http.exchange import Headers, Reply, Request
from tillgate.http.routing import Route

SHARED: Final[Headers] = (
    (b"access-control-allow-origin", b"*"),
    (
        b"access-control-expose-headers",
        b"X-Request-Id, Retry-After, Idempotent-Replayed, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset",
    ),
)
"""What every reply of a cross-origin operation says, errors too: a page could not read those otherwise."""

_PREFLIGHT: Final[Headers] = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-allow-headers", b"Authorization, Content-Type, Idempotency-Key"),
    (b"access-control-max-age", b"7200"),
)


def options(request: Request, routes: Mapping[str, Route]) -> Reply:
    """The answer to OPTIONS: the path's methods, and leave for the one a browser asks about, if it may."""
    asked = routes.get(request.header("access-control-request-method") or "")
    headers: Headers = ((b"allow", allowed(routes)),)
    if asked is not None and asked.cross_origin:
        headers += (*_PREFLIGHT, (b"access-control-allow-methods", asked.method.encode()))
    return Reply(204, headers=headers)


def allowed(routes: Mapping[str, Route]) -> bytes:
    """The value of an Allow header (RFC 9110, 10.2.1)."""
    methods = {*routes, "OPTIONS"} | ({"HEAD"} if "GET" in routes else set())
    return ", ".join(sorted(methods)).encode()
