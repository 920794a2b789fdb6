"""`tillgate keys`: a merchant's keys, made, listed, rolled and revoked beside a running server."""

from pathlib import Path

import click

from tillgate.cli import office, options
from tillgate.core.credentials import CredentialKind, Scope
from tillgate.core.instants import Duration, Instant
from tillgate.core.merchants import DEMO_SHOP
from tillgate.workers.commands import CreateKey, ListKeys, New, RevokeKey, RollKey, Shown

_KINDS = {
    "secret": CredentialKind.SECRET_KEY,
    "publishable": CredentialKind.PUBLISHABLE_KEY,
    "restricted": CredentialKind.RESTRICTED_KEY,
    "client": CredentialKind.OAUTH_CLIENT,
    "public-token": CredentialKind.PUBLIC_TOKEN,
    "private-token": CredentialKind.PRIVATE_TOKEN,
    "escrow-keys": CredentialKind.ESCROW_KEYS,
    "manager": CredentialKind.MANAGER_KEY,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}


@click.group()
def keys() -> None:
    """Keys of merchants: make, list, roll and revoke them."""


@keys.command()
@click.option("--kind", type=click.Choice(list(_KINDS)), default="secret", show_default=True)
@click.option("--scope", "scopes", multiple=True, type=click.Choice([scope.value for scope in Scope]))
@click.option("--merchant", default=DEMO_SHOP.id, show_default=True, help="Id of the merchant.")
@click.option("--expires", type=options.Moment(), help="When it ends: 90d, 2030-01-31, 2030-01-31T12:00 (UTC).")
@options.where
def create(
    kind: str,
    scopes: tuple[str, ...],
    merchant: str,
    expires: Instant | None,
    data: Path | None,
    database: str | None,
) -> None:
    """Make a key. Its secret is shown this once."""
    chosen = options.chosen_settings(data=data, database=database)
    given = CreateKey(_KINDS[kind], [Scope(scope) for scope in scopes], merchant, expires)
    _show_new(office.ask(chosen, "keys create", given, New))


@keys.command("list")
@click.option("--merchant", default=DEMO_SHOP.id, show_default=True, help="Id of the merchant.")
@options.where
def list_(merchant: str, data: Path | None, database: str | None) -> None:
    """List a merchant's keys, without their secrets."""
    chosen = options.chosen_settings(data=data, database=database)
    found = office.ask(chosen, "keys list", ListKeys(merchant), list[Shown])
    options.table(
        ("ID", "KIND", "CREATED", "EXPIRES", "REVOKED", "SCOPES"),
        [
            (
                key.id,
                _NAMES.get(key.kind, key.kind.value),
                options.shown(key.created),
                options.shown(key.expires_at),
                options.shown(key.revoked_at),
                " ".join(key.scopes),
            )
            for key in found
        ],
    )


@keys.command()
@click.argument("id")
@click.option("--overlap", type=options.Span(), default="24h", show_default=True, help="How long the former is good.")
@options.where
def roll(id: str, overlap: Duration, data: Path | None, database: str | None) -> None:
    """Put another key in the place of one. The former is good until the overlap ends."""
    chosen = options.chosen_settings(data=data, database=database)
    _show_new(office.ask(chosen, "keys roll", RollKey(id, overlap), New))
    click.echo(f"{id} is good until the overlap ends." if overlap else f"{id} is good no more.")


@keys.command()
@click.argument("id")
@options.where
def revoke(id: str, data: Path | None, database: str | None) -> None:
    """Take a key back. Every process refuses it within a second."""
    chosen = options.chosen_settings(data=data, database=database)
    revoked = office.ask(chosen, "keys revoke", RevokeKey(id), Shown)
    click.echo(f"{id} is revoked since {options.shown(revoked.revoked_at)} (UTC).")


def _show_new(new: New) -> None:
    click.echo(f"{new.credential.id}  {_NAMES.get(new.credential.kind, new.credential.kind.value)}")
    click.echo(f"  {new.secret}")
    click.echo("Keep it: it is shown this once.")
