"""Transactions: payments and refunds in one list, by number of page, status and date."""

import asyncio
import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.surfaces.v1 import shop
from tests.surfaces.v1.shop import CARD, Client
from tillgate.assembly import Assembly
from tillgate.clock import ManualClock
from tillgate.core.instants import DAY, HOUR, SECOND

pytestmark = pytest.mark.anyio

DECLINED = {**CARD, "number": "4000000000000002"}
CHALLENGED = {**CARD, "number": "4000002500003155"}


async def page(client: Client, query: str = "") -> dict[str, Any]:
    answer = await client.get(f"/transactions?{query}")
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    assert body.keys() == {"object", "data", "total", "limit", "offset", "has_more"}
    assert body["object"] == "list"
    return body


async def sources(client: Client, query: str = "") -> list[str]:
    return [line["source"] for line in (await page(client, query))["data"]]


async def decline(client: Client, **changes: Any) -> str:
    answer = await client.post("/payments", {**shop.PAYMENT, "card": DECLINED, **changes})
    return str(answer.json()["error"]["payment"]["id"])


async def refund(client: Client, payment: str, **fields: Any) -> dict[str, Any]:
    answer = await client.post("/refunds", {"payment": payment, **fields})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_a_transaction_is_a_view_of_a_payment_or_a_refund(anyones: Client) -> None:
    paid = await anyones.pay(customer={"email": "ann@example.com"}, description="Tea", currency="USD")
    given_back = await refund(anyones, paid["id"], amount=700, reason="Too hot")
    back, there = (await page(anyones))["data"]
    shared = {"object": "transaction", "currency": "USD", "status": "succeeded", "livemode": False}
    assert there == {
        **shared,
        "id": "txn_" + paid["id"].removeprefix("pay_"),
        "type": "payment",
        "source": paid["id"],
        "amount": 5000,
        "customer": paid["customer"]["id"],
        "description": "Tea",
        "created": paid["created"],
    }
    assert back == {
        **shared,
        "id": "txn_" + given_back["id"].removeprefix("re_"),
        "type": "refund",
        "source": given_back["id"],
        "amount": 700,
        "customer": paid["customer"]["id"],
        "description": "Too hot",
        "created": given_back["created"],
    }
    for line in (back, there):
        assert (await anyones.get(f"/transactions/{line['id']}")).json() == line
    expanded = (await page(anyones, "expand[]=data.source"))["data"]
    assert [line["source"]["object"] for line in expanded] == ["refund", "payment"]


async def test_every_status_has_its_place(anyones: Client) -> None:
    succeeded = (await anyones.pay())["id"]
    authorized = await anyones.pay(capture_method="manual")
    challenged = (await anyones.pay(card=CHALLENGED))["id"]
    failed = await decline(anyones)
    canceled = (await anyones.pay(capture_method="manual"))["id"]
    await anyones.post(f"/payments/{canceled}/cancel")
    assert await sources(anyones, "status=succeeded") == [succeeded]
    assert await sources(anyones, "status=pending") == [challenged, authorized["id"]]
    assert await sources(anyones, "status=failed") == [canceled, failed]
    assert len(await sources(anyones)) == 5
    await anyones.post(f"/payments/{authorized['id']}/capture")
    assert await sources(anyones, "status=succeeded") == [authorized["id"], succeeded]
    assert await sources(anyones, "status=pending") == [challenged]


async def test_pages_by_number_are_the_list_cut_to_pieces(anyones: Client) -> None:
    paid = await asyncio.gather(*[anyones.pay(amount=1000 + number) for number in range(13)])
    everything = sorted([payment["id"] for payment in paid], reverse=True)
    walked: list[str] = []
    for offset in range(0, 15, 5):
        body = await page(anyones, f"limit=5&offset={offset}")
        assert (body["total"], body["limit"], body["offset"], body["has_more"]) == (13, 5, offset, offset + 5 < 13)
        walked += [line["source"] for line in body["data"]]
    assert walked == everything
    first = await page(anyones)
    assert (len(first["data"]), first["limit"], first["offset"], first["has_more"]) == (10, 10, 0, True)
    past = await page(anyones, f"offset={2**53}")
    assert (past["data"], past["total"], past["has_more"]) == ([], 13, False)


