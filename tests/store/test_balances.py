"""What was posted is in the balances, to the last unit, in whatever lanes it was posted."""

import asyncio
import random

import pytest

from tests.sizes import at_size
from tests.store import samples
from tests.store.places import Place, rows
from tests.store.samples import OTHER, TENANT
from tillgate.core.decisions import Decision
from tillgate.core.ledger import Entry
from tillgate.store import balances
from tillgate.store.database import Store
from tillgate.store.engine import Corrupt

pytestmark = pytest.mark.anyio

ACCOUNTS = ("bank:one:receivable", "fees:processing", "merchant:payable")


def some_entry(id: str, draw: random.Random) -> Entry:
    postings = []
    for _ in range(draw.randint(1, 4)):
        source, destination = draw.sample(ACCOUNTS, 2)
        postings.append(samples.posting(source, destination, draw.randint(1, 10_000), draw.choice(("USD", "JPY"))))
    return samples.entry(id, *postings, tenant=draw.choice((TENANT, OTHER)))


def expected(entries: list[Entry]) -> dict[tuple[str, str], dict[str, int]]:
    """What each (tenant, account) holds, added up here."""
    sums: dict[tuple[str, str], dict[str, int]] = {}
    for entry in entries:
        for posting in entry.postings:
            for account, sign in ((posting.source, -1), (posting.destination, 1)):
                of = sums.setdefault((entry.tenant, account), {})
                of[posting.money.currency] = of.get(posting.money.currency, 0) + sign * posting.money.amount
    return sums


async def assert_held(store: Store, entries: list[Entry]) -> None:
    for (tenant, account), held in expected(entries).items():
        assert await balances.of_account(store, tenant, account) == held


async def test_an_account_nobody_posted_to_holds_nothing(store: Store) -> None:
    assert await balances.of_account(store, TENANT, "merchant:payable") == {}


async def test_balances_are_what_the_postings_make(place: Place) -> None:
    draw = random.Random(3)
    async with place.opened() as store:
        entries = [some_entry(f"ent_{n}", draw) for n in range(at_size(200, 5_000))]
        await asyncio.gather(*(store.commit(Decision(post=(entry,))) for entry in entries))
        await assert_held(store, entries)
        assert await place.differences() == []


async def test_processes_post_to_one_account_in_lanes_of_their_own(postgres_place: Place) -> None:
    draw = random.Random(5)
    async with postgres_place.opened(balance_lane=0) as one, postgres_place.opened(balance_lane=1) as other:
        entries = [some_entry(f"ent_{n}", draw) for n in range(at_size(200, 5_000))]
        await asyncio.gather(*(draw.choice((one, other)).commit(Decision(post=(entry,))) for entry in entries))
        lanes = await rows(one, "select distinct lane from balances order by lane")
        assert lanes == [(0,), (1,), (2,), (3,)]
        await assert_held(one, entries)
        assert await postgres_place.differences() == []


async def test_an_entry_is_posted_once(place: Place) -> None:
    async with place.opened() as store:
        first = samples.entry("ent_one", samples.posting("a", "b", 100))
        again = samples.entry("ent_one", samples.posting("a", "b", 7))
        await store.commit(Decision(post=(first,)))
        for _ in range(2):
            with pytest.raises(Corrupt):
                await store.commit(Decision(save=(samples.customer("cus_one"),), post=(again,)))
        assert await balances.of_account(store, TENANT, "b") == {"USD": 100}
        assert await rows(store, "select id from customers") == []
        assert await place.differences() == []


async def test_of_many_who_post_one_entry_one_does(store: Store) -> None:
    results = await asyncio.gather(
        *(store.commit(Decision(post=(samples.entry("ent_one", samples.posting("a", "b", n)),))) for n in range(1, 9)),
        return_exceptions=True,
    )
    assert [type(result) for result in results].count(Corrupt) == 7
    posted = results.index(None) + 1
    assert await balances.of_account(store, TENANT, "b") == {"USD": posted}
