"""What merchants' pages load beside the inline script of the escrow API: the look of a button, and types."""

from functools import partial
from typing import Final

from tillgate.http import caching
from tillgate.http.exchange import Headers, Reply, Request
from tillgate.http.routing import Route
from tillgate.pages import rendering, site

STYLES: Final = ("/assets/trustpay.inline.min.css", "/assets/test/trustpay.inline.min.css")
TYPES: Final = "/assets/trustpay.inline.d.ts"

_CSS: Final = b"text/css; charset=utf-8"
_TYPESCRIPT: Final = b"text/plain; charset=utf-8"
_FOR_ANYBODY: Final[Headers] = ((b"cross-origin-resource-policy", b"cross-origin"),)


class Inline(site.Pages):
    """`GET /assets/trustpay.inline.…`; the script itself is one of pages/scripts.py."""

    name = "inline"

    def __init__(self) -> None:
        files = [(path, "trustpay.css", _CSS) for path in STYLES] + [(TYPES, "trustpay.d.ts", _TYPESCRIPT)]
        self.routes = tuple(
            Route("GET", path, partial(_served, file, kind), cross_origin=True) for path, file, kind in files
        )


async def _served(file: str, kind: bytes, request: Request) -> Reply:
    return caching.reply(request, rendering.file(file), kind, _FOR_ANYBODY)
