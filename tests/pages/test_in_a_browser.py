"""The challenge page in a browser: pressed, typed at, left alone, gone back to, and looked at by day and by night; and
the reference on a phone."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import ConsoleMessage, Error, Page

from tests.pages import browsers, looks
from tests.pages.browsers import Stage
from tests.pages.payer import status
from tests.sizes import at_size
from tillgate.clock import ManualClock
from tillgate.core.instants import HOUR, MINUTE, SECOND

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory, anyio_backend: object) -> AsyncIterator[Stage]:
    """One server and one browser for the tests of the file."""
    clock = ManualClock(1_767_225_600 * SECOND)
    async with browsers.stage(tmp_path_factory.mktemp("home"), clock) as made:
        yield made


@pytest.fixture
async def page(stage: Stage) -> AsyncIterator[Page]:
    """A payer's browser, in which nothing may go wrong."""
    async with stage.payer() as opened:
        messages: list[ConsoleMessage] = []
        errors: list[Error] = []
        opened.on("console", lambda message: messages.append(message))
        opened.on("pageerror", lambda error: errors.append(error))
        yield opened
        # The page that stands for the shop has no icon.
        said = [message.text for message in messages if not message.location["url"].endswith("/favicon.ico")]
        assert (said, errors) == ([], [])


async def heading(page: Page) -> str:
    return await page.inner_text("h1")


async def test_who_enters_the_code_and_approves_is_back_at_the_shop_with_the_money_paid(
    stage: Stage, page: Page
) -> None:
    payment, url = await stage.sent_away(return_url=stage.shop)
    await page.goto(url)
    assert (await page.title()).startswith("Confirm your payment")
    await page.get_by_label("Confirmation code").fill("123456")
    await page.get_by_role("button", name="Approve").click()
    await page.wait_for_url(f"{stage.shop}**")
    assert page.url == f"{stage.shop}&payment={payment}&redirect_status=succeeded"
    assert await status(stage.merchant, payment) == "succeeded"
    # The way back leads to what was decided, and is no trap.
    await page.go_back()
    assert await heading(page) == "Confirmed"
    await page.reload()
    assert await heading(page) == "Confirmed"
    await page.get_by_role("link", name="Continue to Bookshop").click()
    await page.wait_for_url(f"{stage.shop}**")


@pytest.mark.parametrize("button", ["This was not me", "Cancel and go back"])
async def test_who_fails_or_cancels_is_back_at_the_shop_without_having_paid(
    stage: Stage, page: Page, button: str
) -> None:
    payment, url = await stage.sent_away(return_url=stage.shop)
    await page.goto(url)
    await page.get_by_role("button", name=button).click()
    await page.wait_for_url(f"{stage.shop}**")
    assert page.url.endswith("redirect_status=failed")
    assert await status(stage.merchant, payment) == "failed"


async def test_the_keyboard_alone_is_enough(stage: Stage, page: Page) -> None:
    payment, url = await stage.sent_away()
    await page.goto(url)
    focused = []
    for _ in range(4):
        await page.keyboard.press("Tab")
        focused.append(await page.evaluate("document.activeElement.value || document.activeElement.id"))
        assert await page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    assert focused == ["code", "approve", "fail", "cancel"]
    await page.get_by_label("Confirmation code").focus()
    await page.keyboard.type("000000")
    await page.keyboard.press("Enter")
    await page.get_by_role("alert").wait_for()
    assert await page.get_by_role("alert").inner_text() == "That is not the code. Tries left: 2."
    # The cursor is where the mistake is.
    await page.wait_for_function("document.activeElement.id === 'code'")
    await page.keyboard.type("123456")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/returns/**")
    assert await heading(page) == "Thank you"
    assert await status(stage.merchant, payment) == "succeeded"


async def test_who_comes_too_late_is_told_so_whatever_they_press(stage: Stage, page: Page) -> None:
    _, url = await stage.sent_away(return_url=stage.shop)
    await page.goto(url)
    stage.clock.advance(HOUR + MINUTE)
    await page.get_by_label("Confirmation code").fill("123456")
    await page.get_by_role("button", name="Approve").click()
    await page.get_by_text("Too late").wait_for()
    await page.get_by_role("link", name="Continue to Bookshop").click()
    await page.wait_for_url(f"{stage.shop}**")
    assert page.url.endswith("redirect_status=failed")


async def test_two_windows_decide_once(stage: Stage, page: Page) -> None:
    payment, url = await stage.sent_away()
    other = await page.context.new_page()
    for window in (page, other):
        await window.goto(url)
    await page.get_by_role("button", name="This was not me").click()
    await page.wait_for_url("**/returns/**")
    await other.get_by_label("Confirmation code").fill("123456")
    await other.get_by_role("button", name="Approve").click()
    await other.get_by_text("Not confirmed").wait_for()
    assert await status(stage.merchant, payment) == "failed"


@pytest.mark.parametrize(
    ("scheme", "width", "locale"),
    at_size([("dark", 320, "de-DE")], [("dark", 320, "de-DE"), ("light", 1_280, "es-ES")]),
)
async def test_everything_can_be_read_and_pressed(stage: Stage, scheme: Any, width: int, locale: str) -> None:
    view = {"color_scheme": scheme, "viewport": {"width": width, "height": 640}, "locale": locale}
    async with stage.payer(**view) as page:
        _, url = await stage.sent_away(amount=99_999_999)
        await page.goto(url)
        await page.fill("#code", "000000")
        await page.keyboard.press("Enter")
        await page.get_by_role("alert").wait_for()
        await looks.assert_readable(page)
        await page.click("button[value=cancel]")
        await page.wait_for_url("**/returns/**")
        await looks.assert_readable(page)
        assert await page.get_attribute("html", "lang") == locale[:2]


@pytest.mark.parametrize("path", ["/docs", "/docs/errors"])
async def test_the_reference_is_no_wider_than_a_phone(stage: Stage, path: str) -> None:
    async with stage.payer(viewport={"width": 390, "height": 844}) as page:
        await page.goto(f"{stage.url}{path}")
        assert await page.evaluate(looks.OVERFLOW) <= 0


EMBED = """(url) => {
  document.body.innerHTML = `<form method="post" action="${url}"><input name="outcome" value="approve">
    <input name="code" value="123456"><button>Win</button></form>
    <iframe src="${url}"></iframe>`
}"""


async def test_no_page_of_somebody_elses_frames_it_or_decides_by_it(stage: Stage) -> None:
    payment, url = await stage.sent_away()
    async with stage.payer() as page:
        # By another name this server is another site.
        await page.goto(stage.shop.replace("127.0.0.1", "localhost"))
        async with page.expect_console_message(lambda message: "frame-ancestors" in message.text):
            await page.evaluate(EMBED, url)
        await page.get_by_role("button", name="Win").click()
        await page.get_by_text("Sent from elsewhere").wait_for()
    assert await status(stage.merchant, payment) == "requires_action"
