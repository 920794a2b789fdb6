"""The books of the sandbox's bank of phone wallets: one file on disk that its processes share.

What is written has reached the operating system before anybody is answered, so killing a process loses nothing; a power
cut may.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from tillgate.core.instants import Instant

OPENING_BALANCE: Final = 1_000_00
"""What is in a wallet at first, in cents."""


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the books: what was asked under a reference, of which phone, and what became of it."""

    reference: str
    merchant_id: str
    kind: str
    amount: int
    currency: str
    result: str
    code: str | None = None
    target: str | None = None
    phone: str = ""
    merchant_name: str = ""
    rings_until: int = 0
    items: str = "[]"
    looked_at: int = 0


class Movement(msgspec.Struct, frozen=True):
    """A line of a wallet's history: what its balance changed by, in cents."""

    at: Instant
    kind: str
    amount: int
    merchant_name: str
    reference: str


class Wallet(msgspec.Struct, frozen=True):
    """What is in a wallet and not held, in cents, and who has it."""

    phone: str
    balance: int

    @property
    def name(self) -> str:
        """What their bank calls them."""
        return f"Wallet {self.phone[-4:]}"

    @property
    def email(self) -> str:
        """Where their receipts go."""
        return f"wallet.{self.phone}@example.com"


_SCHEMA: Final = """
    create table if not exists wallets (phone text primary key, balance integer not null check (balance >= 0));
    create table if not exists operations (
        reference text primary key, merchant_id text not null, kind text not null, amount integer not null,
        currency text not null, result text not null, code text, target text, phone text not null,
        merchant_name text not null, rings_until integer not null, items text not null, looked_at integer not null
    );
    create index if not exists by_target on operations (target) where target is not null;
    create index if not exists by_merchant on operations (merchant_id);
    create index if not exists pending on operations (phone, reference) where result = 'challenge';
    create index if not exists ringing on operations (rings_until) where result = 'challenge';
    create table if not exists movements (
        id integer primary key, phone text not null, at integer not null, kind text not null, amount integer not null,
        merchant_name text not null, reference text not null
    );
    create index if not exists by_phone on movements (phone, id);
    create index if not exists by_reference on movements (reference) where reference <> '';
"""
_PUT: Final = "insert or replace into operations values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_NOTE: Final = """
    insert into movements (phone, at, kind, amount, merchant_name, reference) values (?, ?, ?, ?, ?, ?)
"""
_FORGET: Final = """
    update wallets set balance = balance - moved.amount
    from (
        select phone, sum(amount) as amount from movements
        where reference in (select reference from operations where reference = :one or target = :one) group by phone
    ) as moved
    where moved.phone = wallets.phone;

    delete from movements
    where reference in (select reference from operations where reference = :one or target = :one);

    delete from operations where reference = :one or target = :one
"""
_OPENED: Final = "select reference from operations where merchant_id = ? and target is null limit ?"
_HISTORY: Final = """
    select at, kind, amount, merchant_name, reference from movements where phone = ? order by id desc limit ?
"""
_RANG_TOO_LONG: Final = "select exists (select 1 from operations where result = 'challenge' and rings_until <= ?)"
_SILENCE: Final = """
    update operations set result = 'declined', code = 'expired' where result = 'challenge' and rings_until <= ?
