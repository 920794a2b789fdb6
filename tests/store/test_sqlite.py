"""SQLite has one writer in the world: one process, one connection, in a file that is nobody else's to read."""

import asyncio
import sqlite3
import stat
from typing import cast

import pytest
import sqlalchemy as sa

from tests.store import samples
from tests.store.places import Place, contents, rows
from tillgate.core.decisions import Decision
from tillgate.store import schema
from tillgate.store.database import SQLITE_FILE
from tillgate.store.sqlite import InUse, Sqlite

pytestmark = pytest.mark.anyio


async def test_a_directory_is_served_by_one_at_a_time(sqlite_place: Place) -> None:
    async with sqlite_place.opened():
        with pytest.raises(InUse):
            await sqlite_place.opened().__aenter__()
    async with sqlite_place.opened() as store:
        await store.commit(samples.everything("a"))


async def test_what_was_written_is_there_after_opening_again(sqlite_place: Place) -> None:
    async with sqlite_place.opened() as store:
        await store.commit(samples.everything("a"))
        before = await contents(store)
    async with sqlite_place.opened() as store:
        assert await contents(store) == before


async def test_its_files_are_the_owners_alone(sqlite_place: Place) -> None:
    async with sqlite_place.opened() as store:
        await store.commit(samples.everything("a"))
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in sqlite_place.data.glob("tillgate*")}
    assert modes == dict.fromkeys(modes, 0o600)
    assert f"{SQLITE_FILE}-wal" in modes


async def test_a_commit_is_synchronous_with_the_disk(sqlite_place: Place) -> None:
    async with sqlite_place.opened() as store:
        writer = cast(Sqlite, store.engine)._writer
        assert writer.execute("pragma synchronous").fetchone() == (2,)
        assert writer.execute("pragma journal_mode").fetchone() == ("wal",)


async def test_readers_cannot_write(sqlite_place: Place) -> None:
    async with sqlite_place.opened() as store:
        await store.commit(samples.everything("a"))
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            await rows(store, "delete from customers returning id")


async def test_readers_go_on_while_somebody_else_writes(sqlite_place: Place) -> None:
    async with sqlite_place.opened() as store:
        await store.commit(samples.everything("a"))

        async def read() -> list[int]:
            counts = []
            for _ in range(50):
                [(customers,)] = await rows(store, "select count(*) from customers")
                [(entries,)] = await rows(store, "select count(*) from entries")
                assert customers <= entries
                counts.append(customers)
            return counts

        many = [Decision(save=(samples.customer(f"cus_{n}"),), post=(samples.entry(f"e{n}"),)) for n in range(300)]
        reading = asyncio.create_task(read())
        await asyncio.gather(*map(store.commit, many))
        counts = await reading
        assert counts == sorted(counts)


async def test_a_query_keeps_its_place_beside_the_writer(sqlite_place: Place) -> None:
    """What a page or an audit reads is of one moment, whatever is committed meanwhile."""
    async with sqlite_place.opened() as store:
        await asyncio.gather(*(store.commit(samples.everything(str(n))) for n in range(20)))
        audits = [sqlite_place.differences() for _ in range(5)]
        writes = [store.commit(samples.everything(f"late_{n}")) for n in range(100)]
        found, *_ = await asyncio.gather(asyncio.gather(*audits), *writes)
        assert found == [[]] * 5
        assert await store.engine.fetch(sa.select(sa.func.count()).select_from(schema.entries), {}) == [(120,)]
