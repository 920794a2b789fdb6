"""The order's page in a browser: from the mail to acceptance and to a dispute, on a phone, by day and by night."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs
from playwright.async_api import ConsoleMessage, Error, Page, expect

from tests.flows.market import Market
from tests.pages import browsers, looks
from tests.pages.browsers import Stage
from tests.sizes import at_size
from tests.surfaces.v1 import shop
from tests.surfaces.v1.pictures import photograph
from tests.surfaces.v1.shop import LOCAL
from tests.waiting import LONG_SECONDS, eventually
from tillgate.clock import ManualClock
from tillgate.core.escrows import Buyer, EscrowStatus, Move, Product, Side
from tillgate.core.instants import SECOND
from tillgate.core.payments import Payment
from tillgate.flows import order_links

pytestmark = pytest.mark.anyio

PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "reduced_motion": "reduce"}
LAMP = Product(id="42", name="Standing lamp", description="Brass, with a linen shade", quantity=2)
LOOKS = [("light", 390, "en-US"), ("dark", 390, "es-PR")]
MORE_LOOKS = [("light", 1_280, "de-DE"), ("dark", 1_280, "en-US"), ("light", 320, "de-DE")]

expect.set_options(timeout=1_000 * LONG_SECONDS)


@pytest.fixture(scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory, anyio_backend: object) -> AsyncIterator[Stage]:
    """One server and one browser for the tests of the file."""
    clock = ManualClock(1_767_297_600 * SECOND)
    async with browsers.stage(tmp_path_factory.mktemp("home"), clock) as made:
        yield made


@pytest.fixture
async def market(stage: Stage, tmp_path: Path) -> Market:
    parts = stage.merchant.parts
    return Market(parts, stage.clock, await shop.new_tenant(parts, "Casa Sol"), (None, tmp_path))


@pytest.fixture
async def page(stage: Stage) -> AsyncIterator[Page]:
    """A buyer's browser, in which nothing may go wrong."""
    async with stage.payer(**PHONE) as opened:
        messages: list[ConsoleMessage] = []
        errors: list[Error] = []
        opened.on("console", lambda message: messages.append(message))
        opened.on("pageerror", lambda error: errors.append(error))
        yield opened
        said = [message.text for message in messages if not message.text.startswith("Failed to load resource")]
        assert (said, errors) == ([], [])


async def bought(market: Market, name: str = LAMP.name) -> Payment:
    product = structs.replace(LAMP, name=name)
    return await market.buys(market.wanted(product=product, buyer=Buyer(email="bisi@example.com")))


async def opened_from_mail(stage: Stage, page: Page, subject: str) -> None:
    """As a test of the merchant's would: the newest mail of this subject, and the link in it."""

    async def arrived() -> bool:
        await page.goto(f"{stage.url}/sandbox/mail")
        return await page.get_by_role("link", name=subject).count() > 0

    await eventually(arrived)
    await page.get_by_role("link", name=subject).first.click()
    link = await page.get_by_role("link", name=f"{LOCAL}/orders/").get_attribute("href")
    assert link is not None
    await page.goto(link.replace(LOCAL, stage.url))


async def test_from_the_mail_to_acceptance_while_the_page_is_open(stage: Stage, market: Market, page: Page) -> None:
    payment = await bought(market)
    await opened_from_mail(stage, page, "Your order from Casa Sol")
    heading = page.locator("#state h2")
    await expect(heading).to_have_text("Paid, and to be delivered")
    await market.does(payment, Move.DELIVER, Side.SELLER)
    # Nobody reloads.
    await expect(heading).to_have_text("Has it arrived, and is it right?")
    await expect(page.locator("#news")).to_have_text("Has it arrived, and is it right?")
    await looks.assert_readable(page)
    await looks.assert_accessible(page)
    await page.get_by_role("link", name="Accept the order").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("h1")).to_have_text("Accept the order")
    await expect(page.locator(".does")).to_contain_text("₦1,000.00 goes to the seller. This is final.")
    await looks.assert_readable(page)
    await looks.assert_accessible(page)
    await page.get_by_role("button", name="Yes, accept").focus()
    await page.keyboard.press("Enter")
    await expect(heading).to_have_text("Complete")
    await expect(page.locator("#history")).to_contain_text("You accepted")
    await looks.assert_accessible(page)
    assert (await market.escrow(payment)).status is EscrowStatus.COMPLETED
    # The way back to the form is no second answer.
    await page.go_back()
    await expect(page.get_by_role("heading", name="Complete")).to_be_visible()


async def test_from_the_mail_to_a_dispute_with_a_photograph(
    stage: Stage, market: Market, page: Page, tmp_path: Path
) -> None:
    payment = await bought(market, "Reading lamp")
    await market.does(payment, Move.DELIVER, Side.SELLER)
    await opened_from_mail(stage, page, "Has it arrived? Please answer: 2 × Reading lamp")
    await page.get_by_role("link", name="Ask for a decision").click()
    await expect(page.locator("h1")).to_have_text("Ask for a decision")
    picture = tmp_path / "shade.png"
    picture.write_bytes(photograph("PNG", (300, 200)))
    await page.get_by_label("What is wrong?").fill("The shade is torn.\nThe foot is bent.")
    await page.get_by_label("Photographs").set_input_files([picture])
    await looks.assert_readable(page)
    await looks.assert_accessible(page)
    await page.get_by_role("button", name="Yes, ask for a decision").click()
    await expect(page.locator("#state h2")).to_have_text("The dispute manager decides")
    await expect(page.locator("blockquote").last).to_have_text("The shade is torn.\nThe foot is bent.")
    shown = page.get_by_role("img", name="Photograph 1")
    await shown.scroll_into_view_if_needed()
    await page.wait_for_function("[...document.querySelectorAll('.photographs img')].every((one) => one.naturalWidth)")
    await looks.assert_accessible(page)
    await market.does(payment, Move.AWARD, Side.MANAGER, amount=400_00)
    await expect(page.locator("#history")).to_contain_text("The dispute manager decided")
    await expect(page.locator("#state")).to_contain_text("₦600.00 went back to you")


@pytest.mark.parametrize(("scheme", "width", "language"), at_size(LOOKS, LOOKS + MORE_LOOKS))
async def test_it_can_be_read_by_day_and_by_night(
    stage: Stage, market: Market, scheme: Any, width: int, language: str
) -> None:
    payment = await bought(market)
    await market.does(payment, Move.DELIVER, Side.SELLER)
    size = {"width": width, "height": 844}
    async with stage.payer(color_scheme=scheme, viewport=size, locale=language, reduced_motion="reduce") as page:
        await page.goto(stage.url + order_links.path(market.gateway, payment))
        await looks.assert_readable(page)
        await looks.assert_accessible(page)
        await page.locator(".answers a").nth(2).click()
        await looks.assert_readable(page)
        await looks.assert_accessible(page)
