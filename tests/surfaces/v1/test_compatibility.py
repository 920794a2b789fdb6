"""What is taken and shown beside the documents, for clients that were made for APIs of this style."""

from typing import Any

import pytest

from tests.surfaces.v1 import shop
from tests.surfaces.v1.shop import CARD, Client
from tillgate.assembly import Assembly
from tillgate.core.merchants import Mode

pytestmark = pytest.mark.anyio

METHOD: dict[str, Any] = {"type": "card", "card": CARD}


@pytest.mark.parametrize("redirects", ["always", "never"])
async def test_what_may_pay_can_be_left_to_the_gateway(merchant: Client, redirects: str) -> None:
    automatic = {"enabled": True, "allow_redirects": redirects}
    body = {"amount": 2000, "currency": "usd", "automatic_payment_methods": automatic}
    intent = (await merchant.post("/payment_intents", body)).json()
    assert (intent["automatic_payment_methods"], intent["payment_method_types"]) == (automatic, ["card"])
    body["automatic_payment_methods"] = {"enabled": False}
    assert (await merchant.post("/payment_intents", body)).json()["automatic_payment_methods"] is None


async def test_the_default_payment_method_may_stand_among_the_invoice_settings(merchant: Client) -> None:
    customer = (await merchant.post("/customers", {"email": "ann@example.com"})).json()
    assert customer["invoice_settings"] == {"default_payment_method": None}
    method = (await merchant.post("/payment_methods", METHOD)).json()["id"]
    await merchant.post(f"/payment_methods/{method}/attach", {"customer": customer["id"]})
    path = f"/customers/{customer['id']}"
    settings: dict[str, Any] = {"default_payment_method": method}
    changed = (await merchant.post(path, {"invoice_settings": settings})).json()
    assert (changed["default_payment_method"], changed["invoice_settings"]) == (method, settings)
    # Nothing is said of it, and nothing changes.
    assert (await merchant.post(path, {"invoice_settings": {}})).json() == changed
    twice = await merchant.post(path, {"invoice_settings": settings, "default_payment_method": method})
    shop.error(twice, 400, "invalid_request_error", "parameter_invalid", "invoice_settings")
    expanded = (await merchant.get(f"{path}?expand[]=invoice_settings.default_payment_method")).json()
    assert expanded["invoice_settings"]["default_payment_method"]["id"] == method
    settings = {"default_payment_method": None}
    assert (await merchant.post(path, {"invoice_settings": settings})).json()["default_payment_method"] is None


RESULTS = {
    "pm_card_visa": 200,
    "pm_card_amex": 200,
    "tok_mastercard": 200,
    "pm_card_chargeDeclined": "card_declined",
    "pm_card_visa_chargeDeclined": "card_declined",
    "tok_chargeDeclinedInsufficientFunds": "insufficient_funds",
}


@pytest.mark.parametrize("name", RESULTS)
async def test_a_card_of_the_sandbox_can_be_asked_for_by_name(merchant: Client, name: str) -> None:
    intent = {"amount": 2000, "currency": "usd", "payment_method": name, "confirm": True}
    payment = {"amount": 2000, "currency": "usd", "payment_method": name}
    for path, body in (("/payment_intents", intent), ("/payments", payment)):
        answer = await merchant.post(path, body)
        if RESULTS[name] == 200:
            assert (answer.status_code, answer.json()["status"]) == (200, "succeeded"), answer.text
        else:
            assert (answer.status_code, answer.json()["error"]["code"]) == (402, RESULTS[name]), answer.text


async def test_a_named_card_is_a_new_one_each_time_and_can_be_kept(merchant: Client) -> None:
    customer = (await merchant.post("/customers", {"email": "ann@example.com"})).json()["id"]
    kept = [(await merchant.post("/payment_methods/pm_card_visa/attach", {"customer": customer})).json() for _ in "12"]
    assert [one["card"]["last4"] for one in kept] == ["4242", "4242"]
    assert len({one["id"] for one in kept}) == 2
    made = await merchant.post("/payment_methods", {"type": "card", "card": {"token": "tok_visa"}})
    assert made.json()["card"]["last4"] == "4242"


async def test_live_money_knows_no_named_cards(app: Assembly) -> None:
    live = await shop.merchant(app, mode=Mode.LIVE)
    body = {"amount": 2000, "currency": "usd", "payment_method": "pm_card_visa", "confirm": True}
    for asked in (
        live.post("/payment_intents", body),
        live.post("/payment_methods/pm_card_visa/attach", {"customer": "x"}),
    ):
        assert (await asked).status_code in (403, 404)
    token = await live.post("/payment_methods", {"type": "card", "card": {"token": "tok_visa"}})
    assert token.status_code in (403, 404)


@pytest.mark.parametrize("header", ["Stripe-Account", "Stripe-Context"])
async def test_to_ask_for_another_merchant_is_refused_before_anything_happens(merchant: Client, header: str) -> None:
    for method, body in (("GET", None), ("POST", b'{"amount": 2000, "currency": "usd"}')):
        headers = {"content-type": "application/json", header: "acct_1"}
        answer = await merchant.ask(method, "/v1/payment_intents", body, headers)
        said = shop.error(answer, 403, "permission_error", "account_invalid")
        assert header in said["message"]
    assert await merchant.listed("/payment_intents") == []


async def test_a_merchant_may_name_itself(demo: Client) -> None:
    answer = await demo.ask("GET", "/v1/balance", headers={"Stripe-Account": "ten_demoshop"})
    said = answer.json()
    assert answer.status_code == 200, said


async def test_an_event_says_in_which_form_it_is_written(merchant: Client) -> None:
    await merchant.post("/customers", {"email": "ann@example.com"})
    (event,) = await merchant.listed("/events")
    endpoint = (await merchant.post("/webhook_endpoints", {"url": "https://shop.example.com/hook"})).json()
    assert event["api_version"] == endpoint["api_version"]
