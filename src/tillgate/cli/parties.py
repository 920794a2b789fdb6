"""`tillgate parties`: sellers and operators who have shares of escrow orders, added, listed and associated."""

from pathlib import Path
from typing import Literal

import click

from tillgate.cli import office, options
from tillgate.core.merchants import DEMO_SHOP
from tillgate.core.parties import Destination, Named, PartyKind
from tillgate.workers import parties as commands

_MERCHANT = click.option("--merchant", default=DEMO_SHOP.id, show_default=True, help="Id of the merchant.")


@click.group()
def parties() -> None:
    """Sellers and operators of a marketplace: add, list and associate them."""


@parties.command()
@click.option("--kind", type=click.Choice(["seller", "operator"]), default="seller", show_default=True)
@click.option("--first-name", required=True)
@click.option("--last-name", default="")
@click.option("--phone", required=True, help="By which shops name a seller.")
@click.option("--email", default="")
@click.option("--bank-code", required=True, help="Three digits of a bank in Nigeria.")
@click.option("--bank-account-number", required=True, help="Ten digits.")
@click.option("--bank-account-name", required=True, help="Whose account it is.")
@click.option("--associate", is_flag=True, help="Have the seller sell in the merchant's own marketplace.")
@click.option("--operator", help="Id of the operator in whose marketplace the seller sells.")
@_MERCHANT
@options.where
def add(
    kind: Literal["seller", "operator"],
    first_name: str,
    last_name: str,
    phone: str,
    email: str,
    bank_code: str,
    bank_account_number: str,
    bank_account_name: str,
    associate: bool,
    operator: str | None,
    merchant: str,
    data: Path | None,
    database: str | None,
) -> None:
    """Add a seller or an operator, with the account that they are paid out to."""
    named = Named(first_name=first_name, last_name=last_name, phone=phone, email=email)
    destination = Destination(bank_code=bank_code, number=bank_account_number, holder=bank_account_name)
    given = commands.Add(kind, named, destination, associate, operator, merchant)
    chosen = options.chosen_settings(data=data, database=database)
    added = office.ask(chosen, "parties add", given, commands.Shown)
    click.echo(f"{added.id}  {added.kind.value} {added.number}  {added.name}")


@parties.command("list")
@click.option("--kind", type=click.Choice([kind.value for kind in PartyKind]), default="seller", show_default=True)
@_MERCHANT
@options.where
def list_(kind: str, merchant: str, data: Path | None, database: str | None) -> None:
    """List them, with the last digits of their accounts."""
    chosen = options.chosen_settings(data=data, database=database)
    found = office.ask(chosen, "parties list", commands.List(PartyKind(kind), merchant), list[commands.Shown])
    options.table(
        ("ID", "NUMBER", "NAME", "PHONE", "BANK", "ACCOUNT", "MARKETPLACE OF"),
        [
            (
                one.id,
                str(one.number),
                one.name,
                one.phone,
                one.bank,
                f"…{one.last4}",
                (one.operator or merchant) if one.is_associated else "",
            )
            for one in found
        ],
    )


@parties.command()
@click.argument("id")
@click.option("--operator", help="Id of the operator; without, the marketplace is the merchant's own.")
@_MERCHANT
@options.where
def associate(id: str, operator: str | None, merchant: str, data: Path | None, database: str | None) -> None:
    """Have a seller sell in a marketplace."""
    chosen = options.chosen_settings(data=data, database=database)
    office.ask(chosen, "parties associate", commands.Associate(id, operator, merchant), commands.Shown)
    click.echo(f"{id} sells in the marketplace of {operator or merchant}.")


@parties.command()
@click.argument("id")
@_MERCHANT
@options.where
def erase(id: str, merchant: str, data: Path | None, database: str | None) -> None:
    """Erase what is personal of a party, once nothing is owed to it any more. What the books say stays."""
    chosen = options.chosen_settings(data=data, database=database)
    office.ask(chosen, "parties erase", commands.Erase(id, merchant), commands.Shown)
    click.echo(f"{id} is erased.")
