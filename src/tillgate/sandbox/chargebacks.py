"""Chargebacks: disputes as the sandbox bank keeps them, and the words in which it speaks of them."""

import enum
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Annotated, Final

import msgspec

from tillgate.core.instants import Duration, Instant

_SCHEMA: Final = """
    create table if not exists chargebacks (
        reference text primary key, merchant_id text not null, target text not null, amount integer not null,
        currency text not null, reason text not null, stage text not null, due_by integer, next_at integer,
        wins integer not null, response text, version integer not null, told integer not null, tell_at integer
    ) without rowid;
    create table if not exists clocks (
        merchant_id text primary key, ahead integer not null, stands_at integer
    ) without rowid;
    create index if not exists by_target on chargebacks (target);
    create index if not exists by_merchant on chargebacks (merchant_id);
    create index if not exists by_next_at on chargebacks (next_at) where next_at is not null;
    create index if not exists by_tell_at on chargebacks (tell_at) where tell_at is not null;
"""
_PUT: Final = "insert or replace into chargebacks values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_NOW: Final = "select coalesce(stands_at, ? + ahead) from clocks where merchant_id = ?"
_AHEAD: Final = """
    merchant_id in (select merchant_id from clocks) and next_at > ?1
    and next_at <= (
        select coalesce(stands_at, ?1 + ahead) from clocks where clocks.merchant_id = chargebacks.merchant_id
    )
"""


class Stage(enum.StrEnum):
    """How far a chargeback is. In all but the first and the last two the bank has the money."""

    PLANNED = "planned"
    """The cardholder will object, once there is something to object to."""
    NEEDS_RESPONSE = "needs_response"
    UNDER_REVIEW = "under_review"
    LOST = "lost"
    WON = "won"
    DROPPED = "dropped"
    """There was nothing left to object to."""


TAKEN: Final = frozenset({Stage.NEEDS_RESPONSE, Stage.UNDER_REVIEW, Stage.LOST})
"""Stages in which the bank has the money."""


class Chargeback(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A cardholder's objection to the operation `target`; a planned one is of all that is left then.

    `next_at` is when it moves by itself: it is opened, its time for evidence is over, or its review, which it `wins` or
    not, by the merchant's time. The version `told` is known to the merchant; where that is not the last one, it is told
    at `tell_at` (wall time).
    """

    reference: str
    merchant_id: str
    target: str
    amount: int
    currency: str
    reason: str
    stage: Stage
    due_by: Instant | None = None
    next_at: Instant | None = None
    wins: bool = False
    response: str | None = None
    version: int = 1
    told: int = 0
    tell_at: Instant | None = None


class Docket:
    """All chargebacks of a bank, in one file that its processes share; in memory where there is no path.

    Whoever writes holds off the others by `with register:` (see Register).
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._opened: sqlite3.Connection | None = None

    def find(self, reference: str) -> Chargeback | None:
        """The chargeback of a reference."""
        return next(iter(self._read("reference = ?", reference)), None)

    def about(self, target: str) -> list[Chargeback]:
        """Every objection to an operation."""
        return self._read("target = ?", target)

    def due(self, wall: Instant) -> list[Chargeback]:
        """What moves by itself now, by the wall or because its merchant's clock is ahead of it."""
        return [*self._read("next_at <= ?", wall), *self._read(_AHEAD, wall)]

    def of(self, merchant_id: str) -> list[Chargeback]:
        """Every objection that concerns a merchant."""
        return self._read("merchant_id = ?", merchant_id)

    def set_clock(self, merchant_id: str, ahead: Duration, stands_at: Instant | None) -> None:
        """Know what time it is to a merchant."""
        book = self._book()
        book.execute("insert or replace into clocks values (?, ?, ?)", (merchant_id, ahead, stands_at)).close()

    def now(self, merchant_id: str, wall: Instant) -> Instant:
        """What time it is to a merchant."""
        with closing(self._book().execute(_NOW, (wall, merchant_id))) as rows:
            found = rows.fetchone()
        return wall if found is None else int(found[0])

    def untold(self, wall: Instant) -> list[Chargeback]:
        """What the merchant is to be told now."""
        return self._read("tell_at <= ?", wall)

    def everything(self) -> list[Chargeback]:
        """All of them."""
        return self._read("reference > ?", "")

    def put(self, chargeback: Chargeback) -> Chargeback:
        """Write one down, in place of what stood under its reference."""
        self._book().execute(_PUT, msgspec.structs.astuple(chargeback)).close()
        return chargeback

    def forget(self, merchant_id: str) -> None:
        """Delete those that are about a merchant."""
        self._book().execute("delete from chargebacks where merchant_id = ?", (merchant_id,)).close()
        self._book().execute("delete from clocks where merchant_id = ?", (merchant_id,)).close()

    def close(self) -> None:
        """Let go of the file."""
        if self._opened is not None:
            self._opened.close()

    def _read(self, condition: str, value: object) -> list[Chargeback]:
        query = f"select * from chargebacks where {condition} order by reference"  # noqa: S608 — words of ours
        with closing(self._book().execute(query, (value,))) as rows:
            return [msgspec.convert(row, Chargeback, strict=False) for row in rows]

    def _book(self) -> sqlite3.Connection:
        if self._opened is None:
            # It may be let go of by a finalizer, which runs in any thread.
            self._opened = sqlite3.connect(
                self._path or ":memory:", isolation_level=None, timeout=30, check_same_thread=False
            )
            self._opened.execute("pragma journal_mode = wal").close()
            self._opened.execute("pragma synchronous = off").close()
            self._opened.executescript(_SCHEMA).close()
        return self._opened


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """The body of `POST /disputes`, about an amount or all that is left; under one reference one is opened."""

    reference: str
    merchant_id: str
    target: str
    currency: str
    reason: str
    amount: Annotated[int, msgspec.Meta(gt=0)] | None = None
    evidence_due_by: Instant | None = None


class Clock(msgspec.Struct, frozen=True, kw_only=True):
    """The body of `POST /clocks/{merchant}`: its time is so much ahead of the wall, or stands."""

    ahead: Annotated[int, msgspec.Meta(ge=0)]
    stands_at: Instant | None = None


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The body of `POST /disputes/{reference}/evidence` and `…/acceptance`; what comes twice is taken once."""

    reference: str
    merchant_id: str
    evidence: dict[str, str] = {}


class Said(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the bank says of a chargeback, in answers and notices."""

    dispute: str
    merchant_id: str
    target: str
    amount: int
    currency: str
    reason: str
    status: str
    evidence_due_by: Instant
    response: str | None = None


def statement(chargeback: Chargeback) -> bytes:
    """What the bank says of it."""
    said = Said(
        dispute=chargeback.reference,
        merchant_id=chargeback.merchant_id,
        target=chargeback.target,
        amount=chargeback.amount,
        currency=chargeback.currency,
        reason=chargeback.reason,
        status=chargeback.stage.value,
        evidence_due_by=chargeback.due_by or 0,
        response=chargeback.response,
    )
    return msgspec.json.encode(said)
