"""A sample shop of the escrow API: the same form is posted to the payment page, or opened in a window over the shop."""

from datetime import UTC, datetime
from typing import Any, Final

from tillgate.core import credentials, languages
from tillgate.core.instants import DAY, MILLISECOND, SECOND, Instant
from tillgate.core.merchants import Tenant
from tillgate.core.money import Money
from tillgate.core.reasons import Refused
from tillgate.flows import key_pairs, profiles
from tillgate.flows.directory import Directory
from tillgate.flows.gateway import Gateway
from tillgate.http import policy
from tillgate.http.exchange import Reply, Request
from tillgate.http.routing import Route
from tillgate.pages import amounts, rendering, site

PATH: Final = "/sandbox/escrow-shop"

PRICE: Final = Money(12_500_00, "NGN")
CURRENCIES: Final = ("NGN", "USD")
LASTS: Final = 10 * DAY
"""How long the shop takes to deliver, as it says."""

_LONGEST: Final = 100


class EscrowShop(site.Pages):
    """`GET /sandbox/escrow-shop`, with the public key that is printed, and so good on this machine alone.

    Elsewhere whoever looks says which: `?key=…`, which is no secret. Who has paid comes back with `product`, `order`.
    """

    name = "escrow_shop"

    def __init__(self, gateway: Gateway, directory: Directory) -> None:
        self._gateway = gateway
        self._directory = directory
        self.routes = (Route("GET", PATH, self._show),)

    async def _show(self, request: Request) -> Reply:
        asked = dict(request.query)
        key = asked.get("key", "").strip()
        printed = credentials.halves(key_pairs.DEMO_KEYS)[0] if self._plays(request) else ""
        tenant = await self._seller(request, key or printed)
        language = languages.best(request.header("accept-language"))
        if tenant is None:
            said: dict[str, Any] = {"key": key[:_LONGEST], "is_unknown": bool(key)}
            return rendering.page(request, "escrow_shop_key.html", sheet="escrow_shop.css", **said)
        shared: dict[str, Any] = {"key": key or printed, "query": f"?key={key}" if key else "", "path": PATH}
        if order := asked.get("order"):
            names: dict[str, Any] = {"order": order[:_LONGEST], "product": asked.get("product", "")[:_LONGEST]}
            return rendering.page(request, "escrow_shop_back.html", sheet="escrow_shop.css", **shared, **names)
        return rendering.page(
            request,
            "escrow_shop.html",
            sheet="escrow_shop.css",
            scripts=("trustpay.js", "escrow_shop.js"),
            embeds=policy.OURSELVES,
            merchant=await profiles.name(self._gateway, tenant),
            price=amounts.written(PRICE, language),
            kobo=PRICE.amount,
            currencies=CURRENCIES,
            product=self._gateway.clock.wall() // MILLISECOND,
            delivery_date=_day(self._gateway.clock.now(tenant.id) + LASTS),
            callback_url=f"{request.origin}{PATH}{shared['query']}",
            **shared,
        )

    def _plays(self, request: Request) -> bool:
        return self._directory.plays(on_this_machine=request.is_local)

    async def _seller(self, request: Request, key: str) -> Tenant | None:
        """The test merchant whose public key this is."""
        try:
            _, tenant = await self._directory.holder(key, None, on_this_machine=request.is_local)
        except Refused:
            return None
        return None if tenant.is_live else tenant


def _day(instant: Instant) -> str:
    return datetime.fromtimestamp(instant // SECOND, UTC).strftime("%Y-%m-%d")
