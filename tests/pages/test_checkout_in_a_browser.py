"""The payment page in a browser: every way to pay on a phone and at a desk, what goes wrong on the way, and the truth
of it afterwards; by keyboard, by day and by night, for who cannot see it, and without scripts.
"""

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import httpx2
import pytest
from playwright.async_api import ConsoleMessage, Error, Page, Route, expect

from tests.pages import browsers, looks
from tests.pages.browsers import Stage
from tests.sizes import at_size
from tests.surfaces.checkout import store
from tests.surfaces.checkout.store import CHALLENGED, DECLINED, VISA, Store, moment
from tests.surfaces.v1.shop import LOCAL
from tests.waiting import LONG_SECONDS
from tillgate.clock import ManualClock
from tillgate.core.instants import HOUR, SECOND
from tillgate.flows import profiles
from tillgate.pages.payment_watches import WINDOWS

pytestmark = pytest.mark.anyio

STILL: dict[str, Any] = {"reduced_motion": "reduce"}
PHONE = {"viewport": {"width": 390, "height": 844}, **STILL}
DESK = {"viewport": {"width": 1280, "height": 800}, **STILL}

MORE_LOOKS = [("light", 1_280, "de-DE", "#e4002b"), ("light", 390, "en-US", None), ("dark", 1_280, "en-US", None)]

expect.set_options(timeout=1_000 * LONG_SECONDS)


@pytest.fixture(scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory, anyio_backend: object) -> AsyncIterator[Stage]:
    """One server and one browser for the tests of the file."""
    clock = ManualClock(1_767_297_600 * SECOND)
    async with browsers.stage(tmp_path_factory.mktemp("home"), clock) as made:
        yield made


@pytest.fixture(scope="module")
async def shop(stage: Stage) -> Store:
    """A merchant for all of them."""
    return await store.opened(stage.merchant.parts)


@pytest.fixture(params=at_size(("phone",), ("phone", "desk")))
async def page(stage: Stage, request: pytest.FixtureRequest) -> AsyncIterator[Page]:
    """A payer's browser, in which nothing may go wrong but what is made to."""
    async with stage.payer(**(PHONE if request.param == "phone" else DESK)) as opened:
        messages: list[ConsoleMessage] = []
        errors: list[Error] = []
        opened.on("console", lambda message: messages.append(message))
        opened.on("pageerror", lambda error: errors.append(error))
        yield opened
        said = [message.text for message in messages if not message.text.startswith("Failed to load resource")]
        assert (said, errors) == ([], [])


class Order:
    """A checkout in somebody's window."""

    def __init__(self, shop: Store, page: Page, opened: dict[str, Any], url: str) -> None:
        self.shop = shop
        self.page = page
        self.id = str(opened["id"])
        self.url = str(opened["checkoutUrl"]).replace(LOCAL, url)

    @property
    def heading(self) -> Any:
        return self.page.locator("#state h2")

    async def writes(self, number: str = VISA) -> None:
        for name, value in (("number", number), ("expiry", "12/34"), ("cvc", "123")):
            await self.page.fill(f"#card-form [name={name}]", value)

    async def pays(self, number: str = VISA) -> None:
        await self.writes(number)
        await self.page.click("#card-form .pay")

    async def assert_charged_once(self) -> None:
        record = await self.shop.record(self.id)
        assert (record.captured, record.surplus) == (10_000, ())
        assert await self.shop.status(self.id) == "CONFIRMED"


async def ordered(stage: Stage, shop: Store, page: Page, **changes: Any) -> Order:
    opened = await shop.open(**{"redirectUrl": stage.shop, **changes})
    order = Order(shop, page, opened, stage.url)
    await page.goto(order.url)
    return order


async def arrives(shop: Store, order: Order, amount: int) -> None:
    body = {"amount": amount, "currency": "eur", "debtor_iban": "DE89370400440532013000", "payment": order.id}
    assert (await shop.v1.post("/sandbox/bank/transfers", body)).status_code == 200


