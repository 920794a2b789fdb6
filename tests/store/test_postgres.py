"""What a real PostgreSQL does to transactions: it kills connections, finds deadlocks, loses answers, and restarts."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import msgspec
import pytest

from tests.sizes import at_size
from tests.store import samples, storm
from tests.store.places import Place, rows
from tests.store.wire import Cut, wire
from tillgate.core.decisions import Decision
from tillgate.core.records import evolve
from tillgate.store.batches import Conflict, Taken
from tillgate.store.database import Store

pytestmark = pytest.mark.anyio

CLIENTS, EACH = at_size((25, 8), (100, 40))


@asynccontextmanager
async def beside(place: Place) -> AsyncIterator[asyncpg.Connection]:
    """A connection of somebody else's."""
    connection = await asyncpg.connect(place.url)
    try:
        yield connection
    finally:
        await connection.close()


def by_wire(place: Place, url: str) -> Place:
    return msgspec.structs.replace(place, url=url)


async def prepared(place: Place) -> None:
    async with place.opened() as store:
        await storm.prepare(store)


async def assert_books_are_right(place: Place, passed: storm.Storm) -> None:
    async with place.opened() as store:
        await storm.assert_each_landed_once_or_not_at_all(store, passed)
    assert len(passed.ended) == CLIENTS * EACH
    assert set(passed.ended.values()) <= {None, Conflict, Taken}
    assert await place.differences() == []


async def test_connections_that_are_killed_in_the_middle_of_batches(postgres_place: Place) -> None:
    await prepared(postgres_place)
    killed = 0

    async def kill(connection: asyncpg.Connection) -> None:
        nonlocal killed
        draw = random.Random(11)
        while True:
            await asyncio.sleep(draw.uniform(0.002, 0.03))
            killed += await connection.fetchval(
                "select count(pg_terminate_backend(pid)) from pg_stat_activity"
                " where application_name like 'tillgate lane%' and state <> 'idle'"
            )

    async with beside(postgres_place) as connection, postgres_place.opened() as store:
        killing = asyncio.create_task(kill(connection))
        passed = await storm.rage([store], 11, clients=CLIENTS, each=EACH)
        killing.cancel()
        await asyncio.gather(killing, return_exceptions=True)
    assert killed >= 3
    await assert_books_are_right(postgres_place, passed)


@pytest.mark.parametrize("cut", [Cut.BEFORE, Cut.AFTER])
async def test_a_wire_that_is_cut_at_commits(postgres_place: Place, cut: Cut) -> None:
    await prepared(postgres_place)
    draw = random.Random(13)
    cuts = 0

    def some() -> Cut:
        nonlocal cuts
        if draw.random() < 0.3:
            cuts += 1
            return cut
        return Cut.NOT

    async with wire(str(postgres_place.url), some) as cutting, by_wire(postgres_place, cutting.url).opened() as store:
        passed = await storm.rage([store], 13, clients=CLIENTS, each=EACH)
    assert cuts >= 3
    await assert_books_are_right(postgres_place, passed)


@pytest.mark.parametrize("committed", [True, False])
async def test_a_commit_in_limbo_is_waited_for_until_it_is_known(postgres_place: Place, committed: bool) -> None:
    limbo = iter([Cut.LIMBO])
    async with (
        wire(str(postgres_place.url), lambda: next(limbo, Cut.NOT)) as cutting,
        by_wire(postgres_place, cutting.url).opened() as store,
    ):
        waiting = asyncio.ensure_future(store.commit(samples.everything("a")))
        await cutting.in_limbo.wait()
        await asyncio.sleep(0.3)
        # Its transaction is still open on the server: whoever ran it again now would do it twice.
        assert not waiting.done()
        assert await rows(store, "select id from customers") == []
        await cutting.release(commit=committed)
        await asyncio.wait_for(waiting, 10)
        assert await rows(store, "select id from customers") == [("cus_a",)]
        assert await rows(store, "select number from numbers") == [(1,)]
        # Committed late, it is the only one; rolled back, its place was taken, and it ran again under another mark.
        [(batches,)] = await rows(store, "select count(*) from batches")
        assert batches == (1 if committed else 2)
    assert await postgres_place.differences() == []


async def test_a_deadlock_with_somebody_else_is_survived(postgres_place: Place) -> None:
    async with postgres_place.opened() as store, beside(postgres_place) as other:
        one, two = samples.customer("cus_1"), samples.customer("cus_2")
        await store.commit(Decision(save=(one, two)))
        # Who waits longest looks first, and is the one to give up: the batch.
        await other.execute("set deadlock_timeout = '20s'")
        transaction = other.transaction()
        await transaction.start()
        await other.execute("select from customers where id = 'cus_2' for update")
        waiting = asyncio.ensure_future(store.commit(Decision(save=(evolve(one, name="a"), evolve(two, name="b")))))
        await asyncio.sleep(0.1)
        await other.execute("select from customers where id = 'cus_1' for update")
        await transaction.rollback()
        await asyncio.wait_for(waiting, 10)
        assert await rows(store, "select version from customers") == [(2,), (2,)]
        assert await deadlocks(other) == 1


async def test_serialization_failures_of_a_database_that_is_stricter_by_itself(
    postgres_place: Place,
) -> None:
    async with beside(postgres_place) as connection:
        [name] = await connection.fetchrow("select current_database()")
        await connection.execute(f"alter database {name} set default_transaction_isolation = 'serializable'")
        try:
            await prepared(postgres_place)
            async with postgres_place.opened() as one, postgres_place.opened(balance_lane=1) as other:
                passed = await storm.rage([one, other], 17, clients=CLIENTS, each=EACH)
            await assert_books_are_right(postgres_place, passed)
        finally:
            await connection.execute(f"alter database {name} reset default_transaction_isolation")


async def test_processes_that_write_the_same_balances_do_not_deadlock(postgres_place: Place) -> None:
    """Even two that were given the same lane, as two machines may be, only wait for each other."""
    accounts = [f"account_{n}" for n in range(12)]
    async with (
        beside(postgres_place) as connection,
        postgres_place.opened() as one,
        postgres_place.opened() as other,
    ):
        before = await deadlocks(connection)

        async def client(store: Store, number: int) -> None:
            draw = random.Random(number)
            for turn in range(EACH * 2):
                postings = [samples.posting(*draw.sample(accounts, 2), 1) for _ in range(3)]
                await store.commit(Decision(post=(samples.entry(f"ent_{number}_{turn}", *postings),)))

        await asyncio.gather(*(client(store, n) for n, store in enumerate([one, other] * CLIENTS)))
        assert await rows(one, "select distinct lane from balances order by lane") == [(0,), (1,)]
        assert await deadlocks(connection) == before
    assert await postgres_place.differences() == []


async def test_processes_that_want_the_same_records_and_names_do_not_deadlock(postgres_place: Place) -> None:
    await prepared(postgres_place)
    async with (
        beside(postgres_place) as connection,
        postgres_place.opened() as one,
        postgres_place.opened() as other,
    ):
        before = await deadlocks(connection)
        passed = await storm.rage([one, other], 19, clients=CLIENTS, each=EACH)
        assert await deadlocks(connection) == before
    await assert_books_are_right(postgres_place, passed)


async def deadlocks(connection: asyncpg.Connection) -> int:
    """How many the server found in this database."""
    await asyncio.sleep(0.05)
    await connection.execute("select pg_stat_clear_snapshot()")
    found: int = await connection.fetchval("select deadlocks from pg_stat_database where datname = current_database()")
    return found
