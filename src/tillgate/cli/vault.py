"""`tillgate vault`: data keys shown, rotated and removed, beside a running server."""

import os
import time
from pathlib import Path

import click

from tillgate.cli import office, options
from tillgate.flows.sealing import Portion
from tillgate.settings import Settings
from tillgate.vault import key_encryption
from tillgate.workers import data_keys, schedule
from tillgate.workers.data_keys import Vault


@click.group()
def vault() -> None:
    """The vault: show, rotate and remove the keys that cards and secrets are sealed with."""


@vault.command()
@options.where
def status(data: Path | None, database: str | None) -> None:
    """Show the data keys, and which key-encryption key wraps each."""
    chosen = options.chosen_settings(data=data, database=database)
    _show(office.ask(chosen, "vault status", data_keys.Show(), Vault))


@vault.command()
@click.option("--reseal", is_flag=True, help="Then seal again what older keys sealed.")
@options.where
def rotate(reseal: bool, data: Path | None, database: str | None) -> None:
    """Make new data keys, and wrap all of them by the present key-encryption key.

    Payments go on meanwhile. Stopped in the middle, it leaves everything readable; run it again.
    """
    chosen = options.chosen_settings(data=data, database=database)
    rotated = office.ask(chosen, "vault rotate", data_keys.Rotate(_kek_id(chosen)), Vault)
    _show(rotated)
    click.echo(f"New data keys are in use; {rotated.rewrapped} were wrapped anew by {rotated.kek_id}.")
    if reseal:
        # Only then do all processes seal with the new keys.
        time.sleep(2 * schedule.KEYS_LEARNED_SECONDS)
        _reseal(chosen)


@vault.command()
@options.where
def prune(data: Path | None, database: str | None) -> None:
    """Remove the data keys that were replaced a day ago or longer, and under which nothing is sealed any more."""
    chosen = options.chosen_settings(data=data, database=database)
    removed = office.ask(chosen, "vault prune", data_keys.Prune(), list[data_keys.Shown])
    for key in removed:
        click.echo(f"Data key {key.id} ({key.purpose}) is removed.")
    if not removed:
        click.echo("No data key can be removed.")


def _reseal(chosen: Settings) -> None:
    resealed = unreadable = 0
    portion = Portion(0, 0, (0, "", ""))
    while portion.then is not None:
        portion = office.ask(chosen, "vault reseal", data_keys.Reseal(portion.then), Portion)
        resealed, unreadable = resealed + portion.resealed, unreadable + portion.unreadable
    click.echo(f"{resealed:,} were sealed again under the new keys.")
    if unreadable:
        options.stop(f"{unreadable:,} could not be opened; the log of the server names them.", 1)


def _kek_id(chosen: Settings) -> str | None:
    """The key-encryption key that is set here, where one is: the server should have the same."""
    if key_encryption.VARIABLE not in chosen.key_encryption:
        return None
    with options.plainly(chosen):
        return key_encryption.load(chosen.key_encryption, chosen.data, os.urandom).id


def _show(found: Vault) -> None:
    click.echo(f"key-encryption key {found.kek_id}")
    options.table(
        ("DATA KEY", "PURPOSE", "CREATED", "WRAPPED BY", ""),
        [
            (str(key.id), key.purpose, options.shown(key.created), key.kek_id, "in use" if key.in_use else "replaced")
            for key in found.keys
        ],
    )
