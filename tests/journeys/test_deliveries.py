"""Every event arrives, however often the worker that delivers is killed, and always with the same bytes."""

import asyncio
import random
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest

from tests import receivers
from tests.receivers import Receiver
from tests.servers import tillgate, working
from tests.sizes import at_size
from tests.store.places import Place, rows
from tests.workers import outside
from tillgate.clock import ManualClock, SystemClock
from tillgate.core import deliveries

pytestmark = pytest.mark.anyio

EVENTS, KILLS = at_size((200, 2), (10_000, 20))
STREAMS = EVENTS // 4
AT_ONCE = 100


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path, migrated: Path) -> Place:
    """A migrated database of the test's own, on each engine in turn."""
    if request.param == "postgres":
        return Place(request.getfixturevalue("migrated_url"), tmp_path)
    return Place(None, shutil.copytree(migrated, tmp_path, dirs_exist_ok=True))


async def test_nothing_is_lost_however_often_the_worker_is_killed(place: Place) -> None:
    draw = random.Random(11)
    async with receivers.receiving() as receiver:
        told = await announced(place, receiver)
        for kill in range(1, KILLS + 1):
            with working(place.data, place.url) as worker:
                goal = len(told) * kill // (KILLS + 1)
                await until_arrived(receiver, goal)
                await asyncio.sleep(draw.uniform(0, 0.05))
                worker.kill()
            await lapse(place)
        with working(place.data, place.url) as worker:
            await until_arrived(receiver, len(told))
            assert await asyncio.to_thread(worker.stop) == 0
        # What a dead worker had sent and not written down goes out again, if need be from the next one.
        for _ in range(KILLS):
            if again := await left(place):
                with working(place.data, place.url) as worker:
                    await until_more(receiver, again)
                    assert await asyncio.to_thread(worker.stop) == 0
        assert_all_arrived(receiver, told)
    assert await left(place) == 0
    assert tillgate("audit", data=place.data, database=place.url).returncode == 0


async def announced(place: Place, receiver: Receiver) -> set[str]:
    """An endpoint, and events for it in the outbox; their ids."""
    told: list[str] = []
    async with outside.opened(place.data, place.url, ManualClock(SystemClock().wall())) as world:
        await world.endpoint("hook", url=receiver.url + "/hook")
        names = [(f"cus_{number % STREAMS}", number // STREAMS + 1) for number in range(EVENTS)]
        for first in range(0, EVENTS, AT_ONCE):
            told += await world.announce(*names[first : first + AT_ONCE])
    return set(told)


async def until_arrived(receiver: Receiver, count: int) -> None:
    """Until so many different events have come in."""
    await receiver.until(lambda: len({got.headers["webhook-id"] for got in receiver.got}) >= count, 120)


async def until_more(receiver: Receiver, count: int) -> None:
    """Until so many have come in besides, whether for the first time or not."""
    enough = len(receiver.got) + count
    await receiver.until(lambda: len(receiver.got) >= enough, 120)


async def lapse(place: Place) -> None:
    """Let the leases of a dead worker run out, without waiting for it."""
    now = SystemClock().wall()
    await place.execute(
        f"update deliveries set due_at = due_at - {deliveries.LEASE} where due_at > {now}", "delete from leases"
    )


async def left(place: Place) -> int:
    """How many deliveries are not finished."""
    async with place.opened() as store:
        return len(await rows(store, "select event from deliveries where state <> 'succeeded'"))


def assert_all_arrived(receiver: Receiver, told: set[str]) -> None:
    """Each event at least once, with the same bytes every time, and in its stream's order when it first came."""
    bodies = defaultdict(set)
    order: dict[str, list[int]] = defaultdict(list)
    for got in receiver.got:
        id = got.headers["webhook-id"]
        if id not in bodies:
            shown = got.event["data"]["object"]["name"]  # type: ignore[index]
            stream, _, sequence = shown.partition(" ")
            order[stream].append(int(sequence))
        bodies[id].add(got.body)
    assert set(bodies) == told
    assert all(len(each) == 1 for each in bodies.values())
    assert all(sequences == sorted(sequences) for sequences in order.values())


def test_a_worker_says_that_it_is_at_work_and_stops_when_told(place: Place) -> None:
    with working(place.data, place.url) as worker:
        assert worker.stop() == 0


def test_sqlite_is_worked_on_by_one_process_which_takes_commands(tmp_path: Path, migrated: Path) -> None:
    data = shutil.copytree(migrated, tmp_path, dirs_exist_ok=True)
    with working(data, None):
        second: subprocess.CompletedProcess[str] = tillgate("work", data=data)
        assert tillgate("merchants", "list", data=data).stdout.split("\n")[1].startswith("ten_demoshop")
    assert second.returncode == 2
    assert "served by another process" in second.stderr
