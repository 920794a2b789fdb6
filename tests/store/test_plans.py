"""Every question that a request or a worker asks is answered from a range of an index, however much there is."""

import contextlib
import re
import sqlite3
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, cast

import pytest
import sqlalchemy as sa

from tests.sizes import at_size
from tests.store.places import Place
from tillgate.core.attempts import Attempt
from tillgate.core.bank_accounts import BankAccount
from tillgate.core.customers import Customer
from tillgate.core.disputes import Dispute
from tillgate.core.faults import Fault
from tillgate.core.ledger import MovementType
from tillgate.core.payment_methods import PaymentMethod, Token
from tillgate.core.payments import Payment
from tillgate.core.payouts import Payout, Settlement
from tillgate.core.records import Record
from tillgate.core.refunds import Refund
from tillgate.core.sandboxes import Sandbox
from tillgate.core.setup_intents import SetupIntent
from tillgate.core.transactions import TransactionStatus, TransactionType
from tillgate.core.wallets import WalletKey
from tillgate.store import (
    balance_transactions,
    balances,
    credentials,
    deliveries,
    events,
    faults,
    filters,
    find,
    lists,
    numbers,
    payouts,
    postgres,
    retention,
    sandboxes,
    schema,
    sqlite,
    steps,
    timers,
    transactions,
)
from tillgate.store.balance_transactions import Wanted as Moved
from tillgate.store.database import SQLITE_FILE, Store
from tillgate.store.lists import Cursor
from tillgate.store.postgres import Postgres
from tillgate.store.steps import Verb
from tillgate.store.transactions import Wanted

pytestmark = pytest.mark.anyio

ROWS = at_size(6_000, 200_000)
TENANT = "ten_1"
PAGED: list[tuple[type[Record], dict[str, str]]] = [
    (Payment, {}),
    (Payment, {"customer": "cus_1"}),
    (Refund, {}),
    (Refund, {"payment": "pay_1"}),
    (Dispute, {}),
    (Dispute, {"payment": "pay_1"}),
    (Dispute, {"status": "lost"}),
    (Customer, {}),
    (Customer, {"email": "ann1@example.com"}),
    (PaymentMethod, {}),
    (PaymentMethod, {"customer": "cus_1"}),
    (Attempt, {}),
    (WalletKey, {}),
    (WalletKey, {"wallet": "apple_pay"}),
    (Fault, {}),
    (Sandbox, {"status": "active"}),
    (Payout, {}),
    (Payout, {"status": "pending"}),
    (BankAccount, {"currency": "EUR"}),
]
MIDDLE = f"id_{1_000_000 + ROWS // 2}"
CURSORS = {
    "the newest": Cursor(10),
    "older ones": Cursor(10, after=MIDDLE),
    "newer ones": Cursor(10, before=MIDDLE),
    "between two": Cursor(10, after=MIDDLE, before="id_1000001"),
}

TRANSACTIONS: list[dict[str, Any]] = [
    {},
    {"status": TransactionStatus.FAILED},
    {"customer": "cus_1"},
    {"type": TransactionType.REFUND},
    {"at_least": MIDDLE, "below": f"id_{1_000_010 + ROWS // 2}"},
    {"status": TransactionStatus.FAILED, "at_least": MIDDLE, "below": f"id_{1_000_010 + ROWS // 2}"},
    {"status": TransactionStatus.SUCCEEDED, "currency": "USD"},
    {"status": TransactionStatus.SUCCEEDED, "type": TransactionType.PAYMENT},
    {"terms": (("metadata[a]", "1"),), "type": TransactionType.PAYMENT},
]

