"""Payouts: what is available when, what each payout is made of, and what becomes of it at the bank."""

import asyncio
import random
import shutil
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.sizes import at_size
from tests.store.places import Place
from tests.surfaces.v1 import shop
from tests.surfaces.v1.shop import CARD, Client
from tillgate.assembly import Assembly
from tillgate.clock import ManualClock
from tillgate.connectors.contract import BankAnswer, BankRequest
from tillgate.core.instants import DAY, HOUR, MINUTE
from tillgate.core.merchants import Tenant
from tillgate.flows import payouts
from tillgate.store import audit, lists
from tillgate.transport.banks import Loss, Lost
from tillgate.workers import timers

pytestmark = pytest.mark.anyio

AT_ONCE = {**CARD, "number": "4000000000000077"}
US: dict[str, Any] = {
    "account_holder_name": "Ann's Books",
    "country": "US",
    "routing_number": "110000000",
    "account_number": "000123456789",
}
IBAN: dict[str, Any] = {"account_holder_name": "Ann's Books", "iban": "DE89370400440532013000"}

WEDNESDAY = 1_700_006_400_000_000 + 9 * HOUR
"""2023-11-15, 09:00 UTC."""


class Shop:
    """A merchant, and the time that passes for it."""

    def __init__(self, client: Client, parts: Assembly, clock: ManualClock, place: tuple[str | None, Path]) -> None:
        self.client = client
        self.place = place
        self.parts = parts
        self.clock = clock

    async def earns(self, amount: int, **changes: Any) -> dict[str, Any]:
        """A payment that is available at once."""
        return await self.client.pay(amount=amount, card=AT_ONCE, **changes)

    async def account(self, **changes: Any) -> dict[str, Any]:
        answer = await self.client.post("/bank_accounts", {**US, **changes})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def pays_out(self, **changes: Any) -> dict[str, Any]:
        answer = await self.client.post("/payouts", {"currency": "usd", **changes})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def balance(self) -> dict[str, tuple[int, int]]:
        """Available and pending, by currency."""
        shown = (await self.client.get("/balance")).json()
        pending = {one["currency"]: one["amount"] for one in shown["pending"]}
        return {one["currency"]: (one["amount"], pending[one["currency"]]) for one in shown["available"]}

    async def payout(self, id: str) -> dict[str, Any]:
        return dict((await self.client.get(f"/payouts/{id}")).json())

    async def lines(self, id: str, limit: int = 3) -> list[dict[str, Any]]:
        """Every line of a payout, page by page."""
        found: list[dict[str, Any]] = []
        while True:
            after = f"&starting_after={found[-1]['id']}" if found else ""
            page = (await self.client.get(f"/payouts/{id}/lines?limit={limit}{after}")).json()
            found += page["data"]
            if not page["has_more"]:
                return found

    async def passes(self, duration: int) -> None:
        """Time, and what happens by itself in it."""
        self.clock.advance(duration)
        for _ in range(3):
            await timers.run_due(self.parts.gateway, self.parts.directory)

    async def told(self) -> list[str]:
        events = await self.client.listed("/events?limit=100")
        return [event["type"] for event in reversed(events) if event["type"].startswith("payout.")]


@pytest.fixture(scope="module")
async def timed(database: str | None, home: Path, anyio_backend: object) -> AsyncIterator[tuple[Assembly, ManualClock]]:
    """Tillgate on either database, with a clock that stands still until it is moved."""
    clock = ManualClock(WEDNESDAY)
    async with shop.open_shop(home, database, clock=clock) as parts:
        yield parts, clock


@pytest.fixture
async def books(timed: tuple[Assembly, ManualClock], database: str | None, home: Path) -> Shop:
    """A merchant of the test's own."""
    parts, clock = timed
    return Shop(await shop.merchant(parts), parts, clock, (database, home))


