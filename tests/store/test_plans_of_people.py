"""What is asked at each sign-in, page and token is answered from a range of an index, however many people there are."""

import contextlib
import sqlite3
from typing import Any, cast

import pytest
import sqlalchemy as sa

from tests.store.places import Place
from tests.store.test_plans import NUMBERED, Question, is_short, overheard
from tillgate.core.instants import HOUR
from tillgate.core.mails import Mail
from tillgate.core.oauth import Client, Grant
from tillgate.core.people import Membership, Tries
from tillgate.core.records import Record
from tillgate.core.sessions import Session
from tillgate.store import find, mails, postgres, retention, sqlite
from tillgate.store.database import SQLITE_FILE
from tillgate.store.postgres import Postgres
from tillgate.store.records import kept

pytestmark = pytest.mark.anyio

FILLED = [
    f"insert into {table} {NUMBERED} select 'ten_' || (n % 3), 'id_' || n, 1, 1, '{{}}'{more} from numbered"
    for table, more in (
        ("sessions", ", n, 'usr_' || (n % 900)"),
        ("tries", ", n"),
        ("memberships", ""),
        ("oauth_clients", ""),
        ("oauth_grants", ", n, 'usr_' || (n % 900)"),
        ("mails", ", 'pay_' || n, case when n % 9 = 0 then 'shown' else 'due' end, 'r' || (n % 900), 0, n, n"),
    )
]

ASKED: dict[str, Question] = {
    "somebody's sessions": lambda store: find.of_person(store, Session, "usr_1"),
    "what somebody lets clients do": lambda store: find.of_person(store, Grant, "usr_1"),
    "whose somebody is": lambda store: find.anywhere(store, Membership, "id_1"),
    "a client": lambda store: find.anywhere(store, Client, "id_1"),
    "a grant": lambda store: find.anywhere(store, Grant, "id_1"),
    "mails about payments": lambda store: mails.about(store, "ten_1", ["pay_1", "pay_2"]),
}

FORGOTTEN: tuple[type[Record], ...] = (Session, Tries, Grant, Mail)


async def test_sqlite_answers_from_a_range_of_an_index(sqlite_place: Place) -> None:
    await sqlite_place.execute(*FILLED)

    def plan(query: sa.Select[Any] | sa.UpdateBase, given: dict[str, Any]) -> list[str]:
        text, names, constants = sqlite._compiled(query)
        values = [{**constants, **given}[name] for name in names]
        return [row[3] for row in file.execute(f"explain query plan {text}", values)]

    with contextlib.closing(sqlite3.connect(sqlite_place.data / SQLITE_FILE)) as file:
        for name, question in ASKED.items():
            asked = await overheard(question)
            found = plan(asked.query, dict(asked.values))
            assert found, name
            assert all(is_short(step) for step in found), (name, found)
        for type in FORGOTTEN:
            found = plan(retention._forget(kept(type).table), {"wall": HOUR, "most": 5})
            assert any("_to_erase" in step for step in found), (type, found)


async def test_postgres_answers_from_a_range_of_an_index(postgres_place: Place) -> None:
    await postgres_place.execute(*FILLED, "analyze")
    async with postgres_place.opened() as store, cast(Postgres, store.engine)._pool.acquire() as connection:

        async def plan(query: sa.Select[Any] | sa.UpdateBase, given: dict[str, Any]) -> str:
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
            assert "Seq Scan" not in found, (name, found)
        for type in FORGOTTEN:
            found = await plan(retention._forget(kept(type).table), {"wall": 10, "most": 5})
            assert "_to_erase" in found, (type, found)