NUMBERED = f"with recursive numbered (n) as (select 1 union all select n + 1 from numbered where n < {ROWS})"
FILLED = [
    f"insert into {table} {NUMBERED} select 'ten_' || (n % 3), 'id_' || (1000000 + n), 1, 1, '{{}}'{more} from numbered"
    for table, more in (
        ("payments", ", 'cus_' || (n % 40), null"),
        ("refunds", ", 'pay_' || (n % 900), 'cus_' || (n % 40), null"),
        ("disputes", ", 'pay_' || (n % 900), case n % 3 when 0 then 'won' else 'lost' end, 'USD', n, null"),
        ("customers", ", 'ann' || (n % 40) || '@example.com', null"),
        ("attempts", ""),
        ("setup_intents", ", 'cus_' || (n % 40), case when n % 9 = 0 then 'canceled' else 'succeeded' end, null"),
        ("payouts", ", case when n % 9 = 0 then 'pending' else 'paid' end, 'USD', n, null"),
        ("bank_accounts", ", case when n % 9 = 0 then 'EUR' else 'USD' end"),
        ("payment_methods", ", case when n % 2 = 0 then n end, case when n % 2 = 1 then 'cus_' || (n % 40) end, null"),
        ("wallet_keys", ", case when n % 2 = 0 then 'apple_pay' else 'google_pay' end"),
        ("tokens", ", case when n % 20 = 0 then n end"),
    )
] + [
    f"insert into timers {NUMBERED} select 'ten_' || (n % 3), 'inquire', 'att_' || n, n, 'wall' from numbered",
    f"insert into transactions {NUMBERED} select 'ten_' || (n % 3), 'id_' || (1000000 + n),"
    " case when n % 20 = 0 then 'refund_succeeded' when n % 9 = 0 then 'failed' else 'succeeded' end,"
    " 'USD', n, 'cus_' || (n % 40) from numbered",
    f"insert into terms {NUMBERED} select 'ten_' || (n % 3), 'metadata[a]', n % 9, 'pay_' || n from numbered",
    f"insert into terms {NUMBERED} select 'ten_' || (n % 3), 'word', 'w' || n, 'cus_' || n from numbered",
    f"insert into entries {NUMBERED} select 'ten_' || (n % 3), 'id_' || (1000000 + n), 'pay_' || n, n, 'k', 'v1', 'r',"
    " case when n % 20 = 0 then 'refund' else 'charge' end, 'id_' || (1000000 + n), 'USD', 1, n,"
    " case when n % 2 = 0 then 'st_' || (n % 900) end, n from numbered",
    f"insert into aliases {NUMBERED} select 'ten_' || (n % 3), 'email', 'v' || n, 'cus_' || n from numbered",
    f"insert into balances {NUMBERED} select 'ten_' || (n % 3), 'a' || (n % 300), 'USD', n, 1 from numbered",
    "insert into events (tenant, id, type, stream, sequence, created, object, view, actor, surface, request_id)"
    f" {NUMBERED} select 'ten_' || (n % 3), 'id_' || (1000000 + n), 't' || (n % 9), 's' || n, 1, n,"
    " 'pay_' || (n % 900), '{}', 'k', 'v1', 'r' from numbered",
    f"insert into deliveries {NUMBERED} select 'ten_' || (n % 3), 'we_' || (n % 9), 'id_' || (1000000 + n), 't',"
    " 'v1:1', 's' || (n % 5000), n, false, n, 1, 'pending', 0, n, null, '[]' from numbered",
    f"insert into credentials (digest, tenant, body) {NUMBERED} select 'd' || n, 'ten_' || n, '{{}}' from numbered",
]


SETTLEMENT = Settlement(tenant=TENANT, id="USD", statement="st_x")

SORTED = {"what moved the balance for a payment"}
"""Questions whose few rows are put in order after they were found."""

FILTERED: dict[str, tuple[type[Record], dict[str, Any]]] = {
    "payments in one stage": (Payment, {"statuses": ("failed",)}),
    "payments in two stages, of an amount": (Payment, {"statuses": ("failed", "retried"), "amount_from": 500}),
    "payments in any stage, of an amount": (Payment, {"amount_from": 7, "amount_to": 7, "currency": "USD"}),
    "failed payments of a customer": (Payment, {"statuses": ("failed",), "where": {"customer": "cus_1"}}),
    "a payment, if it is in one stage": (Payment, {"statuses": ("failed",), "where": {"id": MIDDLE}}),
    "payments with a note": (Payment, {"terms": (("metadata[a]", "1"),)}),
    "failed payments with a note": (Payment, {"terms": (("metadata[a]", "1"),), "statuses": ("failed",)}),
    "payments of a customer with two notes": (
        Payment,
        {"terms": (("metadata[a]", "1"), ("metadata[b]", "1")), "where": {"customer": "cus_1"}},
    ),
    "refunds in one stage": (Refund, {"statuses": ("refund_succeeded",)}),
    "refunds of a payment, of an amount": (Refund, {"amount_to": 500, "where": {"payment": "pay_1"}}),
    "disputes in one status, of an amount": (Dispute, {"statuses": ("lost",), "amount_to": 500}),
    "disputes with a note, of an amount": (Dispute, {"terms": (("metadata[a]", "1"),), "amount_to": 500}),
    "setup intents in one status": (SetupIntent, {"statuses": ("canceled",)}),
    "setup intents with a note": (SetupIntent, {"terms": (("metadata[a]", "1"),)}),
    "payouts of an amount": (Payout, {"amount_from": 500, "amount_to": 900}),
    "customers with a note": (Customer, {"terms": (("metadata[a]", "1"),)}),
    "customers by a word": (Customer, {"word": "w1"}),
    "payment methods of a customer with a note": (
        PaymentMethod,
        {"terms": (("metadata[a]", "1"),), "where": {"customer": "cus_1"}},
    ),
}


