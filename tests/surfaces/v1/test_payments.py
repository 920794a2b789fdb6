"""Payments, captures, cancellations and refunds, as a merchant sees them."""

import asyncio
from typing import Any

import pytest

from tests.surfaces.v1 import shop
from tests.surfaces.v1.shop import CARD, PAYMENT, Client
from tillgate.assembly import Assembly
from tillgate.connectors.contract import BankAnswer, BankRequest
from tillgate.transport.banks import Lost, Transport

pytestmark = pytest.mark.anyio

FIELDS = {
    *("id", "object", "amount", "amount_captured", "amount_capturable", "amount_refunded", "currency", "status"),
    *(
        "customer",
        "description",
        "payment_intent",
        "payment_method",
        "payment_method_details",
        "card",
        "capture_method",
        "refunded",
        "failure_code",
    ),
    *("amount_disputed", "disputed", "dispute", "failure_message", "next_action", "metadata", "created", "livemode"),
}


async def test_a_payment_has_every_field_and_reads_as_it_was_answered(anyones: Client) -> None:
    paid = await anyones.pay(description="Tea", metadata={"order": "7"})
    assert paid.keys() == FIELDS
    assert paid["card"].keys() == {"brand", "last4", "exp_month", "exp_year", "funding", "country"}
    assert (paid["object"], paid["livemode"], paid["description"]) == ("payment", False, "Tea")
    assert (paid["amount"], paid["amount_captured"], paid["amount_capturable"]) == (5000, 5000, 0)
    assert paid["metadata"] == {"order": "7"}
    assert (await anyones.get(f"/payments/{paid['id']}")).json() == paid


@pytest.mark.parametrize("currency", ["usd", "USD", "eur", "EUR", "jpy", "KWD"])
async def test_the_case_of_the_currency_is_kept(merchant: Client, currency: str) -> None:
    paid = await merchant.pay(currency=currency)
    assert paid["currency"] == currency
    assert (await merchant.get(f"/payments/{paid['id']}")).json()["currency"] == currency
    refund = (await merchant.post("/refunds", {"payment": paid["id"]})).json()
    assert refund["currency"] == currency
    assert (await merchant.get(f"/refunds/{refund['id']}")).json()["currency"] == currency


async def test_an_inline_customer_is_found_by_email_the_next_time(anyones: Client) -> None:
    email = {"email": "Ann@Example.com", "name": "Ann", "phone": "+1 787 555 0100"}
    first = (await anyones.pay(customer=email))["customer"]
    assert first == {"id": first["id"], "email": "Ann@Example.com"}
    again = (await anyones.pay(customer={"email": " ann@example.COM "}))["customer"]
    assert again["id"] == first["id"]
    other = (await anyones.pay(customer={"email": "bob@example.com"}))["customer"]
    assert other["id"] != first["id"]


async def test_a_customer_named_by_id_is_answered_by_id(anyones: Client) -> None:
    made = (await anyones.pay(customer={"email": "ann@example.com"}))["customer"]
    paid = await anyones.pay(customer=made["id"])
    assert paid["customer"] == made["id"]
    assert (await anyones.get(f"/payments/{paid['id']}")).json()["customer"] == made["id"]
    assert (await anyones.pay())["customer"] is None


async def test_payments_that_introduce_one_customer_at_once_share_it(anyones: Client) -> None:
    paid = await asyncio.gather(*[anyones.pay(customer={"email": "ann@example.com"}) for _ in range(8)])
    assert len({payment["customer"]["id"] for payment in paid}) == 1


async def test_a_declined_payment_introduces_its_customer_all_the_same(merchant: Client) -> None:
    body = {**PAYMENT, "card": {**CARD, "number": "4000000000000002"}, "customer": {"email": "ann@example.com"}}
    failed = (await merchant.post("/payments", body)).json()["error"]["payment"]
    assert failed["customer"]["email"] == "ann@example.com"
    again = await merchant.pay(customer=failed["customer"]["id"])
    assert again["customer"] == failed["customer"]["id"]


async def test_what_is_authorized_is_captured_in_parts(anyones: Client) -> None:
    held = await anyones.pay(capture_method="manual")
    assert (held["status"], held["amount_captured"], held["amount_capturable"]) == ("authorized", 0, 5000)
    path = f"/payments/{held['id']}"
    part = (await anyones.post(f"{path}/capture", {"amount": 2000})).json()
    assert (part["status"], part["amount_captured"], part["amount_capturable"]) == ("succeeded", 2000, 3000)
    more = await anyones.post(f"{path}/capture", {"amount": 3001})
    said = shop.error(more, 400, "invalid_request_error", "amount_too_large", "amount")
    assert said["message"] == "Amount must be at most $30.00 USD, which is what is left to capture."
    rest = (await anyones.post(f"{path}/capture")).json()
    assert (rest["amount_captured"], rest["amount_capturable"]) == (5000, 0)
    done = await anyones.post(f"{path}/capture")
    said = shop.error(done, 400, "invalid_request_error", "payment_unexpected_state")
    assert "succeeded" in said["message"]


