"""Transactions: pages and counts of the one list of payments and refunds."""

import functools
import operator
from collections.abc import Sequence
from functools import cache
from typing import Any

import msgspec
import sqlalchemy as sa

from tillgate.core import transactions
from tillgate.core.transactions import Stage, Transaction, TransactionStatus, TransactionType
from tillgate.store import filters, ranges, schema
from tillgate.store.database import Store

_t = schema.transactions.c


class Wanted(msgspec.Struct, frozen=True):
    """Which transactions: those that fit everything that is said.

    `amount_from` and `amount_to` are minor units, both included; `at_least` and `below` are bounds on ids. `terms` are
    pairs of core.terms, all of which the payment or refund is to have.
    """

    status: TransactionStatus | None = None
    type: TransactionType | None = None
    currency: str | None = None
    amount_from: int | None = None
    amount_to: int | None = None
    customer: str | None = None
    at_least: str | None = None
    below: str | None = None
    terms: tuple[tuple[str, str], ...] = ()

    @property
    def stages(self) -> tuple[Stage, ...]:
        """Where they may stand."""
        return transactions.listed(self.status, self.type)


async def page(store: Store, tenant: str, wanted: Wanted, limit: int, offset: int) -> list[Transaction]:
    """So many of a tenant's transactions, newest first, after having passed over `offset`."""
    values = {**_values(tenant, wanted), "most": limit, "offset": offset, "reach": limit + offset}
    rows = await store.engine.fetch(_page(_asked(wanted), len(wanted.stages), len(wanted.terms)), values)
    return [_of_row(tenant, row) for row in rows]


async def count(store: Store, tenant: str, wanted: Wanted) -> int:
    """How many of a tenant's transactions there are."""
    query = _count(_asked(wanted), len(wanted.stages), len(wanted.terms))
    rows = await store.engine.fetch(query, _values(tenant, wanted))
    return int(rows[0][0])


async def find(store: Store, tenant: str, id: str) -> Transaction | None:
    """The transaction with this id, or None."""
    rows = await store.engine.fetch(_BY_ID, {"tenant": tenant, "id": id})
    found = [_of_row(tenant, row) for row in rows]
    return found[0] if found and found[0].status else None


_COLUMNS = (_t.id, _t.stage, _t.currency, _t.amount, _t.customer)
_COVERED = _COLUMNS[:-1]
"""What the index by stage has in it."""

_BY_ID = sa.select(*_COLUMNS).where(_t.tenant == sa.bindparam("tenant"), _t.id == sa.bindparam("id"))


def _of_row(tenant: str, row: Any) -> Transaction:
    return Transaction(tenant, row[0], Stage(row[1]), row[2], row[3], row[4])


def _asked(wanted: Wanted) -> frozenset[str]:
    return frozenset(name for name in _CONDITIONS if getattr(wanted, name) is not None)


def _values(tenant: str, wanted: Wanted) -> dict[str, Any]:
    return {
        "tenant": tenant,
        **msgspec.to_builtins(wanted),
        **ranges.numbered("stage", [stage.value for stage in wanted.stages]),
        **filters.term_values(wanted.terms),
    }


_CONDITIONS: dict[str, sa.ColumnElement[bool]] = {
    "currency": _t.currency == sa.bindparam("currency"),
    "amount_from": _t.amount >= sa.bindparam("amount_from"),
    "amount_to": _t.amount <= sa.bindparam("amount_to"),
    "customer": _t.customer == sa.bindparam("customer"),
    "at_least": _t.id >= sa.bindparam("at_least"),
    "below": _t.id < sa.bindparam("below"),
}


def _where(asked: frozenset[str]) -> list[sa.ColumnElement[bool]]:
    return [_CONDITIONS[name] for name in sorted(asked)]


@cache
def _page(asked: frozenset[str], stages: int, terms: int) -> sa.Select[Any]:
    """By terms, else the customer where one is named, else by stages; the rest is compared in their indexes."""
    if terms:
        parts = [
            _noted(_COLUMNS, prefix, asked, stages, terms)
            .order_by(*ranges.ordered(*filters.in_order_of_terms(), oldest_first=False))
            .limit(sa.bindparam("reach"))
            for prefix in transactions.PREFIXES.values()
        ]
        both = sa.union_all(*[sa.select(part.subquery(f"range_{n}")) for n, part in enumerate(parts)]).subquery("all")
        query = sa.select(both).order_by(both.c.id.desc())
    elif "customer" in asked:
        query = sa.select(*_COLUMNS).where(_t.tenant == sa.bindparam("tenant"), *_where(asked))
        query = query.where(ranges.one_of(_t.stage, stages))
        query = query.order_by(*ranges.ordered(_t.tenant, _t.customer, _t.id, oldest_first=False))
    else:
        found = ranges.merged(schema.transactions, "stage", stages, _COVERED, _where(asked), reach="reach").subquery()
        whose = sa.select(_t.customer).where(_t.tenant == sa.bindparam("tenant"), _t.id == found.c.id)
        query = sa.select(found, whose.scalar_subquery()).order_by(found.c.id.desc())
    return query.limit(sa.bindparam("most")).offset(sa.bindparam("offset"))


@cache
def _count(asked: frozenset[str], stages: int, terms: int) -> sa.Select[Any]:
    if terms:
        each = [
            _noted((sa.func.count(),), prefix, asked, stages, terms).scalar_subquery()
            for prefix in transactions.PREFIXES.values()
        ]
        return sa.select(functools.reduce(operator.add, each))
    mine = sa.select(sa.func.count()).select_from(schema.transactions)
    mine = mine.where(_t.tenant == sa.bindparam("tenant"), *_where(asked))
    if "customer" in asked:
        return mine.where(ranges.one_of(_t.stage, stages))
    counts = [mine.where(_t.stage == sa.bindparam(f"stage_{number}")).scalar_subquery() for number in range(stages)]
    return sa.select(functools.reduce(operator.add, counts))


def _noted(columns: Sequence[Any], prefix: str, asked: frozenset[str], stages: int, terms: int) -> sa.Select[Any]:
    """What is asked of the transactions of payments or refunds, by prefix, that are found by terms."""
    there = _t.id == filters.renamed(schema.terms.c.id, prefix, "txn_")
    query = sa.select(*columns).where(_t.tenant == sa.bindparam("tenant"), there, *filters.of_terms(prefix, terms))
    # By key: SQLite would rather look into every stage for each entry, which takes ten times as long.
    return query.where(ranges.one_of(_t.stage, stages, by_index=False), *_where(asked))
