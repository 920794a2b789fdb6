"""Filters: pages of records by status, amount, currency, whose they are, metadata and words, each from an index.

One condition is a range of an index, the narrowest there is: terms, then a payment, customer or address, then statuses;
statuses before terms where those are of so many records that a page is not soon found, and the statuses of fewer.
What else is asked is compared on the way, in the index by status or in rows found by key.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa
from msgspec import structs

from tillgate.core import transactions
from tillgate.core.customers import Customer
from tillgate.core.disputes import Dispute, DisputeStatus
from tillgate.core.payment_methods import PaymentMethod
from tillgate.core.payments import Payment
from tillgate.core.payouts import Payout, PayoutState
from tillgate.core.records import Record
from tillgate.core.refunds import Refund
from tillgate.core.setup_intents import SetupIntent, SetupStatus
from tillgate.core.terms import WORD
from tillgate.store import find, lists, ranges, schema
from tillgate.store.database import Store
from tillgate.store.lists import BOUNDS, Cursor, Page
from tillgate.store.records import kept

R = TypeVar("R", bound=Record)

SOON = 1_000
"""So many of what has a term are looked at before it is asked whether to begin with the statuses instead."""

FAR = 200_000
"""How far it is counted to tell which of both are fewer."""

NOTHING: Mapping[str, str] = {}


class Wanted(msgspec.Struct, frozen=True):
    """Which records: those that fit everything that is said.

    `statuses` are those of the table that tells them apart (core.transactions.Stage for payments and refunds): any of
    them. `amount_from` and `amount_to` are minor units, both included. `where` are query columns of the records' own.
    `terms` are pairs of core.terms, all of which are the record's; of `word`, which goes without terms, one begins
    with it.
    """

    statuses: tuple[str, ...] | None = None
    currency: str | None = None
    amount_from: int | None = None
    amount_to: int | None = None
    where: Mapping[str, str] = NOTHING
    terms: tuple[tuple[str, str], ...] = ()
    word: str | None = None

    @property
    def compared(self) -> frozenset[str]:
        """What is asked of the table that tells statuses apart."""
        return frozenset(name for name in _COMPARED if getattr(self, name) is not None)


class _Told(msgspec.Struct, frozen=True):
    """Which table tells the statuses of a type apart, all that there are, and the prefix that its ids have there."""

    table: sa.Table
    column: str
    statuses: tuple[str, ...]
    prefix: str


_TOLD: dict[type[Record], _Told] = {
    Payment: _Told(schema.transactions, "stage", transactions.PAYMENTS, "txn_"),
    Refund: _Told(schema.transactions, "stage", transactions.REFUNDS, "txn_"),
    Dispute: _Told(schema.disputes, "status", tuple(DisputeStatus), "dp_"),
    Payout: _Told(schema.payouts, "status", tuple(PayoutState), "po_"),
    SetupIntent: _Told(schema.setup_intents, "status", tuple(SetupStatus), "seti_"),
}

PREFIXES: dict[type[Record], str] = {
    Payment: "pay_",
    Refund: "re_",
    Dispute: "dp_",
    Payout: "po_",
    Customer: "cus_",
    PaymentMethod: "pm_",
    SetupIntent: "seti_",
}
"""What ids begin with: the terms of all types lie together."""

_COMPARED = ("statuses", "currency", "amount_from", "amount_to")
_COMPARISONS: dict[str, tuple[str, Callable[[Any, Any], Any]]] = {
    "currency": ("currency", operator.eq),
    "amount_from": ("amount", operator.ge),
    "amount_to": ("amount", operator.le),
}
_NARROWEST_FIRST = ("id", "payment", "email", "customer", "fingerprint")


class _Shape(msgspec.Struct, frozen=True):
    """What of a query is more than the values in it."""

    type: type[Record]
    statuses: int
    compared: frozenset[str]
    columns: tuple[str, ...]
    terms: int
    by_word: bool
    bounds: frozenset[str]
    statuses_first: bool = False
    is_look: bool = False
    """Whether only the first of what has the first term are looked at."""

    @property
    def told(self) -> _Told | None:
        return _TOLD.get(self.type)

    @property
    def oldest_first(self) -> bool:
        return "before" in self.bounds

    @property
    def by_status(self) -> bool:
        """Whether nothing narrower than the statuses is asked for."""
        return self.statuses_first or not (self.terms or self.by_word or self.columns)

    @property
    def is_undecided(self) -> bool:
        """Whether the statuses may be narrower than the terms."""
        return self.terms > 0 and "statuses" in self.compared and not self.columns


async def page(store: Store, type: type[R], tenant: str, cursor: Cursor, wanted: Wanted) -> Page[R]:
    """One page of a tenant's records, newest first."""
    if not (wanted.compared or wanted.terms or wanted.word):
        return await lists.page(store, type, tenant, cursor, where=wanted.where)
    if wanted.statuses == ():
        return Page((), False)
    told = _TOLD.get(type)
    statuses = wanted.statuses if wanted.statuses is not None else told.statuses if told else ()
    shape = _Shape(
        type=type,
        statuses=len(statuses),
        compared=wanted.compared,
        columns=tuple(sorted(wanted.where, key=_NARROWEST_FIRST.index)),
        terms=len(wanted.terms),
        by_word=wanted.word is not None,
        bounds=frozenset(name for name in BOUNDS if getattr(cursor, name) is not None),
    )
    values = {
        **_values(shape, cursor, wanted),
        "tenant": tenant,
        **(ranges.numbered(told.column, [str(status) for status in statuses]) if told else {}),
    }
    ids = await _ids(store, shape, values)
    has_more, ids = len(ids) > cursor.limit, ids[: cursor.limit]
    found = await find.every(store, type, tenant, ids) if ids else {}
    return Page(tuple(sorted(found.values(), key=lambda record: record.id, reverse=True)), has_more)


