"""One record is found by its id or another name of it, by its own tenant and by a process that knows its shape."""

import pytest
import sqlalchemy as sa

from tests.store import samples
from tests.store.samples import OTHER, TENANT
from tillgate.core.customers import Customer
from tillgate.core.decisions import Decision
from tillgate.core.payments import Payment
from tillgate.core.records import Record, evolve
from tillgate.core.refunds import Refund
from tillgate.store import find, lists, schema
from tillgate.store.database import Store
from tillgate.store.lists import Cursor
from tillgate.store.records import ShapeTooNew

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "record",
    [
        samples.customer("cus_one", name="Zoë 🦊"),
        samples.payment("pay_one"),
        samples.payment("pay_two", of="cus_one"),
        samples.refund("re_one", of="pay_one"),
        samples.key("key_one"),
    ],
    ids=lambda record: record.id,
)
async def test_what_was_saved_is_found_as_it_was(store: Store, record: Record) -> None:
    record = evolve(record, version=0)
    await store.commit(Decision(save=(record,)))
    assert await find.record(store, type(record), TENANT, record.id) == record


async def test_what_was_never_saved_is_not_found(store: Store) -> None:
    assert await find.record(store, Customer, TENANT, "cus_one") is None
    assert await find.alias(store, TENANT, "email", "a@example.com") is None


async def test_another_tenants_record_is_as_if_it_did_not_exist(store: Store) -> None:
    mine = samples.everything("one").merged(
        Decision(save=(samples.payment("pay_one", of="cus_one"), samples.refund("re_one", of="pay_one")))
    )
    await store.commit(mine)
    for type, id in ((Customer, "cus_one"), (Payment, "pay_one"), (Refund, "re_one")):
        assert await find.record(store, type, TENANT, id) is not None
        assert await find.record(store, type, OTHER, id) is None
        assert (await lists.page(store, type, OTHER, Cursor(10))).records == ()
    assert await find.alias(store, TENANT, "email", "claimed_one") == "cus_one"
    assert await find.alias(store, OTHER, "email", "claimed_one") is None
    of_mine = await lists.page(store, Payment, OTHER, Cursor(10), where={"customer": "cus_one"})
    assert of_mine.records == ()


async def test_ids_of_two_tenants_may_be_the_same(store: Store) -> None:
    mine, theirs = samples.customer("cus_one", name="mine"), samples.customer("cus_one", tenant=OTHER, name="theirs")
    await store.commit(Decision(save=(mine, theirs)))
    assert await find.record(store, Customer, TENANT, "cus_one") == mine
    assert await find.record(store, Customer, OTHER, "cus_one") == theirs


async def test_a_name_is_of_its_kind(store: Store) -> None:
    await store.commit(Decision(name=(samples.alias("a", "cus_one"),)))
    assert await find.alias(store, TENANT, "phone", "a") is None


async def test_a_record_of_a_newer_shape_is_refused_and_not_overwritten(store: Store) -> None:
    one = samples.customer("cus_one")
    await store.commit(Decision(save=(one,)))
    newer = sa.update(schema.customers).values(shape=Customer.SHAPE + 1).returning(schema.customers.c.id)
    assert await store.engine.change(newer, {})
    with pytest.raises(ShapeTooNew):
        await find.record(store, Customer, TENANT, "cus_one")
    with pytest.raises(ShapeTooNew):
        await lists.page(store, Customer, TENANT, Cursor(10))
    assert await store.engine.fetch(sa.select(schema.customers.c.shape), {}) == [(Customer.SHAPE + 1,)]
