"""`tillgate clock`: what time it is to a test merchant, and moving it forward, beside a running server."""

from pathlib import Path

import click

from tillgate.cli import office, options
from tillgate.core.merchants import DEMO_SHOP
from tillgate.workers.clocks import Advance, Show, Shown

_merchant = click.option("--merchant", default=DEMO_SHOP.id, show_default=True, help="The test merchant, by id.")


@click.group()
def clock() -> None:
    """The clock of a test merchant: show it, and move it forward."""


@clock.command()
@_merchant
@options.where
def show(merchant: str, data: Path | None, database: str | None) -> None:
    """Say what time it is to a merchant."""
    chosen = options.chosen_settings(data=data, database=database)
    _tell(office.ask(chosen, "clock show", Show(merchant), Shown))


@clock.command()
@click.option("--by", type=options.Span(), help="So much farther: 90s, 30m, 24h, 7d.")
@click.option("--to", type=options.Moment(), help="To a date or time in UTC: 2030-01-31, 2030-01-31T12:00.")
@_merchant
@options.where
def advance(by: int | None, to: int | None, merchant: str, data: Path | None, database: str | None) -> None:
    """Move a merchant's clock forward; what becomes due happens in order, each thing at its own time."""
    if (by is None) == (to is None):
        options.stop("say how far, by --by or by --to")
    chosen = options.chosen_settings(data=data, database=database)
    _tell(office.ask(chosen, "clock advance", Advance(by, to, merchant), Shown))


def _tell(found: Shown) -> None:
    if found.happened:
        rows = [(options.shown(event.at), event.type, event.about) for event in found.happened]
        options.table(("AT", "WHAT", "ABOUT"), rows)
    if found.has_more:
        click.echo("… and more: `tillgate events list` tells all of it.")
    click.echo(f"It is {options.shown(found.now)}.")
    if found.until is not None:
        click.echo(f"The clock is on its way to {options.shown(found.until)}.")
