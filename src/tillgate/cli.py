"""The command line: serve, migrate and audit."""

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn, TypeVar

import click

from tillgate import __version__, asgi, settings
from tillgate.settings import SettingInvalid, Settings
from tillgate.store import audit as audits
from tillgate.store import migrate as migrations
from tillgate.store.migrate import Unfit, Unreachable
from tillgate.store.sqlite import InUse
from tillgate.vault.key_encryption import KeyUnusable

F = TypeVar("F", bound=Callable[..., None])


@click.group()
@click.version_option(__version__, prog_name="tillgate")
def main() -> None:
    """Tillgate, a self-hosted payment gateway."""


def _where(command: F) -> F:
    """The options that say where the data lies."""
    command = click.option("--data", type=click.Path(path_type=Path), help="Data directory (TILLGATE_DATA).")(command)
    return click.option("--database", help="postgresql:// URL (TILLGATE_DATABASE); SQLite without.")(command)


@main.command()
@click.option("--host", help="Address to listen on (TILLGATE_HOST); 127.0.0.1 without.")
@click.option("--port", type=int, help="Port to listen on (TILLGATE_PORT); 8000 without.")
@click.option("--workers", type=int, help="Processes (TILLGATE_WORKERS); several need PostgreSQL.")
@_where
def serve(host: str | None, port: int | None, workers: int | None, data: Path | None, database: str | None) -> None:
    """Serve until told to stop."""
    chosen = _settings(host=host, port=port, workers=workers, data=data, database=database)
    with _plainly(chosen):
        if migrations.is_empty(chosen.database, chosen.data):
            migrations.migrate(chosen.database, chosen.data)
        migrations.check(chosen.database, chosen.data)
        asgi.serve(chosen)


@main.command()
@_where
def migrate(data: Path | None, database: str | None) -> None:
    """Bring the database to the schema of this release."""
    chosen = _settings(data=data, database=database)
    with _plainly(chosen):
        migrations.migrate(chosen.database, chosen.data)
    click.echo("The database has the schema of this release.")


@main.command()
@_where
def audit(data: Path | None, database: str | None) -> None:
    """Add every posting again, and compare with balances, totals and records."""
    chosen = _settings(data=data, database=database)
    with _plainly(chosen):
        migrations.check(chosen.database, chosen.data)
        found = asyncio.run(audits.audit(chosen.database, chosen.data))
    for name, count in found.counts.items():
        click.echo(f"{count:>12,}  {name}")
    for difference in found.differences:
        click.echo(f"DIFFERENCE  {difference}", err=True)
    if found.hidden:
        click.echo(f"… and {found.hidden:,} more", err=True)
    if found.differences:
        sys.exit(1)
    click.echo("The books are right.")


def _settings(**given: object) -> Settings:
    try:
        return settings.from_environment(os.environ, **given)
    except SettingInvalid as invalid:
        _stop(str(invalid))


@contextlib.contextmanager
def _plainly(chosen: Settings) -> Iterator[None]:
    """What can go wrong with what was set is told in a sentence that names the setting."""
    try:
        yield
    except InUse as taken:
        _stop(f"{taken} is served by another process. Stop it, or use PostgreSQL for several.")
    except (Unfit, KeyUnusable, SettingInvalid) as unfit:
        _stop(str(unfit))
    except Unreachable as why:
        place = "TILLGATE_DATABASE (--database)" if chosen.database else f"{chosen.data} (TILLGATE_DATA, --data)"
        _stop(f"cannot use the database at {place}: {why}")
    except OSError as failure:
        where = failure.filename or f"{chosen.host}:{chosen.port} (TILLGATE_HOST, TILLGATE_PORT)"
        _stop(f"cannot serve from {where}: {failure.strerror or failure}")


def _stop(message: str) -> NoReturn:
    click.echo(f"tillgate: {message}", err=True)
    sys.exit(2)
