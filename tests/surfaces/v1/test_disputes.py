"""Disputes as a merchant sees them: opened by the bank, answered, won, lost or accepted."""

import asyncio
import time
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from tests.surfaces.v1 import shop
from tests.surfaces.v1.shop import CARD, Client
from tillgate import clock
from tillgate.core.instants import SECOND
from tillgate.sandbox.chargebacks import Stage
from tillgate.store import schema

pytestmark = pytest.mark.anyio

DISPUTED_CARD = {**CARD, "number": "4000000000000259"}

SIX = ("service_date", "shipping_date", "customer_name", "shipping_address", "shipping_carrier", "billing_address")

FIELDS = {
    *(
        "id",
        "object",
        "amount",
        "currency",
        "charge",
        "fee",
        "payment",
        "payment_intent",
        "reason",
        "status",
        "evidence",
    ),
    *("evidence_details", "pending_response", "metadata", "created", "livemode"),
}


async def the_bank_acts(client: Client) -> None:
    """What is due at the bank happens, and is told."""
    assert client.parts.bank is not None
    bank, silent = client.parts.bank, (Stage.PLANNED, Stage.DROPPED)
    while True:
        acted = await bank.look_after_disputes()
        untold = [one for one in bank.disputes() if one.told < one.version and one.stage not in silent]
        if not acted and not untold:
            return
        # The server's own round may be telling just now.
        await asyncio.sleep(0.01)


async def open_dispute(client: Client, **given: Any) -> dict[str, Any]:
    answer = await client.ask(
        "POST", "/sandbox/disputes", msgspec.json.encode(given), {"content-type": "application/json"}
    )
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def owed(client: Client) -> int:
    (balance,) = (await client.get("/balance")).json()["available"]
    return int(balance["amount"])


async def look(client: Client, dispute: dict[str, Any]) -> dict[str, Any]:
    return dict((await client.get(f"/disputes/{dispute['id']}")).json())


async def events(client: Client, payment: str) -> list[str]:
    rows = await client.parts.gateway.store.engine.fetch(_EVENTS, {"stream": payment})
    assert [row[0] for row in rows] == list(range(1, len(rows) + 1))
    return [row[1] for row in rows]


_EVENTS = (
    sa.select(schema.events.c.sequence, schema.events.c.type)
    .where(schema.events.c.stream == sa.bindparam("stream"))
    .order_by(schema.events.c.sequence)
)


async def test_a_payment_by_the_disputed_card_succeeds_and_is_disputed(anyones: Client) -> None:
    paid = await anyones.pay(card=DISPUTED_CARD, currency="USD")
    assert (paid["status"], paid["disputed"], paid["dispute"], paid["amount_disputed"]) == ("succeeded", False, None, 0)
    before = await owed(anyones)
    await the_bank_acts(anyones)
    (dispute,) = await anyones.listed("/disputes")
    assert dispute.keys() == FIELDS
    assert (dispute["amount"], dispute["currency"], dispute["fee"]) == (5000, "USD", 1500)
    assert (dispute["payment"], dispute["status"], dispute["reason"]) == (paid["id"], "needs_response", "fraudulent")
    # The bank's week begins before we hear of it.
    assert -60 <= dispute["evidence_details"]["due_by"] - dispute["created"] - 7 * 24 * 3600 <= 0
    assert await look(anyones, dispute) == dispute
    assert await owed(anyones) == before - 5000 - 1500
    after = (await anyones.get(f"/payments/{paid['id']}")).json()
    assert (after["disputed"], after["dispute"], after["amount_disputed"]) == (True, dispute["id"], 5000)
    answer = await anyones.post("/refunds", {"payment": paid["id"]})
    shop.error(answer, 400, "invalid_request_error", "payment_disputed")
    assert await events(anyones, paid["id"]) == [
        *("payment.created", "payment.succeeded", "dispute.created", "dispute.funds_withdrawn")
    ]
    told = {event["type"]: event for event in await anyones.listed("/events")}
    assert told["dispute.created"]["data"]["object"] == dispute
    assert [told[type]["sequence"] for type in ("dispute.created", "dispute.funds_withdrawn")] == [3, 4]
    moved = (await anyones.listed("/balance_transactions?expand[]=data.source"))[0]
    assert (moved["amount"], moved["fee"], moved["source"]["id"]) == (-5000, 1500, dispute["id"])