"""
_FORGOTTEN_AT_ONCE: Final = 500


class PhoneBooks:
    """Everything that is known of wallets and of what is asked of them; in memory where there is no path.

    All of it is read and written within `with books.turn():`, alone and as a whole. `clock` tells wall time.
    """

    def __init__(self, path: Path | None, clock: Callable[[], Instant]) -> None:
        if path is not None:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._clock = clock
        # It may be closed by a finalizer, which runs in any thread.
        self._books = sqlite3.connect(path or ":memory:", isolation_level=None, timeout=30, check_same_thread=False)
        self._books.execute("pragma journal_mode = wal").close()
        self._books.execute("pragma synchronous = off").close()
        self._books.executescript(_SCHEMA).close()

    def close(self) -> None:
        """Let go of the file."""
        self._books.close()

    def find(self, reference: str) -> Operation | None:
        """The operation of a reference as it stands now."""
        rows = self._rows("select * from operations where reference = ?", reference)
        return self._current(Operation(**_named(rows[0]))) if rows else None

    def pending(self, phone: str) -> list[Operation]:
        """What waits for a customer, the oldest first."""
        query = "select * from operations where result = 'challenge' and phone = ? order by reference"
        found = [self._current(Operation(**_named(row))) for row in self._rows(query, phone)]
        return [one for one in found if one.result == "challenge"]

    def everything(self) -> list[Operation]:
        """Every operation, as it stands."""
        rows = self._rows("select * from operations order by reference")
        return [self._current(Operation(**_named(row))) for row in rows]

    def done(self, reference: str) -> dict[str, int]:
        """How much of an authorization was captured, voided and refunded."""
        query = "select kind, sum(amount) from operations where target = ? and result = 'approved' group by kind"
        return {"capture": 0, "void": 0, "refund": 0, **dict(self._rows(query, reference))}

    def put(self, operation: Operation) -> Operation:
        """Write one down, in place of what stood under its reference."""
        self._books.execute(_PUT, msgspec.structs.astuple(operation)).close()
        return operation

    def wallet(self, phone: str) -> Wallet:
        """The wallet of a number: everybody has one."""
        self._books.execute("insert or ignore into wallets values (?, ?)", (phone, OPENING_BALANCE)).close()
        return Wallet(phone, self._rows("select balance from wallets where phone = ?", phone)[0][0])

    def move(self, phone: str, kind: str, amount: int, merchant_name: str, reference: str) -> None:
        """Change a wallet's balance, and note why."""
        self.wallet(phone)
        self._books.execute("update wallets set balance = balance + ? where phone = ?", (amount, phone)).close()
        line = (phone, self._clock(), kind, amount, merchant_name, reference)
        self._books.execute(_NOTE, line).close()

    def history(self, phone: str, most: int) -> list[Movement]:
        """What moved a wallet's balance, newest first."""
        return [Movement(*row) for row in self._rows(_HISTORY, phone, most)]

    def forget(self, merchant_id: str) -> bool:
        """Delete some of what is known of a merchant, as if it had never been; whether that was all.

        Wallets have again what they paid it, or what it holds.
        """
        opened = self._rows(_OPENED, merchant_id, _FORGOTTEN_AT_ONCE)
        for (reference,) in opened:
            for statement in _FORGET.split(";"):
                self._books.execute(statement, {"one": reference}).close()
        if len(opened) == _FORGOTTEN_AT_ONCE:
            return False
        # What is left was about nothing, and moved nothing.
        self._books.execute("delete from operations where merchant_id = ?", (merchant_id,)).close()
        return True

    def _current(self, found: Operation) -> Operation:
        """What rang for too long rings no more."""
        if found.result != "challenge" or self._clock() < found.rings_until:
            return found
        return self.put(msgspec.structs.replace(found, result="declined", code="expired"))

    def _rows(self, query: str, *values: object) -> list[Any]:
        with closing(self._books.execute(query, values)) as rows:
            return rows.fetchall()

    def version(self) -> tuple[int, int]:
        """Another than before once any process has written. What has rung too long is written down first.

        It may be asked for outside of a turn, and waits for nobody.
        """
        if self._rows(_RANG_TOO_LONG, now := self._clock())[0][0]:
            with self.turn():
                self._books.execute(_SILENCE, (now,)).close()
        # The first counts what other connections have committed, the second what this one has changed.
        return self._rows("pragma data_version")[0][0], self._books.total_changes

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Alone with the books: what is written within is written as a whole, or not at all."""
        self._books.execute("begin immediate").close()
        try:
            yield
        except BaseException:
            self._books.execute("rollback").close()
            raise
        self._books.execute("commit").close()


def _named(row: tuple[Any, ...]) -> dict[str, Any]:
    return dict(zip(Operation.__struct_fields__, row, strict=True))
