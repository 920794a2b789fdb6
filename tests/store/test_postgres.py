"""What a real PostgreSQL does to transactions: it kills connections, finds deadlocks, loses answers, and restarts."""

import asyncio
import contextlib
import random
import signal
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import asyncpg
import msgspec
import pytest

from tests import postgres
from tests.sizes import at_size
from tests.store import samples, storm
from tests.store.places import Place, rows
from tests.store.wire import Cut, wire
from tests.waiting import LONG_SECONDS, eventually, until
from tillgate.core.decisions import Decision
from tillgate.core.records import evolve
from tillgate.store import migrate
from tillgate.store import postgres as store_postgres
from tillgate.store.batches import Conflict, Taken
from tillgate.store.engine import CommitUnknown, Point, Retry
from tillgate.store.postgres import Postgres
from tillgate.store.steps import Batch

pytestmark = pytest.mark.anyio

CLIENTS, EACH = at_size((25, 8), (50, 25))


@asynccontextmanager
async def beside(place: Place) -> AsyncIterator[asyncpg.Connection]:
    """A connection of somebody else's."""
    connection = await asyncpg.connect(place.url)
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def isolated(place: Place, isolation: str) -> AsyncIterator[None]:
    """The database isolates transactions in this way unless it is asked for another."""
    async with beside(place) as connection:
        name = await connection.fetchval("select current_database()")
        await connection.execute(f"alter database {name} set default_transaction_isolation = '{isolation}'")
        try:
            yield
        finally:
            await connection.execute(f"alter database {name} reset default_transaction_isolation")


async def blocked(connection: asyncpg.Connection) -> None:
    """Wait until somebody waits for a lock in this database."""
    waiting = (
        "select count(*) from pg_locks join pg_stat_activity using (pid)"
        " where not granted and datname = current_database()"
    )
    await eventually(lambda: connection.fetchval(waiting))


