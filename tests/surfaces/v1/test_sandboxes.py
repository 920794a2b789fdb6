"""Sandboxes: a test merchant that is alone with its data, and goes with every row of it, whatever crashes."""

import asyncio
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.sizes import PROVING, at_size
from tests.surfaces.athmovil import business
from tests.surfaces.v1 import shop, story
from tests.surfaces.v1.shop import PAYMENT, Client
from tillgate.assembly import Assembly
from tillgate.core import sandboxes as core
from tillgate.core.instants import MINUTE, SECOND
from tillgate.core.merchants import Mode
from tillgate.core.reasons import Refused
from tillgate.flows import sandboxes
from tillgate.flows.directory import Directory
from tillgate.store import audit, schema

pytestmark = pytest.mark.anyio

MISSING = ("invalid_request_error", "resource_missing", "id")


async def make(parent: Client, **wishes: Any) -> dict[str, Any]:
    answer = await parent.post("/sandbox/merchants", wishes)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def sandbox(parent: Client, **wishes: Any) -> tuple[str, Client]:
    """A new one, by its id, and asking with its secret key."""
    made = await make(parent, **wishes)
    return made["id"], Client(parent.parts, made["secret_key"])


async def rows(parts: Assembly, table: sa.Table) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await parts.gateway.store.engine.fetch(sa.select(table), {})]


async def left(parts: Assembly, id: str) -> Counter[str]:
    """In which tables there is something of a merchant, by its rows, and wherever else it is named."""
    found: Counter[str] = Counter()
    for table in schema.metadata.sorted_tables:
        for row in await rows(parts, table):
            found[table.name] += any(id in str(value) for value in row)
    assert parts.bank is not None
    found["operations"] += sum(operation.merchant_id == id for operation in parts.bank.statement())
    found["tickets at the bank"] += sum(operation.merchant_id == id for operation in parts.phones.statement())
    found["chargebacks"] += sum(chargeback.merchant_id == id for chargeback in parts.bank.disputes())
    return +found


async def books_are_sound(home: Path, database: str | None) -> None:
    found = await audit.audit(database, home)
    assert not found.differences, found.differences


async def test_a_sandbox_has_keys_of_its_own_and_is_alone_with_its_data(anyones: Client) -> None:
    made = await make(anyones, name=" Checkout tests ")
    assert (made["object"], made["name"], made["livemode"]) == ("merchant", "Checkout tests", False)
    one, other = Client(anyones.parts, made["secret_key"]), (await sandbox(anyones))[1]
    browser = Client(anyones.parts, made["publishable_key"])
    token = (await browser.post("/tokens", {"card": shop.CARD})).json()
    shop.error(await browser.get("/payments"), 403, "permission_error", "permission_missing")
    paid = (await one.post("/payments", {**PAYMENT, "card": None, "payment_method": token["id"]})).json()
    assert paid["status"] == "succeeded"
    for stranger in (anyones, other):
        shop.error(await stranger.get(f"/payments/{paid['id']}"), 404, *MISSING)
        assert await stranger.listed("/payments") == []
        assert (await stranger.get("/balance")).json()["available"] == []


async def test_its_terms_are_what_was_asked_for(anyones: Client) -> None:
    fees = {"basis_points": 100, "fixed": {"usd": 10}}
    _, one = await sandbox(anyones, fee_plan=fees, dispute_fees={"USD": 700}, settlement_days=0)
    await one.pay(amount=10_000)
    (moved,) = await one.listed("/balance_transactions")
    assert (moved["fee"], moved["net"]) == (110, 9_890)
    (shown,) = await anyones.listed("/sandbox/merchants")
    assert shown["fee_plan"] == {"basis_points": 100, "fixed": {"USD": 10}}
    assert (shown["dispute_fees"], shown["settlement_days"]) == ({"USD": 700}, 0)
    ordinary = await make(anyones)
    assert (ordinary["fee_plan"]["basis_points"], ordinary["settlement_days"]) == (290, 2)


