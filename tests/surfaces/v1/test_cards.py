"""Cards as the surface takes them: every sandbox card, and every way in which a card can be wrong."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.surfaces.v1 import shop
from tests.surfaces.v1.shop import CARD, PAYMENT, Client
from tillgate.clock import ManualClock
from tillgate.core.instants import DAY, MINUTE, SECOND

pytestmark = pytest.mark.anyio

# number, CVC, brand, and the code that it is declined with or the status that it leads to
SANDBOX_CARDS = [
    ("4242424242424242", "123", "visa", "succeeded"),
    ("4000000000000002", "123", "visa", "card_declined"),
    ("4000000000009995", "123", "visa", "insufficient_funds"),
    ("4000000000000069", "123", "visa", "expired_card"),
    ("4000000000000127", "123", "visa", "incorrect_cvc"),
    ("4000000000000119", "123", "visa", "processing_error"),
    ("4000002500003155", "123", "visa", "requires_action"),
    ("4000000000000259", "123", "visa", "succeeded"),
    ("4000000000000341", "123", "visa", "card_declined"),
    ("5555555555554444", "123", "mastercard", "succeeded"),
    ("378282246310005", "1234", "amex", "succeeded"),
    ("6011111111111117", "123", "discover", "succeeded"),
    ("3056930009020004", "123", "diners", "succeeded"),
    ("3566002020360505", "123", "jcb", "succeeded"),
    ("6200000000000005", "123", "unionpay", "succeeded"),
    # Any other number that passes the Luhn check.
    ("4111111111111111", "123", "visa", "succeeded"),
    ("2223003122003222", "123", "mastercard", "succeeded"),
]

STATUSES = {"succeeded", "requires_action"}


@pytest.mark.parametrize(("number", "cvc", "brand", "result"), SANDBOX_CARDS)
@pytest.mark.parametrize("way", ["inline", "token"])
async def test_a_sandbox_card_does_what_the_table_says(
    merchant: Client, number: str, cvc: str, brand: str, result: str, way: str
) -> None:
    card = {**CARD, "number": number, "cvc": cvc}
    body: dict[str, Any] = {**PAYMENT, "card": card}
    if way == "token":
        token = await merchant.post("/tokens", {"card": card})
        assert token.status_code == 200, "every sandbox card tokenises"
        body = {"amount": 5000, "currency": "usd", "payment_method": token.json()["id"]}
    answer = await merchant.post("/payments", body)
    if result in STATUSES:
        payment = answer.json()
        assert (answer.status_code, payment["status"]) == (200, result)
    else:
        said = shop.error(answer, 402, "card_error", result)
        assert said["decline_code"] == ("generic_decline" if result == "card_declined" else result)
        payment = said["payment"]
        assert (payment["status"], payment["failure_code"]) == ("failed", result)
        assert payment["failure_message"] == said["message"]
    shown = payment["card"]
    assert (shown["brand"], shown["last4"]) == (brand, number[-4:])
    assert (shown["exp_month"], shown["exp_year"]) == (12, 2034)


async def test_a_declined_payment_is_kept_and_can_be_looked_at(merchant: Client) -> None:
    answer = await merchant.post("/payments", {**PAYMENT, "card": {**CARD, "number": "4000000000000002"}})
    failed = answer.json()["error"]["payment"]
    assert (failed["amount_captured"], failed["refunded"]) == (0, False)
    assert (await merchant.get(f"/payments/{failed['id']}")).json() == failed
    assert await merchant.listed("/payments") == [failed]


async def test_a_challenge_says_where_to_send_the_payer(merchant: Client) -> None:
    card = {**CARD, "number": "4000002500003155"}
    payment = await merchant.pay(card=card, return_url="https://shop.example/paid?order=7")
    action = payment["next_action"]
    assert action["type"] == "redirect_to_url"
    assert action["redirect_to_url"]["return_url"] == "https://shop.example/paid?order=7"
    url = action["redirect_to_url"]["url"]
    assert url.startswith(f"{shop.LOCAL}/")
    page = await merchant.ask("GET", url)
    assert page.status_code == 200
    assert "$50.00" in page.text
    assert (await merchant.ask("POST", url, b"outcome=approve&code=123456")).status_code == 303
    after = (await merchant.get(f"/payments/{payment['id']}")).json()
    assert (after["status"], after["next_action"]) == ("succeeded", None)


async def test_a_challenge_that_fails_is_a_failed_payment(merchant: Client) -> None:
    payment = await merchant.pay(card={**CARD, "number": "4000002500003155"})
    await merchant.ask("POST", payment["next_action"]["redirect_to_url"]["url"], b"outcome=fail")
    after = (await merchant.get(f"/payments/{payment['id']}")).json()
    assert (after["status"], after["failure_code"]) == ("failed", "authentication_failed")


@pytest.mark.parametrize("expiry", [(1, 2001), (12, 2025), ("01", "25"), (6, 99)])
async def test_test_cards_never_expire_by_the_date(merchant: Client, expiry: tuple[Any, Any]) -> None:
    month, year = expiry
    payment = await merchant.pay(card={**CARD, "exp_month": month, "exp_year": year})
    assert payment["status"] == "succeeded"
    assert payment["card"]["exp_month"] == int(month)
    assert payment["card"]["exp_year"] == int(year) % 100 + 2000


@pytest.mark.parametrize("number", ["4242 4242 4242 4242", "4242-4242-4242-4242"])
async def test_a_number_may_be_grouped_as_on_the_card(merchant: Client, number: str) -> None:
    assert (await merchant.pay(card={**CARD, "number": number}))["card"]["last4"] == "4242"


@pytest.mark.parametrize("optional", ["cvc", "name"])
async def test_cvc_and_name_may_be_left_out_or_null(merchant: Client, optional: str) -> None:
    without = {name: value for name, value in CARD.items() if name != optional}
    assert (await merchant.pay(card=without))["status"] == "succeeded"
    assert (await merchant.pay(card={**without, optional: None}))["status"] == "succeeded"


WRONG_CARDS = [
    ({"number": "4242424242424241"}, "incorrect_number", "card.number"),
    ({"number": "42424242424"}, "incorrect_number", "card.number"),
    ({"number": ""}, "incorrect_number", "card.number"),
    ({"number": "four thousand"}, "incorrect_number", "card.number"),
    ({"number": "4" * 100_000}, "incorrect_number", "card.number"),
    ({"number": "٤٢٤٢٤٢٤٢٤٢٤٢٤٢٤٢"}, "incorrect_number", "card.number"),
    ({"exp_month": 0}, "invalid_expiry_month", "card.exp_month"),
    ({"exp_month": 13}, "invalid_expiry_month", "card.exp_month"),
    ({"exp_month": -1}, "invalid_expiry_month", "card.exp_month"),
    ({"exp_month": "January"}, "invalid_expiry_month", "card.exp_month"),
    ({"exp_month": 2**62}, "invalid_expiry_month", "card.exp_month"),
    ({"exp_year": 1999}, "invalid_expiry_year", "card.exp_year"),
    ({"exp_year": 2100}, "invalid_expiry_year", "card.exp_year"),
    ({"exp_year": ""}, "invalid_expiry_year", "card.exp_year"),
    ({"cvc": ""}, "invalid_cvc", "card.cvc"),
    ({"cvc": "12"}, "invalid_cvc", "card.cvc"),
    ({"cvc": "1234"}, "invalid_cvc", "card.cvc"),
    ({"cvc": "12a"}, "invalid_cvc", "card.cvc"),
    ({"number": "378282246310005", "cvc": "123"}, "invalid_cvc", "card.cvc"),
]


@pytest.mark.parametrize(
    ("changes", "code", "param"), WRONG_CARDS, ids=[f"{n}-{w[1]}" for n, w in enumerate(WRONG_CARDS)]
)
@pytest.mark.parametrize("path", ["/payments", "/tokens"])
async def test_a_card_that_cannot_be_is_a_card_error_that_names_the_field(
    merchant: Client, path: str, changes: dict[str, Any], code: str, param: str
) -> None:
    card = {**CARD, **changes}
    answer = await merchant.post(path, {**PAYMENT, "card": card} if path == "/payments" else {"card": card})
    said = shop.error(answer, 402, "card_error", code, param)
    assert "payment" not in said
    assert await merchant.listed("/payments") == []


async def test_a_card_beside_the_id_of_a_payment_method_is_refused(merchant: Client) -> None:
    token = (await merchant.post("/tokens", {"card": CARD})).json()
    answer = await merchant.post("/payments", {**PAYMENT, "payment_method": token["id"]})
    shop.error(answer, 400, "invalid_request_error", "parameter_invalid", "card")


async def test_a_token_shows_the_card_and_is_spent_once(anyones: Client) -> None:
    token = (await anyones.post("/tokens", {"card": CARD})).json()
    assert token["id"].startswith("tok_")
    assert (token["object"], token["type"], token["used"], token["livemode"]) == ("token", "card", False, False)
    assert token["expires_at"] - token["created"] == 15 * 60
    assert (token["card"]["brand"], token["card"]["last4"]) == ("visa", "4242")
    body = {"amount": 5000, "currency": "usd", "payment_method": token["id"]}
    assert (await anyones.post("/payments", body)).status_code == 200
    again = await anyones.post("/payments", body)
    shop.error(again, 400, "invalid_request_error", "token_already_used", "payment_method")


async def test_a_declined_token_is_spent_too(merchant: Client) -> None:
    token = (await merchant.post("/tokens", {"card": {**CARD, "number": "4000000000000341"}})).json()
    body = {"amount": 5000, "currency": "usd", "payment_method": token["id"]}
    shop.error(await merchant.post("/payments", body), 402, "card_error", "card_declined")
    again = await merchant.post("/payments", body)
    shop.error(again, 400, "invalid_request_error", "token_already_used", "payment_method")


async def test_a_token_lasts_fifteen_minutes_and_a_card_that_nobody_keeps_a_day(tmp_path: Path, migrated: Path) -> None:
    clock = ManualClock(1_800_000_000 * SECOND)
    data = shutil.copytree(migrated, tmp_path, dirs_exist_ok=True)
    async with shop.open_shop(data, clock=clock) as parts:
        client = shop.demo_shop(parts)
        kept, late, paid = [(await client.post("/tokens", {"card": CARD})).json()["id"] for _ in range(3)]
        body = {"amount": 5000, "currency": "usd", "payment_method": paid}
        method = (await client.post("/payments", body)).json()["payment_method"]
        clock.advance(15 * MINUTE - 1)
        assert (await client.post("/payments", {**body, "payment_method": kept})).status_code == 200
        clock.advance(1)
        answer = await client.post("/payments", {**body, "payment_method": late})
        shop.error(answer, 400, "invalid_request_error", "token_expired", "payment_method")
        clock.advance(DAY - 15 * MINUTE)
        answer = await client.post("/payments", {**body, "payment_method": method})
        shop.error(answer, 400, "invalid_request_error", "payment_method_unusable", "payment_method")


async def test_a_card_just_charged_can_be_charged_again_by_its_id(merchant: Client) -> None:
    first = await merchant.pay()
    again = await merchant.post(
        "/payments", {"amount": 700, "currency": "usd", "payment_method": first["payment_method"]}
    )
    assert (again.json()["status"], again.json()["payment_method"]) == ("succeeded", first["payment_method"])
