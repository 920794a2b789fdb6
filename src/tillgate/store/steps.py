"""The steps of which a batch is made, and the statements that carry them out on each engine.

A batch is a generator: it yields steps and is sent their answers, so that one description of what a commit does runs over
a driver that waits and over one that blocks.
"""

from collections.abc import Callable, Generator, Sequence
from functools import cache
from typing import Any, TypeAlias

import sqlalchemy as sa

from tillgate.store.records import Row

Key: TypeAlias = tuple[Any, ...]


class Step:
    """One statement over many rows of one table."""

    __slots__ = ("rows", "table")

    def __init__(self, table: sa.Table, rows: Sequence[Row]) -> None:
        self.table = table
        self.rows = rows


class Lock(Step):
    """Lock records by (tenant, id), in that order. Answer: rows of (tenant, id, version)."""


class Insert(Step):
    """Write new rows; one that exists already is an error of the whole batch."""


class Claim(Step):
    """Write new rows where their key is free. Answer: the keys that were."""


class Replace(Step):
    """Overwrite rows by their key."""


class Put(Step):
    """Write rows, over those of the same key."""


class Delete(Step):
    """Remove rows by their key."""


class Add(Step):
    """Add the last column of each row to what stands under its key."""


class AddReturning(Add):
    """The same, one row at a time. Answer: the sums after each."""


Batch: TypeAlias = Generator[Step, list[Any], None]


def key_of(table: sa.Table) -> tuple[str, ...]:
    """The names of a table's key columns."""
    return tuple(column.name for column in table.primary_key)


def _names(table: sa.Table) -> tuple[str, ...]:
    return tuple(column.name for column in table.columns)


_POSTGRES_TYPES = {sa.Text: "text", sa.BigInteger: "bigint", sa.Boolean: "boolean"}


def _unnested(table: sa.Table, names: tuple[str, ...]) -> str:
    """A set of rows that comes as one array per column."""
    types = (_POSTGRES_TYPES[type(table.columns[name].type)] for name in names)
    arrays = ", ".join(f"${number}::{type}[]" for number, type in enumerate(types, start=1))
    return f"unnest({arrays}) as u({', '.join(names)})"


def _same_key(table: sa.Table, one: str, other: str) -> str:
    return " and ".join(f"{one}.{name} = {other}.{name}" for name in key_of(table))


def _others(table: sa.Table) -> tuple[str, ...]:
    return tuple(name for name in _names(table) if name not in key_of(table))


@cache
def postgres(step: type[Step], table: sa.Table) -> str:
    """The statement for a step on PostgreSQL; its parameters are the columns of the rows, as arrays."""
    key, names = ", ".join(key_of(table)), ", ".join(_names(table))
    rows = _unnested(table, _names(table))
    keys = _unnested(table, key_of(table))
    insert = f"insert into {table.name} ({names}) select {names} from {rows}"
    match step.__name__:
        case "Lock":
            order = ", ".join(f"t.{name}" for name in key_of(table))
            return f"select {order}, t.version from {keys} join {table.name} t on {_same_key(table, 't', 'u')} order by {order} for update of t"
        case "Insert":
            return insert
        case "Claim":
            return f"{insert} on conflict ({key}) do nothing returning {key}"
        case "Replace":
            changes = ", ".join(f"{name} = u.{name}" for name in _others(table))
            return f"update {table.name} t set {changes} from {rows} where {_same_key(table, 't', 'u')}"
        case "Put":
            changes = ", ".join(f"{name} = excluded.{name}" for name in _others(table))
            return f"{insert} on conflict ({key}) do update set {changes}"
        case "Delete":
            return f"delete from {table.name} t using {keys} where {_same_key(table, 't', 'u')}"
        case _:
            last = _names(table)[-1]
            summed = f"on conflict ({key}) do update set {last} = {table.name}.{last} + excluded.{last}"
            return f"{insert} {summed}" + (f" returning {last}" if step is AddReturning else "")


@cache
def sqlite(step: type[Step], table: sa.Table) -> str:
    """The statement for a step on SQLite; its parameters are those of one row."""
    key, names = ", ".join(key_of(table)), ", ".join(_names(table))
    marks = ", ".join("?" for _ in table.columns)
    insert = f"insert into {table.name} ({names}) values ({marks})"
    where_key = " and ".join(f"{name} = ?" for name in key_of(table))
    match step.__name__:
        case "Lock":
            return f"select {key}, version from {table.name} where {where_key}"
        case "Insert":
            return insert
        case "Claim":
            return f"{insert} on conflict ({key}) do nothing returning {key}"
        case "Replace" | "Put":
            return f"replace into {table.name} ({names}) values ({marks})"
        case "Delete":
            return f"delete from {table.name} where {where_key}"
        case _:
            last = _names(table)[-1]
            summed = f"on conflict ({key}) do update set {last} = {last} + excluded.{last}"
            return f"{insert} {summed}" + (f" returning {last}" if step is AddReturning else "")


ANSWERING: frozenset[type[Step]] = frozenset({Lock, Claim, AddReturning})
"""Steps that the batch waits to hear from."""

Carry: TypeAlias = Callable[[Step], list[Any]]
