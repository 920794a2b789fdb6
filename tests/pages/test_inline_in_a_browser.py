"""The payment page in a window over a merchant's page, and on its own, in a browser: from the shop's form and back.

The merchant's page is of an origin of its own, and as strict as can be.
"""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.async_api import Locator, Page, Route, expect

from tests.pages import browsers, card_pages, inline_pages, looks
from tests.pages.browsers import Stage
from tests.pages.inline_pages import Counter
from tests.sizes import at_size
from tests.surfaces.atarapay import market
from tests.surfaces.checkout.store import CHALLENGED, DECLINED, VISA
from tests.surfaces.v1.shop import LOCAL
from tests.waiting import LONG_SECONDS, eventually
from tillgate.clock import ManualClock
from tillgate.core.instants import SECOND
from tillgate.flows import profiles
from tillgate.pages import escrow_shop
from tillgate.sandbox.phone_bank import Choice

pytestmark = pytest.mark.anyio

HOW_TO: Final = Path(__file__).parents[2] / "docs" / "how-to" / "pay-into-escrow.md"

BANK: Final = "http://localhost:1/bank"

PHONE: Final[dict[str, Any]] = {"viewport": {"width": 390, "height": 844}, "reduced_motion": "reduce"}

expect.set_options(timeout=1_000 * LONG_SECONDS)


@pytest.fixture(scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory, anyio_backend: object) -> AsyncIterator[Stage]:
    """One server and one browser for the tests of the file."""
    async with browsers.stage(tmp_path_factory.mktemp("home"), ManualClock(1_767_225_600 * SECOND)) as made:
        yield made


@pytest.fixture(params=at_size(("phone",), ("phone", "desk")))
async def till(stage: Stage, request: pytest.FixtureRequest) -> AsyncIterator[Counter]:
    async with inline_pages.counter(stage, **(PHONE if request.param == "phone" else {})) as made:
        yield made


async def test_who_confirms_at_the_bank_pays_in_the_window_and_is_led_back_to_the_shop(till: Counter) -> None:
    page = till.page
    await page.clock.install()
    await till.begins()
    await expect(till.inside.locator(".held")).to_contain_text("Your money is held until you accept")
    await expect(till.inside.locator(".label")).to_have_text("Ankara <b>six yards</b>")
    # The page behind is neither scrolled nor reached.
    assert await page.evaluate("getComputedStyle(document.documentElement).overflow") == "hidden"
    await page.evaluate("document.getElementById('pay').focus()")
    assert await page.evaluate("document.activeElement.dataset.testid") == "trustpay-overlay"
    await till.pays(DECLINED)
    await expect(till.inside.locator("#state h2")).to_have_text("Not paid yet")
    await till.pays(CHALLENGED)
    await till.inside.get_by_label("Confirmation code").fill("123456")
    await till.inside.get_by_role("button", name="Approve").click()
    await expect(till.inside.locator("#returning")).to_contain_text("You go back to Iya Basira in")
    await page.clock.run_for(6_000)
    await page.wait_for_url(f"{till.origin}/back?cart=7&product=1001&order=1")
    assert (await till.seller.payment(1)).captured == 1_250_000


async def test_who_pays_in_dollars_pays_by_transfer_or_on_the_phone_too(till: Counter) -> None:
    page = till.page
    await page.evaluate("void pay({ currency: 'USD', amount: 155025, callback_url: undefined })")
    await till.is_shown()
    await till.inside.get_by_text("Bank transfer").click()
    await till.inside.get_by_role("button", name="Show the account").click()
    await till.inside.locator(".steps").wait_for()
    order = await till.seller.payment(1)
    body = {"amount": 100, "currency": "usd", "debtor_iban": "DE89370400440532013000", "payment": order.id}
    assert (await till.seller.v1.post("/sandbox/bank/transfers", body)).status_code == 200
    await expect(till.inside.locator("#state h2")).to_have_text("Paid")
    # Nowhere to go on to: whoever has read it closes the window.
    await page.get_by_role("button", name="Close").click()
    assert await till.told("onsuccess") == [{"status": "paid", "order": 1, "product": "1001"}]
    number = f"78757{await page.evaluate('innerWidth'):05}"
    throws = "() => { throw new Error('of the shop itself') }"
    await page.evaluate(f"void pay({{ currency: 'USD', amount: 155025, onsuccess: {throws} }})")
    await till.is_shown()
    await till.inside.get_by_text("ATH Móvil").click()
    await till.inside.locator("#phone [name=phone]").fill(number)
    await page.keyboard.press("Enter")
    await expect(till.inside.locator("#state h2")).to_have_text("Confirm on your phone")
    await till.seller.parts.phones.choose(number, Choice.CONFIRM)
    await till.inside.locator("#back").click()
    await page.wait_for_url(f"{till.origin}/back?cart=7&product=1001&order=2")
    assert [(await till.seller.payment(number)).captured for number in (1, 2)] == [100, 100]


