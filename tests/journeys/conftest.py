"""Real servers for journeys: one process on SQLite, two on PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers import Server


@pytest.fixture(params=["sqlite", "postgres"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    """A server that is not started yet, on each database in turn."""
    on_postgres = request.param == "postgres"
    database = request.getfixturevalue("postgres_url") if on_postgres else None
    made = Server(tmp_path / "data", database=database, workers=2 if on_postgres else 1)
    yield made
    made.kill()
