"""`tillgate listen`: shows the sandbox's events as they happen, and forwards them to a server under development."""

import asyncio
import contextlib
import fnmatch
import os
import time
from typing import Final

import aiohttp
import click
import msgspec
from yarl import URL

from tillgate.cli import api, options
from tillgate.cli.api import Api, Failed
from tillgate.core import deliveries, signatures, webhook_endpoints
from tillgate.transport.egress import USER_AGENT

_POLL_SECONDS: Final = 0.3
_SHARE_OF_LIMIT: Final = 2
"""One in so many of the requests that a merchant has in a minute goes into listening, at most."""

_RETRY_SECONDS: Final = 1.0
_OVERLAP_SECONDS: Final = 10
"""Events get their ids a moment before they are to be seen, so what is that old is looked at again."""

_PAGE: Final = 100


class Seen(msgspec.Struct, frozen=True):
    """An event as it goes out: `body` to the byte as webhooks carry it, and what is shown of it."""

    id: str
    type: str
    created: int
    about: str
    body: bytes


class _Listed(msgspec.Struct):
    data: list[msgspec.Raw]
    has_more: bool


@click.command()
@click.option("--forward-to", metavar="URL", help="Where to post each event, such as http://localhost:3000/hooks.")
@click.option("--events", "wanted", default="*", help="Only these, such as payment.*,refund.created; all without.")
@click.option("--secret", metavar="whsec_…", help="Signing secret; a new one without.")
@api.where
def listen(url: str, key: str, forward_to: str | None, wanted: str, secret: str | None) -> None:
    """Show events of the sandbox as they happen, and forward them, signed like deliveries."""
    secret = secret or webhook_endpoints.secret(os.urandom(24))
    target = _target(forward_to) if forward_to else None
    try:
        signatures.headers([secret], "", 0, b"")
    except ValueError:
        options.stop("--secret takes whsec_ and base64 after it")
    if target:
        click.echo(f"Signing secret: {secret}")
    click.echo(f"Listening to {url}" + (f", forwarding to {target}" if target else ""))
    with contextlib.suppress(KeyboardInterrupt):
        try:
            asyncio.run(_listen(Api(url, key), [part.strip() for part in wanted.split(",")], target, secret))
        except Failed as failed:
            options.stop(str(failed), status=1)


async def _listen(client: Api, wanted: list[str], target: str | None, secret: str) -> None:
    async with (
        client as server,
        aiohttp.ClientSession(headers={"User-Agent": USER_AGENT}, skip_auto_headers=("Accept-Encoding",)) as receiver,
    ):
        follower = Follower(server)
        await follower.start()
        while True:
            try:
                news = await follower.news()
            except Failed as failed:
                if failed.is_lasting:
                    raise
                click.echo(f"tillgate: {failed}; trying again", err=True)
                await asyncio.sleep(_RETRY_SECONDS)
                continue
            for event in news:
                if any(fnmatch.fnmatchcase(event.type, form) for form in wanted):
                    said = await _forward(receiver, target, secret, event) if target else ""
                    click.echo(f"{api.moment(event.created)}  {event.type:<24}  {event.id}  {event.about}{said}")
            await asyncio.sleep(follower.pause_seconds)


class Follower:
    """Finds events as they appear, each once, in the order of their ids."""

    def __init__(self, server: Api) -> None:
        self._server = server
        self._since = 0
        self._seen: frozenset[str] = frozenset()
        self.pause_seconds = _POLL_SECONDS

    async def start(self) -> None:
        """From here on: what is there already is no news. Raises Failed."""
        newest = _events(await self._server.get("/v1/events", limit=1))[0]
        if newest:
            self._since = newest[0].created - _OVERLAP_SECONDS
            await self.news()

    async def news(self) -> list[Seen]:
        """What appeared since the last time. Raises Failed."""
        found: list[Seen] = []
        has_more = True
        while has_more:
            cursor = {"starting_after": found[-1].id} if found else {}
            answer = await self._server.get("/v1/events", limit=_PAGE, **{"created[gte]": self._since}, **cursor)
            page, has_more = _events(answer)
            found += page
            if limit := answer.headers.get("X-RateLimit-Limit", ""):
                self.pause_seconds = max(_POLL_SECONDS, 60 * _SHARE_OF_LIMIT / max(int(limit), 1))
        fresh = [event for event in found if event.id not in self._seen]
        self._seen = frozenset(event.id for event in found)
        if found:
            self._since = max(self._since, found[0].created - _OVERLAP_SECONDS)
        return fresh[::-1]


def _events(answer: api.Answer) -> tuple[list[Seen], bool]:
    listed = msgspec.json.decode(answer.body, type=_Listed)
    seen = []
    for raw in listed.data:
        event = msgspec.json.decode(raw)
        seen.append(Seen(event["id"], event["type"], event["created"], api.subject(event), bytes(raw)))
    return seen, listed.has_more


async def _forward(receiver: aiohttp.ClientSession, target: str, secret: str, event: Seen) -> str:
    """Post an event as a delivery would; what came of it, to be shown."""
    headers = {
        "Content-Type": "application/json",
        **signatures.headers([secret], event.id, int(time.time()), event.body),
    }
    timeout = aiohttp.ClientTimeout(total=deliveries.DEADLINE_SECONDS)
    began = time.monotonic()
    try:
        async with receiver.post(
            target, data=event.body, headers=headers, timeout=timeout, allow_redirects=False
        ) as answer:
            return f"  -> {answer.status} ({(time.monotonic() - began) * 1000:.0f} ms)"
    except (aiohttp.ClientError, TimeoutError) as error:
        return f"  -> no answer ({type(error).__name__})"


def _target(given: str) -> str:
    """Where to forward to; `localhost:3000/hooks` will do."""
    address = given if "://" in given else f"http://{given}"
    try:
        url = URL(address)
    except ValueError:
        url = URL()
    if url.scheme not in ("http", "https") or not url.host:
        options.stop(f"{given!r} is no web address (--forward-to)")
    return address
