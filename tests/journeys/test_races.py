"""Races over the wire: sixteen requests at once about one payment, again and again, and one outcome each time."""

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any

import pytest

from tests.databases import Databases
from tests.journeys.merchant import CARD_PAYMENT, Answer, Merchant
from tests.servers import Server, serving
from tests.sizes import at_size

pytestmark = pytest.mark.anyio

AT_ONCE = 16
ROUNDS = at_size(5, 500)
TURNS = at_size(2, 500)
"""Of races that others are like."""

MANUAL = {**CARD_PAYMENT, "capture_method": "manual"}


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One for all races: on SQLite, and two processes on PostgreSQL.

    Its bank takes its time, so that many ask while its answers are on the way.
    """
    data = tmp_path_factory.mktemp("races") / "data"
    environment = {"TILLGATE_BANK_FAULTS": "latency_seconds=0.005-0.03,seed=5"}
    with contextlib.ExitStack() as stack:
        database, workers = None, 1
        if request.param == "postgres":
            databases: Databases = request.getfixturevalue("databases")
            database, workers = stack.enter_context(databases.lent()), 2
        yield stack.enter_context(serving(data, database=database, workers=workers, environment=environment))


async def race(server: Server, opening: dict[str, Any], asks: list[tuple[str, object]]) -> tuple[list[Answer], Any]:
    """Open a payment, ask everything about it at once, and look at it afterwards."""
    merchants = [Merchant(server.url) for _ in asks]
    payment = (await merchants[0].ask("POST", "/v1/payments", opening)).told["id"]
    answers = await asyncio.gather(
        *(
            merchant.ask("POST", f"/v1/payments/{payment}/{what}", body)
            for merchant, (what, body) in zip(merchants, asks, strict=True)
        )
    )
    afterwards = (await merchants[0].ask("GET", f"/v1/payments/{payment}")).told
    for merchant in merchants:
        merchant.hang_up()
    return list(answers), afterwards


def count(answers: list[Answer]) -> int:
    """How many were told yes; the others were told why not."""
    assert {answer.status for answer in answers} <= {200, 400, 409}, [answer.told for answer in answers]
    return sum(answer.status == 200 for answer in answers)


async def test_of_captures_and_cancels_one_wins(server: Server) -> None:
    for turn in range(ROUNDS):
        asks: list[tuple[str, object]] = [("capture", None), ("cancel", None)] * (AT_ONCE // 2)
        # Now a capture comes first, now a cancel; who wins is nobody's claim.
        asks = asks[turn % 2 :]
        answers, payment = await race(server, MANUAL, asks)
        assert count(answers) == 1
        assert payment["status"] in ("succeeded", "canceled")
        assert payment["amount_captured"] == (1_600 if payment["status"] == "succeeded" else 0)
        assert payment["amount_capturable"] == 0
    assert (await server.audit()).differences == []


async def test_of_confirmations_and_cancels_of_an_intent_one_wins(server: Server) -> None:
    merchants = [Merchant(server.url) for _ in range(AT_ONCE)]
    body = {"payment_method_data": {"type": "card", "card": CARD_PAYMENT["card"]}}
    for turn in range(ROUNDS):
        intent = (await merchants[0].ask("POST", "/v1/payment_intents", {"amount": 1_600, "currency": "usd"})).told[
            "id"
        ]
        asks = [("confirm", body), ("cancel", None)] * (AT_ONCE // 2)
        answers = await asyncio.gather(
            *(
                merchant.ask("POST", f"/v1/payment_intents/{intent}/{what}", given)
                for merchant, (what, given) in zip(merchants, asks[turn % 2 :], strict=False)
            )
        )
        assert count(answers) == 1
        afterwards = (await merchants[0].ask("GET", f"/v1/payment_intents/{intent}")).told
        assert (afterwards["status"], afterwards["amount_received"]) in (("succeeded", 1_600), ("canceled", 0))
    for merchant in merchants:
        merchant.hang_up()
    assert (await server.audit()).differences == []


async def test_of_captures_and_cancels_of_an_intent_one_wins(server: Server) -> None:
    merchants = [Merchant(server.url) for _ in range(AT_ONCE)]
    method = {"payment_method_data": {"type": "card", "card": CARD_PAYMENT["card"]}}
    opening = {"amount": 1_600, "currency": "usd", "capture_method": "manual", "confirm": True, **method}
    for turn in range(TURNS):
        intent = (await merchants[0].ask("POST", "/v1/payment_intents", opening)).told["id"]
        asks = ["capture", "cancel"] * (AT_ONCE // 2)
        answers = await asyncio.gather(
            *(
                merchant.ask("POST", f"/v1/payment_intents/{intent}/{what}", None)
                for merchant, what in zip(merchants, asks[turn % 2 :], strict=False)
            )
        )
        assert count(answers) == 1
        afterwards = (await merchants[0].ask("GET", f"/v1/payment_intents/{intent}")).told
        assert (afterwards["status"], afterwards["amount_received"]) in (("succeeded", 1_600), ("canceled", 0))
        assert afterwards["amount_capturable"] == 0
    for merchant in merchants:
        merchant.hang_up()
    assert (await server.audit()).differences == []


async def test_payouts_and_refunds_never_take_the_same_money_twice(server: Server) -> None:
    """What refunds take below zero is made up for by what comes in next, before anything more is paid out."""
    maker = Merchant(server.url)
    nobody_else = (await maker.ask("POST", "/sandbox/merchants", {"name": "Payouts"})).told
    maker.hang_up()
    merchants = [Merchant(server.url, nobody_else["secret_key"]) for _ in range(AT_ONCE)]
    account: dict[str, object] = {"account_holder_name": "Ann", "country": "US", "routing_number": "110000000"}
    await merchants[0].ask("POST", "/v1/bank_accounts", {**account, "account_number": "000123456789"})
    expected = 0
    for turn in range(TURNS):
        card = {"number": "4000000000000077", "exp_month": 12, "exp_year": 2034, "cvc": "123"}
        paid = (await merchants[0].ask("POST", "/v1/payments", {**CARD_PAYMENT, "card": card})).told
        (moved,) = (await merchants[0].ask("GET", f"/v1/balance_transactions?source={paid['id']}")).told["data"]
        expected += moved["net"]
        payout: tuple[str, object] = ("/v1/payouts", {"currency": "usd", "amount": 400})
        refund: tuple[str, object] = ("/v1/refunds", {"payment": paid["id"], "amount": 400})
        asks = [payout, refund] * (AT_ONCE // 2)
        answers = await asyncio.gather(
            *(
                merchant.ask("POST", path, body)
                for merchant, (path, body) in zip(merchants, asks[turn % 2 :], strict=False)
            )
        )
        count(list(answers))
        told = [answer.told for answer in answers if answer.status == 200]
        assert sum(one["amount"] for one in told if one["object"] == "refund") == 1_600
        expected -= sum(one["amount"] for one in told)
        (balance,) = (await merchants[0].ask("GET", "/v1/balance")).told["available"]
        assert balance["amount"] == expected
    for merchant in merchants:
        merchant.hang_up()
    assert (await server.audit()).differences == []


async def test_captures_never_take_more_than_was_authorized(server: Server) -> None:
    for _ in range(ROUNDS):
        answers, payment = await race(server, MANUAL, [("capture", {"amount": 300})] * AT_ONCE)
        assert count(answers) == 5
        assert (payment["amount_captured"], payment["amount_capturable"]) == (1_500, 100)
    assert (await server.audit()).differences == []


async def test_refunds_never_give_back_more_than_was_captured(server: Server) -> None:
    for _ in range(ROUNDS):
        answers, payment = await race(server, CARD_PAYMENT, [("refund", {"amount": 300})] * AT_ONCE)
        assert count(answers) == 5
        assert payment["amount_refunded"] == 1_500
    assert (await server.audit()).differences == []


async def test_refunds_and_disputes_never_take_more_than_was_captured(server: Server) -> None:
    """Whoever is quicker has it: the merchant who gives back, or the cardholders who object."""
    for turn in range(ROUNDS):
        merchants = [Merchant(server.url) for _ in range(AT_ONCE)]
        payment = (await merchants[0].ask("POST", "/v1/payments", CARD_PAYMENT)).told["id"]
        paths = ["/v1/refunds", "/sandbox/disputes"] * (AT_ONCE // 2)
        if turn % 2:
            paths.reverse()
        answers = await asyncio.gather(
            *(
                merchant.ask("POST", path, {"payment": payment, "amount": 300})
                for merchant, path in zip(merchants, paths, strict=True)
            )
        )
        count(list(answers))
        told = [answer.told for answer in answers if answer.status == 200]
        refunded = sum(one["amount"] for one in told if one["object"] == "refund" and one["status"] == "succeeded")
        disputed = [one["id"] for one in told if one["object"] == "dispute"]
        # One is accepted, one is contested and won, the others wait.
        for dispute, response in zip(disputed, ("losing", "winning_evidence"), strict=False):
            evidence = {"evidence": {"uncategorized_text": response}}
            answer = await merchants[0].ask("POST", f"/v1/disputes/{dispute}", evidence)
            assert answer.told["status"] == "under_review", answer.told
        afterwards = (await merchants[0].ask("GET", f"/v1/payments/{payment}")).told
        assert afterwards["amount_refunded"] + afterwards["amount_disputed"] <= afterwards["amount_captured"] == 1_600
        assert afterwards["amount_refunded"] == refunded
        assert refunded + 300 * len(disputed) <= 1_500
        assert len(disputed) + refunded // 300 >= 4
        for merchant in merchants:
            merchant.hang_up()
    assert (await server.audit()).differences == []