async def _ids(store: Store, shape: _Shape, values: Mapping[str, Any]) -> list[str]:
    """The ids of a page and one more: by the terms, or by the statuses if those are fewer and it takes long."""
    if shape.is_undecided:
        ids = await _fetched(store, structs.replace(shape, is_look=True), values)
        if len(ids) == values["most"] or await _count(store, shape, values, SOON) < SOON:
            return ids
        other = structs.replace(shape, statuses_first=True)
        if await _count(store, other, values, FAR) < await _count(store, shape, values, FAR):
            shape = other
    return await _fetched(store, shape, values)


async def _fetched(store: Store, shape: _Shape, values: Mapping[str, Any]) -> list[str]:
    ids = [row[0] for row in await store.engine.fetch(_query(shape), _here(shape, values))]
    if shape.told and shape.by_status:
        return [PREFIXES[shape.type] + id.removeprefix(shape.told.prefix) for id in ids]
    return ids


async def _count(store: Store, shape: _Shape, values: Mapping[str, Any], most: int) -> int:
    """How many entries there are in the range with which a query begins, up to so many."""
    rows = await store.engine.fetch(_counted(shape), {**_here(shape, values), "most": most})
    return int(rows[0][0])


def _here(shape: _Shape, values: Mapping[str, Any]) -> Mapping[str, Any]:
    """The values, with bounds as the table with which a query begins has its ids."""
    if shape.told is None or not shape.by_status:
        return values
    prefix, there = PREFIXES[shape.type], shape.told.prefix
    return {**values, **{name: there + values[name].removeprefix(prefix) for name in shape.bounds}}


def _values(shape: _Shape, cursor: Cursor, wanted: Wanted) -> dict[str, Any]:
    return {
        "most": cursor.limit + 1,
        "soon": SOON,
        **{name: getattr(cursor, name) for name in shape.bounds},
        **{name: getattr(wanted, name) for name in ("currency", "amount_from", "amount_to", "word")},
        "word_name": WORD,
        "word_end": None if wanted.word is None else wanted.word + "\U0010ffff",
        **{f"is_{name}": is_ for name, is_ in wanted.where.items()},
        **term_values(wanted.terms),
    }


def term_values(terms: Sequence[tuple[str, str]]) -> dict[str, object]:
    """The parameters of `of_terms`."""
    names, values = [name for name, _ in terms], [value for _, value in terms]
    return {**ranges.numbered("term", names), **ranges.numbered("value", values)}


@cache
def _query(shape: _Shape) -> sa.Select[Any]:
    if shape.by_status:
        told = shape.told
        assert told is not None, shape
        conditions = [*_compared(told.table, shape.compared - {"statuses"}), *_bounds(told.table, shape)]
        of_record = renamed(told.table.c.id, told.prefix, PREFIXES[shape.type])
        conditions += [_has_term(number, of_record) for number in range(shape.terms)]
        return ranges.merged(
            told.table, told.column, shape.statuses, [told.table.c.id], conditions, oldest_first=shape.oldest_first
        )
    return _by_terms(shape) if shape.terms or shape.by_word else _by_column(shape)


def _by_column(shape: _Shape) -> sa.Select[Any]:
    record = kept(shape.type).table
    query = sa.select(record.c.id).where(record.c.tenant == sa.bindparam("tenant"), *_columns(record, shape))
    order = (record.c.tenant, record.c[shape.columns[0]], record.c.id)
    return _narrowed(query, record, shape).order_by(*ranges.ordered(*order, oldest_first=shape.oldest_first))


