"""A decision is carried out as a whole or not at all, whatever becomes of those that travel with it."""

import asyncio
from collections.abc import Callable, Sequence

import pytest

from tests.store import samples
from tests.store.places import Place, contents, rows
from tests.store.samples import TENANT
from tests.waiting import eventually
from tillgate.core.customers import Customer
from tillgate.core.decisions import Decision, Numbering
from tillgate.core.idempotency import IdempotencyKey
from tillgate.core.records import evolve
from tillgate.store import find
from tillgate.store.batches import Conflict, Taken
from tillgate.store.commit import LARGEST_BATCH
from tillgate.store.database import Store
from tillgate.store.engine import Corrupt, Point

pytestmark = pytest.mark.anyio


async def together(store: Store, decisions: Sequence[Decision]) -> list[type[BaseException] | None]:
    """How each decision ended (None: well), when all travel in one batch: with every lane busy, they wait together."""
    busy = [Decision()] * store.engine.lanes
    results = await asyncio.gather(*map(store.commit, [*busy, *decisions]), return_exceptions=True)
    return [None if result is None else type(result) for result in results[len(busy) :]]


async def load(store: Store, id: str) -> Customer:
    found = await find.record(store, Customer, TENANT, id)
    assert found is not None
    return found


async def test_everything_in_a_decision_is_there_when_commit_returns(store: Store) -> None:
    await store.commit(samples.everything("a"))
    found = {table: len(lines) for table, lines in (await contents(store)).items() if lines}
    assert found.pop("schema_state")
    assert found == {
        "aliases": 2,
        "balances": 2,
        "customers": 1,
        "entries": 1,
        "events": 1,
        "idempotency_keys": 1,
        "numbers": 1,
        "outbox": 1,
        "postings": 1,
        "series": 1,
        "timers": 1,
    }


FAILING: dict[str, tuple[type[Exception], Callable[[], Decision]]] = {
    "a record that has moved on": (
        Conflict,
        lambda: Decision(save=(evolve(samples.customer("cus_before"), version=9),)),
    ),
    "a record that is not there": (
        Conflict,
        lambda: Decision(save=(evolve(samples.customer("cus_nowhere"), version=1),)),
    ),
    "a key that is taken": (Taken, lambda: Decision(save=(samples.key("key_before"),))),
    "a name that is taken": (Taken, lambda: Decision(name=(samples.alias("claimed_before", "cus_b"),))),
    "an id that is taken": (Corrupt, lambda: Decision(save=(samples.customer("cus_before"),))),
    "an entry that is posted": (Corrupt, lambda: Decision(post=(samples.entry("ent_before"),))),
    "an event that is told": (Corrupt, lambda: Decision(announce=(samples.event("evt_before"),))),
    "a subject that has its number": (
        Corrupt,
        lambda: Decision(number=(Numbering(TENANT, "receipts", "sub_before"),)),
    ),
}


@pytest.mark.parametrize("failing", FAILING)
async def test_a_decision_that_fails_leaves_nothing_and_takes_nobody_along(store: Store, failing: str) -> None:
    why, made = FAILING[failing]
    await store.commit(samples.everything("before"))
    before = await contents(store)
    assert await together(store, [samples.everything("b").merged(made())]) == [why]
    assert await contents(store) == before
    among = [samples.everything("c"), samples.everything("b").merged(made()), samples.everything("d")]
    assert await together(store, among) == [None, why, None]
    assert await rows(store, "select id from customers order by id") == [("cus_before",), ("cus_c",), ("cus_d",)]
    assert await rows(store, "select id from entries order by id") == [("ent_before",), ("ent_c",), ("ent_d",)]
    assert await rows(store, "select number from numbers order by number") == [(1,), (2,), (3,)]


async def test_of_many_who_change_what_they_read_one_does_and_the_others_hear_of_it(store: Store) -> None:
    await store.commit(Decision(save=(samples.customer("cus_one"),)))
    read = await load(store, "cus_one")
    changes = [Decision(save=(evolve(read, name=f"by {n}"),)) for n in range(20)]
    results = await together(store, changes)
    assert results.count(None) == 1
    assert results.count(Conflict) == 19
    assert (await load(store, "cus_one")).name == f"by {results.index(None)}"


async def test_a_record_bears_the_version_that_was_written(store: Store) -> None:
    one = samples.customer("cus_one")
    await store.commit(Decision(save=(one,)))
    for name in ("second", "third"):
        one = evolve(one, name=name)
        await store.commit(Decision(save=(one,)))
    assert one == await load(store, "cus_one")
    assert one.version == 3


async def test_a_key_that_many_claim_has_one_owner(store: Store) -> None:
    claims = [
        Decision(
            save=(samples.key("key_one"), samples.customer(f"cus_{n}")), name=(samples.alias(f"a{n}", f"cus_{n}"),)
        )
        for n in range(20)
    ]
    results = await together(store, claims)
    assert results.count(None) == 1
    assert results.count(Taken) == 19
    owner = results.index(None)
    assert await rows(store, "select id from customers") == [(f"cus_{owner}",)]
    assert await rows(store, "select value from aliases") == [(f"a{owner}",)]


