"""`tillgate scripts`: which scripts run on payment pages, and whether a running server's are those (PCI DSS 11.6.1)."""

import asyncio
import sys
from typing import Final
from urllib.parse import urlsplit

import aiohttp
import click
import msgspec

from tillgate.cli import options
from tillgate.http import policy
from tillgate.pages import inspection, published
from tillgate.pages import scripts as listed

_SECONDS: Final = 30.0
_STANDING: Final = ("/sign-in", published.PAGE, "/checkout/none")
"""Pages that are at every server; what the last says of a link that is none comes as every payment page does."""


class Got(msgspec.Struct, frozen=True):
    """What a server answered."""

    status: int
    headers: dict[str, str]
    body: bytes


@click.group(invoke_without_command=True)
@click.option("--url", default="", help="Where the server is reached, for whole addresses: https://pay.example.com.")
@click.option("--json", "as_json", is_flag=True, help="As /scripts.json has it.")
@click.pass_context
def scripts(context: click.Context, url: str, as_json: bool) -> None:
    """Name every script of this release: purpose, pages and hash, and the tag for merchants' pages."""
    if context.invoked_subcommand:
        return
    listing = published.listing(url.rstrip("/"))
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(listing)).decode())
        return
    for script in listing.scripts:
        click.echo(f"{script.name}.js\n  {script.purpose}\n  {script.url}\n  {script.integrity}")
        click.echo(f"  on {', '.join((*script.pages, *(['pages of merchants'] if script.tag else ()))) or 'no page'}")
        if script.tag:
            click.echo(f"  {script.tag}")


@scripts.command()
@click.argument("url")
@click.option("--page", "pages", multiple=True, metavar="URL", help="A payment page to look at, too; any number.")
def check(url: str, pages: tuple[str, ...]) -> None:
    """Compare the scripts and pages of a running server with this release. Ends with 1 where anything differs."""
    try:
        found = asyncio.run(compared(url.rstrip("/"), pages))
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        options.stop(f"{url} cannot be looked at: {type(error).__name__}", 3)
    for place, lines in found.items():
        click.echo(f"{'differs' if lines else 'ok':8} {place}")
        for line in lines:
            click.echo(f"DIFFERENCE  {place}: {line}", err=True)
    if any(found.values()):
        sys.exit(1)
    click.echo("Everything is as this release ships it.")


async def compared(origin: str, pages: tuple[str, ...]) -> dict[str, list[str]]:
    """What differs, by place. A proof in an address is shown to nobody."""
    found: dict[str, list[str]] = {}
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_SECONDS)) as client:
        found[published.FOR_PROGRAMS] = _list(await _get(client, origin + published.FOR_PROGRAMS))
        for script in listed.ALL:
            for path in (script.path, *(script.paths if script.for_merchants else ())):
                found[path] = _script(await _get(client, origin + path), script.integrity)
        for address in (*(origin + path for path in _STANDING), *pages):
            place = urlsplit(address).path
            got = await _get(client, address if "://" in address else origin + address)
            found[place] = found.get(place, []) + _page(got)
    return found


async def _get(client: aiohttp.ClientSession, url: str) -> Got:
    async with client.get(url, allow_redirects=False) as answer:
        headers = {name.lower(): ", ".join(answer.headers.getall(name)) for name in answer.headers}
        return Got(answer.status, headers, await answer.read())


def _list(got: Got) -> list[str]:
    try:
        said = msgspec.json.decode(got.body, type=published.Listing)
    except msgspec.DecodeError:
        return [f"there is no list of scripts (status {got.status})"]
    ours = {script.name: script.integrity for script in listed.ALL}
    theirs = {script.name: script.integrity for script in said.scripts}
    if said.release != published.listing("").release:
        return [f"the server is of release {said.release}; check it with that one's command"]
    return [f"{name} differs from the list of this release" for name in sorted({*ours.items()} ^ {*theirs.items()})]


def _script(got: Got, integrity: str) -> list[str]:
    if got.status != 200:
        return [f"the script is not there (status {got.status})"]
    return [] if policy.digest(got.body) == integrity else ["the script is another"]


def _page(got: Got) -> list[str]:
    if not got.headers.get("content-type", "").startswith("text/html"):
        return [f"there is no page (status {got.status})"]
    return inspection.differences(got.headers, got.body.decode(errors="replace"))
