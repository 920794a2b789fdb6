"""A database of an earlier release is brought to this one with everything that it holds."""

import asyncio
import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from tests import postgres
from tests.store.places import ENGINES, Place, rows
from tests.store.samples import TENANT, payment, refund
from tillgate.core import customers, ids, transactions
from tillgate.core.attempts import Action, Attempt, Kind, State
from tillgate.core.cancellations import Cancellation
from tillgate.core.customers import Customer, CustomerSummary
from tillgate.core.idempotency import IdempotencyKey
from tillgate.core.ids import Ids
from tillgate.core.instants import DAY, SECOND
from tillgate.core.intents import FutureUsage, Intent
from tillgate.core.money import Money
from tillgate.core.payments import Failure, Payment
from tillgate.core.reasons import Reason
from tillgate.core.records import Record, evolve
from tillgate.core.refunds import Refund, RefundState
from tillgate.core.reservations import Reservation
from tillgate.core.setup_intents import SetupIntent, SetupStatus
from tillgate.store import find, migrate, retention
from tillgate.store.records import encode

pytestmark = pytest.mark.anyio

MINTED = Ids.seeded(7)
NOW = 20_000 * DAY


def new(prefix: str) -> str:
    return MINTED.new(prefix, NOW)


ANN = Customer(tenant=TENANT, id=new("cus"), created=NOW, email=" Änn@Example.com ")
OF_ANN = CustomerSummary(ANN.id, ANN.email)
FRESH = evolve(payment(new("pay"), of=ANN.id), customer=OF_ANN)
DECLINED = Failure(Reason.CARD_DECLINED)
ASKING = (Reservation("att_1", Kind.CHARGE, 2_000),)
PAYMENTS: list[Payment] = [
    FRESH,
    evolve(FRESH, id=new("pay"), events=2, authorized=2_000, captured=2_000, refunded=500),
    evolve(FRESH, id=new("pay"), events=2, failure=DECLINED),
    evolve(FRESH, id=new("pay"), events=2, authorized=2_000, customer=None),
    evolve(FRESH, id=new("pay"), events=3, authorized=2_000, canceled=Cancellation(1, "requested"), voided=2_000),
    evolve(FRESH, id=new("pay"), events=3, amount=Money(2_000, "EUR"), customer=None),
    *[
        evolve(FRESH, id=new("pay"), events=1, **facts)
        for facts in (
            {"in_flight": ASKING, "attempts_made": 1},
            {"in_flight": ASKING, "attempts_made": 2, "failure": DECLINED},
            {"in_flight": ASKING, "attempts_made": 1, "action": Action("https://bank.example")},
            {"in_flight": (Reservation("att_1", Kind.RETURN, 0),), "attempts_made": 1, "failure": DECLINED},
            {"intent": Intent()},
            {"intent": Intent(), "payment_method": None},
            {"intent": Intent(), "payment_method": None, "attempts_made": 1},
            {"intent": Intent(), "attempts_made": 1},
            {"intent": Intent(), "canceled": Cancellation(1, "requested")},
            {"canceled": Cancellation(1, "requested"), "attempts_made": 1, "metadata": {"shelf": "7"}},
        )
    ],
]
PAID = PAYMENTS[1]
REFUNDS: list[Refund] = [
    evolve(refund(new("re"), of=PAID.id), state=RefundState.SUCCEEDED, announced=True),
    evolve(refund(new("re"), of=PAID.id), announced=True),
    refund(new("re"), of=PAID.id),
]


def attempt(number: int, of_refund: str | None) -> Attempt:
    return Attempt(
        tenant=TENANT,
        id=f"att_{PAID.id.removeprefix('pay_')}_{number}",
        payment=PAID.id,
        kind=Kind.REFUND if of_refund else Kind.CHARGE,
        amount=Money(500, "USD"),
        state=State.APPROVED,
        bank="sandbox",
        asked_at=1,
        answer_due_at=1,
        actor="key_1",
        surface="v1",
        request_id="req_1",
        refund=of_refund,
    )