class Asked(Exception):
    """What a reader of the store would have asked the database."""

    def __init__(self, query: sa.Select[Any], values: Mapping[str, Any]) -> None:
        self.query = query
        self.values = values


class Overhearing:
    """A store that only tells what it is asked, after so many questions to which it has answers."""

    def __init__(self, answers: Sequence[object] = ()) -> None:
        self._answers = list(answers)

    @property
    def engine(self) -> "Overhearing":
        return self

    async def fetch(self, query: sa.Select[Any], values: Mapping[str, Any]) -> object:
        if self._answers:
            return self._answers.pop(0)
        raise Asked(query, values)


Question = Callable[[Store], Awaitable[object]]


def a_page(type: type[Record], where: dict[str, str], cursor: Cursor) -> Question:
    return lambda store: lists.page(store, type, TENANT, cursor, where=where)


PAGES = {
    f"{type.__name__} by {next(iter(where), 'id')}, {which}": a_page(type, where, cursor)
    for type, where in PAGED
    for which, cursor in CURSORS.items()
}
PAGES |= {
    f"{name}, {which}": partial(
        lambda store, type, asked, cursor: filters.page(store, type, TENANT, cursor, filters.Wanted(**asked)),
        type=type,
        asked=asked,
        cursor=cursor,
    )
    for name, (type, asked) in FILTERED.items()
    for which, cursor in CURSORS.items()
}
SHARED = filters.Wanted(statuses=("failed", "retried"), terms=(("metadata[a]", "1"), ("metadata[b]", "1")))
FOUND_NONE: tuple[object, ...] = ([], [(filters.SOON,)])
PAGES |= {
    f"in stages and with notes that many share, {found}, {which}": partial(
        lambda store, answers, cursor: filters.page(cast(Store, Overhearing(answers)), Payment, TENANT, cursor, SHARED),
        answers=answers,
        cursor=cursor,
    )
    for which, cursor in CURSORS.items()
    for found, answers in {
        "how many have the first note": FOUND_NONE[:1],
        "how many are in the stages": FOUND_NONE,
        "fewer in the stages": (*FOUND_NONE, [(1,)], [(2,)]),
        "fewer with the note": (*FOUND_NONE, [(2,)], [(1,)]),
    }.items()
}
EVENTS: list[dict[str, Any]] = [
    {"above": "id_1000001"},
    {"type": "t1", "below": MIDDLE},
    {"object": "pay_1", "below": MIDDLE, "above": "id_1000001"},
    {"type": "t1", "above": MIDDLE, "oldest_first": True},
]

