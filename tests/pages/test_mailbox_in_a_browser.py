"""The sandbox's inbox in a browser: found, read, looked at, by day and by night, large and small."""

from pathlib import Path

import pytest
from playwright.async_api import Page

from tests.pages import browsers, looks
from tests.surfaces.v1.shop import CARD
from tests.waiting import eventually
from tillgate.clock import ManualClock
from tillgate.core.instants import SECOND

pytestmark = pytest.mark.anyio


async def test_a_mail_is_found_and_read(tmp_path: Path) -> None:
    intent = {"amount": 2000, "currency": "eur", "confirm": True, "receipt_email": "ann@example.com"}
    described = {"description": "Tea, see https://shop.example/orders/7"}
    card = {"payment_method_data": {"type": "card", "card": CARD}}
    async with browsers.stage(tmp_path, ManualClock(1_767_225_600 * SECOND)) as stage:
        answer = await stage.merchant.post("/payment_intents", {**intent, **described, **card})
        assert answer.status_code == 200, answer.text
        for scheme, width in (("light", 1200), ("dark", 360)):
            async with stage.payer(color_scheme=scheme, viewport={"width": width, "height": 800}) as page:
                await is_read(page, f"{stage.url}/sandbox/mail")


async def is_read(page: Page, inbox: str) -> None:
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text))

    async def arrived() -> bool:
        await page.goto(inbox)
        return await page.locator("li a").count() == 1

    await eventually(arrived)
    await looks.assert_readable(page)
    await looks.assert_accessible(page)
    await page.click("text=Your receipt from Bookshop")
    assert await page.inner_text("h1") == "Your receipt from Bookshop: €20.00"
    assert "Visa ending in 4242" in await page.inner_text("pre")
    assert await page.inner_text(".rows a") == "https://shop.example/orders/7"
    assert await page.frame_locator("iframe").locator("h1").inner_text() == "Receipt"
    await looks.assert_readable(page)
    await looks.assert_accessible(page)
    assert errors == []
