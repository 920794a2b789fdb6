"""A batch: many decisions in one transaction, in which each stands or falls alone."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from tillgate.core import ledger
from tillgate.core.decisions import Alias, Decision
from tillgate.core.terms import Terms
from tillgate.store import schema
from tillgate.store.records import KEPT, Row, issued, json, terms_read
from tillgate.store.steps import Batch, Key, Step, Verb


class Conflict(Exception):
    """Somebody else was quicker: a record has moved on since it was read. Load it again and decide anew."""


class Taken(Exception):
    """A name that the decision claimed belongs to somebody else. `name` is the alias's kind, or the table's name."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class Rewording:
    """By what the records of one decision are found after it, and by what they were before."""

    __slots__ = ("_after", "_before")

    def __init__(self) -> None:
        self._after: dict[tuple[sa.Table, Key], Terms] = {}
        self._before: dict[tuple[sa.Table, Key], Terms] = {}

    def become(self, table: sa.Table, key: Key, terms: Terms) -> None:
        """What a record is found by from now on."""
        self._after[table, key] = terms

    def were(self, table: sa.Table, key: Key, terms: str | None) -> None:
        """What its row says that it was found by."""
        self._before[table, key] = terms_read(terms)

    def gone(self) -> list[Row]:
        """The rows of terms that are no more."""
        return [row for at, terms in self._before.items() for row in _rows(at, terms - self._after.get(at, terms))]

    def new(self) -> list[Row]:
        """The rows of terms that were not there before."""
        return [
            row for at, terms in self._after.items() for row in _rows(at, terms - self._before.get(at, frozenset()))
        ]


def _rows(at: tuple[sa.Table, Key], terms: Terms) -> list[Row]:
    tenant, id = at[1]
    return [(tenant, name, value, id) for name, value in terms]


class Work:
    """One decision, as the rows that it comes to. Made once, however often the batch has to run."""

    __slots__ = (
        *("claims", "decision", "expected", "failure", "inserts", "listed", "movements", "removes", "replaces"),
        "terms",
        "touches",
    )

    def __init__(self, decision: Decision) -> None:
        self.decision = decision
        self.failure: Exception | None = None
        self.expected: list[tuple[sa.Table, Key, int]] = []
        self.claims: list[tuple[sa.Table, Row, str]] = []
        self.inserts: list[tuple[sa.Table, Row]] = []
        self.replaces: list[tuple[sa.Table, Row]] = []
        self.removes: list[tuple[sa.Table, Row]] = []
        self.listed: list[Row] = []
        self.terms = Rewording()
        self.movements = ledger.movements(decision.post) if decision.post else {}
        for record in decision.save:
            self._record(record)
        for record in decision.remove:
            key = (record.tenant, record.id)
            self.expected.append((KEPT[type(record)].table, key, record.version))
            self.terms.become(KEPT[type(record)].table, key, frozenset())
            self.removes.append((KEPT[type(record)].table, key))
        for alias in decision.name:
            self._alias(alias)
        self.inserts += [(schema.credentials, issued(credential)) for credential in decision.issue]
        self._announcements()
        self._entries()
        self.touches = frozenset(
            [(table.name, *key) for table, key, _ in self.expected]
            + [(table.name, *row[: len(table.primary_key)]) for table, row, _ in self.claims]
        )

    def _record(self, record: Any) -> None:
        kept = KEPT[type(record)]
        based_on = record.version
        row = kept.row(record)
        if based_on:
            self.expected.append((kept.table, row[:2], based_on))
            self.replaces.append((kept.table, row))
        elif kept.contested:
            self.claims.append((kept.table, row, kept.table.name))
        else:
            self.inserts.append((kept.table, row))

        if kept.terms is not None:
            self.terms.become(kept.table, row[:2], kept.terms(record))
        if line := kept.listed(record):
            said = (line.tenant, line.id, line.stage.value, line.currency, line.amount, line.customer)
            self.listed.append(said)

    def _alias(self, alias: Alias) -> None:
        if not alias.moves:
            self.claims.append((schema.aliases, (alias.tenant, alias.kind, alias.value, alias.id), alias.kind))

    def _announcements(self) -> None:
        for event in self.decision.announce:
            self.inserts.append(
                (
                    schema.events,
                    (
                        event.tenant,
                        event.id,
                        event.type.value,
                        event.stream,
                        event.sequence,
                        event.created,
                        event.view.id,
                        json(event.view),
                        event.actor,
                        event.surface,
                        event.request_id,
                    ),
                )
            )
            pending = (event.stream, event.sequence, event.tenant, event.id, event.type.value)
            self.inserts.append((schema.outbox, pending))

    def _entries(self) -> None:
        for entry in self.decision.post:
            who = (entry.actor, entry.surface, entry.request_id)
            balance = (entry.type.value if entry.type else None, entry.balance_transaction)
            lined = (entry.currency, entry.net, entry.available_at, None, entry.amount)
            self.inserts.append(
                (schema.entries, (entry.tenant, entry.id, entry.subject, entry.occurred_at, *who, *balance, *lined))
            )
            for line, posting in enumerate(entry.postings):
                money = posting.money
                row = (
                    entry.tenant,
                    entry.id,
                    line,
                    posting.source,
                    posting.destination,
                    money.currency,
                    money.amount,
                )
                self.inserts.append((schema.postings, row))


