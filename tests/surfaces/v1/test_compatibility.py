"""What is taken and shown beside the documents, for clients that were made for APIs of this style."""

from typing import Any

import pytest

from tests.surfaces.v1 import shop
from tests.surfaces.v1.shop import CARD, Client

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
