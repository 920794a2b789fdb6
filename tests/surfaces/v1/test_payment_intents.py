"""Payment intents: payments in steps, by the merchant and by the payer's browser."""

import asyncio
from collections import Counter
from typing import Any

import httpx2
import pytest

from tests.surfaces.v1 import shop
from tests.surfaces.v1.shop import CARD, Client
from tillgate.core import intents
from tillgate.core.credentials import PUBLISHABLE_SCOPES, CredentialKind
from tillgate.flows import directory

pytestmark = pytest.mark.anyio

INTENT: dict[str, Any] = {"amount": 2000, "currency": "usd"}
DECLINED = {**CARD, "number": "4000000000000002"}
CHALLENGED = {**CARD, "number": "4000002500003155"}

AT_ONCE = 8


def with_card(card: dict[str, Any] = CARD, **more: Any) -> dict[str, Any]:
    return {"payment_method_data": {"type": "card", "card": card}, **more}


async def opened(client: Client, **changes: Any) -> dict[str, Any]:
    answer = await client.post("/payment_intents", {**INTENT, **changes})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def confirmed(client: Client, intent: dict[str, Any], **given: Any) -> httpx2.Response:
    return await client.post(f"/payment_intents/{intent['id']}/confirm", given or with_card())


async def read(client: Client, intent: dict[str, Any]) -> dict[str, Any]:
    return dict((await client.get(f"/payment_intents/{intent['id']}")).json())


async def told(client: Client, intent: dict[str, Any]) -> list[str]:
    """The types of an intent's events, oldest first."""
    return [event["type"] for event in reversed(await client.listed(f"/events?object={intent['id']}&limit=100"))]


async def browser(client: Client) -> Client:
    """The same merchant's publishable key, as a page of theirs has it."""
    identity = await directory.Directory(client.parts.gateway, {}).identify(client.key or "", on_this_machine=False)
    tenant = identity[1]
    key = await shop.issue(client.parts, tenant, CredentialKind.PUBLISHABLE_KEY, PUBLISHABLE_SCOPES)
    return Client(client.parts, key)


async def test_the_quick_start_of_the_document_goes_as_it_is_printed(anyones: Client) -> None:
    body = {"amount": 2000, "currency": "usd", "payment_method_types": ["card"], "metadata": {"order_id": "12345"}}
    intent = (await anyones.post("/payment_intents", body)).json()
    assert (intent["status"], intent["amount"], intent["currency"]) == ("requires_payment_method", 2000, "usd")
    assert intent["client_secret"].startswith(f"{intent['id']}_secret_")
    card = {"type": "card", "card": CARD, "billing_details": {"name": "John Doe"}}
    paid = await (await browser(anyones)).post(
        f"/payment_intents/{intent['id']}/confirm",
        {"client_secret": intent["client_secret"], "payment_method_data": card},
    )
    assert (paid.status_code, paid.json()["status"]) == (200, "succeeded")
    found = await read(anyones, intent)
    assert (found["amount_received"], found["metadata"]) == (2000, {"order_id": "12345"})
    method = (await anyones.get(f"/payment_methods/{found['payment_method']}")).json()
    assert method["billing_details"]["name"] == "John Doe"


async def test_an_intent_and_its_payment_are_one_record_under_two_names(anyones: Client) -> None:
    intent = (await confirmed(anyones, await opened(anyones, description="Tea"))).json()
    payment = (await anyones.get(f"/payments/{intent['latest_payment']}")).json()
    assert payment["id"].removeprefix("pay_") == intent["id"].removeprefix("pi_")
    assert (payment["status"], payment["description"], payment["payment_intent"]) == ("succeeded", "Tea", intent["id"])
    refund = (await anyones.post("/refunds", {"payment_intent": intent["id"], "amount": 500})).json()
    assert (refund["payment"], refund["payment_intent"]) == (payment["id"], intent["id"])
    expanded = (await anyones.get(f"/payment_intents/{intent['id']}?expand[]=latest_payment")).json()
    assert expanded["latest_payment"]["amount_refunded"] == 500


