"""Banks over HTTP: nothing counts as unsent that may have been sent, and nothing is sent twice."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from tests.transport import certificates
from tests.transport.receivers import Behave, Receiver, receiving
from tests.waiting import LONG_SECONDS
from tillgate.connectors.contract import BankAnswer, BankRequest
from tillgate.transport.banks import Loss, Lost, Transport
from tillgate.transport.remote import LONGEST_ANSWER, RemoteBanks

pytestmark = pytest.mark.anyio


@contextlib.asynccontextmanager
async def banks() -> AsyncIterator[RemoteBanks]:
    route = RemoteBanks()
    yield route
    await route.close()


async def send(
    route: RemoteBanks,
    receiver: Receiver,
    method: str = "POST",
    path: str = "/charges",
    deadline_seconds: float = LONG_SECONDS,
) -> BankAnswer | Lost:
    url = f"http://127.0.0.1:{receiver.port}{path}"
    request = BankRequest(method=method, url=url, reference="att_1", headers=(("x-key", "k"),), body=b"{}")
    return await Transport({"http": route.carry}, deadline_seconds=deadline_seconds).send(request)


@pytest.mark.parametrize("status", [200, 302, 402, 404, 500])
async def test_an_answer_is_brought_back_whatever_its_status(status: int) -> None:
    answer = f"HTTP/1.1 {status} Said\r\nLocation: /elsewhere\r\nContent-Length: 3\r\n\r\nyes".encode()
    async with receiving(answer) as receiver, banks() as route:
        assert await send(route, receiver) == BankAnswer(status, b"yes")
        ((head, body),) = receiver.requests
        assert head.startswith("POST /charges HTTP/1.1\r\n")
        assert "\r\nx-key: k\r\n" in head
        assert body == b"{}"


async def test_nobody_there_is_unreachable() -> None:
    async with receiving() as receiver:
        pass
    async with banks() as route:
        with pytest.raises(ConnectionRefusedError):
            await route.carry(BankRequest(method="GET", url=f"http://127.0.0.1:{receiver.port}/", reference=""))
        with pytest.raises(ConnectionRefusedError):
            await route.carry(BankRequest(method="GET", url="http://no-such-bank.invalid/", reference=""))


async def test_a_bank_with_a_bad_certificate_hears_nothing() -> None:
    certificate = certificates.issued_for("bank.example")
    async with receiving(tls=certificate.server) as receiver, banks() as route:
        with pytest.raises(ConnectionRefusedError):
            await route.carry(BankRequest(method="POST", url=f"https://127.0.0.1:{receiver.port}/", reference=""))
        assert receiver.requests == []


async def _hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def _break_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
    await writer.drain()


async def _talk_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (LONGEST_ANSWER + 1))
    await writer.drain()


async def _be_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


@pytest.mark.parametrize("behave", [_hang_up, _break_off, _talk_on])
async def test_what_was_sent_and_not_answered_is_lost_and_never_sent_again(behave: Behave) -> None:
    async with receiving(behave) as receiver, banks() as route:
        assert await send(route, receiver) == Lost(Loss.BROKEN)
        assert len(receiver.requests) == 1


async def test_silence_is_a_loss_and_what_was_sent_into_it_is_never_sent_again() -> None:
    async with receiving(_be_silent) as receiver, banks() as route:
        assert await send(route, receiver, deadline_seconds=0.5) == Lost(Loss.SILENT)
        assert len(receiver.requests) <= 1


async def test_a_question_into_a_connection_that_breaks_is_not_repeated_on_another() -> None:
    heard = 0

    async def second_breaks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal heard
        heard += 1
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        heard += 1
        writer.transport.abort()

    async with receiving(second_breaks) as receiver, banks() as route:
        assert await send(route, receiver) == BankAnswer(200, b"")
        assert await send(route, receiver) == Lost(Loss.BROKEN)
        assert (heard, receiver.connections) == (2, 1)


async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with receiving() as proxy, receiving() as receiver, banks() as route:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        assert await send(route, receiver) == BankAnswer(200, b"ok")
        assert proxy.connections == 0
