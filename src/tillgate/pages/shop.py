"""A sample shop that takes payments by phone, so that the whole way can be watched: shop, phone, shop."""

from typing import Final

from tillgate.http.exchange import Reply, Request
from tillgate.http.routing import Route
from tillgate.pages import rendering, site

PATH: Final = "/sandbox/shop"

GOODS: Final = (("coconut", 249), ("guava", 275), ("passion_fruit", 325))
"""What is sold, by the name of its text, and for how many cents."""


class Shop(site.Pages):
    """`GET /sandbox/shop`. `token` is the public token that is good on this machine, if there is one.

    Elsewhere whoever looks says which: `?publicToken=…`, which is no secret.
    """

    name = "shop"

    def __init__(self, token: str | None) -> None:
        self._token = token
        self.routes = (Route("GET", PATH, self._show),)

    async def _show(self, request: Request) -> Reply:
        known = self._token if request.is_local else None
        token = dict(request.query).get("publicToken", "").strip() or known
        scripts = ("athmovil_base.js", "shop.js") if token else ()
        return rendering.page(
            request, "shop.html", sheet="shop.css", scripts=scripts, token=token, goods=GOODS, is_local=request.is_local
        )
