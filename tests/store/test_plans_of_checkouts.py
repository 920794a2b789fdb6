"""Checkouts and transfers are found, counted and listed from ranges of an index, however many there are."""

import contextlib
import sqlite3
import time
from functools import partial
from typing import Any, cast

import msgspec
import pytest
import sqlalchemy as sa

from tests.sizes import PROVING, at_size
from tests.store import samples
from tests.store.places import Place
from tests.store.test_plans import CURSORS, TENANT, Overhearing, Question, is_short, overheard
from tillgate.core import checkout_payments
from tillgate.core.applications import Application
from tillgate.core.arrivals import Arrival, ArrivalState
from tillgate.core.checkout_payments import CheckoutStatus
from tillgate.core.checkouts import ALIAS, REFERENCE
from tillgate.core.collecting_accounts import CollectingAccount
from tillgate.core.payments import Payment
from tillgate.core.records import Record
from tillgate.core.signing_keys import EVERYBODYS
from tillgate.core.transfers import KNOWN
from tillgate.core.transfers import REFERENCE as QUOTED
from tillgate.store import find, lists, pages, postgres, sqlite
from tillgate.store.database import SQLITE_FILE, Store
from tillgate.store.postgres import Postgres

pytestmark = pytest.mark.anyio

ROWS = at_size(4_000, 100_000)

NUMBERED = f"with recursive numbered (n) as (select 1 union all select n + 1 from numbered where n < {ROWS})"
NAMED = {
    "checkout": "'checkout'",
    "checkout.reference": "'order ' || n",
    "checkout.status": "case when n % 10 = 0 then 'open' else 'confirmed' end",
    "checkout.application": "'app_' || (n % 2)",
    "checkout.application_status": "'app_' || (n % 2) || case when n % 10 = 0 then ' open' else ' confirmed' end",
}
_BODY = msgspec.json.encode(samples.payment("pay_here", tenant=TENANT)).decode()
FILLED = [
    f"insert into payments {NUMBERED} select '{TENANT}', 'pay_' || (1000000 + n), 1, {Payment.SHAPE},"
    f" replace('{_BODY}', 'pay_here', 'pay_' || (1000000 + n)), null, null from numbered",
    *(
        f"insert into terms {NUMBERED} select '{TENANT}', '{name}', {value}, 'pay_' || (1000000 + n) from numbered"
        for name, value in NAMED.items()
    ),
    f"insert into arrivals {NUMBERED} select 'ten_' || (n % 3), 'arr_' || (1000000 + n), 1, 1, '{{}}',"
    " 'pay_' || (1000000 + n % 900), case when n % 2000 = 0 then 'unmatched' else 'settled' end from numbered",
    *(
        f"insert into aliases {NUMBERED} select 'ten_' || (n % 3), '{kind}', 'v' || n, 'pay_' || n from numbered"
        for kind in (ALIAS, REFERENCE, KNOWN, QUOTED)
    ),
    f"insert into applications {NUMBERED} select 'ten_' || n, 'app_' || n, 1, 1, '{{}}' from numbered",
    f"insert into collecting_accounts {NUMBERED} select 'ten_' || n, 'EUR', 1, 1, '{{}}' from numbered",
]

WANTED: dict[str, dict[str, Any]] = {
    "all checkouts": {},
    "those under a reference": {"reference": "order 77"},
    "those in a status": {"status": CheckoutStatus.CONFIRMED},
    "an application's": {"application": "app_1"},
    "an application's in a status": {"application": "app_1", "status": CheckoutStatus.CONFIRMED},
    "an application's under a reference": {"application": "app_1", "reference": "order 77"},
    "an application's under a reference in a status": {
        "application": "app_1",
        "reference": "order 77",
        "status": CheckoutStatus.CONFIRMED,
    },
}


async def a_page(store: Store, wanted: dict[str, Any], past: int = 0, answers: tuple[object, ...] = ()) -> Any:
    terms = checkout_payments.found_by(**wanted)
    asked = cast(Store, Overhearing(answers)) if answers else store
    return await pages.by_terms(asked, Payment, TENANT, terms, skip=past, most=25)


def a_list(type: type[Record], where: dict[str, str], cursor: str) -> Question:
    return lambda store: lists.page(store, type, TENANT, CURSORS[cursor], where=where)


