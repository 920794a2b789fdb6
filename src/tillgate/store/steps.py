"""The steps of which a batch is made, and the statements that carry them out on each engine.

A batch is a generator: it yields steps and is sent their answers, so that one description of what a commit does runs
over a driver that waits and over one that blocks.
"""

import enum
from collections.abc import Generator, Sequence
from functools import cache
from typing import Any, NamedTuple, TypeAlias

import sqlalchemy as sa

from tillgate.store.records import Row

Key: TypeAlias = tuple[Any, ...]


class Verb(enum.Enum):
    """What a step does with its rows."""

    LOCK = "lock"
    """Lock records by (tenant, id), in that order. Answer: rows of (table, tenant, id, version, terms)."""
    INSERT = "insert"
    """Write new rows; one that exists already is an error of the whole batch."""
    CLAIM = "claim"
    """Write new rows where their key is free. Answer: the keys that were."""
    REPLACE = "replace"
    """Overwrite rows by their key."""
    PUT = "put"
    """Write rows, over those of the same key."""
    DELETE = "delete"
    """Remove rows by their key."""
    ADD = "add"
    """Add the last column of each row to what stands under its key."""
    TAKE = "take"
    """Write into what was posted, and is in no statement yet, which one it is in: up to an instant and an id."""
    COUNT = "count"
    """The same, one row at a time. Answer: the sums after each."""


class Step(NamedTuple):
    """One statement over many rows of one table; of those that are locked or removed, the key is all there is."""

    verb: Verb
    table: sa.Table
    rows: Sequence[Row]


Group: TypeAlias = Sequence[Step]
"""Steps that need not hear of each other, and go to the database together: all of one answering kind, or none."""

Batch: TypeAlias = Generator[Group, list[Any], None]
"""Yields groups; is sent the rows that a group answers with (of one table each: a group of locks names its tables)."""


def key_of(table: sa.Table) -> tuple[str, ...]:
    """The names of a table's key columns."""
    return tuple(column.name for column in table.primary_key)


_TAKEN = ("tenant", "currency", "available_at", "balance_transaction", "statement")
"""What a step that takes gives for each of its rows (core.decisions.Taking)."""


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


def _terms_of(table: sa.Table, of: str = "") -> str:
    return f"{of}terms" if "terms" in table.columns else "cast(null as text)"


@cache
def postgres(group: tuple[tuple[Verb, sa.Table], ...]) -> str:
    """One statement for a group on PostgreSQL; its parameters are the columns of all its rows, as JSON arrays.

    Parts of one statement see the same snapshot, so a group never touches a row twice.
    """
    count = 0
    parts: list[str] = []
    for verb, table in group:
        parts.append(_postgres(verb, table, count + 1))
        count += len(_given_of(verb, table))
    if len(parts) == 1 and group[0][0] is not Verb.LOCK:
        return parts[0]
    named = ", ".join(f"s{number} as ({part})" for number, part in enumerate(parts))
    if group[0][0] is Verb.LOCK:
        answers = (f"select '{table.name}', s{number}.* from s{number}" for number, (_, table) in enumerate(group))
        return f"with {named} {' union all '.join(answers)}"
    return f"with {named} select"


def _given_of(verb: Verb, table: sa.Table) -> tuple[str, ...]:
    """The columns that a step's rows have."""
    if verb is Verb.TAKE:
        return _TAKEN
    return key_of(table) if verb in (Verb.LOCK, Verb.DELETE) else _names(table)


def _postgres(verb: Verb, table: sa.Table, first: int) -> str:
    key, names = ", ".join(key_of(table)), ", ".join(_names(table))
    rows = _given(table, _names(table), first)
    keys = _given(table, key_of(table), first)
    insert = f"insert into {table.name} ({names}) select {names} from {rows}"
    match verb:
        case Verb.LOCK:
            order = ", ".join(f"t.{name}" for name in key_of(table))
            locked = f"from {keys} join {table.name} t on {_same_key(table, 't', 'u')} order by {order} for update of t"
            return f"select {order}, t.version, {_terms_of(table, 't.')} {locked}"
        case Verb.INSERT:
            return insert
        case Verb.CLAIM:
            return f"{insert} on conflict ({key}) do nothing returning {key}"
        case Verb.REPLACE:
            changes = ", ".join(f"{name} = u.{name}" for name in _others(table))
            return f"update {table.name} t set {changes} from {rows} where {_same_key(table, 't', 'u')}"
        case Verb.PUT:
            changes = ", ".join(f"{name} = excluded.{name}" for name in _others(table))
            return f"{insert} on conflict ({key}) do {f'update set {changes}' if changes else 'nothing'}"
        case Verb.DELETE:
            return f"delete from {table.name} t using {keys} where {_same_key(table, 't', 'u')}"
        case Verb.TAKE:
            lines = "t.tenant = u.tenant and t.currency = u.currency and t.statement is null"
            due = "(t.available_at, t.balance_transaction) <= (u.available_at, u.balance_transaction)"
            taken = _given(table, _TAKEN, first)
            return (
                f"update {table.name} t set statement = u.statement from {taken}"
                f" where {lines} and t.available_at is not null and {due}"
            )
        case Verb.ADD | Verb.COUNT:
            last = _names(table)[-1]
            summed = f"on conflict ({key}) do update set {last} = {table.name}.{last} + excluded.{last}"
            return f"{insert} {summed}" + (f" returning {last}" if verb is Verb.COUNT else "")


@cache
def sqlite(verb: Verb, table: sa.Table) -> str:
    """The statement for a step on SQLite; its parameters are those of one row."""
    key, names = ", ".join(key_of(table)), ", ".join(_names(table))
    marks = ", ".join("?" for _ in table.columns)
    insert = f"insert into {table.name} ({names}) values ({marks})"
    where_key = " and ".join(f"{name} = ?" for name in key_of(table))
    match verb:
        case Verb.LOCK:
            return f"select '{table.name}', {key}, version, {_terms_of(table)} from {table.name} where {where_key}"
        case Verb.INSERT:
            return insert
        case Verb.CLAIM:
            return f"{insert} on conflict ({key}) do nothing returning {key}"
        case Verb.REPLACE | Verb.PUT:
            return f"replace into {table.name} ({names}) values ({marks})"
        case Verb.DELETE:
            return f"delete from {table.name} where {where_key}"
        case Verb.TAKE:
            due = "(available_at, balance_transaction) <= (?3, ?4)"
            return (
                f"update {table.name} set statement = ?5 where tenant = ?1 and currency = ?2"
                f" and statement is null and available_at is not null and {due}"
            )
        case Verb.ADD | Verb.COUNT:
            last = _names(table)[-1]
            summed = f"on conflict ({key}) do update set {last} = {last} + excluded.{last}"
            return f"{insert} {summed}" + (f" returning {last}" if verb is Verb.COUNT else "")


ANSWERING = frozenset({Verb.LOCK, Verb.CLAIM, Verb.COUNT})
"""Verbs that the batch waits to hear from."""
