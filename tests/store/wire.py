"""A wire to PostgreSQL that is cut where it hurts: right before a COMMIT arrives, or right before its answer does."""

import asyncio
import contextlib
import enum
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

COMMIT = b"Q\x00\x00\x00\x0bcommit\x00"
"""The message as it travels: a simple query, its length, its text."""


class Cut(enum.Enum):
    """What happens to a connection that sends a COMMIT."""

    NOT = "not"
    BEFORE = "before"
    """The client is gone, and so is the server's end: the transaction is rolled back."""
    AFTER = "after"
    """The server commits, and the client does not hear of it."""
    LIMBO = "limbo"
    """The client is gone, and the server does not know: the transaction stays open, until it is `released`."""


class Wire:
    """Carries bytes both ways; `cut` is asked at each COMMIT."""

    def __init__(self, url: str, cut: Callable[[], Cut]) -> None:
        self._to = urlsplit(url)
        self._cut = cut
        self._limbo: list[asyncio.StreamWriter] = []
        self._carrying: set[asyncio.Task[None]] = set()
        self.url = ""
        """Where to connect instead."""
        self.in_limbo = asyncio.Event()

    async def release(self, *, commit: bool) -> None:
        """Let the COMMITs in limbo arrive after all, or the server notice that nobody is there."""
        for server in self._limbo:
            if commit:
                server.write(COMMIT)
            server.close()
        self._limbo.clear()

    async def end(self) -> None:
        """Wait until everybody who came by it is gone."""
        await self.release(commit=False)
        await asyncio.gather(*self._carrying)

    def accept(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        """Carry a connection, until its end."""
        carrying = asyncio.create_task(self._carry(client, to_client))
        self._carrying.add(carrying)
        carrying.add_done_callback(self._carrying.discard)

    async def _carry(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        server, to_server = await asyncio.open_connection(self._to.hostname, self._to.port)
        back = asyncio.create_task(_copy(server, to_client))
        cut = Cut.NOT
        with contextlib.suppress(OSError):
            while cut is Cut.NOT and (data := await client.read(1 << 16)):
                cut = self._cut() if COMMIT in data else Cut.NOT
                if cut is not Cut.NOT:
                    back.cancel()
                if cut in (Cut.NOT, Cut.AFTER):
                    to_server.write(data)
        await asyncio.wait([back], timeout=None if cut is not Cut.NOT else 0)
        if cut is Cut.AFTER:
            await server.read(1)
        back.cancel()
        to_client.transport.abort()
        if cut is Cut.LIMBO:
            self._limbo.append(to_server)
            self.in_limbo.set()
        else:
            to_server.transport.abort()


async def _copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await source.read(1 << 16):
            sink.write(data)
    sink.close()


@asynccontextmanager
async def wire(url: str, cut: Callable[[], Cut]) -> AsyncIterator[Wire]:
    """A wire to the server of a database's address."""
    made = Wire(url, cut)
    listener = await asyncio.start_server(made.accept, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    made.url = url.replace(f":{urlsplit(url).port}/", f":{port}/")
    try:
        yield made
    finally:
        listener.close()
        await made.end()
