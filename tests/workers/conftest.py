"""Worlds for the tests of workers, on each engine in turn."""

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.databases import Databases
from tests.workers import outside
from tests.workers.outside import World
from tillgate import assembly
from tillgate.assembly import Opened
from tillgate.settings import Settings


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """None for SQLite, or the address of a migrated PostgreSQL database."""
    if request.param == "sqlite":
        yield None
        return
    databases: Databases = request.getfixturevalue("databases")
    with databases.lent() as url:
        yield url


@pytest.fixture
async def world(database: str | None, tmp_path: Path, migrated: Path) -> AsyncIterator[World]:
    """A world of the test's own, on each engine in turn."""
    if database is None:
        shutil.copytree(migrated, tmp_path, dirs_exist_ok=True)
    async with outside.opened(tmp_path, database) as opened:
        yield opened


@pytest.fixture
async def opened(tmp_path: Path, migrated: Path) -> AsyncIterator[Opened]:
    """What commands work with, on a database of the test's own."""
    shutil.copytree(migrated, tmp_path, dirs_exist_ok=True)
    async with assembly.opened(Settings(data=tmp_path)) as parts:
        yield parts
