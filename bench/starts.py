"""Starting: how long it takes from the command to answering that it is ready, on a migrated database."""

import time
from pathlib import Path

from bench import server
from tests.postgres import Cluster


def measure(running: Cluster, folder: Path, times: int) -> dict[str, list[float]]:
    """Seconds of each start, by what was started."""
    with running.fresh() as one, running.fresh() as two:
        return {
            "PostgreSQL, 1 process": _starts(folder / "start-1", one, 1, times),
            "PostgreSQL, 2 processes": _starts(folder / "start-2", two, 2, times),
            "SQLite": _starts(folder / "start-3", None, 1, times),
        }


def _starts(data: Path, database: str | None, workers: int, times: int) -> list[float]:
    server.migrate(data, database)
    return [_start(data, database, workers) for _ in range(times)]


def _start(data: Path, database: str | None, workers: int) -> float:
    began = time.perf_counter()
    with server.tillgate(data, database, workers) as started:
        started.ask("/ready")
        return time.perf_counter() - began
