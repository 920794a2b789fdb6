"""The challenge page: the customer confirms or does not, and the payment follows."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.surfaces.v1 import shop
from tests.surfaces.v1.shop import CARD, Client
from tillgate.store import migrate

pytestmark = pytest.mark.anyio

CHALLENGED = {**CARD, "number": "4000002500003155"}


@pytest.fixture
async def demo(tmp_path: Path) -> AsyncIterator[Client]:
    """Demo Shop, on a database of its own."""
    await asyncio.to_thread(migrate.migrate, None, tmp_path)
    async with shop.open_shop(tmp_path) as parts:
        yield shop.demo_shop(parts)


async def challenge(demo: Client, **changes: Any) -> tuple[str, str]:
    """A payment that waits for its customer, and the path of the page."""
    payment = await demo.pay(card=CHALLENGED, **changes)
    assert payment["status"] == "requires_action"
    url: str = payment["next_action"]["redirect_to_url"]["url"]
    assert url.startswith(shop.LOCAL + "/sandbox/challenges/")
    return payment["id"], url.removeprefix(shop.LOCAL)


async def status(demo: Client, payment: str) -> Any:
    """Where a payment stands."""
    return (await demo.get(f"/payments/{payment}")).json()["status"]


async def choose(demo: Client, path: str, outcome: str) -> Any:
    """Press a button of the page."""
    form = {"content-type": "application/x-www-form-urlencoded"}
    return await demo.ask("POST", path, f"outcome={outcome}".encode(), form)


async def test_the_page_says_who_asks_for_how_much_and_loads_nothing_from_anywhere(demo: Client) -> None:
    _, path = await challenge(demo)
    page = await demo.ask("GET", path)
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    for expected in ("Demo Shop", "$50.00 USD", 'value="approve"', 'value="fail"'):
        assert expected in page.text
    for loading in ("<script", "http://", "https://", "url("):
        assert loading not in page.text


async def test_a_confirmed_payment_succeeds_and_the_customer_goes_back_to_the_shop(demo: Client) -> None:
    payment, path = await challenge(demo, return_url="https://shop.example/back?order=1")
    answer = await choose(demo, path, "approve")
    assert answer.status_code == 303
    assert answer.headers["location"] == "https://shop.example/back?order=1"
    assert await status(demo, payment) == "succeeded"


async def test_a_payment_that_was_not_the_customers_fails_with_its_reason(demo: Client) -> None:
    payment, path = await challenge(demo)
    answer = await choose(demo, path, "fail")
    assert (answer.status_code, "not confirmed" in answer.text) == (200, True)
    shown = (await demo.get(f"/payments/{payment}")).json()
    assert (shown["status"], shown["failure_code"]) == ("failed", "authentication_failed")
    assert shown["next_action"] is None


async def test_a_manual_payment_is_authorized_by_its_challenge(demo: Client) -> None:
    payment, path = await challenge(demo, capture_method="manual")
    await choose(demo, path, "approve")
    assert await status(demo, payment) == "authorized"
    assert (await demo.post(f"/payments/{payment}/capture")).json()["status"] == "succeeded"


async def test_a_challenge_is_met_once(demo: Client) -> None:
    payment, path = await challenge(demo)
    await choose(demo, path, "approve")
    assert (await choose(demo, path, "fail")).status_code == 404
    assert (await demo.ask("GET", path)).status_code == 404
    assert await status(demo, payment) == "succeeded"


async def test_a_canceled_payment_asks_for_nothing_any_more(demo: Client) -> None:
    payment, path = await challenge(demo)
    assert (await demo.post(f"/payments/{payment}/cancel")).json()["status"] == "canceled"
    assert (await choose(demo, path, "approve")).status_code == 404
    assert await status(demo, payment) == "canceled"


async def test_a_wrong_button_and_an_unknown_reference_change_nothing(demo: Client) -> None:
    payment, path = await challenge(demo)
    assert (await choose(demo, path, "maybe")).status_code == 400
    assert (await choose(demo, path[:-1] + "9", "approve")).status_code == 404
    assert await status(demo, payment) == "requires_action"


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x"])
async def test_nobody_is_sent_to_what_is_no_page(demo: Client, address: str) -> None:
    payment = {**shop.PAYMENT, "card": CHALLENGED, "return_url": address}
    answer = await demo.post("/payments", payment)
    if answer.status_code == 200:
        path = answer.json()["next_action"]["redirect_to_url"]["url"].removeprefix(shop.LOCAL)
        assert (await choose(demo, path, "approve")).status_code == 200
    else:
        assert answer.json()["error"]["param"] == "return_url"
