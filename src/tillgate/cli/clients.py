"""`tillgate clients`: programs that get tokens by OAuth 2, registered and removed beside a running server."""

from pathlib import Path

import click

from tillgate.cli import office, options
from tillgate.core.merchants import DEMO_SHOP
from tillgate.core.oauth import OAuthScope
from tillgate.workers.people import AddClient, ClientShown, ListClients, RemoveClient


@click.group()
def clients() -> None:
    """OAuth 2 clients: register, list and remove them."""


@clients.command()
@click.argument("name")
@click.option("--redirect-uri", "redirect_uris", multiple=True, help="Where people are sent back to, to the letter.")
@click.option("--scope", "scopes", multiple=True, type=click.Choice([scope.value for scope in OAuthScope]))
@click.option("--public", "is_public", is_flag=True, help="It cannot keep a secret: an app, or a page.")
@click.option("--machine", "is_machine", is_flag=True, help="It acts for the merchant itself (client credentials).")
@click.option("--merchant", default=DEMO_SHOP.id, show_default=True, help="Id of the merchant.")
@options.where
def add(
    name: str,
    redirect_uris: tuple[str, ...],
    scopes: tuple[str, ...],
    is_public: bool,
    is_machine: bool,
    merchant: str,
    data: Path | None,
    database: str | None,
) -> None:
    """Register a client under the name that people will read. Its secret is shown this once."""
    chosen = options.chosen_settings(data=data, database=database)
    asked = AddClient(name, list(redirect_uris), [OAuthScope(one) for one in scopes], merchant, is_public, is_machine)
    new = office.ask(chosen, "clients add", asked, ClientShown)
    click.echo(f"{new.id}  {new.name}")
    if new.secret is not None:
        click.echo(f"  {new.secret}")
        click.echo("Keep it: it is shown this once.")


@clients.command("list")
@click.option("--merchant", default=DEMO_SHOP.id, show_default=True, help="Id of the merchant.")
@options.where
def list_(merchant: str, data: Path | None, database: str | None) -> None:
    """List the clients that a merchant registered."""
    chosen = options.chosen_settings(data=data, database=database)
    found = office.ask(chosen, "clients list", ListClients(merchant), list[ClientShown])
    options.table(
        ("ID", "NAME", "SINCE", "SECRET", "SCOPES", "REDIRECT URIS"),
        [
            (
                one.id,
                one.name,
                options.shown(one.created),
                "no" if one.is_public else "yes",
                " ".join(one.scopes),
                " ".join(one.redirect_uris),
            )
            for one in found
        ],
    )


@clients.command()
@click.argument("id")
@options.where
def remove(id: str, data: Path | None, database: str | None) -> None:
    """Take a client back. It gets no tokens any more, and those that it has end within a second."""
    chosen = options.chosen_settings(data=data, database=database)
    office.ask(chosen, "clients remove", RemoveClient(id), ClientShown)
    click.echo(f"{id} is removed.")
