"""Every example of both documents that is about payments, refunds, keys, cards and errors."""

from typing import Any

import pytest

from tests.surfaces.v1 import shop
from tests.surfaces.v1.shop import Client
from tillgate.assembly import Assembly

pytestmark = pytest.mark.anyio

# payment_gateway.txt, Create Payment, Request Body.
CREATE_PAYMENT = b"""{
"amount": 5000,
"currency": "USD",
"payment_method": "card",
"customer": {
"email": "customer@example.com",
"name": "John Doe"
},
"card": {
"number": "4242424242424242",
"exp_month": 12,
"exp_year": 2025,
"cvc": "123"
},
"description": "Order #12345"
}"""

# payment_gateway.txt, Create Payment, Response.
CREATED: dict[str, Any] = {
    "id": "pay_1234567890",
    "status": "succeeded",
    "amount": 5000,
    "currency": "USD",
    "created": 1699564800,
    "customer": {"id": "cus_abc123", "email": "customer@example.com"},
}

# payment_gateway.txt, Refund Payment, Request Body.
REFUND_PAYMENT = b"""{
"amount": 2500,
"reason": "customer_request"
}"""

# payment_gateway.txt, Error Response Format.
TOO_SMALL = {
    "error": {
        "type": "invalid_request_error",
        "code": "amount_too_small",
        "message": "Amount must be at least $0.50 USD",
        "param": "amount",
    }
}

# payment_gateway.txt, SDK Libraries, Node.js Example: what `payments.create` sends.
SDK_PAYMENT = b"""{
"amount": 5000,
"currency": "USD",
"payment_method": "card",
"customer": {
"email": "customer@example.com"
}
}"""

# ateni_pay.txt, Create a Payment, Example Response.
ATENI_PAYMENT: dict[str, Any] = {
    "id": "pay_123456789",
    "object": "payment",
    "amount": 2000,
    "currency": "usd",
    "status": "succeeded",
    "customer": "cus_123456789",
    "created": 1616547890,
}

KEYS = ["sk_test_1234567890abcdef", "YOUR_API_KEY"]


def assert_like(shown: Any, example: Any) -> None:
    """The same members with values of the same form: ids by their prefix, times by their type, all else exactly."""
    for name, expected in example.items():
        value = shown[name]
        if isinstance(expected, dict):
            assert_like(value, expected)
        elif name == "created":
            assert type(value) is int
            assert value > 1_600_000_000
        elif isinstance(expected, str) and "_" in expected:
            assert value.partition("_")[0] == expected.partition("_")[0]
        else:
            assert value == expected


@pytest.mark.parametrize("key", KEYS)
async def test_the_gateway_documents_payment_is_answered_as_it_says(either: Assembly, key: str) -> None:
    answer = await Client(either, key).ask("POST", "/v1/payments", CREATE_PAYMENT, {"content-type": "application/json"})
    assert answer.status_code == 200
    assert_like(answer.json(), CREATED)
    assert answer.json()["customer"].keys() == {"id", "email"}
    assert answer.json()["description"] == "Order #12345"


async def test_the_gateway_documents_refund_gives_back_a_part(either: Assembly) -> None:
    gateway = Client(either, "YOUR_API_KEY")
    paid = (await gateway.ask("POST", "/v1/payments", CREATE_PAYMENT)).json()
    answer = await gateway.ask("POST", f"/v1/payments/{paid['id']}/refund", REFUND_PAYMENT)
    assert answer.status_code == 200
    assert_like(
        answer.json(),
        {
            "id": "re_1",
            "object": "refund",
            "amount": 2500,
            "currency": "USD",
            "payment": "pay_1",
            "payment_intent": "pi_1",
            "reason": "customer_request",
            "status": "succeeded",
            "created": 0,
        },
    )
    assert answer.json()["reason"] == "customer_request"
    assert answer.json()["payment"] == paid["id"]


async def test_the_gateway_documents_error_is_answered_to_the_word(either: Assembly) -> None:
    body = {"amount": 49, "currency": "USD", "payment_method": "card"}
    answer = await Client(either, "YOUR_API_KEY").post("/payments", body)
    assert answer.status_code == 400
    shop.any_error(answer)
    said = answer.json()["error"]
    assert {"error": {name: said[name] for name in TOO_SMALL["error"]}} == TOO_SMALL


async def test_the_gateway_documents_sdk_example_needs_no_card_in_test_mode(either: Assembly) -> None:
    answer = await Client(either, "YOUR_API_KEY").ask("POST", "/v1/payments", SDK_PAYMENT)
    assert answer.status_code == 200
    assert_like(answer.json(), CREATED)
    assert answer.json()["card"]["last4"] == "4242"


async def test_the_gateway_documents_get_with_a_content_type_and_no_body_is_no_parse_error(either: Assembly) -> None:
    headers = {"content-type": "application/json"}
    answer = await Client(either, "YOUR_API_KEY").ask("GET", "/v1/payments", None, headers)
    assert answer.status_code == 200


async def test_atenis_payment_is_answered_as_it_says(either: Assembly) -> None:
    ateni = Client(either, "sk_test_1234567890abcdef")
    # Its payment method and customer are ids of what was made before.
    introduced = await ateni.pay(customer={"email": "customer@example.com"})
    token = (await ateni.post("/tokens", {"card": shop.CARD})).json()
    answer = await ateni.post(
        "/payments",
        {
            "amount": 2000,
            "currency": "usd",
            "payment_method": token["id"],
            "customer": introduced["customer"]["id"],
        },
    )
    assert answer.status_code == 200
    assert_like(answer.json(), ATENI_PAYMENT)
    assert answer.json()["customer"] == introduced["customer"]["id"]


async def test_atenis_refund_takes_its_three_parameters(either: Assembly) -> None:
    ateni = Client(either, "sk_test_1234567890abcdef")
    paid = await ateni.pay(amount=2000)
    part = (await ateni.post("/refunds", {"payment": paid["id"], "amount": 500, "reason": "Came broken"})).json()
    assert (part["amount"], part["currency"], part["reason"]) == (500, "usd", "Came broken")
    rest = (await ateni.post("/refunds", {"payment": paid["id"]})).json()
    assert (rest["amount"], rest["reason"], rest["status"]) == (1500, None, "succeeded")


@pytest.mark.parametrize(
    ("number", "result"),
    [
        ("4242424242424242", None),
        ("4000000000000002", "card_declined"),
        ("4000000000009995", "insufficient_funds"),
        ("4000000000000069", "expired_card"),
    ],
)
async def test_the_gateway_documents_test_cards_do_what_it_says(
    either: Assembly, number: str, result: str | None
) -> None:
    card = {"number": number, "exp_month": 12, "exp_year": 2025, "cvc": "123"}
    answer = await Client(either, "YOUR_API_KEY").post("/payments", {**shop.PAYMENT, "card": card})
    if result is None:
        assert answer.json()["status"] == "succeeded"
    else:
        assert shop.error(answer, 402, "card_error", result)["payment"]["status"] == "failed"
