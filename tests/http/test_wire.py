"""Over a real socket, a client gets its answer, and no client gets in the way of the others."""

import asyncio
import json
import time
from collections.abc import AsyncIterator

import pytest

from tests.http.wire import Client, Serving, chunk, post, serving
from tests.waiting import at_most, eventually

pytestmark = pytest.mark.anyio

MEGABYTE = 1024 * 1024
CHUNKED = b"POST /v1/echo HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n"


@pytest.fixture(scope="module")
async def served() -> AsyncIterator[Serving]:
    async with serving() as served:
        yield served


@pytest.fixture(scope="module")
async def impatient() -> AsyncIterator[Serving]:
    async with serving(body_seconds=0.3) as served:
        yield served


@pytest.fixture
async def hurried(impatient: Serving) -> AsyncIterator[Client]:
    client = await Client.connect(impatient.port)
    yield client
    client.close()


@pytest.fixture
async def client(served: Serving) -> AsyncIterator[Client]:
    client = await Client.connect(served.port)
    yield client
    client.close()


async def test_a_request_is_answered_and_the_connection_stays(client: Client) -> None:
    await client.send(post("/v1/echo", b'{"amount": 2000}'))
    status, headers, body = await client.answer()
    assert (status, body) == (200, b'{"amount":2000}')
    assert headers["x-request-id"].startswith("req_")
    assert await client.is_usable()


async def test_a_body_in_pieces_is_put_together(client: Client) -> None:
    body = json.dumps({"text": "x" * 200_000}).encode()
    request = post("/v1/echo", body)
    for start in range(0, len(request), 50_000):
        await client.send(request[start : start + 50_000])
        await asyncio.sleep(0.001)
    status, _, echoed = await client.answer()
    assert (status, json.loads(echoed)) == (200, json.loads(body))


async def test_a_chunked_body_is_put_together(client: Client) -> None:
    await client.send(CHUNKED + chunk(b'{"a"') + chunk(b": 1}") + chunk(b""))
    assert (await client.answer())[2] == b'{"a":1}'
    assert await client.is_usable()


async def test_requests_sent_ahead_are_answered_in_order(client: Client) -> None:
    await client.send(b"".join([post("/v1/echo", b"%d" % n) for n in range(50)]))
    assert [(await client.answer())[2] for _ in range(50)] == [b"%d" % n for n in range(50)]


async def test_head_is_answered_like_get_without_the_body(client: Client) -> None:
    await client.send(b"HEAD /v1/things/x HTTP/1.1\r\nhost: x\r\n\r\n")
    head = await client._reader.readuntil(b"\r\n\r\n")
    assert b" 200 " in head
    assert b"content-length: 10" in head
    assert await client.is_usable()


