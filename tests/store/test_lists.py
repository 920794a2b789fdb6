"""A page is what a list in memory would give, whatever the limit, the cursor and the filter."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sizes import at_size
from tests.store import samples
from tests.store.places import Place
from tests.store.samples import OTHER, TENANT
from tillgate.core.decisions import Decision
from tillgate.core.disputes import Dispute, DisputeStatus
from tillgate.core.payments import Payment
from tillgate.core.records import Record, evolve
from tillgate.core.refunds import Refund
from tillgate.store import lists
from tillgate.store.database import Store
from tillgate.store.lists import Cursor

pytestmark = pytest.mark.anyio

IDS = range(1, 40, 2)
BUYERS = (None, "cus_a", "cus_b", "cus_c")


def payment_of(n: int, tenant: str) -> Payment:
    return samples.payment(f"pay_{n:02}", tenant=tenant, of=BUYERS[n * n % 4 if tenant == TENANT else n % 4])


def refund_of(n: int, tenant: str) -> Refund:
    return samples.refund(f"re_{n:02}", tenant=tenant, of=f"pay_{n % 3}")


def dispute_of(n: int, tenant: str) -> Dispute:
    status = (DisputeStatus.LOST, DisputeStatus.WON)[n * n % 3 % 2]
    return samples.dispute(f"dp_{n:02}", tenant=tenant, of=f"pay_{n % 3}", status=status)


PAYMENTS = tuple(payment_of(n, TENANT) for n in IDS)
REFUNDS = tuple(refund_of(n, TENANT) for n in IDS)
DISPUTES = tuple(dispute_of(n, TENANT) for n in IDS)
"""As they are before they are stored."""


@pytest.fixture
async def filled(place: Place) -> AsyncIterator[Store]:
    """A store with the payments, refunds and disputes of two tenants, whose ids lie between each other's."""
    theirs = [made(n, OTHER) for n in range(40) for made in (payment_of, refund_of, dispute_of)]
    records: list[Record] = [*PAYMENTS, *REFUNDS, *DISPUTES, *theirs]
    async with place.opened() as store:
        await asyncio.gather(*(store.commit(Decision(save=(evolve(record),))) for record in records))
        yield store


def model(ids: list[str], cursor: Cursor) -> tuple[list[str], bool]:
    """A page of a list in memory: ids newest first, and whether there are more."""
    between = [
        id
        for id in sorted(ids, reverse=True)
        if (cursor.after is None or id < cursor.after) and (cursor.before is None or id > cursor.before)
    ]
    page = between[-cursor.limit :] if cursor.before is not None else between[: cursor.limit]
    return page, len(between) > cursor.limit


def cursors(prefix: str) -> st.SearchStrategy[Cursor]:
    edge = st.none() | st.integers(0, 41).map(lambda n: f"{prefix}_{n:02}")
    return st.builds(Cursor, limit=st.integers(1, 45), after=edge, before=edge)


@given(cursor=cursors("pay"), buyer=st.sampled_from([*BUYERS, "cus_nobody"]))
@settings(max_examples=at_size(50, 2_000), suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_a_page_of_payments_is_what_the_model_says(filled: Store, cursor: Cursor, buyer: str | None) -> None:
    ids = [p.id for p in PAYMENTS if buyer is None or (p.customer is not None and p.customer.id == buyer)]
    where = {} if buyer is None else {"customer": buyer}
    page = await lists.page(filled, Payment, TENANT, cursor, where=where)
    assert ([payment.id for payment in page.records], page.has_more) == model(ids, cursor)
    assert all(payment.tenant == TENANT for payment in page.records)


@given(cursor=cursors("re"), of=st.sampled_from([None, "pay_0", "pay_1", "pay_2", "pay_nothing"]))
@settings(max_examples=at_size(50, 2_000), suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_a_page_of_refunds_is_what_the_model_says(filled: Store, cursor: Cursor, of: str | None) -> None:
    ids = [refund.id for refund in REFUNDS if of in (None, refund.payment)]
    where = {} if of is None else {"payment": of}
    page = await lists.page(filled, Refund, TENANT, cursor, where=where)
    assert ([refund.id for refund in page.records], page.has_more) == model(ids, cursor)


@given(
    cursor=cursors("dp"),
    of=st.sampled_from([None, "pay_0", "pay_1"]),
    status=st.sampled_from([None, *DisputeStatus]),
)
@settings(max_examples=at_size(50, 2_000), suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_a_page_of_disputes_is_what_the_model_says(
    filled: Store, cursor: Cursor, of: str | None, status: DisputeStatus | None
) -> None:
    ids = [dispute.id for dispute in DISPUTES if of in (None, dispute.payment) and status in (None, dispute.status)]
    given = {"payment": of, "status": status}
    where = {name: value for name, value in given.items() if value is not None}
    page = await lists.page(filled, Dispute, TENANT, cursor, where=where)
    assert ([dispute.id for dispute in page.records], page.has_more) == model(ids, cursor)


@pytest.mark.parametrize("limit", [1, 2, 7, 20, 100])
async def test_page_by_page_everything_comes_once_in_both_directions(filled: Store, limit: int) -> None:
    newest_first = [payment.id for payment in reversed(PAYMENTS)]
    down: list[str] = []
    more = True
    while more:
        older = await lists.page(filled, Payment, TENANT, Cursor(limit, after=down[-1] if down else None))
        down += [payment.id for payment in older.records]
        more = older.has_more
    assert down == newest_first
    up: list[str] = []
    more = True
    while more:
        newer = await lists.page(filled, Payment, TENANT, Cursor(limit, before=up[0] if up else "pay_"))
        up = [payment.id for payment in newer.records] + up
        more = newer.has_more
    assert up == newest_first


async def test_what_arrives_while_paging_moves_no_page(filled: Store) -> None:
    first = await lists.page(filled, Payment, TENANT, Cursor(5))
    await filled.commit(Decision(save=(samples.payment("pay_99"),)))
    second = await lists.page(filled, Payment, TENANT, Cursor(5, after=first.records[-1].id))
    assert [payment.id for payment in (*first.records, *second.records)] == [p.id for p in reversed(PAYMENTS[-10:])]
    newer = await lists.page(filled, Payment, TENANT, Cursor(5, before=first.records[0].id))
    assert [payment.id for payment in newer.records] == ["pay_99"]
