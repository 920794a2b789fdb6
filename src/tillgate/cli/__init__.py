"""The command line: serving, and what an operator does beside a running server."""

import asyncio
import sys
from pathlib import Path

import click

from tillgate import __version__, asgi
from tillgate.cli import options
from tillgate.cli.clients import clients
from tillgate.cli.clock import clock
from tillgate.cli.disputes import disputes
from tillgate.cli.events import events
from tillgate.cli.happenings import trigger
from tillgate.cli.keys import keys
from tillgate.cli.listen import listen
from tillgate.cli.merchants import merchants
from tillgate.cli.parties import parties
from tillgate.cli.payment_scripts import scripts
from tillgate.cli.people import people
from tillgate.cli.sandbox_bank import sandbox_bank
from tillgate.cli.statements import statements
from tillgate.cli.vault import vault
from tillgate.cli.wallets import wallets
from tillgate.store import audit as audits
from tillgate.store import migrate as migrations


@click.group()
@click.version_option(__version__, prog_name="tillgate")
def main() -> None:
    """Tillgate, a self-hosted payment gateway."""


main.add_command(clients)
main.add_command(disputes)
main.add_command(keys)
main.add_command(merchants)
main.add_command(events)
main.add_command(listen)
main.add_command(trigger)
main.add_command(people)
main.add_command(scripts)
main.add_command(statements)
main.add_command(clock)
main.add_command(vault)
main.add_command(sandbox_bank)
main.add_command(wallets)
main.add_command(parties)


@main.command()
@click.option("--host", help="Address to listen on (TILLGATE_HOST); 127.0.0.1 without.")
@click.option("--port", type=int, help="Port to listen on (TILLGATE_PORT); 8000 without.")
@click.option("--workers", type=int, help="Processes (TILLGATE_WORKERS); several need PostgreSQL.")
@options.where
def serve(host: str | None, port: int | None, workers: int | None, data: Path | None, database: str | None) -> None:
    """Serve until told to stop."""
    chosen = options.chosen_settings(host=host, port=port, workers=workers, data=data, database=database)
    with options.plainly(chosen):
        if migrations.is_empty(chosen.database, chosen.data):
            migrations.migrate(chosen.database, chosen.data)
        migrations.check(chosen.database, chosen.data)
        asgi.serve(chosen)


@main.command()
@options.where
def work(data: Path | None, database: str | None) -> None:
    """Do what happens by itself, deliveries above all, beside any number of servers, until told to stop."""
    chosen = options.chosen_settings(data=data, database=database)
    with options.plainly(chosen):
        migrations.check(chosen.database, chosen.data)
        asgi.work(chosen)


@main.command()
@options.where
def migrate(data: Path | None, database: str | None) -> None:
    """Bring the database to the schema of this release."""
    chosen = options.chosen_settings(data=data, database=database)
    with options.plainly(chosen):
        migrations.migrate(chosen.database, chosen.data)
    click.echo("The database has the schema of this release.")


@main.command()
@options.where
def audit(data: Path | None, database: str | None) -> None:
    """Add every posting again, and compare with balances, totals and records."""
    chosen = options.chosen_settings(data=data, database=database)
    with options.plainly(chosen):
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