async def test_a_payment_made_at_once_reads_as_an_intent(anyones: Client) -> None:
    paid = await anyones.pay()
    assert (await anyones.get(f"/payment_intents/{paid['payment_intent']}")).json()["status"] == "succeeded"


async def test_what_is_created_confirmed_is_paid_at_once(anyones: Client) -> None:
    paid = await opened(anyones, confirm=True, **with_card())
    assert (paid["status"], paid["amount_received"], paid["last_payment_error"]) == ("succeeded", 2000, None)
    assert await told(anyones, paid) == [
        *("payment.created", "payment_intent.created", "payment.succeeded", "payment_intent.succeeded")
    ]


async def test_a_declined_intent_takes_another_card(anyones: Client) -> None:
    intent = await opened(anyones)
    declined = shop.error(await confirmed(anyones, intent, **with_card(DECLINED)), 402, "card_error", "card_declined")
    about = declined["payment_intent"]
    assert (about["id"], about["status"], about["payment_method"]) == (intent["id"], "requires_payment_method", None)
    assert about["last_payment_error"]["code"] == "card_declined"
    missing = await anyones.post(f"/payment_intents/{intent['id']}/confirm", {})
    shop.error(missing, 400, "invalid_request_error", "parameter_missing", "payment_method")
    paid = (await confirmed(anyones, intent)).json()
    assert (paid["status"], paid["amount_received"], paid["last_payment_error"]) == ("succeeded", 2000, None)
    assert await told(anyones, intent) == [
        *("payment.created", "payment_intent.created"),
        *("payment.failed", "payment_intent.payment_failed"),
        *("payment.succeeded", "payment_intent.succeeded"),
    ]
    again = await confirmed(anyones, intent)
    shop.error(again, 400, "invalid_request_error", "payment_intent_unexpected_state", "payment_intent")


async def test_an_intent_is_no_place_to_test_cards(anyones: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intents, "MOST_CARDS", 3)
    intent = await opened(anyones)
    for _ in range(3):
        shop.error(await confirmed(anyones, intent, **with_card(DECLINED)), 402, "card_error", "card_declined")
    refused = await confirmed(anyones, intent)
    shop.error(refused, 400, "invalid_request_error", "payment_methods_exhausted", "payment_method")
    setup = (await anyones.post("/setup_intents", {})).json()
    for _ in range(3):
        declined = await anyones.post(f"/setup_intents/{setup['id']}/confirm", with_card(DECLINED))
        shop.error(declined, 402, "card_error", "card_declined")
    refused = await anyones.post(f"/setup_intents/{setup['id']}/confirm", with_card())
    shop.error(refused, 400, "invalid_request_error", "payment_methods_exhausted", "payment_method")
    canceled = await anyones.post(f"/payment_intents/{intent['id']}/cancel", {})
    assert canceled.json()["status"] == "canceled"


async def test_a_card_that_is_known_is_confirmed_by_its_word(anyones: Client) -> None:
    method = (await anyones.post("/payment_methods", {"type": "card", "card": CARD})).json()["id"]
    intent = await opened(anyones, payment_method=method)
    assert (intent["status"], intent["payment_method"]) == ("requires_confirmation", method)
    paid = await anyones.post(f"/payment_intents/{intent['id']}/confirm")
    assert (paid.json()["status"], paid.json()["payment_method"]) == ("succeeded", method)


async def test_the_default_card_of_the_customer_pays_where_none_is_named(anyones: Client) -> None:
    customer = (await anyones.post("/customers", {"email": "ann@example.com"})).json()["id"]
    method = (await anyones.post("/payment_methods", {"type": "card", "card": CARD})).json()["id"]
    await anyones.post(f"/payment_methods/{method}/attach", {"customer": customer})
    await anyones.post(f"/customers/{customer}", {"default_payment_method": method})
    paid = await opened(anyones, customer=customer, confirm=True, off_session=True)
    assert (paid["status"], paid["payment_method"], paid["customer"]) == ("succeeded", method, customer)