async def test_keys_are_shown_once_and_a_repeat_makes_no_second_sandbox(anyones: Client) -> None:
    first, again = [await anyones.post("/sandbox/merchants", {"name": "Once"}, key="once") for _ in range(2)]
    assert first.content == again.content
    made = first.json()
    assert (await Client(anyones.parts, made["secret_key"]).get("/balance")).status_code == 200
    listed = await anyones.listed("/sandbox/merchants")
    assert listed == [{name: value for name, value in made.items() if not name.endswith(("_key", "_token"))}]
    assert (await anyones.get(f"/sandbox/merchants/{made['id']}")).json() == listed[0]


async def test_a_sandbox_is_its_makers_own(app: Assembly, merchant: Client) -> None:
    id, one = await sandbox(merchant)
    for stranger in (await shop.merchant(app), one):
        shop.error(await stranger.get(f"/sandbox/merchants/{id}"), 404, *MISSING)
        shop.error(await stranger.delete(f"/sandbox/merchants/{id}"), 404, *MISSING)
        assert await stranger.listed("/sandbox/merchants") == []
    shop.error(await merchant.delete("/sandbox/merchants/ten_demoshop"), 404, *MISSING)
    assert (await one.get("/balance")).status_code == 200


async def test_a_sandbox_makes_none_of_its_own(merchant: Client) -> None:
    _, one = await sandbox(merchant)
    answer = await one.post("/sandbox/merchants", {})
    shop.error(answer, 403, "permission_error", "sandbox_merchant_nested")


async def test_there_is_a_most(merchant: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core, "MOST", 2)
    first, _ = [await make(merchant) for _ in range(2)]
    shop.error(
        await merchant.post("/sandbox/merchants", {}), 400, "invalid_request_error", "sandbox_merchants_exhausted"
    )
    assert (await merchant.delete(f"/sandbox/merchants/{first['id']}")).status_code == 200
    await make(merchant)


async def test_of_many_made_at_once_there_are_no_more_than_that_and_no_fewer(
    anyones: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core, "MOST", 3)
    answers = await asyncio.gather(*(anyones.post("/sandbox/merchants", {}) for _ in range(12)))
    assert sorted(answer.status_code for answer in answers) == [200] * 3 + [400] * 9
    assert len(await anyones.listed("/sandbox/merchants")) == 3


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        ({"name": " "}, "parameter_invalid", "name"),
        ({"name": "a\x07b"}, "parameter_invalid", "name"),
        ({"fee_plan": {"basis_points": 10_001}}, "parameter_invalid", "fee_plan.basis_points"),
        ({"fee_plan": {"fixed": {"USD": -1}}}, "parameter_invalid", "fee_plan.fixed.USD"),
        ({"fee_plan": {"fixed": {"USD": True}}}, "parameter_invalid", "fee_plan.fixed.USD"),
        ({"fee_plan": {"fixed": {"XXX": 1}}}, "currency_invalid", "fee_plan.fixed"),
        ({"dispute_fees": {"dollar": 1}}, "parameter_invalid", "dispute_fees"),
        ({"settlement_days": 31}, "parameter_invalid", "settlement_days"),
        ({"expires_in": 0}, "parameter_invalid", "expires_in"),
        ({"mode": "live"}, "parameter_unknown", "mode"),
    ],
)
async def test_what_cannot_be_made_is_refused_by_name(
    merchant: Client, body: dict[str, Any], code: str, param: str
) -> None:
    answer = await merchant.post("/sandbox/merchants", body)
    shop.error(answer, 400, "invalid_request_error", code, param)
    assert await merchant.listed("/sandbox/merchants") == []


async def test_nothing_is_made_in_live_mode(app: Assembly, monkeypatch: pytest.MonkeyPatch) -> None:
    live = await shop.merchant(app, mode=Mode.LIVE)
    monkeypatch.setattr(app.gateway, "require_live", lambda bank: None)
    shop.error(await live.post("/sandbox/merchants", {}), 403, "permission_error", "test_mode_only")


