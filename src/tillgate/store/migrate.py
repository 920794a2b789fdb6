"""Bringing a database to the schema of this release, and telling whether this release can work with the one it has."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa

from tillgate.store import schema
from tillgate.store.database import SQLITE_FILE, is_postgres

T = TypeVar("T")

_PATIENCE_SECONDS = 60


class Unreachable(Exception):
    """No connection to the database can be had; the message says why."""


class Unfit(Exception):
    """The database cannot be served from as it is; the message says what to do."""


def migrate(url: str | None, data: Path) -> None:
    """Carry out every step that the database lacks. Several processes may do so at once."""
    _on_connection(url, data, _upgrade)


def is_empty(url: str | None, data: Path) -> bool:
    """Whether nothing was ever stored here."""
    return _on_connection(url, data, _state) is None


def check(url: str | None, data: Path) -> None:
    """Raises Unfit where there is no schema, one too old for this release, or one that has left it behind."""
    if not is_postgres(url) and not (data / SQLITE_FILE).exists():
        raise Unfit(f"there is no database in {data}; run `tillgate migrate`")
    state = _on_connection(url, data, _state)
    if state is None:
        raise Unfit("the database is empty; run `tillgate migrate`")
    found, oldest_compatible = state
    if found < schema.CURRENT:
        raise Unfit(f"the database has schema {found}, this release needs {schema.CURRENT}; run `tillgate migrate`")
    if oldest_compatible > schema.CURRENT:
        raise Unfit(
            f"the database has schema {found}, which this release (schema {schema.CURRENT}) is too old for; update it"
        )


def _state(connection: sa.Connection) -> tuple[int, int] | None:
    if not sa.inspect(connection).has_table(schema.schema_state.name):
        return None
    row = connection.execute(
        sa.select(schema.schema_state.c.schema, schema.schema_state.c.oldest_compatible)
        .order_by(schema.schema_state.c.schema.desc())
        .limit(1)
    ).first()
    return (row[0], row[1]) if row else None


def _upgrade(connection: sa.Connection) -> None:
    # Imported here, since a server whose database is up to date starts without it, and sooner.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    # One migrates, the others wait and find nothing left to do; one that dies midway has changed nothing.
    if connection.dialect.name == "postgresql":
        try:
            connection.execute(sa.text("create table if not exists migration_lock (one integer primary key)"))
            connection.commit()
        except sa.exc.DBAPIError:
            # "If not exists" looks, then creates: another process came between. Had it another cause, locking fails.
            connection.rollback()
        connection.execute(sa.text("lock table migration_lock in access exclusive mode"))
    else:
        connection.execute(sa.text("begin immediate"))
    command.upgrade(config, "head")


def _on_connection(url: str | None, data: Path, work: Callable[[sa.Connection], T]) -> T:
    try:
        if url is not None and is_postgres(url):
            return asyncio.run(_on_postgres(url, work))
        return _on_sqlite(data, work)
    except OSError as failure:
        raise Unreachable(failure.strerror or str(failure)) from None
    except sa.exc.DBAPIError as failure:
        # What went wrong in a statement is another matter than not to come so far.
        if failure.statement is not None:
            raise
        raise Unreachable(str(failure.orig)) from None


def _on_sqlite(data: Path, work: Callable[[sa.Connection], T]) -> T:
    data.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(f"sqlite:///{data / SQLITE_FILE}", connect_args={"timeout": _PATIENCE_SECONDS})
    try:
        with engine.begin() as connection:
            return work(connection)
    finally:
        engine.dispose()


async def _on_postgres(url: str, work: Callable[[sa.Connection], T]) -> T:
    import asyncpg
    from sqlalchemy.ext.asyncio import create_async_engine

    # An address has one meaning, whoever connects to it.
    engine = create_async_engine("postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(url))
    try:
        async with engine.connect() as connection:
            done = await connection.run_sync(work)
            await connection.commit()
            return done
    finally:
        await engine.dispose()