def _by_terms(shape: _Shape) -> sa.Select[Any]:
    """By the first term, which gives ids in order; those of words that begin alike are few, and put in order."""
    t, prefix = schema.terms.c, PREFIXES[shape.type]
    if shape.by_word and not shape.terms:
        begins = (t.value >= sa.bindparam("word"), t.value < sa.bindparam("word_end"))
        query = sa.select(t.id).where(*_among(prefix), t.name == sa.bindparam("word_name"), *begins).group_by(t.id)
        return _narrowed(query, schema.terms, shape).order_by(*ranges.ordered(t.id, oldest_first=shape.oldest_first))
    order = ranges.ordered(*in_order_of_terms(), oldest_first=shape.oldest_first)
    if not shape.is_look:
        query = sa.select(t.id).where(*of_terms(prefix, shape.terms))
        return _narrowed(query, schema.terms, shape).order_by(*order)
    first = sa.select(t.id).where(*of_terms(prefix, 1), *_bounds(schema.terms, shape)).order_by(*order)
    soon = first.limit(sa.bindparam("soon")).subquery("soon")
    query = sa.select(soon.c.id).where(*[_has_term(number, soon.c.id) for number in range(1, shape.terms)])
    return _narrowed(query, soon, shape).order_by(*ranges.ordered(soon.c.id, oldest_first=shape.oldest_first))


@cache
def _counted(shape: _Shape) -> sa.Select[Any]:
    if shape.by_status:
        told = shape.told
        assert told is not None, shape
        table, column = told.table, told.table.c[told.column]
        narrow = [table.c.tenant == sa.bindparam("tenant"), ranges.one_of(column, shape.statuses)]
    else:
        table, narrow = schema.terms, of_terms(PREFIXES[shape.type], 1)
    found = sa.select(table.c.id).where(*narrow, *_bounds(table, shape)).limit(sa.bindparam("most"))
    return sa.select(sa.func.count()).select_from(found.subquery())


def of_terms(prefix: str, count: int) -> list[sa.ColumnElement[bool]]:
    """Conditions on entries of the first of some terms: their records' ids begin so, and they have the others too."""
    t = schema.terms.c
    named = [t.name == sa.bindparam("term_0"), t.value == sa.bindparam("value_0")]
    return [*_among(prefix), *named, *[_has_term(number, t.id) for number in range(1, count)]]


def in_order_of_terms() -> tuple[sa.ColumnElement[Any], ...]:
    """The order in which the entries of one term lie."""
    t = schema.terms.c
    return (t.tenant, t.name, t.value, t.id)


def renamed(id: sa.ColumnElement[str], prefix: str, other: str) -> sa.ColumnElement[str]:
    """An id that begins with a prefix, under another."""
    if prefix == other:
        return id
    literal: sa.ColumnElement[str] = sa.literal_column(f"'{other}'", sa.Text)
    return literal + sa.func.substr(id, len(prefix) + 1)


def _among(prefix: str) -> list[sa.ColumnElement[bool]]:
    """Conditions on the terms of one type's records: their ids begin so, and what follows `_` in bytes ends them."""
    t, literal = schema.terms.c, sa.literal_column
    first: sa.ColumnElement[str] = literal(f"'{prefix}'", sa.Text)
    last: sa.ColumnElement[str] = literal(f"'{prefix[:-1]}`'", sa.Text)
    return [t.tenant == sa.bindparam("tenant"), t.id >= first, t.id < last]


def _has_term(number: int, id: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """Looked up by its key, id by id: of what exists, a planner may compare the whole range with each id."""
    other = schema.terms.alias(f"other_{number}").c
    named = (other.name == sa.bindparam(f"term_{number}"), other.value == sa.bindparam(f"value_{number}"))
    here = (other.tenant == sa.bindparam("tenant"), other.id == id)
    return sa.select(other.id).where(*here, *named).scalar_subquery().is_not(None)


def _narrowed(query: sa.Select[Any], driver: sa.FromClause, shape: _Shape) -> sa.Select[Any]:
    """The query with what else is compared, in rows that are found by the ids which the driver gives."""
    record, told = kept(shape.type).table, shape.told
    if driver is not record and (shape.columns or (shape.compared and told and told.table is record)):
        query = query.where(record.c.tenant == sa.bindparam("tenant"), record.c.id == driver.c.id)
        query = query.where(*_columns(record, shape))
    if shape.compared:
        assert told is not None, shape
        query = query.where(*_compared(told.table, shape.compared, shape.statuses, told.column))
        if told.table is not record:
            there = renamed(driver.c.id, PREFIXES[shape.type], told.prefix)
            query = query.where(told.table.c.tenant == sa.bindparam("tenant"), told.table.c.id == there)
    return query.where(*_bounds(driver, shape)).limit(sa.bindparam("most"))


def _columns(record: sa.Table, shape: _Shape) -> list[sa.ColumnElement[bool]]:
    return [record.c[name] == sa.bindparam(f"is_{name}") for name in shape.columns]


def _bounds(table: sa.FromClause, shape: _Shape) -> list[sa.ColumnElement[bool]]:
    return [BOUNDS[name](table.c.id, sa.bindparam(name)) for name in sorted(shape.bounds)]


def _compared(
    table: sa.Table, compared: frozenset[str], statuses: int = 0, column: str = ""
) -> list[sa.ColumnElement[bool]]:
    asked = sorted(compared & _COMPARISONS.keys())
    found = [compare(table.c[column], sa.bindparam(name)) for name in asked for column, compare in [_COMPARISONS[name]]]
    return [*found, ranges.one_of(table.c[column], statuses)] if "statuses" in compared else found
