"""A timer is put, moved and taken off with the decision that says so, and handed to one worker when it is due."""

import asyncio

import pytest

from tests.store import samples
from tests.store.places import Place
from tests.store.samples import OTHER, TENANT
from tillgate.core.decisions import Decision
from tillgate.core.timers import Timer, TimerKind
from tillgate.store import timers
from tillgate.store.database import Store
from tillgate.store.engine import Corrupt

pytestmark = pytest.mark.anyio


async def schedule(store: Store, *due: tuple[str, int | None]) -> None:
    await store.commit(Decision(schedule=tuple(samples.timer(subject, at) for subject, at in due)))


async def due(store: Store, now: int, most: int = 100) -> list[tuple[str, int | None]]:
    return [(timer.subject, timer.due_at) for timer in await timers.due(store, now, most)]


async def test_what_is_due_comes_longest_due_first_and_no_more_than_asked(store: Store) -> None:
    await schedule(store, ("c", 30), ("a", 10), ("d", 40), ("b", 20))
    assert await due(store, 9) == []
    assert await due(store, 30) == [("a", 10), ("b", 20), ("c", 30)]
    assert await due(store, 99, most=2) == [("a", 10), ("b", 20)]


async def test_scheduling_again_moves_and_scheduling_for_never_takes_off(store: Store) -> None:
    await schedule(store, ("a", 10), ("b", 20))
    await schedule(store, ("a", 50), ("b", None), ("nobody", None))
    assert await due(store, 99) == [("a", 50)]
    await schedule(store, ("b", 5))
    assert await due(store, 99) == [("b", 5), ("a", 50)]


async def test_the_last_word_of_a_decision_about_a_timer_counts(store: Store) -> None:
    await schedule(store, ("a", 10), ("a", None), ("b", 10), ("b", None), ("b", 20))
    assert await due(store, 99) == [("b", 20)]


async def test_kinds_and_tenants_have_timers_of_their_own(store: Store) -> None:
    expiry = Timer(TENANT, TimerKind.EXPIRE_AUTHORIZATION, "a", 20)
    others = samples.timer("a", 30, tenant=OTHER)
    await store.commit(Decision(schedule=(samples.timer("a", 10), expiry, others)))
    await schedule(store, ("a", None))
    assert await timers.due(store, 99, 100) == [expiry, others]


async def test_a_decision_that_fails_moves_no_timer(store: Store) -> None:
    await store.commit(Decision(save=(samples.customer("cus_one"),), schedule=(samples.timer("a", 10),)))
    with pytest.raises(Corrupt):
        await store.commit(Decision(save=(samples.customer("cus_one"),), schedule=(samples.timer("a", None),)))
    assert await due(store, 99) == [("a", 10)]


async def test_one_of_many_workers_gets_a_timer(store: Store) -> None:
    await schedule(store, *((f"sub_{n}", n) for n in range(20)))
    found = await timers.due(store, 99, 100)
    won = await asyncio.gather(*(timers.lease(store, timer, 1_000) for timer in found for _ in range(5)))
    assert sorted(timer.subject for timer in won if timer) == sorted(timer.subject for timer in found)
    assert await due(store, 999) == []
    assert len(await due(store, 1_000)) == 20


async def test_one_of_many_processes_gets_a_timer(postgres_place: Place) -> None:
    async with postgres_place.opened() as one, postgres_place.opened() as other:
        await schedule(one, *((f"sub_{n}", n) for n in range(20)))
        found = await timers.due(one, 99, 100)
        won = await asyncio.gather(
            *(timers.lease(store, timer, 1_000 + n) for timer in found for n, store in enumerate((one, other)))
        )
        assert sorted(timer.subject for timer in won if timer) == sorted(timer.subject for timer in found)


async def test_a_lease_that_ran_out_is_taken_by_the_next_alone(store: Store) -> None:
    await schedule(store, ("a", 10))
    first = await timers.lease(store, samples.timer("a", 10), 100)
    assert first == samples.timer("a", 100)
    second = await timers.lease(store, samples.timer("a", 100), 200)
    assert second == samples.timer("a", 200)
    assert await timers.lease(store, first, 300) is None


async def test_a_timer_that_was_moved_meanwhile_is_not_taken_off(store: Store) -> None:
    await schedule(store, ("a", 10), ("b", 10))
    a, b = [await timers.lease(store, samples.timer(subject, 10), 100) for subject in "ab"]
    assert a is not None
    assert b is not None
    await schedule(store, ("a", 20))
    await timers.take_off(store, a)
    await timers.take_off(store, b)
    assert await due(store, 999) == [("a", 20)]


async def test_a_timer_that_was_taken_off_cannot_be_leased(store: Store) -> None:
    await schedule(store, ("a", 10))
    await schedule(store, ("a", None))
    assert await timers.lease(store, samples.timer("a", 10), 100) is None
    assert await due(store, 999) == []
