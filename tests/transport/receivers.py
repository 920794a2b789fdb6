"""Receivers on this machine, well-behaved and not, that count who connects; and names that lead where a test says."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from aiohttp.abc import AbstractResolver, ResolveResult

Behave = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Receiver:
    """What listens on a port of this machine: how many connected, and the heads and bodies that came."""

    def __init__(self) -> None:
        self.port = 0
        self.connections = 0
        self.requests: list[tuple[str, bytes]] = []
        self.closed = asyncio.Event()


async def heard(receiver: Receiver, reader: asyncio.StreamReader) -> None:
    """Read one request."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    fields = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if line)
    receiver.requests.append((head, await reader.readexactly(int(fields.get("content-length", "0")))))


@contextlib.asynccontextmanager
async def receiving(
    answer: bytes | Behave = OK, *, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
) -> AsyncIterator[Receiver]:
    """A receiver that answers every request the same, or after the first one behaves in its own way."""
    receiver = Receiver()
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        receiver.connections += 1
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            while True:
                await heard(receiver, reader)
                if not isinstance(answer, bytes):
                    await answer(reader, writer)
                    break
                writer.write(answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, RuntimeError):  # the last is uvloop's for the second
            return
        finally:
            receiver.closed.set()
            writer.close()
            tasks.discard(task)

    listeners = [await asyncio.start_server(serve, host, 0, ssl=tls)]
    receiver.port = listeners[0].sockets[0].getsockname()[1]
    with contextlib.suppress(OSError):
        listeners.append(await asyncio.start_server(serve, "::1", receiver.port, ssl=tls))
    try:
        yield receiver
    finally:
        for listener in listeners:
            listener.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Names(AbstractResolver):
    """DNS that answers what it is told, in turn, and the last of it from then on."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        self.asked.append(host)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if not answer:
            raise OSError(None, "no such name")
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in answer
        ]

    async def close(self) -> None:
        return
