"""Balance transactions: every movement of the balance, which they add up to."""

import random
from collections import Counter
from typing import Any

import pytest

from tests.sizes import at_size
from tests.surfaces.v1 import shop
from tests.surfaces.v1.shop import CARD, Client

pytestmark = pytest.mark.anyio


async def walked(client: Client, query: str = "") -> list[dict[str, Any]]:
    """Everything on the list, page by page."""
    found: list[dict[str, Any]] = []
    while True:
        after = f"&starting_after={found[-1]['id']}" if found else ""
        body = (await client.get(f"/balance_transactions?limit=7{after}&{query}")).json()
        found += body["data"]
        if not body["has_more"]:
            return found


async def test_a_charge_and_its_refund_are_two_movements(anyones: Client) -> None:
    paid = await anyones.pay(amount=5000, currency="usd")
    refund = (await anyones.post("/refunds", {"payment": paid["id"], "amount": 700})).json()
    back, there = await walked(anyones)
    assert there == {
        "id": there["id"],
        "object": "balance_transaction",
        "type": "charge",
        "source": paid["id"],
        "amount": 5000,
        "fee": 175,
        "net": 4825,
        "currency": "usd",
        "status": "pending",
        "description": f"Payment {paid['id']}",
        "fee_details": [{"type": "processing_fee", "amount": 175, "currency": "usd", "description": "Processing"}],
        "available_on": (there["created"] // 86_400 + 2) * 86_400,
        "created": there["created"],
        "livemode": False,
    }
    assert (back["type"], back["source"], back["amount"], back["fee"], back["net"]) == (
        "refund",
        refund["id"],
        -700,
        0,
        -700,
    )
    assert there["id"].startswith("bt_")
    for moved in (back, there):
        assert (await anyones.get(f"/balance_transactions/{moved['id']}")).json() == moved
    expanded = (await anyones.get("/balance_transactions?expand[]=data.source")).json()["data"]
    assert [moved["source"]["object"] for moved in expanded] == ["refund", "payment"]


async def test_all_movements_together_are_the_balance(anyones: Client) -> None:
    draws = random.Random(7)
    for _ in range(at_size(25, 400)):
        paid = await anyones.pay(
            amount=draws.randint(100, 9_000),
            currency=draws.choice(["usd", "eur", "jpy"]),
            capture_method=draws.choice(["automatic", "manual"]),
        )
        if paid["status"] == "authorized":
            for _ in range(draws.randint(0, 2)):
                await anyones.post(f"/payments/{paid['id']}/capture", {"amount": draws.randint(1, 60)})
        for _ in range(draws.randint(0, 2)):
            await anyones.post("/refunds", {"payment": paid["id"], "amount": draws.randint(1, 60)})
    found = await walked(anyones)
    assert len({moved["id"] for moved in found}) == len(found)
    for moved in found:
        assert moved["amount"] - moved["fee"] == moved["net"]
        assert sum(part["amount"] for part in moved["fee_details"]) == moved["fee"]
    balance = (await anyones.get("/balance")).json()
    for status in ("available", "pending"):
        sums = Counter({one["currency"]: 0 for one in balance[status]})
        for moved in found:
            sums[moved["currency"]] += moved["net"] if moved["status"] == status else 0
        assert {one["currency"]: one["amount"] for one in balance[status]} == dict(sums)


async def test_movements_come_in_the_order_in_which_they_happened(anyones: Client) -> None:
    first, second = await anyones.pay(), await anyones.pay()
    late = (await anyones.post("/refunds", {"payment": first["id"], "amount": 100})).json()
    assert [moved["source"] for moved in await walked(anyones)] == [late["id"], second["id"], first["id"]]


async def test_movements_are_found_by_type_source_and_currency(anyones: Client) -> None:
    paid, other = await anyones.pay(), await anyones.pay(currency="eur")
    held = await anyones.pay(capture_method="manual")
    refund = (await anyones.post("/refunds", {"payment": paid["id"], "amount": 100})).json()

    async def found(query: str) -> list[str]:
        return [moved["source"] for moved in await walked(anyones, query)]

    assert await found("type=charge") == [other["id"], paid["id"]]
    assert await found("type=refund") == [refund["id"]]
    assert await found("currency=EUR") == [other["id"]]
    assert await found(f"source={paid['id']}") == [paid["id"]]
    assert await found(f"source={refund['id']}") == [refund["id"]]
    assert await found(f"source={held['id']}") == [], "what is only held is not the merchant's"
    assert await found("source=re_none") == await found("source=cus_x") == []
    assert await found(f"source={paid['id']}&type=refund") == []
    for amount in (300, 200):
        await anyones.post(f"/payments/{held['id']}/capture", {"amount": amount})
    assert [moved["amount"] for moved in await walked(anyones, f"source={held['id']}")] == [200, 300]


async def test_a_declined_payment_moves_nothing(anyones: Client) -> None:
    await anyones.post("/payments", {**shop.PAYMENT, "card": {**CARD, "number": "4000000000000002"}})
    assert await walked(anyones) == []
    answer = await anyones.get("/balance_transactions/bt_x")
    shop.error(answer, 404, "invalid_request_error", "resource_missing", "id")
