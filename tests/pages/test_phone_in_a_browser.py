"""The phone in a browser: what is asked appears and vanishes by itself, by keyboard, by day and by night, in windows of
one phone, and for who cannot see it.
"""

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import ConsoleMessage, Error, Page, expect

from tests.pages import browsers, looks
from tests.pages.browsers import Stage
from tests.sizes import at_size
from tests.surfaces.athmovil import business
from tests.surfaces.athmovil.business import ITEM, Business, Ticket
from tests.waiting import LONG_SECONDS, eventually
from tillgate.clock import ManualClock
from tillgate.core.instants import HOUR, SECOND

pytestmark = pytest.mark.anyio

STILL: dict[str, Any] = {"reduced_motion": "reduce"}
"""Somebody who would rather not see things move, in less time."""

expect.set_options(timeout=1_000 * LONG_SECONDS)


@pytest.fixture(scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory, anyio_backend: object) -> AsyncIterator[Stage]:
    """One server and one browser for the tests of the file."""
    clock = ManualClock(1_767_297_600 * SECOND)
    async with browsers.stage(tmp_path_factory.mktemp("home"), clock) as made:
        yield made


@pytest.fixture(scope="module")
async def seller(stage: Stage) -> Business:
    """A business; each test asks a phone of its own."""
    return await business.opened(stage.merchant.parts)


@pytest.fixture
async def page(stage: Stage) -> AsyncIterator[Page]:
    """A customer's phone, in which nothing may go wrong."""
    async with stage.payer(viewport={"width": 390, "height": 844}, **STILL) as opened:
        messages: list[ConsoleMessage] = []
        errors: list[Error] = []
        opened.on("console", lambda message: messages.append(message))
        opened.on("pageerror", lambda error: errors.append(error))
        yield opened
        said = [message.text for message in messages if not message.location["url"].endswith("/favicon.ico")]
        assert (said, errors) == ([], [])


async def log_in(stage: Stage, page: Page, number: str) -> None:
    await page.goto(f"{stage.url}/phone")
    await expect(page.locator("#number")).to_be_focused()
    await page.keyboard.type(number)
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#phone")


async def status(seller: Business, ticket: Ticket) -> Any:
    return (await seller.find(ticket))["ecommerceStatus"]


async def test_the_keyboard_alone_answers_what_appears_by_itself(stage: Stage, page: Page, seller: Business) -> None:
    await log_in(stage, page, "(787) 555-0001")
    await expect(page.get_by_text("Nothing to confirm.")).to_be_visible()
    ticket = await seller.open(phoneNumber="7875550001", total="12.50")
    request = page.get_by_role("article")
    await expect(request.get_by_role("heading")).to_have_text("Heladería Sol")
    await expect(request.get_by_role("timer")).to_have_text(re.compile(r"\d?\d:\d\d left"))
    await expect(page.locator("#news")).to_have_text("Heladería Sol asks you to pay $12.50.")
    assert (await page.title()).startswith("(1) ")
    focused = ""
    while not focused.startswith("Confirm"):
        await page.keyboard.press("Tab")
        focused = await page.evaluate("document.activeElement.innerText")
        assert await page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    await page.keyboard.press("Enter")
    await expect(page.locator("#told")).to_have_text("Confirmed: $12.50 to Heladería Sol.")
    await expect(request).to_have_count(0)
    await expect(page.locator("#balance")).to_contain_text("$987.50")
    await expect(page.locator("#history")).to_contain_text("−$12.50")
    # Whoever goes on pressing presses nothing that they have not seen.
    assert await page.evaluate("document.activeElement.id") == "requests-heading"
    assert await status(seller, ticket) == "CONFIRM"


