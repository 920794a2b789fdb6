"""Challenges that are given up: the payer takes another card, and what comes of the first goes back."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.surfaces.v1 import shop
from tests.surfaces.v1.place import Place
from tests.surfaces.v1.shop import CARD
from tests.surfaces.v1.test_payment_intents import CHALLENGED, opened, told, with_card
from tillgate.clock import ManualClock
from tillgate.connectors.contract import BankRequest
from tillgate.core.attempts import Attempt, Kind, State
from tillgate.core.instants import DAY, HOUR, MINUTE, SECOND
from tillgate.sandbox.operations import Choice, Operation, Result
from tillgate.store import audit, lists
from tillgate.transport.banks import Loss, Lost

pytestmark = pytest.mark.anyio


@pytest.fixture
async def place(database: str | None, home: Path, anyio_backend: object) -> AsyncIterator[Place]:
    clock = ManualClock(1_767_225_600 * SECOND)
    async with shop.open_shop(home, database, clock, keeps_time=False) as parts:
        yield Place(parts, await shop.merchant(parts), clock)


def at_the_bank(place: Place, attempt: Attempt) -> Operation:
    bank = place.parts.bank
    assert bank is not None
    return next(one for one in bank.statement() if one.reference == attempt.id)


async def challenged(place: Place, **more: object) -> str:
    intent = await opened(place.client, **more)
    asked = (await place.client.post(f"/payment_intents/{intent['id']}/confirm", with_card(CHALLENGED))).json()
    assert asked["status"] == "requires_action"
    return str(intent["id"])


@pytest.mark.parametrize("capture_method", ["automatic", "manual"])
async def test_another_card_pays_and_the_challenge_ends_at_the_bank(
    place: Place, database: str | None, home: Path, capture_method: str
) -> None:
    intent = await challenged(place, capture_method=capture_method)
    paid = (await place.client.post(f"/payment_intents/{intent}/confirm", with_card())).json()
    assert paid["status"] == ("succeeded" if capture_method == "automatic" else "requires_capture")
    assert paid["next_action"] is None
    await place.pass_time(SECOND)
    given_up, withdrawal = await place.attempt(intent, 1), await place.attempt(intent, 3)
    assert (withdrawal.kind, withdrawal.state, withdrawal.target) == (Kind.WITHDRAW, State.APPROVED, given_up.id)
    assert at_the_bank(place, given_up).result is Result.DECLINED
    await place.pass_time(DAY)
    assert (await place.attempt(intent, 1)).state is State.DECLINED
    assert (await place.client.get(f"/payment_intents/{intent}")).json() == paid
    events = await told(place.client, {"id": intent})
    assert [type for type in events if "failed" in type] == []
    assert (await audit.audit(database, home)).differences == []


@pytest.mark.parametrize("capture_method", ["automatic", "manual"])
@pytest.mark.parametrize("when", ["before the other card", "after the other card"])
async def test_a_challenge_that_is_met_after_it_was_given_up_gives_its_money_back(
    place: Place, database: str | None, home: Path, capture_method: str, when: str
) -> None:
    intent = await challenged(place, capture_method=capture_method)
    method = (await place.client.post("/payment_methods", {"type": "card", "card": CARD})).json()["id"]
    other = {"payment_method": method}
    updated = (await place.client.post(f"/payment_intents/{intent}", other)).json()
    assert (updated["status"], updated["payment_method"]) == ("requires_confirmation", method)
    if when == "after the other card":
        assert (await place.client.post(f"/payment_intents/{intent}/confirm", {})).status_code == 200
    first = await place.attempt(intent, 1)
    bank = place.parts.bank
    assert bank is not None
    assert await bank.resolve_challenge(first.id, Choice.APPROVE)
    if when == "before the other card":
        waiting = (await place.client.get(f"/payment_intents/{intent}")).json()
        assert (waiting["status"], waiting["amount_received"]) == ("requires_confirmation", 0)
        assert (await place.client.post(f"/payment_intents/{intent}/confirm", {})).status_code == 200
    paid = (await place.client.get(f"/payment_intents/{intent}")).json()
    balance = (await place.client.get("/balance")).json()
    assert [one.attempt for one in (await place.payment(intent)).surplus] == [first.id]
    await place.pass_time(SECOND)
    assert (await place.payment(intent)).surplus == ()
    assert (await place.client.get(f"/payment_intents/{intent}")).json() == paid
    assert paid["payment_method"] == method
    assert (await place.client.get("/balance")).json() == balance
    assert (await audit.audit(database, home)).differences == []


async def test_an_authorization_that_nobody_captures_ends_the_intent(
    place: Place, database: str | None, home: Path
) -> None:
    intent = await opened(place.client, capture_method="manual", confirm=True, **with_card())
    await place.pass_time(7 * DAY + SECOND)
    gone = (await place.client.get(f"/payment_intents/{intent['id']}")).json()
    assert (gone["status"], gone["cancellation_reason"], gone["amount_capturable"]) == ("canceled", "automatic", 0)
    assert gone["canceled_at"] is not None
    assert (await told(place.client, intent))[-2:] == ["payment.canceled", "payment_intent.canceled"]
    late = await place.client.post(f"/payment_intents/{intent['id']}/capture")
    shop.error(late, 400, "invalid_request_error", "payment_unexpected_state")
    assert (await audit.audit(database, home)).differences == []


async def challenged_setup(place: Place, **more: object) -> dict[str, Any]:
    given = {"confirm": True, **with_card(CHALLENGED), **more}
    setup = dict((await place.client.post("/setup_intents", given)).json())
    assert setup["status"] == "requires_action"
    return setup


async def all_attempts(place: Place) -> tuple[Attempt, ...]:
    """What the bank was asked, the first first."""
    return (await lists.page(place.parts.gateway.store, Attempt, await place.tenant(), lists.Cursor(10))).records[::-1]


@pytest.mark.parametrize("how", ["canceled", "another card"])
async def test_a_verification_that_is_given_up_ends_its_challenge_at_the_bank(place: Place, how: str) -> None:
    setup = await challenged_setup(place)
    path = f"/setup_intents/{setup['id']}"
    given_up, *_ = await all_attempts(place)
    answer = await place.client.post(*((path + "/cancel", {}) if how == "canceled" else (path, with_card())))
    after = answer.json()
    assert after["status"] == ("canceled" if how == "canceled" else "requires_confirmation")
    await place.pass_time(SECOND)
    assert at_the_bank(place, given_up).result is Result.DECLINED
    attempts = await all_attempts(place)
    assert [(one.kind, one.state) for one in attempts] == [
        (Kind.VERIFY, State.DECLINED),
        (Kind.WITHDRAW, State.APPROVED),
    ]
    assert (await place.client.get(path)).json() == after
    await place.pass_time(DAY)
    assert len(await all_attempts(place)) == 2


async def test_a_bank_that_does_not_end_a_challenge_is_asked_ever_more_rarely(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment, setup = await challenged(place), await challenged_setup(place)
    asked: list[str] = []

    async def silence(request: BankRequest) -> Lost:
        asked.append(request.method)
        return Lost(Loss.SILENT)

    monkeypatch.setattr(place.parts.gateway.transport, "send", silence)
    await place.pass_time(HOUR + MINUTE)
    asked.clear()
    for _ in range(2 * 60):
        await place.pass_time(MINUTE)
    assert asked.count("POST") == 0
    assert len(asked) < 40
    monkeypatch.undo()
    await place.pass_time(HOUR)
    await place.pass_time(HOUR)
    assert (await place.client.get(f"/payment_intents/{payment}")).json()["status"] == "requires_payment_method"
    assert (await place.client.get(f"/setup_intents/{setup['id']}")).json()["status"] == "requires_payment_method"