async def test_the_holder_of_the_disputed_card_objects_to_what_is_captured(anyones: Client) -> None:
    held = await anyones.pay(card=DISPUTED_CARD, capture_method="manual")
    await the_bank_acts(anyones)
    assert await anyones.listed("/disputes") == []
    await anyones.post(f"/payments/{held['id']}/capture", {"amount": 2000})
    await the_bank_acts(anyones)
    (dispute,) = await anyones.listed("/disputes")
    assert dispute["amount"] == 2000


async def test_winning_evidence_returns_the_money_and_not_the_fee(anyones: Client) -> None:
    paid = await anyones.pay()
    before = await owed(anyones)
    dispute = await open_dispute(anyones, payment=paid["id"], amount=3000, reason="product_not_received")
    assert (dispute["amount"], dispute["reason"]) == (3000, "product_not_received")
    staged = {"evidence": {"shipping_carrier": "Post", "customer_name": "Ann"}, "submit": False}
    answer = (await anyones.post(f"/disputes/{dispute['id']}", staged)).json()
    assert (answer["status"], answer["evidence_details"]["has_evidence"]) == ("needs_response", True)
    body = {"evidence": {"uncategorized_text": "winning_evidence", "customer_name": ""}, "metadata": {"case": "7"}}
    answer = (await anyones.post(f"/disputes/{dispute['id']}", body)).json()
    assert (answer["status"], answer["pending_response"], answer["metadata"]) == ("under_review", None, {"case": "7"})
    given = {name: text for name, text in answer["evidence"].items() if text}
    assert given == {"shipping_carrier": "Post", "uncategorized_text": "winning_evidence"}
    assert answer["evidence_details"]["submission_count"] == 1
    await the_bank_acts(anyones)
    assert (await look(anyones, dispute))["status"] == "won"
    assert await owed(anyones) == before - 1500
    after = (await anyones.get(f"/payments/{paid['id']}")).json()
    assert (after["amount_disputed"], after["disputed"]) == (0, True)
    assert (await anyones.post("/refunds", {"payment": paid["id"]})).json()["amount"] == 5000
    assert (await events(anyones, paid["id"]))[2:8] == [
        *("dispute.created", "dispute.funds_withdrawn", "dispute.updated", "dispute.updated", "dispute.updated"),
        "dispute.funds_reinstated",
    ]


@pytest.mark.parametrize("text", ["losing_evidence", "The parcel was delivered."])
async def test_other_evidence_loses(anyones: Client, text: str) -> None:
    paid = await anyones.pay()
    before = await owed(anyones)
    dispute = await open_dispute(anyones, payment=paid["id"])
    await anyones.post(f"/disputes/{dispute['id']}", {"evidence": {"uncategorized_text": text}})
    await the_bank_acts(anyones)
    assert (await look(anyones, dispute))["status"] == "lost"
    assert await owed(anyones) == before - 5000 - 1500
    answer = await anyones.post(f"/disputes/{dispute['id']}/close")
    shop.error(answer, 400, "invalid_request_error", "dispute_unexpected_state")
    answer = await anyones.post(f"/disputes/{dispute['id']}", {"evidence": {"uncategorized_text": "But"}})
    shop.error(answer, 400, "invalid_request_error", "dispute_unexpected_state")
    noted = await anyones.post(f"/disputes/{dispute['id']}", {"metadata": {"lesson": "learned"}})
    assert noted.json()["metadata"] == {"lesson": "learned"}


