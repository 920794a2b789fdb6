"""A payer at their bank: the links they are sent along, and what they press."""

import html
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2

from tests.surfaces.v1 import shop
from tests.surfaces.v1.shop import CARD, Client
from tillgate.store import migrate

CHALLENGED: dict[str, Any] = {**CARD, "number": "4000002500003155"}
APPROVE = "outcome=approve&code=123456"

_REFRESH = re.compile(r'<meta http-equiv="refresh" content="0;url=([^"]*)">')
_SCRIPT = re.compile(r"<script\b([^>]*)>")
_ATTRIBUTE = re.compile(r'([a-z]+)(?:="([^"]*)")?')
_LINK = re.compile(r'<a class="button primary" href="([^"]*)">')


@asynccontextmanager
async def bookshop(home: Path) -> AsyncIterator[Client]:
    """A merchant on a database of its own."""
    migrate.migrate(None, home)
    async with shop.open_shop(home) as parts:
        yield await shop.merchant(parts)


async def sent_away(client: Client, **changes: Any) -> tuple[str, str]:
    """A payment that waits for its payer, and the path of the page to which they are sent."""
    payment = await client.pay(card=CHALLENGED, **changes)
    assert payment["status"] == "requires_action"
    url: str = payment["next_action"]["redirect_to_url"]["url"]
    assert url.startswith(shop.LOCAL + "/sandbox/challenges/")
    return payment["id"], url.removeprefix(shop.LOCAL)


async def press(client: Client, path: str, form: str, **headers: str) -> httpx2.Response:
    """Press a button of the page; nothing is followed."""
    said = {"content-type": "application/x-www-form-urlencoded", **headers}
    return await client.ask("POST", path, form.encode(), said)


async def go_on(client: Client, answer: httpx2.Response) -> httpx2.Response:
    """Where a redirect leads."""
    assert answer.status_code == 303, answer.text
    return await client.ask("GET", answer.headers["location"])


def refresh(page: httpx2.Response) -> str | None:
    """Where a page leads by itself."""
    found = _REFRESH.search(page.text)
    return html.unescape(found[1]) if found else None


def scripts(page: httpx2.Response) -> list[dict[str, str]]:
    """The scripts of a page, as their tags have them."""
    return [
        {name: html.unescape(value) for name, value in _ATTRIBUTE.findall(tag)} for tag in _SCRIPT.findall(page.text)
    ]


def link(page: httpx2.Response) -> str | None:
    """Where a page leads if one wants to go on."""
    found = _LINK.search(page.text)
    return html.unescape(found[1]) if found else None


async def status(client: Client, payment: str) -> Any:
    """Where a payment stands."""
    return (await client.get(f"/payments/{payment}")).json()["status"]
