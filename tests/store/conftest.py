"""Databases for the tests of the store: migrated once a run, and empty for each test."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from tests import postgres
from tests.store.places import ENGINES, Place
from tillgate.store import migrate, schema
from tillgate.store.database import SQLITE_FILE, Store


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database in a file, to be copied."""
    data = tmp_path_factory.mktemp("migrated")
    migrate.migrate(None, data)
    return data / SQLITE_FILE


@pytest.fixture(scope="session")
def migrated_postgres(postgres_cluster: postgres.Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A migrated database, to be emptied: making one takes much longer."""
    with postgres_cluster.fresh() as url:
        migrate.migrate(url, tmp_path_factory.mktemp("nothing"))
        yield url


@pytest.fixture
def sqlite_place(migrated_sqlite: Path, tmp_path: Path) -> Place:
    """An empty, migrated database on SQLite."""
    shutil.copy(migrated_sqlite, tmp_path / SQLITE_FILE)
    return Place(None, tmp_path)


@pytest.fixture
def postgres_place(migrated_postgres: str, tmp_path: Path) -> Place:
    """An empty, migrated database on PostgreSQL."""
    asyncio.run(_empty(migrated_postgres))
    return Place(migrated_postgres, tmp_path)


@pytest.fixture(params=ENGINES)
def place(request: pytest.FixtureRequest) -> Place:
    """An empty, migrated database, on each engine in turn."""
    found: Place = request.getfixturevalue(f"{request.param}_place")
    return found


@pytest.fixture
async def store(place: Place) -> AsyncIterator[Store]:
    """A store over an empty database, on each engine in turn."""
    async with place.opened() as opened:
        yield opened


async def _empty(url: str) -> None:
    filled = (table.name for table in schema.metadata.sorted_tables if table is not schema.schema_state)
    connection = await asyncpg.connect(url, server_settings={"lock_timeout": "10s"})
    try:
        await connection.execute(";".join(f"delete from {name}" for name in filled))
    finally:
        await connection.close()
