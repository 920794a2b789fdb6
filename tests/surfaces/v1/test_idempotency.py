"""One Idempotency-Key, one request: what a repeat is answered, to the byte."""

import asyncio
from typing import Any

import httpx2
import pytest

from tests.surfaces.v1 import shop
from tests.surfaces.v1.shop import CARD, PAYMENT, Client
from tillgate.assembly import Assembly
from tillgate.core.credentials import ALL_SCOPES, CredentialKind

pytestmark = pytest.mark.anyio

DECLINED = {**PAYMENT, "card": {**CARD, "number": "4000000000000002"}}


def assert_replayed(first: httpx2.Response, repeat: httpx2.Response) -> None:
    assert (repeat.status_code, repeat.content) == (first.status_code, first.content)
    assert "idempotent-replayed" not in first.headers
    assert repeat.headers["idempotent-replayed"] == "true"
    assert repeat.headers["content-type"] == first.headers["content-type"]
    assert repeat.headers["x-request-id"] != first.headers["x-request-id"]


@pytest.mark.parametrize("body", [PAYMENT, DECLINED], ids=["approved", "declined"])
async def test_a_payment_is_replayed_to_the_byte(anyones: Client, body: dict[str, Any]) -> None:
    first = await anyones.post("/payments", body, key="order-7")
    for _ in range(3):
        assert_replayed(first, await anyones.post("/payments", body, key="order-7"))
    assert len(await anyones.listed("/payments")) == 1


async def test_every_post_can_be_repeated(anyones: Client) -> None:
    held = await anyones.pay(capture_method="manual")
    other = await anyones.pay(capture_method="manual")
    for path, body in (
        (f"/payments/{held['id']}/capture", {"amount": 3000}),
        (f"/payments/{held['id']}/refund", {"amount": 1000}),
        (f"/payments/{other['id']}/cancel", {}),
        ("/refunds", {"payment": held["id"], "amount": 500}),
        ("/tokens", {"card": CARD}),
    ):
        first = await anyones.post(path, body, key=path)
        assert first.status_code == 200, first.text
        assert_replayed(first, await anyones.post(path, body, key=path))
    after = (await anyones.get(f"/payments/{held['id']}")).json()
    assert (after["amount_captured"], after["amount_refunded"]) == (3000, 1500)
    assert len(await anyones.listed("/refunds")) == 2


async def test_the_answer_stays_the_first_whatever_happened_since(anyones: Client) -> None:
    first = await anyones.post("/payments", PAYMENT, key="order-7")
    await anyones.post("/refunds", {"payment": first.json()["id"]})
    assert_replayed(first, await anyones.post("/payments", PAYMENT, key="order-7"))


async def test_a_challenge_that_was_met_since_is_still_replayed(anyones: Client) -> None:
    body = {**PAYMENT, "card": {**CARD, "number": "4000002500003155"}}
    first = await anyones.post("/payments", body, key="order-7")
    await anyones.ask("POST", first.json()["next_action"]["redirect_to_url"]["url"], b"outcome=approve&code=123456")
    assert_replayed(first, await anyones.post("/payments", body, key="order-7"))


@pytest.mark.parametrize("body", [PAYMENT, {"amount": 900, "currency": "eur", "payment_method": "card"}])
async def test_many_at_once_are_one_payment(anyones: Client, body: dict[str, Any]) -> None:
    answers = await asyncio.gather(*[anyones.post("/payments", body, key="order-7") for _ in range(12)])
    assert {(answer.status_code, answer.content) for answer in answers} == {(200, answers[0].content)}
    assert [answer.headers.get("idempotent-replayed") for answer in answers].count(None) == 1
    assert len(await anyones.listed("/payments")) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": 5001},
        {"currency": "USD"},
        {"description": "x"},
        {"card": {**CARD, "exp_month": 11}},
        {"metadata": {}},
    ],
    ids=lambda changes: next(iter(changes)),
)
async def test_another_request_under_the_same_key_is_refused(anyones: Client, changes: dict[str, Any]) -> None:
    first = await anyones.post("/payments", PAYMENT, key="order-7")
    answer = await anyones.post("/payments", {**PAYMENT, **changes}, key="order-7")
    shop.error(answer, 400, "idempotency_error", "idempotency_key_reused")
    assert_replayed(first, await anyones.post("/payments", PAYMENT, key="order-7"))
    assert len(await anyones.listed("/payments")) == 1


async def test_another_path_or_caller_is_another_request(anyones: Client) -> None:
    one, other = await anyones.pay(capture_method="manual"), await anyones.pay(capture_method="manual")
    assert (await anyones.post(f"/payments/{one['id']}/cancel", key="k")).is_success
    answer = await anyones.post(f"/payments/{other['id']}/cancel", key="k")
    shop.error(answer, 400, "idempotency_error", "idempotency_key_reused")