async def test_what_a_loser_claimed_besides_is_free_again(store: Store) -> None:
    await store.commit(Decision(save=(samples.key("key_one"),), name=(samples.alias("b", "cus_one"),)))
    losing = Decision(save=(samples.key("key_two"),), name=tuple(samples.alias(v, "cus_two") for v in "abc"))
    with pytest.raises(Taken) as taken:
        await store.commit(losing)
    assert taken.value.name == "email"
    assert await find.record(store, IdempotencyKey, TENANT, "key_two") is None
    again = Decision(save=(samples.key("key_two"),), name=tuple(samples.alias(v, "cus_three") for v in "ac"))
    await store.commit(again)
    assert [await find.alias(store, TENANT, "email", v) for v in "abc"] == ["cus_three", "cus_one", "cus_three"]


async def test_a_key_is_one_tenants(store: Store) -> None:
    mine, theirs = samples.everything("a"), samples.everything("a", tenant=samples.OTHER)
    assert await together(store, [mine, theirs]) == [None, None]


async def test_an_alias_that_moves_points_at_the_newest(store: Store) -> None:
    for id in ("cus_first", "cus_second"):
        await store.commit(Decision(name=(samples.alias("a@example.com", id, moves=True),)))
        assert await find.alias(store, TENANT, "email", "a@example.com") == id
    await store.commit(Decision(name=(samples.alias("b@example.com", "cus_first"),)))
    await store.commit(Decision(name=(samples.alias("b@example.com", "cus_second", moves=True),)))
    assert await find.alias(store, TENANT, "email", "b@example.com") == "cus_second"
    assert await rows(store, "select count(*) from aliases") == [(2,)]


async def test_who_hangs_up_changes_nothing(store: Store) -> None:
    waiting = [asyncio.ensure_future(store.commit(samples.everything(str(n)))) for n in range(10)]
    await asyncio.sleep(0)
    for task in waiting[::2]:
        task.cancel()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(result) for result in results] == [asyncio.CancelledError, type(None)] * 5
    await store.commit(samples.everything("after"))

    async def everyone_is_there() -> bool:
        return await rows(store, "select count(*) from customers") == [(11,)]

    await eventually(everyone_is_there, "nobody waits for what those who hung up had handed in, but it is carried out")


async def test_what_was_handed_in_is_carried_out_before_closing(place: Place) -> None:
    async with place.opened() as store:
        waiting = [asyncio.ensure_future(store.commit(samples.everything(str(n)))) for n in range(10)]
        await asyncio.sleep(0)
    assert await asyncio.gather(*waiting) == [None] * 10
    async with place.opened() as store:
        assert await rows(store, "select count(*) from customers") == [(10,)]


async def test_decisions_that_come_together_travel_together(store: Store) -> None:
    many = [Decision(save=(samples.customer(f"cus_{n}"),)) for n in range(2 * LARGEST_BATCH)]
    assert await together(store, many) == [None] * len(many)
    assert await rows(store, "select count(*) from batches") == [(store.engine.lanes + 2,)]


async def test_a_defect_in_one_batch_fails_it_whole_and_the_next_is_well(place: Place) -> None:
    struck = 0

    def strike(point: Point) -> None:
        nonlocal struck
        if point is Point.BEFORE_COMMIT and not struck:
            struck += 1
            raise ZeroDivisionError

    async with place.opened(strike=strike) as store:
        before = await contents(store)
        with pytest.raises(ZeroDivisionError):
            await store.commit(samples.everything("a"))
        assert await contents(store) == before
        await store.commit(samples.everything("a"))


@pytest.mark.parametrize(
    "made",
    [
        lambda: Decision(save=(samples.customer("cus_twin"),)),
        lambda: Decision(save=(samples.payment("pay_twin"),)),
        lambda: Decision(post=(samples.entry("ent_twin"),)),
        lambda: Decision(announce=(samples.event("evt_twin"),)),
        lambda: Decision(number=(Numbering(TENANT, "receipts", "sub_twin"),)),
    ],
    ids=["record", "record with a column empty", "entry", "event", "number"],
)
async def test_of_twins_in_one_batch_one_lands_and_nobody_else_is_harmed(
    store: Store, made: Callable[[], Decision]
) -> None:
    results = await together(store, [samples.everything("a"), made(), made(), samples.everything("b")])
    assert results == [None, None, Corrupt, None]


async def test_text_that_a_database_cannot_hold_harms_nobody_else(store: Store) -> None:
    bad = Decision(name=(samples.alias("nul\x00", "cus_one"),))
    good = [samples.everything(str(n)) for n in range(5)]
    results = await together(store, [*good[:2], bad, *good[2:]])
    assert results[:2] + results[3:] == [None] * 5
