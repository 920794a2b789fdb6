"""A card number is taken where a card belongs, and refused in every text that would be stored, shown or sent on."""

from typing import Any

import pytest

from tests.surfaces.v1 import shop
from tests.surfaces.v1.parameters import BODIES, changed, each_post, fields, post
from tests.surfaces.v1.shop import PAYMENT, Client
from tillgate.surfaces.v1.operations import Operation

pytestmark = pytest.mark.anyio

NUMBERS = ["4242424242424242", "4242 4242 4242 4242", "order 5555-5555-5555-4444, thanks", "378282246310005/12"]


@each_post
@pytest.mark.parametrize("number", NUMBERS)
async def test_no_text_holds_a_card_number(demo: Client, operation: Operation, number: str) -> None:
    body = BODIES[operation.path]
    for field in fields(body):
        name = field.rpartition(".")[2]
        if f"{operation.path} {field}" == "/sandbox/disputes reason":
            # One of a few words, and no text.
            continue
        if name in ("description", "reason", "name", "phone", "return_url", "email", "uncategorized_text"):
            answer = await post(demo, operation, changed(body, field, number))
            said = shop.error(answer, 400, "invalid_request_error", "parameter_invalid", field)
            assert said["message"] == f"Invalid value for {field}: it must not hold a card number."


@pytest.mark.parametrize(
    ("metadata", "param"),
    [
        ({"order": "4242424242424242"}, "metadata.order"),
        ({"4242424242424242": "x"}, "metadata"),
        ({"card 4242 4242 4242 4242": "x"}, "metadata"),
    ],
)
async def test_metadata_holds_none_in_names_and_values(demo: Client, metadata: dict[str, Any], param: str) -> None:
    answer = await demo.post("/payments", {**PAYMENT, "metadata": metadata})
    shop.error(answer, 400, "invalid_request_error", "parameter_invalid", param)
    assert "4242" not in answer.text


async def test_a_tracking_number_may_pass_for_one(merchant: Client) -> None:
    paid = await merchant.pay()
    dispute = (await merchant.post("/sandbox/disputes", {"payment": paid["id"]})).json()
    evidence = {"shipping_tracking_number": "4242424242424242"}
    body = {"evidence": evidence, "submit": False}
    answer = await merchant.post(f"/disputes/{dispute['id']}", body)
    assert (answer.status_code, answer.json()["evidence"]["shipping_tracking_number"]) == (200, "4242424242424242")
    body["evidence"] = {"shipping_carrier": "4242424242424242"}
    refused = await merchant.post(f"/disputes/{dispute['id']}", body)
    shop.error(refused, 400, "invalid_request_error", "parameter_invalid", "evidence.shipping_carrier")


async def test_what_only_resembles_one_is_taken(merchant: Client) -> None:
    texts = [
        "Order 4242424242424241",
        "+49 151 2345 6787",
        "4006381333931",
        "1699564800000",
        "DE89 3704 0044 0532 0130 00",
    ]
    for text in texts:
        assert (await merchant.pay(description=text, metadata={"order": text}))["description"] == text
