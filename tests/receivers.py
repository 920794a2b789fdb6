"""Receivers of webhooks: real servers on this machine that note what they are sent, and answer as they are told."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import msgspec
from aiohttp import web

from tests.waiting import LONG_SECONDS

Answer = Callable[["Got"], Awaitable[web.Response]]


class Got(msgspec.Struct, frozen=True):
    """One delivery as it came in: where to, its headers in lower case, and its bytes."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, object]:
        """What it says."""
        said: dict[str, object] = msgspec.json.decode(self.body)
        return said


async def take(got: Got) -> web.Response:
    """Be content with everything."""
    return web.Response()


class Receiver:
    """A server with any number of endpoints; `answers` says by path which of them is not simply content."""

    def __init__(self) -> None:
        self.got: list[Got] = []
        self.answers: dict[str, Answer] = {}
        self.url = ""
        self._news = asyncio.Event()

    async def _handle(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        got = Got(request.path, headers, await request.read())
        self.got.append(got)
        self._news.set()
        return await self.answers.get(request.path, take)(got)

    def at(self, path: str) -> list[Got]:
        """What came in at one endpoint."""
        return [got for got in self.got if got.path == path]

    async def until(self, enough: Callable[[], bool], seconds: float = LONG_SECONDS) -> None:
        """Until enough has come in. Raises TimeoutError."""
        async with asyncio.timeout(seconds):
            while not enough():
                self._news.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._news.wait(), 0.1)


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """A receiver, listening on this machine."""
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/{path:.*}", receiver._handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield receiver
    finally:
        await runner.cleanup()