LOOKS: dict[str, Question] = {
    "a record": lambda store: find.record(store, Payment, TENANT, "id_1000001"),
    "an alias": lambda store: find.alias(store, TENANT, "email", "v1"),
    "a credential": lambda store: credentials.by_digest(store, "d1"),
    "a tenant's credentials": lambda store: credentials.of_tenant(store, TENANT),
    "an account": lambda store: balances.of_account(store, TENANT, "a1"),
    "the newest customer by address": lambda store: find.newest(store, Customer, TENANT, ("email", "ann1@example.com")),
    "records by their ids": lambda store: find.every(store, Payment, TENANT, ["id_1000001", "id_1000004"]),
    "replies about somebody": lambda store: retention.keys_about(store, TENANT, ["cus_1"]),
    **{
        f"transactions {' and '.join(wanted)}": partial(
            lambda store, given: transactions.page(store, TENANT, Wanted(**given), 10, 20), given=wanted
        )
        for wanted in TRANSACTIONS
    },
    **{
        f"how many transactions {' and '.join(wanted)}": partial(
            lambda store, given: transactions.count(store, TENANT, Wanted(**given)), given=wanted
        )
        for wanted in TRANSACTIONS
    },
    "a transaction": lambda store: transactions.find(store, TENANT, MIDDLE),
    "movements of the balance": lambda store: balance_transactions.page(store, TENANT, Moved(), CURSORS["between two"]),
    "refunds in the balance": lambda store: balance_transactions.page(
        store, TENANT, Moved(type=MovementType.REFUND), CURSORS["older ones"]
    ),
    "what moved the balance for a payment": lambda store: balance_transactions.page(
        store, TENANT, Moved(source="pay_1", entries_above="id_1000001", entries_below="id_1000001~"), Cursor(10)
    ),
    "a movement of the balance": lambda store: balance_transactions.find(store, TENANT, MIDDLE),
    "movements by entries": lambda store: balance_transactions.of_entries(store, TENANT, [MIDDLE, "id_1000001"]),
    "the lines of a statement": lambda store: balance_transactions.page(
        store, TENANT, Moved(statement="st_2"), CURSORS["older ones"]
    ),
    "what a statement sums to": lambda store: payouts.lines(store, TENANT, "st_2"),
    "lines that are due": lambda store: payouts.due(store, SETTLEMENT, 1_000, 5),
    "what is not available yet": lambda store: payouts.pending(store, TENANT, "USD", 5_000),
    **{
        f"events {' and '.join(wanted)}": partial(
            lambda store, given: events.page(store, TENANT, events.Asked(10, **given)), given=wanted
        )
        for wanted in EVENTS
    },
    "an event": lambda store: events.find(store, TENANT, MIDDLE),
    "what was sent to an endpoint": lambda store: deliveries.page(store, TENANT, "we_1", 10),
    "what was sent before": lambda store: deliveries.page(store, TENANT, "we_1", 10, below=MIDDLE),
    "what was sent since": lambda store: deliveries.page(store, TENANT, "we_1", 10, above=MIDDLE),
    "timers that are due": lambda store: timers.due(store, 10, 5),
    "timers' next by a merchant's clock": lambda store: timers.next_of(store, TENANT, 10),
    "who has planted faults": lambda store: faults.Planted(store.engine).of(TENANT, 10),
    "which places sandboxes have": lambda store: sandboxes.places(store, TENANT),
    "in what days a number is a payment's": lambda store: numbers.bearing(store, TENANT, 1),
    "cards to erase": lambda store: retention.to_erase(store, PaymentMethod, 10, 5),
    "tokens to erase": lambda store: retention.to_erase(store, Token, 10, 5),
}

JOINED = ("an event", "timers", "transactions", "in stages", "how many transactions", "in what days", *FILTERED)
"""Questions that look in several ranges of an index, or that compare rows which are found by their key."""

PUT_IN_ORDER = (
    "customers by",
    "transactions",
    "in stages",
    "failed payments with",
    *(name for name in FILTERED if "in " in name or "amount" in name),
)
"""Questions whose rows come in order out of every range, so that what is put in order is a page of each at most."""

COVERED = ("payments in ", "refunds in ", "disputes in ", "payouts of")
"""Questions for which the index is enough: they touch no row of those that they pass over."""


def is_short(look: str) -> bool:
    """Whether a step of SQLite's plan goes into an index by a condition, or through what such steps have found."""
    if look.startswith("SEARCH"):
        return "INDEX" in look or "PRIMARY KEY" in look
    return re.fullmatch(r"SCAN (CONSTANT ROW|range_[0-9]+|anon_[0-9]+|all|soon|\(subquery-[0-9]+\))", look) is not None


async def overheard(question: Question) -> Asked:
    with pytest.raises(Asked) as asked:
        await question(cast(Store, Overhearing()))
    return asked.value


