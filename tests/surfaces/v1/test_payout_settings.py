"""Payouts that are made by themselves, and what comes back: schedules, minimums, destinations, negative balances."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import httpx2
import pytest

from tests.surfaces.v1 import shop
from tests.surfaces.v1.books import IBAN, Books, assert_explained
from tillgate.connectors.contract import BankRequest
from tillgate.core.instants import DAY, HOUR, MINUTE
from tillgate.flows import payout_settings, payouts
from tillgate.flows.gateway import system
from tillgate.transport.banks import Loss, Lost

pytestmark = pytest.mark.anyio


async def test_a_schedule_pays_out_no_less_than_it_is_to(books: Books) -> None:
    await books.account()
    await books.client.post("/bank_accounts", IBAN)
    given = {"interval": "daily", "minimum_amounts": {"usd": 4826, "EUR": 100}}
    settings = (await books.client.post("/payout_settings", given)).json()
    assert settings["minimum_amounts"] == {"eur": 100, "usd": 4826}
    await books.earns(5000)
    await books.earns(900, currency="eur")
    await books.passes(DAY)
    assert [one["currency"] for one in await books.client.listed("/payouts")] == ["eur"]
    made = await books.pays_out(amount=1)
    assert made["status"] == "pending", "by hand there is no minimum"
    changed = (await books.client.post("/payout_settings", {"minimum_amounts": {"usd": None}})).json()
    assert changed["minimum_amounts"] == {"eur": 100}
    await books.passes(DAY)
    (last, *_) = await books.client.listed("/payouts")
    assert (last["amount"], last["automatic"], last["carried_in"]) == (4824, True, 4824)
    await assert_explained(books)


async def test_a_destination_that_was_chosen_goes_before_the_newest(books: Books) -> None:
    chosen = await books.account()
    newest = await books.account(account_number="000987654321")
    euros = (await books.client.post("/bank_accounts", IBAN)).json()
    await books.earns(5000)
    assert (await books.pays_out(amount=10))["destination"] == newest["id"]
    settings = await books.client.post("/payout_settings", {"destinations": {"usd": chosen["id"]}})
    assert settings.json()["destinations"] == {"usd": chosen["id"]}
    assert (await books.pays_out(amount=10))["destination"] == chosen["id"]
    for wrong, status, code in ((euros["id"], 400, "parameter_invalid"), ("ba_none", 404, "resource_missing")):
        answer = await books.client.post("/payout_settings", {"destinations": {"usd": wrong}})
        shop.error(answer, status, "invalid_request_error", code, "destinations.usd")
    answer = await books.client.post("/payout_settings", {"destinations": {"xyz": chosen["id"]}})
    shop.error(answer, 400, "invalid_request_error", "currency_invalid", "destinations")
    await books.client.delete(f"/bank_accounts/{chosen['id']}")
    assert (await books.client.get("/payout_settings")).json()["destinations"] == {}
    assert (await books.pays_out(amount=10))["destination"] == newest["id"]


async def test_whoever_runs_a_schedule_pays_out_once_a_day(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    await books.account()
    await books.client.post("/payout_settings", {"interval": "daily"})
    await books.earns(5000)
    caller = system(await books.tenant(), "payout_schedule")

    async def dies(*_: object) -> bool:
        raise ConnectionError

    with monkeypatch.context() as crash:
        crash.setattr(payout_settings, "reschedule", dies)
        with pytest.raises(ConnectionError):
            await payouts.run_schedule(books.parts.gateway, caller)
    await books.earns(700)
    await asyncio.gather(*[payouts.run_schedule(books.parts.gateway, caller) for _ in range(6)])
    assert [one["amount"] for one in await books.client.listed("/payouts")] == [4825]
    await books.passes(DAY)
    assert [one["amount"] for one in await books.client.listed("/payouts")] == [650, 4825]
    await assert_explained(books)


async def test_several_processes_pay_out_once_a_day(books: Books, database: str | None, home: Path) -> None:
    """On SQLite there is one."""
    await books.account()
    await books.client.post("/payout_settings", {"interval": "daily"})
    await books.earns(5000)
    caller = system(await books.tenant(), "payout_schedule")
    async with AsyncExitStack() as opened:
        processes = [books.parts]
        if database is not None:
            other = shop.open_shop(home, database, clock=books.clock, keeps_time=False)
            processes.append(await opened.enter_async_context(other))
        for _ in range(2):
            runs = [payouts.run_schedule(parts.gateway, caller) for parts in processes for _ in range(4)]
            await asyncio.gather(*runs)
            await books.earns(700)
    assert [one["amount"] for one in await books.client.listed("/payouts")] == [4825]
    await assert_explained(books)


async def test_a_schedule_waits_until_a_balance_below_zero_is_made_up_for(books: Books) -> None:
    await books.account()
    await books.client.post("/payout_settings", {"interval": "daily"})
    paid = await books.earns(5000)
    await books.passes(DAY)
    await books.client.post("/refunds", {"payment": paid["id"], "amount": 1000})
    (await books.client.post("/sandbox/disputes", {"payment": paid["id"], "amount": 3000})).raise_for_status()
    assert await books.balance() == {"usd": (-1000 - 3000 - 1500, 0)}
    answer = await books.client.post("/payouts", {"currency": "usd"})
    said = shop.error(answer, 400, "invalid_request_error", "balance_insufficient", "amount")
    assert "-$55.00 USD is available" in said["message"]
    await books.earns(5000)
    await books.passes(DAY)
    assert len(await books.client.listed("/payouts")) == 1, "not yet"
    await books.earns(5000)
    await books.passes(DAY)
    (made, _) = await books.client.listed("/payouts")
    lines = await books.lines(made["id"])
    assert made["amount"] == 2 * 4825 - 5500 == sum(line["net"] for line in lines)
    assert {line["type"] for line in lines} == {"charge", "refund", "adjustment"}
    assert await books.balance() == {"usd": (0, 0)}
    await assert_explained(books)


@pytest.mark.parametrize(
    ("told", "silent_days"),
    [(True, 0), (False, 0), (False, 6)],
    ids=["the bank says so", "it is asked", "it is asked and long says nothing"],
)
async def test_what_was_paid_and_comes_back_is_in_the_balance_again(
    books: Books, monkeypatch: pytest.MonkeyPatch, told: bool, silent_days: int
) -> None:
    bank = books.parts.bank
    assert bank is not None
    monkeypatch.setattr(bank.faults, "dispute_seconds", lambda: 3600.0)
    account = await books.account(account_number="000111111114")
    await books.earns(5000)
    made = await books.pays_out()
    if not told:
        monkeypatch.setattr(bank, "on_notification", None)
    await books.passes(MINUTE)
    assert (await books.payout(made["id"]))["status"] == "paid"
    assert await books.balance() == {"usd": (0, 0)}
    with monkeypatch.context() as outage:
        outage.setattr(books.parts.gateway.transport, "send", _silence)
        for _ in range(silent_days):
            await books.passes(DAY)
    if told:
        await bank.settle(f"att_{made['id']}")
    else:
        await books.passes(DAY + HOUR)
    failed = await books.payout(made["id"])
    assert (failed["status"], failed["failure_code"]) == ("failed", "account_closed")
    assert await books.balance() == {"usd": (4825, 0)}
    moved = (await books.client.get(f"/balance_transactions/{failed['reversal_balance_transaction']}")).json()
    assert (moved["type"], moved["net"], moved["source"]) == ("payout_failure", 4825, made["id"])
    await books.passes(7 * DAY)
    assert await books.told() == ["payout.created", "payout.paid", "payout.failed"]
    again = await books.pays_out(destination=account["id"])
    (line,) = await books.lines(again["id"])
    assert (line["type"], line["source"]) == ("payout_failure", made["id"])
    await assert_explained(books)


async def _silence(request: BankRequest) -> Lost:
    return Lost(Loss.SILENT)


async def test_a_test_payout_can_be_sent_at_once(books: Books) -> None:
    await books.account()
    await books.earns(5000)
    made = await books.pays_out()
    asked = [books.client.post(f"/sandbox/payouts/{made['id']}/send", key="now") for _ in range(4)]
    answers: list[httpx2.Response] = list(await asyncio.gather(*asked))
    assert {answer.content for answer in answers if answer.status_code == 200}
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert (await books.payout(made["id"]))["status"] == "paid"
    await books.passes(HOUR)
    assert await books.told() == ["payout.created", "payout.paid"]
    await assert_explained(books)