async def test_an_accepted_dispute_is_lost_at_once(anyones: Client) -> None:
    paid = await anyones.pay()
    dispute = await open_dispute(anyones, payment=paid["id"])
    answers = [await anyones.post(f"/disputes/{dispute['id']}/close", key="accept") for _ in range(2)]
    assert {answer.status_code for answer in answers} == {200}
    assert answers[0].content == answers[1].content
    assert answers[0].json()["status"] == "lost"
    assert (await events(anyones, paid["id"]))[-1] == "dispute.closed"


async def test_a_dispute_that_nobody_answers_is_lost_when_its_time_is_over(
    anyones: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    paid = await anyones.pay()
    wall = anyones.parts.gateway.clock.wall() // SECOND
    dispute = await open_dispute(anyones, payment=paid["id"], evidence_due_by=wall + 300)
    monkeypatch.setattr(clock, "time", SimpleNamespace(time_ns=lambda: time.time_ns() + 300_000_000_000))
    answer = await anyones.post(f"/disputes/{dispute['id']}", {"evidence": {"uncategorized_text": "late"}})
    shop.error(answer, 400, "invalid_request_error", "dispute_unexpected_state")
    await the_bank_acts(anyones)
    assert (await look(anyones, dispute))["status"] == "lost"


async def test_disputes_are_listed_by_payment_status_and_time(anyones: Client) -> None:
    first, second = [await open_dispute(anyones, payment=(await anyones.pay())["id"]) for _ in range(2)]
    third = await open_dispute(anyones, payment=(await anyones.pay())["id"], amount=100)
    await anyones.post(f"/disputes/{third['id']}/close")

    async def found(query: str) -> list[str]:
        return [dispute["id"] for dispute in await anyones.listed(f"/disputes?{query}")]

    every = [third["id"], second["id"], first["id"]]
    assert await found("") == every
    assert await found(f"payment={second['payment']}") == [second["id"]]
    assert await found("status=lost") == [third["id"]]
    assert await found("status=needs_response") == every[1:]
    assert await found(f"status=lost&payment={second['payment']}") == []
    assert await found(f"status=needs_response&payment={second['payment']}") == [second["id"]]
    assert await found("limit=1") == every[:1]
    assert await found(f"starting_after={third['id']}&limit=1") == [second["id"]]
    now = first["created"]
    assert await found(f"created%5Bgte%5D={now}") == every
    assert await found(f"created[gt]={now + 60}") == []
    assert await found(f"created[lt]={now}") == []
    assert await found(f"created[lte]={now + 60}&created[gte]={now}") == every
    answer = await anyones.get("/disputes?status=lots")
    shop.error(answer, 400, "invalid_request_error", "parameter_invalid", "status")


async def test_what_is_anothers_cannot_be_seen_or_answered(merchant: Client, demo: Client) -> None:
    dispute = await open_dispute(merchant, payment=(await merchant.pay())["id"])
    path = f"/disputes/{dispute['id']}"
    for answer in (await demo.get(path), await demo.post(path, {"metadata": {}}), await demo.post(f"{path}/close")):
        shop.error(answer, 404, "invalid_request_error", "resource_missing", "id")
    body = msgspec.json.encode({"payment": dispute["payment"]})
    answer = await demo.ask("POST", "/sandbox/disputes", body, {"content-type": "application/json"})
    shop.error(answer, 404, "invalid_request_error", "resource_missing", "payment")


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        ({"evidence": {"uncategorized": "x"}}, "parameter_unknown", "evidence.uncategorized"),
        ({"evidence": "winning_evidence"}, "parameter_invalid", "evidence"),
        ({"evidence": {"uncategorized_text": 1}}, "parameter_invalid", "evidence.uncategorized_text"),
        ({"evidence": {"uncategorized_text": "x" * 10_001}}, "parameter_invalid", "evidence.uncategorized_text"),
        (
            {"evidence": dict.fromkeys(SIX, "x" * 9_000)},
            "parameter_invalid",
            "evidence",
        ),
        ({"submit": True}, "parameter_missing", "evidence"),
        ({"submit": "yes"}, "parameter_invalid", "submit"),
        ({"status": "won"}, "parameter_unknown", "status"),
    ],
)
async def test_a_response_that_cannot_be_is_refused_by_name(
    merchant: Client, body: dict[str, Any], code: str, param: str
) -> None:
    dispute = await open_dispute(merchant, payment=(await merchant.pay())["id"])
    answer = await merchant.post(f"/disputes/{dispute['id']}", body)
    shop.error(answer, 400, "invalid_request_error", code, param)
    assert await look(merchant, dispute) == dispute