async def test_what_is_authorized_can_be_canceled(anyones: Client) -> None:
    held = await anyones.pay(capture_method="manual")
    path = f"/payments/{held['id']}"
    canceled = (await anyones.post(f"{path}/cancel")).json()
    assert (canceled["status"], canceled["amount_capturable"], canceled["amount_captured"]) == ("canceled", 0, 0)
    for verb in ("capture", "cancel"):
        answer = await anyones.post(f"{path}/{verb}")
        assert "canceled" in shop.error(answer, 400, "invalid_request_error", "payment_unexpected_state")["message"]
    answer = await anyones.post(f"{path}/refund")
    shop.error(answer, 400, "invalid_request_error", "payment_not_refundable")


async def test_canceling_after_a_part_was_captured_releases_the_rest(anyones: Client) -> None:
    held = await anyones.pay(capture_method="manual")
    await anyones.post(f"/payments/{held['id']}/capture", {"amount": 2000})
    after = (await anyones.post(f"/payments/{held['id']}/cancel")).json()
    assert (after["status"], after["amount_captured"], after["amount_capturable"]) == ("succeeded", 2000, 0)


async def test_a_challenge_can_be_given_up(anyones: Client) -> None:
    waiting = await anyones.pay(card={**CARD, "number": "4000002500003155"})
    canceled = (await anyones.post(f"/payments/{waiting['id']}/cancel")).json()
    assert (canceled["status"], canceled["next_action"]) == ("canceled", None)
    page = await anyones.ask("POST", waiting["next_action"]["redirect_to_url"]["url"], b"outcome=approve&code=123456")
    assert page.status_code == 303
    assert (await anyones.get(f"/payments/{waiting['id']}")).json()["status"] == "canceled"


async def test_a_payment_that_succeeded_cannot_be_canceled_but_refunded(merchant: Client) -> None:
    paid = await merchant.pay()
    answer = await merchant.post(f"/payments/{paid['id']}/cancel")
    said = shop.error(answer, 400, "invalid_request_error", "payment_unexpected_state")
    assert "Refund" in said["message"]


async def test_refunds_add_up_to_what_was_captured_and_never_more(anyones: Client) -> None:
    paid = await anyones.pay()
    one = await anyones.post(f"/payments/{paid['id']}/refund", {"amount": 1000, "reason": "Came broken"})
    assert (one.json()["status"], one.json()["reason"]) == ("succeeded", "Came broken")
    after = (await anyones.get(f"/payments/{paid['id']}")).json()
    assert (after["amount_refunded"], after["refunded"], after["status"]) == (1000, False, "succeeded")
    answer = await anyones.post("/refunds", {"payment": paid["id"], "amount": 4001})
    said = shop.error(answer, 400, "invalid_request_error", "amount_too_large", "amount")
    assert said["message"] == "Amount must be at most $40.00 USD, which is what is left to refund."
    rest = (await anyones.post("/refunds", {"payment": paid["id"], "metadata": {"case": "7"}})).json()
    assert (rest["amount"], rest["metadata"]) == (4000, {"case": "7"})
    after = (await anyones.get(f"/payments/{paid['id']}")).json()
    assert (after["amount_refunded"], after["refunded"]) == (5000, True)
    for path, body in (("/refunds", {"payment": paid["id"]}), (f"/payments/{paid['id']}/refund", {"amount": 1})):
        answer = await anyones.post(path, body)
        shop.error(answer, 400, "invalid_request_error", "payment_not_refundable")


class Slowly:
    """A bank that takes its time, so that requests meet while they are under way."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def send(self, request: BankRequest) -> BankAnswer | Lost:
        await asyncio.sleep(0.02)
        return await self._transport.send(request)


@pytest.fixture
def slow_bank(either: Assembly, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bank of `either` takes its time."""
    monkeypatch.setattr(either.gateway, "transport", Slowly(either.gateway.transport))


@pytest.mark.usefixtures("slow_bank")
async def test_refunds_at_once_never_exceed_what_was_captured(anyones: Client) -> None:
    paid = await anyones.pay()
    path = f"/payments/{paid['id']}/refund"
    answers = await asyncio.gather(*[anyones.post(path, {"amount": 1500}) for _ in range(8)])
    given = [answer for answer in answers if answer.status_code == 200]
    assert len(given) == 3
    assert {answer.status_code for answer in answers} <= {200, 400, 409}
    after = (await anyones.get(f"/payments/{paid['id']}")).json()
    assert after["amount_refunded"] == 4500
    assert len(await anyones.listed("/refunds")) == 3


@pytest.mark.usefixtures("slow_bank")
async def test_captures_at_once_never_exceed_what_was_authorized(anyones: Client) -> None:
    held = await anyones.pay(capture_method="manual")
    path = f"/payments/{held['id']}/capture"
    answers = await asyncio.gather(*[anyones.post(path, {"amount": 2000}) for _ in range(6)])
    assert [answer.status_code for answer in answers].count(200) == 2
    assert {answer.status_code for answer in answers} <= {200, 400, 409}
    assert (await anyones.get(f"/payments/{held['id']}")).json()["amount_captured"] == 4000


