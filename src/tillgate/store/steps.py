"""The steps of which a batch is made, and the statements that carry them out on each engine.

A batch is a generator: it yields steps and is sent their answers, so that one description of what a commit does runs over
a driver that waits and over one that blocks.
"""

from collections.abc import Generator, Sequence
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
    """Lock records by (tenant, id), in that order. Answer: rows of (table, tenant, id, version)."""


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


Group: TypeAlias = Sequence[Step]
"""Steps that need not hear of each other, and go to the database together: all of one answering kind, or none."""

Batch: TypeAlias = Generator[Group, list[Any], None]
"""Yields groups; is sent the rows that a group answers with (of one table each: a group of locks names its tables)."""


def key_of(table: sa.Table) -> tuple[str, ...]:
    """The names of a table's key columns."""
    return tuple(column.name for column in table.primary_key)


def _names(table: sa.Table) -> tuple[str, ...]:
    return tuple(column.name for column in table.columns)


_CASTS = {sa.Text: "", sa.BigInteger: "::bigint", sa.Boolean: "::boolean"}


def _given(table: sa.Table, names: tuple[str, ...], first: int) -> str:
    """A set of rows `u` that comes as one JSON array per column, from parameter `first` on.

    JSON is written and read several times as fast as the driver's own arrays are (docs/decisions/0005).
    """
    columns = ", ".join(f"c{n}{_CASTS[type(table.columns[name].type)]} as {name}" for n, name in enumerate(names))
    arrays = ", ".join(f"json_array_elements_text(${n}::json)" for n in range(first, first + len(names)))
    return f"(select {columns} from rows from ({arrays}) as r({', '.join(f'c{n}' for n in range(len(names)))})) u"


def _same_key(table: sa.Table, one: str, other: str) -> str:
    return " and ".join(f"{one}.{name} = {other}.{name}" for name in key_of(table))


def _others(table: sa.Table) -> tuple[str, ...]:
    return tuple(name for name in _names(table) if name not in key_of(table))


@cache
def postgres(group: tuple[tuple[type[Step], sa.Table], ...]) -> str:
    """One statement for a group on PostgreSQL; its parameters are the columns of all its rows, as JSON arrays.

    Parts of one statement see the same snapshot, so a group never touches a row twice.
    """
    count = 0
    parts: list[str] = []
    for step, table in group:
        parts.append(_postgres(step, table, count + 1))
        count += len(key_of(table)) if step in (Lock, Delete) else len(table.columns)
    if len(parts) == 1 and group[0][0] is not Lock:
        return parts[0]
    named = ", ".join(f"s{number} as ({part})" for number, part in enumerate(parts))
    if group[0][0] is Lock:
        answers = (f"select '{table.name}', s{number}.* from s{number}" for number, (_, table) in enumerate(group))
        return f"with {named} {' union all '.join(answers)}"
    return f"with {named} select"


def _postgres(step: type[Step], table: sa.Table, first: int) -> str:
    key, names = ", ".join(key_of(table)), ", ".join(_names(table))
    rows = _given(table, _names(table), first)
    keys = _given(table, key_of(table), first)
    insert = f"insert into {table.name} ({names}) select {names} from {rows}"
    match step.__name__:
        case "Lock":
            order = ", ".join(f"t.{name}" for name in key_of(table))
            locked = f"from {keys} join {table.name} t on {_same_key(table, 't', 'u')} order by {order} for update of t"
            return f"select {order}, t.version {locked}"
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
            return f"select '{table.name}', {key}, version from {table.name} where {where_key}"
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
