"""A payment link followed in a real browser, what is said there, and the receipt: by eye, by keyboard, by axe."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.pages import browsers, looks
from tests.pages.browsers import Stage
from tests.sizes import at_size
from tests.surfaces.v1.shop import LOCAL
from tillgate.clock import ManualClock
from tillgate.core.instants import SECOND

pytestmark = pytest.mark.anyio

TICKET: dict[str, Any] = {
    "price_data": {"currency": "usd", "unit_amount": 2500, "product_data": {"name": "Workshop ticket"}},
    "adjustable_quantity": {"enabled": True, "minimum": 1, "maximum": 5},
}
GIFT: dict[str, Any] = {
    "price_data": {
        "currency": "eur",
        "product_data": {"name": "Donation", "description": "For the library’s new roof"},
        "custom_unit_amount": {"enabled": True, "minimum": 500, "preset": 2000},
    }
}

LOOKS = [("dark", 360, "de-DE"), ("light", 1280, "es-ES")]


@pytest.fixture(scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory, anyio_backend: object) -> AsyncIterator[Stage]:
    async with browsers.stage(tmp_path_factory.mktemp("home"), ManualClock(1_767_225_600 * SECOND)) as made:
        yield made


async def linked(stage: Stage, **given: Any) -> str:
    answer = await stage.merchant.post("/payment_links", given)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["url"]).replace(LOCAL, stage.url)


@pytest.mark.parametrize(("scheme", "width", "locale"), at_size([("dark", 360, "de-DE")], LOOKS))
async def test_everything_can_be_read_and_pressed(stage: Stage, scheme: Any, width: int, locale: str) -> None:
    urls = [await linked(stage, line_items=[one]) for one in (TICKET, GIFT)]
    size = {"width": width, "height": 740}
    async with stage.payer(color_scheme=scheme, viewport=size, locale=locale) as page:
        for url in urls:
            await page.goto(url)
            await looks.assert_readable(page)
            await looks.assert_accessible(page)
        await page.fill("input[name=amount]", "3")
        await page.keyboard.press("Enter")
        await page.wait_for_selector("[role=alert]")
        await looks.assert_accessible(page)
        await page.fill("input[name=amount]", "12,50")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/checkout/pay_*")
        payment = page.url.partition("/checkout/")[2].partition("?")[0]
        paid = await stage.merchant.post(
            f"/payment_intents/{payment.replace('pay_', 'pi_')}/confirm", {"payment_method": "pm_card_visa"}
        )
        assert paid.json()["status"] == "succeeded"
        await page.goto(page.url.replace("?", "/receipt?"))
        await looks.assert_readable(page)
        await looks.assert_accessible(page)


async def test_who_follows_a_link_to_one_thing_is_where_it_is_paid_and_a_reload_is_the_same(stage: Stage) -> None:
    url = await linked(stage, line_items=[{"price_data": TICKET["price_data"]}])
    async with stage.payer() as page:
        await page.goto(url)
        there = page.url
        assert there.startswith(f"{stage.url}/checkout/pay_")
        await page.goto(url)
        assert page.url == there
    assert len(await stage.merchant.listed("/checkout/sessions?status=open&limit=100")) >= 1
