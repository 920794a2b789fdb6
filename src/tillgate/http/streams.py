"""Streams: bodies that are made while they go out, in constant memory, and let go of when the client hangs up."""

import asyncio
import contextlib

from tillgate.http.bodies import ClientGone
from tillgate.http.exchange import Receive, Send, Stream


async def send(stream: Stream, receive: Receive, send: Send) -> None:
    """Send all of it, each piece once the client has taken those before. Raises ClientGone, as soon as it is.

    A failure ends the connection without the end of the body, so that the client sees that something is missing.
    """
    sending = asyncio.ensure_future(_send(stream, send))
    gone = asyncio.ensure_future(_hung_up(receive))
    try:
        await asyncio.wait((sending, gone), return_when=asyncio.FIRST_COMPLETED)
        if not sending.done():
            raise ClientGone
        await sending
    finally:
        for task in (sending, gone):
            task.cancel()
        await asyncio.gather(sending, gone, return_exceptions=True)


async def _send(stream: Stream, send: Send) -> None:
    async with contextlib.aclosing(stream()) as pieces:
        async for piece in pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _hung_up(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
