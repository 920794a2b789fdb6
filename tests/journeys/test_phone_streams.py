"""Phones at a server of several processes: each is told what happens in any of them, until the server is stopped."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx2
import pytest

from tests.servers import Server
from tests.waiting import LONG_SECONDS

pytestmark = pytest.mark.anyio

PHONE = "7875559876"
ITEM = {"name": "Ice", "description": "Two scoops", "quantity": 1, "price": "10.00"}
ORDER = {
    "publicToken": "a66ce73d04f2087615f6320b724defc5b4eedc55",
    "total": "10.00",
    "metadata1": "a",
    "metadata2": "b",
    "items": [ITEM],
    "phoneNumber": PHONE,
}


class Stream:
    """What one phone is told."""

    def __init__(self, answer: httpx2.Response) -> None:
        self._lines = answer.aiter_lines()

    async def next(self) -> dict[str, Any]:
        """The next event."""
        async with asyncio.timeout(LONG_SECONDS):
            async for line in self._lines:
                if line.startswith("data: "):
                    return dict(json.loads(line.removeprefix("data: ")))
        raise EOFError

    async def end(self) -> None:
        """Wait for it."""
        async with asyncio.timeout(LONG_SECONDS):
            with contextlib.suppress(httpx2.HTTPError):
                async for _ in self._lines:
                    pass


@asynccontextmanager
async def listening(client: httpx2.AsyncClient) -> AsyncIterator[Stream]:
    async with client.stream("GET", "/phone/events", headers={"cookie": f"tillgate-phone={PHONE}"}) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield Stream(answer)


async def test_every_phone_is_told_whichever_process_it_is_at_and_none_holds_up_the_end(server: Server) -> None:
    server.start()
    async with httpx2.AsyncClient(base_url=server.url, timeout=LONG_SECONDS) as client, AsyncExitStack() as stack:
        streams = [await stack.enter_async_context(listening(client)) for _ in range(8)]
        for stream in streams:
            assert (await stream.next())["requests"] == []
        await client.post("/api/business-transaction/ecommerce/payment", json=ORDER)
        for stream in streams:
            assert len((await stream.next())["requests"]) == 1
        await client.post(f"/sandbox/wallet/{PHONE}/confirm")
        for stream in streams:
            told = await stream.next()
            assert (told["requests"], "$990.00" in told["balance"]) == ([], True)
        began = time.monotonic()
        assert await asyncio.to_thread(server.stop) == 0
        assert time.monotonic() - began < LONG_SECONDS / 3
        await asyncio.gather(*(stream.end() for stream in streams))
    assert PHONE not in server.errors()
