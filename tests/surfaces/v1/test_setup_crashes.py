"""Intents whose process dies, or whose bank is silent: the repeat and the timers find out what became of them."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.surfaces.v1 import shop
from tests.surfaces.v1.place import Place
from tests.surfaces.v1.test_payment_intents import CHALLENGED, DECLINED, told, with_card
from tests.surfaces.v1.test_setup_intents import customer
from tillgate.clock import ManualClock
from tillgate.connectors.contract import BankAnswer, BankRequest
from tillgate.core.instants import MINUTE, SECOND
from tillgate.sandbox.operations import Choice
from tillgate.store import audit
from tillgate.transport.banks import Loss, Lost, Transport

pytestmark = pytest.mark.anyio


class Died(BaseException):
    """The process was killed."""


class Unlucky:
    """The way to a bank, on which a process dies, or of which nothing comes back."""

    def __init__(self, inner: Transport) -> None:
        self._inner = inner
        self.dies: str | None = None
        self.is_silent = False

    async def send(self, request: BankRequest) -> BankAnswer | Lost:
        if self.is_silent:
            return Lost(Loss.BROKEN)
        if self.dies == "before the bank":
            raise Died
        answer = await self._inner.send(request)
        if self.dies == "after the bank":
            raise Died
        return answer


class Crossing(Place):
    """A merchant, and the way to its bank."""

    way: Unlucky


@pytest.fixture
async def place(
    database: str | None, home: Path, anyio_backend: object, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Crossing]:
    clock = ManualClock(1_767_225_600 * SECOND)
    async with shop.open_shop(home, database, clock) as parts:
        way = Unlucky(parts.gateway.transport)
        monkeypatch.setattr(parts.gateway, "transport", way)
        yield Crossing(parts, await shop.merchant(parts), clock, way)


async def asked(place: Crossing, card: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """A setup intent of a customer's, and what confirms it."""
    owner = await customer(place.client)
    return str((await place.client.post("/setup_intents", {"customer": owner})).json()["id"]), with_card(card)


async def died(place: Crossing, path: str, body: dict[str, Any], when: str) -> None:
    place.way.dies = when
    with pytest.raises(BaseException) as dead:  # noqa: PT011 — what it comes wrapped in is the server's matter
        await place.client.post(path, body, key="confirm")
    assert "Died" in repr(dead.getrepr(style="short"))
    place.way.dies = None


@pytest.mark.parametrize("when", ["before the bank", "after the bank"])
@pytest.mark.parametrize(
    ("card", "status"),
    [(shop.CARD, "succeeded"), (DECLINED, "requires_payment_method"), (CHALLENGED, "requires_action")],
)
@pytest.mark.parametrize("finds_out", ["the repeat", "the timer"])
async def test_a_process_that_dies_leaves_what_the_repeat_finishes(
    place: Crossing, database: str | None, home: Path, when: str, card: dict[str, Any], status: str, finds_out: str
) -> None:
    setup, body = await asked(place, card)
    path = f"/setup_intents/{setup}/confirm"
    await died(place, path, body, when)
    assert (await place.client.get(f"/setup_intents/{setup}")).json()["status"] == "processing"
    if finds_out == "the timer":
        await place.pass_time(2 * MINUTE)
    else:
        place.clock.advance(2 * MINUTE)
    answer = await place.client.post(path, body, key="confirm")
    again = await place.client.post(path, body, key="confirm")
    assert (again.status_code, again.content) == (answer.status_code, answer.content)
    shown = answer.json()["error"]["setup_intent"] if answer.status_code == 402 else answer.json()
    assert shown["status"] == status
    kept = await place.client.listed(f"/customers/{shown['customer']}/payment_methods")
    assert len(kept) == (status == "succeeded")
    ends = {"succeeded": "succeeded", "requires_payment_method": "setup_failed", "requires_action": "requires_action"}
    assert (await told(place.client, {"id": setup}))[-1] == f"setup_intent.{ends[status]}"
    assert (await audit.audit(database, home)).differences == []


async def test_who_repeats_a_cancellation_whose_process_died_has_an_answer_though_nothing_is_left_to_cancel(
    place: Crossing,
) -> None:
    """The bank had to be told of the first; its repeat finds an intent whose challenge has failed."""
    asked = {"amount": 999, "currency": "usd", "confirm": True, **with_card(CHALLENGED)}
    intent = (await place.client.post("/payment_intents", asked)).json()
    path = f"/payment_intents/{intent['id']}/cancel"
    await died(place, path, {}, "before the bank")
    reference = intent["next_action"]["redirect_to_url"]["url"].split("/")[-2]
    bank = place.parts.bank
    assert bank is not None
    assert await bank.resolve_challenge(reference, Choice.FAIL)
    await place.pass_time(2 * MINUTE)
    found = (await place.client.get(f"/payment_intents/{intent['id']}")).json()
    assert found["status"] == "requires_payment_method"
    answer, again = [await place.client.post(path, {}, key="confirm") for _ in range(2)]
    assert answer.status_code == 402, answer.text
    assert (again.status_code, again.content) == (answer.status_code, answer.content)
    canceled = await place.client.post(path, {}, key="another")
    assert (canceled.status_code, canceled.json()["status"]) == (200, "canceled")


async def test_a_bank_that_does_not_answer_is_asked_until_it_does(place: Crossing) -> None:
    setup, body = await asked(place, shop.CARD)
    path = f"/setup_intents/{setup}"
    place.way.is_silent = True
    waiting = (await place.client.post(f"{path}/confirm", body)).json()
    assert (waiting["status"], waiting["last_setup_error"]) == ("processing", None)
    for verb in ("confirm", "cancel"):
        busy = await place.client.post(f"{path}/{verb}", with_card() if verb == "confirm" else {})
        shop.error(busy, 409, "invalid_request_error", "operation_in_progress")
    place.way.is_silent = False
    await place.pass_time(2 * MINUTE)
    failed = (await place.client.get(path)).json()
    assert (failed["status"], failed["last_setup_error"]["code"]) == ("requires_payment_method", "processing_error")
    assert (await place.client.post(f"{path}/confirm", body)).json()["status"] == "succeeded"
