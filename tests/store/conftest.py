"""Databases for the tests of the store: migrated once a run, and empty for each test."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.store.places import ENGINES, Place
from tillgate.store.database import SQLITE_FILE, Store


@pytest.fixture
def sqlite_place(migrated: Path, tmp_path: Path) -> Place:
    """An empty, migrated database on SQLite."""
    shutil.copy(migrated / SQLITE_FILE, tmp_path / SQLITE_FILE)
    return Place(None, tmp_path)


@pytest.fixture
def postgres_place(migrated_url: str, tmp_path: Path) -> Place:
    """An empty, migrated database on PostgreSQL."""
    return Place(migrated_url, tmp_path)


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