async def test_a_bank_elsewhere_is_given_the_whole_window(till: Counter) -> None:
    async def elsewhere(route: Route) -> None:
        answer = await route.fetch()
        told = await answer.json()
        told["screen"]["parts"]["state"] = told["screen"]["parts"]["state"].replace(told["goes_to"], BANK)
        await route.fulfill(response=answer, json={**told, "goes_to": BANK})

    await till.page.route("**/events?**", lambda route: route.abort())
    await till.begins()
    await till.page.route("**/card?**", elsewhere)
    await till.page.route(BANK, lambda route: route.fulfill(body="The bank"))
    await till.pays(CHALLENGED)
    await till.inside.get_by_role("link", name="Continue to your bank").click()
    await till.page.wait_for_url(BANK)


async def test_who_closes_the_window_may_pay_the_same_order_later(till: Counter) -> None:
    page = till.page
    await till.begins()
    await till.inside.locator("#number").focus()
    await page.keyboard.press("Escape")
    await expect(till.overlay).to_have_count(0)
    assert await page.evaluate("document.activeElement.id") == "pay"
    assert await page.evaluate("getComputedStyle(document.documentElement).overflow") == "visible"
    # At the bank, too, from which it goes on where it was.
    await till.begins()
    await till.pays(CHALLENGED)
    await till.inside.get_by_label("Confirmation code").focus()
    await till.is_read()
    await page.keyboard.press("Escape")
    await expect(till.overlay).to_have_count(0)
    await page.click("#pay")
    await till.inside.get_by_role("link", name="Continue to your bank").wait_for()
    await till.is_read()
    await till.inside.get_by_role("link", name="Continue to your bank").click()
    await till.inside.get_by_role("button", name="This was not me").click()
    await expect(till.inside.locator("#state h2")).to_have_text("Not paid yet")
    await page.get_by_role("button", name="Close").click()
    closed = await till.told("onclose")
    assert {one["order"] for one in closed} == {1}
    assert len(closed) == 3
    # Where it waits it can be paid on its own, too.
    await page.goto(closed[0]["url"])
    for name, value in (("number", VISA), ("expiry", "12/34"), ("cvc", "123")):
        await page.fill(f"#card-form [name={name}]", value)
    await page.click("#card-form .pay")
    await expect(page.locator("#state h2")).to_have_text("Paid")
    assert (await till.seller.payment(1)).captured == 1_250_000


async def test_what_cannot_be_ordered_is_told_to_the_page_or_in_the_window(till: Counter) -> None:
    page = till.page
    failed = await page.evaluate("pay({ email: 'nobody', customer_lastname: '' })")
    assert failed == {"status": "error", "message": "The customer_lastname field is required."}
    assert await till.told("onerror") == [failed]
    assert await till.overlay.count() == 0
    await page.evaluate("void pay({ token: 'another', callback_url: 'javascript:alert(1)', onerror: undefined })")
    await expect(till.overlay.get_by_role("status")).to_contain_text("callback_url")
    await page.keyboard.press("Escape")
    await expect(till.overlay).to_have_count(0)
    for key in ("", "public:private", till.seller.token, "x" * 48, 7, None):
        refused = await page.evaluate(
            "(api_key) => { try { new Merchant({ api_key }) } catch (e) { return `${e}` } }", key
        )
        assert refused.startswith("TypeError: TrustPay: "), key
        assert str(key or "api_key") not in refused or not key
    wrong = "TrustPay.setup(new Merchant({ api_key: 'x' })).initialize('a@b.c', '0803', { onerror: () => {} })"
    assert (await page.evaluate(wrong))["message"] == "Invalid token. Does not match any record."
    await page.route("**/pay", lambda route: route.abort())
    assert "cannot be reached" in (await page.evaluate("pay()"))["message"]


