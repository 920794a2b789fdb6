"""Reading the body of a request: not more than the limit, not longer than the deadline."""

import asyncio
import types
from collections.abc import Awaitable, Generator
from typing import Any, Final

from tillgate.http.exchange import Message, Receive, Scope
from tillgate.http.problems import BodyTooLarge, BodyTooSlow

MAX_BYTES: Final = 1024 * 1024
TIMEOUT_SECONDS: Final = 10.0

_DISCARD_BYTES: Final = 16 * 1024 * 1024
_DISCARD_SECONDS: Final = 2.0


class ClientGone(Exception):
    """The client hung up before its request was whole: there is nobody to answer."""


class Body:
    """The body of one request, read at most once. `unread` says whether more of it may be on its way."""

    __slots__ = ("_announced", "_receive", "unread")

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self._receive = receive
        self._announced = 0
        self.unread = False
        for name, value in scope["headers"]:
            if name == b"content-length":
                # The HTTP parser has seen to it that there is one at most, and that it is a number.
                self._announced = int(value)
                self.unread = self._announced > 0
            elif name == b"transfer-encoding":
                self.unread = True

    async def read(self, limit: int, timeout_seconds: float) -> bytes:
        """All of it. Raises BodyTooLarge, BodyTooSlow, ClientGone.

        The deadline is one for the whole body: clients that stall and clients that trickle meet the same end.
        What announces itself as too large is refused before any of it is read.
        """
        if not self.unread:
            return b""
        if self._announced > limit:
            raise BodyTooLarge(limit)
        message, waiting = _already_there(self._receive)
        try:
            if waiting is None and not message.get("more_body"):
                return await self._gather(message, limit)
            async with asyncio.timeout(timeout_seconds):
                if waiting is not None:
                    message = await waiting
                return await self._gather(message, limit)
        except TimeoutError:
            # The rest is not waited for either.
            self.unread = False
            raise BodyTooSlow(timeout_seconds) from None

    async def discard(self) -> None:
        """Let the rest arrive unheeded, up to 16 MiB and 2 seconds.

        Closing a connection while its client still sends makes the network take back a reply not read yet.
        """
        rest = _DISCARD_BYTES
        try:
            async with asyncio.timeout(_DISCARD_SECONDS):
                while self.unread and rest > 0:
                    rest -= len(self._taken(await self._receive()))
        except (TimeoutError, ClientGone):
            return

    async def _gather(self, message: Message, limit: int) -> bytes:
        chunks = [self._taken(message)]
        size = len(chunks[0])
        while self.unread and size <= limit:
            chunks.append(self._taken(await self._receive()))
            size += len(chunks[-1])
        if size > limit:
            raise BodyTooLarge(limit)
        return b"".join(chunks)

    def _taken(self, message: Message) -> bytes:
        if message["type"] == "http.disconnect":
            self.unread = False
            raise ClientGone
        self.unread = message.get("more_body", False)
        body: bytes = message.get("body", b"")
        return body


def _already_there(receive: Receive) -> tuple[Message, Awaitable[Message] | None]:
    """A message if one can be had without waiting, else what to await for it.

    Most bodies come in the same packet as the head. An alarm for them would cost more than reading them.
    """
    steps = receive().__await__()
    try:
        awaited = next(steps)
    except StopIteration as done:
        return done.value, None
    return {}, _resumed(steps, awaited)


@types.coroutine
def _resumed(steps: Generator[Any, Any, Message], awaited: Any) -> Generator[Any, Any, Message]:
    yield awaited
    return (yield from steps)
