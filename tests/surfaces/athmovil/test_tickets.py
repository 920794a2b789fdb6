"""Tickets from being opened to being paid, given up or expired, and the same payments through the other API."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.sizes import at_size
from tests.surfaces.athmovil import books
from tests.surfaces.athmovil.business import BASE, REPORT, SEARCH, Business, code, done

pytestmark = pytest.mark.anyio


async def test_a_ticket_is_opened_confirmed_and_paid_once(anyones: Business) -> None:
    ticket = await anyones.open()
    before = anyones.balance(ticket)
    opened = await anyones.find(ticket)
    assert (opened["ecommerceStatus"], opened["referenceNumber"], opened["dailyTransactionId"]) == ("OPEN", "", "")
    assert code(await anyones.authorize(ticket)) == "BTRA_0032"
    await anyones.confirm(ticket)
    assert anyones.balance(ticket) == before - 233
    confirmed = await anyones.find(ticket)
    assert (confirmed["ecommerceStatus"], confirmed["fee"], confirmed["netAmount"]) == ("CONFIRM", 0, 0)
    paid = done(await anyones.authorize(ticket))
    assert (paid["ecommerceStatus"], paid["fee"], paid["netAmount"]) == ("COMPLETED", 0.06, 2.27)
    assert done(await anyones.authorize(ticket)) == paid == await anyones.find(ticket)
    assert anyones.balance(ticket) == before - 233


async def test_the_same_payment_shows_in_the_other_api(anyones: Business) -> None:
    ticket = await anyones.open()
    (waiting,) = await anyones.v1.listed("/payments")
    assert (waiting["status"], waiting["amount"], waiting["currency"]) == ("requires_action", 233, "usd")
    assert waiting["next_action"]["redirect_to_url"]["url"].endswith("/phone")
    assert waiting["metadata"] == {"metadata1": "Order 1", "metadata2": "Ponce"}
    intent = (await anyones.v1.get(f"/payment_intents/{waiting['payment_intent']}")).json()
    assert (intent["status"], intent["payment_method_types"]) == ("requires_action", ["phone_wallet"])
    await anyones.confirm(ticket)
    assert (await anyones.v1.get(f"/payments/{waiting['id']}")).json()["status"] == "authorized"
    reference = done(await anyones.authorize(ticket))["referenceNumber"]
    assert (await anyones.v1.get(f"/payments/{waiting['id']}")).json()["status"] == "succeeded"
    (line,) = await anyones.v1.listed("/transactions")
    assert (line["source"], line["status"]) == (waiting["id"], "succeeded")
    (found,) = await anyones.v1.listed("/payments?metadata[metadata2]=Ponce")
    assert found["id"] == waiting["id"]
    types = [event["type"] for event in await anyones.v1.listed(f"/events?object={waiting['id']}")]
    assert types == ["payment.succeeded", "payment.authorized", "payment.created"]
    # Refunds through either obey one rule.
    part = await anyones.v1.post("/refunds", {"payment": waiting["id"], "amount": 200})
    assert part.status_code == 200, part.text
    assert code(await anyones.refund(reference, "0.34")) == "BTRA_0030"
    assert done(await anyones.refund(reference, "0.33"))["originalTransaction"]["totalRefundedAmount"] == 2.33


async def test_no_card_pays_what_is_asked_for_on_the_phone(seller: Business) -> None:
    ticket = await seller.open()
    (waiting,) = await seller.v1.listed("/payments")
    intent = waiting["payment_intent"]
    for path, body in (
        (f"/payment_intents/{intent}/confirm", {"payment_method": "pm_card_visa"}),
        (f"/payment_intents/{intent}", {"payment_method": "pm_card_visa"}),
        (f"/payments/{waiting['id']}/capture", {}),
        ("/sandbox/disputes", {"payment": waiting["id"]}),
    ):
        answer = await seller.v1.post(path, body)
        assert answer.status_code in (400, 404, 409), answer.text
    await seller.decline(ticket)
    again = await seller.v1.post(f"/payment_intents/{intent}/confirm", {"payment_method": "pm_card_visa"})
    assert again.status_code == 400, again.text


async def test_the_other_api_captures_and_cancels_it_too(anyones: Business) -> None:
    taken, given_up = await anyones.open(), await anyones.open()
    for ticket in (taken, given_up):
        await anyones.confirm(ticket)
    newest, oldest = await anyones.v1.listed("/payments")
    assert (await anyones.v1.post(f"/payments/{oldest['id']}/capture", {})).status_code == 200
    assert (await anyones.v1.post(f"/payments/{newest['id']}/cancel", {})).status_code == 200
    assert done(await anyones.authorize(taken))["dailyTransactionId"] == "0001"
    assert (await anyones.find(given_up))["ecommerceStatus"] == "CANCEL"


@pytest.mark.parametrize("after", ["open", "confirm"])
async def test_a_ticket_given_up_holds_nothing(anyones: Business, after: str) -> None:
    ticket = await anyones.open()
    before = anyones.balance(ticket)
    if after == "confirm":
        await anyones.confirm(ticket)
    assert done(await anyones.cancel(ticket)) == "Payment Cancelled."
    assert (await anyones.find(ticket))["ecommerceStatus"] == "CANCEL"
    assert anyones.balance(ticket) == before
    assert code(await anyones.cancel(ticket)) == "BTRA_0035"
    assert code(await anyones.authorize(ticket)) == "BTRA_0035"
    assert code(await anyones.move(ticket, "7875550000")) == "BTRA_0035"


async def test_what_a_customer_declines_is_canceled(anyones: Business) -> None:
    ticket = await anyones.open()
    await anyones.decline(ticket)
    assert (await anyones.find(ticket))["ecommerceStatus"] == "CANCEL"
    (shown,) = await anyones.v1.listed("/payments")
    assert (shown["status"], shown["failure_code"]) == ("canceled", "wallet_declined")


async def test_a_short_balance_cannot_confirm_until_it_is_topped_up(seller: Business) -> None:
    ticket = await seller.open(total="1500.00")
    assert (await seller.confirm(ticket)).value == "balance_short"
    assert (await seller.find(ticket))["ecommerceStatus"] == "OPEN"
    seller.parts.phones.top_up(ticket.phone, 500_00)
    await seller.confirm(ticket)
    assert done(await seller.authorize(ticket))["ecommerceStatus"] == "COMPLETED"


async def test_the_request_moves_to_another_phone_until_somebody_confirms(anyones: Business) -> None:
    ticket = await anyones.open(phoneNumber="")
    for phone in ("7875551001", "7875551002"):
        assert done(await anyones.move(ticket, phone)) == "Update Phone Number"
    assert (await anyones.parts.phones.choose("7875551001", _CONFIRM)).value == "nothing_pending"
    assert (await anyones.parts.phones.choose("7875551002", _CONFIRM)).value == "done"
    assert code(await anyones.move(ticket, "7875551003")) == "BTRA_0041"
    assert done(await anyones.authorize(ticket))["ecommerceStatus"] == "COMPLETED"


async def test_however_often_a_ticket_is_authorized_at_once_it_is_paid_once(
    anyones: Business, home: Path, database: str | None
) -> None:
    ticket = await anyones.open()
    before = anyones.balance(ticket)
    await anyones.confirm(ticket)
    answers = await asyncio.gather(*[anyones.authorize(ticket) for _ in range(at_size(100, 1_000))])
    assert len({answer.text for answer in answers}) == 1
    assert done(answers[0])["ecommerceStatus"] == "COMPLETED"
    assert anyones.balance(ticket) == before - 233
    (shown,) = await anyones.v1.listed("/payments")
    assert shown["amount_captured"] == 233
    await books.assert_in_order(anyones, home, database)


async def test_the_numbers_of_a_day_are_gapless_however_many_pay_at_once(anyones: Business) -> None:
    count = at_size(20, 200)
    given_up, *tickets = [await anyones.open() for _ in range(count + 1)]
    for ticket in (given_up, *tickets):
        await anyones.confirm(ticket)
    await anyones.cancel(given_up)
    paid = await asyncio.gather(*[anyones.authorize(ticket) for ticket in tickets])
    numbers = sorted(done(answer)["dailyTransactionId"] for answer in paid)
    assert numbers == [f"{number:04}" for number in range(1, count + 1)]


_CONFIRM: Any = "confirm"


@pytest.mark.parametrize(
    ("phone", "ends_as", "says"),
    [("7870000001", "CONFIRM", None), ("7870000002", "CONFIRM", "BTRA_0004"), ("7870000004", "CANCEL", "BTRA_0035")],
)
async def test_test_numbers_act_by_themselves_after_one_look(
    seller: Business, phone: str, ends_as: str, says: str | None
) -> None:
    ticket = await seller.open(phoneNumber=phone)
    assert [(await seller.find(ticket))["ecommerceStatus"] for _ in range(2)] == ["OPEN", ends_as]
    answer = await seller.authorize(ticket)
    assert (code(answer) if says else done(answer)["ecommerceStatus"]) == (says or "COMPLETED")


async def test_a_blocked_customer_is_told_of_at_once(seller: Business) -> None:
    ticket = await seller.open()
    assert code(await seller.move(ticket, "7870000003")) == "BTRA_0002"
    assert (await seller.find(ticket))["ecommerceStatus"] == "OPEN"


async def test_two_refunds_in_part_and_no_more_than_there_is(anyones: Business) -> None:
    paid = await anyones.pay(total="10.00")
    reference = paid["referenceNumber"]
    first = done(await anyones.refund(reference, "4.00", message="Melted"))
    again = done(await anyones.refund(reference, 4))
    assert first["refund"]["refundedAmount"] == again["refund"]["refundedAmount"] == 4
    assert first["refund"]["referenceNumber"] != again["refund"]["referenceNumber"]
    assert again["originalTransaction"]["totalRefundedAmount"] == 8
    assert code(await anyones.refund(reference, "2.01")) == "BTRA_0030"
    assert done(await anyones.refund(reference, "2.00"))["originalTransaction"]["totalRefundedAmount"] == 10
    assert code(await anyones.refund(reference, "0.01")) == "BTRA_0030"
    assert [first["refund"]["dailyTransactionID"], again["refund"]["dailyTransactionID"]] == ["0002", "0003"]


async def test_equal_refunds_at_once_are_one(anyones: Business) -> None:
    paid = await anyones.pay(total="10.00")
    answers = await asyncio.gather(*[anyones.refund(paid["referenceNumber"], "1.00") for _ in range(5)])
    assert len({done(answer)["refund"]["referenceNumber"] for answer in answers}) == 1


async def test_refunds_raced_through_both_surfaces_give_back_no_more_than_was_paid(
    anyones: Business, home: Path, database: str | None
) -> None:
    reference = (await anyones.pay(total="10.00"))["referenceNumber"]
    (shown,) = await anyones.v1.listed("/payments")
    here = [anyones.refund(reference, "3.00", message=f"No. {number}") for number in range(at_size(5, 40))]
    there = [anyones.v1.post("/refunds", {"payment": shown["id"], "amount": 300}) for _ in range(at_size(5, 40))]
    answers = await asyncio.gather(*here, *there)
    assert sum(answer.status_code == 200 for answer in answers) == 3
    assert {code(answer) for answer in answers[: len(here)] if answer.status_code != 200} <= {"BTRA_0030"}
    (shown,) = await anyones.v1.listed("/payments")
    assert shown["amount_refunded"] == 900
    assert done(await anyones.refund(reference, "1.00"))["originalTransaction"]["totalRefundedAmount"] == 10
    await books.assert_in_order(anyones, home, database)


async def test_what_was_paid_is_searched_and_reported(anyones: Business) -> None:
    paid = [await anyones.pay(metadata1=f"Order {number}") for number in (1, 2)]
    one = await anyones.ask(SEARCH, {**anyones.both, "metadata1": "Order 2", "total": "2.33"})
    assert one.json()["referenceNumber"] == paid[1]["referenceNumber"]
    two = await anyones.ask(SEARCH, {**anyones.both, "metadata2": "Ponce"})
    assert [each["dailyTransactionID"] for each in two.json()] == ["0002", "0001"]
    by_number = await anyones.ask(SEARCH, {**anyones.both, "dailyTransactionID": "0001"})
    assert by_number.json()["referenceNumber"] == paid[0]["referenceNumber"]
    assert (await anyones.ask(SEARCH, {**anyones.both, "phoneNumber": "7875559999"})).json() == []
    asked = {**anyones.both, "fromDate": paid[0]["transactionDate"], "toDate": paid[1]["transactionDate"]}
    for method in ("GET", "POST"):
        found = (await anyones.ask(REPORT, asked, method=method)).json()
        assert [line["transactionType"] for line in found] == ["ECOMMERCE"] * 2
        assert all("totalRefundAmount" in line and "totalRefundedAmount" not in line for line in found)
        assert found[0]["date"] == paid[0]["transactionDate"] + ".0"


async def test_amounts_are_numbers_with_two_decimals_at_most(seller: Business) -> None:
    ticket = await seller.open(total=1.2, tax="0.10", subtotal=None)
    answer = await seller.http.post(
        "/api/business-transaction/ecommerce/business/findPayment",
        json={"publicToken": seller.public, "ecommerceId": ticket.id},
    )
    assert '"total":1.2,' in answer.text
    assert '"tax":0.1,' in answer.text


async def test_a_sandbox_is_paid_by_phone_with_the_tokens_that_it_is_made_with(anyones: Business) -> None:
    made = (await anyones.v1.post("/sandbox/merchants", {"name": "Tests"})).json()
    tenant = await anyones.parts.directory.tenant(made["id"])
    alone = Business(anyones.parts, tenant, made["public_token"], made["private_token"], made["secret_key"])
    paid = await alone.pay()
    assert done(await alone.refund(paid["referenceNumber"], "1.00"))["refund"]["refundedAmount"] == 1
    assert code(await anyones.refund(paid["referenceNumber"], "1.00")) == "BTRA_0043"

    assert (await anyones.v1.delete(f"/sandbox/merchants/{made['id']}")).status_code == 200
    assert code(await alone.ask(f"{BASE}/payment", alone.order())) == "BTRA_0401"
