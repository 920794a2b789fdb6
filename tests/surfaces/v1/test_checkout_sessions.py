"""Checkout sessions: opened by a merchant, paid on a page of ours, the same payment under every name."""

import asyncio
from typing import Any

import httpx2
import pytest

from tests.surfaces.v1 import shop
from tests.surfaces.v1.parameters_of_checkouts import LINE
from tests.surfaces.v1.shop import CARD, LOCAL, Client
from tests.surfaces.v1.test_payment_intents import browser, told
from tillgate.core.cards import Card, CardNumber
from tillgate.core.instants import DAY, SECOND
from tillgate.core.reasons import Reason, Refused
from tillgate.flows import checkouts
from tillgate.flows.directory import Directory
from tillgate.flows.gateway import Caller
from tillgate.flows.sources import Source

pytestmark = pytest.mark.anyio

SESSIONS = "/checkout/sessions"
SESSION: dict[str, Any] = {"mode": "payment", "line_items": [LINE], "success_url": "https://shop.example/paid"}
PLAIN: dict[str, Any] = {"amount": 2000, "currency": "USD", "description": "Tea"}


def suffix(session: dict[str, Any]) -> str:
    return str(session["id"]).removeprefix("cs_")


async def opened(client: Client, body: dict[str, Any] = SESSION, **changes: Any) -> dict[str, Any]:
    answer = await client.post(SESSIONS, {**body, **changes})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def read(client: Client, session: dict[str, Any]) -> dict[str, Any]:
    return dict((await client.get(f"{SESSIONS}/{session['id']}")).json())


async def pay(client: Client, session: dict[str, Any], number: str = CARD["number"], tried: int = 0) -> None:
    """Its payer pays by card, on the page."""
    _, tenant = await Directory(client.parts.gateway, {}).identify(client.key or "", on_this_machine=False)
    payer = Caller(tenant, "checkout:test", "pages", "req_test")
    card = Card(number=CardNumber(number), exp_month=12, exp_year=2034, cvc="123")
    await checkouts.pay(client.parts.gateway, payer, f"pay_{suffix(session)}", tried, Source(card=card))


def methods(session: dict[str, Any]) -> httpx2.URL:
    url = httpx2.URL(session["url"])
    return url.copy_with(path=f"/api/checkout/{url.path.rpartition('/')[2]}/payment-methods")


async def test_a_session_is_a_payment_that_waits_on_a_page_of_ours(anyones: Client) -> None:
    session = await opened(anyones, client_reference_id="order-7", metadata={"basket": "9"}, locale="es")
    assert (session["object"], session["mode"], session["ui_mode"]) == ("checkout.session", "payment", "hosted")
    assert (session["amount_total"], session["currency"], session["client_reference_id"]) == (2400, "usd", "order-7")
    assert (session["status"], session["payment_status"], session["locale"]) == ("open", "unpaid", "es")
    assert session["url"].startswith(f"{LOCAL}/checkout/pay_{suffix(session)}?expires=")
    assert session["expires_at"] == session["created"] + DAY // SECOND
    assert session["payment_method_types"] == ["card", "phone_wallet", "bank_transfer"]
    assert await read(anyones, session) == session

    intent = (await anyones.get(f"/payment_intents/{session['payment_intent']}")).json()
    assert (intent["status"], intent["amount"], intent["description"]) == ("requires_payment_method", 2400, "2 × Mug")
    assert intent["metadata"] == {}

    await pay(anyones, session)
    paid = await read(anyones, session)
    assert (paid["status"], paid["payment_status"], paid["url"]) == ("complete", "paid", None)
    assert (await anyones.get(f"/payments/pay_{suffix(session)}")).json()["status"] == "succeeded"
    assert "checkout.session.completed" in await told(anyones, {"id": session["id"]})
    [event] = await anyones.listed("/events?type=checkout.session.completed")
    assert event["data"]["object"] == paid


async def test_a_session_of_an_amount_alone_has_one_line(anyones: Client) -> None:
    session = await opened(anyones, PLAIN)
    assert (session["amount_total"], session["currency"], session["client_reference_id"]) == (2000, "USD", None)
    [line] = session["line_items"]["data"]
    assert (line["description"], line["quantity"], line["amount_total"]) == ("Tea", 1, 2000)


async def test_lines_are_listed_in_their_order_page_by_page(merchant: Client) -> None:
    names = [f"Book {number}" for number in range(5)]
    session = await opened(merchant, line_items=[_line(name, number + 100) for number, name in enumerate(names)])
    path = f"{SESSIONS}/{session['id']}/line_items"
    first = (await merchant.get(f"{path}?limit=2")).json()
    assert ([one["description"] for one in first["data"]], first["has_more"]) == (names[:2], True)
    rest = (await merchant.get(f"{path}?starting_after={first['data'][1]['id']}")).json()
    assert ([one["description"] for one in rest["data"]], rest["has_more"]) == (names[2:], False)
    before = (await merchant.get(f"{path}?limit=2&ending_before={rest['data'][2]['id']}")).json()
    assert ([one["description"] for one in before["data"]], before["has_more"]) == (names[2:4], True)
    answer = await merchant.get(f"{path}?starting_after=li_nobody")
    shop.error(answer, 400, "invalid_request_error", "parameter_invalid", "starting_after")
    both = await merchant.get(f"{path}?starting_after=li_x&ending_before=li_y")
    shop.error(both, 400, "invalid_request_error", "parameter_invalid", "ending_before")