async def test_a_card_that_is_to_be_used_again_is_kept_once_it_has_paid(anyones: Client) -> None:
    customer = (await anyones.post("/customers", {"email": "ann@example.com"})).json()["id"]
    intent = await opened(anyones, customer=customer, setup_future_usage="off_session")
    await confirmed(anyones, intent, **with_card(DECLINED))
    assert await anyones.listed(f"/customers/{customer}/payment_methods") == []
    paid = (await confirmed(anyones, intent)).json()
    (kept,) = await anyones.listed(f"/customers/{customer}/payment_methods")
    assert kept["id"] == paid["payment_method"]
    body = {"customer": customer, "payment_method": kept["id"], "confirm": True, "off_session": True}
    assert (await opened(anyones, **body))["status"] == "succeeded"


async def test_what_is_held_is_captured_in_parts(anyones: Client) -> None:
    held = (await confirmed(anyones, await opened(anyones, capture_method="manual"))).json()
    assert (held["status"], held["amount_capturable"], held["amount_received"]) == ("requires_capture", 2000, 0)
    path = f"/payment_intents/{held['id']}"
    part = (await anyones.post(f"{path}/capture", {"amount_to_capture": 500})).json()
    assert (part["status"], part["amount_capturable"], part["amount_received"]) == ("succeeded", 1500, 500)
    more = await anyones.post(f"{path}/capture", {"amount_to_capture": 1501})
    shop.error(more, 400, "invalid_request_error", "amount_too_large", "amount_to_capture")
    rest = (await anyones.post(f"{path}/capture")).json()
    assert (rest["amount_capturable"], rest["amount_received"]) == (0, 2000)


async def test_an_intent_that_no_bank_knows_of_is_canceled_at_once(anyones: Client) -> None:
    for intent in [await opened(anyones), await opened(anyones, **with_card())]:
        path = f"/payment_intents/{intent['id']}/cancel"
        gone = (await anyones.post(path, {"cancellation_reason": "duplicate"}, key=intent["id"])).json()
        assert (gone["status"], gone["cancellation_reason"]) == ("canceled", "duplicate")
        assert gone["canceled_at"] is not None
        again = await anyones.post(path, {"cancellation_reason": "duplicate"}, key=intent["id"])
        assert (again.json(), again.headers["idempotent-replayed"]) == (gone, "true")
        refused = await confirmed(anyones, intent)
        shop.error(refused, 400, "invalid_request_error", "payment_intent_unexpected_state", "payment_intent")
        assert (await told(anyones, intent))[-2:] == ["payment.canceled", "payment_intent.canceled"]


async def test_what_is_held_is_released_by_canceling(anyones: Client) -> None:
    held = (await confirmed(anyones, await opened(anyones, capture_method="manual"))).json()
    gone = (await anyones.post(f"/payment_intents/{held['id']}/cancel")).json()
    assert (gone["status"], gone["amount_capturable"], gone["cancellation_reason"]) == ("canceled", 0, None)


async def test_a_challenge_is_an_action_of_the_customer_and_ends_by_canceling(anyones: Client) -> None:
    intent = await opened(anyones)
    body = with_card(CHALLENGED, return_url="https://shop.example/paid")
    asked = (await confirmed(anyones, intent, **body)).json()
    assert asked["status"] == "requires_action"
    assert asked["next_action"]["redirect_to_url"]["return_url"] == "https://shop.example/paid"
    assert (await told(anyones, intent))[-1] == "payment_intent.requires_action"
    again = await anyones.post(f"/payment_intents/{intent['id']}/confirm", {})
    shop.error(again, 400, "invalid_request_error", "payment_intent_unexpected_state", "payment_intent")
    gone = (await anyones.post(f"/payment_intents/{intent['id']}/cancel")).json()
    assert gone["status"] == "canceled"