@pytest.mark.parametrize(
    ("given", "code", "param"),
    [
        ({}, "parameter_missing", "payment"),
        ({"amount": 5001}, "payment_not_disputable", "amount"),
        ({"amount": 0}, "amount_invalid", "amount"),
        ({"reason": "bad mood"}, "parameter_invalid", "reason"),
        ({"evidence_due_by": 1}, "parameter_invalid", "evidence_due_by"),
    ],
)
async def test_a_dispute_that_cannot_be_is_not_opened(
    merchant: Client, given: dict[str, Any], code: str, param: str
) -> None:
    paid = await merchant.pay()
    if given:
        given = {"payment": paid["id"], **given}
    body = msgspec.json.encode(given)
    answer = await merchant.ask("POST", "/sandbox/disputes", body, {"content-type": "application/json"})
    shop.error(answer, 400, "invalid_request_error", code, param)
    assert await merchant.listed("/disputes") == []


async def test_refunded_and_disputed_never_exceed_what_was_captured(anyones: Client) -> None:
    paid = await anyones.pay()
    await anyones.post("/refunds", {"payment": paid["id"], "amount": 2000})
    dispute = await open_dispute(anyones, payment=paid["id"])
    assert dispute["amount"] == 3000
    after = (await anyones.get(f"/payments/{paid['id']}")).json()
    assert (after["amount_refunded"], after["amount_disputed"], after["amount_captured"]) == (2000, 3000, 5000)
    body = msgspec.json.encode({"payment": paid["id"]})
    answer = await anyones.ask("POST", "/sandbox/disputes", body, {"content-type": "application/json"})
    shop.error(answer, 400, "invalid_request_error", "payment_not_disputable", "amount")


async def test_one_key_opens_one_dispute_and_has_one_answer(anyones: Client) -> None:
    paid = await anyones.pay()
    body = msgspec.json.encode({"payment": paid["id"], "amount": 1000})
    headers = {"content-type": "application/json", "idempotency-key": "once"}
    answers = await asyncio.gather(*[anyones.ask("POST", "/sandbox/disputes", body, headers) for _ in range(5)])
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    await anyones.post(f"/disputes/{answers[0].json()['id']}/close")
    assert (await anyones.ask("POST", "/sandbox/disputes", body, headers)).content == answers[0].content
    assert len(await anyones.listed("/disputes")) == 1
    other = msgspec.json.encode({"payment": paid["id"], "amount": 1001})
    answer = await anyones.ask("POST", "/sandbox/disputes", other, headers)
    shop.error(answer, 400, "idempotency_error", "idempotency_key_reused")


async def test_a_response_is_given_once_however_many_try(anyones: Client) -> None:
    paid = await anyones.pay()
    dispute = await open_dispute(anyones, payment=paid["id"])
    path = f"/disputes/{dispute['id']}"
    asks = [anyones.post(path, {"evidence": {"uncategorized_text": f"winning_evidence {n}"}}) for n in range(4)]
    answers = await asyncio.gather(*asks, *[anyones.post(f"{path}/close") for _ in range(4)])
    assert [answer.status_code for answer in answers].count(200) == 1
    assert {answer.status_code for answer in answers} <= {200, 400, 409}
    await the_bank_acts(anyones)
    assert (await look(anyones, dispute))["status"] in ("won", "lost")