def _line(name: str, amount: int, **more: Any) -> dict[str, Any]:
    product = {"name": name}
    return {"price_data": {"currency": "usd", "unit_amount": amount, "product_data": product}, **more}


async def test_who_has_paid_goes_where_the_merchant_said_with_the_session_in_the_address(merchant: Client) -> None:
    session = await opened(merchant, success_url="https://shop.example/paid?session={CHECKOUT_SESSION_ID}")
    assert session["success_url"] == f"https://shop.example/paid?session={session['id']}"


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({**SESSION, "amount": 5}, "amount"),
        ({}, "line_items"),
        ({"amount": 2000}, "currency"),
        ({"line_items": []}, "line_items"),
        ({**SESSION, "currency": "eur"}, "currency"),
        ({**SESSION, "line_items": [LINE, {"price_data": {**LINE["price_data"], "currency": "eur"}}]}, "line_items"),
        ({**SESSION, "line_items": [_line("Pin", 49)]}, "line_items"),
        ({**SESSION, "line_items": [_line("Ship", 10**17, quantity=999_999)]}, "line_items"),
        ({**SESSION, "line_items": [_line("Nothing", 0)]}, "line_items"),
        ({**SESSION, "line_items": [_line("Tea", 500, quantity=0)]}, "line_items[0].quantity"),
        ({**SESSION, "line_items": [_line("Tea", -500)]}, "line_items[0].price_data.unit_amount"),
        ({**SESSION, "line_items": [_line("Tea", 500, price="price_1")]}, "line_items[0].price"),
        ({**SESSION, "line_items": [_line("Tea", 1)] * 101}, "line_items"),
        ({**SESSION, "success_url": "javascript:alert(1)"}, "success_url"),
        ({**SESSION, "cancel_url": "http://shop.example"}, "cancel_url"),
        ({**SESSION, "expires_at": 1}, "expires_at"),
        ({**SESSION, "expires_at": 10**11}, "expires_at"),
        ({**SESSION, "mode": "subscription"}, "mode"),
        ({**SESSION, "locale": "klingon"}, "locale"),
        ({**SESSION, "payment_method_types": ["cash"]}, "payment_method_types[0]"),
        ({**SESSION, "payment_method_types": []}, "payment_method_types"),
        ({**SESSION, "customer": "cus_nobody"}, "customer"),
        ({**SESSION, "customer": "cus_x", "customer_email": "a@example.com"}, "customer_email"),
        ({**SESSION, "customer_email": "nobody"}, "customer_email"),
        ({**SESSION, "allow_promotion_codes": True}, "allow_promotion_codes"),
    ],
)
async def test_what_is_wrong_with_a_session_is_named(demo: Client, body: dict[str, Any], param: str) -> None:
    answer = await demo.post(SESSIONS, body)
    assert answer.status_code == (404 if body.get("customer") == "cus_nobody" else 400), answer.text
    assert shop.any_error(answer)["param"] == param


async def test_whoever_is_not_the_merchant_finds_nothing(anyones: Client) -> None:
    session, stranger = await opened(anyones), await shop.merchant(anyones.parts, "Stranger")
    for answer in (
        await stranger.get(f"{SESSIONS}/{session['id']}"),
        await stranger.get(f"{SESSIONS}/{session['id']}/line_items"),
        await stranger.post(f"{SESSIONS}/{session['id']}/expire"),
        await anyones.get(f"{SESSIONS}/pay_{suffix(session)}"),
        await anyones.get(f"{SESSIONS}/cs_{'0' * 26}"),
    ):
        shop.error(answer, 404, "invalid_request_error", "resource_missing", "id")
    assert await stranger.listed(SESSIONS) == []


async def test_a_payment_without_a_page_is_no_session(merchant: Client) -> None:
    payment = await merchant.pay()
    answer = await merchant.get(f"{SESSIONS}/{payment['id'].replace('pay_', 'cs_')}")
    shop.error(answer, 404, "invalid_request_error", "resource_missing", "id")


async def test_a_browser_learns_where_to_go_and_nothing_that_is_the_merchants(anyones: Client) -> None:
    session = await opened(anyones, client_reference_id="7", customer_email="a@example.com", metadata={"secret": "x"})
    seen = await read(await browser(anyones), session)
    assert (seen["id"], seen["url"], seen["status"]) == (session["id"], session["url"], "open")
    hidden = ("client_reference_id", "customer_details", "customer_email", "payment_intent", "success_url")
    assert [seen[name] for name in hidden] == [None] * len(hidden)
    assert seen["metadata"] == {}
    answer = await (await browser(anyones)).get(SESSIONS)
    shop.error(answer, 403, "permission_error", "permission_missing")