ATTEMPTS = [attempt(1, None), attempt(2, REFUNDS[0].id)]
KEYS = [
    IdempotencyKey(
        tenant=TENANT, id=f"key_{n}", created=1, fingerprint="f", lease_until=1, subject=subject, reply=b"sealed"
    )
    for n, subject in enumerate((ATTEMPTS[0].id, "tok_1"))
]
ENTRIES = [(f"{ATTEMPTS[0].id}:captured", NOW), (f"{ATTEMPTS[1].id}:refunded", NOW + SECOND), ("att_x_1:authorized", 1)]


@pytest.fixture(params=ENGINES, scope="module")
def earlier(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A database as the first release left it, on each engine in turn."""
    data = tmp_path_factory.mktemp("earlier")
    if request.param == "sqlite":
        yield _first_release(Place(None, data))
        return
    cluster: postgres.Cluster = request.getfixturevalue("postgres_cluster")
    with cluster.fresh() as url:
        yield _first_release(Place(url, data))


POSTED = (
    [("bank:sandbox:receivable", "merchant:payable", 900), ("merchant:payable", "fees:processing", 26)],
    [("merchant:payable", "bank:sandbox:receivable", 300)],
    [("bank:sandbox:holds", "payments:authorized", 900)],
)
"""What the entries moved: source, destination, amount."""


def _at(place: Place, revision: str) -> None:
    def upgrade(connection: sa.Connection) -> None:
        config = Config()
        config.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))
        config.attributes["connection"] = connection
        command.upgrade(config, revision)

    migrate._on_connection(place.url, place.data, upgrade)


def _first_release(place: Place) -> Place:
    _at(place, "0001")
    statements = [
        _kept("customers", ANN, ""),
        *[_kept("payments", each, f", {_text(each.customer.id if each.customer else None)}") for each in PAYMENTS],
        *[_kept("refunds", each, f", {_text(each.payment)}") for each in REFUNDS],
        *[_kept("attempts", each, "") for each in ATTEMPTS],
        *[_kept("idempotency_keys", each, ", 1") for each in KEYS],
        *[
            f"insert into entries values ('{TENANT}', '{id}', '{PAID.id}', {at}, 'key_1', 'v1', 'req_1')"
            for id, at in ENTRIES
        ],
        *[
            f"insert into postings values ('{TENANT}', '{id}', {line}, '{source}', '{destination}', 'USD', {amount})"
            for number, (id, _) in enumerate(ENTRIES)
            for line, (source, destination, amount) in enumerate(POSTED[number])
        ],
    ]
    asyncio.run(place.execute(*statements))
    migrate.migrate(place.url, place.data)
    return place


def _kept(table: str, record: Record, more: str) -> str:
    body = encode(record).decode()
    return f"insert into {table} values ('{record.tenant}', '{record.id}', 1, 1, {_text(body)}{more})"


def _text(value: str | None) -> str:
    return "null" if value is None else "'" + value.replace("'", "''") + "'"


async def test_customers_are_found_by_the_address_that_they_had(earlier: Place) -> None:
    async with earlier.opened() as store:
        assert await find.newest(store, Customer, TENANT, ("email", customers.email_key("änn@example.com"))) == ANN


async def test_payments_and_refunds_are_listed_as_they_would_have_been(earlier: Place) -> None:
    async with earlier.opened() as store:
        found = await rows(store, "select tenant, id, stage, currency, amount, customer from transactions order by id")
        of_ann = [evolve(each, customer=ANN.id) for each in REFUNDS]
        assert [await find.record(store, Refund, TENANT, each.id) for each in REFUNDS] == of_ann
    lines = [*map(transactions.of_payment, PAYMENTS), *map(transactions.of_refund, of_ann)]
    expected = [(one.tenant, one.id, one.stage, one.currency, one.amount, one.customer) for one in lines if one]
    assert found == sorted(expected, key=lambda line: line[1])


async def test_what_was_written_is_found_by_its_words_and_notes(earlier: Place) -> None:
    async with earlier.opened() as store:
        found = await rows(store, "select id, name, value from terms order by name, value")
        assert await rows(store, f"select terms from customers where id = '{ANN.id}'") == [
            ('[["word","com"],["word","example"],["word","änn"]]',)
        ]
    assert found == [
        (PAYMENTS[-1].id, "metadata[shelf]", "7"),
        *[(ANN.id, "word", word) for word in ("com", "example", "änn")],
    ]


async def test_what_moved_the_balance_has_an_id_of_its_own_in_the_order_of_time(earlier: Place) -> None:
    async with earlier.opened() as store:
        found = await rows(store, "select id, type, subject, balance_transaction from entries order by occurred_at")
    authorized, captured, refunded = found
    assert authorized[1:] == (None, PAID.id, None)
    assert captured[1:3] == ("charge", PAID.id)
    assert refunded[1:3] == ("refund", REFUNDS[0].id)
    assert ids.instant_of(captured[3]) == NOW
    assert ids.is_id("bt", captured[3])
    assert captured[3] < refunded[3]


async def test_what_moved_the_balance_before_was_available_at_once(earlier: Place) -> None:
    columns = "currency, net, available_at - occurred_at, statement, amount"
    async with earlier.opened() as store:
        found = await rows(store, f"select {columns} from entries order by occurred_at")
    assert found == [(None,) * 5, ("USD", 874, 0, None, 900), ("USD", -300, 0, None, -300)]


async def test_kept_replies_say_of_whom_they_tell(earlier: Place) -> None:
    async with earlier.opened() as store:
        found = await retention.keys_about(store, TENANT, [ANN.id])
        assert found == [evolve(KEYS[0], person=ANN.id)]
        assert json.loads(encode(found[0]))["reply"]


SETUPS = [
    SetupIntent(tenant=TENANT, id=new("seti"), created=NOW, bank="sandbox", usage=FutureUsage.OFF_SESSION),
    SetupIntent(
        tenant=TENANT,
        id=new("seti"),
        created=NOW,
        bank="sandbox",
        usage=FutureUsage.OFF_SESSION,
        customer=ANN.id,
        canceled_at=NOW,
        metadata={"shelf": "7"},
    ),
    *[
        SetupIntent(tenant=TENANT, id=new("seti"), created=NOW, bank="sandbox", usage=FutureUsage.OFF_SESSION, **facts)
        for facts in (
            {"payment_method": "pm_1"},
            {"payment_method": "pm_1", "attempt": "att_1"},
            {"payment_method": "pm_1", "attempt": "att_1", "action": Action("https://bank.example")},
            {"payment_method": "pm_1", "attempt": "att_1", "verified": "att_1"},
        )
    ],
]
GIVEN_UP = evolve(FRESH, id=new("pay"), events=2, canceled=Cancellation(1, "requested"))


@pytest.mark.parametrize("engine", ENGINES)
async def test_what_more_filters_need_is_told_of_what_is_there(
    engine: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    with contextlib.ExitStack() as stack:
        cluster = request.getfixturevalue("postgres_cluster") if engine == "postgres" else None
        place = Place(stack.enter_context(cluster.fresh()) if cluster else None, tmp_path)
        await asyncio.to_thread(_at, place, "0009")
        await place.execute(
            *[_kept("setup_intents", each, f", {_text(each.customer)}") for each in SETUPS],
            *[_kept("payments", each, ", null, null") for each in (PAYMENTS[4], GIVEN_UP)],
            *[
                f"insert into transactions values ('{TENANT}', 'txn_{each.id[4:]}', 'canceled', 'USD', 2000, null)"
                for each in (PAYMENTS[4], GIVEN_UP)
            ],
        )
        await asyncio.to_thread(migrate.migrate, place.url, place.data)
        async with place.opened() as store:
            assert await rows(store, "select id, status from setup_intents order by id") == [
                (each.id, each.status) for each in SETUPS
            ]
            assert {each.status for each in SETUPS} == set(SetupStatus)
            assert await rows(store, "select name, value, id from terms") == [("metadata[shelf]", "7", SETUPS[1].id)]
            assert await rows(store, "select id, stage from transactions order by id") == [
                (f"txn_{PAYMENTS[4].id[4:]}", "released"),
                (f"txn_{GIVEN_UP.id[4:]}", "canceled"),
            ]
