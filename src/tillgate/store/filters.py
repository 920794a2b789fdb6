"""Filters: pages of records by status, amount, currency, whose they are, metadata and words, each from an index.

One condition is a range of an index, the narrowest there is: terms, then a payment, customer or address, then statuses.
What else is asked is compared on the way, in the index by status or in rows found by key.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa

from tillgate.core import transactions
from tillgate.core.customers import Customer
from tillgate.core.disputes import Dispute, DisputeStatus
from tillgate.core.payment_methods import PaymentMethod
from tillgate.core.payments import Payment
from tillgate.core.payouts import Payout, PayoutState
from tillgate.core.records import Record
from tillgate.core.refunds import Refund
from tillgate.core.terms import WORD
from tillgate.store import find, lists, ranges, schema
from tillgate.store.database import Store
from tillgate.store.lists import BOUNDS, Cursor, Page
from tillgate.store.records import kept

R = TypeVar("R", bound=Record)

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
}

PREFIXES: dict[type[Record], str] = {
    Payment: "pay_",
    Refund: "re_",
    Dispute: "dp_",
    Payout: "po_",
    Customer: "cus_",
    PaymentMethod: "pm_",
}
"""What ids begin with: the terms of all types lie together."""

_COMPARED = ("statuses", "currency", "amount_from", "amount_to")
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

    @property
    def told(self) -> _Told | None:
        return _TOLD.get(self.type)

    @property
    def oldest_first(self) -> bool:
        return "before" in self.bounds

    @property
    def by_status(self) -> bool:
        """Whether nothing narrower than the statuses is asked for."""
        return not (self.terms or self.by_word or self.columns)


async def page(store: Store, type: type[R], tenant: str, cursor: Cursor, wanted: Wanted) -> Page[R]:
    """One page of a tenant's records, newest first."""
    if not (wanted.compared or wanted.terms or wanted.word):
        return await lists.page(store, type, tenant, cursor, where=wanted.where)
    if wanted.statuses == ():
        return Page((), False)
    told, prefix = _TOLD.get(type), PREFIXES[type]
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
    ids = [row[0] for row in await store.engine.fetch(_query(shape), values)]
    has_more, ids = len(ids) > cursor.limit, ids[: cursor.limit]
    if told and shape.by_status:
        ids = [prefix + id.removeprefix(told.prefix) for id in ids]
    found = await find.every(store, type, tenant, ids) if ids else {}
    return Page(tuple(sorted(found.values(), key=lambda record: record.id, reverse=True)), has_more)


def _values(shape: _Shape, cursor: Cursor, wanted: Wanted) -> dict[str, Any]:
    prefix = PREFIXES[shape.type]
    bounds = {name: getattr(cursor, name) for name in shape.bounds}
    if shape.told and shape.by_status:
        bounds = {name: shape.told.prefix + id.removeprefix(prefix) for name, id in bounds.items()}
    return {
        "most": cursor.limit + 1,
        "first": prefix,
        "last": prefix[:-1] + "`",
        **bounds,
        **{name: getattr(wanted, name) for name in ("currency", "amount_from", "amount_to", "word")},
        "word_name": WORD,
        "word_end": None if wanted.word is None else wanted.word + "\U0010ffff",
        **{f"is_{name}": is_ for name, is_ in wanted.where.items()},
        **ranges.numbered("term", [name for name, _ in wanted.terms]),
        **ranges.numbered("value", [value for _, value in wanted.terms]),
    }


@cache
def _query(shape: _Shape) -> sa.Select[Any]:
    if shape.by_status:
        told = shape.told
        assert told is not None, shape
        conditions = [*_compared(told.table, shape.compared - {"statuses"}), *_bounds(told.table, shape)]
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
    t = schema.terms.c
    query = sa.select(t.id).where(t.tenant == sa.bindparam("tenant"), t.id >= sa.bindparam("first"))
    query = query.where(t.id < sa.bindparam("last"))
    order = [t.id]
    if shape.terms:
        query = query.where(t.name == sa.bindparam("term_0"), t.value == sa.bindparam("value_0"))
        order = [t.tenant, t.name, t.value, t.id]
    else:
        begins = (t.value >= sa.bindparam("word"), t.value < sa.bindparam("word_end"))
        query = query.where(t.name == sa.bindparam("word_name"), *begins).group_by(t.id)
    for number in range(1, shape.terms):
        query = query.where(_has_term(number))
    return _narrowed(query, schema.terms, shape).order_by(*ranges.ordered(*order, oldest_first=shape.oldest_first))


def _has_term(number: int) -> sa.ColumnElement[bool]:
    other = schema.terms.alias(f"other_{number}").c
    named = (other.name == sa.bindparam(f"term_{number}"), other.value == sa.bindparam(f"value_{number}"))
    here = (other.tenant == sa.bindparam("tenant"), other.id == schema.terms.c.id)
    return sa.exists(sa.select(1).where(*here, *named))


def _narrowed(query: sa.Select[Any], driver: sa.Table, shape: _Shape) -> sa.Select[Any]:
    """The query with what else is compared, in rows that are found by the ids which the driver gives."""
    record, told = kept(shape.type).table, shape.told
    if driver is not record and (shape.columns or (shape.compared and told and told.table is record)):
        query = query.where(record.c.tenant == sa.bindparam("tenant"), record.c.id == driver.c.id)
        query = query.where(*_columns(record, shape))
    if shape.compared:
        assert told is not None, shape
        query = query.where(*_compared(told.table, shape.compared, shape.statuses, told.column))
        if told.table is not record:
            bare = sa.func.substr(driver.c.id, len(PREFIXES[shape.type]) + 1)
            there: sa.ColumnElement[str] = sa.literal_column(f"'{told.prefix}'", sa.Text) + bare
            query = query.where(told.table.c.tenant == sa.bindparam("tenant"), told.table.c.id == there)
    return query.where(*_bounds(driver, shape)).limit(sa.bindparam("most"))


def _columns(record: sa.Table, shape: _Shape) -> list[sa.ColumnElement[bool]]:
    return [record.c[name] == sa.bindparam(f"is_{name}") for name in shape.columns]


def _bounds(table: sa.Table, shape: _Shape) -> list[sa.ColumnElement[bool]]:
    return [BOUNDS[name](table.c.id, sa.bindparam(name)) for name in sorted(shape.bounds)]


def _compared(
    table: sa.Table, compared: frozenset[str], statuses: int = 0, column: str = ""
) -> list[sa.ColumnElement[bool]]:
    conditions = {
        "currency": table.c.currency == sa.bindparam("currency"),
        "amount_from": table.c.amount >= sa.bindparam("amount_from"),
        "amount_to": table.c.amount <= sa.bindparam("amount_to"),
    }
    found = [conditions[name] for name in sorted(compared & conditions.keys())]
    return [*found, ranges.one_of(table.c[column], statuses)] if "statuses" in compared else found
