"""Stories: all rows that a payment left behind, told again under fresh ids, keys and times.

What a server wrote once is copied over and over, so that a database can be filled quickly and `tillgate audit` still
finds its books right. Cards and kept replies are sealed for the row that they were written in: their copies have the
size of the first, and do not open.
"""

import re
import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa

from bench import load, server
from tillgate.core.ids import Ids
from tillgate.core.instants import Duration, Instant
from tillgate.store import schema
from tillgate.store.database import SQLITE_FILE

Row = dict[str, Any]

BUYER = "buyer-of-the-story"

_LEFT_OUT = {"tenants", "balances", "batches", "data_keys", "schema_state", "alembic_version"}
_ID = re.compile(r"[a-z]+_([0-7][0-9a-z]{25})")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_TIME = re.compile(r"(?<!\d)1\d{15}(?!\d)")


class Story(msgspec.Struct, frozen=True):
    """Rows by table; `names` are what each copy bears anew (ids without prefix, keys, the buyer), by column."""

    began: Instant
    rows: list[tuple[sa.Table, Row]]
    names: dict[str, str]

    @property
    def columns(self) -> dict[str, str]:
        """The columns of a table of copies, and their types: when a copy happened, then its names."""
        return {"began": "bigint", **dict.fromkeys(self.names.values(), "text")}

    def statements(self, copies: str) -> Iterator[str]:
        """For each row an insert of as many as the table `copies` says; the same on both engines."""
        for table, row in self.rows:
            values = ", ".join(self._expression(table.columns[name], value) for name, value in row.items())
            key = self.names.get(row.get("id", ""))
            # Digests come in no order; an index takes them faster in theirs.
            order = f" order by {key}" if key else ""
            yield f"insert into {table.name} ({', '.join(row)}) select {values} from {copies}{order}"

    def movements(self) -> dict[tuple[str, str, str], int]:
        """What each (tenant, account, currency) gains by one copy."""
        gains: dict[tuple[str, str, str], int] = {}
        for table, row in self.rows:
            if table is schema.postings:
                for account, gain in ((row["source"], -row["amount"]), (row["destination"], row["amount"])):
                    key = (row["tenant"], account, row["currency"])
                    gains[key] = gains.get(key, 0) + gain
        return gains

    def copies(
        self, count: int, first: Instant, step: Duration, customers: Sequence[str] = ()
    ) -> Iterator[tuple[Any, ...]]:
        """The rows of a table of copies. They share `customers`, ids without prefix, where there are any."""
        ids = Ids(secrets.token_bytes)
        shared = self._customer() if customers else None
        for number in range(count):
            began = first + number * step
            yield (
                began,
                *(
                    customers[number % len(customers)] if name == shared else _fresh(name, number, began, ids)
                    for name in self.names
                ),
            )

    def _customer(self) -> str | None:
        found = [row["customer"] for table, row in self.rows if table is schema.payments and row["customer"]]
        return found[0].partition("_")[2] if found else None

    def _expression(self, column: sa.Column[Any], value: Any) -> str:
        if value is None:
            return "null"
        if isinstance(column.type, sa.Boolean):
            return "false"  # what is pending in a story was done long ago in its copies
        if isinstance(value, int):
            return f"began + {value - self.began}" if _TIME.fullmatch(str(value)) else str(value)
        parts = re.split(f"({'|'.join(map(re.escape, self.names))}|{_TIME.pattern})", value)
        return " || ".join(self._part(part) for part in parts if part) or "''"

    def _part(self, text: str) -> str:
        if text in self.names:
            return self.names[text]
        if _TIME.fullmatch(text):
            return f"cast(began + {int(text) - self.began} as text)"
        return "'" + text.replace("'", "''") + "'"


class Stories(msgspec.Struct, frozen=True):
    """A customer, a payment of theirs, and another one that was refunded in part."""

    customer: Story
    charged: Story
    refunded: Story


def lived(folder: Path) -> Stories:
    """The stories, as a server lives them in an empty folder."""
    with server.tillgate(folder) as running:
        started = _rows(folder)
        buyer = {"email": f"{BUYER}@example.com", "name": "Ada Lovelace"}
        running.ask("/v1/payments", {**load.PAYMENT, "customer": buyer}, "one")
        one = _rows(folder)
        (customer,) = [row["id"] for table, row in one if table is schema.customers]
        paid = msgspec.json.decode(running.ask("/v1/payments", {**load.PAYMENT, "customer": customer}, "two"))
        running.ask(f"/v1/payments/{paid['id']}/refund", {"amount": 500}, "three")
        two = _rows(folder)
    first = [each for each in one if each not in started]
    return Stories(
        _story([each for each in first if _introduces(*each)]),
        _story([each for each in first if not _introduces(*each)]),
        _story([each for each in two if each not in one]),
    )


def _introduces(table: sa.Table, row: Row) -> bool:
    """Whether a row is about a customer rather than what they paid."""
    return table in (schema.customers, schema.aliases) or str(row.get("stream")).startswith("cus_")


def _rows(folder: Path) -> list[tuple[sa.Table, Row]]:
    with closing(sqlite3.connect(f"file:{folder / SQLITE_FILE}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        return [
            (table, dict(row))
            for table in schema.metadata.sorted_tables
            if table.name not in _LEFT_OUT
            for row in connection.execute(f"select * from {table.name}")
        ]


def _story(rows: list[tuple[sa.Table, Row]]) -> Story:
    texts = [value for _, row in rows for value in row.values() if isinstance(value, str)]
    names = [name for text in texts for name in _ID.findall(text)]
    names += [row["id"] for _, row in rows if _DIGEST.fullmatch(row.get("id", ""))]
    names += [BUYER] if any(BUYER in text for text in texts) else []
    began = min(int(found) for text in texts for found in _TIME.findall(text))
    return Story(began, rows, {name: f"name_{number}" for number, name in enumerate(dict.fromkeys(names))})


def _fresh(name: str, number: int, began: Instant, ids: Ids) -> str:
    if name == BUYER:
        return f"buyer-{number}"
    if _DIGEST.fullmatch(name):
        return secrets.token_hex(32)
    return ids.new("", began)[1:]
