"""A merchant's page that takes cards: of an origin of its own, as strict as can be, with whatever else it runs."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import msgspec
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import ConsoleMessage, Error, Frame, FrameLocator, Page

from tests.pages.browsers import Stage
from tests.surfaces.v1 import shop
from tests.surfaces.v1.shop import Client
from tests.waiting import eventually
from tillgate.core.credentials import ALL_SCOPES, PUBLISHABLE_SCOPES, CredentialKind
from tillgate.pages import elements, scripts

STRICT: Final = (
    "default-src 'none'; script-src 'self' $; style-src 'self'; frame-src $; connect-src $; form-action 'none';"
    " base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)

BODY: Final = "<form id=order><div id=card></div><button>Pay</button></form>"

BEGIN: Final = """
const told = [], results = []
let secret
const ateni = Ateni($key, $locale)
const card = ateni.elements($elements).create("card", $options)
for (const event of ["ready", "change", "focus", "blur"]) card.on(event, (detail) => told.push([event, detail]))
card.mount("#card")
document.getElementById("order").addEventListener("submit", async (event) => {
  event.preventDefault()
  const result = ateni.confirmCardPayment(secret, {
    payment_method: { card, billing_details: { name: "John Doe" } },
  })
  results.push(await result)
})
"""

EXPECTED: Final = ("400", "402", "403", "ERR_FAILED", "favicon", "404")
"""What a browser says by itself of answers that are no."""


class Till(msgspec.Struct, frozen=True):
    """The merchant's page as it is open in somebody's browser."""

    stage: Stage
    page: Page
    merchant: Client

    async def intent(self, **changes: Any) -> str:
        """A new payment intent's client secret, as the merchant's server was given it."""
        asked = {"amount": 2000, "currency": "usd", "payment_method_types": ["card"], **changes}
        made = await self.merchant.post("/payment_intents", asked)
        assert made.status_code == 200, made.text
        return str(made.json()["client_secret"])

    async def fill(self, card: Any) -> dict[str, Any]:
        """ateni.test.fill()."""
        return dict(await self.page.evaluate("(card) => ateni.test.fill(card)", card))

    async def begin(self, secret: str, **more: Any) -> None:
        """Confirm, and wait for nothing."""
        await self.page.evaluate(
            """([secret, more]) => {
              const payment_method = { card, billing_details: { name: "John Doe" } }
              window.confirmed = ateni.confirmCardPayment(secret, { payment_method, ...more })
            }""",
            [secret, more],
        )

    async def end(self) -> dict[str, Any]:
        """What the confirmation that was begun resolves to."""
        return dict(await self.page.evaluate("window.confirmed"))

    async def confirm(self, secret: str, **more: Any) -> dict[str, Any]:
        """Confirm with what is in the fields."""
        await self.begin(secret, **more)
        return await self.end()

    async def charged(self) -> int:
        """How many payments of this merchant have succeeded."""
        found = await self.merchant.listed("/payments?limit=100")
        return len([payment for payment in found if payment["status"] == "succeeded"])

    @property
    def fields(self) -> FrameLocator:
        """The frame with the fields."""
        return self.page.frame_locator("#card iframe")

    @property
    def bank(self) -> FrameLocator:
        """The bank's page in the window over the page."""
        return self.page.frame_locator("[data-testid=ateni-overlay] iframe")

    def frame(self) -> Frame:
        """The frame with the fields, to run something in."""
        return next(frame for frame in self.page.frames if elements.PATH in frame.url)


def tag(stage: Stage) -> str:
    """The line that a merchant's page has, held to what the script is."""
    script = scripts.NAMED["ateni.js"]
    return f'<script src="{stage.url}{script.path}" integrity="{script.integrity}" crossorigin></script>'


async def new_key(stage: Stage, name: str = "Bookshop") -> tuple[Client, str]:
    """A merchant of its own, and its publishable key."""
    parts = stage.merchant.parts
    tenant = await shop.new_tenant(parts, name)
    secret = await shop.issue(parts, tenant, CredentialKind.SECRET_KEY, ALL_SCOPES)
    return shop.Client(parts, secret), await shop.issue(
        parts, tenant, CredentialKind.PUBLISHABLE_KEY, PUBLISHABLE_SCOPES
    )


@asynccontextmanager
async def site(files: dict[str, tuple[str, str]], policy: str = "") -> AsyncIterator[str]:
    """Somebody's server: paths, each with its type and text. Its origin."""
    app = web.Application()
    for path, (kind, text) in files.items():

        async def give(request: web.Request, kind: str = kind, text: str = text) -> web.Response:
            headers = {"content-security-policy": policy} if policy else {}
            return web.Response(text=text, content_type=kind, headers=headers)

        app.router.add_get(path, give)
    async with TestServer(app) as server:
        yield str(server.make_url("/")).rstrip("/")


@asynccontextmanager
async def till(
    stage: Stage,
    *,
    before: str = "",
    after: str = "",
    body: str = BODY,
    policy: str = STRICT,
    given: dict[str, Any] | None = None,
    is_ready: bool = True,
    looks: dict[str, Any] | None = None,
    expects: tuple[str, ...] = (),
) -> AsyncIterator[Till]:
    """A merchant's page, open; `before` and `after` are scripts of its own, around ours. Nothing is complained of."""
    merchant, key = await new_key(stage)
    said = {"key": key, "locale": {}, "elements": {}, "options": {}, **(given or {})}
    begin = BEGIN
    for name, value in said.items():
        begin = begin.replace(f"${name}", json.dumps(value))
    html = f"""<!doctype html><html lang=en><meta charset=utf-8><title>Shop</title><script src=before.js></script>
      {tag(stage)}<main><h1>Your order</h1>{body}</main><script src=begin.js></script><script src=after.js></script>"""
    files = {
        "/": ("text/html", html),
        "/before.js": ("text/javascript", before),
        "/begin.js": ("text/javascript", begin),
        "/after.js": ("text/javascript", after),
    }
    async with site(files, policy.replace("$", stage.url)) as url, stage.payer(**(looks or {})) as page:
        complaints: list[str] = []

        def note(message: ConsoleMessage) -> None:
            if message.type == "error" and not any(one in message.text for one in (*EXPECTED, *expects)):
                complaints.append(message.text)

        def fail(error: Error) -> None:
            complaints.append(str(error))

        page.on("console", note)
        page.on("pageerror", fail)
        await page.goto(url)
        assert complaints == [], complaints
        if is_ready:
            await eventually(lambda: page.evaluate("told.some(([event]) => event === 'ready')"))
        yield Till(stage, page, merchant)
        assert complaints == [], complaints
