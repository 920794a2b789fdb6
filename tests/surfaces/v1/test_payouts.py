"""Payouts: what is available when, and what becomes of each payout at the bank."""

import asyncio
from typing import Any

import pytest

from tests.surfaces.v1 import shop
from tests.surfaces.v1.books import IBAN, US, Books
from tillgate.core.instants import DAY, HOUR, MINUTE

pytestmark = pytest.mark.anyio


async def test_what_is_captured_is_pending_until_it_is_settled(books: Books) -> None:
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


async def test_a_payout_goes_to_the_bank_and_every_cent_of_it_is_explained(books: Books) -> None:
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
        "method": "standard",
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


async def test_what_a_payout_leaves_is_carried_to_the_next(books: Books) -> None:
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


async def test_a_balance_below_zero_is_made_up_for_before_anything_is_paid_out(books: Books) -> None:
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
async def test_a_payout_that_fails_comes_back_and_is_a_line_of_the_next(books: Books, number: str, code: str) -> None:
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


async def test_a_pending_payout_is_canceled_once(books: Books) -> None:
    await books.account()
    await books.earns(5000)
    made = await books.pays_out()
    answers = await asyncio.gather(*[books.client.post(f"/payouts/{made['id']}/cancel") for _ in range(4)])
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400]
    assert await books.balance() == {"usd": (4825, 0)}
    await books.passes(HOUR)
    assert (await books.payout(made["id"]))["status"] == "canceled"
    assert await books.told() == ["payout.created", "payout.canceled"]


async def test_a_payout_to_an_account_that_was_deleted_fails(books: Books) -> None:
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


async def test_a_destination_takes_its_own_currency(books: Books) -> None:
    await books.earns(5000)
    euros = (await books.client.post("/bank_accounts", IBAN)).json()
    assert (euros["currency"], euros["bank_name"], euros["bic"]) == ("eur", "Commerzbank", "COBADEFFXXX")
    answer = await books.client.post("/payouts", {"currency": "usd", "destination": euros["id"]})
    shop.error(answer, 400, "invalid_request_error", "parameter_invalid", "destination")


async def test_a_number_is_kept_under_seal_and_shown_by_its_end(books: Books) -> None:
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
    books: Books, changes: dict[str, Any], code: str, param: str
) -> None:
    given = {name: value for name, value in {**US, **changes}.items() if value is not None}
    shop.error(await books.client.post("/bank_accounts", given), 400, "invalid_request_error", code, param)


async def test_a_repeat_pays_out_once(books: Books) -> None:
    await books.account()
    await books.earns(5000)
    asked = {"currency": "usd", "amount": 1000}
    answers = await asyncio.gather(*[books.client.post("/payouts", asked, key="rent") for _ in range(5)])
    assert len({answer.content for answer in answers}) == 1
    assert answers[0].status_code == 200
    assert len(await books.client.listed("/payouts")) == 1


async def test_the_schedule_pays_out_by_itself(books: Books) -> None:
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