async def test_a_removed_sandboxs_keys_are_refused_at_once_in_every_process(anyones: Client) -> None:
    id, one = await sandbox(anyones)
    assert one.key is not None
    elsewhere = Directory(anyones.parts.gateway, {})
    assert (await elsewhere.identify(one.key, on_this_machine=True))[1].id == id
    assert (await anyones.delete(f"/sandbox/merchants/{id}")).json() == {
        "id": id,
        "object": "merchant",
        "deleted": True,
    }
    shop.error(await one.get("/balance"), 401, "authentication_error", "api_key_invalid")
    with pytest.raises(Refused, match="credential_invalid"):
        await elsewhere.identify(one.key, on_this_machine=True)
    for ask in (anyones.get, anyones.delete):
        shop.error(await ask(f"/sandbox/merchants/{id}"), 404, *MISSING)
    assert await anyones.listed("/sandbox/merchants") == []


async def later(parts: Assembly, monkeypatch: pytest.MonkeyPatch, by: int) -> None:
    """Let wall time jump."""
    wall = parts.gateway.clock.wall
    monkeypatch.setattr(parts.gateway.clock, "wall", lambda: wall() + by)


async def until_left(parts: Assembly, id: str, expected: dict[str, int]) -> None:
    """Until nothing but this is there any more of a merchant."""
    async with asyncio.timeout(60):
        while True:
            if await left(parts, id) == expected:
                return
            await asyncio.sleep(0.05)


REMOVED = {"sandboxes": 1, "timers": 1}
"""What there is of a removed sandbox until everything was looked for once more: that it is to be."""


