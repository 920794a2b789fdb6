"""Payments that wait for their payer: opened once, paid once however often it is tried, given up, paid back."""

import asyncio

import pytest

from tests.surfaces.checkout.store import CHALLENGED, DECLINED, Store, done, errors, message
from tests.surfaces.v1 import shop
from tests.surfaces.v1.test_payment_intents import browser
from tests.waiting import eventually

pytestmark = pytest.mark.anyio


async def test_a_payment_is_opened_paid_by_card_and_confirmed_at_once_where_nobody_listens(anyones: Store) -> None:
    opened = await anyones.open(reference="A-1")
    found = await anyones.find(opened["id"])
    assert found == {
        "id": opened["id"],
        "userId": anyones.tenant.id,
        "status": "OPEN",
        "reference": "A-1",
        "referenceLabel": "Order #123",
        "currencyCode": "USD",
        "settlementCurrencyCode": "USD",
        "amount": {"value": 100.0, "amount": 10_000, "formatted": "$100.00"},
        "receivedAmount": {"value": 0.0, "amount": 0, "formatted": "$0.00"},
        "settledAmount": {"value": 0.0, "amount": 0, "formatted": "$0.00"},
        "confirmedAt": None,
        "foundAt": None,
        "date": found["date"],
    }
    assert b'"value":100.00,' in (await anyones.ask("GET", f"/api/payment/{opened['id']}")).content
    await anyones.pay(opened["id"])
    paid = await anyones.find(opened["id"])
    assert (paid["status"], paid["receivedAmount"]["amount"]) == ("CONFIRMED", 10_000)
    assert paid["settledAmount"]["formatted"] == "$100.00"
    assert paid["confirmedAt"] == paid["foundAt"] >= paid["date"]
    (shown,) = await anyones.v1.listed("/payments")
    assert (shown["id"], shown["status"], shown["amount"]) == (opened["id"], "succeeded", 10_000)
    (line,) = await anyones.v1.listed("/transactions")
    assert line["amount"] == 10_000


async def test_what_was_declined_is_tried_again_and_pressing_twice_charges_once(anyones: Store) -> None:
    id = (await anyones.open())["id"]
    declined = await anyones.pay(id, DECLINED)
    assert declined.failure is not None
    assert await anyones.status(id) == "OPEN"
    twice = await asyncio.gather(*[anyones.pay(id, tried=1) for _ in range(5)])
    assert {one.captured for one in twice} == {10_000}
    record = await anyones.record(id)
    assert (record.attempts_made, record.captured, record.surplus) == (2, 10_000, ())
    assert (await anyones.pay(id, tried=1)).captured == 10_000


async def test_a_challenge_that_is_open_gives_way_to_another_card(anyones: Store) -> None:
    id = (await anyones.open())["id"]
    challenged = await anyones.pay(id, CHALLENGED)
    assert challenged.action is not None
    assert await anyones.status(id) == "OPEN"
    assert (await anyones.pay(id, CHALLENGED, tried=0)).action == challenged.action
    assert (await anyones.pay(id)).captured == 10_000
    assert await anyones.status(id) == "CONFIRMED"


async def test_a_payer_confirms_on_the_phone_and_the_money_is_taken_by_itself(anyones: Store) -> None:
    id, phone = (await anyones.open())["id"], "7875550101"
    rung = await anyones.ring(id, phone)
    assert (rung["provider"], rung["method"], rung["status"]) == ("ath", "phone", "OPEN")
    assert {"label": "Phone number", "value": "(787) 555-0101", "copyable": False} in rung["fields"]
    assert (await anyones.ring(id, phone))["expiresAt"] == rung["expiresAt"]
    await anyones.confirm(phone)

    async def is_taken() -> bool:
        return await anyones.status(id) == "CONFIRMED"

    await eventually(is_taken)
    (shown,) = await anyones.v1.listed("/payments")
    assert (shown["id"], shown["status"]) == (id, "succeeded")


async def test_who_declines_on_the_phone_pays_by_card(anyones: Store) -> None:
    id, phone = (await anyones.open())["id"], "7875550102"
    await anyones.ring(id, phone)
    await anyones.decline(phone)

    async def is_declined() -> bool:
        return (await anyones.record(id)).failure is not None

    await eventually(is_declined)
    assert await anyones.status(id) == "OPEN"
    assert (await anyones.pay(id)).captured == 10_000
    assert await anyones.status(id) == "CONFIRMED"


