"""Races over the wire: sixteen requests at once about one payment, again and again, and one outcome each time."""

import asyncio
from typing import Any

import pytest

from tests.journeys.merchant import CARD_PAYMENT, Answer, Merchant
from tests.servers import Server
from tests.sizes import at_size

pytestmark = pytest.mark.anyio

AT_ONCE = 16
ROUNDS = at_size(5, 500)

MANUAL = {**CARD_PAYMENT, "capture_method": "manual"}


@pytest.fixture
def environment() -> dict[str, str]:
    """A bank that takes its time, so that many ask while its answers are on the way."""
    return {"TILLGATE_BANK_FAULTS": "latency_seconds=0.005-0.03,seed=5"}


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


def assert_the_books_are_right(server: Server) -> None:
    """`tillgate audit` finds nothing."""
    audit = server.tillgate("audit")
    assert audit.returncode == 0, audit.stderr


async def test_of_captures_and_cancels_one_wins(server: Server) -> None:
    server.start()
    outcomes = set()
    for turn in range(ROUNDS):
        asks: list[tuple[str, object]] = [("capture", None), ("cancel", None)] * (AT_ONCE // 2)
        # Who comes first wins more often than not.
        asks = asks[turn % 2 :]
        answers, payment = await race(server, MANUAL, asks)
        assert count(answers) == 1
        assert payment["status"] in ("succeeded", "canceled")
        assert payment["amount_captured"] == (1_600 if payment["status"] == "succeeded" else 0)
        assert payment["amount_capturable"] == 0
        outcomes.add(payment["status"])
    assert outcomes == {"succeeded", "canceled"}
    assert_the_books_are_right(server)


async def test_captures_never_take_more_than_was_authorized(server: Server) -> None:
    server.start()
    for _ in range(ROUNDS):
        answers, payment = await race(server, MANUAL, [("capture", {"amount": 300})] * AT_ONCE)
        assert count(answers) == 5
        assert (payment["amount_captured"], payment["amount_capturable"]) == (1_500, 100)
    assert_the_books_are_right(server)


async def test_refunds_never_give_back_more_than_was_captured(server: Server) -> None:
    server.start()
    for _ in range(ROUNDS):
        answers, payment = await race(server, CARD_PAYMENT, [("refund", {"amount": 300})] * AT_ONCE)
        assert count(answers) == 5
        assert payment["amount_refunded"] == 1_500
    assert_the_books_are_right(server)