async def test_two_windows_of_one_phone_and_a_double_click_confirm_once(
    stage: Stage, page: Page, seller: Business
) -> None:
    await log_in(stage, page, "7875550002")
    other = await page.context.new_page()
    await other.goto(f"{stage.url}/phone")
    ticket = await seller.open(phoneNumber="7875550002", total="10.00")
    for window in (page, other):
        await expect(window.get_by_role("article")).to_have_count(1)
    await page.get_by_role("button", name="Confirm").dblclick()
    await expect(page.locator("#told")).to_have_text("Confirmed: $10.00 to Heladería Sol.")
    await expect(other.get_by_role("article")).to_have_count(0)
    await expect(other.locator("#told")).to_have_text("The request of Heladería Sol has ended.")
    await expect(other.locator("#balance")).to_contain_text("$990.00")
    assert seller.balance(ticket) == 990_00
    # And whatever else moves money is seen in both.
    await other.get_by_role("button", name="Top up $20").click()
    for window in (page, other):
        await expect(window.locator("#balance")).to_contain_text("$1,010.00")


async def test_what_is_canceled_or_expires_vanishes_and_what_is_left_stays_as_it_was(
    stage: Stage, page: Page, seller: Business
) -> None:
    await log_in(stage, page, "7875550003")
    items = [{**ITEM, "name": f"Scoop {number}"} for number in range(6)]
    first = await seller.open(phoneNumber="7875550003", total="5.00")
    second = await seller.open(phoneNumber="7875550003", total="6.00", items=items)
    await expect(page.locator(".request .amount")).to_have_text(["$5.00", "$6.00"])
    await page.get_by_text("3 more").click()
    await page.get_by_role("button", name="Decline: $6.00").focus()
    await seller.cancel(first)
    await expect(page.locator(".request .amount")).to_have_text(["$6.00"])
    await expect(page.get_by_text("Scoop 5")).to_be_visible()
    assert await page.evaluate("document.activeElement.value") == "decline"
    stage.clock.advance(HOUR)
    await expect(page.get_by_role("article")).to_have_count(0)
    await expect(page.locator("#told")).to_have_text("The request of Heladería Sol has ended.")
    assert await page.evaluate("document.activeElement.id") == "requests-heading"
    assert [await status(seller, ticket) for ticket in (first, second)] == ["CANCEL", "CANCEL"]


PRESS_WHAT_MOVED = """() => new MutationObserver((changes, observer) => {
  observer.disconnect()
  document.querySelector(".request button[value=confirm]").click()
}).observe(document.getElementById("requests"), {childList: true})"""


async def test_what_moves_under_a_finger_is_not_pressed_by_it(stage: Stage, page: Page, seller: Business) -> None:
    await log_in(stage, page, "7875550008")
    tickets = [await seller.open(phoneNumber="7875550008", total=f"{total}.00") for total in (5, 6)]
    await expect(page.get_by_role("article")).to_have_count(2)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.evaluate(PRESS_WHAT_MOVED)
    await seller.cancel(tickets[0])
    await expect(page.locator(".request .amount")).to_have_text(["$6.00"])
    await page.get_by_role("button", name="Top up $20").click()
    await expect(page.locator("#balance")).to_contain_text("$1,020.00")
    assert not [url for url in asked if url.endswith("/answer")]
    assert await status(seller, tickets[1]) == "OPEN"


async def test_who_confirms_too_late_is_told_so_and_who_is_cut_off_too(
    stage: Stage, page: Page, seller: Business
) -> None:
    ticket = await seller.open(phoneNumber="7875550004")
    # A page that hears nothing of what goes on.
    await page.route("**/phone/events", lambda route: route.fulfill(status=204))
    await log_in(stage, page, "7875550004")
    await seller.cancel(ticket)
    await page.get_by_role("button", name="Confirm").click()
    await expect(page.locator("#told")).to_have_text("Too late: Heladería Sol has canceled. Nothing was charged.")
    await expect(page.get_by_role("article")).to_have_count(0)
    await expect(page.get_by_text("No connection.")).to_be_visible()
    assert seller.balance(ticket) == 1_000_00


