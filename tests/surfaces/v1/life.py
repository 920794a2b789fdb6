"""A merchant's life in which much ends by itself, and the clock by which it does."""

from typing import Any

import pytest

from tests.surfaces.v1.books import AT_ONCE, US
from tests.surfaces.v1.shop import CARD, Client
from tillgate.core.instants import DAY, SECOND
from tillgate.sandbox.dispute_desk import DisputeDesk

A_DAY = DAY // SECOND

DISPUTED = {**CARD, "number": "4000000000000259"}
CHALLENGED = {**CARD, "number": "4000002500003155"}
INTENT: dict[str, Any] = {"amount": 900, "currency": "usd", "confirm": True, "return_url": "https://shop.example/"}


@pytest.fixture(autouse=True)
def the_bank_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing happens at the bank but when it is told what time it is, however long a test takes."""
    monkeypatch.setattr(DisputeDesk, "advance", lambda desk: [])


async def begin(client: Client) -> None:
    """What is held, disputed, challenged, earned now and earned by and by, and paid out daily."""
    challenged = {"payment_method_data": {"type": "card", "card": CHALLENGED}}
    for path, body in (
        ("/bank_accounts", US),
        ("/payout_settings", {"interval": "daily"}),
        ("/payments", {**_card(CARD), "amount": 2000, "capture_method": "manual"}),
        ("/payments", {**_card(AT_ONCE), "amount": 90_000}),
        ("/payments", {**_card(CARD), "amount": 700}),
        ("/payments", {**_card(DISPUTED), "amount": 5000}),
        ("/payment_intents", {**INTENT, **challenged}),
    ):
        answer = await client.post(path, body)
        assert answer.status_code == 200, answer.text


def _card(card: dict[str, Any]) -> dict[str, Any]:
    return {"currency": "usd", "payment_method": "card", "card": card}


async def advance(client: Client, key: str | None = None, **how: int) -> dict[str, Any]:
    """What is answered to a clock that is moved."""
    answer = await client.post("/sandbox/clock", how, key=key)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def told(answer: dict[str, Any], since: int) -> list[tuple[int, str]]:
    """What happened, and how many seconds after the beginning."""
    return [(one["at"] - since, one["type"]) for one in answer["happened"]]