async def test_terms_may_change_until_a_bank_is_asked(anyones: Client) -> None:
    intent = await opened(anyones, metadata={"order": "7"}, receipt_email="a@example.com")
    path = f"/payment_intents/{intent['id']}"
    change = {"amount": 900, "currency": "EUR", "description": "Tea", "metadata": {"gift": "yes"}}
    changed = (await anyones.post(path, {**change, "receipt_email": ""})).json()
    assert (changed["amount"], changed["currency"], changed["description"]) == (900, "EUR", "Tea")
    assert (changed["metadata"], changed["receipt_email"]) == ({"order": "7", "gift": "yes"}, None)
    shop.error(await anyones.post(path, {"amount": 1}), 400, "invalid_request_error", "amount_too_small", "amount")
    await confirmed(anyones, intent, **with_card(DECLINED))
    too_late = await anyones.post(path, {"amount": 800})
    shop.error(too_late, 400, "invalid_request_error", "payment_intent_unexpected_state", "amount")
    paid = await confirmed(anyones, intent)
    assert (paid.json()["amount_received"], paid.json()["currency"]) == (900, "EUR")
    shop.error(
        await anyones.post(path, {"setup_future_usage": "on_session"}),
        *(400, "invalid_request_error", "payment_intent_unexpected_state", "payment_intent"),
    )
    assert (await anyones.post(path, {"description": ""})).json()["description"] is None


async def test_a_browser_needs_the_client_secret_and_sees_nothing_of_the_merchants(anyones: Client) -> None:
    intent = await opened(anyones, metadata={"margin": "high"}, receipt_email="a@example.com")
    page, path = await browser(anyones), f"/payment_intents/{intent['id']}"
    secret = intent["client_secret"]
    assert (await page.get(f"{path}?client_secret={secret}")).json()["metadata"] == {}
    other = (await opened(anyones))["client_secret"]
    for wrong in (other, secret[:-1], secret + "0", "", "é"):
        for answer in (
            await page.get(str(httpx2.URL(path, params={"client_secret": wrong}))),
            await page.post(f"{path}/confirm", with_card(client_secret=wrong)),
        ):
            shop.error(answer, 400, "invalid_request_error", "client_secret_invalid", "client_secret")
    for answer in (await page.get(path), await page.post(f"{path}/confirm", with_card())):
        shop.error(answer, 400, "invalid_request_error", "parameter_missing", "client_secret")
    for verb in ("capture", "cancel"):
        shop.error(await page.post(f"{path}/{verb}"), 403, "permission_error", "permission_missing")
    shop.error(await page.post(path, {"amount": 50}), 403, "permission_error", "permission_missing")
    assert (await page.post(f"{path}/confirm", with_card(client_secret=secret))).json()["status"] == "succeeded"


async def test_a_browser_does_not_pay_with_the_card_of_somebody_whose_id_it_knows(anyones: Client) -> None:
    customer = (await anyones.post("/customers", {"email": "ann@example.com"})).json()["id"]
    method = (await anyones.post("/payment_methods", {"type": "card", "card": CARD})).json()["id"]
    await anyones.post(f"/payment_methods/{method}/attach", {"customer": customer})
    page = await browser(anyones)
    for mine, status in ((None, 400), (customer, 200)):
        intent = await opened(anyones, **({"customer": mine} if mine else {}))
        body = {"client_secret": intent["client_secret"], "payment_method": method}
        assert (await page.post(f"/payment_intents/{intent['id']}/confirm", body)).status_code == status


async def test_a_browser_names_the_card_of_the_customer_that_pays(anyones: Client) -> None:
    customer = (await anyones.post("/customers", {"email": "ann@example.com"})).json()["id"]
    method = (await anyones.post("/payment_methods", {"type": "card", "card": CARD})).json()["id"]
    await anyones.post(f"/payment_methods/{method}/attach", {"customer": customer})
    await anyones.post(f"/customers/{customer}", {"default_payment_method": method})
    intent = await opened(anyones, customer=customer)
    body, page = {"client_secret": intent["client_secret"]}, await browser(anyones)
    answer = await page.post(f"/payment_intents/{intent['id']}/confirm", body)
    shop.error(answer, 400, "invalid_request_error", "parameter_missing", "payment_method")
    await anyones.post(f"/payment_intents/{intent['id']}", {"payment_method": method})
    assert (await page.post(f"/payment_intents/{intent['id']}/confirm", body)).json()["status"] == "succeeded"