async def test_a_phone_that_still_rings_takes_nothing_once_a_card_has_paid(anyones: Store) -> None:
    id, phone = (await anyones.open())["id"], "7875550103"
    before = anyones.parts.phones.wallet(phone).balance
    await anyones.ring(id, phone)
    assert (await anyones.pay(id)).captured == 10_000
    await anyones.confirm(phone)

    async def is_given_back() -> bool:
        record = await anyones.record(id)
        return not record.surplus and not record.in_flight

    await eventually(is_given_back)
    assert anyones.parts.phones.wallet(phone).balance == before
    assert (await anyones.record(id)).captured == 10_000


async def test_asked_for_again_it_is_the_same_until_it_is_over(anyones: Store) -> None:
    order = anyones.order(reference="A-2")
    answers = await asyncio.gather(*[anyones.ask("POST", "/api/payment/checkout", order) for _ in range(8)])
    (only,) = {done(answer)["id"] for answer in answers}
    assert done(answers[0]) == done(answers[1])
    other = await anyones.ask("POST", "/api/payment/checkout", {**order, "amount": 9_999})
    assert list(errors(other)) == ["reference"]
    await anyones.pay(only)
    assert (await anyones.open(reference="A-2"))["id"] != only


async def test_what_is_given_up_is_not_paid_and_what_is_paid_is_not_given_up(anyones: Store) -> None:
    open, held, paid = [(await anyones.open())["id"] for _ in range(3)]
    await anyones.pay(held, CHALLENGED)
    await anyones.pay(paid)
    for id in (open, held):
        assert done(await anyones.ask("POST", f"/api/payment/{id}/cancel"))["status"] == "CANCELLED"
        assert done(await anyones.ask("POST", f"/api/payment/{id}/cancel", {}))["status"] == "CANCELLED"
        with pytest.raises(Exception, match="checkout_over"):
            await anyones.pay(id)
    assert errors(await anyones.ask("POST", f"/api/payment/{paid}/cancel"))["payment"] == ["The payment is confirmed."]


async def test_what_is_paid_back_in_full_is_refunded_and_in_part_is_not(anyones: Store) -> None:
    id = (await anyones.open())["id"]
    refund = f"/api/payment/{id}/refund"
    assert "payment" in errors(await anyones.ask("POST", refund))
    await anyones.pay(id)
    assert done(await anyones.ask("POST", refund, {"amount": 4_000}))["status"] == "CONFIRMED"
    assert "amount" in errors(await anyones.ask("POST", refund, {"amount": 6_001}))
    key = {"idempotency-key": "once"}
    for _ in range(2):
        assert done(await anyones.ask("POST", refund, {"amount": 1_000}, **key))["status"] == "CONFIRMED"
    (again,) = errors(await anyones.ask("POST", refund, {"amount": 2_000}, **key)).values()
    assert again == ["The Idempotency-Key header was sent with another request before."]
    assert (await anyones.v1.post("/refunds", {"payment": id, "amount": 4_000})).status_code == 200
    assert done(await anyones.ask("POST", refund))["status"] == "REFUND"
    assert (await anyones.record(id)).refunded == 10_000
    assert "payment" in errors(await anyones.ask("POST", refund))


async def test_another_merchants_payment_is_not_there(anyones: Store) -> None:
    theirs = await anyones.v1.pay()
    for method, path in (("GET", ""), ("POST", "/cancel"), ("POST", "/refund"), ("GET", "/provider/card/method/card")):
        for id in (theirs["id"], "pay_nobody", "x" * 300):
            answer = await anyones.ask(method, f"/api/payment/{id}{path}")
            assert message(answer, 404) == "Not found"


async def test_a_checkout_is_a_session_under_v1_which_no_browser_is_told_of(anyones: Store) -> None:
    checkout = await anyones.open(reference="ORDER-1")
    [session] = await anyones.v1.listed("/checkout/sessions")
    assert (session["id"], session["client_reference_id"]) == (checkout["id"].replace("pay_", "cs_"), "ORDER-1")
    assert session["url"] == checkout["checkoutUrl"]
    answer = await (await browser(anyones.v1)).get(f"/checkout/sessions/{session['id']}")
    shop.error(answer, 404, "invalid_request_error", "resource_missing", "id")


async def test_a_session_is_a_payment_of_no_application(anyones: Store) -> None:
    session = (await anyones.v1.post("/checkout/sessions", {"amount": 2000, "currency": "usd"})).json()
    id = session["id"].replace("cs_", "pay_")
    [listed] = done(await anyones.manage("GET", "/api/payments"))
    assert (listed["id"], listed["reference"]) == (id, session["id"])
    assert message(await anyones.ask("GET", f"/api/payment/{id}"), 404) == "Not found"
    await anyones.pay(id)
    assert await anyones.status_of(id) == "CONFIRMED"
