"""What the API says when it says no: complete, plain, and explained on a page."""

import json
import re
from typing import Any

import pytest

from tests.surfaces.v1 import shop
from tests.surfaces.v1.shop import PAYMENT, Client
from tillgate.assembly import Assembly
from tillgate.connectors import sandbox
from tillgate.connectors.contract import BankAnswer, BankRequest
from tillgate.core.reasons import Reason, Refused
from tillgate.flows import payments
from tillgate.http.exchange import Request
from tillgate.surfaces.v1 import errors, wordings

pytestmark = pytest.mark.anyio

TYPES = {
    "invalid_request_error": {400, 404, 405, 408, 409, 413},
    "authentication_error": {401},
    "card_error": {402},
    "permission_error": {403},
    "idempotency_error": {400, 409},
    "rate_limit_error": {429},
    "api_error": {500, 503},
}


def request(path: str = "/v1/payments") -> Request:
    scope = {"method": "POST", "raw_path": path.encode(), "headers": [(b"host", b"pay.example")], "scheme": "https"}
    return Request(scope, "req_1")


def test_every_reason_has_words() -> None:
    assert set(wordings.WORDINGS) == set(Reason)


@pytest.mark.parametrize("wording", list(errors.every()), ids=lambda wording: wording.code)
def test_every_type_goes_with_its_statuses(wording: wordings.Wording) -> None:
    assert wording.status in TYPES[wording.type.value]
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", wording.code)
    assert wording.sentence == wording.sentence.strip()
    assert wording.sentence[0].isupper()


@pytest.mark.parametrize("reason", list(Reason))
def test_a_refusal_can_be_told_whatever_details_it_lacks(reason: Reason) -> None:
    said = json.loads(errors.refusal(request(), Refused(reason)).body)["error"]
    assert "{" not in said["message"]


OF_PAYOUTS = {Reason.PAYOUT_DECLINED, Reason.ACCOUNT_UNKNOWN, Reason.ACCOUNT_CLOSED}
"""What a bank says of where money goes to, which is no card; nobody waits for the answer."""


@pytest.mark.parametrize("reason", sorted({*sandbox.REASONS.values(), Reason.NEVER_SEEN} - OF_PAYOUTS))
def test_what_a_bank_refuses_is_a_card_error_in_a_whole_sentence(reason: Reason) -> None:
    reply = errors.decline(request(), reason, payment={"id": "pay_1"})
    said = json.loads(reply.body)["error"]
    assert (reply.status, said["type"], said["payment"]) == (402, "card_error", {"id": "pay_1"})
    assert "{" not in said["message"]
    assert errors.told(reason) == (said["code"], said["message"])


async def test_every_error_leads_to_its_row_on_the_page(app: Assembly) -> None:
    page = await Client(app, None).ask("GET", "/docs/errors")
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    rows = re.findall(r'<tr id="([a-z_]+)">', page.text)
    assert len(rows) == len(set(rows))
    assert set(rows) == {wording.code for wording in errors.every()}
    assert "{" not in page.text.partition("<table>")[2]
    codes = {"invalid_expiry_month", "invalid_expiry_year", "capture_declined", "request_malformed", "internal_error"}
    assert codes <= set(rows)


async def test_the_address_in_an_error_can_be_followed(merchant: Client) -> None:
    said = shop.any_error(await merchant.get("/payments/pay_x"))
    url, _, anchor = said["doc_url"].partition("#")
    page = await merchant.ask("GET", url)
    assert f'id="{anchor}"' in page.text


async def test_an_unknown_page_of_the_docs_is_an_error_like_any_other(app: Assembly) -> None:
    answer = await Client(app, None).ask("GET", "/docs/error")
    shop.error(answer, 404, "invalid_request_error", "resource_missing")


class Refusing:
    """A bank that refuses everything with one code."""

    def __init__(self, code: str) -> None:
        self.code = code

    async def send(self, asked: BankRequest) -> BankAnswer:
        order = json.loads(asked.body)
        kind = asked.url.rpartition("/")[2].removesuffix("s")
        said = {**order, "result": "declined", "kind": kind, "code": self.code}
        return BankAnswer(402, json.dumps(said).encode())


@pytest.mark.parametrize(
    ("verb", "bank_code", "code"),
    [
        ("capture", "exceeds_authorized", "capture_declined"),
        ("capture", "authorization_released", "authorization_expired"),
        ("cancel", "nothing_held", "cancel_declined"),
    ],
)
async def test_a_bank_whose_books_say_otherwise_is_quoted_in_plain_words(
    merchant: Client, monkeypatch: pytest.MonkeyPatch, verb: str, bank_code: str, code: str
) -> None:
    held = await merchant.pay(capture_method="manual")
    with monkeypatch.context() as patch:
        patch.setattr(merchant.parts.gateway, "transport", Refusing(bank_code))
        answer = await merchant.post(f"/payments/{held['id']}/{verb}", key="once")
    said = shop.error(answer, 402, "card_error", code)
    assert said["payment"]["id"] == held["id"]
    assert said["payment"] == (await merchant.get(f"/payments/{held['id']}")).json()
    if verb == "capture":
        assert said["payment"]["failure_code"] == code
        assert said["payment"]["failure_message"] == said["message"]
    assert (await merchant.post(f"/payments/{held['id']}/{verb}", key="once")).content == answer.content


async def test_a_refund_that_the_issuer_does_not_take_is_a_failed_refund(
    merchant: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    paid = await merchant.pay()
    with monkeypatch.context() as patch:
        patch.setattr(merchant.parts.gateway, "transport", Refusing("exceeds_captured"))
        refund = (await merchant.post("/refunds", {"payment": paid["id"]})).json()
    assert (refund["status"], refund["failure_code"]) == ("failed", "refund_declined")
    assert "{" not in refund["failure_message"]
    after = (await merchant.get(f"/payments/{paid['id']}")).json()
    assert (after["amount_refunded"], after["refunded"]) == (0, False)
    assert (await merchant.post("/refunds", {"payment": paid["id"]})).json()["status"] == "succeeded"


async def test_a_fault_of_ours_tells_nothing_of_itself(merchant: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: Any) -> None:
        raise RuntimeError("a secret of the house: sk_live_0123456789")

    monkeypatch.setattr(payments, "create", fail)
    answer = await merchant.post("/payments", PAYMENT)
    assert answer.status_code == 500
    said = answer.json()["error"]
    assert (said["type"], said["code"]) == ("api_error", "internal_error")
    assert said["message"] == "Something went wrong on our side."
    assert said["request_id"] == answer.headers["x-request-id"]
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text


async def test_health_and_readiness_need_no_key(either: Assembly) -> None:
    anybody = Client(either, None)
    health, ready = await anybody.ask("GET", "/health"), await anybody.ask("GET", "/ready")
    assert (health.status_code, health.json()) == (200, {"status": "alive"})
    assert (ready.status_code, ready.json()) == (200, {"status": "ready"})


async def test_no_answer_is_kept_by_a_cache_or_taken_for_another_type(merchant: Client) -> None:
    for answer in (
        await merchant.get("/balance"),
        await merchant.get("/nowhere"),
        await merchant.post("/payments", {}),
    ):
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-request-id"].startswith("req_")
