"""The PostgreSQL of the benchmarks: a private cluster of ordinary settings, and durable, which is checked."""

import asyncio
import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import asyncpg

from tests import postgres
from tests.postgres import Cluster

SETTINGS = {
    "shared_buffers": "2GB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "15min",
}
"""What differs from PostgreSQL's own settings: memory, and checkpoints that do not fall into every run."""

DURABILITY = ("fsync", "synchronous_commit", "full_page_writes")


class NotDurable(Exception):
    """PostgreSQL would lose or tear what it acknowledged, so that figures would mean nothing."""


@contextlib.contextmanager
def running() -> Iterator[Cluster]:
    """A running cluster with SETTINGS, gone at the end. Raises NotDurable."""
    with postgres.cluster(by_socket=True) as cluster:
        for name, value in SETTINGS.items():
            execute(cluster.url("postgres"), f"alter system set {name} = '{value}'")
        cluster.stop()
        cluster.start()
        if any(value != "on" for value in durability(cluster).values()):
            raise NotDurable(str(durability(cluster)))
        yield cluster


def durability(cluster: Cluster) -> dict[str, str]:
    """What PostgreSQL says of fsync, synchronous_commit and full_page_writes."""
    return {name: execute(cluster.url("postgres"), f"show {name}")[0][0] for name in DURABILITY}


def version(cluster: Cluster) -> str:
    """PostgreSQL's version."""
    text: str = execute(cluster.url("postgres"), "show server_version")[0][0]
    return text.split()[0]


def process(cluster: Cluster) -> int:
    """The cluster's first process, the parent of all others."""
    return int((cluster.directory / "data" / "postmaster.pid").read_text().split()[0])


def execute(url: str, statement: str) -> list[asyncpg.Record]:
    """Run one statement on a connection of its own."""

    async def run() -> list[asyncpg.Record]:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetch(statement)
        finally:
            await connection.close()

    return asyncio.run(run())


def program(name: str) -> Path:
    """One of PostgreSQL's programs."""
    folder = subprocess.check_output([postgres.ENSURE], text=True).strip()
    return Path(folder) / name
