"""Exports: whole lists as CSV and JSON lines, each record once, whatever is written meanwhile, and in little memory."""

import asyncio
import csv
import io
import json
import tracemalloc
from typing import Any

import pytest

from tests.sizes import at_size
from tests.surfaces.v1 import shop
from tests.surfaces.v1.shop import Client
from tillgate.assembly import Assembly
from tillgate.core.decisions import Decision
from tillgate.core.payments import Payment
from tillgate.core.records import evolve
from tillgate.flows import payments as flows
from tillgate.store import find
from tillgate.surfaces.v1 import exports, payments
from tillgate.surfaces.v1.exports import LISTINGS

pytestmark = pytest.mark.anyio

MANY = at_size(800, 100_000)


async def lines(client: Client, asked: str) -> list[dict[str, Any]]:
    answer = await client.get(f"/exports/{asked}&format=jsonl")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/x-ndjson"), answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


async def rows(client: Client, asked: str) -> list[dict[str, str]]:
    answer = await client.get(f"/exports/{asked}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/csv; charset=utf-8"), answer.text
    name = asked.partition("?")[0]
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}.csv"'
    return list(csv.DictReader(io.StringIO(answer.content.decode(), newline=""), strict=True))


@pytest.fixture(scope="module")
async def stocked(either: Assembly) -> Client:
    """A merchant with something of most things."""
    client = await shop.merchant(either)
    customer = await client.post("/customers", {"email": "ann@example.com", "name": 'Ann "the, Great"\nSmith'})
    for amount in (1_000, 2_000, 3_000):
        paid = await client.pay(amount=amount, customer=customer.json()["id"], metadata={"n": str(amount)})
        await client.post("/refunds", {"payment": paid["id"], "amount": 100, "reason": "=1+1"})
    return client


@pytest.mark.parametrize("name", [listing.name for listing in LISTINGS])
async def test_an_export_is_the_list_whole_in_either_form(
    stocked: Client, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "AT_ONCE", 2)
    listed = await stocked.listed(f"/{name}?limit=100")
    # What proves that one may confirm an intent is in no file.
    open_to_all = [each | ({"client_secret": None} if "client_secret" in each else {}) for each in listed]
    assert await lines(stocked, f"{name}?") == open_to_all
    written = await rows(stocked, f"{name}?")
    assert [row["id"] for row in written] == [each["id"] for each in listed]
    for row, each in zip(written, listed, strict=True):
        for field in ("amount", "status", "currency", "email", "name", "reason"):
            if isinstance(each.get(field), str | int):
                assert row[field].removeprefix("'") == str(each[field])


async def test_an_export_takes_the_filters_of_its_list(stocked: Client) -> None:
    assert [each["amount"] for each in await lines(stocked, "payments?amount[gte]=2000")] == [3_000, 2_000]
    assert [each["amount"] for each in await lines(stocked, "payments?metadata[n]=1000")] == [1_000]
    assert await lines(stocked, "payments?status=failed") == []
    assert await rows(stocked, "refunds?amount[gt]=100") == []


async def test_columns_are_the_same_whatever_is_in_them(stocked: Client) -> None:
    row = (await rows(stocked, "payments?amount=1000"))[0]
    assert list(row) == [".".join(column) for column in exports.columns(payments.PaymentShown)]
    assert (row["card.last4"], row["card.wallet.type"], row["refunded"]) == ("4242", "", "false")
    assert row["metadata"] == '{"n": "1000"}'
    assert row["created"].endswith("Z")
    assert row["customer"].startswith("cus_")


@pytest.mark.parametrize("evil", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "=cmd|' /C calc'!A0", "\uff1d1"])
async def test_no_text_is_a_formula(anyones: Client, evil: str) -> None:
    await anyones.pay(description=evil)
    (row,) = await rows(anyones, "payments?")
    assert row["description"] == "'" + evil
    (line,) = await lines(anyones, "payments?")
    assert line["description"] == evil


