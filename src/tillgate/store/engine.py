"""What the store asks of an engine, and the ways in which an engine may fail it."""

import enum
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

import sqlalchemy as sa

from tillgate.store.records import Row
from tillgate.store.steps import Batch

Rows = Sequence[Any]
"""Rows, each read by position."""


Query: TypeAlias = sa.Select[Any] | sa.TextClause
Change: TypeAlias = sa.UpdateBase | sa.TextClause
"""What is asked of a database; text where the query builder has no words for it."""

Stream = Callable[[str], AsyncIterator[Any]]
"""The rows of a query, one after the other, without ever holding all of them."""


class Retry(Exception):
    """The transaction did nothing and may be run again: a serialization failure, a deadlock, a lost connection."""


class CommitUnknown(Exception):
    """The connection was lost while committing: the transaction happened wholly or not at all; which is unknown."""


class Corrupt(Exception):
    """A row that must be new was there already, or a check of the schema failed: a defect, not a race."""


class Point(enum.Enum):
    """Where a transaction can be struck."""

    BEFORE_WRITE = "before_write"
    BEFORE_COMMIT = "before_commit"
    AFTER_COMMIT = "after_commit"


Strike = Callable[[Point], None]
"""Called at every point of every transaction; tests raise Retry, CommitUnknown or a crash from it."""


def no_strike(point: Point) -> None:
    """Nothing ever goes wrong on purpose."""


class Engine(Protocol):
    """A database that can carry out batches and answer queries."""

    lanes: int
    """How many batches may be in flight at once."""

    async def carry_out(self, lane: int, make_batch: Callable[[], Batch]) -> None:
        """One transaction, of one at a time in a lane; the lane after the last is for fan-out.

        Raises Retry, CommitUnknown or Corrupt; but for CommitUnknown, nothing is written then.
        """

    async def settle(self, lane: int, batch_id: str) -> bool:
        """Whether a batch whose commit is unknown was committed; if not, it never will be from now on."""

    skips_locked: bool
    """Whether a row that somebody else is about to change can be passed over."""

    async def fetch(self, query: Query, values: Mapping[str, Any]) -> Rows:
        """The rows of a query, in columns' order."""

    async def change(self, statement: Change, values: Mapping[str, Any]) -> Rows:
        """One statement in a transaction of its own; rows where it returns any."""

    async def change_many(self, statement: Change, values: Sequence[Mapping[str, Any]]) -> None:
        """One statement for each of many values, in a transaction together. Raises Retry like `carry_out`."""

    async def claim(self, table: sa.Table, row: Row) -> None:
        """Write one row if its key is free, in a transaction of its own."""

    async def close(self) -> None:
        """Let go of every connection."""
