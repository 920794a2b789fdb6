"""The quick start, as it is written in the first document, on a page that runs it (ateni_pay.txt, Quick Start)."""

from typing import Final

from tillgate.core.intents import Intent
from tillgate.core.merchants import DEMO_SHOP
from tillgate.core.money import Money
from tillgate.core.payments import Payment, Terms
from tillgate.flows import payment_intents
from tillgate.flows.directory import Directory
from tillgate.flows.gateway import Answer, Caller, Gateway
from tillgate.flows.intents import Presented
from tillgate.http import policy
from tillgate.http.exchange import Reply, Request
from tillgate.http.routing import Route
from tillgate.pages import rendering, scripts, site

PATH: Final = "/sandbox/quick-start"

SCRIPT: Final = "quick_start.js"

ASKED: Final = """\
curl {origin}/v1/payment_intents \\
  -H 'Authorization: Bearer sk_test_1234567890abcdef' \\
  -H 'Content-Type: application/json' \\
  -d '{{"amount": 2000, "currency": "usd", "payment_method_types": ["card"], "metadata": {{"order_id": "12345"}}}}'"""
"""What a merchant's server asks for before it shows its page; here this page is the server."""

_TERMS: Final = Terms(
    amount=Money(2000, "USD"),
    metadata={"order_id": "12345"},
    asked_as={"currency": "lower"},
    intent=Intent(payment_method_types=("card",)),
)


class QuickStart(site.Pages):
    """`GET /sandbox/quick-start`, with Demo Shop's keys, and so on this machine alone."""

    name = "quick_start"

    def __init__(self, gateway: Gateway, directory: Directory) -> None:
        self._gateway = gateway
        self._directory = directory
        self.routes = (Route("GET", PATH, self._show),)

    async def _show(self, request: Request) -> Reply:
        if not self._directory.plays(on_this_machine=request.is_local):
            return rendering.problem(request, 404)
        return rendering.page(
            request,
            "quick_start.html",
            sheet="quick_start.css",
            scripts=("ateni.js", SCRIPT),
            embeds=policy.OURSELVES,
            client_secret=await self._opened(request),
            asked=ASKED.format(origin=request.origin),
            script=scripts.NAMED[SCRIPT].content.decode(),
        )

    async def _opened(self, request: Request) -> str:
        tenant = await self._directory.tenant(DEMO_SHOP.id)

        async def secret(payment: Payment) -> Answer:
            return Answer(200, payment_intents.client_secret(self._gateway, tenant.id, payment.id).encode())

        caller = Caller(tenant, self.name, self.name, request.id)
        return (await payment_intents.create(self._gateway, caller, None, _TERMS, Presented(), secret)).body.decode()
