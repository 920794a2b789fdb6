"""`tillgate merchants`: taking merchants on, their terms, and naming them, beside a running server."""

from pathlib import Path

import click

from tillgate.cli import office, options
from tillgate.core.merchants import Mode, RateLimit
from tillgate.flows.merchants import SETTLEMENT_DAYS
from tillgate.workers.commands import CreateMerchant, ListMerchants, Merchant, UpdateMerchant
from tillgate.workers.origins import Origins, Shown

DAYS = click.IntRange(0, 30)
LIMITS = click.Choice([limit.value for limit in RateLimit])


@click.group()
def merchants() -> None:
    """Merchants: take them on, set their terms, and name them."""


@merchants.command()
@click.argument("name")
@click.option("--live", is_flag=True, help="With real money, in place of test money.")
@click.option("--rate-limit", type=LIMITS, default=RateLimit.STANDARD.value, help="100, 500 or any number a minute.")
@click.option(
    "--settlement-days",
    type=DAYS,
    default=SETTLEMENT_DAYS,
    show_default=True,
    help="After how many days what is captured can be paid out.",
)
@options.where
def create(
    name: str, live: bool, rate_limit: str, settlement_days: int, data: Path | None, database: str | None
) -> None:
    """Take a merchant on, in test mode. `tillgate keys create --merchant ID` makes a key for it."""
    chosen = options.chosen_settings(data=data, database=database)
    asked = CreateMerchant(name, Mode.LIVE if live else Mode.TEST, RateLimit(rate_limit), settlement_days)
    merchant = office.ask(chosen, "merchants create", asked, Merchant)
    click.echo(f"{merchant.id}  {merchant.name} ({merchant.mode.value} mode)")


@merchants.command()
@click.argument("merchant")
@click.option("--rate-limit", type=LIMITS, help="100, 500 or any number of requests a minute.")
@click.option("--settlement-days", type=DAYS, help="After how many days what is captured can be paid out.")
@click.option("--receipts/--no-receipts", default=None, help="Whether payers who asked for a receipt are sent one.")
@options.where
def update(
    merchant: str,
    rate_limit: str | None,
    settlement_days: int | None,
    receipts: bool | None,
    data: Path | None,
    database: str | None,
) -> None:
    """Serve a merchant on other terms, from the next second on. Payments that were opened before keep theirs."""
    chosen = options.chosen_settings(data=data, database=database)
    asked = UpdateMerchant(merchant, RateLimit(rate_limit) if rate_limit else None, settlement_days, receipts)
    changed = office.ask(chosen, "merchants update", asked, Merchant)
    click.echo(f"{changed.id}  {changed.name} ({changed.rate_limit.value}, settled in {changed.settlement_days} days)")


@merchants.command("origins")
@click.argument("merchant")
@click.option(
    "--add", metavar="ORIGIN", multiple=True, help="Of pages that may frame from now on, https://shop.example."
)
@click.option("--remove", metavar="ORIGIN", multiple=True, help="Of pages that may not any more.")
@options.where
def origins_(
    merchant: str, add: tuple[str, ...], remove: tuple[str, ...], data: Path | None, database: str | None
) -> None:
    """Say whose pages may hold the merchant's card fields in a frame."""
    chosen = options.chosen_settings(data=data, database=database)
    shown = office.ask(chosen, "merchants origins", Origins(merchant, [*add], [*remove]), Shown)
    for origin in shown.registered:
        click.echo(origin)
    if not shown.registered:
        click.echo(f"None is registered. Who may frame: {', '.join(shown.frames) or 'nobody'}.")


@merchants.command("list")
@options.where
def list_(data: Path | None, database: str | None) -> None:
    """Name all merchants."""
    chosen = options.chosen_settings(data=data, database=database)
    found = office.ask(chosen, "merchants list", ListMerchants(), list[Merchant])
    options.table(
        ("ID", "MODE", "BANK", "RATE LIMIT", "SETTLES IN", "CREATED", "NAME"),
        [
            (
                one.id,
                one.mode.value,
                one.bank,
                one.rate_limit.value,
                f"{one.settlement_days} days",
                options.shown(one.created or None),
                one.name,
            )
            for one in found
        ],
    )
