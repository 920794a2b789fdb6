"""One key, one charge: many keys, each sent many times at once, by clients of which a third hang up."""

import asyncio
import random
from typing import Any

import pytest

from tests.journeys.merchant import CARD_PAYMENT, Merchant
from tests.servers import Server
from tests.sizes import at_size
from tillgate.sandbox.operations import Result
from tillgate.sandbox.register import Register

pytestmark = pytest.mark.anyio

KEYS = at_size(24, 1_000)
REPEATS = at_size(8, 20)
KEYS_AT_ONCE = 8


async def storm(url: str, key: str, chance: random.Random) -> set[bytes]:
    """A key in many requests at once; the distinct answers of those that waited."""
    hang_ups = [chance.random() < 1 / 3 for _ in range(REPEATS)]

    async def one(hangs_up: bool, after_seconds: float) -> bytes | None:
        merchant = Merchant(url)
        try:
            if hangs_up:
                await merchant.ask_and_hang_up(
                    "POST", "/v1/payments", CARD_PAYMENT, key=key, after_seconds=after_seconds
                )
                return None
            while True:
                answer = await merchant.ask("POST", "/v1/payments", CARD_PAYMENT, key=key)
                if answer.status != 409:
                    assert answer.status == 200, answer.told
                    return answer.body
                await asyncio.sleep(int(answer.headers["retry-after"]))
        finally:
            merchant.hang_up()

    answers = await asyncio.gather(*(one(hangs_up, chance.random() / 100) for hangs_up in hang_ups))
    return {answer for answer in answers if answer is not None}


async def payments_of(url: str) -> list[dict[str, Any]]:
    """All payments there are, page by page."""
    merchant, found, after = Merchant(url), [], ""
    while True:
        page = (await merchant.ask("GET", f"/v1/payments?limit=100{after}")).told
        found += page["data"]
        if not page["has_more"]:
            merchant.hang_up()
            return found
        after = f"&starting_after={found[-1]['id']}"


async def test_a_key_charges_once_however_often_it_is_sent(server: Server) -> None:
    server.start()
    chance = random.Random(7)
    gate = asyncio.Semaphore(KEYS_AT_ONCE)
    first_answers: dict[str, bytes] = {}

    async def one(key: str) -> None:
        async with gate:
            answers = await storm(server.url, key, chance)
            merchant = Merchant(server.url)
            again = await merchant.ask("POST", "/v1/payments", CARD_PAYMENT, key=key)
            another = await merchant.ask("POST", "/v1/payments", {**CARD_PAYMENT, "amount": 1_700}, key=key)
            merchant.hang_up()
        assert again.headers["idempotent-replayed"] == "true"
        assert answers <= {again.body}, "a replay differs"
        assert another.status == 400
        assert another.told["error"]["type"] == "idempotency_error"
        first_answers[key] = again.body

    await asyncio.gather(*(one(f"order-{number}") for number in range(KEYS)))
    payments = await payments_of(server.url)
    assert len(payments) == KEYS == len(set(first_answers.values()))
    assert {payment["status"] for payment in payments} == {"succeeded"}
    charges = list(Register.onlooker(server.data / "bank").everything())
    assert len(charges) == KEYS
    assert {charge.result for charge in charges} == {Result.APPROVED}
    assert (await server.audit()).differences == []