HOSTILE = {
    "nesting": b"[" * (MEGABYTE - 100),
    "digits": b"9" * (MEGABYTE - 100),
    "a double key": b'{"amount": 1, "amount": 2}',
    "NaN": b'{"amount": NaN}',
    "infinity": b'{"amount": 1e400}',
    "keys": b"{" + b",".join(b'"%x":1' % n for n in range(90_000)) + b"}",
    "no UTF-8": b'"\xff"',
    "NUL": b'"\\u0000"',
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
async def test_a_hostile_body_is_refused_at_once(client: Client, body: bytes) -> None:
    with at_most(1):
        await client.send(post("/v1/echo", body))
        status, _, answer = await client.answer()
    assert status == 400
    assert set(json.loads(answer)) == {"error", "request_id"}
    assert await client.is_usable()


@pytest.mark.parametrize("path", ["/v1/echo", "/v1/nothing", "/api/orders"])
async def test_a_body_that_says_it_is_too_large_is_refused_unread(client: Client, path: str) -> None:
    await client.send(post(path, b"", length=MEGABYTE + 1))
    status, _, _ = await client.answer()
    assert status == (404 if path == "/v1/nothing" else 413)


async def test_who_sends_too_large_a_body_to_the_end_reads_the_answer(served: Serving) -> None:
    for fields in ([], ["connection: close"], ["expect: 100-continue"]):
        client = await Client.connect(served.port)
        await client.send(post("/v1/echo", b"x" * (4 * MEGABYTE), *fields))
        assert (await client.answer())[0] == 413
        assert await client.is_usable() == (fields != ["connection: close"])
        client.close()


async def test_a_chunked_body_is_refused_once_it_is_too_large(client: Client) -> None:
    await client.send(CHUNKED)
    for _ in range(17):
        await client.send(chunk(b" " * 65_536))
    assert (await client.answer())[0] == 413
    await client.send(chunk(b""))
    assert await client.is_usable()


async def test_who_never_stops_sending_is_hung_up_on(client: Client) -> None:
    await client.send(CHUNKED)
    sent = 0
    while sent < 200 and not client._writer.transport.is_closing():
        await client.send(chunk(b" " * MEGABYTE))
        sent += 1
    assert sent < 200


async def test_a_body_as_large_as_allowed_is_read(client: Client) -> None:
    body = b'"' + b"x" * (MEGABYTE - 2) + b'"'
    await client.send(post("/v1/echo", body))
    assert (await client.answer())[2] == body


@pytest.mark.parametrize("start", [b"", b'{"amount"'], ids=["nothing", "a beginning"])
async def test_a_body_that_stalls_is_given_up(hurried: Client, start: bytes) -> None:
    before = time.monotonic()
    await hurried.send(post("/v1/echo", start, length=100))
    status, headers, body = await hurried.answer()
    assert time.monotonic() - before > 0.25
    assert (status, headers["connection"]) == (408, "close")
    assert json.loads(body)["error"] == "The request body did not arrive within 0.3 seconds."
    await hurried.ended()


async def test_a_body_that_trickles_is_given_up(hurried: Client) -> None:
    trickling = asyncio.create_task(hurried.trickle(post("/api/orders", b"x" * 100)[-100:]))
    await hurried.send(post("/api/orders", b"", length=100))
    assert (await hurried.answer())[0] == 408
    await trickling


async def test_a_body_that_is_no_body_ends_the_connection(served: Serving, client: Client) -> None:
    await client.send(CHUNKED + chunk(b"[1") + b"zz\r\n")
    assert (await client.answer())[0] == 400
    await eventually(lambda: served.application.in_flight == 0)
    await client.ended()


async def test_a_trailer_does_not_pass_for_a_header(served: Serving, client: Client) -> None:
    await client.send(CHUNKED + chunk(b"[]") + b"0\r\nauthorization: Bearer x\r\n\r\n")
    assert (await client.answer())[0] == 200
    assert served.surface.seen[-1].header("authorization") is None
    assert await client.is_usable()


async def test_an_offer_of_another_protocol_is_passed_over(client: Client) -> None:
    fields = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAEAAEAAAAIAAAAB")
    await client.send(post("/v1/echo", b'{"a":1}', *fields))
    assert (await client.answer())[2] == b'{"a":1}'
    assert await client.is_usable()


async def test_a_client_that_hangs_up_before_it_asked_leaves_no_trace(served: Serving) -> None:
    seen = len(served.surface.seen)
    client = await Client.connect(served.port)
    await client.send(post("/v1/echo", b"[", length=100))
    await eventually(lambda: served.application.in_flight == 1)
    client.close()
    await eventually(lambda: served.application.in_flight == 0)
    assert len(served.surface.seen) == seen


async def test_work_goes_on_when_the_client_hangs_up() -> None:
    async with serving() as served:
        client = await Client.connect(served.port)
        await client.send(post("/v1/waits", b""))
        await served.surface.entered.wait()
        client.close()
        await asyncio.sleep(0.05)
        assert served.application.in_flight == 1
        served.surface.leave.set()
        await eventually(served.surface.left.is_set)


async def test_a_server_that_is_stopped_answers_what_it_took_in() -> None:
    async with serving() as served:
        client = await Client.connect(served.port)
        await client.send(post("/v1/waits", b""))
        await served.surface.entered.wait()
        served.server.should_exit = True
        await asyncio.sleep(0.15)
        served.surface.leave.set()
        status, headers, body = await client.answer()
        assert (status, body, headers["connection"]) == (200, b'"waited"', "close")
        client.close()
