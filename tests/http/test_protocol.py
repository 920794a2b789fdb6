"""Heads that are too slow or too large, and what is no HTTP at all, are put an end to."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from tests.http.wire import Client, Serving, post, serving
from tests.waiting import at_most, eventually
from tillgate.http.protocol import Protocol

pytestmark = pytest.mark.anyio

GET = b"GET /v1/things/x HTTP/1.1\r\nhost: x\r\n"


class HastyProtocol(Protocol):
    """Has no patience with heads, so that tests need none either."""

    head_timeout_seconds = 0.3


@pytest.fixture(scope="module")
async def served() -> AsyncIterator[Serving]:
    async with serving() as served:
        yield served


@pytest.fixture(scope="module")
async def hasty() -> AsyncIterator[Serving]:
    async with serving(protocol=HastyProtocol) as served:
        yield served


@pytest.fixture
async def client(served: Serving) -> AsyncIterator[Client]:
    client = await Client.connect(served.port)
    yield client
    client.close()


@pytest.fixture
async def slow(hasty: Serving) -> AsyncIterator[Client]:
    """Past its first request, for which it tries again if it was held up in between."""
    client = await Client.connect(hasty.port)
    while not await client.is_usable():
        client = await Client.connect(hasty.port)
    yield client
    client.close()


@pytest.mark.parametrize("start", [b"", b"G", b"\r\n", GET, GET + b"a: " + b"b" * 5_000], ids=len)
async def test_a_head_that_stalls_is_hung_up_on(hasty: Serving, start: bytes) -> None:
    before = time.monotonic()
    client = await Client.connect(hasty.port)
    await client.send(start)
    await client.ended()
    assert time.monotonic() - before > 0.25
    client.close()


async def test_a_head_that_trickles_is_hung_up_on(slow: Client) -> None:
    trickling = asyncio.create_task(slow.trickle(GET + b"a: " + b"b" * 10_000))
    await slow.ended()
    trickling.cancel()


async def test_a_second_head_that_stalls_is_hung_up_on(slow: Client) -> None:
    await slow.send(GET)
    await slow.ended()


async def test_an_idle_connection_is_no_slow_head(slow: Client) -> None:
    await asyncio.sleep(0.35)
    assert await slow.is_usable()


async def test_an_idle_connection_is_kept_for_a_while() -> None:
    async with serving(idle_seconds=1) as served:
        client = await Client.connect(served.port)
        before = time.monotonic()
        assert await client.is_usable()
        await client.ended()
        assert time.monotonic() - before > 0.95
        client.close()


async def test_a_slow_answer_is_no_slow_head(hasty: Serving, slow: Client) -> None:
    hasty.surface.leave.clear()
    await slow.send(post("/v1/waits", b""))
    await asyncio.sleep(0.35)
    hasty.surface.leave.set()
    assert (await slow.answer())[0] == 200


@pytest.mark.parametrize(
    "head",
    [
        GET + b"a: " + b"b" * (1024 * 1024) + b"\r\n\r\n",
        GET + b"a: " + b"b" * 17_000 + b"\r\n\r\n",
        GET + b"a: " + b"b" * (16 * 1024 * 1024),
        GET + b"a" * (1024 * 1024),
        GET + b"a: b\r\n" * 101 + b"\r\n",
        b"GET /" + b"a" * 1024 * 1024,
        b"GET /v1/things/x?" + b"a" * 17_000 + b" HTTP/1.1\r\nhost: x\r\n\r\n",
        b"\r\n" * 100_000,
    ],
    ids=["a megabyte", "17 KB", "16 MB unfinished", "a name", "101 fields", "a path", "a query", "line ends"],
)
async def test_a_head_that_is_too_large_is_refused(client: Client, head: bytes) -> None:
    with at_most(1):
        await client.send(head)
        status, headers, _ = await client.answer()
        assert (status, headers["connection"]) == (431, "close")
        await client.ended()


async def test_a_head_that_grows_too_large_packet_by_packet_is_refused(client: Client) -> None:
    await client.send(GET)
    for _ in range(20):
        await client.send(b"a: " + b"b" * 997 + b"\r\n")
        await asyncio.sleep(0.002)
    assert (await client.answer())[0] == 431


async def test_a_large_body_does_not_make_a_large_head(client: Client) -> None:
    await client.send(post("/v1/echo", b'"' + b"x" * 50_000 + b'"', "a: " + "b" * 10_000))
    assert (await client.answer())[0] == 200
    await client.send(post("/v1/echo", b"1") * 300)
    assert [(await client.answer())[0] for _ in range(300)] == [200] * 300


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"hello\r\n\r\n",
        b"GET /v1/things/x HTTP/3.0\r\n\r\n",
        b"GET /v1/\xff HTTP/1.1\r\nhost: x\r\n\r\n",
        b"CONNECT example.com:443 HTTP/1.1\r\nhost: x\r\n\r\n",
        b"POST /v1/echo HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
        b"POST /v1/echo HTTP/1.1\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /v1/echo HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
        b"POST /v1/echo HTTP/1.1\r\ncontent-length: 99999999999999999999\r\n\r\n",
        b"POST /v1/echo HTTP/1.1\r\ncontent-length: 1, 1\r\n\r\nab",
        GET + b"a : b\r\n\r\n",
        GET + b"a: b\rc: d\r\n\r\n",
    ],
    ids=repr,
)
async def test_what_is_not_http_is_refused_once(client: Client, data: bytes) -> None:
    await client.send(data)
    status, headers, _ = await client.answer()
    assert (status, headers["connection"]) == (400, "close")
    await client.ended()


async def test_nonsense_after_a_request_does_not_cost_its_answer(served: Serving, client: Client) -> None:
    served.surface.entered.clear()
    served.surface.leave.clear()
    await client.send(post("/v1/waits", b""))
    await served.surface.entered.wait()
    await client.send(b"nonsense\r\n\r\n")
    await asyncio.sleep(0.02)
    served.surface.leave.set()
    assert (await client.answer())[0] == 200
    await client.ended()


async def test_many_slow_clients_are_hung_up_on_while_others_are_served(hasty: Serving, slow: Client) -> None:
    many = [await Client.connect(hasty.port) for _ in range(100)]
    for one in many:
        await one.send(GET)
    assert await slow.is_usable()
    await eventually(lambda: len(hasty.server.server_state.connections) <= 1)
    for one in many:
        one.close()
