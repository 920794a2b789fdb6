"""SQLite, embedded: one connection in the world writes and checkpoints, the others only read."""

import asyncio
import contextlib
import fcntl
import os
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from tillgate.store import steps
from tillgate.store.engine import Change, Corrupt, Point, Query, Rows, Stream, Strike, no_strike
from tillgate.store.records import Row
from tillgate.store.steps import Batch, Step, Verb

T = TypeVar("T")


class InUse(Exception):
    """Another process serves from this data directory; SQLite takes one. Stop it, or use PostgreSQL for several."""


class Sqlite:
    """An engine over one file. `synchronous` is FULL where money is kept; tests may turn it off."""

    lanes = 1
    skips_locked = False

    def __init__(
        self, path: Path, *, strike: Strike = no_strike, in_line: bool = False, synchronous: str = "full"
    ) -> None:
        self._path = path
        self._strike = strike
        self._lock = _exclusive(path)
        self._writer = _writer(path, synchronous)
        self._readers = threading.local()
        self._opened: list[sqlite3.Connection] = []
        self._write_thread: Executor | None = None if in_line else ThreadPoolExecutor(1, "tillgate-writer")
        self._read_threads: Executor | None = None if in_line else ThreadPoolExecutor(4, "tillgate-reader")

    async def carry_out(self, lane: int, make_batch: Callable[[], Batch]) -> None:
        """See Engine."""
        await self._run(self._write_thread, lambda: self._transaction(make_batch()))

    async def settle(self, lane: int, batch_id: str) -> bool:
        """See Engine. There is no other connection in which a lost transaction could still live."""
        found = await self._run(
            self._write_thread,
            lambda: self._writer.execute("select 1 from batches where id = ?", (batch_id,)).fetchall(),
        )
        return bool(found)

    async def fetch(self, query: Query, values: Mapping[str, Any]) -> Rows:
        """See Engine."""
        text, names, constants = _compiled(query)
        parameters = [values[name] if name in values else constants[name] for name in names]
        return await self._run(self._read_threads, lambda: self._reader().execute(text, parameters).fetchall())

    async def change(self, statement: Change, values: Mapping[str, Any]) -> Rows:
        """See Engine."""
        text, names, constants = _compiled(statement)
        parameters = [values[name] if name in values else constants[name] for name in names]
        return await self._run(self._write_thread, lambda: self._change(text, [parameters]))

    async def change_many(self, statement: Change, values: Sequence[Mapping[str, Any]]) -> None:
        """See Engine."""
        text, names, _ = _compiled(statement)
        parameters = [[each[name] for name in names] for each in values]
        await self._run(self._write_thread, lambda: self._change(text, parameters))

    async def claim(self, table: sa.Table, row: Row) -> None:
        """See Engine."""
        await self._run(self._write_thread, lambda: self._change(steps.sqlite(Verb.CLAIM, table), [list(row)]))

    async def close(self) -> None:
        """See Engine."""
        for threads in (self._write_thread, self._read_threads):
            if threads is not None:
                threads.shutdown(wait=True)
        for connection in (*self._opened, self._writer):
            connection.close()
        os.close(self._lock)

    async def _run(self, threads: Executor | None, work: Callable[[], T]) -> T:
        if threads is None:
            return work()
        return await asyncio.get_running_loop().run_in_executor(threads, work)

    def _transaction(self, batch: Batch) -> None:
        self._writer.execute("begin immediate")
        try:
            self._strike(Point.BEFORE_WRITE)
            _drive(self._writer, batch)
            self._strike(Point.BEFORE_COMMIT)
            self._writer.execute("commit")
        except BaseException as failure:
            if self._writer.in_transaction:
                self._writer.execute("rollback")
            if isinstance(failure, sqlite3.IntegrityError):
                raise Corrupt(str(failure)) from failure
            raise
        self._strike(Point.AFTER_COMMIT)

    def _change(self, text: str, changes: list[list[Any]]) -> Rows:
        self._writer.execute("begin immediate")
        try:
            rows = [row for parameters in changes for row in self._writer.execute(text, parameters).fetchall()]
        except BaseException:
            self._writer.execute("rollback")
            raise
        self._writer.execute("commit")
        return rows

    def _reader(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._readers, "connection", None)
        if connection is None:
            connection = _reader(self._path)
            self._readers.connection = connection
            self._opened.append(connection)
        return connection


sqlite3.register_adapter(msgspec.Raw, lambda json: bytes(json).decode())


def _exclusive(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as taken:
        os.close(lock)
        raise InUse(str(path)) from taken
    return lock


def _writer(path: Path, synchronous: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=512)
    os.chmod(path, 0o600)
    connection.execute("pragma journal_mode = wal")
    connection.execute(f"pragma synchronous = {synchronous}")
    connection.execute("pragma wal_autocheckpoint = 4000")
    connection.execute("pragma cache_size = -32000")
    connection.execute("pragma temp_store = memory")
    return connection


def _reader(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"file:{path}?mode=ro", uri=True, isolation_level=None, check_same_thread=False, cached_statements=256
    )
    connection.execute("pragma busy_timeout = 5000")
    return connection


@asynccontextmanager
async def snapshot(path: Path) -> AsyncIterator[Stream]:
    """Streams of rows as of one moment, beside whoever writes."""
    connection = _reader(path)

    async def stream(text: str) -> AsyncIterator[Any]:
        for row in connection.execute(text):
            yield row

    try:
        connection.execute("begin")
        yield stream
    finally:
        connection.close()


def _drive(connection: sqlite3.Connection, batch: Batch) -> None:
    with contextlib.suppress(StopIteration):
        group = next(batch)
        while True:
            group = batch.send([row for step in group for row in _carry(connection, step)])


def _carry(connection: sqlite3.Connection, step: Step) -> list[Any]:
    text = steps.sqlite(step.verb, step.table)
    if step.verb in steps.ANSWERING:
        return [row for parameters in step.rows for row in connection.execute(text, parameters).fetchall()]
    connection.executemany(text, step.rows)
    return []


@lru_cache(maxsize=256)
def _compiled(query: sa.ClauseElement) -> tuple[str, tuple[str, ...], dict[str, Any]]:
    """The text of a query, its parameters' names in order, and the values that it came with."""
    dialect = SQLiteDialect_pysqlite(paramstyle="qmark")
    compiled: Any = query.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
    return str(compiled), tuple(compiled.positiontup or ()), dict(compiled.params)
