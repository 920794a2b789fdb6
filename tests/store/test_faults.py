"""Whatever happens to a transaction, each decision lands exactly once or fails, and success is never a lie."""

import asyncio
import enum
import random
from collections.abc import Sequence
from typing import NoReturn

import pytest

from tests.sizes import at_size
from tests.store import samples, storm
from tests.store.places import Place, contents
from tillgate.store import commit
from tillgate.store.batches import Conflict, Taken
from tillgate.store.commit import MOST_RUNS, Unavailable
from tillgate.store.engine import CommitUnknown, Point, Retry, Strike

pytestmark = pytest.mark.anyio

CLIENTS, EACH = at_size((25, 8), (50, 25))


@pytest.fixture(autouse=True)
def _impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    """The waits between runs are no part of the claims."""
    monkeypatch.setattr(commit, "_LONGEST_WAIT_SECONDS", 0.002)


class Fault(enum.Enum):
    """What a transaction may end in, and where that strikes."""

    SERIALIZATION_FAILURE = (Point.BEFORE_COMMIT, Retry, "could not serialize access")
    DEADLOCK = (Point.BEFORE_WRITE, Retry, "deadlock detected")
    NEVER_COMMITTED = (Point.BEFORE_COMMIT, CommitUnknown, "the COMMIT did not arrive")
    COMMITTED_UNHEARD = (Point.AFTER_COMMIT, CommitUnknown, "the answer to the COMMIT did not arrive")

    @property
    def point(self) -> Point:
        point: Point = self.value[0]
        return point

    def strike(self) -> NoReturn:
        _, failure, why = self.value
        raise failure(why)


def striking(seed: int, faults: Sequence[Fault], struck: set[Fault]) -> Strike:
    """Faults at random, by seed."""
    draw = random.Random(seed)

    def strike(point: Point) -> None:
        possible = [fault for fault in faults if fault.point is point]
        if possible and draw.random() < 0.3:
            fault = draw.choice(possible)
            struck.add(fault)
            fault.strike()

    return strike


@pytest.mark.parametrize(
    "faults",
    [*((fault,) for fault in Fault), tuple(Fault)],
    ids=lambda faults: faults[0].name if len(faults) == 1 else "ALL",
)
@pytest.mark.parametrize("seed", range(at_size(1, 8)))
async def test_each_decision_lands_once_or_fails(place: Place, seed: int, faults: tuple[Fault, ...]) -> None:
    struck: set[Fault] = set()
    async with place.opened() as calm:
        await storm.prepare(calm)
    async with place.opened(strike=striking(seed, faults, struck)) as store:
        passed = await storm.rage([store], seed, clients=CLIENTS, each=EACH, until=lambda: struck == set(faults))
        await storm.assert_each_landed_once_or_not_at_all(store, passed)
    assert struck == set(faults)
    assert len(passed.ended) >= CLIENTS * EACH
    assert set(passed.ended.values()) <= {None, Conflict, Taken}
    assert await place.differences() == []


@pytest.mark.parametrize("seed", range(at_size(1, 8)))
async def test_two_processes_on_one_failing_database_agree(postgres_place: Place, seed: int) -> None:
    struck: set[Fault] = set()
    strikes = [striking(seed + n, tuple(Fault), struck) for n in (0, 1_000)]
    async with postgres_place.opened() as calm:
        await storm.prepare(calm)
    async with (
        postgres_place.opened(strike=strikes[0]) as one,
        postgres_place.opened(strike=strikes[1], balance_lane=1) as other,
    ):
        passed = await storm.rage([one, other], seed, clients=CLIENTS, each=EACH, until=lambda: struck == set(Fault))
        await storm.assert_each_landed_once_or_not_at_all(one, passed)
    assert struck == set(Fault)
    assert await postgres_place.differences() == []


@pytest.mark.parametrize("fault", Fault)
async def test_a_database_that_fails_for_ever_is_given_up_without_a_lie(place: Place, fault: Fault) -> None:
    runs = 0

    def strike(point: Point) -> None:
        nonlocal runs
        if point is fault.point:
            runs += 1
            fault.strike()

    async with place.opened(strike=strike) as store:
        before = await contents(store)
        [ended] = await asyncio.gather(store.commit(samples.everything("a")), return_exceptions=True)
        if fault is Fault.COMMITTED_UNHEARD:
            assert (ended, runs) == (None, 1)
            assert await contents(store) != before
        else:
            assert (type(ended), runs) == (Unavailable, MOST_RUNS)
            assert await contents(store) == before