async def test_every_row_goes_that_a_sandbox_ever_wrote(
    anyones: Client, home: Path, database: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = anyones.parts
    id, one = await sandbox(anyones)
    _, neighbor = await sandbox(anyones)
    await neighbor.pay()
    # It lives through all that there is, up to what a sandbox may not.
    with pytest.raises(story.Untold, match="sandbox_merchant_nested"):
        await story.tell(one, destroying=False)
    await one.post("/tokens", {"card": shop.CARD})
    await one.post("/payments", PAYMENT, key="kept")
    seller = await business.opened(parts, await parts.directory.tenant(id))
    paid, confirmed, waiting = [await seller.open() for _ in range(3)]
    for ticket in (paid, confirmed):
        await seller.confirm(ticket)
    reference = business.done(await seller.authorize(paid))["referenceNumber"]
    await seller.refund(reference, "1.00")
    await seller.move(waiting, "7871110000")
    before = await left(parts, id)
    assert before.keys() >= {
        *("payments", "attempts", "refunds", "disputes", "customers", "payment_methods", "tokens", "payouts"),
        *("idempotency_keys", "webhook_endpoints", "wallet_keys", "transactions", "credentials", "aliases", "timers"),
        *("entries", "postings", "balances", "events", "deliveries", "bodies", "faults", "bank_accounts", "tenants"),
        *("operations", "chargebacks", "settlements", "sandboxes", "payout_settings", "numbers", "series"),
        "tickets at the bank",
    }
    assert (await anyones.delete(f"/sandbox/merchants/{id}")).status_code == 200
    assert await left(parts, id) == REMOVED
    await books_are_sound(home, database)
    await later(parts, monkeypatch, 11 * MINUTE)
    await until_left(parts, id, {})
    await books_are_sound(home, database)
    assert len(await neighbor.listed("/payments")) == 1
    assert [seller.balance(ticket) for ticket in (paid, confirmed)] == [1_000_00] * 2
    assert business.code(await seller.authorize(paid)) == "BTRA_0031"


async def test_the_bank_forgets_in_the_books_of_all_processes(
    migrated_url: str, tmp_path: Path, anyio_backend: object
) -> None:
    async with shop.open_shop(tmp_path, migrated_url) as one, shop.open_shop(tmp_path, migrated_url) as other:
        parent = await shop.merchant(one)
        id, here = await sandbox(parent)
        there = Client(other, here.key)
        disputed = {**shop.CARD, "number": "4000000000000259"}
        for client in (here, there):
            await client.pay(card=disputed)
        assert (await left(one, id))["operations"] == 2
        assert (await parent.delete(f"/sandbox/merchants/{id}")).status_code == 200
        shop.error(await there.get("/balance"), 401, "authentication_error", "api_key_invalid")
        await until_left(other, id, REMOVED)


async def test_removing_goes_on_where_it_stopped_and_the_books_are_sound_throughout(
    anyones: Client, home: Path, database: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever removes leaves it after a few rows of each table, and a timer goes on."""
    parts = anyones.parts
    id, one = await sandbox(anyones)
    for _ in range(5):
        paid = await one.pay()
        await one.post("/refunds", {"payment": paid["id"], "amount": 100})
    monkeypatch.setattr(sandboxes, "AT_ONCE", 4)
    assert (await anyones.delete(f"/sandbox/merchants/{id}")).status_code == 200
    assert await left(parts, id) - Counter(REMOVED), "it is too little to be removed in portions"
    async with asyncio.timeout(60):
        while True:
            await books_are_sound(home, database)
            if await left(parts, id) == REMOVED:
                return


async def test_what_is_written_down_late_goes_with_the_last_look(
    anyones: Client, home: Path, database: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = anyones.parts
    id, one = await sandbox(anyones)
    tenant = (await parts.directory.identify(one.key or "", on_this_machine=True))[1]
    found_out = parts.directory.identify
    assert (await anyones.delete(f"/sandbox/merchants/{id}")).status_code == 200

    async def just_before(secret: str, *, on_this_machine: bool) -> Any:
        return (await found_out(anyones.key or "", on_this_machine=on_this_machine))[0], tenant

    with monkeypatch.context() as patched:
        patched.setattr(parts.directory, "identify", just_before)
        await one.pay()
    assert (await left(parts, id))["postings"]
    await books_are_sound(home, database)
    await later(parts, monkeypatch, 11 * MINUTE)
    await until_left(parts, id, {})
    await books_are_sound(home, database)


async def test_a_sandbox_whose_time_is_over_removes_itself(anyones: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = anyones.parts
    made = await make(anyones, expires_in=3600)
    one = Client(parts, made["secret_key"])
    assert made["expires_at"] - made["created"] == 3600
    await one.pay()
    await later(parts, monkeypatch, 3601 * SECOND)
    await until_left(parts, made["id"], REMOVED)
    shop.error(await one.get("/balance"), 401, "authentication_error", "api_key_invalid")
    assert await anyones.listed("/sandbox/merchants") == []


async def test_many_live_side_by_side_each_alone_with_its_data(anyones: Client) -> None:
    """At full size the last are made, and pay, about as quickly as the first: by the shortest times, which nothing
    else on the machine had a part in.
    """

    async def timed(count: int) -> tuple[float, float]:
        making, paying = [], []
        for _ in range(count):
            began = time.perf_counter()
            _, one = await sandbox(anyones)
            making.append(time.perf_counter() - began)
            began = time.perf_counter()
            await one.pay()
            paying.append(time.perf_counter() - began)
            assert len(await one.listed("/payments")) == 1
        return min(making), min(paying)

    few, many = at_size((5, 20), (40, 920))
    first = await timed(few)
    await asyncio.gather(*[sandbox(anyones) for _ in range(many)])
    last = await timed(few)
    if PROVING:
        assert last[0] < 4 * first[0], (first, last)
        assert last[1] < 4 * first[1], (first, last)
    assert len(await anyones.listed("/sandbox/merchants?limit=100")) == min(100, 2 * few + many)
