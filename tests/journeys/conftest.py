"""Real servers for journeys: one process on SQLite, two on PostgreSQL."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers import Server


@pytest.fixture
def environment() -> dict[str, str]:
    """What servers are told besides; tests that want something say what."""
    return {}


@pytest.fixture(params=["sqlite", "postgres"])
def server(
    request: pytest.FixtureRequest, tmp_path: Path, migrated: Path, environment: dict[str, str]
) -> Iterator[Server]:
    """A server that is not started yet, on each database in turn."""
    on_postgres = request.param == "postgres"
    database = request.getfixturevalue("migrated_url") if on_postgres else None
    data = tmp_path / "data" if on_postgres else shutil.copytree(migrated, tmp_path / "data")
    made = Server(data, database=database, workers=2 if on_postgres else 1, environment=environment)
    yield made
    made.kill()
