"""Numbers of a series are gapless and given once, however many ask at the same time and however many fail."""

import asyncio
import random

import pytest

from tests.sizes import at_size
from tests.store import samples
from tests.store.places import Place, rows
from tests.store.samples import TENANT
from tillgate.core.decisions import Decision, Numbering
from tillgate.store.database import Store
from tillgate.store.engine import Corrupt, Point, Retry

pytestmark = pytest.mark.anyio

SERIES = ("invoices", "receipts")


def wish(subject: str, *series: str) -> tuple[Numbering, ...]:
    return tuple(Numbering(TENANT, name, subject) for name in series)


async def test_numbers_count_from_one_in_each_series_of_each_tenant(store: Store) -> None:
    await store.commit(Decision(number=wish("sub_a", "invoices", "receipts")))
    await store.commit(Decision(number=wish("sub_b", "invoices")))
    await store.commit(Decision(number=(Numbering(samples.OTHER, "invoices", "sub_a"),)))
    given = await rows(store, "select tenant, series, number, subject from numbers order by tenant, series, number")
    assert given == [
        (TENANT, "invoices", 1, "sub_a"),
        (TENANT, "invoices", 2, "sub_b"),
        (TENANT, "receipts", 1, "sub_a"),
        (samples.OTHER, "invoices", 1, "sub_a"),
    ]


async def test_numbers_have_no_gap_under_parallel_load_and_failing_batches(place: Place) -> None:
    draw = random.Random(7)

    def strike(point: Point) -> None:
        if point is Point.BEFORE_COMMIT and draw.random() < 0.3:
            raise Retry

    async def client(name: int) -> int:
        served = 0
        for n in range(at_size(10, 100)):
            subject = f"sub_{name}_{n}"
            # Every third decision fails by itself, after its batch has counted for it.
            post = (samples.entry("ent_before"),) if n % 3 == 0 else ()
            try:
                await store.commit(Decision(post=post, number=wish(subject, *SERIES)))
                served += 1
            except Corrupt:
                assert post
        return served

    async with place.opened(strike=strike) as store:
        await store.commit(Decision(post=(samples.entry("ent_before"),)))
        served = sum(await asyncio.gather(*map(client, range(20))))
        for series in SERIES:
            given = await rows(store, f"select number from numbers where series = '{series}' order by number")
            assert given == [(number,) for number in range(1, served + 1)]


async def test_two_processes_count_in_one_series(postgres_place: Place) -> None:
    async with postgres_place.opened(balance_lane=0) as one, postgres_place.opened(balance_lane=1) as other:
        wishes = [Decision(number=wish(f"sub_{n}", *SERIES)) for n in range(200)]
        await asyncio.gather(
            *(store.commit(decision) for store, decision in zip([one, other] * 100, wishes, strict=True))
        )
        for series in SERIES:
            given = await rows(one, f"select number from numbers where series = '{series}' order by number")
            assert given == [(number,) for number in range(1, 201)]