async def test_sqlite_answers_from_a_range_of_an_index(sqlite_place: Place) -> None:
    await sqlite_place.execute(*FILLED)
    with contextlib.closing(sqlite3.connect(sqlite_place.data / SQLITE_FILE)) as file:
        for name, question in {**PAGES, **LOOKS}.items():
            asked = await overheard(question)
            text, names, constants = sqlite._compiled(asked.query)
            values = [{**constants, **asked.values}[value] for value in names]
            plan = [row[3] for row in file.execute(f"explain query plan {text}", values)]
            looks = [step for step in plan if step.startswith(("SEARCH", "SCAN"))]
            assert all(is_short(look) for look in looks), (name, plan)
            assert len(looks) == 1 or name.startswith(JOINED), (name, plan)
            is_sorted = any("TEMP B-TREE" in step for step in plan)
            assert not is_sorted or name in SORTED or name.startswith(PUT_IN_ORDER), (name, plan)


CLAIM = {"endpoint": "we_1", "now": 10, "most": 5, "lease": 99, "patient_since": 0, "waited_for": 3}


@pytest.mark.parametrize("statistics", ["unknown", "known"])
async def test_deliveries_are_claimed_from_a_range_of_an_index(postgres_place: Place, statistics: str) -> None:
    await postgres_place.execute(*FILLED, *(["analyze"] if statistics == "known" else []))
    questions = ((deliveries._READY, {"now": 10, "most": 5}), (deliveries._take("for update skip locked"), CLAIM))
    async with postgres_place.opened() as store, cast(Postgres, store.engine)._pool.acquire() as connection:
        for query, values in questions:
            text, names, _ = postgres._compiled(query)
            await connection.execute(f"prepare asked as {text}")
            given = ", ".join(repr(cast(Mapping[str, Any], values)[name]) for name in names)
            plan = "\n".join(row[0] for row in await connection.fetch(f"explain execute asked ({given})"))
            await connection.execute("deallocate asked")
            assert "Seq Scan" not in plan, plan
            assert "deliveries_due" in plan, plan


@pytest.mark.parametrize("statistics", ["unknown", "known"])
async def test_postgres_answers_from_a_range_of_an_index(postgres_place: Place, statistics: str) -> None:
    await postgres_place.execute(*FILLED, *(["analyze"] if statistics == "known" else []))
    async with postgres_place.opened() as store, cast(Postgres, store.engine)._pool.acquire() as connection:
        for name, question in {**PAGES, **LOOKS}.items():
            asked = await overheard(question)
            text, names, constants = postgres._compiled(asked.query)
            values = [{**constants, **asked.values}[value] for value in names]
            # As the driver has them planned: prepared, and run with parameters.
            await connection.execute(f"prepare asked as {text}")
            shown = await connection.fetch(f"explain execute asked ({', '.join(map(repr, values))})")
            await connection.execute("deallocate asked")
            plan = "\n".join(row[0] for row in shown)
            assert "Seq Scan" not in plan, (name, plan)
            assert "Index Cond" in plan, (name, plan)
            assert name not in PAGES or "Join Filter" not in plan, (name, plan)
            ordered = name in PAGES or name.startswith("transactions")
            assert not ordered or "Sort" not in plan or name.startswith(PUT_IN_ORDER), (name, plan)
            if name in PAGES and name.startswith(COVERED):
                assert "Index Only Scan" in plan, (name, plan)


TAKEN = ("ten_1", "USD", 1_000, "id_1001000", "st_new")


async def test_sqlite_takes_lines_from_a_range_of_an_index(sqlite_place: Place) -> None:
    await sqlite_place.execute(*FILLED)
    with contextlib.closing(sqlite3.connect(sqlite_place.data / SQLITE_FILE)) as file:
        text = steps.sqlite(Verb.TAKE, schema.entries)
        (plan,) = [row[3] for row in file.execute(f"explain query plan {text}", TAKEN)]
    assert plan.startswith("SEARCH entries USING INDEX entries_in_no_statement"), plan


@pytest.mark.parametrize("statistics", ["unknown", "known"])
async def test_postgres_takes_lines_from_a_range_of_an_index(postgres_place: Place, statistics: str) -> None:
    await postgres_place.execute(*FILLED, *(["analyze"] if statistics == "known" else []))
    async with postgres_place.opened() as store, cast(Postgres, store.engine)._pool.acquire() as connection:
        text = steps.postgres(((Verb.TAKE, schema.entries),))
        plan = "\n".join(row[0] for row in await connection.fetch(f"explain {text}", *postgres._columns([TAKEN])))
    assert "entries_in_no_statement" in plan, plan
    assert "Seq Scan" not in plan, plan
