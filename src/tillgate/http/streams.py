"""Streams: bodies that are made while they go out, in constant memory, and let go of when the client hangs up."""

import asyncio
import contextlib

from tillgate.http.bodies import ClientGone
from tillgate.http.exchange import Receive, Send, Stream


async def send(stream: Stream, receive: Receive, send: Send) -> None:
    """Send all of it, each piece once the client has taken those before. Raises ClientGone.

    A failure ends the connection without the end of the body, so that the client sees that something is missing.
    """
    gone = asyncio.ensure_future(_hung_up(receive))
    try:
        async with contextlib.aclosing(stream()) as pieces:
            async for piece in pieces:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                if gone.done():
                    raise ClientGone
        await send({"type": "http.response.body", "body": b"", "more_body": False})
    finally:
        gone.cancel()


async def _hung_up(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