async def test_what_is_captured_is_pending_until_it_is_settled(books: Shop) -> None:
    paid = await books.client.pay(amount=5000, currency="usd")
    assert await books.balance() == {"usd": (0, 4825)}
    moved = (await books.client.listed("/balance_transactions"))[0]
    midnight = (books.clock.wall() // DAY + 2) * DAY
    assert (moved["status"], moved["available_on"]) == ("pending", midnight // 1_000_000)
    await books.account()
    answer = await books.client.post("/payouts", {"currency": "usd"})
    assert (
        "$0.00 USD is available"
        in shop.error(answer, 400, "invalid_request_error", "balance_insufficient", "amount")["message"]
    )
    await books.client.post("/refunds", {"payment": paid["id"], "amount": 1000})
    assert await books.balance() == {"usd": (-1000, 4825)}, "a refund is taken off at once"
    await books.passes(midnight - books.clock.wall() - 1)
    assert await books.balance() == {"usd": (-1000, 4825)}
    await books.passes(1)
    assert await books.balance() == {"usd": (3825, 0)}
    assert {one["status"] for one in await books.client.listed("/balance_transactions")} == {"available"}
    assert (await books.pays_out())["amount"] == 3825


async def test_a_payout_goes_to_the_bank_and_every_cent_of_it_is_explained(books: Shop) -> None:
    account = await books.account()
    paid, other = await books.earns(5000), await books.earns(700)
    refund = (await books.client.post("/refunds", {"payment": paid["id"], "amount": 300})).json()
    await books.earns(900, currency="eur")
    made = await books.pays_out(description="Week 7", metadata={"week": "7"})
    assert made == {
        "id": made["id"],
        "object": "payout",
        "amount": 4825 + 650 - 300,
        "currency": "usd",
        "status": "pending",
        "type": "bank_account",
        "automatic": False,
        "destination": account["id"],
        "arrival_date": made["created"] + 60,
        "balance_transaction": made["balance_transaction"],
        "reversal_balance_transaction": None,
        "lines": 3,
        "carried_in": 0,
        "carried_out": 0,
        "description": "Week 7",
        "failure_code": None,
        "failure_message": None,
        "metadata": {"week": "7"},
        "created": books.clock.wall() // 1_000_000,
        "livemode": False,
    }
    assert (await books.balance())["usd"] == (0, 0)
    lines = await books.lines(made["id"], limit=2)
    assert [line["source"] for line in lines] == [refund["id"], other["id"], paid["id"]]
    assert sum(line["net"] for line in lines) == made["amount"]
    assert [one["id"] for one in await books.client.listed(f"/balance_transactions?payout={made['id']}")] == [
        line["balance_transaction"] for line in lines
    ]
    moved = (await books.client.get(f"/balance_transactions/{made['balance_transaction']}")).json()
    assert (moved["type"], moved["source"], moved["net"]) == ("payout", made["id"], -made["amount"])
    assert [one["id"] for one in await books.client.listed(f"/balance_transactions?source={made['id']}")] == [
        moved["id"]
    ]
    await books.passes(MINUTE)
    assert (await books.payout(made["id"]))["status"] == "paid"
    assert await books.told() == ["payout.created", "payout.paid"]
    assert [one["id"] for one in await books.client.listed("/payouts?status=paid")] == [made["id"]]
    assert await books.client.listed("/payouts?status=pending") == []
    expanded = (await books.client.get(f"/payouts/{made['id']}?expand[]=destination")).json()
    assert expanded["destination"] == account
    shop.error(
        await books.client.post(f"/payouts/{made['id']}/cancel"), 400, "invalid_request_error", "payout_not_cancelable"
    )


async def test_what_a_payout_leaves_is_carried_to_the_next(books: Shop) -> None:
    await books.account()
    await books.earns(5000)
    first = await books.pays_out(amount=1000)
    assert (first["carried_out"], await books.balance()) == (3825, {"usd": (3825, 0)})
    too_much = await books.client.post("/payouts", {"currency": "usd", "amount": 3826})
    said = shop.error(too_much, 400, "invalid_request_error", "balance_insufficient", "amount")
    assert "$38.25 USD" in said["message"]
    second = await books.pays_out()
    assert (second["amount"], second["carried_in"], second["carried_out"]) == (3825, 3825, 0)
    out, _ = await books.lines(first["id"], limit=1)
    assert (out["type"], out["net"], out["balance_transaction"]) == ("carried_out", -3825, None)
    (brought,) = await books.lines(second["id"])
    assert (brought["type"], brought["net"], brought["source"]) == ("carried_in", 3825, first["id"])
    back = (await books.client.get(f"/payouts/{first['id']}/lines?ending_before={out['id']}")).json()["data"]
    assert back == []


async def test_a_balance_below_zero_is_made_up_for_before_anything_is_paid_out(books: Shop) -> None:
    await books.account()
    paid = await books.earns(5000)
    await books.pays_out()
    await books.client.post("/refunds", {"payment": paid["id"], "amount": 2000})
    assert await books.balance() == {"usd": (-2000, 0)}
    answer = await books.client.post("/payouts", {"currency": "usd"})
    shop.error(answer, 400, "invalid_request_error", "balance_insufficient", "amount")
    await books.earns(3000)
    made = await books.pays_out()
    assert made["amount"] == 3000 - 117 - 2000
    assert sum(line["net"] for line in await books.lines(made["id"])) == made["amount"]


@pytest.mark.parametrize(
    ("number", "code"),
    [("000111111116", "no_account"), ("000111111113", "account_closed"), ("000111111119", "could_not_process")],
)
async def test_a_payout_that_fails_comes_back_and_is_a_line_of_the_next(books: Shop, number: str, code: str) -> None:
    await books.account(account_number=number)
    await books.earns(5000)
    made = await books.pays_out()
    await books.passes(MINUTE)
    failed = await books.payout(made["id"])
    assert (failed["status"], failed["failure_code"]) == ("failed", code)
    assert await books.balance() == {"usd": (4825, 0)}
    await books.account()
    again = await books.pays_out()
    (line,) = await books.lines(again["id"])
    assert (line["type"], line["net"], line["source"]) == ("payout_failure", 4825, made["id"])
    assert line["balance_transaction"] == failed["reversal_balance_transaction"]
    assert await books.told() == ["payout.created", "payout.failed", "payout.created"]


async def test_a_pending_payout_is_canceled_once(books: Shop) -> None:
    await books.account()
    await books.earns(5000)
    made = await books.pays_out()
    answers = await asyncio.gather(*[books.client.post(f"/payouts/{made['id']}/cancel") for _ in range(4)])
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400]
    assert await books.balance() == {"usd": (4825, 0)}
    await books.passes(HOUR)
    assert (await books.payout(made["id"]))["status"] == "canceled"
    assert await books.told() == ["payout.created", "payout.canceled"]


async def test_a_payout_to_an_account_that_was_deleted_fails(books: Shop) -> None:
    account = await books.account()
    await books.earns(5000)
    made = await books.pays_out()
    deleted = (await books.client.delete(f"/bank_accounts/{account['id']}")).json()
    assert deleted == {"id": account["id"], "object": "bank_account", "deleted": True}
    await books.passes(MINUTE)
    assert (await books.payout(made["id"]))["failure_code"] == "no_account"
    answer = await books.client.post("/payouts", {"currency": "usd"})
    shop.error(answer, 400, "invalid_request_error", "bank_account_missing", "destination")
    named = await books.client.post("/payouts", {"currency": "usd", "destination": account["id"]})
    shop.error(named, 404, "invalid_request_error", "resource_missing", "destination")


async def test_a_destination_takes_its_own_currency(books: Shop) -> None:
    await books.earns(5000)
    euros = (await books.client.post("/bank_accounts", IBAN)).json()
    assert (euros["currency"], euros["bank_name"], euros["bic"]) == ("eur", "Commerzbank", "COBADEFFXXX")
    answer = await books.client.post("/payouts", {"currency": "usd", "destination": euros["id"]})
    shop.error(answer, 400, "invalid_request_error", "parameter_invalid", "destination")


async def test_a_number_is_kept_under_seal_and_shown_by_its_end(books: Shop) -> None:
    account = await books.account()
    assert "000123456789" not in str(account)
    assert account["last4"] == "6789"
    assert await books.client.listed("/bank_accounts?currency=USD") == [account]
    assert await books.client.listed("/bank_accounts?currency=eur") == []
    assert (await books.client.get(f"/bank_accounts/{account['id']}")).json() == account


@pytest.mark.parametrize(
    ("changes", "code", "param"),
    [
        ({"routing_number": "110000001"}, "parameter_invalid", "routing_number"),
        ({"routing_number": None}, "parameter_missing", "routing_number"),
        ({"account_number": "12345x"}, "parameter_invalid", "account_number"),
        ({"account_number": None}, "parameter_missing", "account_number"),
        ({"account_number": None, "routing_number": None}, "parameter_missing", "iban"),
        ({"iban": "DE89370400440532013000"}, "parameter_invalid", "account_number"),
        ({"country": "DE"}, "parameter_invalid", "country"),
        ({"currency": "XXX"}, "currency_invalid", "currency"),
        ({**IBAN, "iban": "DE89370400440532013001", "account_number": None}, "parameter_invalid", "iban"),
        (
            {**IBAN, "account_number": None, "routing_number": None, "country": None, "bic": "BNPAFRPP"},
            "parameter_invalid",
            "bic",
        ),
    ],
)
async def test_an_account_that_cannot_be_is_refused(
    books: Shop, changes: dict[str, Any], code: str, param: str
) -> None:
    given = {name: value for name, value in {**US, **changes}.items() if value is not None}
    shop.error(await books.client.post("/bank_accounts", given), 400, "invalid_request_error", code, param)


async def test_payouts_at_once_never_share_a_line(books: Shop) -> None:
    await books.account()
    for amount in range(1000, 1000 + at_size(5, 40)):
        await books.earns(amount)
    answers = await asyncio.gather(
        *[books.client.post("/payouts", {"currency": "usd", "amount": 500}) for _ in range(8)],
        *[books.earns(2000) for _ in range(4)],
        *[books.client.post("/payouts", {"currency": "usd"}) for _ in range(4)],
    )
    assert sum(isinstance(answer, httpx2.Response) and answer.status_code == 200 for answer in answers) > 0
    await assert_explained(books)


async def test_a_repeat_pays_out_once(books: Shop) -> None:
    await books.account()
    await books.earns(5000)
    asked = {"currency": "usd", "amount": 1000}
    answers = await asyncio.gather(*[books.client.post("/payouts", asked, key="rent") for _ in range(5)])
    assert len({answer.content for answer in answers}) == 1
    assert answers[0].status_code == 200
    assert len(await books.client.listed("/payouts")) == 1


async def test_over_a_random_history_every_payout_is_the_sum_of_its_lines(
    books: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(payouts, "TAKEN_AT_ONCE", 3)
    draws = random.Random(5)
    await books.account()
    await books.account(account_number="000111111116", currency="jpy", country="US")
    await books.client.post("/bank_accounts", IBAN)
    paid: list[str] = []
    for _ in range(at_size(60, 1_000)):
        currency, step = draws.choice(["usd", "eur", "jpy"]), draws.random()
        if step < 0.45:
            card = draws.choice([CARD, AT_ONCE])
            paid.append((await books.client.pay(amount=draws.randint(100, 9_000), currency=currency, card=card))["id"])
        elif step < 0.6 and paid:
            await books.client.post("/refunds", {"payment": draws.choice(paid), "amount": draws.randint(1, 3_000)})
        elif step < 0.75:
            amount = {"amount": draws.randint(1, 5_000)} if draws.random() < 0.5 else {}
            await books.client.post("/payouts", {"currency": currency, **amount})
        elif step < 0.85:
            for payout in (await books.client.listed("/payouts?status=pending&limit=1"))[:1]:
                await books.client.post(f"/payouts/{payout['id']}/cancel")
        else:
            await books.passes(draws.choice([MINUTE, HOUR, DAY]))
    assert len(await books.client.listed("/payouts?limit=100")) > 3
    await assert_explained(books)


async def test_the_schedule_pays_out_by_itself(books: Shop) -> None:
    settings = (await books.client.get("/payout_settings")).json()
    assert (settings["interval"], settings["settlement_days"]) == ("manual", 2)
    await books.account()
    await books.earns(5000)
    await books.earns(4000, currency="eur")
    settings = (await books.client.post("/payout_settings", {"interval": "daily"})).json()
    assert settings["interval"] == "daily"
    await books.passes(MINUTE)
    assert await books.client.listed("/payouts") == []
    await books.passes(DAY)
    (made,) = await books.client.listed("/payouts")
    assert (made["automatic"], made["amount"]) == (True, 4825)
    assert (await books.balance())["eur"][0] > 0, "there is no account in euros"
    await books.earns(1000)
    await books.passes(DAY)
    assert [one["amount"] for one in await books.client.listed("/payouts")] == [941, 4825]
    await books.client.post("/payout_settings", {"interval": "manual"})
    await books.earns(1000)
    await books.passes(40 * DAY)
    assert len(await books.client.listed("/payouts")) == 2


TAMPERED = {
    "a line was taken away": ("update entries set statement = null where {line}", "lines of"),
    "a line says another sum": ("update entries set net = net + 1 where {line}", "the postings make"),
    "a line is in no payout's statement": ("update entries set statement = 'st_x' where {line}", "neither open nor"),
    "what the bank was sent is not booked": ("delete from postings where entry = '{payout}:paid'", "not in the books"),
    "it was told of twice": (
        "update events set sequence = 3 where stream = '{payout}' and sequence = 2",
        "events [1, 3]",
    ),
    "what is carried was lost": ("delete from settlements where tenant = '{tenant}'", "did not arrive"),
}


@pytest.mark.parametrize("how", TAMPERED)
async def test_the_audit_finds_what_is_wrong_with_a_payout(migrated: Path, tmp_path: Path, how: str) -> None:
    shutil.copytree(migrated, tmp_path, dirs_exist_ok=True)
    clock = ManualClock(WEDNESDAY)
    async with shop.open_shop(tmp_path, clock=clock) as parts:
        books = Shop(await shop.merchant(parts), parts, clock, (None, tmp_path))
        await books.account()
        await books.earns(5000)
        made = await books.pays_out(amount=1000)
        await books.passes(MINUTE)
        await assert_explained(books)
        (tenant,) = [one.id for one in await lists.every(parts.gateway.store, Tenant)]
        moved = (await books.lines(made["id"]))[-1]["id"]
    statement, found = TAMPERED[how]
    place = Place(None, tmp_path)
    line = f"balance_transaction = '{moved}'"
    await place.execute(statement.format(line=line, payout=made["id"], tenant=tenant))
    assert any(found in difference for difference in await place.differences()), await place.differences()


async def test_a_bank_that_says_nothing_is_asked_until_it_does(books: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    await books.account()
    await books.earns(5000)
    made = await books.pays_out()

    async def silence(request: BankRequest) -> BankAnswer | Lost:
        return Lost(Loss.SILENT)

    with monkeypatch.context() as cut:
        cut.setattr(books.parts.gateway.transport, "send", silence)
        await books.passes(MINUTE)
        assert (await books.payout(made["id"]))["status"] == "in_transit"
        await books.passes(MINUTE)
        assert (await books.payout(made["id"]))["status"] == "in_transit"
        answer = await books.client.post(f"/payouts/{made['id']}/cancel")
        shop.error(answer, 400, "invalid_request_error", "payout_not_cancelable")
    await books.passes(HOUR)
    shown = await books.payout(made["id"])
    assert (shown["status"], shown["failure_code"]) == ("failed", "could_not_process"), "the bank never saw it"
    assert await books.balance() == {"usd": (4825, 0)}
    await assert_explained(books)


async def test_what_the_bank_did_is_found_out_after_its_answer_was_lost(
    books: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await books.account()
    await books.earns(5000)
    made = await books.pays_out()
    send = books.parts.gateway.transport.send

    async def lossy(request: BankRequest) -> BankAnswer | Lost:
        await send(request)
        return Lost(Loss.BROKEN)

    with monkeypatch.context() as cut:
        cut.setattr(books.parts.gateway.transport, "send", lossy)
        await books.passes(MINUTE)
    assert (await books.payout(made["id"]))["status"] == "in_transit"
    await books.passes(MINUTE)
    assert (await books.payout(made["id"]))["status"] == "paid"
    assert await books.told() == ["payout.created", "payout.paid"]
    await assert_explained(books)


async def assert_explained(books: Shop) -> None:
    """That every payout is the sum of its lines, none of which is in two, and that the audit agrees."""
    seen: Counter[str] = Counter()
    page, shown = "/payouts?limit=100", []
    while listed := await books.client.listed(page):
        shown += listed
        page = f"/payouts?limit=100&starting_after={listed[-1]['id']}"
    for payout in shown:
        lines = await books.lines(payout["id"], limit=100)
        assert sum(line["net"] for line in lines) == payout["amount"] > 0
        assert len(lines) == payout["lines"]
        assert {line["currency"] for line in lines} == {payout["currency"]}
        seen.update(line["id"] for line in lines)
    assert set(seen.values()) <= {1}
    found = await audit.audit(*books.place)
    assert found.differences == []
    assert found.counts["payouts"] >= len(shown)
