"""Order automation: every row of the page's table, its errors, what an order shows, and repeats and races."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from tests.surfaces.atarapay import market, page
from tests.surfaces.atarapay.market import ABSENT, FORM, JSON, ORDER, PARTS, Market, done, error
from tests.waiting import at_most
from tillgate.clock import ManualClock
from tillgate.core.escrows import Delivery, EscrowStatus, Move, Product, Side
from tillgate.core.instants import DAY
from tillgate.core.money import Money
from tillgate.core.rates import Rate
from tillgate.surfaces.atarapay import orders, shapes

pytestmark = pytest.mark.anyio


@pytest.fixture
async def anyones(punctual: tuple[Market, ManualClock]) -> Market:
    """A merchant whose time stands still, for a file has one Tillgate."""
    return punctual[0]


async def order(asked: Market, number: int) -> dict[str, Any]:
    """An order as it stands."""
    return dict(done(await asked.ask(ORDER, status="order", order=number), "Order Fetched"))


async def do(asked: Market, number: int, status: str, **more: Any) -> Any:
    """What is answered to a status."""
    return done(await asked.ask(ORDER, status=status, order=number, **more))


async def refused(asked: Market, number: Any, status: str, **more: Any) -> str:
    """What is said against it."""
    return error(await asked.ask(ORDER, status=status, order=number, **more))


@pytest.mark.parametrize("media", [FORM, PARTS, JSON])
@pytest.mark.parametrize("path", [ORDER, "/api/api/callback/order"])
async def test_an_order_is_shown_complete(anyones: Market, path: str, media: str) -> None:
    number = await anyones.buys(shipping=1_500_00, cancellation_fee=200_00)
    shown = done(await anyones.ask(path, media=media, status="order", order=number), "Order Fetched")
    assert list(shown) == list(page.order())
    assert (shown["id"], shown["product_id"], shown["quantity"]) == (number, "1001", 6)
    assert (shown["product_cost"], shown["shipping_cost"], shown["amount_payed"]) == (1_250_000, 150_000, 1_400_000)
    assert shown["amount_net"] == 1_400_000 - 50_000
    assert (shown["currency"], shown["conversion_ratio"], shown["cancellation_fee"]) == ("NGN", 1, 20_000)
    assert list(shown["status"].items())[:2] == [("id", 1), ("title", "Pending")]
    assert shown["payment"]["method"] == "card"
    assert (shown["customers"]["id"], shown["customers"]["email"]) == (shown["customer_id"], "ada@example.com")


async def test_an_order_paid_in_dollars_is_told_in_kobo(anyones: Market) -> None:
    rate = Rate("test", 155_025, 100, "USD", "NGN", 0)
    number = await anyones.buys(rate=rate, price=Money(1_550_250, "NGN"))
    shown = await order(anyones, number)
    assert (shown["currency"], shown["conversion_ratio"], shown["amount_payed"]) == ("USD", 1550.25, 1_550_250)
    assert shown["payment"]["amount"] == 1_550_250


async def test_from_delivery_to_acceptance(anyones: Market) -> None:
    number = await anyones.buys()
    asked = {"phone_number": "08030000001", "email": "ada@example.com"}
    answer = await anyones.ask(ORDER, status="delivered", order=number, **asked)
    assert done(answer, "pod_created") == {"phone": "08030000001", "email": "ada@example.com", "order": number}
    shown = await order(anyones, number)
    assert (shown["status"]["title"], shown["seller_attempts"]) == ("Awaiting Buyer Response", 1)
    assert await refused(anyones, number, "delivered", **asked) == orders.REPEATED
    await anyones.moves(number, Move.ACCEPT, Side.BUYER)
    assert await refused(anyones, number, "delivered", **asked) == orders.DECIDED
    assert await refused(anyones, number, "cancelled") == orders.DECIDED
    assert (await order(anyones, number))["status"]["title"] == "Accepted"
    await anyones.let_time_work()
    shown = await order(anyones, number)
    assert shown["status"] == {"id": 5, "title": "Complete", "description": shapes.STATUSES[EscrowStatus.COMPLETED][2]}
    assert shown["payout"]["amount"] == shown["amount_net"] == 1_200_000
    assert "refund" not in shown


async def test_a_seller_cancels_and_the_buyer_has_everything(anyones: Market) -> None:
    number = await anyones.buys()
    shown = await do(anyones, number, "cancelled", comment="Sold out")
    assert (shown["status"]["title"], shown["comment"]) == ("Canceled", "Sold out")
    await anyones.let_time_work()
    shown = await order(anyones, number)
    assert (shown["status"]["title"], shown["refund"]["amount"]) == ("Complete", 1_250_000)
    assert "payout" not in shown
    assert await refused(anyones, number, "cancelled") == orders.REPEATED


@pytest.mark.parametrize("status", ["buyer_cancel", "rejected"])
async def test_a_buyer_cancels_in_time_late_and_too_late(punctual: tuple[Market, ManualClock], status: str) -> None:
    asked, clock = punctual
    prompt, late, too_late, delivered = [
        await asked.buys(cancellation_fee=300_00, product=Product(id=str(number), name="Ankara")) for number in range(4)
    ]
    await do(asked, prompt, status)
    await do(asked, delivered, "delivered", phone_number="08030000001")
    assert await refused(asked, delivered, status) == orders.TOO_LATE
    assert orders.TOO_LATE == (
        "Invalid action. This cancel request by the buyer isn't allowed because it's past time eligible for a refund. "
        "The seller shall however provide full product replacement. Please contact seller for same."
    )
    clock.advance(10 * DAY - 1)
    await do(asked, late, status)
    clock.advance(1)
    assert await refused(asked, too_late, status) == orders.TOO_LATE
    await asked.let_time_work()
    assert (await order(asked, prompt))["refund"]["amount"] == 1_250_000
    assert (await order(asked, late))["refund"]["amount"] == 1_250_000


async def test_from_sla_days_before_the_promised_day_the_fee_is_kept(punctual: tuple[Market, ManualClock]) -> None:
    asked, clock = punctual
    promised = clock.now(asked.tenant.id) + 10 * DAY
    number = await asked.buys(cancellation_fee=300_00, delivery=Delivery(promised_by=promised, sla_days=3))
    clock.advance(7 * DAY)
    await do(asked, number, "buyer_cancel")
    await asked.let_time_work()
    shown = await order(asked, number)
    assert (shown["sla"], shown["refund"]["amount"], shown["payout"]["amount"]) == (3, 1_220_000, 30_000)


async def test_a_seller_ends_a_dispute_for_the_buyer_alone(anyones: Market) -> None:
    number = await anyones.buys()
    await do(anyones, number, "delivered", phone_number="08030000001")
    await anyones.moves(number, Move.REJECT, Side.BUYER)
    assert (await order(anyones, number))["status"] == {
        **{"id": 3, "title": "Rejected"},
        "description": shapes.STATUSES[EscrowStatus.REJECTED][2],
    }
    await anyones.moves(number, Move.DISPUTE, Side.SELLER)
    for status in ("buyer_cancel", "rejected"):
        assert await refused(anyones, number, status) == orders.TOO_LATE
    answer = await anyones.ask(ORDER, status="cancelled", order=number)
    shown = done(answer, "Dispute is cancelled, Buyer Refunded")
    assert shown["status"]["title"] == "Dispute Resolved"
    await anyones.let_time_work()
    shown = await order(anyones, number)
    assert (shown["refund"]["amount"], "payout" in shown) == (1_250_000, False)


async def test_what_is_missing_or_unknown(anyones: Market) -> None:
    number = await anyones.buys()
    for name in ("status", "order"):
        asked = {"status": "order", "order": number, name: ABSENT}
        assert error(await anyones.ask(ORDER, **asked)) == f"The {name} field is required."
    assert error(await anyones.ask(ORDER)) == "The status field is required."
    assert await refused(anyones, number, "delivered") == "The phone_number field is required."
    assert (
        await refused(anyones, number, "delivered", phone_number="x")
        == "The phone_number must be a valid phone number."
    )
    for status in ("Delivered", "shipped", "order ", "\N{CYRILLIC SMALL LETTER O}rder", "x" * 200):
        if status.strip() != "order":
            assert await refused(anyones, number, status) == orders.UNKNOWN_STATUS
    for unknown in (number + 1, 0, -1, "abc", "1.0", "1e0", "9" * 40, f"0{number}"):
        assert await refused(anyones, unknown, "order") == orders.UNKNOWN
    other = await market.opened(anyones.parts)
    for status in ("order", "cancelled", "buyer_cancel", "rejected"):
        assert await refused(other, number, status) == orders.UNKNOWN
    assert await refused(other, number, "delivered", phone_number="08030000001") == orders.UNKNOWN
    assert (await order(anyones, number))["status"]["title"] == "Pending"


@pytest.mark.parametrize("bad", [True, [], [1], {}, {"a": 1}, None, 1.5, 10**30])
async def test_values_of_other_types_get_the_same_errors_at_once(anyones: Market, bad: Any) -> None:
    with at_most(2):
        for name in ("status", "order", "comment", "phone_number"):
            asked = {"status": "delivered", "order": 1, "phone_number": "08030000001", name: bad}
            assert error(await anyones.ask(ORDER, media=JSON, **asked))


async def test_of_the_same_request_sent_sixteen_times_one_is_carried_out(anyones: Market) -> None:
    number = await anyones.buys()
    asked: dict[str, Any] = {"status": "delivered", "order": number, "phone_number": "08030000001"}
    answers = await asyncio.gather(*[anyones.ask(ORDER, **asked) for _ in range(16)])
    assert Counter(each.json()["message"] for each in answers) == {"pod_created": 1, orders.REPEATED: 15}


async def test_of_a_cancel_from_either_side_at_once_one_comes_first(anyones: Market) -> None:
    number = await anyones.buys()
    statuses = ["cancelled", "buyer_cancel"] * 4
    answers = await asyncio.gather(*[anyones.ask(ORDER, status=status, order=number) for status in statuses])
    assert Counter(each.json()["status"] for each in answers)["success"] == 1
    assert {each.json()["message"] for each in answers} <= {
        "Transaction is canceled",
        orders.REPEATED,
        orders.DECIDED,
    }
