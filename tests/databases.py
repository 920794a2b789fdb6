"""Migrated databases of PostgreSQL: made once a run, lent to one test after another, and emptied in between."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import asyncpg

from tests.postgres import Cluster
from tillgate.store import migrate, schema

_FILLED: Final = ";".join(
    f"delete from {table.name}" for table in schema.metadata.sorted_tables if table is not schema.schema_state
)
_OTHERS: Final = """
select pg_terminate_backend(pid, 10000) from pg_stat_activity
where datname = current_database() and pid <> pg_backend_pid()
"""


class Databases:
    """Those of a cluster; making one takes many times as long as emptying it."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._made = ExitStack()
        self._free: list[str] = []

    @contextmanager
    def lent(self) -> Iterator[str]:
        """The address of an empty, migrated database that is nobody else's until it is given back.

        Not to be called in an event loop.
        """
        url = self._free.pop() if self._free else self._another()
        try:
            yield url
        finally:
            asyncio.run(_empty(url))
            self._free.append(url)

    def close(self) -> None:
        """Drop them."""
        self._made.close()

    def _another(self) -> str:
        template = self._cluster.template("migrated", lambda url: migrate.migrate(url, Path()))
        return self._made.enter_context(self._cluster.fresh(template))


async def _empty(url: str) -> None:
    """Nobody is in it any longer, whatever they were about, and nothing."""
    connection = await asyncpg.connect(url, server_settings={"lock_timeout": "10s"})
    try:
        await connection.execute(_OTHERS)
        await connection.execute(_FILLED)
    finally:
        await connection.close()
