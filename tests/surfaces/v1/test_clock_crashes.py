"""A process that dies while it moves a clock leaves everything so that another goes on, and nothing happens twice."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.sizes import at_size
from tests.surfaces.v1 import shop
from tests.surfaces.v1.books import WEDNESDAY
from tests.surfaces.v1.life import A_DAY, begin, the_bank_waits, told
from tests.surfaces.v1.shop import Client
from tillgate.assembly import Assembly
from tillgate.clock import ManualClock
from tillgate.core import clocks as core
from tillgate.core.instants import HOUR, SECOND
from tillgate.flows import timers
from tillgate.store import audit, leases

pytestmark = pytest.mark.anyio

__all__ = ["the_bank_waits"]

NOW = WEDNESDAY // SECOND
MOVED = {"advance_by": 9 * A_DAY}


class Killed(BaseException):
    """The process is no more: what it had begun is not cleaned up."""


def kill(monkeypatch: pytest.MonkeyPatch, after: int, *, when_done: bool) -> None:
    """Have the process die at what is due, once so much was done: before it does it, or right after."""
    whole, count = timers.carry_out, 0

    async def carry_out(*what: Any) -> Any:
        nonlocal count
        count += 1
        if count <= after:
            return await whole(*what)
        if when_done:
            await whole(*what)
        monkeypatch.setattr(leases, "leave", _dead)
        raise Killed

    monkeypatch.setattr(timers, "carry_out", carry_out)


async def _dead(*_: object) -> None:
    raise Killed


@asynccontextmanager
async def process(home: Path, database: str | None, clock: ManualClock) -> AsyncIterator[Assembly]:
    """Tillgate, of which nothing runs by itself."""
    async with shop.open_shop(home, database, clock=clock, keeps_time=False) as parts:
        yield parts


async def whole_story(home: Path, database: str | None, clock: ManualClock) -> list[tuple[int, str]]:
    """What happens to a merchant if nobody dies."""
    async with process(home, database, clock) as parts:
        client = await shop.merchant(parts)
        await begin(client)
        return told((await client.post("/sandbox/clock", MOVED)).json(), NOW)


@pytest.mark.parametrize("when_done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("after", at_size([4], [*range(9)]))
async def test_another_process_goes_on_where_one_died(
    database: str | None, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int, when_done: bool
) -> None:
    clock = ManualClock(WEDNESDAY)
    home = home if database else shutil.copytree(home, tmp_path / "home")
    story = await whole_story(home, database, clock)
    with monkeypatch.context() as dying:
        async with process(home, database, clock) as parts:
            client = await shop.merchant(parts)
            await begin(client)
            kill(dying, after, when_done=when_done)
            with pytest.raises(Killed):
                await client.post("/sandbox/clock", MOVED, key="9 days")
            assert parts.gateway.clock.now((await owner(client)).id) < WEDNESDAY + 9 * A_DAY * SECOND
    clock.advance(HOUR)
    async with process(home, database, clock) as parts:
        again = Client(parts, client.key)
        shown = (await again.get("/sandbox/clock")).json()
        assert (shown["status"], shown["advances_to"]) == ("advancing", NOW + 9 * A_DAY)
        answer = await again.post("/sandbox/clock", MOVED, key="9 days")
        assert answer.status_code == 200, answer.text
        assert told(answer.json(), NOW) == story
        assert answer.json()["status"] == "ready"
        assert (await again.get("/sandbox/clock")).json()["now"] == NOW + 9 * A_DAY
    assert (await audit.audit(database, home)).differences == []


async def owner(client: Client) -> Any:
    """The merchant of a key."""
    return (await client.parts.directory.identify(client.key or "", on_this_machine=True))[1]


async def test_a_worker_goes_on_where_a_process_died(
    database: str | None, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = ManualClock(WEDNESDAY)
    home = home if database else shutil.copytree(home, tmp_path / "home")
    with monkeypatch.context() as dying:
        async with process(home, database, clock) as parts:
            client = await shop.merchant(parts)
            await begin(client)
            kill(dying, 2, when_done=True)
            with pytest.raises(Killed):
                await client.post("/sandbox/clock", MOVED)
    async with process(home, database, clock) as parts:
        again = Client(parts, client.key)
        await shop.catch_up(parts)
        assert (await again.get("/sandbox/clock")).json()["status"] == "advancing", "it may be alive yet"
        clock.advance(core.TAKEN_OVER_AFTER + SECOND)
        await shop.catch_up(parts)
        shown = (await again.get("/sandbox/clock")).json()
        assert (shown["status"], shown["now"]) == ("ready", NOW + 9 * A_DAY)
        assert len(await again.listed("/payouts")) == 2
