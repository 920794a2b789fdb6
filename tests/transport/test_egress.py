"""The way out to addresses that merchants gave: nothing reaches what is forbidden, and nobody takes our time."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

import pytest

from tests.transport import certificates
from tests.transport.receivers import Behave, Names, Receiver, receiving
from tests.transport.spellings import FORBIDDEN, THIS_MACHINE
from tests.waiting import LONG_SECONDS
from tillgate.transport.egress import USER_AGENT, Egress, Posted

pytestmark = pytest.mark.anyio

PUBLIC = "93.184.215.14"


@contextlib.asynccontextmanager
async def egress(names: Names | None = None, *, allow_loopback: bool = True) -> AsyncIterator[Egress]:
    out = Egress(allow_loopback, resolver=names)
    try:
        yield out
    finally:
        await out.close()


async def post(
    out: Egress, url: str, *, live: bool = False, deadline_seconds: float = LONG_SECONDS, body: bytes = b"{}"
) -> Posted:
    return await out.post(url, body, {"Content-Type": "application/json"}, deadline_seconds=deadline_seconds, live=live)


def at(receiver: Receiver, name: str = "127.0.0.1", path: str = "/hooks") -> str:
    return f"http://{name}:{receiver.port}{path}"


async def test_what_is_posted_arrives_and_its_status_comes_back() -> None:
    answer = b"HTTP/1.1 503 Busy\r\nRetry-After: 120\r\nContent-Length: 0\r\n\r\n"
    async with receiving(answer) as receiver, egress() as out:
        assert await post(out, at(receiver), body=b'{"id":1}') == Posted(status=503, retry_after="120")
        ((head, body),) = receiver.requests
        assert head.startswith("POST /hooks HTTP/1.1\r\n")
        assert f"\r\nUser-Agent: {USER_AGENT}\r\n" in head
        assert "accept-encoding" not in head.lower()
        assert body == b'{"id":1}'


async def test_no_connection_is_made_to_any_spelling_of_a_forbidden_address() -> None:
    async with receiving(host="0.0.0.0") as receiver, egress(allow_loopback=False) as out:
        for spelling in (*FORBIDDEN, *THIS_MACHINE):
            url = spelling.format(port=receiver.port)
            assert out.refusal(url, live=False) is not None
            assert (await post(out, url)).failure == out.refusal(url, live=False)
        assert receiver.connections == 0


async def test_live_merchants_never_reach_this_machine() -> None:
    async with receiving() as receiver, egress() as out:
        for url in (at(receiver), at(receiver, "localhost"), f"https://127.0.0.1:{receiver.port}/"):
            assert out.refusal(url, live=True) is not None
            assert (await post(out, url, live=True)).failure == out.refusal(url, live=True)
        assert receiver.connections == 0
        assert (await post(out, at(receiver))).status == 200


async def test_live_merchants_need_tls() -> None:
    async with egress() as out:
        assert out.refusal("http://shop.example/", live=True) == "It has to begin with https://."
        assert out.refusal("http://shop.example/", live=False) is None


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.9.9.9",
        "0.0.0.0",
        "::1",
        "::ffff:127.0.0.1",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "::",
        "fe80::1%1",
    ],
)
async def test_no_name_leads_to_a_forbidden_address(address: str) -> None:
    async with receiving(host="0.0.0.0") as receiver, egress(Names([address]), allow_loopback=False) as out:
        assert out.refusal(at(receiver, "shop.example"), live=False) is None
        posted = await post(out, at(receiver, "shop.example"))
        assert posted.failure == "The name leads to no address on the public internet."
        assert receiver.connections == 0


async def test_a_name_that_changes_between_registration_and_delivery_leads_nowhere() -> None:
    names = Names([PUBLIC], ["127.0.0.1"])
    async with receiving() as receiver, egress(names, allow_loopback=False) as out:
        await names.resolve("shop.example")
        assert out.refusal(at(receiver, "shop.example"), live=False) is None
        assert (await post(out, at(receiver, "shop.example"))).failure is not None
        assert receiver.connections == 0


async def test_what_was_checked_is_what_is_connected_to_however_dns_changes() -> None:
    names = Names(["127.0.0.1"], ["127.0.0.2"], ["10.0.0.1"])
    async with receiving() as receiver, egress(names) as out:
        for _ in range(3):
            assert (await post(out, at(receiver, "shop.example"))).status == 200
        assert names.asked == ["shop.example"]
        assert receiver.connections == 1


async def test_of_several_addresses_of_a_name_only_the_public_ones_are_tried() -> None:
    names = Names(["10.0.0.1", "169.254.169.254", "127.0.0.1", "fd00::1"])
    async with receiving() as receiver, egress(names) as out:
        began = time.monotonic()
        assert (await post(out, at(receiver, "shop.example"))).status == 200
        assert time.monotonic() - began < LONG_SECONDS / 2


async def test_a_live_merchant_gets_no_connection_that_a_test_merchant_opened() -> None:
    certificate = certificates.issued_for("shop.example")
    names = Names(["127.0.0.1"])
    async with receiving(tls=certificate.server) as receiver:
        out = Egress(True, resolver=names, trust=certificate.client)
        url = f"https://shop.example:{receiver.port}/"
        assert (await post(out, url)).status == 200
        assert (await post(out, url, live=True)).failure == "The name leads to no address on the public internet."
        assert len(receiver.requests) == 1
        await out.close()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_not_followed(status: int) -> None:
    async with receiving(host="0.0.0.0") as inner, egress() as out:
        to = f"Location: http://127.0.0.1:{inner.port}/"
        async with receiving(f"HTTP/1.1 {status} Go\r\n{to}\r\nContent-Length: 0\r\n\r\n".encode()) as receiver:
            assert await post(out, at(receiver)) == Posted(status=status)
        assert inner.connections == 0


async def test_cookies_are_not_kept() -> None:
    answer = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b; Path=/\r\nContent-Length: 0\r\n\r\n"
    async with receiving(answer) as receiver, egress(Names(["127.0.0.1"])) as out:
        for _ in range(2):
            await post(out, at(receiver, "shop.example"))
        assert [("cookie:" in head.lower()) for head, _ in receiver.requests] == [False, False]


async def test_proxies_and_passwords_of_the_environment_are_not_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    netrc = tmp_path_factory.mktemp("home") / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n")
    async with receiving() as proxy, receiving() as receiver, egress() as out:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("NETRC", str(netrc))
        assert (await post(out, at(receiver))).status == 200
        assert proxy.connections == 0
        assert "authorization" not in receiver.requests[0][0].lower()


async def test_a_certificate_has_to_be_good_for_the_name() -> None:
    certificate = certificates.issued_for("shop.example")
    async with receiving(tls=certificate.server) as receiver:
        for name, trust, failure in (
            ("shop.example", certificate.client, None),
            ("other.example", certificate.client, "The certificate is not good for this name."),
            ("shop.example", None, "The certificate is not good for this name."),
        ):
            out = Egress(True, resolver=Names(["127.0.0.1"]), trust=trust)
            assert (await post(out, f"https://{name}:{receiver.port}/")).failure == failure
            await out.close()
        assert len(receiver.requests) == 1


async def _drip_head(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-Drip: drop\r\n")
        await writer.drain()
        await asyncio.sleep(0.05)


async def _silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


@pytest.mark.parametrize("behave", [_drip_head, _silent])
async def test_the_deadline_ends_everything(behave: Behave) -> None:
    async with receiving(behave) as receiver, egress() as out:
        posted = await post(out, at(receiver), deadline_seconds=0.3)
        assert posted == Posted(failure="There was no answer within 0.3 seconds.")
        async with asyncio.timeout(LONG_SECONDS):
            await receiver.closed.wait()


async def _drip_body(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.05)


async def _flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n")
    while True:
        writer.write(b"\0" * 65_536)
        await writer.drain()


@pytest.mark.parametrize("behave", [_drip_body, _flood])
async def test_an_answer_counts_from_its_head_and_its_body_takes_neither_time_nor_room(behave: Behave) -> None:
    async with receiving(behave) as receiver, egress() as out:
        began = time.monotonic()
        assert await post(out, at(receiver)) == Posted(status=200)
        assert time.monotonic() - began < LONG_SECONDS / 2
        async with asyncio.timeout(LONG_SECONDS):
            await receiver.closed.wait()


async def _endless_head(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X: " + b"x" * 4_000 + b"\r\n")
        await writer.drain()


async def _endless_field(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nX: ")
    while True:
        writer.write(b"x" * 65_536)
        await writer.drain()


async def _hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def _other_protocol(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 mail.example ESMTP\r\n")
    await reader.read()


@pytest.mark.parametrize(
    ("behave", "failure"),
    [
        (_endless_head, "What came back is not HTTP."),
        (_endless_field, "What came back is not HTTP."),
        (_other_protocol, "What came back is not HTTP."),
        (_hang_up, "The connection broke before there was an answer."),
    ],
)
async def test_what_is_no_answer_is_told_in_a_sentence(behave: Behave, failure: str) -> None:
    async with receiving(behave) as receiver, egress() as out:
        assert await post(out, at(receiver)) == Posted(failure=failure)


async def test_nobody_there_is_told_in_a_sentence() -> None:
    async with receiving() as receiver:
        gone = at(receiver)
    async with egress(Names([])) as out:
        assert (await post(out, gone)).failure == "Nobody takes connections there."
        assert (await post(out, "http://shop.example/")).failure == "The name cannot be found."


async def test_the_systems_own_names_are_known() -> None:
    async with receiving() as receiver, egress() as out:
        assert (await post(out, at(receiver, "localhost"))).status == 200


async def test_a_host_that_hangs_takes_no_room_from_another() -> None:
    crowded = asyncio.Event()

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if hanging.connections == 64:
            crowded.set()
        await reader.read()

    async with receiving(hang) as hanging, receiving() as good, egress() as out:
        waiting = [asyncio.create_task(post(out, at(hanging))) for _ in range(300)]
        await crowded.wait()
        answers = await asyncio.gather(*[post(out, at(good)) for _ in range(20)])
        assert not any(task.done() for task in waiting)
        assert {answer.status for answer in answers} == {200}
        assert hanging.connections == 64
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


async def test_a_connection_serves_one_post_after_the_other() -> None:
    async with receiving() as receiver, egress() as out:
        for _ in range(20):
            assert (await post(out, at(receiver))).status == 200
        assert receiver.connections == 1


async def test_a_caller_that_is_canceled_is_canceled() -> None:
    arrived = asyncio.Event()

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        arrived.set()
        await reader.read()

    async with receiving(hang) as receiver, egress() as out:
        posting = asyncio.create_task(post(out, at(receiver)))
        await arrived.wait()
        posting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await posting
        async with asyncio.timeout(LONG_SECONDS):
            await receiver.closed.wait()
