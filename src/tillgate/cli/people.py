"""`tillgate people`: who signs in, and what they are to which merchant, beside a running server."""

import sys
from pathlib import Path

import click

from tillgate.cli import office, options
from tillgate.core.merchants import DEMO_SHOP
from tillgate.core.people import Role
from tillgate.workers.people import AddPerson, ListPeople, PersonShown, RemovePerson, SetPassword

_PASSWORD = click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input; without, one is made up and shown."
)


@click.group()
def people() -> None:
    """People who sign in: add, list and remove them, change passwords."""


@people.command()
@click.argument("email")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@click.option("--merchant", default=DEMO_SHOP.id, show_default=True, help="Id of the merchant.")
@_PASSWORD
@options.where
def add(email: str, role: str, merchant: str, password_stdin: bool, data: Path | None, database: str | None) -> None:
    """Have somebody be something to a merchant: one role for each. Who is there already keeps their password."""
    chosen = options.chosen_settings(data=data, database=database)
    asked = AddPerson(email, Role(role), merchant, _password(password_stdin))
    _show(office.ask(chosen, "people add", asked, PersonShown))


@people.command("list")
@options.where
def list_(data: Path | None, database: str | None) -> None:
    """List everybody, and what they are to whom."""
    chosen = options.chosen_settings(data=data, database=database)
    found = office.ask(chosen, "people list", ListPeople(), list[PersonShown])
    options.table(
        ("ID", "E-MAIL", "SINCE", "MERCHANTS"),
        [(one.id, one.email, options.shown(one.created), _merchants(one)) for one in found],
    )


@people.command()
@click.argument("email")
@_PASSWORD
@options.where
def password(email: str, password_stdin: bool, data: Path | None, database: str | None) -> None:
    """Give somebody another password. Their sessions end."""
    chosen = options.chosen_settings(data=data, database=database)
    asked = SetPassword(email, _password(password_stdin))
    _show(office.ask(chosen, "people password", asked, PersonShown))


@people.command()
@click.argument("email")
@click.option("--merchant", help="Only have them be nothing to this merchant any more.")
@options.where
def remove(email: str, merchant: str | None, data: Path | None, database: str | None) -> None:
    """Forget somebody. Their sessions, and what clients may do in their name, end within a second."""
    chosen = options.chosen_settings(data=data, database=database)
    gone = office.ask(chosen, "people remove", RemovePerson(email, merchant), PersonShown)
    click.echo(f"{gone.id} is forgotten." if merchant is None else f"{gone.id} is nothing to {merchant} any more.")


def _password(from_stdin: bool) -> str | None:
    return sys.stdin.readline().rstrip("\r\n") if from_stdin else None


def _show(person: PersonShown) -> None:
    click.echo(f"{person.id}  {person.email}  {_merchants(person)}")
    if person.password is not None:
        click.echo(f"  {person.password}")
        click.echo("Hand it over: it is shown this once. They change it at /account.")


def _merchants(person: PersonShown) -> str:
    return ", ".join(f"{one.merchant} ({one.role.value})" for one in person.memberships)