async def test_a_short_balance_is_topped_up_and_then_confirms_in_spanish(stage: Stage, seller: Business) -> None:
    async with stage.payer(locale="es-PR", **STILL) as page:
        await log_in(stage, page, "7875550005")
        ticket = await seller.open(phoneNumber="7875550005", total="1200.00")
        await expect(page.get_by_text("Faltan $200.00 para confirmar.")).to_be_visible()
        await page.get_by_label("Cantidad").fill("5000")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("alert")).to_have_text("De una vez entran $1,500.00 como máximo.")
        assert await page.evaluate("document.activeElement.id") == "amount"
        await page.get_by_role("button", name="Recargar $200.00").click()
        await expect(page.locator("#told")).to_have_text("Recargada. Ahora hay $1,200.00 en la billetera.")
        await page.get_by_role("button", name="Confirmar").click()
        await expect(page.locator("#told")).to_have_text("Confirmado: $1,200.00 a Heladería Sol.")
        assert await status(seller, ticket) == "CONFIRM"
        another = await seller.open(phoneNumber="7875550005")
        await page.get_by_role("button", name="Rechazar").click()
        await expect(page.locator("#told")).to_have_text("Rechazado. Heladería Sol no recibe nada.")
        assert await status(seller, another) == "CANCEL"


async def test_without_scripts_the_phone_works_by_reloading(stage: Stage, seller: Business) -> None:
    async with stage.payer(java_script_enabled=False, **STILL) as page:
        await page.goto(f"{stage.url}/phone")
        await page.get_by_label("Phone number").fill("7875550006")
        await page.get_by_role("button", name="Log in").click()
        ticket = await seller.open(phoneNumber="7875550006", total="3.00")
        await page.get_by_role("link", name="Look again").click()
        await page.get_by_role("button", name="Confirm").click()
        await page.get_by_text("Confirmed: $3.00 to Heladería Sol.").wait_for()
        await page.get_by_label("Amount").fill("2000")
        await page.get_by_role("button", name="Top up", exact=True).click()
        await page.get_by_text("At most $1,500.00").wait_for()
        assert await page.get_by_label("Amount").input_value() == "2000"
        assert await status(seller, ticket) == "CONFIRM"


async def test_a_phone_that_nobody_looks_at_is_not_kept_up_to_date_until_somebody_does(
    stage: Stage, page: Page, seller: Business
) -> None:
    await log_in(stage, page, "7875550007")
    await expect(page.get_by_text("Nothing to confirm.")).to_be_visible()
    turn = (
        "(hidden) => (Object.defineProperty(document, 'hidden', {value: hidden, configurable: true}), "
        "document.dispatchEvent(new Event('visibilitychange')), 0)"
    )
    await eventually(lambda: page.evaluate("!document.querySelector('.offline')"))
    await page.evaluate(turn, True)
    await seller.open(phoneNumber="7875550007")
    await page.evaluate(turn, False)
    await expect(page.get_by_role("article")).to_have_count(1)


@pytest.mark.parametrize(
    ("scheme", "width", "locale"),
    at_size([("dark", 320, "es-PR")], [("dark", 320, "es-PR"), ("light", 1_280, "de-DE")]),
)
async def test_everything_can_be_read_and_pressed_and_told_aloud(
    stage: Stage, seller: Business, scheme: Any, width: int, locale: str
) -> None:
    number = f"787556{width:04}"
    view = {"color_scheme": scheme, "viewport": {"width": width, "height": 740}, "locale": locale}
    async with stage.payer(**view, **STILL) as page:
        await page.goto(f"{stage.url}/phone")
        await looks.assert_readable(page)
        await looks.assert_accessible(page)
        await log_in(stage, page, number)
        await seller.pay(phoneNumber=number, total="20.00")
        items = [{**ITEM, "name": "Guanabana " * 12}, *[ITEM] * 5]
        for total in ("5.00", "1499.99"):
            await seller.open(phoneNumber=number, total=total, items=items)
        await expect(page.get_by_role("article")).to_have_count(2)
        await page.locator("#amount").fill("x")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("alert")).not_to_be_empty()
        # Whoever would rather not see things move does not.
        assert await page.evaluate("document.getAnimations().length") == 0
        await looks.assert_readable(page)
        await looks.assert_accessible(page)