async def ticked(page: Page, wanted: Locator) -> int:
    """Whether something is there yet, once more time has passed."""
    await page.clock.run_for(1_000)
    return await wanted.count()


async def test_pages_of_origins_that_are_not_registered_do_not_hold_it_in_a_window(stage: Stage) -> None:
    async with inline_pages.counter(stage, is_held=False) as till:
        gateway, tenant = till.seller.parts.gateway, till.seller.tenant
        await profiles.register(gateway, tenant, lambda _: ("https://shop.example",))
        await till.page.clock.install()
        async with till.page.expect_event("requestfailed", lambda request: "/checkout/" in request.url):
            await till.page.click("#pay")
        await eventually(lambda: till.overlay.locator("iframe").count())
        link = till.overlay.get_by_role("link", name="Open the payment page")
        await eventually(lambda: ticked(till.page, link))
        await expect(till.overlay.get_by_role("status")).to_contain_text("cannot be shown here")
        await profiles.register(gateway, tenant, lambda _: (till.origin,))
        await till.page.reload()
        await till.begins()


async def test_what_windows_say_is_not_heard_by_the_shops_page(till: Counter) -> None:
    """Whoever says it, and be it the payment page: it is heard by its channel alone."""
    await till.begins()
    await till.page.evaluate("for (const event of ['paid', 'done']) postMessage({ event }, '*')")
    framed = next(frame for frame in till.page.frames if "/checkout/" in frame.url)
    await framed.evaluate("for (const event of ['paid', 'done']) parent.postMessage({ event }, '*')")
    await eventually(lambda: till.page.evaluate("told.length === 4"))
    assert await till.overlay.count() == 1
    await till.page.keyboard.press("Escape")
    await expect(till.overlay).to_have_count(0)
    assert (await till.told("onsuccess"), len(await till.told("onclose"))) == ([], 1)


ASKS: Final = """(target) => {
  const { port1, port2 } = new MessageChannel()
  port1.onmessage = ({ data }) => (window.heard = data.event)
  const there = target ? document.querySelector(target).contentWindow : window
  there.postMessage({}, "*", [port2])
}"""


async def test_the_payment_page_speaks_to_its_merchants_page_alone(stage: Stage) -> None:
    seller = await market.opened(stage.merchant.parts)
    url = stage.url + (await seller.posts()).headers["location"]
    html = f'<!doctype html><title>Shop</title><iframe src="{url}"></iframe>'
    async with card_pages.site({"/": ("text/html", html)}) as shop, stage.payer() as page:
        await page.goto(shop)
        framed = page.frames[1]
        await framed.locator("#number").wait_for()
        # Neither to its own window, where somebody may have got in, nor to a page that is not known.
        await framed.evaluate(ASKS, None)
        await framed.evaluate("(known) => (document.getElementById('checkout').dataset.around = known)", f"{shop}0")
        await page.evaluate(ASKS, "iframe")
        await framed.evaluate("() => new Promise((resolve) => setTimeout(resolve, 100))")
        assert await framed.evaluate("window.heard") is None
        assert await page.evaluate("window.heard") is None
        await framed.evaluate("(known) => (document.getElementById('checkout').dataset.around = known)", f"x {shop}")
        await page.evaluate(ASKS, "iframe")
        await eventually(lambda: page.evaluate("window.heard === 'ready'"))


