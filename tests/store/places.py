"""Where the tests of the store keep things: a migrated database of each kind, opened by as many stores as one likes."""

import contextlib
import os
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import sqlalchemy as sa

from tillgate.clock import SystemClock
from tillgate.core.ids import Ids
from tillgate.store import audit, database, schema
from tillgate.store.database import SQLITE_FILE, Store
from tillgate.store.engine import Strike, no_strike

ENGINES = ("sqlite", "postgres")


class Place(msgspec.Struct, frozen=True):
    """One database: PostgreSQL at `url`, or SQLite in `data`."""

    url: str | None
    data: Path

    @asynccontextmanager
    async def opened(self, *, balance_lane: int = 0, strike: Strike = no_strike) -> AsyncIterator[Store]:
        """A store over it, as each process has one."""
        wall, ids = SystemClock().wall, Ids(os.urandom)
        store = await database.open_store(
            self.url,
            self.data,
            wall=wall,
            mint_batch=lambda: ids.new("bat", wall()),
            balance_lane=balance_lane,
            strike=strike,
        )
        try:
            yield store
        finally:
            await store.close()

    async def execute(self, *statements: str) -> None:
        """Statements of the test's own, on a connection of its own, each committed by itself."""
        if self.url is None:
            with contextlib.closing(sqlite3.connect(self.data / SQLITE_FILE, isolation_level=None)) as file:
                for statement in statements:
                    file.execute(statement)
            return
        connection = await asyncpg.connect(self.url)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    async def differences(self) -> list[str]:
        """What the audit finds wrong with the books."""
        return (await audit.audit(self.url, self.data)).differences


async def contents(store: Store) -> dict[str, list[Any]]:
    """Every row of every table, but for the marks of batches, in the order of the keys."""
    return {
        table.name: [tuple(row) for row in await store.engine.fetch(sa.select(table).order_by(*table.primary_key), {})]
        for table in schema.metadata.sorted_tables
        if table is not schema.batches
    }


async def rows(store: Store, query: str) -> list[tuple[Any, ...]]:
    """What a query of the test's own finds."""
    return [tuple(row) for row in await store.engine.fetch(sa.text(query), {})]