async def test_the_client_secret_is_in_no_event(anyones: Client) -> None:
    intent = (await confirmed(anyones, await opened(anyones))).json()
    events = await anyones.get(f"/events?object={intent['id']}")
    assert intent["client_secret"].partition("_secret_")[2] not in events.text
    assert {event["data"]["object"]["object"] for event in events.json()["data"]} == {"payment", "payment_intent"}


async def test_intents_are_listed_page_by_page(merchant: Client) -> None:
    customer = (await merchant.post("/customers", {"email": "ann@example.com"})).json()["id"]
    ids = [(await opened(merchant, customer=customer))["id"] for _ in range(3)]
    await opened(merchant)
    first = (await merchant.get(f"/payment_intents?limit=2&customer={customer}")).json()
    assert [one["id"] for one in first["data"]] == ids[:0:-1]
    assert first["has_more"]
    rest = await merchant.listed(f"/payment_intents?customer={customer}&starting_after={ids[1]}")
    assert [one["id"] for one in rest] == ids[:1]
    assert await merchant.listed("/transactions") == []


async def test_a_repeat_of_a_confirmation_is_answered_as_the_first_time(anyones: Client) -> None:
    for card, status in ((CARD, 200), (DECLINED, 402)):
        intent = await opened(anyones)
        path, key = f"/payment_intents/{intent['id']}/confirm", f"confirm {intent['id']}"
        first = await anyones.post(path, with_card(card), key=key)
        again = await anyones.post(path, with_card(card), key=key)
        assert (first.status_code, again.status_code, again.content) == (status, status, first.content)


async def test_of_confirmations_at_once_one_charges(anyones: Client) -> None:
    intent = await opened(anyones)
    answers = await asyncio.gather(*[confirmed(anyones, intent) for _ in range(AT_ONCE)])
    statuses = Counter(answer.status_code for answer in answers)
    assert statuses[200] == 1
    assert set(statuses) <= {200, 400, 409}
    assert (await read(anyones, intent))["amount_received"] == 2000
    assert (await told(anyones, intent)).count("payment.succeeded") == 1


@pytest.mark.parametrize("first", ["confirm", "cancel"])
async def test_of_a_confirmation_and_a_cancellation_one_wins(anyones: Client, first: str) -> None:
    intent = await opened(anyones, **with_card())
    verbs = [first, *(["confirm", "cancel"] * (AT_ONCE // 2))]
    answers = await asyncio.gather(*[anyones.post(f"/payment_intents/{intent['id']}/{verb}") for verb in verbs])
    assert Counter(answer.status_code for answer in answers)[200] == 1
    afterwards = await read(anyones, intent)
    assert (afterwards["status"], afterwards["amount_received"]) in (("succeeded", 2000), ("canceled", 0))


async def test_of_a_capture_and_a_cancellation_one_wins(anyones: Client) -> None:
    held = (await confirmed(anyones, await opened(anyones, capture_method="manual"))).json()
    verbs = ["capture", "cancel"] * (AT_ONCE // 2)
    answers = await asyncio.gather(*[anyones.post(f"/payment_intents/{held['id']}/{verb}") for verb in verbs])
    assert Counter(answer.status_code for answer in answers)[200] == 1
    afterwards = await read(anyones, held)
    assert (afterwards["status"], afterwards["amount_received"]) in (("succeeded", 2000), ("canceled", 0))


async def test_what_is_nobodys_is_not_found(anyones: Client, merchant: Client) -> None:
    intent = await opened(merchant)
    other = await shop.merchant(merchant.parts)
    for id in (intent["id"], intent["id"].replace("pi_", "pay_"), "pi_x"):
        shop.error(await other.get(f"/payment_intents/{id}"), 404, "invalid_request_error", "resource_missing", "id")
        missing = await other.post(f"/payment_intents/{id}/confirm", with_card())
        about = shop.error(missing, 404, "invalid_request_error", "resource_missing", "id")
        assert about["message"] == f"No such payment intent: '{id}'"
