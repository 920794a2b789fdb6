"""`tillgate merchants`: taking merchants on, and naming them, beside a running server."""

from pathlib import Path

import click

from tillgate.cli import office, options
from tillgate.core.merchants import Mode
from tillgate.workers.commands import CreateMerchant, ListMerchants, Merchant


@click.group()
def merchants() -> None:
    """Merchants: take them on, and name them."""


@merchants.command()
@click.argument("name")
@click.option("--live", is_flag=True, help="With real money, in place of test money.")
@options.where
def create(name: str, live: bool, data: Path | None, database: str | None) -> None:
    """Take a merchant on, in test mode. `tillgate keys create --merchant ID` makes a key for it."""
    chosen = options.chosen_settings(data=data, database=database)
    mode = Mode.LIVE if live else Mode.TEST
    merchant = office.ask(chosen, "merchants create", CreateMerchant(name, mode), Merchant)
    click.echo(f"{merchant.id}  {merchant.name} ({merchant.mode.value} mode)")


@merchants.command("list")
@options.where
def list_(data: Path | None, database: str | None) -> None:
    """Name all merchants."""
    chosen = options.chosen_settings(data=data, database=database)
    found = office.ask(chosen, "merchants list", ListMerchants(), list[Merchant])
    options.table(
        ("ID", "MODE", "BANK", "CREATED", "NAME"),
        [(one.id, one.mode.value, one.bank, options.shown(one.created or None), one.name) for one in found],
    )