async def test_sessions_are_found_by_what_they_are_of(anyones: Client) -> None:
    customer = (await anyones.post("/customers", {"email": "ann@example.com"})).json()["id"]
    first, second = await opened(anyones, customer=customer), await opened(anyones)
    await pay(anyones, second)
    for query, expected in (
        ("", [second, first]),
        ("?status=open", [first]),
        ("?status=complete", [second]),
        ("?status=expired", []),
        (f"?customer={customer}", [first]),
        (f"?payment_intent={second['payment_intent']}", [second]),
        ("?payment_intent=nothing", []),
        (f"?starting_after={second['id']}", [first]),
        (f"?ending_before={first['id']}", [second]),
    ):
        assert [one["id"] for one in await anyones.listed(SESSIONS + query)] == [one["id"] for one in expected], query
    assert (await read(anyones, first))["customer_details"] == {"email": "ann@example.com", "name": None}


async def test_ids_of_a_session_are_shown_as_what_they_stand_for(merchant: Client) -> None:
    session = await opened(merchant)
    expanded = (await merchant.get(f"{SESSIONS}/{session['id']}?expand[]=payment_intent&expand[]=line_items")).json()
    assert expanded["payment_intent"]["id"] == session["payment_intent"]
    assert expanded["line_items"] == session["line_items"]
    answer = await merchant.post(SESSIONS, {**SESSION, "expand": ["payment_intent"]})
    assert answer.json()["payment_intent"]["object"] == "payment_intent"


async def test_an_expired_session_is_paid_by_nobody(anyones: Client) -> None:
    session = await opened(anyones)
    expired = (await anyones.post(f"{SESSIONS}/{session['id']}/expire", key=f"expire {session['id']}")).json()
    assert (expired["status"], expired["payment_status"], expired["url"]) == ("expired", "unpaid", None)
    again = await anyones.post(f"{SESSIONS}/{session['id']}/expire", key=f"expire {session['id']}")
    assert (again.json(), again.headers["idempotent-replayed"]) == (expired, "true")
    answer = await anyones.post(f"{SESSIONS}/{session['id']}/expire")
    shop.error(answer, 400, "invalid_request_error", "checkout_session_unexpected_state", "checkout_session")
    with pytest.raises(Refused):
        await pay(anyones, session)
    assert (await told(anyones, session))[-2:] == ["checkout.canceled", "checkout.session.expired"]
    assert (await anyones.get(f"/payment_intents/{session['payment_intent']}")).json()["status"] == "canceled"


async def test_what_was_paid_is_not_expired_but_refunded(anyones: Client) -> None:
    session = await opened(anyones)
    await pay(anyones, session)
    answer = await anyones.post(f"{SESSIONS}/{session['id']}/expire")
    shop.error(answer, 400, "invalid_request_error", "checkout_session_unexpected_state", "checkout_session")
    await anyones.post("/refunds", {"payment_intent": session["payment_intent"]})
    refunded = await read(anyones, session)
    assert (refunded["status"], refunded["payment_status"]) == ("complete", "paid")


async def test_a_decline_leaves_a_session_open_for_another_card(anyones: Client) -> None:
    session = await opened(anyones)
    await pay(anyones, session, "4000000000000002")
    assert (await read(anyones, session))["status"] == "open"
    await pay(anyones, session, tried=1)
    assert (await read(anyones, session))["payment_status"] == "paid"


async def test_only_what_the_merchant_wants_is_offered_and_taken(anyones: Client) -> None:
    session = await opened(anyones, payment_method_types=["phone_wallet"])
    assert session["payment_method_types"] == ["phone_wallet"]
    offered = await anyones._http.get(methods(session))
    assert [one["provider"] for one in offered.json()["data"]] == ["ath"]
    with pytest.raises(Refused) as refused:
        await pay(anyones, session)
    assert refused.value.reason is Reason.METHOD_NOT_OFFERED


async def test_any_number_of_requests_with_one_key_open_one_session(anyones: Client) -> None:
    asked = [anyones.post(SESSIONS, SESSION, key="same") for _ in range(8)]
    answers = [answer for answer in await asyncio.gather(*asked) if answer.status_code == 200]
    assert len({answer.content for answer in answers}) == 1
    assert len(await anyones.listed(SESSIONS)) == 1


async def test_the_sum_of_the_lines_is_not_changed_behind_their_back(merchant: Client) -> None:
    session = await opened(merchant)
    answer = await merchant.post(f"/payment_intents/{session['payment_intent']}", {"amount": 9_900})
    shop.error(answer, 400, "invalid_request_error", "payment_intent_unexpected_state", "amount")
