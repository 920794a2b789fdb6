"""Charges: payments once more, found by programs that think in charges."""

from typing import Any

import pytest

from tests.surfaces.v1 import shop
from tests.surfaces.v1.shop import CARD, PAYMENT, Client

pytestmark = pytest.mark.anyio

COUNT = 12


def named(payment: dict[str, Any]) -> str:
    """The name of a payment's charge."""
    return "ch_" + str(payment["id"]).partition("_")[2]


async def charge_of(client: Client, payment: dict[str, Any], query: str = "") -> dict[str, Any]:
    answer = await client.get(f"/charges/{named(payment)}{query}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def declined(client: Client) -> dict[str, Any]:
    """The error of a payment that was declined."""
    answer = await client.post("/payments", {**PAYMENT, "card": {**CARD, "number": "4000000000009995"}})
    assert answer.status_code == 402, answer.text
    return dict(answer.json()["error"])


async def test_a_charge_is_its_payment_once_more(anyones: Client) -> None:
    payment = await anyones.pay(description="Tea", metadata={"order": "7"}, customer={"email": "ann@example.com"})
    charge = await charge_of(anyones, payment)
    for field in ("amount", "amount_refunded", "currency", "description", "metadata", "created", "payment_intent"):
        assert charge[field] == payment[field], field
    assert (charge["object"], charge["payment"], charge["amount_captured"]) == ("charge", payment["id"], 5000)
    assert (charge["status"], charge["paid"], charge["captured"], charge["refunded"]) == (
        "succeeded",
        True,
        True,
        False,
    )
    assert charge["customer"] == payment["customer"]["id"]
    assert charge["payment_method_details"] == payment["payment_method_details"]
    assert charge["outcome"]["type"] == "authorized"


async def test_a_charge_names_what_it_moved(anyones: Client) -> None:
    payment = await anyones.pay()
    moved = (await charge_of(anyones, payment, "?expand[]=balance_transaction"))["balance_transaction"]
    assert (moved["type"], moved["source"], moved["amount"]) == ("charge", payment["id"], 5000)
    assert [moved] == await anyones.listed(f"/balance_transactions?source={named(payment)}")


async def test_what_is_held_is_paid_but_not_captured_and_names_its_first_capture(anyones: Client) -> None:
    payment = await anyones.pay(capture_method="manual")
    charge = await charge_of(anyones, payment)
    assert (charge["paid"], charge["captured"], charge["balance_transaction"]) == (True, False, None)
    first = 0
    for amount in (1000, 500):
        assert (await anyones.post(f"/payments/{payment['id']}/capture", {"amount": amount})).status_code == 200
        charge = await charge_of(anyones, payment)
        first = first or charge["balance_transaction"]
        assert charge["balance_transaction"] == first
    assert (charge["captured"], charge["amount_captured"]) == (True, 1500)


async def test_a_charge_that_was_declined_says_why(anyones: Client) -> None:
    error = await declined(anyones)
    assert error["charge"] == named(error["payment"])
    charge = await charge_of(anyones, error["payment"])
    assert (charge["status"], charge["paid"], charge["failure_code"]) == ("failed", False, "insufficient_funds")
    assert charge["outcome"]["reason"] == "insufficient_funds"


async def test_an_intent_has_a_charge_once_a_bank_was_asked(anyones: Client) -> None:
    intent = (await anyones.post("/payment_intents", {"amount": 2000, "currency": "usd"})).json()
    assert intent["latest_charge"] is None
    name = "ch_" + intent["id"].removeprefix("pi_")
    shop.error(await anyones.get(f"/charges/{name}"), 404, "invalid_request_error", "resource_missing", "id")
    assert await anyones.listed("/charges") == []
    expand = ["latest_charge.balance_transaction", "latest_payment"]
    given = {"payment_method_data": {"type": "card", "card": CARD}, "expand": expand}
    intent = (await anyones.post(f"/payment_intents/{intent['id']}/confirm", given)).json()
    # What the same request wrote down is shown as it is from then on.
    assert intent["latest_charge"] == await charge_of(anyones, intent, "?expand[]=balance_transaction")
    assert intent["latest_payment"] == (await anyones.get(f"/payments/{name.replace('ch_', 'pay_')}")).json()
    assert [one["id"] for one in await anyones.listed("/charges")] == [name]


async def test_charges_are_listed_page_by_page_in_both_directions(anyones: Client) -> None:
    everything = [named(await anyones.pay(customer={"email": f"{number % 2}@example.com"})) for number in range(COUNT)]
    everything.reverse()
    await anyones.post("/refunds", {"charge": everything[3], "amount": 100})
    await anyones.post("/payment_intents", {"amount": 2000, "currency": "usd"})
    shown = await anyones.listed("/charges?limit=100")
    assert [one["id"] for one in shown] == everything
    assert shown == [(await anyones.get(f"/charges/{one}")).json() for one in everything]
    page = (await anyones.get(f"/charges?limit=5&starting_after={everything[2]}")).json()
    assert ([one["id"] for one in page["data"]], page["has_more"]) == (everything[3:8], True)
    page = (await anyones.get(f"/charges?limit=5&ending_before={everything[8]}")).json()
    assert ([one["id"] for one in page["data"]], page["has_more"]) == (everything[3:8], True)
    page = (await anyones.get(f"/charges?limit=5&ending_before={everything[5]}")).json()
    assert ([one["id"] for one in page["data"]], page["has_more"]) == (everything[:5], False)
    customer = shown[0]["customer"]
    assert [one["id"] for one in await anyones.listed(f"/charges?customer={customer}")] == everything[::2]
    intent = shown[4]["payment_intent"]
    assert await anyones.listed(f"/charges?payment_intent={intent}") == [shown[4]]
    assert await anyones.listed("/charges?payment_intent=pi_none") == []
    second = shown[0]["created"]
    assert await anyones.listed(f"/charges?created[gt]={second}&limit=100") == []
    assert await anyones.listed(f"/charges?created[lte]={second}&limit=100") == shown


async def test_what_is_written_down_about_a_charge_is_its_payments(anyones: Client) -> None:
    payment = await anyones.pay(metadata={"order": "7"})
    change = {"description": "Gift", "metadata": {"wrapped": "yes", "order": ""}}
    changed = (await anyones.post(f"/charges/{named(payment)}", change, key="once")).json()
    assert (changed["description"], changed["metadata"]) == ("Gift", {"wrapped": "yes"})
    assert changed == await charge_of(anyones, payment)
    payment = (await anyones.get(f"/payments/{payment['id']}")).json()
    assert (payment["description"], payment["metadata"]) == ("Gift", {"wrapped": "yes"})
    again = await anyones.post(f"/charges/{named(payment)}", change, key="once")
    assert again.headers["idempotent-replayed"] == "true"


async def test_refunds_and_disputes_know_their_charge_and_are_found_by_it(anyones: Client) -> None:
    payment, other = await anyones.pay(), await anyones.pay()
    charge, intent = named(payment), payment["payment_intent"]
    refund = (await anyones.post("/refunds", {"charge": charge, "amount": 100, "expand": ["charge"]})).json()
    assert refund["charge"] == await charge_of(anyones, payment)
    dispute = (await anyones.post("/sandbox/disputes", {"payment": payment["id"], "amount": 200})).json()
    assert dispute["charge"] == charge
    await anyones.post("/refunds", {"payment": other["id"], "amount": 100})
    for path, one in (("/refunds", refund), ("/disputes", dispute)):
        for query in (f"payment={payment['id']}", f"charge={charge}", f"payment_intent={intent}"):
            assert [each["id"] for each in await anyones.listed(f"{path}?{query}")] == [one["id"]]
        for query in (f"charge={payment['id']}", f"payment_intent={charge}", "charge=ch_none"):
            assert await anyones.listed(f"{path}?{query}") == []
        twice = await anyones.get(f"{path}?charge={charge}&payment={payment['id']}")
        shop.error(twice, 400, "invalid_request_error", "parameter_invalid", "charge")
    charged = await charge_of(anyones, payment, "?expand[]=dispute")
    assert (charged["disputed"], charged["amount_refunded"], charged["dispute"]["id"]) == (True, 100, dispute["id"])
    events = await anyones.listed(f"/events?object={charge}")
    assert events == await anyones.listed(f"/events?object={payment['id']}") != []


@pytest.mark.parametrize("name", ["ch_none", "ch_", "pay_none", "ch_01m7zat6k9fyjtqxrt7pv10dm2"])
async def test_what_is_no_charge_is_not_found(demo: Client, name: str) -> None:
    shop.error(await demo.get(f"/charges/{name}"), 404, "invalid_request_error", "resource_missing", "id")
    shop.error(await demo.post(f"/charges/{name}", {}), 404, "invalid_request_error", "resource_missing", "id")
    refund = await demo.post("/refunds", {"charge": name})
    shop.error(refund, 404, "invalid_request_error", "resource_missing", "charge")


async def test_a_payment_by_its_own_id_is_no_charge(merchant: Client) -> None:
    payment = await merchant.pay()
    answer = await merchant.get(f"/charges/{payment['id']}")
    shop.error(answer, 404, "invalid_request_error", "resource_missing", "id")
    refund = await merchant.post("/refunds", {"charge": payment["id"]})
    shop.error(refund, 404, "invalid_request_error", "resource_missing", "charge")


async def test_every_answer_says_by_both_names_which_request_it_was(demo: Client) -> None:
    for path in ("/charges", "/charges/ch_none"):
        headers = (await demo.get(path)).headers
        assert headers["request-id"] == headers["x-request-id"]
