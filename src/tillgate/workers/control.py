"""The control socket: an operator's commands reach the process that serves from a data directory.

`control.sock` in the data directory, for its owner alone, takes one request in a line and answers it in a line.
"""

import asyncio
import contextlib
import fcntl
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

from tillgate.logs import log

SOCKET: Final = "control.sock"
LOCK: Final = "control.lock"

CarryOut = Callable[[bytes], Awaitable[bytes]]
"""A command's answer to a request, both without an end of line. It raises nothing."""

LONGEST_LINE: Final = 1 << 20
"""The most that a command may be given: a portion of a bank's statement, say."""

_PATIENCE_SECONDS: Final = 10.0
"""For a request that does not come; commands take as long as they do."""


@asynccontextmanager
async def listening(data: Path, carry_out: CarryOut) -> AsyncIterator[None]:
    """Answer commands for as long as this is entered.

    Of several servers over one data directory the first one listens: they share the database, so that any of them
    would do, and where none listens commands open the database themselves.
    """
    with _alone(data) as first:
        if not first:
            log.info("another server of this data directory takes the commands")
            yield
            return
        listener = _bind(data)
        try:
            async with await asyncio.start_unix_server(_answering(carry_out), sock=listener, limit=LONGEST_LINE):
                yield
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(data / SOCKET)


class Lost(Exception):
    """The server took a command and went away before it answered."""


def ask(data: Path, request: bytes) -> bytes | None:
    """The answer of the server of a data directory, waited for as long as it takes; None where none listens.

    Raises Lost, and PermissionError where the socket is somebody else's.
    """
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            with _address(data) as address:
                connection.connect(address)
        except (FileNotFoundError, NotADirectoryError, ConnectionRefusedError):
            return None
        try:
            connection.sendall(request + b"\n")
            with connection.makefile("rb") as answer:
                line = answer.readline()
        except OSError:
            line = b""
    if not line.endswith(b"\n"):
        raise Lost
    return line.rstrip(b"\n")


def _answering(carry_out: CarryOut) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                request = await reader.readuntil(b"\n")
            writer.write(await carry_out(request.rstrip(b"\n")) + b"\n")
            await writer.drain()
        except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
            return
        finally:
            writer.close()

    return answer


@contextmanager
def _alone(data: Path) -> Iterator[bool]:
    """Whether nobody else listens. The lock ends with its process, so that what a dead one left may be replaced."""
    lock = os.open(data / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield _taken(lock)
    finally:
        os.close(lock)


def _taken(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _bind(data: Path) -> socket.socket:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(data / SOCKET)
    listener = socket.socket(socket.AF_UNIX)
    with _address(data) as address:
        listener.bind(address)
    # Nobody can connect before it listens, and then only its owner may.
    os.chmod(data / SOCKET, 0o600)
    return listener


@contextmanager
def _address(data: Path) -> Iterator[str]:
    """The socket's address by way of its open directory: an address may be no longer than 107 bytes, a path may."""
    directory = os.open(data, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{directory}/{SOCKET}"
    finally:
        os.close(directory)
