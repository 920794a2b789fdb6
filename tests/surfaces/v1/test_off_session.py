"""Charges while the customer is not there: by cards that they agreed to have kept, and by others."""

from typing import Any

import pytest

from tests.store.places import rows
from tests.surfaces.v1 import shop
from tests.surfaces.v1.shop import CARD, Client
from tests.surfaces.v1.test_payment_intents import CHALLENGED, INTENT, browser, told, with_card
from tests.surfaces.v1.test_setup_intents import customer, decided
from tests.waiting import eventually

pytestmark = pytest.mark.anyio

REQUIRED = (402, "card_error", "authentication_required")


async def kept_by_payment(client: Client, usage: str, card: dict[str, Any] = CHALLENGED) -> dict[str, Any]:
    """A customer whose card has paid and is kept, as it is charged then."""
    owner = await customer(client)
    body = {**INTENT, "customer": owner, "setup_future_usage": usage, "confirm": True, **with_card(card)}
    paid = (await client.post("/payment_intents", body)).json()
    if paid["status"] == "requires_action":
        await decided(client, paid)
        # What the bank has told by itself is kept by a timer of the worker.
        await eventually(lambda: is_kept(client, paid), "the card is kept")
    return {**INTENT, "customer": owner, "payment_method": paid["payment_method"], "confirm": True}


async def is_kept(client: Client, intent: dict[str, Any]) -> bool:
    """Whether the worker has kept the card of an intent."""
    payment = f"pay_{intent['id'].removeprefix('pi_')}"
    query = f"select subject from timers where kind = 'keep_method' and subject = '{payment}'"
    return not await rows(client.parts.gateway.store, query)


async def kept_by_setup(client: Client, usage: str) -> dict[str, Any]:
    owner = await customer(client)
    body = {"customer": owner, "usage": usage, "confirm": True, **with_card(CHALLENGED)}
    setup = (await client.post("/setup_intents", body)).json()
    await decided(client, setup)
    made = (await client.get(f"/setup_intents/{setup['id']}")).json()
    return {**INTENT, "customer": owner, "payment_method": made["payment_method"], "confirm": True}


async def test_who_agreed_to_it_is_charged_without_being_asked_and_asked_when_they_are_there(anyones: Client) -> None:
    charge = await kept_by_setup(anyones, "off_session")
    for _ in range(2):
        paid = await anyones.post("/payment_intents", {**charge, "off_session": True})
        assert (paid.status_code, paid.json()["status"]) == (200, "succeeded")
    assert (await anyones.post("/payment_intents", charge)).json()["status"] == "requires_action"


async def test_who_agreed_only_to_be_asked_is_asked_back(anyones: Client) -> None:
    charge = await kept_by_setup(anyones, "on_session")
    refused = await anyones.post("/payment_intents", {**charge, "off_session": True})
    intent = shop.error(refused, *REQUIRED)["payment_intent"]
    assert (intent["status"], intent["next_action"]) == ("requires_payment_method", None)
    assert intent["last_payment_error"]["code"] == intent["last_payment_error"]["decline_code"]
    assert (await told(anyones, intent))[-2:] == ["payment.failed", "payment_intent.payment_failed"]
    # The customer is there now, and that the last confirmation was without them is over.
    again = {"payment_method": charge["payment_method"]}
    asked = (await anyones.post(f"/payment_intents/{intent['id']}/confirm", again)).json()
    assert asked["status"] == "requires_action"
    await decided(anyones, asked)
    assert (await anyones.get(f"/payment_intents/{intent['id']}")).json()["status"] == "succeeded"


async def test_a_payment_that_keeps_its_card_is_an_agreement_too(anyones: Client) -> None:
    charge = await kept_by_payment(anyones, "off_session", CARD)
    assert (await anyones.post("/payment_intents", {**charge, "off_session": True})).json()["status"] == "succeeded"


@pytest.mark.parametrize("usage", ["off_session", "on_session"])
async def test_what_a_challenged_payment_agreed_to_counts_once_its_card_is_kept(anyones: Client, usage: str) -> None:
    charge = await kept_by_payment(anyones, usage)
    answer = await anyones.post("/payment_intents", {**charge, "off_session": True})
    if usage == "off_session":
        assert (answer.status_code, answer.json()["status"]) == (200, "succeeded")
    else:
        shop.error(answer, *REQUIRED)


async def test_a_customer_who_shall_not_have_to_act_is_not_challenged(anyones: Client) -> None:
    body = {**INTENT, "confirm": True, "error_on_requires_action": True}
    assert (await anyones.post("/payment_intents", {**body, **with_card()})).json()["status"] == "succeeded"
    refused = await anyones.post("/payment_intents", {**body, **with_card(CHALLENGED)})
    intent = shop.error(refused, *REQUIRED)["payment_intent"]
    assert intent["status"] == "requires_payment_method"
    path = f"/payment_intents/{intent['id']}/confirm"
    shop.error(await anyones.post(path, with_card(CHALLENGED, error_on_requires_action=True)), *REQUIRED)
    assert (await anyones.post(path, with_card(CHALLENGED))).json()["status"] == "requires_action"


async def test_what_goes_with_a_confirmation_only_is_refused_without(anyones: Client) -> None:
    for name in ("off_session", "error_on_requires_action"):
        answer = await anyones.post("/payment_intents", {**INTENT, name: True})
        shop.error(answer, 400, "invalid_request_error", "parameter_invalid", name)


async def test_a_browser_does_not_say_that_nobody_is_there(anyones: Client) -> None:
    charge = await kept_by_setup(anyones, "off_session")
    body = {**INTENT, "customer": charge["customer"]}
    intent = (await anyones.post("/payment_intents", body)).json()
    given = {"client_secret": intent["client_secret"], "payment_method": charge["payment_method"]}
    page, path = await browser(anyones), f"/payment_intents/{intent['id']}/confirm"
    refused = await page.post(path, {**given, "off_session": True})
    shop.error(refused, 400, "invalid_request_error", "parameter_invalid", "off_session")
    assert (await page.post(path, given)).json()["status"] == "requires_action"
