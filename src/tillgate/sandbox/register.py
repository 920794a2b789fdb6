"""The register of the sandbox bank: its books on disk, which survive the death of the process at any point.

Every process writes a file of its own and reads those of all others. What is written has reached the
operating system before anybody is answered, so killing the process loses nothing; a power cut may.
"""

import fcntl
import itertools
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import msgspec

from tillgate.sandbox.chargebacks import Docket
from tillgate.sandbox.operations import Operation

# References rise with time: without a rowid, each one is appended at the right edge of a single tree.
_SCHEMA: Final = """
    create table if not exists operations (
        reference text primary key, merchant_id text not null, kind text not null,
        amount integer not null, currency text not null, result text not null, code text, target text,
        becomes text, due_at integer, merchant_name text, return_url text, eci text,
        brand text, last4 text, flow text, standing text, wrong_codes integer not null default 0
    ) without rowid;
    create index if not exists by_target on operations (target) where target is not null;
    create index if not exists by_merchant on operations (merchant_id);
"""
_ADDED: Final = (
    "eci text",
    "brand text",
    "last4 text",
    "flow text",
    "standing text",
    "wrong_codes integer not null default 0",
)
"""Columns that books have only by and by."""
_ADD: Final = "insert into operations values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_PUT: Final = "insert or replace into operations values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_FIND: Final = "select * from operations where reference = ?"
_ABOUT: Final = "select * from operations where target = ?"
_FORGET: Final = """
    delete from operations where reference in (select reference from operations where merchant_id = ? limit ?)
"""
_FORGOTTEN_AT_ONCE: Final = 500
_PAGE: Final = "select * from operations where reference > ? order by reference limit 500"


class Register:
    """One process's book, and a view into the books of all others in the same directory.

    An operation that was opened in one book and concluded by another process is in both; the concluded one is
    true. Whatever looks into other books, or writes what depends on them, does so within `with register:`,
    which holds off every other process meanwhile. It must not be nested. Only to `forget` is anything done to
    another's book.
    """

    def __init__(self, directory: Path | None, slot: str | None, claim: int | None) -> None:
        self._directory = directory
        self._slot = slot
        self._claim = claim
        self._turn = None if directory is None else _open(directory / "turn")
        self.docket = Docket(None if directory is None else directory / "disputes")
        self._others: dict[str, sqlite3.Connection] = {}
        own = ":memory:" if directory is None or slot is None else str(directory / slot)
        # It may be closed by a finalizer, which runs in any thread.
        self._own = sqlite3.connect(own, isolation_level=None, check_same_thread=False)
        with self:
            if slot is not None:
                self._own.execute("pragma journal_mode = wal").close()
                self._own.execute("pragma synchronous = off").close()
            self._own.executescript(_SCHEMA).close()
            self._add_columns()

    @classmethod
    def open(cls, directory: Path) -> "Register":
        """The first book in `directory` that no living process holds, or a new one."""
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        for number in itertools.count(1):
            claim = _open(directory / f"{number}.claim")
            try:
                fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(claim)
            else:
                return cls(directory, f"{number}.register", claim)
        raise AssertionError("numbers do not end")

    @classmethod
    def onlooker(cls, directory: Path) -> "Register":
        """A view into all books of a directory that writes into none."""
        return cls(directory, None, None)

    @classmethod
    def in_memory(cls) -> "Register":
        """One book for all that share it, gone with them."""
        return cls(None, None, None)

    def add(self, operation: Operation) -> bool:
        """Write a new operation down; False where this book has its reference already."""
        try:
            self._own.execute(_ADD, msgspec.structs.astuple(operation)).close()
        except sqlite3.IntegrityError:
            return False
        return True

    def put(self, *operations: Operation) -> None:
        """Write operations down all together, each in place of what this book says under its reference."""
        with self._own:
            self._own.execute("begin").close()
            self._own.executemany(_PUT, map(msgspec.structs.astuple, operations)).close()

    def find(self, reference: str) -> Operation | None:
        """The operation of a reference, in whichever book it is."""
        opened = None
        for book in self._books():
            for operation in _read(book, _FIND, reference):
                if not operation.is_open:
                    return operation
                opened = operation
        return opened

    def about(self, target: str) -> list[Operation]:
        """Everything that was done to an operation."""
        found: dict[str, Operation] = {}
        for book in self._books():
            for operation in _read(book, _ABOUT, target):
                if operation.reference not in found or not operation.is_open:
                    found[operation.reference] = operation
        return list(found.values())

    def everything(self) -> Iterator[Operation]:
        """All operations of all books, each once; it takes its turn by itself, a page at a time."""
        with self:
            books = self._books()
        for book in books:
            last = ""
            while True:
                with self:
                    page = _read(book, _PAGE, last)
                    true = [operation for operation in page if self._is_true(operation)]
                yield from true
                if not page:
                    break
                last = page[-1].reference

    def forget(self, merchant_id: str) -> bool:
        """Delete some of what all books say of a merchant; whether that was all."""
        count = _forget(self._books()[0], merchant_id)
        for name in self._others:
            assert self._directory is not None, name
            with closing(sqlite3.connect(self._directory / name, isolation_level=None, timeout=30)) as book:
                count = max(count, _forget(book, merchant_id))
        self.docket.forget(merchant_id)
        return count < _FORGOTTEN_AT_ONCE

    def close(self) -> None:
        """Give the book back."""
        self.docket.close()
        for book in (self._own, *self._others.values()):
            book.close()
        for file in (self._turn, self._claim):
            if file is not None:
                os.close(file)

    def __enter__(self) -> Self:
        if self._turn is not None:
            fcntl.flock(self._turn, fcntl.LOCK_EX)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._turn is not None:
            fcntl.flock(self._turn, fcntl.LOCK_UN)

    def _add_columns(self) -> None:
        """What a book lacks that was begun by an earlier release."""
        known = {name for (name,) in self._own.execute("select name from pragma_table_info('operations')")}
        for column in _ADDED:
            if column.partition(" ")[0] not in known:
                self._own.execute(f"alter table operations add column {column}").close()

    def _is_true(self, operation: Operation) -> bool:
        return not operation.is_open or self.find(operation.reference) == operation

    def _books(self) -> list[sqlite3.Connection]:
        """This process's book first, since what is asked for is most often there."""
        if self._directory is not None:
            for name in os.listdir(self._directory):
                if name.endswith(".register") and name != self._slot and name not in self._others:
                    book = _look_into(self._directory / name)
                    if book is not None:
                        self._others[name] = book
        return [self._own, *self._others.values()]


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _look_into(path: Path) -> sqlite3.Connection | None:
    """Another process's book, or None where it died before it had made one."""
    book = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, check_same_thread=False
    )
    with closing(book.execute("select 1 from sqlite_master where name = 'by_target'")) as rows:
        if rows.fetchone():
            return book
    book.close()
    return None


def _forget(book: sqlite3.Connection, merchant_id: str) -> int:
    with closing(book.execute(_FORGET, (merchant_id, _FORGOTTEN_AT_ONCE))) as done:
        return done.rowcount


def _read(book: sqlite3.Connection, query: str, key: str) -> list[Operation]:
    with closing(book.execute(query, (key,))) as rows:
        return [msgspec.convert(row, Operation) for row in rows]
