"""`tillgate wallets`: a merchant's keys for Apple Pay and Google Pay, added, listed and removed."""

from pathlib import Path

import click

from tillgate.cli import office, options
from tillgate.core.merchants import DEMO_SHOP
from tillgate.flows.wallets import AppleKey, GoogleKey
from tillgate.workers import wallet_keys

_MERCHANT = click.option("--merchant", default=DEMO_SHOP.id, show_default=True, help="Id of the merchant.")
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def wallets() -> None:
    """Keys for Apple Pay and Google Pay: add, list and remove them."""


@wallets.group()
def add() -> None:
    """Add a key. Its private part is sealed, and never comes out again."""


@add.command()
@click.option("--merchant-id", required=True, help="Apple's merchant identifier, such as merchant.com.example.")
@click.option("--certificate", required=True, type=_FILE, help="Payment processing certificate (PEM).")
@click.option("--key", required=True, type=_FILE, help="Its private key (PEM, without a password).")
@click.option("--root", type=_FILE, help="Root certificate to trust (PEM); Apple Root CA - G3 without.")
@_MERCHANT
@options.where
def apple(
    merchant_id: str,
    certificate: Path,
    key: Path,
    root: Path | None,
    merchant: str,
    data: Path | None,
    database: str | None,
) -> None:
    """Add a key for Apple Pay."""
    given = AppleKey(merchant_id, _text(certificate), _text(key), None if root is None else _text(root))
    _add(wallet_keys.Add(given, merchant), data, database)


@add.command()
@click.option("--merchant-id", required=True, help="Whom tokens are for: merchant:… or gateway:…")
@click.option("--key", required=True, type=_FILE, help="Private key (PEM, without a password).")
@click.option("--root-keys", required=True, type=_FILE, help="Google's root signing keys (JSON, as published).")
@click.option("--gateway-merchant-id", help="The merchant's id with the gateway, for gateway:…")
@_MERCHANT
@options.where
def google(
    merchant_id: str,
    key: Path,
    root_keys: Path,
    gateway_merchant_id: str | None,
    merchant: str,
    data: Path | None,
    database: str | None,
) -> None:
    """Add a key for Google Pay."""
    given = GoogleKey(merchant_id, _text(key), _text(root_keys), gateway_merchant_id)
    _add(wallet_keys.Add(given, merchant), data, database)


@wallets.command("list")
@_MERCHANT
@options.where
def list_(merchant: str, data: Path | None, database: str | None) -> None:
    """List a merchant's keys, without their private parts."""
    chosen = options.chosen_settings(data=data, database=database)
    found = office.ask(chosen, "wallets list", wallet_keys.List(merchant), list[wallet_keys.Shown])
    options.table(
        ("ID", "WALLET", "MERCHANT ID", "CREATED", "EXPIRES", "PUBLIC KEY"),
        [
            (
                key.id,
                key.wallet.value,
                key.merchant_id,
                options.shown(key.created),
                options.shown(key.expires_at),
                key.public_key_hash,
            )
            for key in found
        ],
    )


@wallets.command()
@click.argument("id")
@_MERCHANT
@options.where
def remove(id: str, merchant: str, data: Path | None, database: str | None) -> None:
    """Remove a key: no token is opened with it any more."""
    chosen = options.chosen_settings(data=data, database=database)
    office.ask(chosen, "wallets remove", wallet_keys.Remove(id, merchant), wallet_keys.Shown)
    click.echo(f"{id} is removed.")


def _add(given: wallet_keys.Add, data: Path | None, database: str | None) -> None:
    chosen = options.chosen_settings(data=data, database=database)
    added = office.ask(chosen, "wallets add", given, wallet_keys.Shown)
    click.echo(f"{added.id}  {added.wallet.value}  {added.merchant_id}")
    click.echo(f"  opens tokens for the public key {added.public_key_hash}, until {options.shown(added.expires_at)}")


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as failure:
        options.stop(f"cannot read {path}: {failure}")