async def test_a_form_leads_to_the_page_and_the_page_back_to_the_shop(stage: Stage) -> None:
    """From a page that tells nobody where its forms come from: their Origin is null."""
    seller = await market.opened(stage.merchant.parts)
    fields = {"token": seller.public, **market.FORM_OF_SHOP, "delivery_date": "2026-01-11"}
    async with card_pages.site({"/back": ("text/html", "<!doctype html><title>Back</title>")}) as origin:
        fields["callback_url"] = f"{origin}/back"
        inputs = "".join(f'<input type=hidden name="{name}" value="{value}">' for name, value in fields.items())
        html = f'<form method=post action="{stage.url}/pay">{inputs}<button>Pay</button></form>'
        shop = f"<!doctype html><title>Shop</title><meta name=referrer content=no-referrer>{html}"
        async with card_pages.site({"/": ("text/html", shop)}) as start, stage.payer(**PHONE) as page:
            sent: list[dict[str, str]] = []
            page.on("request", lambda request: sent.append(request.headers) if request.method == "POST" else None)
            await page.goto(start)
            await page.click("button")
            await page.locator("#number").wait_for()
            assert sent[0]["origin"] == "null"
            await looks.assert_readable(page)
            await looks.assert_accessible(page)
            for name, value in (("number", VISA), ("expiry", "12/34"), ("cvc", "123")):
                await page.fill(f"#card-form [name={name}]", value)
            await page.clock.install()
            await page.click("#card-form .pay")
            await expect(page.locator("#state")).to_contain_text("is held for you")
            await page.clock.run_for(10_000)
            await page.wait_for_url(f"{origin}/back?product=1001&order=1")
            await page.goto(start)
            await page.evaluate("document.querySelector('[name=token]').value = 'x'")
            await page.click("button")
            await expect(page.get_by_role("heading")).to_have_text("This cannot be paid")
            await looks.assert_readable(page)
            await looks.assert_accessible(page)


@pytest.mark.parametrize(("scheme", "width"), at_size([("dark", 320)], [("dark", 320), ("light", 1_280)]))
async def test_the_sample_shop_sells_both_ways(stage: Stage, scheme: Any, width: int) -> None:
    view = {"color_scheme": scheme, "viewport": {"width": width, "height": 740}, "reduced_motion": "reduce"}
    async with stage.payer(**view) as page:
        await page.goto(stage.url + escrow_shop.PATH)
        await looks.assert_readable(page)
        await looks.assert_accessible(page)
        await page.get_by_role("button", name="Pay here").click()
        inside = page.frame_locator("[data-testid=trustpay-overlay] iframe")
        await inside.locator("#number").wait_for()
        await looks.assert_accessible(page)
        framed = next(frame for frame in page.frames if "/checkout/" in frame.url)
        await looks.assert_accessible(framed)
        assert await framed.evaluate(looks.OVERFLOW) <= 0
        box = await page.locator("[data-testid=trustpay-overlay] dialog").bounding_box()
        assert box is not None
        assert (width > 480) == (box["width"] < width)
        await page.get_by_role("button", name="Close").click()
        await expect(page.get_by_role("status")).to_contain_text("The order waits")
        await page.get_by_label("USD").check()
        await page.get_by_role("button", name="Pay on the payment page").click()
        await expect(page.locator(".agreed")).to_contain_text("1 USD = 1550.25 NGN")
        for name, value in (("number", VISA), ("expiry", "12/34"), ("cvc", "123")):
            await page.fill(f"#card-form [name={name}]", value)
        await page.click("#card-form .pay")
        await page.locator("#back").click()
        await expect(page.get_by_role("heading")).to_contain_text("Thank you! Order")
        await looks.assert_readable(page)
        await looks.assert_accessible(page)


async def test_the_lines_of_the_how_to_open_the_window(stage: Stage) -> None:
    (block,) = re.findall(r"```html\n(.*?)```", HOW_TO.read_text(), re.DOTALL)
    html = f"<!doctype html><title>Shop</title>{block}".replace(LOCAL, stage.url)
    async with card_pages.site({"/": ("text/html", html)}) as shop, stage.payer() as page:
        await page.goto(shop)
        assert await page.locator("#pay").evaluate("(button) => button.offsetHeight") >= 44
        await page.click("#pay")
        inside = page.frame_locator("[data-testid=trustpay-overlay] iframe")
        for name, value in (("number", VISA), ("expiry", "12/34"), ("cvc", "123")):
            await inside.locator(f"#card-form [name={name}]").fill(value)
        await inside.locator("#card-form .pay").click()
        await inside.locator("#returning").wait_for()
        await inside.locator("#back").click()
        await page.wait_for_url(re.compile(re.escape(stage.url + escrow_shop.PATH) + r"\?product=1001&order=\d+"))