async def test_who_is_declined_tries_another_card_and_is_back_at_the_shop(
    stage: Stage, shop: Store, page: Page
) -> None:
    await page.clock.install()
    order = await ordered(stage, shop, page)
    await page.fill("#number", "4000")
    await expect(page.locator("[data-brand] span")).to_have_text("Visa")
    await page.click("#card-form .pay")
    await expect(page.locator("#number-mistake")).to_have_text("Enter all digits of the card number.")
    await expect(page.locator("#number")).to_be_focused()
    await order.pays(DECLINED)
    await expect(order.heading).to_have_text("Not paid yet")
    await expect(order.heading).to_be_focused()
    await expect(page.locator("#state")).to_contain_text("Your bank said no to this card")
    await order.pays()
    await expect(order.heading).to_have_text("Paid")
    assert await page.title() == "Paid – Panadería Luz"
    await expect(page.locator("#returning")).to_contain_text("You go back to Panadería Luz in")
    await page.clock.run_for(10_000)
    await page.wait_for_url(f"{stage.shop}&**")
    assert f"&payment={order.id}&reference=" in page.url
    assert page.url.endswith("&status=CONFIRMED")
    # The way back to the page is no trap.
    await page.go_back()
    await expect(order.heading).to_have_text("Paid")
    await page.clock.run_for(20_000)
    await expect(page.locator("#returning")).to_be_hidden()
    await order.assert_charged_once()


async def test_the_bank_is_left_by_the_back_button_for_another_card_or_for_none(
    stage: Stage, shop: Store, page: Page
) -> None:
    order = await ordered(stage, shop, page)
    await order.pays(CHALLENGED)
    await page.wait_for_url("**/sandbox/challenges/**")
    await page.go_back()
    await expect(order.heading).to_have_text("Your bank asks you to confirm")
    await page.get_by_role("link", name="Continue to your bank").click()
    await page.get_by_role("button", name="This was not me").click()
    await expect(order.heading).to_have_text("Not paid yet")
    await expect(page.locator("#state")).to_contain_text("You did not confirm the payment with your bank")
    await order.pays(CHALLENGED)
    await page.wait_for_url("**/sandbox/challenges/**")
    await page.go_back()
    await page.get_by_role("button", name="Pay another way").click()
    await order.pays(CHALLENGED)
    await page.wait_for_url("**/sandbox/challenges/**")
    await page.get_by_label("Confirmation code").fill("123456")
    await page.get_by_role("button", name="Approve").click()
    await expect(order.heading).to_have_text("Paid")
    await order.assert_charged_once()


async def test_a_transfer_is_told_of_as_it_arrives(stage: Stage, shop: Store, page: Page) -> None:
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    order = await ordered(stage, shop, page, currencyCode="EUR")
    await page.get_by_text("Bank transfer").click()
    await page.get_by_role("button", name="Show the account").click()
    await expect(page.locator(".qr svg")).to_be_visible()
    await page.get_by_role("button", name="Copy: IBAN").click()
    await expect(page.locator("#news")).to_have_text("Copied")
    assert await page.evaluate("navigator.clipboard.readText()") == "DE35370400440532013099"
    await arrives(shop, order, 4_000)
    await expect(order.heading).to_have_text("€40.00 has arrived")
    await expect(page.locator(".so-far")).to_contain_text("€60.00")
    await expect(page.locator(".steps")).to_contain_text("Send exactly €60.00")
    await expect(page.locator("#card-form")).to_have_count(0)
    await arrives(shop, order, 6_000)
    await expect(order.heading).to_have_text("Paid")
    await order.assert_charged_once()


async def test_what_is_confirmed_on_the_phone_is_told_at_once(stage: Stage, shop: Store, page: Page) -> None:
    order = await ordered(stage, shop, page)
    number = f"78755{await page.evaluate('innerWidth'):05}"
    await page.get_by_text("ATH Móvil").click()
    await page.locator("#phone [name=phone]").fill("787 555")
    await page.get_by_role("button", name="Send the request").click()
    await expect(page.locator("#phone-mistake")).to_contain_text("ten digits")
    await page.locator("#phone [name=phone]").fill("7875559998")
    await page.keyboard.press("Enter")
    await expect(order.heading).to_have_text("Confirm on your phone")
    await expect(page.get_by_role("timer")).to_have_text(re.compile(r"\d?\d:\d\d left"))
    await page.get_by_role("button", name="Cancel the request").click()
    await expect(page.locator("#card-form")).to_be_visible()
    await page.get_by_text("ATH Móvil").click()
    await page.locator("#phone [name=phone]").fill("7875559999")
    await page.keyboard.press("Enter")
    await page.get_by_label("Another number").fill(number)
    await page.get_by_role("button", name="Send", exact=True).click()
    await expect(page.locator("#state")).to_contain_text(f"({number[:3]}) {number[3:6]}-{number[6:]}")
    await shop.confirm(number)
    await expect(order.heading).to_have_text("Paid")
    await order.assert_charged_once()


