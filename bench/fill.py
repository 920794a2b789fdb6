"""Filling a database with as many payments as asked, of the past day, in minutes rather than hours."""

import asyncio
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import asyncpg
import msgspec

from bench.stories import Stories, Story
from tillgate.core.instants import HOUR
from tillgate.store import schema
from tillgate.store.database import SQLITE_FILE

PAYMENTS_PER_CUSTOMER = 100
PAYMENTS_PER_REFUND = 20
OLDEST, NEWEST = 20 * HOUR, HOUR
"""How far back payments lie: short of the day after which cards are destroyed, so that nothing happens by itself."""

LANE = 1_000_000
"""The lane in which the copies' balances are kept, apart from those of servers."""

CONNECTIONS = 2


class Chapter(msgspec.Struct, frozen=True):
    """A story and its copies: the rows of its table of copies, made as they are read."""

    story: Story
    count: int
    rows: Iterator[tuple[Any, ...]]


def postgres(url: str, stories: Stories, payments: int) -> None:
    """Fill a migrated database on PostgreSQL; on return it is vacuumed, analyzed and written out."""
    asyncio.run(_postgres(url, stories, payments))


def sqlite(data: Path, stories: Stories, payments: int) -> None:
    """Fill a migrated database on SQLite that nobody serves from."""
    with closing(sqlite3.connect(data / SQLITE_FILE, isolation_level=None)) as connection:
        connection.execute("pragma synchronous = off")
        connection.execute("pragma cache_size = -500000")
        for chapter in _chapters(stories, payments):
            columns = chapter.story.columns
            connection.execute(f"create temp table copies ({_declared(columns)})")
            connection.execute("begin")
            marks = ", ".join("?" for _ in columns)
            connection.executemany(f"insert into copies values ({marks})", chapter.rows)
            for statement in chapter.story.statements("copies"):
                connection.execute(statement)
            for statement in _balances(chapter):
                connection.execute(statement)
            connection.execute("commit")
            connection.execute("drop table copies")
        connection.execute("pragma wal_checkpoint(truncate)")


def _chapters(stories: Stories, payments: int) -> Iterator[Chapter]:
    first = time.time_ns() // 1_000 - OLDEST
    customers, refunded = max(1, payments // PAYMENTS_PER_CUSTOMER), payments // PAYMENTS_PER_REFUND
    introduced = list(stories.customer.copies(customers, first, 1))
    name = list(stories.customer.columns).index(_column_of_customer(stories.customer))
    shared = [row[name] for row in introduced]
    yield Chapter(stories.customer, customers, iter(introduced))
    for story, count in ((stories.charged, payments - refunded), (stories.refunded, refunded)):
        if count:
            step = (OLDEST - NEWEST) // count
            yield Chapter(story, count, story.copies(count, first, step, shared))


def _column_of_customer(story: Story) -> str:
    (row,) = [row for table, row in story.rows if table is schema.customers]
    return story.names[row["id"].partition("_")[2]]


def _balances(chapter: Chapter) -> Iterator[str]:
    for (tenant, account, currency), gain in chapter.story.movements().items():
        yield (
            "insert into balances (tenant, account, currency, lane, amount)"
            f" values ('{tenant}', '{account}', '{currency}', {LANE}, {gain * chapter.count})"
            " on conflict (tenant, account, currency, lane) do update set amount = balances.amount + excluded.amount"
        )


def _declared(columns: dict[str, str]) -> str:
    return ", ".join(f"{name} {type}" for name, type in columns.items())


async def _postgres(url: str, stories: Stories, payments: int) -> None:
    pool = await asyncpg.create_pool(
        url, min_size=CONNECTIONS, max_size=CONNECTIONS, server_settings={"synchronous_commit": "off", "jit": "off"}
    )
    async with pool:
        for chapter in _chapters(stories, payments):
            columns = chapter.story.columns
            await pool.execute(f"create unlogged table copies ({_declared(columns)})")
            await pool.copy_records_to_table("copies", records=chapter.rows, columns=list(columns))
            statements = [*chapter.story.statements("copies"), *_balances(chapter)]
            await asyncio.gather(*(pool.execute(statement, timeout=None) for statement in statements))
            await pool.execute("drop table copies")
        await pool.execute("vacuum analyze", timeout=None)
        await pool.execute("checkpoint", timeout=None)
