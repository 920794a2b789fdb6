"""The first document's quick start takes a card as it is written there, and so do ten lines of how to do it."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.pages import browsers, card_pages, looks
from tests.pages.browsers import Stage
from tests.surfaces.v1 import shop
from tillgate.clock import ManualClock
from tillgate.core.instants import SECOND
from tillgate.pages import quick_start, scripts

pytestmark = pytest.mark.anyio

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to" / "take-cards-on-your-page.md"
DOCUMENT = """
ateni.confirmCardPayment(clientSecret, {
  payment_method: {
    card: cardElement,
    billing_details: {
      name: 'John Doe'
    }
  }
});
"""
"""As the first document has it (ateni_pay.txt, Quick Start)."""


@pytest.fixture(scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory, anyio_backend: object) -> AsyncIterator[Stage]:
    """One server and one browser for the tests of the file."""
    clock = ManualClock(1_767_225_600 * SECOND)
    async with browsers.stage(tmp_path_factory.mktemp("home"), clock) as made:
        yield made


async def test_the_quick_start_pays_as_it_is_written(stage: Stage) -> None:
    script = scripts.NAMED[quick_start.SCRIPT].content.decode()
    assert "".join(DOCUMENT.split()) in "".join(script.split())
    async with stage.payer() as page:
        await page.goto(stage.url + quick_start.PATH)
        assert "confirmCardPayment" in await page.locator("pre").nth(1).inner_text()
        await page.frame_locator("#card iframe").get_by_test_id("card-number").wait_for()
        await page.evaluate("ateni.test.fill('visa')")
        await page.get_by_role("button", name="Pay $20.00").click()
        await page.get_by_role("status").filter(has_text="succeeded").wait_for()
        await looks.assert_accessible(page)


async def test_ten_lines_of_the_how_to_take_a_card(stage: Stage) -> None:
    (block,) = re.findall(r"```html\n(.*?)```", HOW_TO.read_text(), re.DOTALL)
    shown = "".join(block.split())
    assert "".join(DOCUMENT.split()).rstrip(";") in shown
    demo = shop.demo_shop(stage.merchant.parts)
    asked = {"amount": 2000, "currency": "usd", "payment_method_types": ["card"], "metadata": {"order_id": "12345"}}
    secret = (await demo.post("/payment_intents", asked)).json()["client_secret"]
    page_html = f"<!doctype html><script>const clientSecret = '{secret}'</script>{block}".replace(shop.LOCAL, stage.url)
    async with card_pages.site({"/": ("text/html", page_html)}) as url, stage.payer() as page:
        await page.goto(url)
        await page.frame_locator("#card iframe").get_by_test_id("card-number").wait_for()
        await page.evaluate("ateni.test.fill('three_d_secure')")
        await page.get_by_role("button", name="Pay $20.00").click()
        bank = page.frame_locator("[data-testid=ateni-overlay] iframe")
        await bank.locator("#code").fill("123456")
        await bank.get_by_role("button", name="Approve").click()
        await page.get_by_role("status").filter(has_text="succeeded").wait_for()