def commit(works: Sequence[Work], batch_id: str, lane: int, committed_at: int) -> Batch:
    """The steps of a batch: lock and check, claim, then write what survived.

    Every step walks its rows in key order (keys come first in rows, and differ) and the steps walk the tables in one
    order, so that batches never deadlock. A work that lost a race gets its `failure` and leaves no row.
    """
    for work in works:
        work.failure = None
    yield from _check_versions(works)
    yield from _claim(works)
    survivors = [work for work in works if work.failure is None]
    yield from _number(survivors)
    yield [
        Step(Verb.INSERT, schema.batches, [(batch_id, committed_at)]),
        *_by_table(Verb.REPLACE, [pair for work in survivors for pair in work.replaces]),
        *_by_table(Verb.INSERT, [pair for work in survivors for pair in work.inserts]),
        *_by_table(Verb.DELETE, [pair for work in survivors for pair in work.removes]),
        *_some(Step(Verb.PUT, schema.transactions, sorted(row for work in survivors for row in work.listed))),
        *_some(Step(Verb.DELETE, schema.terms, sorted(row for work in survivors for row in work.terms.gone()))),
        *_some(Step(Verb.PUT, schema.terms, sorted(row for work in survivors for row in work.terms.new()))),
        *_schedule(survivors),
        *_move_aliases(survivors),
        *_balance(survivors, lane),
        *_take(survivors),
    ]


def _check_versions(works: Sequence[Work]) -> Batch:
    keys: dict[sa.Table, list[Key]] = {}
    for work in works:
        for table, key, _ in work.expected:
            keys.setdefault(table, []).append(key)
    if not keys:
        return
    rows = yield [Step(Verb.LOCK, table, sorted(keys[table])) for table in sorted(keys, key=_name)]
    found = {(table, tenant, id): (version, terms) for table, tenant, id, version, terms in rows}
    for work in works:
        for table, key, expected in work.expected:
            version, terms = found.get((table.name, *key), (None, None))
            if version != expected:
                work.failure = Conflict(f"{table.name} {key[1]}")
            elif terms is not None:
                work.terms.were(table, key, terms)


def _claim(works: Sequence[Work]) -> Batch:
    wanted: dict[sa.Table, list[Row]] = {}
    for work in works:
        if work.failure is None:
            for table, row, _ in work.claims:
                wanted.setdefault(table, []).append(row)
    won: dict[sa.Table, set[Key]] = {}
    for table in sorted(wanted, key=_name):
        answer = yield [Step(Verb.CLAIM, table, sorted(wanted[table]))]
        won[table] = {tuple(row) for row in answer}
    for work in works:
        if work.failure is None:
            for table, row, name in work.claims:
                if _key(table, row) not in won[table]:
                    work.failure = Taken(name)
    undone = [
        (table, _key(table, row))
        for work in works
        if isinstance(work.failure, Taken)
        for table, row, _ in work.claims
        if _key(table, row) in won[table]
    ]
    if undone:
        yield _by_table(Verb.DELETE, undone)


def _schedule(works: Sequence[Work]) -> list[Step]:
    timers = {
        (timer.tenant, timer.kind.value, timer.subject): timer for work in works for timer in work.decision.schedule
    }
    off = sorted(key for key, timer in timers.items() if timer.due_at is None)
    on = sorted(
        (*key, timer.due_at, "business" if timer.kind.is_business else "wall")
        for key, timer in timers.items()
        if timer.due_at is not None
    )
    return _some(Step(Verb.DELETE, schema.timers, off), Step(Verb.PUT, schema.timers, on))


def _move_aliases(works: Sequence[Work]) -> list[Step]:
    moved = {
        (alias.tenant, alias.kind, alias.value): alias.id
        for work in works
        for alias in work.decision.name
        if alias.moves
    }
    off = sorted(key for key, id in moved.items() if id is None)
    on = sorted((*key, id) for key, id in moved.items() if id is not None)
    return _some(Step(Verb.DELETE, schema.aliases, off), Step(Verb.PUT, schema.aliases, on))


def _number(works: Sequence[Work]) -> Batch:
    """Gapless: the series' row stays locked until the commit, and a batch that fails gives its numbers back."""
    wishes = sorted((n.tenant, n.series, n.subject) for work in works for n in work.decision.number)
    if not wishes:
        return
    last = yield [Step(Verb.COUNT, schema.series, [(tenant, series, 1) for tenant, series, _ in wishes])]
    numbered = [(wish[0], wish[1], row[0], wish[2]) for wish, row in zip(wishes, last, strict=True)]
    yield [Step(Verb.INSERT, schema.numbers, numbered)]


def _balance(works: Iterable[Work], lane: int) -> list[Step]:
    gains: dict[tuple[str, str, str], int] = {}
    for work in works:
        for account, gain in work.movements.items():
            gains[account] = gains.get(account, 0) + gain
    return _some(Step(Verb.ADD, schema.balances, sorted((*account, lane, gain) for account, gain in gains.items())))


def _take(works: Iterable[Work]) -> list[Step]:
    takings = {(taking.tenant, taking.currency): taking for work in works for taking in work.decision.take}
    return _some(Step(Verb.TAKE, schema.entries, sorted(map(msgspec.structs.astuple, takings.values()))))


def _by_table(verb: Verb, pairs: Sequence[tuple[sa.Table, Row]]) -> list[Step]:
    rows: dict[sa.Table, list[Row]] = {}
    for table, row in pairs:
        rows.setdefault(table, []).append(row)
    return [Step(verb, table, sorted(rows[table])) for table in sorted(rows, key=_name)]


def _some(*steps: Step) -> list[Step]:
    return [step for step in steps if step.rows]


def _name(table: sa.Table) -> str:
    return table.name


def _key(table: sa.Table, row: Row) -> Key:
    return row[: len(table.primary_key)]
