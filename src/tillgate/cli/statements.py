"""`tillgate statements`: what a bank's statement tells is taken in once; a person decides upon what fits nothing."""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Final

import click
import msgspec

from tillgate.cli import office, options
from tillgate.connectors import camt053, csv_statements
from tillgate.connectors.statements import Line, StatementInvalid
from tillgate.core.merchants import DEMO_SHOP
from tillgate.flows.transfers import Heard
from tillgate.workers import control
from tillgate.workers import statements as commands

_MERCHANT = click.option("--merchant", default=DEMO_SHOP.id, show_default=True, help="Id of the merchant.")
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_PORTION: Final = control.LONGEST_LINE // 2
"""How many bytes of lines go to the server at once."""

_MOST_WRONG_SHOWN: Final = 20
_XML_BEGINS: Final = b"<"
_MARKS: Final = (b"\xef\xbb\xbf", b" ", b"\t", b"\r", b"\n")

_WORDS: Final = {
    Heard.BOOKED: "for payments",
    Heard.UNMATCHED: "to be matched: see `tillgate statements unmatched`",
    Heard.REVERSED: "taken back by the bank",
    Heard.PENDING: "pending",
    Heard.KNOWN: "known before",
}


@click.group()
def statements() -> None:
    """Bank statements: import them, and decide upon what fits no payment."""


@statements.command()
@click.option("--currency", required=True, help="Three-letter code: there is one account for each currency.")
@click.option("--holder", help="Whose account it is, as payers read it.")
@click.option("--iban", help="The account.")
@click.option("--bic", help="Its bank, where it cannot be told from the IBAN.")
@_MERCHANT
@options.where
def account(
    currency: str,
    holder: str | None,
    iban: str | None,
    bic: str | None,
    merchant: str,
    data: Path | None,
    database: str | None,
) -> None:
    """Name the account in which transfers are collected, or show it where nothing is said but the currency."""
    chosen = options.chosen_settings(data=data, database=database)
    if holder is None and iban is None:
        asked = commands.ShowAccount(currency, merchant)
        known = office.ask(chosen, "statements show account", asked, list[commands.Account])
        if not known:
            options.stop(f"there is no collecting account for {currency}: name one with --holder and --iban", 1)
        found = known[0]
    elif holder is None or iban is None:
        options.stop("an account has a --holder and an --iban")
    else:
        named = commands.NameAccount(currency, holder, iban, bic, merchant)
        found = office.ask(chosen, "statements account", named, commands.Account)
    click.echo(f"{found.currency}  {found.iban}  {found.bic}  {found.holder}".rstrip())


@statements.command("import")
@click.argument("file", type=_FILE)
@_MERCHANT
@options.where
def import_(file: Path, merchant: str, data: Path | None, database: str | None) -> None:
    """Take in a FILE: CAMT.053, or CSV. It is read whole before anything of it is taken in; twice changes nothing."""
    chosen = options.chosen_settings(data=data, database=database)
    read = _reader(file)
    try:
        gone = sum(line.booked is None for line in _lines(file, read))
    except StatementInvalid as invalid:
        options.stop(f"{file}, {invalid} Nothing was taken in.", 1)
    counts: Counter[Heard] = Counter()
    wrong: list[tuple[int, str]] = []
    # What takes back comes after what came, however the file has them.
    for takes_back in (False, True):
        for portion in _portions(_lines(file, read), takes_back=takes_back):
            asked = commands.Book(portion, merchant)
            counted = office.ask(chosen, "statements book", asked, commands.Counted)
            counts.update(counted.counts)
            wrong += counted.wrong
    for heard, words in _WORDS.items():
        if counts[heard]:
            click.echo(f"{counts[heard]:>9,}  {words}")
    if gone:
        click.echo(f"{gone:>9,}  went out, and are none of these")
    for number, problem in sorted(wrong)[:_MOST_WRONG_SHOWN]:
        click.echo(f"line {number}: {problem}", err=True)
    if wrong:
        options.stop(f"{len(wrong):,} lines were not taken in. The others were; import the file again once mended.", 1)


@statements.command()
@_MERCHANT
@options.where
def unmatched(merchant: str, data: Path | None, database: str | None) -> None:
    """List what arrived and waits for a person, newest first."""
    chosen = options.chosen_settings(data=data, database=database)
    asked = commands.Unmatched(merchant)
    found = office.ask(chosen, "statements unmatched", asked, list[commands.Shown])
    options.table(
        ("ID", "BOOKED", "WAITS", "WHY", "FROM", "ACCOUNT", "REMITTANCE"),
        [
            (
                one.id,
                options.shown(one.booked_at),
                one.unmatched,
                one.why.value if one.why else "",
                one.debtor,
                one.iban,
                one.remittance[:60],
            )
            for one in found
        ],
    )


@statements.command()
@click.argument("arrival")
@click.argument("payment")
@_MERCHANT
@options.where
def match(arrival: str, payment: str, merchant: str, data: Path | None, database: str | None) -> None:
    """Say that an ARRIVAL is for a PAYMENT (its id, or its reference); of a reversal, which arrival it takes back."""
    chosen = options.chosen_settings(data=data, database=database)
    asked = commands.Match(arrival, payment, merchant)
    shown = office.ask(chosen, "statements match", asked, commands.Shown)
    click.echo(f"{shown.id}  {shown.amount}  {shown.state.value}  {shown.payment or ''}".rstrip())


@statements.command("return")
@click.argument("arrival")
@click.option("--iban", help="Where to, if the statement does not say, or to another account.")
@click.option("--holder", help="Whose account that is.")
@_MERCHANT
@options.where
def return_(
    arrival: str, iban: str | None, holder: str | None, merchant: str, data: Path | None, database: str | None
) -> None:
    """Send an ARRIVAL that waits back to whoever sent it."""
    chosen = options.chosen_settings(data=data, database=database)
    asked = commands.Return(arrival, iban, holder, merchant)
    shown = office.ask(chosen, "statements return", asked, commands.Shown)
    click.echo(f"{shown.id}  {shown.amount}  {shown.state.value}  to {shown.iban}")


_Read = Callable[[IO[bytes]], Iterator[Line]]


def _reader(file: Path) -> _Read:
    """What reads a file, by how it begins."""
    with file.open("rb") as opened:
        begun = opened.read(1_024)
    while begun.startswith(_MARKS):
        begun = begun[1:]
    return camt053.read if begun.startswith(_XML_BEGINS) else csv_statements.read


def _lines(file: Path, read: _Read) -> Iterator[Line]:
    with file.open("rb") as opened:
        yield from read(opened)


def _portions(lines: Iterator[Line], *, takes_back: bool) -> Iterator[list[commands.Told]]:
    """Those lines that take back, or those that do not, as many at once as a command takes."""
    portion: list[commands.Told] = []
    size = 0
    for line in lines:
        if line.booked is None or line.booked.is_reversal != takes_back:
            continue
        told = commands.Told(line.number, line.account, line.booked)
        length = len(msgspec.json.encode(told))
        if portion and size + length > _PORTION:
            yield portion
            portion, size = [], 0
        portion.append(told)
        size += length
    if portion:
        yield portion