@pytest.mark.usefixtures("slow_bank")
async def test_one_token_pays_once_however_many_try(anyones: Client) -> None:
    token = (await anyones.post("/tokens", {"card": CARD})).json()["id"]
    body = {"amount": 5000, "currency": "usd", "payment_method": token}
    answers = await asyncio.gather(*[anyones.post("/payments", body) for _ in range(6)])
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400, 400, 400]
    assert len(await anyones.listed("/payments")) == 1


async def test_a_refund_has_every_field_and_can_be_looked_at(merchant: Client) -> None:
    paid = await merchant.pay()
    refund = (await merchant.post("/refunds", {"payment": paid["id"], "amount": 100})).json()
    assert refund.keys() == {
        *("id", "object", "amount", "currency", "payment", "payment_intent", "charge", "reason", "status"),
        *("failure_code", "failure_message", "metadata", "created", "livemode"),
    }
    assert (await merchant.get(f"/refunds/{refund['id']}")).json() == refund


async def test_a_refund_names_its_payment_by_either_name(merchant: Client) -> None:
    paid = await merchant.pay()
    intent = paid["id"].replace("pay_", "pi_")
    refund = (await merchant.post("/refunds", {"payment_intent": intent, "amount": 100})).json()
    assert (refund["payment"], refund["payment_intent"]) == (paid["id"], intent)


@pytest.mark.parametrize("id", ["pay_{}", "{}", "pi_pi_{}", "PI_{}", ""])
async def test_what_is_no_intent_is_not_found_as_one(merchant: Client, id: str) -> None:
    paid = await merchant.pay()
    answer = await merchant.post("/refunds", {"payment_intent": id.format(paid["id"].removeprefix("pay_"))})
    shop.error(answer, 404, "invalid_request_error", "resource_missing", "payment_intent")


async def test_a_refund_of_a_payment_and_an_intent_is_refused(merchant: Client) -> None:
    paid = await merchant.pay()
    body = {"payment": paid["id"], "payment_intent": paid["id"].replace("pay_", "pi_")}
    answer = await merchant.post("/refunds", body)
    shop.error(answer, 400, "invalid_request_error", "parameter_invalid", "payment_intent")


async def test_what_failed_or_waits_cannot_be_refunded(merchant: Client) -> None:
    declined = await merchant.post("/payments", {**PAYMENT, "card": {**CARD, "number": "4000000000000002"}})
    held = await merchant.pay(capture_method="manual")
    for payment in (declined.json()["error"]["payment"], held):
        answer = await merchant.post("/refunds", {"payment": payment["id"]})
        said = shop.error(answer, 400, "invalid_request_error", "payment_not_refundable")
        assert payment["status"] in said["message"]


async def test_an_operation_on_what_waits_for_the_payer_is_a_conflict_to_retry(merchant: Client) -> None:
    waiting = await merchant.pay(card={**CARD, "number": "4000002500003155"})
    for verb in ("capture", "refund"):
        answer = await merchant.post(f"/payments/{waiting['id']}/{verb}")
        shop.error(answer, 409, "invalid_request_error", "operation_in_progress")
        assert answer.headers["retry-after"] == "1"


async def balance(client: Client) -> dict[str, int]:
    """Available and pending together."""
    shown: dict[str, Any] = (await client.get("/balance")).json()
    assert shown.keys() == {"object", "available", "pending", "livemode"}
    assert (shown["object"], shown["livemode"]) == ("balance", False)
    pending = {owed["currency"]: owed["amount"] for owed in shown["pending"]}
    return {owed["currency"]: owed["amount"] + pending[owed["currency"]] for owed in shown["available"]}


async def test_the_balance_is_what_was_captured_less_fees_and_refunds(anyones: Client) -> None:
    assert await balance(anyones) == {}
    await anyones.pay(amount=10_000)
    # 2.9 % and 30 cents.
    assert await balance(anyones) == {"usd": 10_000 - 320}
    held = await anyones.pay(amount=20_000, currency="EUR", capture_method="manual")
    assert await balance(anyones) == {"usd": 9680}
    await anyones.post(f"/payments/{held['id']}/capture", {"amount": 10_000})
    # 2.9 % and 25 cents.
    assert await balance(anyones) == {"usd": 9680, "eur": 10_000 - 315}
    # The fixed part is taken once.
    await anyones.post(f"/payments/{held['id']}/capture")
    assert await balance(anyones) == {"usd": 9680, "eur": 20_000 - 605}
    await anyones.post(f"/payments/{held['id']}/refund", {"amount": 5000})
    assert await balance(anyones) == {"usd": 9680, "eur": 20_000 - 605 - 5000}
    await anyones.post("/payments", {**PAYMENT, "card": {**CARD, "number": "4000000000000002"}})
    canceled = await anyones.pay(capture_method="manual")
    await anyones.post(f"/payments/{canceled['id']}/cancel")
    assert await balance(anyones) == {"usd": 9680, "eur": 14_395}


async def test_a_balance_can_fall_below_nothing(merchant: Client) -> None:
    paid = await merchant.pay(amount=10_000)
    await merchant.post("/refunds", {"payment": paid["id"]})
    assert await balance(merchant) == {"usd": -320}