@pytest.fixture
def retries(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Why batches had to be run again, or their transactions looked for."""
    why: list[str] = []
    carry_out = Postgres.carry_out

    async def noted(self: Postgres, lane: int, make_batch: Callable[[], Batch]) -> None:
        try:
            await carry_out(self, lane, make_batch)
        except (Retry, CommitUnknown) as failed:
            why.append(str(failed))
            raise

    monkeypatch.setattr(Postgres, "carry_out", noted)
    return why


def by_wire(place: Place, url: str) -> Place:
    return msgspec.structs.replace(place, url=url)


async def prepared(place: Place) -> None:
    async with place.opened() as store:
        await storm.prepare(store)


async def assert_books_are_right(place: Place, passed: storm.Storm) -> None:
    async with place.opened() as store:
        await storm.assert_each_landed_once_or_not_at_all(store, passed)
    assert len(passed.ended) >= CLIENTS * EACH
    assert set(passed.ended.values()) <= {None, Conflict, Taken}
    assert await place.differences() == []


async def test_connections_that_are_killed_in_the_middle_of_batches(postgres_place: Place) -> None:
    await prepared(postgres_place)
    killed = 0

    async def kill(connection: asyncpg.Connection) -> None:
        nonlocal killed
        draw = random.Random(11)
        while True:
            # A batch takes some milliseconds, a new connection as many.
            await asyncio.sleep(draw.uniform(0.01, 0.1))
            killed += await connection.fetchval(
                "select count(pg_terminate_backend(pid)) from pg_stat_activity"
                " where application_name like 'tillgate lane%' and state <> 'idle'"
            )

    async with (
        postgres_place.opened() as store,
        beside(postgres_place) as connection,
        anyio.create_task_group() as meanwhile,
    ):
        meanwhile.start_soon(kill, connection)
        passed = await storm.rage([store], 11, clients=CLIENTS, each=EACH, until=lambda: killed >= at_size(3, 30))
        meanwhile.cancel_scope.cancel()
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
        passed = await storm.rage([store], 13, clients=CLIENTS, each=EACH, until=lambda: cuts >= at_size(3, 30))
    assert cuts >= 3
    await assert_books_are_right(postgres_place, passed)


@pytest.mark.parametrize("committed", [True, False])
@pytest.mark.parametrize("isolation", ["read committed", "serializable"])
async def test_a_commit_in_limbo_is_waited_for_until_it_is_known(
    postgres_place: Place, committed: bool, isolation: str
) -> None:
    limbo = iter([Cut.LIMBO])
    async with (
        isolated(postgres_place, isolation),
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
        await asyncio.wait_for(waiting, LONG_SECONDS)
        assert await rows(store, "select id from customers") == [("cus_a",)]
        assert await rows(store, "select number from numbers") == [(1,)]
        # Committed late, it is the only one; rolled back, its place was taken, and it ran again under another mark.
        [(batches,)] = await rows(store, "select count(*) from batches")
        assert batches == (1 if committed else 2)
    assert await postgres_place.differences() == []


async def test_a_batch_once_found_not_committed_is_never_found_committed(postgres_place: Place) -> None:
    engine = await Postgres.open(str(postgres_place.url))
    try:
        # The first answer may be lost on the way, as the commit's was; whoever looks again must not take its trace.
        assert [await engine.settle(0, "bat_a") for _ in range(2)] == [False, False]
    finally:
        await engine.close()


async def test_a_server_that_crashes_and_comes_back(tmp_path: Path) -> None:
    with postgres.cluster() as cluster, cluster.fresh() as url:
        await asyncio.to_thread(migrate.migrate, url, tmp_path)
        place = Place(url, tmp_path)
        await prepared(place)
        back = asyncio.Event()

        async def crash() -> None:
            await asyncio.sleep(0.3)
            await asyncio.to_thread(cluster.stop, signal.SIGQUIT)
            await asyncio.to_thread(cluster.start)
            back.set()

        async with place.opened() as store, anyio.create_task_group() as meanwhile:
            meanwhile.start_soon(crash)
            passed = await storm.rage([store], 23, clients=CLIENTS, each=EACH, until=back.is_set)
        await assert_books_are_right(place, passed)


async def test_locks_of_a_machine_that_fell_silent_are_let_go(
    postgres_place: Place, retries: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_postgres, "_LONGEST_PAUSE", "200ms")
    stood_still = False

    async def look() -> int:
        async with beside(postgres_place) as connection:
            found: int = await connection.fetchval(
                "select count(*) from pg_stat_activity"
                " where state like 'idle in transaction%' and datname = current_database()"
            )
            return found

    def strike(point: Point) -> None:
        nonlocal stood_still
        if point is Point.BEFORE_COMMIT and not stood_still:
            stood_still = True
            # The whole process stands still, and somebody else looks on.
            with ThreadPoolExecutor() as elsewhere:
                until(lambda: elsewhere.submit(asyncio.run, look()).result() == 0, "no transaction is open")

    async with postgres_place.opened(strike=strike) as store:
        await store.commit(samples.everything("a"))
        assert await rows(store, "select id from customers") == [("cus_a",)]
    assert [why.rpartition(": ")[2] for why in retries] == ["terminating connection due to idle-in-transaction timeout"]
    assert await postgres_place.differences() == []


async def test_a_deadlock_with_somebody_else_is_survived(postgres_place: Place, retries: list[str]) -> None:
    async with postgres_place.opened() as store, beside(postgres_place) as other:
        one, two = samples.customer("cus_1"), samples.customer("cus_2")
        await store.commit(Decision(save=(one, two)))
        # Who waits longest looks first, and is the one to give up: the batch, unless the other was held up.
        await other.execute("set deadlock_timeout = '5s'")
        while not retries:
            one, two = evolve(one, name="a"), evolve(two, name="b")
            transaction = other.transaction()
            await transaction.start()
            await other.execute("select from customers where id = 'cus_2' for update")
            waiting = asyncio.ensure_future(store.commit(Decision(save=(one, two))))
            await blocked(other)
            with contextlib.suppress(asyncpg.DeadlockDetectedError):
                await other.execute("select from customers where id = 'cus_1' for update")
            await transaction.rollback()
            await asyncio.wait_for(waiting, LONG_SECONDS)
        assert await rows(store, "select version from customers") == [(one.version,), (two.version,)]
    assert [why.splitlines()[0] for why in retries] == ["deadlock detected"]


async def test_serialization_failures_of_a_database_that_is_stricter(postgres_place: Place) -> None:
    await prepared(postgres_place)
    async with (
        isolated(postgres_place, "serializable"),
        postgres_place.opened() as one,
        postgres_place.opened(balance_lane=1) as other,
    ):
        passed = await storm.rage([one, other], 17, clients=CLIENTS, each=EACH)
    await assert_books_are_right(postgres_place, passed)


def balances_of(turn: int, by: int, order: list[int]) -> Decision:
    pairs = zip(order[::2], order[1::2], strict=True)
    postings = [samples.posting(f"account_{one}", f"account_{other}", 1) for one, other in pairs]
    return Decision(post=(samples.entry(f"ent_{turn}_{by}", *postings),))


def names_of(turn: int, by: int, order: list[int]) -> Decision:
    return Decision(name=tuple(samples.alias(f"{turn}_{n}", f"cus_{by}") for n in order))


def records_of(turn: int, by: int, order: list[int]) -> Decision:
    return Decision(save=tuple(evolve(samples.customer(f"cus_{n}"), version=turn + 1) for n in order))


def timers_of(turn: int, by: int, order: list[int]) -> Decision:
    return Decision(schedule=tuple(samples.timer(f"sub_{n}", turn + by) for n in order))


@pytest.mark.parametrize(
    ("wanted", "gate"),
    [
        (balances_of, "select from balances where account = 'account_30' for update"),
        (names_of, "insert into aliases values ('ten_one', 'email', '{turn}_30', 'nobody')"),
        (records_of, "select from customers where id = 'cus_30' for update"),
        (timers_of, "select from timers where subject = 'sub_30' for update"),
    ],
    ids=["balances", "names", "records", "timers"],
)
async def test_processes_that_want_the_same_rows_in_any_order_do_not_deadlock(
    postgres_place: Place, retries: list[str], wanted: Callable[[int, int, list[int]], Decision], gate: str
) -> None:
    """Even two that keep their balances in the same lanes, as on two machines they may, only wait for each other."""
    draw = random.Random(29)
    order = list(range(60))
    async with postgres_place.opened() as one, postgres_place.opened() as other, beside(postgres_place) as connection:
        await one.commit(Decision(save=tuple(samples.customer(f"cus_{n}") for n in order)))
        for turn in range(at_size(6, 200)):
            decisions = [wanted(turn, by, draw.sample(order, len(order))) for by in range(2)]
            # Somebody holds a row in the middle until both have taken what comes before it in their order.
            transaction = connection.transaction()
            await transaction.start()
            await connection.execute(gate.format(turn=turn))
            both = asyncio.gather(one.commit(decisions[0]), other.commit(decisions[1]), return_exceptions=True)
            await asyncio.sleep(0.03)
            await transaction.rollback()
            ended = await both
            assert None in ended
            assert {type(failure) for failure in ended if failure} <= {Conflict, Taken}
    assert retries == []
    assert await postgres_place.differences() == []