async def test_filters_go_together(anyones: Client) -> None:
    ann = await anyones.pay(customer={"email": "ann@example.com"})
    customer = ann["customer"]["id"]
    euros = await anyones.pay(currency="eur", customer=customer)
    failed = await decline(anyones, customer=customer)
    other = await anyones.pay()
    back = await refund(anyones, ann["id"])
    assert await sources(anyones, f"customer={customer}") == [back["id"], failed, euros["id"], ann["id"]]
    assert await sources(anyones, f"customer={customer}&status=succeeded&type=payment") == [euros["id"], ann["id"]]
    assert await sources(anyones, "currency=EUR") == await sources(anyones, "currency=eur") == [euros["id"]]
    assert await sources(anyones, "type=refund") == [back["id"]]
    assert await sources(anyones, "type=refund&status=failed") == []
    assert await sources(anyones, "type=payment&limit=1") == [other["id"]]
    assert (await page(anyones, "type=payment&currency=usd&limit=1"))["total"] == 3
    assert await sources(anyones, "customer=cus_nobody") == []


async def test_dates_are_whole_days_in_utc_and_inclusive(data: Path, tmp_path: Path) -> None:
    clock = ManualClock(20_000 * DAY + 23 * HOUR + 59 * 60 * SECOND)  # 2024-10-04, a minute before midnight
    directory = tmp_path / "apart"
    directory.mkdir()
    (directory / "tillgate.sqlite3").write_bytes((data / "tillgate.sqlite3").read_bytes())
    async with shop.open_shop(directory, clock=clock) as parts:
        client = await shop.merchant(parts)
        late = (await client.pay())["id"]
        clock.advance(59 * SECOND)
        latest = (await client.pay())["id"]
        clock.advance(SECOND)
        next_day = (await client.pay())["id"]
        day, after = "2024-10-04", "2024-10-05"
        assert datetime.date(1970, 1, 1) + datetime.timedelta(days=20_000) == datetime.date.fromisoformat(day)
        assert await sources(client, f"from_date={day}&to_date={day}") == [latest, late]
        assert await sources(client, f"from_date={after}") == [next_day]
        assert await sources(client, f"to_date={day}") == [latest, late]
        assert await sources(client, f"from_date={day}&to_date={after}&limit=2&offset=1") == [latest, late]
        assert await sources(client, f"from_date={after}&to_date={day}") == []
        assert await sources(client, "to_date=1900-01-01") == []
        assert len(await sources(client, "from_date=0001-01-01&to_date=9999-12-31&status=succeeded")) == 3


@pytest.mark.parametrize(
    ("query", "param"),
    [
        *[(f"limit={value}", "limit") for value in ("0", "101", "-1", "ten", "1.5", "")],
        *[(f"offset={value}", "offset") for value in ("-1", "x", "1e3", str(2**64))],
        *[
            (f"{name}={value}", name)
            for name in ("from_date", "to_date")
            for value in ("2024-13-01", "2024-02-30", "20240101", "2024-1-1", "yesterday", "", "2024-01-01T00:00:00Z")
        ],
        ("status=done", "status"),
        ("status=Succeeded", "status"),
        ("type=charge", "type"),
        ("currency=xxx", "currency"),
        ("page=2", "page"),
        ("starting_after=txn_x", "starting_after"),
    ],
)
async def test_what_makes_no_page_is_refused_by_name(demo: Client, query: str, param: str) -> None:
    answer = await demo.get(f"/transactions?{query}")
    assert (answer.status_code, shop.any_error(answer)["param"]) == (400, param)


async def test_another_merchants_transactions_do_not_exist(either: Assembly) -> None:
    one, other = await shop.merchant(either), await shop.merchant(either)
    paid = await one.pay()
    id = "txn_" + paid["id"].removeprefix("pay_")
    assert (await page(other))["total"] == 0
    for path in (f"/transactions/{id}", "/transactions/txn_x", f"/transactions/{paid['id']}"):
        shop.error(await other.get(path), 404, "invalid_request_error", "resource_missing", "id")


async def test_the_gateway_documents_requests_are_answered(either: Assembly) -> None:
    # payment_gateway.txt, Authentication: a GET with a content type and no body.
    client = Client(either, "YOUR_API_KEY")
    headers = {"content-type": "application/json"}
    await client.pay()
    answer = await client.ask("GET", "/v1/transactions", None, headers)
    assert (answer.status_code, answer.json()["limit"]) == (200, 10)
    # payment_gateway.txt, List Transactions: what the request in Python sends.
    answer = await client.ask("GET", "/v1/transactions?limit=20&status=succeeded", None, headers)
    assert answer.json()["limit"] == 20
    assert {line["status"] for line in answer.json()["data"]} == {"succeeded"}
