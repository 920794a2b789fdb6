"""A test merchant's clock is moved forward, and all that becomes due happens in order, each thing at its own time."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.sizes import at_size
from tests.surfaces.v1 import shop
from tests.surfaces.v1.books import Books, assert_explained
from tests.surfaces.v1.life import A_DAY, advance, begin, the_bank_waits, told
from tillgate.core import clocks as core
from tillgate.core.instants import DAY, HOUR, SECOND
from tillgate.core.merchants import Mode
from tillgate.flows import clocks
from tillgate.store import audit
from tillgate.workers import timers

pytestmark = pytest.mark.anyio

__all__ = ["the_bank_waits"]

MIDNIGHT = 15 * HOUR // SECOND
"""The first one, from the beginning, which is at nine."""


def time_of(books: Books) -> int:
    """What every clock says that was not moved."""
    return books.clock.wall() // SECOND


async def events_of(books: Books) -> list[tuple[str, int]]:
    listed = await books.client.listed("/events?limit=100")
    return [(event["type"], event["created"] - time_of(books)) for event in reversed(listed)]


async def test_everything_that_becomes_due_happens_in_order_at_its_own_time(books: Books) -> None:
    await begin(books.client)
    answer = await advance(books.client, advance_by=30 * A_DAY)
    assert (answer["now"], answer["status"]) == (time_of(books) + 30 * A_DAY, "ready")
    assert (answer["advances_to"], answer["has_more"]) == (None, False)
    assert told(answer, time_of(books)) == [
        (0, "dispute.created"),
        (0, "dispute.funds_withdrawn"),
        (3660, "payment.failed"),
        (3660, "payment_intent.payment_failed"),
        (MIDNIGHT, "payout.created"),
        (MIDNIGHT + 60, "payout.paid"),
        (MIDNIGHT + A_DAY, "payout.created"),
        (MIDNIGHT + A_DAY + 60, "payout.paid"),
        (7 * A_DAY, "dispute.closed"),
        (7 * A_DAY, "payment.canceled"),
    ]
    assert (await books.client.get("/sandbox/clock")).json() == {**answer, "happened": []}
    await assert_explained(books)


async def test_what_is_made_afterwards_is_of_the_time_that_the_clock_says(books: Books) -> None:
    until = time_of(books) + 400 * A_DAY
    await advance(books.client, advance_to=until)
    paid = await books.client.pay()
    assert paid["created"] == until
    books.clock.advance(HOUR)
    assert (await books.client.get("/sandbox/clock")).json()["now"] == until + 3600
    assert (await books.client.pay())["created"] == until + 3600
    assert [one["id"] for one in await books.client.listed("/payments")][1:] == [paid["id"]]


async def test_workers_go_by_the_clock_of_each_merchant(books: Books) -> None:
    """Also after it was moved: what becomes due while it runs is done as ever."""
    await advance(books.client, advance_by=100 * A_DAY)
    held = await books.client.pay(capture_method="manual")
    await books.passes(7 * DAY - SECOND)
    assert (await books.client.get(f"/payments/{held['id']}")).json()["status"] == "authorized"
    await books.passes(2 * SECOND)
    assert (await books.client.get(f"/payments/{held['id']}")).json()["status"] == "canceled"


async def test_another_merchants_time_stays_as_it_is(books: Books) -> None:
    other = await shop.merchant(books.parts)
    held = await other.pay(capture_method="manual")
    await advance(books.client, advance_by=30 * A_DAY)
    await shop.catch_up(books.parts)
    assert (await other.get(f"/payments/{held['id']}")).json()["status"] == "authorized"
    assert (await other.get("/sandbox/clock")).json()["now"] == time_of(books)


@pytest.mark.parametrize("seed", range(at_size(2, 40)))
async def test_many_small_steps_lead_where_one_great_step_does(books: Books, seed: int) -> None:
    other = Books(await shop.merchant(books.parts), books.parts, books.clock, books.place)
    random, days = Random(seed), 12
    await begin(books.client)
    await begin(other.client)
    await advance(books.client, advance_by=days * A_DAY)
    steps = sorted(random.sample(range(1, days * A_DAY), random.randint(1, at_size(8, 60))))
    for step in steps:
        await advance(other.client, advance_to=time_of(books) + step)
    await advance(other.client, advance_to=time_of(books) + days * A_DAY)
    assert await events_of(other) == await events_of(books)
    assert await other.balance() == await books.balance()
    shown = [
        [(one["amount"], one["created"], one["status"]) for one in await each.client.listed("/payouts")]
        for each in (books, other)
    ]
    assert shown[0] == shown[1] != []


async def test_a_move_is_made_once_per_key(books: Books) -> None:
    begun = time_of(books)
    await begin(books.client)
    first = await books.client.post("/sandbox/clock", {"advance_by": 9 * A_DAY}, key="a week")
    again = await books.client.post("/sandbox/clock", {"advance_by": 9 * A_DAY}, key="a week")
    assert again.content == first.content
    assert again.headers["idempotent-replayed"] == "true"
    assert (await books.client.get("/sandbox/clock")).json()["now"] == begun + 9 * A_DAY
    other = await books.client.post("/sandbox/clock", {"advance_by": A_DAY}, key="a week")
    shop.error(other, 400, "idempotency_error", "idempotency_key_reused")


async def test_moves_at_once_add_up(books: Books, database: str | None, home: Path) -> None:
    """Whichever process is asked; on SQLite there is one."""
    begun = time_of(books)
    await begin(books.client)
    async with AsyncExitStack() as opened:
        clients = [books.client]
        if database is not None:
            other = shop.open_shop(home, database, clock=books.clock, keeps_time=False)
            clients.append(shop.Client(await opened.enter_async_context(other), books.client.key))
        answers = await asyncio.gather(*[advance(client, advance_by=3 * A_DAY) for client in clients for _ in range(4)])
        days = 3 * len(answers)
        assert max(answer["now"] for answer in answers) == begun + days * A_DAY
        for client in clients:
            await clocks.learn(client.parts.gateway)
            assert (await client.pay())["created"] == begun + days * A_DAY
    happened = [one for answer in answers for one in answer["happened"]]
    assert len(happened) == len({one["event"] for one in happened})
    types = [type for type, _ in await events_of(books)]
    assert types.count("dispute.closed") == types.count("payment.canceled") == 1
    await assert_explained(books)


async def test_a_clock_goes_forward_only(books: Books) -> None:
    client, now = books.client, time_of(books)
    for to in (0, now - 1, now):
        answer = await client.post("/sandbox/clock", {"advance_to": to})
        shop.error(answer, 400, "invalid_request_error", "clock_never_back", "advance_to")
    await advance(client, advance_to=now + 10)
    answer = await client.post("/sandbox/clock", {"advance_to": now + 9})
    shop.error(answer, 400, "invalid_request_error", "clock_never_back", "advance_to")
    assert (await client.get("/sandbox/clock")).json()["now"] == now + 10


@pytest.mark.parametrize(
    ("given", "code", "param"),
    [
        ({}, "parameter_missing", "advance_by"),
        ({"advance_by": 1, "advance_to": 2**31}, "parameter_invalid", "advance_to"),
        ({"advance_by": 0}, "parameter_invalid", "advance_by"),
        ({"advance_by": -5}, "parameter_invalid", "advance_by"),
        ({"advance_by": "a week"}, "parameter_invalid", "advance_by"),
        ({"advance_by": 1.5}, "parameter_invalid", "advance_by"),
        ({"advance_to": 253_402_300_799}, "parameter_invalid", "advance_to"),
        ({"advance_by": 2**62}, "parameter_invalid", "advance_by"),
        ({"frozen_time": 1}, "parameter_unknown", "frozen_time"),
    ],
)
async def test_what_cannot_be_read_moves_nothing(books: Books, given: Any, code: str, param: str) -> None:
    shop.error(await books.client.post("/sandbox/clock", given), 400, "invalid_request_error", code, param)
    assert (await books.client.get("/sandbox/clock")).json()["now"] == time_of(books)


async def test_nobodys_clock_is_moved_where_money_is_real(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(books.parts.gateway, "require_live", lambda bank: None)
    live = await shop.merchant(books.parts, mode=Mode.LIVE)
    for answer in (await live.post("/sandbox/clock", {"advance_by": 1}), await live.get("/sandbox/clock")):
        shop.error(answer, 403, "permission_error", "test_mode_only")


async def test_a_move_that_takes_long_goes_on_by_itself(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clocks, "PATIENCE_SECONDS", 0.0)
    monkeypatch.setattr(clocks, "PORTION_SECONDS", 0.0)
    begun = time_of(books)
    await begin(books.client)
    answer = await advance(books.client, advance_by=8 * A_DAY)
    assert (answer["status"], answer["advances_to"], answer["now"]) == ("advancing", begun + 8 * A_DAY, begun)
    farther = await advance(books.client, advance_by=A_DAY)
    assert farther["advances_to"] == begun + 9 * A_DAY
    back = await books.client.post("/sandbox/clock", {"advance_to": begun + 9 * A_DAY})
    shop.error(back, 400, "invalid_request_error", "clock_never_back", "advance_to")
    monkeypatch.setattr(clocks, "PORTION_SECONDS", 60.0)
    await timers.run_due(books.parts.gateway, books.parts.directory)
    shown = (await books.client.get("/sandbox/clock")).json()
    assert (shown["status"], shown["now"]) == ("ready", begun + 9 * A_DAY)
    assert ("dispute.closed", 7 * A_DAY) in await events_of(books)


async def test_a_bank_that_does_not_answer_holds_a_move_up_and_loses_nothing(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, bank = time_of(books), books.parts.bank
    assert bank is not None
    await begin(books.client)
    with monkeypatch.context() as silent:
        silent.setattr(clocks, "PATIENCE_SECONDS", 0.05)
        silent.setattr(bank, "_set_clock", _refuses)
        answer = await advance(books.client, advance_by=8 * A_DAY)
        assert (answer["status"], answer["now"]) == ("advancing", begun)
    await books.passes(core.TAKEN_OVER_AFTER)
    shown = (await books.client.get("/sandbox/clock")).json()
    assert (shown["status"], shown["now"]) == ("ready", begun + 8 * A_DAY)
    await assert_explained(books)
    assert (await audit.audit(*books.place)).differences == []


async def _refuses(*_: object) -> None:
    raise ConnectionResetError
