"""The store: an engine to read from, and the one verb that writes."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from tillgate.core.decisions import Decision
from tillgate.core.instants import Instant
from tillgate.store.commit import Committer
from tillgate.store.engine import Engine, Strike, no_strike
from tillgate.store.postgres import Postgres
from tillgate.store.sqlite import Sqlite


class Store:
    """What flows work with. Reading goes through the modules beside this one, writing through `commit` alone."""

    def __init__(self, engine: Engine, committer: Committer) -> None:
        self.engine = engine
        self._committer = committer
        self.commit: Callable[[Decision], Awaitable[None]] = committer.commit

    async def close(self) -> None:
        """Finish what was handed in, then let go of the database."""
        await self._committer.drain()
        await self.engine.close()


SQLITE_FILE = "tillgate.sqlite3"


def is_postgres(url: str | None) -> bool:
    """Whether a database URL means PostgreSQL; without one it is SQLite in the data directory.

    Raises ValueError for a URL of any other kind.
    """
    if url is None:
        return False
    if url.startswith(("postgresql://", "postgres://")):
        return True
    raise ValueError("the database must be a postgresql:// URL, or absent for SQLite in the data directory")


async def open_store(
    url: str | None,
    data: Path,
    *,
    wall: Callable[[], Instant],
    mint_batch: Callable[[], str],
    balance_lane: int = 0,
    strike: Strike = no_strike,
) -> Store:
    """Connect to PostgreSQL at `url`, or open SQLite in `data`. The schema must be there already."""
    engine: Engine
    if url is not None and is_postgres(url):
        engine = await Postgres.open(url, strike=strike)
    else:
        engine = Sqlite(data / SQLITE_FILE, strike=strike)
    committer = Committer(engine, wall=wall, mint_batch=mint_batch, balance_lane=balance_lane)
    return Store(engine, committer)
