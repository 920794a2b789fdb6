"""A merchant's page that has the inline script open the payment page: of an origin of its own, as strict as can be."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import msgspec
from playwright.async_api import ConsoleMessage, Error, FrameLocator, Page

from tests.pages import card_pages
from tests.pages.browsers import Stage
from tests.surfaces.atarapay import market
from tests.surfaces.atarapay.market import Market
from tests.surfaces.checkout.store import VISA
from tests.waiting import eventually
from tillgate.pages import scripts

STRICT: Final = (
    "default-src 'none'; script-src 'self' $; frame-src $; connect-src $; form-action $; base-uri 'none';"
    " require-trusted-types-for 'script'; trusted-types 'none'"
)

HTML: Final = """<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content="width=device-width">
<title>Shop</title>$
<main><h1>Your order</h1><button id=pay>Pay</button></main><script src=shop.js></script>"""

SHOP: Final = """
const told = []
addEventListener("message", ({ data }) => told.push(["message", data]))
const pay = (more = {}) => {
  merchant = new Merchant({ api_key: $key })
  const handlers = {}
  for (const name of ["onsuccess", "onclose", "onerror"]) handlers[name] = (detail) => void told.push([name, detail])
  return TrustPay.setup(merchant).initialize($order.email, $order.phone_number, { ...$order, ...handlers, ...more })
}
document.getElementById("pay").addEventListener("click", () => pay())
"""

EXPECTED: Final = (
    *("ERR_FAILED", "NotSameOrigin", "frame-ancestors", "favicon", "TrustPay:", "404", "403", "409"),
    "of the shop itself",
)


class Counter(msgspec.Struct, frozen=True):
    """A merchant's page as it is open in somebody's browser."""

    stage: Stage
    page: Page
    seller: Market
    origin: str

    @property
    def overlay(self) -> Any:
        """The window over the page."""
        return self.page.get_by_test_id("trustpay-overlay")

    @property
    def inside(self) -> FrameLocator:
        """What is shown in it: the payment page, or the bank's."""
        return self.page.frame_locator("[data-testid=trustpay-overlay] iframe")

    async def begins(self) -> None:
        """Press Pay, and see the payment page."""
        await self.page.click("#pay")
        await self.is_shown()

    async def is_shown(self) -> None:
        """The payment page is there, and hears."""
        await self.inside.locator("#number").wait_for()
        await self.is_read()

    async def is_read(self) -> None:
        """What is in the window hears keys from here on."""
        await eventually(lambda: self.inside.locator("body").evaluate("document.readyState === 'complete'"))

    async def pays(self, number: str = VISA) -> None:
        """With a card, in the window."""
        for name, value in (("number", number), ("expiry", "12/34"), ("cvc", "123")):
            await self.inside.locator(f"#card-form [name={name}]").fill(value)
        await self.inside.locator("#card-form .pay").click()

    async def told(self, name: str) -> list[Any]:
        """What the page was told by one of its functions."""
        return [detail for of, detail in await self.page.evaluate("told") if of == name]


@asynccontextmanager
async def counter(stage: Stage, *, is_held: bool = True, **looks: Any) -> AsyncIterator[Counter]:
    """A merchant's page, open, which `is_held` to one version of the script, or takes the newest of its test pages.

    Nothing is complained of but what is made to be.
    """
    seller = await market.opened(stage.merchant.parts)
    order = {**market.FORM_OF_SHOP, "delivery_date": "2026-01-11", "order_product_name": "Ankara <b>six yards</b>"}
    script = scripts.NAMED["trustpay.js"]
    held = f'<script src="{stage.url}{script.path}" integrity="{script.integrity}" crossorigin></script>'
    newest = f'<script src="{stage.url}{script.paths[1]}"></script>'
    files = {"/": ("text/html", HTML.replace("$", held if is_held else newest))}
    files["/back"] = ("text/html", "<!doctype html><title>Back</title><h1>Thank you</h1>")
    files["/shop.js"] = ("text/javascript", "")
    async with card_pages.site(files, STRICT.replace("$", stage.url)) as origin, stage.payer(**looks) as page:
        order["callback_url"] = f"{origin}/back?cart=7"
        own = SHOP.replace("$order", json.dumps(order)).replace("$key", json.dumps(seller.public))
        await page.route("**/shop.js", lambda route: route.fulfill(body=own, content_type="text/javascript"))
        complaints: list[str] = []

        def note(message: ConsoleMessage) -> None:
            if message.type == "error" and not any(one in message.text for one in EXPECTED):
                complaints.append(message.text)

        def fail(error: Error) -> None:
            if "of the shop itself" not in str(error):
                complaints.append(str(error))

        page.on("console", note)
        page.on("pageerror", fail)
        await page.goto(origin)
        yield Counter(stage, page, seller, origin)
        assert complaints == [], complaints