async def test_the_order_of_names_and_the_cvc_do_not_make_another_request(anyones: Client) -> None:
    first = await anyones.post("/payments", PAYMENT, key="order-7")
    turned = {name: PAYMENT[name] for name in reversed(PAYMENT)}
    assert_replayed(first, await anyones.post("/payments", turned, key="order-7"))
    for card in ({**CARD, "cvc": "999"}, {name: value for name, value in CARD.items() if name != "cvc"}):
        assert_replayed(first, await anyones.post("/payments", {**PAYMENT, "card": card}, key="order-7"))


@pytest.mark.parametrize("key", ["x" * 256, "", " ", "a\tb", "a\x7fb", "ä", "🔑"], ids=repr)
async def test_a_key_that_cannot_be_is_refused(merchant: Client, key: str) -> None:
    headers = {b"idempotency-key": key.encode()}
    answer = await merchant.ask("POST", "/v1/payments", b'{"amount":5000}', headers)
    if not key.strip():
        assert answer.status_code == 400
    else:
        shop.error(answer, 400, "idempotency_error", "idempotency_key_invalid")
    assert await merchant.listed("/payments") == []


@pytest.mark.parametrize("key", ["x", "x" * 255, "a b", "!~'\"\\{}", "00000000-0000-7000-8000-000000000000"], ids=len)
async def test_a_key_is_any_printable_text_of_up_to_255_characters(merchant: Client, key: str) -> None:
    first = await merchant.post("/payments", PAYMENT, key=key)
    assert_replayed(first, await merchant.post("/payments", PAYMENT, key=key))


async def test_what_was_not_carried_out_does_not_stick(anyones: Client) -> None:
    held = await anyones.pay(capture_method="manual")
    tries: list[tuple[str, dict[str, Any], int]] = [
        ("/payments", {**PAYMENT, "amount": 1}, 400),
        ("/payments", {**PAYMENT, "amuont": 1}, 400),
        ("/payments", {**PAYMENT, "card": {**CARD, "number": "4242424242424241"}}, 402),
        ("/payments", {**PAYMENT, "customer": "cus_x"}, 404),
        ("/refunds", {"payment": "pay_x"}, 404),
        ("/refunds", {"payment": held["id"]}, 400),
    ]
    for path, body, status in tries:
        answer = await anyones.post(path, body, key="order-7")
        assert answer.status_code == status, answer.text
        assert "idempotent-replayed" not in answer.headers
    unknown = Client(anyones.parts, "sk_test_wrong")
    assert (await unknown.post("/payments", PAYMENT, key="order-7")).status_code == 401
    mended = await anyones.post("/payments", PAYMENT, key="order-7")
    assert mended.status_code == 200
    assert "idempotent-replayed" not in mended.headers


async def test_two_merchants_have_their_keys_to_themselves(either: Assembly) -> None:
    one, other = await shop.merchant(either), await shop.merchant(either)
    first = await one.post("/payments", PAYMENT, key="order-7")
    second = await other.post("/payments", {**PAYMENT, "amount": 700}, key="order-7")
    assert (second.status_code, second.json()["amount"]) == (200, 700)
    assert "idempotent-replayed" not in second.headers
    assert_replayed(first, await one.post("/payments", PAYMENT, key="order-7"))


async def test_another_key_of_the_same_merchant_does_not_get_the_answer(app: Assembly) -> None:
    tenant = await shop.new_tenant(app)
    one, other = [Client(app, await shop.issue(app, tenant, CredentialKind.SECRET_KEY, ALL_SCOPES)) for _ in range(2)]
    assert (await one.post("/payments", PAYMENT, key="order-7")).is_success
    answer = await other.post("/payments", PAYMENT, key="order-7")
    shop.error(answer, 400, "idempotency_error", "idempotency_key_reused")


async def test_without_a_key_every_request_is_its_own(merchant: Client) -> None:
    await merchant.post("/payments", PAYMENT)
    await merchant.post("/payments", PAYMENT)
    assert len(await merchant.listed("/payments")) == 2


async def test_a_replay_needs_the_key_to_be_valid_and_the_body_to_be_readable(merchant: Client) -> None:
    await merchant.post("/payments", PAYMENT, key="order-7")
    stranger = Client(merchant.parts, None)
    shop.error(await stranger.post("/payments", PAYMENT, key="order-7"), 401, "authentication_error", "api_key_missing")
    headers = {"idempotency-key": "order-7"}
    answer = await merchant.ask("POST", "/v1/payments", b"{", headers)
    shop.error(answer, 400, "invalid_request_error", "request_malformed")