async def test_pressing_twice_charges_once_and_every_window_is_told(stage: Stage, shop: Store, page: Page) -> None:
    order = await ordered(stage, shop, page)
    other = await page.context.new_page()
    await other.goto(order.url)
    for window in (page, other):
        await Order(shop, window, {"id": order.id, "checkoutUrl": ""}, "").writes()
    # What is typed in one stays while something else happens in the other.
    await page.fill("#number", DECLINED)
    await page.locator("#card-form .pay").click()
    for window in (page, other):
        await expect(window.locator("#state h2")).to_have_text("Not paid yet")
    await expect(other.locator("#number")).to_have_value("4242 4242 4242 4242")
    await other.locator("#card-form .pay").dblclick()
    for window in (page, other):
        await expect(window.locator("#state h2")).to_have_text("Paid")
    assert (await shop.record(order.id)).attempts_made == 2
    await order.assert_charged_once()


async def test_the_connection_is_lost_while_paying_and_the_page_finds_out(
    stage: Stage, shop: Store, page: Page
) -> None:
    order = await ordered(stage, shop, page)

    async def lose_the_question(route: Route) -> None:
        await route.abort()

    async def lose_the_answer(route: Route) -> None:
        await route.fetch()
        await route.abort()

    await page.route("**/card?*", lose_the_question)
    await order.pays()
    await expect(page.locator("#told")).to_contain_text("Your payment did not reach us, and nothing was charged.")
    await page.unroute("**/card?*")
    await page.route("**/card?*", lose_the_answer)
    await page.click("#card-form .pay")
    await expect(order.heading).to_have_text("Paid")
    await page.reload()
    await expect(order.heading).to_have_text("Paid")
    assert (await shop.record(order.id)).attempts_made == 1
    await order.assert_charged_once()


async def test_the_sandboxs_device_pays_by_keyboard_alone_and_so_does_a_card(stage: Stage, shop: Store) -> None:
    async with stage.payer(**PHONE) as page:
        order = await ordered(stage, shop, page)
        await tab_to(page, "Google Pay")
        await page.keyboard.press("Enter")
        await tab_to(page, "Pay $100.00", within=".sheet")
        await page.keyboard.press("Enter")
        await expect(order.heading).to_have_text("Paid")
        order = await ordered(stage, shop, page)
        await tab_to(page, "", within="#number")
        for text in ("4242424242424242", "1234", "123"):
            await page.keyboard.type(text)
            assert await page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
            await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(order.heading).to_have_text("Paid")
        await tab_to(page, "Continue to Panadería Luz")
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"{stage.shop}&**")


async def tab_to(page: Page, text: str, within: str = "body") -> None:
    """Go to what says so, as who has no mouse does."""
    is_there = "([text, within]) => { const at = document.activeElement;" + (
        "return at !== document.body && at.closest(within) !== null && at.innerText.trim().startsWith(text) }"
    )
    for _ in range(30):
        await page.keyboard.press("Tab")
        if await page.evaluate(is_there, [text, within]):
            return
    raise AssertionError(f"no key leads to {text or within}")


async def test_a_page_that_is_open_is_told_that_its_time_is_over(stage: Stage, shop: Store) -> None:
    async with stage.payer(**DESK) as page:
        expires = moment(stage.clock.now(shop.tenant.id) + HOUR)
        order = await ordered(stage, shop, page, expiresAt=expires)
        await expect(page.locator(".countdown")).to_have_text("1:00:00 left")
        stage.clock.advance(HOUR + SECOND)
        await expect(order.heading).to_have_text("The time to pay is over")
        assert await page.locator("form").count() == 0
        await page.get_by_role("link", name="Back to Panadería Luz").click()
        await page.wait_for_url(f"{stage.shop}&**status=CANCELLED")
        changed = order.url[:-1] + ("0" if order.url[-1] != "0" else "1")
        await page.goto(changed)
        await expect(page.locator("h1")).to_have_text("This link is not valid")