async def test_nothing_is_lost_or_doubled_while_payments_go_on(
    anyones: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = [(await anyones.pay())["id"] for _ in range(5)]
    page = flows.page

    async def and_pay(*asked: Any) -> Any:
        found = await page(*asked)
        await anyones.pay()
        return found

    monkeypatch.setattr(exports, "AT_ONCE", 1)
    monkeypatch.setattr(flows, "page", and_pay)
    assert [each["id"] for each in await lines(anyones, "payments?")] == before[::-1]


class Wire:
    """One connection of a client that may hang up after some bytes, and counts what it was sent."""

    def __init__(self, client: Client, path: str, most: int | None = None) -> None:
        headers = [(b"authorization", f"Bearer {client.key}".encode()), (b"host", b"127.0.0.1")]
        name, _, query = path.partition("?")
        self.scope = {
            "type": "http",
            "method": "GET",
            "raw_path": name.encode(),
            "query_string": query.encode(),
            "headers": headers,
            "scheme": "http",
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 8000),
        }
        self._most = most
        self._gone = asyncio.Event()
        self.bytes = self.pieces = self.peak = 0
        self.ended = False

    async def receive(self) -> dict[str, Any]:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.body":
            self.bytes += len(message["body"])
            self.pieces += 1
            self.ended = not message["more_body"]
            self.peak = max(self.peak, len(message["body"]))
            if self._most is not None and self.bytes >= self._most:
                self._gone.set()
                await asyncio.sleep(0)


async def filled(parts: Assembly, many: int) -> Client:
    """A merchant with so many payments, written down as they are."""
    client = await shop.merchant(parts)
    paid = await client.pay()
    tenant = (await parts.directory.identify(str(client.key), on_this_machine=True))[1].id
    sample = await find.record(parts.gateway.store, Payment, tenant, paid["id"])
    assert sample is not None
    now, new = parts.gateway.clock.wall(), parts.gateway.ids.new
    for _ in range(0, many - 1, 200):
        copies = tuple(evolve(sample, id=new("pay", now), version=0) for _ in range(200))
        await parts.gateway.store.commit(Decision(save=copies))
    return client


async def test_an_export_takes_the_same_memory_however_long_it_is(either: Assembly) -> None:
    client = await filled(either, MANY)
    wire = Wire(client, "/v1/exports/payments?format=csv")
    await either.application(Wire(client, "/v1/exports/payments").scope, wire.receive, Wire(client, "").send)
    tracemalloc.start()
    try:
        await either.application(wire.scope, wire.receive, wire.send)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert wire.ended
    assert wire.bytes > MANY * 200
    # A page of records and what is written of them, whatever the length of the whole.
    assert peak < 6_000_000, peak
    assert wire.peak < 200_000


async def test_who_hangs_up_is_written_to_no_more(either: Assembly) -> None:
    client = await filled(either, 800)
    wire = Wire(client, "/v1/exports/payments?format=jsonl", most=1)
    await either.application(wire.scope, wire.receive, wire.send)
    assert not wire.ended
    assert wire.pieces < 5


WRONG = {
    "payments?format=xml": "format",
    "payments?limit=5": "limit",
    "payments?starting_after=pay_1": "starting_after",
    "payments?status=nice": "status",
    "refunds?currency=dollars": "currency",
    "customers?amount=1": "amount",
}


@pytest.mark.parametrize("asked", WRONG)
async def test_what_makes_no_sense_is_refused_before_anything_goes_out(demo: Client, asked: str) -> None:
    answer = await demo.get(f"/exports/{asked}")
    assert answer.status_code == 400, answer.text
    assert shop.any_error(answer)["param"] == WRONG[asked]


async def test_no_export_bears_what_confirms_an_intent(anyones: Client) -> None:
    intent = (await anyones.post("/payment_intents", {"amount": 500, "currency": "usd"})).json()
    (line,), (row,) = await lines(anyones, "payment_intents?"), await rows(anyones, "payment_intents?")
    assert (line["id"], line["client_secret"]) == (intent["id"], None)
    assert (row["id"], row["client_secret"]) == (intent["id"], "")