PAGES: dict[str, Question] = {name: partial(a_page, wanted=wanted) for name, wanted in WANTED.items()}
COUNTS: dict[str, Question] = {
    f"how many are {name}": partial(a_page, wanted=wanted, answers=([],)) for name, wanted in WANTED.items()
}
LISTS: dict[str, Question] = {
    f"{type.__name__} by {where}, {which}": a_list(type, where, which)
    for type, where in (
        (Arrival, {"status": ArrivalState.UNMATCHED.value}),
        (Arrival, {"payment": "pay_1000001"}),
        (Application, {}),
    )
    for which in CURSORS
}
LOOKS: dict[str, Question] = {
    "a checkout's version": lambda store: find.version(store, Payment, TENANT, "pay_1000001"),
    "whose checkout a link is": lambda store: find.alias(store, EVERYBODYS, ALIAS, "pay_1"),
    "what is open under a reference": lambda store: find.alias(store, TENANT, REFERENCE, "app_1 order 77"),
    "what a transfer quotes": lambda store: find.alias(store, TENANT, QUOTED, "RF00"),
    "an arrival that is known": lambda store: find.alias(store, TENANT, KNOWN, "DE00 S1"),
    "an arrival": lambda store: find.record(store, Arrival, TENANT, "arr_1000001"),
    "an application": lambda store: find.record(store, Application, TENANT, "app_1"),
    "an account": lambda store: find.record(store, CollectingAccount, TENANT, "EUR"),
}
ASKED = {**PAGES, **COUNTS, **LISTS, **LOOKS}
UNMATCHED = "arrivals_by_status"


async def test_sqlite_answers_from_a_range_of_an_index(sqlite_place: Place) -> None:
    await sqlite_place.execute(*FILLED)
    with contextlib.closing(sqlite3.connect(sqlite_place.data / SQLITE_FILE)) as file:
        for name, question in ASKED.items():
            asked = await overheard(question)
            text, names, constants = sqlite._compiled(asked.query)
            values = [{**constants, **asked.values}[value] for value in names]
            plan = [row[3] for row in file.execute(f"explain query plan {text}", values)]
            looks = [step for step in plan if step.startswith(("SEARCH", "SCAN"))]
            assert looks, name
            assert all(is_short(look) for look in looks), (name, plan)
            assert not any("TEMP B-TREE" in step for step in plan), (name, plan)
            assert "unmatched" not in name or UNMATCHED in looks[0], (name, plan)


@pytest.mark.parametrize("statistics", ["unknown", "known"])
async def test_postgres_answers_from_a_range_of_an_index(postgres_place: Place, statistics: str) -> None:
    await postgres_place.execute(*FILLED, *(["analyze"] if statistics == "known" else []))
    async with postgres_place.opened() as store, cast(Postgres, store.engine)._pool.acquire() as connection:

        async def plan(query: sa.Select[Any], given: dict[str, Any]) -> str:
            text, names, constants = postgres._compiled(query)
            values = [{**constants, **given}[name] for name in names]
            await connection.execute(f"prepare asked as {text}")
            shown = await connection.fetch(f"explain execute asked ({', '.join(map(repr, values))})")
            await connection.execute("deallocate asked")
            return "\n".join(row[0] for row in shown)

        for name, question in ASKED.items():
            asked = await overheard(question)
            found = await plan(asked.query, dict(asked.values))
            assert "Index Cond" in found, (name, found)
            for long in ("Seq Scan", "Sort", "Join Filter", "Rows Removed"):
                assert long not in found, (name, found)
            assert "unmatched" not in name or UNMATCHED in found, (name, found)


async def test_pages_are_found_and_counted_whole(place: Place) -> None:
    """At full size (a hundred thousand checkouts) any of them takes milliseconds; a slow machine is given more."""
    await place.execute(*FILLED, *(["analyze"] if place.url else []))
    open, half = ROWS // 10, ROWS // 2
    expected = {"all checkouts": ROWS, "those in a status": ROWS - open, "an application's": half}
    async with place.opened() as store:
        for name, wanted in WANTED.items():
            for past in (0, max(expected.get(name, 1) - 20, 0)):
                took = []
                for _ in range(3):
                    began = time.perf_counter()
                    _, total = await a_page(store, wanted, past)
                    took.append(time.perf_counter() - began)
                assert total == expected.get(name, half if "application's in" in name else 1), name
                assert not PROVING or min(took) < 0.5, (name, took)
