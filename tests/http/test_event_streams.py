"""Event streams tell what changes to everybody who waits, look once for all, and end when they should."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

import pytest

from tests.http.asking import scope
from tests.waiting import LONG_SECONDS, eventually
from tillgate.http import streams
from tillgate.http.bodies import ClientGone
from tillgate.http.event_streams import EventStreams, Watch
from tillgate.http.exchange import Message, Request
from tillgate.http.problems import TooManyStreams

pytestmark = pytest.mark.anyio

OPENING = b"retry: 1000\n\n"


class Thing:
    """What pages show: a number, which may change, and how often it was looked at."""

    def __init__(self) -> None:
        self.number = 0
        self.version = 0
        self.looks = 0
        self.is_broken = False
        self.watch = Watch(self.seen, look_seconds=0.001)

    async def seen(self) -> int:
        self.looks += 1
        if self.is_broken:
            raise OSError("the disk is on fire")
        return self.version

    async def look(self) -> str:
        return str(self.number)

    def change(self) -> None:
        self.number += 1
        self.version += 1


def request(method: str = "GET") -> Request:
    return Request(scope(method, "/events"), "req_1")


class Reader:
    """Somebody who reads a stream."""

    def __init__(self, open: EventStreams, thing: Thing) -> None:
        reply = open.reply(request(), thing.watch, thing.look)
        assert reply.stream is not None
        assert reply.content_type.startswith(b"text/event-stream")
        self.pieces = reply.stream()

    async def next(self) -> bytes | None:
        async with asyncio.timeout(LONG_SECONDS):
            return await anext(self.pieces, None)


@asynccontextmanager
async def reading(open: EventStreams, thing: Thing) -> AsyncIterator[Reader]:
    reader = Reader(open, thing)
    async with aclosing(reader.pieces):
        assert await reader.next() == OPENING
        yield reader


async def test_everybody_is_told_the_whole_at_first_and_whenever_it_is_something_else() -> None:
    thing, open = Thing(), EventStreams()
    async with reading(open, thing) as one, reading(open, thing) as other:
        for reader in (one, other):
            assert await reader.next() == b"data: 0\n\n"
        thing.change()
        for reader in (one, other):
            assert await reader.next() == b"data: 1\n\n"
        # Something changed, but nothing that is shown here.
        thing.version += 1
        await asyncio.sleep(0)
        thing.change()
        for reader in (one, other):
            assert await reader.next() == b"data: 2\n\n"
    assert open.count == 0


async def test_what_changes_while_it_is_told_is_told_next() -> None:
    thing, open = Thing(), EventStreams()
    async with reading(open, thing) as reader:
        assert await reader.next() == b"data: 0\n\n"
        before = thing.looks
        thing.change()
        # The change is seen before anybody waits for it.
        await eventually(lambda: thing.looks > before + 1)
        assert await reader.next() == b"data: 1\n\n"


async def test_nobody_looks_where_nobody_waits_and_one_looks_for_all() -> None:
    thing, open = Thing(), EventStreams()
    readers = [Reader(open, thing) for _ in range(20)]
    for reader in readers:
        await reader.next()
    assert len({id(task) for task in asyncio.all_tasks() if "Watch._look" in repr(task)}) == 1
    for reader in readers:
        await reader.pieces.aclose()
    looked = thing.looks
    await asyncio.sleep(0.01)
    assert thing.looks == looked


async def test_a_look_that_fails_is_repeated() -> None:
    thing, open = Thing(), EventStreams()
    async with reading(open, thing) as reader:
        assert await reader.next() == b"data: 0\n\n"
        thing.is_broken = True
        before = thing.looks
        await eventually(lambda: thing.looks > before + 1)
        thing.is_broken = False
        thing.change()
        assert await reader.next() == b"data: 1\n\n"


async def test_a_stream_with_nothing_to_tell_beats() -> None:
    thing, open = Thing(), EventStreams(beat_seconds=0.001)
    async with reading(open, thing) as reader:
        assert await reader.next() == b"data: 0\n\n"
        for _ in range(3):
            assert await reader.next() == b":\n\n"


async def test_there_are_no_more_than_so_many() -> None:
    thing, open = Thing(), EventStreams(most=2)
    async with reading(open, thing), reading(open, thing):
        with pytest.raises(TooManyStreams) as refused:
            open.reply(request(), thing.watch, thing.look)
        assert refused.value.status == 503
    async with reading(open, thing):
        assert open.count == 1


async def test_all_end_at_once_when_the_server_does_and_none_begins_any_more() -> None:
    thing, open = Thing(), EventStreams()
    async with reading(open, thing) as one, reading(open, thing) as other:
        assert await one.next() == await other.next() == b"data: 0\n\n"
        ends = [asyncio.ensure_future(reader.next()) for reader in (one, other)]
        await asyncio.sleep(0)
        open.end()
        assert await asyncio.gather(*ends) == [None, None]
    async with reading(open, thing) as late:
        assert await late.next() is None


async def test_only_the_head_is_sent_where_only_the_head_was_asked_for() -> None:
    thing = Thing()
    assert EventStreams().reply(request("HEAD"), thing.watch, thing.look).stream is None


async def test_who_hangs_up_is_let_go_of_at_once_though_nothing_happens() -> None:
    thing, open, left = Thing(), EventStreams(), asyncio.Event()
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        await left.wait()
        return {"type": "http.disconnect"}

    reply = open.reply(request(), thing.watch, thing.look)
    assert reply.stream is not None
    serving = asyncio.ensure_future(streams.send(reply.stream, receive, send))
    await eventually(lambda: len(sent) == 2)
    assert open.count == 1
    left.set()
    with pytest.raises(ClientGone):
        async with asyncio.timeout(LONG_SECONDS):
            await serving
    assert open.count == 0
