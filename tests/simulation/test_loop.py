"""The loop of the simulated worlds is one that a program can live in, and one seed is one course of events."""

import asyncio
import contextvars
import time

import pytest

from tests.simulation import loop
from tests.simulation.loop import OWNER, Loop, Owner, Restless, Standstill
from tests.waiting import LONG_SECONDS


def order(seed: str) -> list[int]:
    """In which order ten tasks run that all want to."""
    came: list[int] = []

    async def come(number: int) -> None:
        for _ in range(3):
            await asyncio.sleep(0)
        came.append(number)

    async def main() -> None:
        await asyncio.gather(*map(come, range(10)))

    loop.run(Loop(seed, 1_000), main())
    return came


def test_time_passes_at_once_and_in_order() -> None:
    world = Loop("seed", 1_000)
    woken: list[tuple[int, float]] = []

    async def sleep(seconds: int) -> None:
        await asyncio.sleep(seconds)
        woken.append((seconds, world.time()))

    async def main() -> None:
        await asyncio.gather(*(sleep(seconds) for seconds in (86_400, 5, 60)))

    began = time.monotonic()
    loop.run(world, main())
    assert woken == [(5, 5.0), (60, 60.0), (86_400, 86_400.0)]
    assert world.wall() == loop.NEW_YEAR + 86_400_000_000
    assert time.monotonic() - began < LONG_SECONDS


def test_the_seed_decides_the_order() -> None:
    orders = [order(str(seed)) for seed in range(5)]
    assert orders == [order(str(seed)) for seed in range(5)]
    assert len(set(map(tuple, orders))) == 5


def test_timeouts_and_cancellation_are_as_ever() -> None:
    world = Loop("seed", 1_000)

    async def main() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3):
                await asyncio.sleep(10)
        return world.time()

    assert loop.run(world, main()) == 3.0


def test_a_paused_owner_misses_nothing_and_is_late() -> None:
    world, owner = Loop("seed", 1_000), Owner()
    ticks: list[float] = []

    async def tick() -> None:
        for _ in range(3):
            await asyncio.sleep(1)
            ticks.append(world.time())

    async def main() -> None:
        context = contextvars.Context()
        context.run(OWNER.set, owner)
        ticking = world.create_task(tick(), context=context)
        await asyncio.sleep(1.5)
        owner.paused = True
        await asyncio.sleep(10)
        assert list(owner.tasks) == [ticking]
        world.resume(owner)
        await ticking

    loop.run(world, main())
    assert ticks == [1.0, 11.5, 12.5]
    assert not owner.tasks


def test_a_world_in_which_nothing_will_ever_happen_ends() -> None:
    world = Loop("seed", 1_000)
    with pytest.raises(Standstill):
        loop.run(world, _never())


def test_a_world_without_an_end_is_ended() -> None:
    async def main() -> None:
        while True:  # noqa: ASYNC110 — an end that never comes
            await asyncio.sleep(1)

    with pytest.raises(Restless):
        loop.run(Loop("seed", 1_000), main())


async def _never() -> None:
    await asyncio.get_running_loop().create_future()