async def test_one_link_does_not_take_the_streams_of_all_others(stage: Stage, shop: Store) -> None:
    opened, other = [(await shop.open())["checkoutUrl"].replace(LOCAL, stage.url) for _ in range(2)]
    path = opened.replace("?", "/events?")
    async with httpx2.AsyncClient(timeout=LONG_SECONDS) as client, AsyncExitStack() as windows:
        told = []
        for _ in range(WINDOWS):
            window = await windows.enter_async_context(client.stream("GET", path))
            assert window.status_code == 200
            told.append(window.aiter_text())  # kept, for a stream that nobody reads is closed
            assert "retry:" in await anext(told[-1])
        for address, status in ((path, 503), (other.replace("?", "/events?"), 200)):
            async with client.stream("GET", address) as window:
                assert window.status_code == status


async def test_without_scripts_one_pays_just_the_same(stage: Stage, shop: Store) -> None:
    async with stage.payer(java_script_enabled=False, **PHONE) as page:
        order = await ordered(stage, shop, page)
        await order.pays("4242424242424241")
        await expect(page.locator("#number")).to_have_attribute("aria-invalid", "true")
        await order.pays(DECLINED)
        await expect(order.heading).to_have_text("Not paid yet")
        await order.pays(CHALLENGED)
        await page.wait_for_url("**/sandbox/challenges/**")
        await page.get_by_label("Confirmation code").fill("123456")
        await page.get_by_role("button", name="Approve").click()
        await expect(order.heading).to_have_text("Paid")
        await order.assert_charged_once()
        order = await ordered(stage, shop, page)
        await page.get_by_role("button", name="Apple Pay").click()
        await page.locator("#sheet-apple_pay .pay").click()
        await expect(order.heading).to_have_text("Paid")


@pytest.mark.parametrize(
    ("scheme", "width", "locale", "color"),
    [("dark", 320, "es-PR", "#ffd400"), *at_size([], MORE_LOOKS)],
)
async def test_everything_can_be_read_and_pressed_and_told_aloud(
    stage: Stage, scheme: Any, width: int, locale: str, color: str | None
) -> None:
    shop = await store.opened(stage.merchant.parts)
    name = {"display_name": "Panadería y Repostería Luz de la Mañana", "color": color}
    await profiles.update(shop.parts.gateway, shop.tenant, name)
    view = {"color_scheme": scheme, "viewport": {"width": width, "height": 740}, "locale": locale}

    async def assert_good(page: Page) -> None:
        assert await page.evaluate("document.getAnimations().length") == 0
        await looks.assert_readable(page)
        await looks.assert_accessible(page)

    async with stage.payer(**view, **STILL) as page:
        expires = moment(stage.clock.now(shop.tenant.id) + HOUR)
        order = await ordered(stage, shop, page, amount=99_999_999, currencyCode="EUR", expiresAt=expires)
        await order.writes("4000")
        await page.click("#card-form .pay")
        await assert_good(page)
        await order.pays(DECLINED)
        await order.heading.wait_for()
        await assert_good(page)
        await page.click(".apple_pay")
        await assert_good(page)
        await page.keyboard.press("Escape")
        await page.click("[data-way=transfer] summary")
        await page.click("[data-way=transfer] .pay")
        await page.locator(".qr").wait_for()
        await assert_good(page)
        order = await ordered(stage, shop, page)
        await page.click("#phone summary")
        await page.fill("#phone [name=phone]", f"787556{width:04}")
        await page.keyboard.press("Enter")
        await page.locator(".ringing").wait_for()
        await assert_good(page)
        await shop.confirm(f"787556{width:04}")
        await page.locator(".sign.good").wait_for()
        await page.click("#stay")
        await assert_good(page)
        assert await page.get_attribute("html", "lang") == locale[:2]
