"""PostgreSQL, and what speaks its protocol, through asyncpg."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import Any

import asyncpg
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.asyncpg import dialect as asyncpg_dialect

from tillgate.store import steps
from tillgate.store.engine import Change, CommitUnknown, Corrupt, Point, Query, Retry, Rows, Stream, Strike, no_strike
from tillgate.store.records import Row, encode
from tillgate.store.steps import Batch, Group, Verb

_LOST = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.IdleInTransactionSessionTimeoutError,
)
"""A connection that broke, or that a server which shuts down, starts up or is full does not give."""

_AGAIN = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError, asyncpg.LockNotAvailableError)
_NEVER = (asyncpg.IntegrityConstraintViolationError, asyncpg.DataError)

_LONGEST_PAUSE = "10s"
"""Between two statements of a batch; then its locks are let go, whatever became of the machine that held them."""


async def _leave_as_it_is(connection: asyncpg.Connection) -> None:
    """What reads changes nothing of a session; asking the database to forget it all would be a round trip each time."""


_BY_KEY_ALWAYS = {
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "plan_cache_mode": "force_generic_plan",
    "jit": "off",
}
"""Rows are touched by key or read in the order of an index, whatever the statistics of a table that was empty a minute
ago say."""

_TAKE_BATCH = """
insert into batches (id, committed_at) values ($1, 0)
on conflict (id) do update set committed_at = batches.committed_at
returning committed_at
"""


class Postgres:
    """An engine over one database: a connection a lane for batches, a pool for everything else."""

    lanes = 2
    skips_locked = True

    def __init__(self, url: str, pool: asyncpg.Pool, strike: Strike = no_strike) -> None:
        self._url = url
        self._pool = pool
        self._strike = strike
        self._connections: dict[int, asyncpg.Connection] = {}

    @classmethod
    async def open(cls, url: str, *, connections: int = 8, strike: Strike = no_strike) -> "Postgres":
        """Connect. Raises OSError or asyncpg errors where that fails."""
        pool = await asyncpg.create_pool(
            url,
            min_size=1,
            max_size=connections,
            reset=_leave_as_it_is,
            server_settings={**_BY_KEY_ALWAYS, "application_name": "tillgate"},
        )
        return cls(url, pool, strike)

    async def carry_out(self, lane: int, make_batch: Callable[[], Batch]) -> None:
        """See Engine."""
        try:
            connection = await self._connection(lane)
            await connection.execute("begin")
            self._strike(Point.BEFORE_WRITE)
            await _drive(connection, make_batch())
            self._strike(Point.BEFORE_COMMIT)
        except _LOST as lost:
            await self._drop(lane)
            raise Retry(str(lost)) from lost
        except BaseException as failure:
            await self._roll_back(lane)
            if isinstance(failure, _AGAIN):
                raise Retry(str(failure)) from failure
            if isinstance(failure, _NEVER):
                raise Corrupt(str(failure)) from failure
            raise
        try:
            await connection.execute("commit")
            self._strike(Point.AFTER_COMMIT)
        except _AGAIN as refused:
            raise Retry(str(refused)) from refused
        except (*_LOST, CommitUnknown) as lost:
            await self._drop(lane)
            raise CommitUnknown(str(lost)) from lost

    async def settle(self, lane: int, batch_id: str) -> bool:
        """Take the batch's own row: it waits while the lost transaction lives, which cannot commit afterwards.

        The row says that it is none of a commit, for this answer may get lost as well, and the next look finds it.
        """
        try:
            connection = await self._connection(lane)
            committed_at: int = await connection.fetchval(_TAKE_BATCH, batch_id)
        except _AGAIN as refused:
            raise Retry(str(refused)) from refused
        except _LOST as lost:
            await self._drop(lane)
            raise Retry(str(lost)) from lost
        return committed_at > 0

    async def fetch(self, query: Query, values: Mapping[str, Any]) -> Rows:
        """See Engine."""
        text, names, constants = _compiled(query)
        return await self._pool.fetch(text, *[values[name] if name in values else constants[name] for name in names])

    async def change(self, statement: Change, values: Mapping[str, Any]) -> Rows:
        """See Engine."""
        text, names, constants = _compiled(statement)
        return await self._pool.fetch(text, *[values[name] if name in values else constants[name] for name in names])

    async def change_many(self, statement: Change, values: Sequence[Mapping[str, Any]]) -> None:
        """See Engine."""
        text, names, _ = _compiled(statement)
        try:
            await self._pool.executemany(text, [[each[name] for name in names] for each in values])
        except (*_LOST, *_AGAIN) as lost:
            raise Retry(str(lost)) from lost

    async def claim(self, table: sa.Table, row: Row) -> None:
        """See Engine."""
        await self._pool.fetch(steps.postgres(((Verb.CLAIM, table),)), *_columns([row]))

    async def close(self) -> None:
        """See Engine."""
        for lane in list(self._connections):
            await self._drop(lane, politely=True)
        await self._pool.close()

    async def _connection(self, lane: int) -> asyncpg.Connection:
        connection = self._connections.get(lane)
        if connection is None or connection.is_closed():
            connection = await asyncpg.connect(
                self._url,
                statement_cache_size=1_000,
                server_settings={
                    **_BY_KEY_ALWAYS,
                    "application_name": f"tillgate lane {lane}",
                    "idle_in_transaction_session_timeout": _LONGEST_PAUSE,
                },
            )
            self._connections[lane] = connection
        return connection

    async def _roll_back(self, lane: int) -> None:
        connection = self._connections.get(lane)
        if connection is None:
            return
        try:
            async with asyncio.timeout(5):
                await connection.execute("rollback")
        except (*_LOST, TimeoutError):
            await self._drop(lane)

    async def _drop(self, lane: int, politely: bool = False) -> None:
        connection = self._connections.pop(lane, None)
        if connection is None:
            return
        if politely:
            await connection.close()
        else:
            connection.terminate()


@asynccontextmanager
async def snapshot(url: str) -> AsyncIterator[Stream]:
    """Streams of rows as of one moment, beside whoever writes."""
    connection = await asyncpg.connect(url, server_settings={"jit": "off", "application_name": "tillgate audit"})

    async def stream(text: str) -> AsyncIterator[Any]:
        async for row in connection.cursor(text, prefetch=5_000):
            yield row

    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            yield stream
    finally:
        await connection.close()


async def _drive(connection: asyncpg.Connection, batch: Batch) -> None:
    with contextlib.suppress(StopIteration):
        group = next(batch)
        while True:
            group = batch.send(await _carry(connection, group))


async def _carry(connection: asyncpg.Connection, group: Group) -> list[Any]:
    text = steps.postgres(tuple((step.verb, step.table) for step in group))
    if group[0].verb is Verb.COUNT:
        # A series may be wished for twice, and one statement may not touch a row twice.
        return [(await connection.fetch(text, *_columns([row])))[0] for row in group[0].rows]
    return await connection.fetch(text, *(column for step in group for column in _columns(step.rows)))


def _columns(rows: Sequence[Row]) -> list[str]:
    return [encode(column).decode() for column in zip(*rows, strict=True)]


@lru_cache(maxsize=256)
def _compiled(query: sa.ClauseElement) -> tuple[str, tuple[str, ...], dict[str, Any]]:
    """The text of a query for asyncpg, its parameters' names in order, and the values that it came with."""
    dialect: Any = asyncpg_dialect
    compiled: Any = query.compile(dialect=dialect(), compile_kwargs={"render_postcompile": True})
    return str(compiled), tuple(compiled.positiontup or ()), dict(compiled.params)
