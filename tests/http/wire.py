"""A real server on loopback, and a client that sends whatever bytes it likes."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

import msgspec
import uvicorn

from tests.http.surfaces import EchoSurface, PlainSurface
from tests.waiting import LONG_SECONDS, eventually
from tillgate.http.application import Application
from tillgate.http.protocol import Protocol

FOR_EVER_SECONDS = 3_600
"""Longer than any test waits: what ends before was not ended by such a limit."""


class PatientProtocol(Protocol):
    """Hangs up on nobody for being slow."""

    head_timeout_seconds = float(FOR_EVER_SECONDS)


class Serving(msgspec.Struct):
    """A running server, and what can be seen from its inside."""

    port: int
    surface: EchoSurface
    application: Application
    server: uvicorn.Server


@asynccontextmanager
async def serving(
    *,
    protocol: type[Protocol] = PatientProtocol,
    body_seconds: float = FOR_EVER_SECONDS,
    idle_seconds: int = FOR_EVER_SECONDS,
) -> AsyncIterator[Serving]:
    """Serve the small surfaces for the time of a test, with all the patience that is not asked to be less."""
    surface = EchoSurface()
    numbers = iter(range(1, 100_000))
    application = Application([surface, PlainSurface()], lambda: f"req_{next(numbers)}", body_seconds=body_seconds)
    config = uvicorn.Config(
        application,
        port=0,
        http=protocol,
        ws="none",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        timeout_keep_alive=idle_seconds,
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    await eventually(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield Serving(port, surface, application, server)
    finally:
        server.should_exit = True
        await task


class Client:
    """One connection. Raises TimeoutError where what is waited for does not come."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def connect(cls, port: int) -> Self:
        return cls(*await asyncio.open_connection("127.0.0.1", port, limit=64 * 1024 * 1024))

    async def send(self, data: bytes) -> None:
        """Send bytes, or as many as the server takes before it hangs up."""
        if not self._writer.is_closing():
            with contextlib.suppress(ConnectionError):
                self._writer.write(data)
                await self._writer.drain()

    async def trickle(self, data: bytes, pause: float = 0.01) -> None:
        """Send them one by one."""
        for place in range(len(data)):
            await self.send(data[place : place + 1])
            await asyncio.sleep(pause)

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of the next answer."""
        async with asyncio.timeout(LONG_SECONDS):
            head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            line, *fields = head.strip().split("\r\n")
            headers = dict(field.lower().split(": ", 1) for field in fields)
            body = await self._reader.readexactly(int(headers.get("content-length", 0)))
            return int(line.split(" ")[1]), headers, body

    async def ended(self) -> None:
        """Wait until the server has hung up."""
        async with asyncio.timeout(LONG_SECONDS):
            with contextlib.suppress(ConnectionError):
                await self._reader.read()

    async def is_usable(self) -> bool:
        """Whether another request on this connection is answered."""
        await self.send(b"GET /v1/things/again HTTP/1.1\r\nhost: x\r\n\r\n")
        try:
            status, _, body = await self.answer()
        except (asyncio.IncompleteReadError, ConnectionError):
            return False
        return (status, body) == (200, b'{"id":"again"}')

    def close(self) -> None:
        """Hang up."""
        self._writer.transport.abort()


def post(path: str, body: bytes, *fields: str, length: int | None = None) -> bytes:
    """A request as bytes; `length` is what it says of its body, if that is not so."""
    said = len(body) if length is None else length
    lines = [f"POST {path} HTTP/1.1", "host: localhost", f"content-length: {said}", *fields]
    return "\r\n".join([*lines, "", ""]).encode() + body


def chunk(data: bytes) -> bytes:
    """A chunk of a chunked body."""
    return b"%x\r\n%b\r\n" % (len(data), data)
