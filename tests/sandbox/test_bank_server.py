"""The bank as a server of its own: faults behave as inside the process, and notices find their way."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from tests.http.asking import Answer, ask
from tests.transport.receivers import receiving
from tests.waiting import eventually
from tillgate import bank_server
from tillgate.bank_server import Courier
from tillgate.connectors.contract import BankNotice
from tillgate.connectors.sandbox import SIGNATURE
from tillgate.http.application import Application
from tillgate.sandbox.register import Register
from tillgate.settings import Settings
from tillgate.surfaces.bank_notices import PATH as NOTICES

pytestmark = pytest.mark.anyio

NOTICE = BankNotice({SIGNATURE: "0a"}, b'{"reference":"att_1"}')


def settings(data: Path, faults: str = "") -> Settings:
    return Settings(data=data, bank_faults=faults, sandbox_bank_secret="shared")


async def charge(application: Application, reference: str = "att_1", number: str = "4242424242424242") -> Answer:
    order = {
        "merchant_id": "ten_1",
        "reference": reference,
        "amount": 700,
        "currency": "USD",
        "card": {"number": number, "exp_month": 12, "exp_year": 2031},
    }
    return await ask(application, "POST", "/charges", msgspec.json.encode(order))


async def inquire(application: Application, reference: str = "att_1") -> Answer:
    return await ask(application, "GET", f"/operations/{reference}")


async def test_books_outlive_the_server(tmp_path: Path) -> None:
    async with bank_server.assembled(settings(tmp_path), gateway="", origin="") as application:
        assert (await inquire(application)).status == 404
        said = await charge(application)
        assert said.status == 200
    async with bank_server.assembled(settings(tmp_path), gateway="", origin="") as application:
        assert (await inquire(application)).body == said.body


async def test_seeded_faults_happen_to_it(tmp_path: Path) -> None:
    faults = "garbage=0.5,seed=4"
    async with bank_server.assembled(settings(tmp_path, faults), gateway="", origin="") as application:
        said = [await charge(application, f"att_{number}") for number in range(20)]
    assert 0 < sum(b'"approved"' in answer.body and answer.status == 200 for answer in said) < 20


async def test_an_answer_that_a_fault_keeps_back_is_not_given_and_the_deed_done(tmp_path: Path) -> None:
    faults = "timeout_after=1"
    async with bank_server.assembled(settings(tmp_path, faults), gateway="", origin="") as application:
        asking = asyncio.create_task(charge(application))
        register = Register.onlooker(tmp_path / "bank")
        await eventually(lambda: list(register.everything()))
        await asyncio.sleep(0.1)
        assert not asking.done()
        asking.cancel()


@pytest.mark.parametrize("path", ["/", "/charges/1", "/loans", "/operations", "/operations/a/b"])
async def test_what_it_does_not_know_is_told_in_its_own_form(tmp_path: Path, path: str) -> None:
    async with bank_server.assembled(settings(tmp_path), gateway="", origin="") as application:
        for method in ("GET", "POST"):
            assert (await ask(application, method, path)).status in (404, 405)
        assert (await ask(application, "POST", "/charges", b"not JSON")).status == 400


async def test_a_challenge_is_met_at_the_banks_own_address_and_told_to_the_gateway(tmp_path: Path) -> None:
    taken = b"HTTP/1.1 204 No Content\r\n\r\n"
    async with receiving(taken) as gateway:
        url = f"http://127.0.0.1:{gateway.port}"
        async with bank_server.assembled(settings(tmp_path), gateway=url, origin="https://bank.example") as application:
            said = msgspec.json.decode((await charge(application, number="4000002500003155")).body)
            page = said["challenge_url"].removeprefix("https://bank.example")
            assert b"$7.00" in (await ask(application, "GET", page)).body
            assert (await ask(application, "POST", page, b"outcome=approve&code=123456")).status == 303
            # The gateway knows before the customer is sent back.
            ((head, body),) = gateway.requests
            assert head.startswith(f"POST {NOTICES} HTTP/1.1\r\n")
            assert SIGNATURE in head.lower()
            assert msgspec.json.decode(body)["result"] == "approved"


async def test_what_was_pending_is_told_once_it_is_known(tmp_path: Path) -> None:
    told = asyncio.Event()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        told.set()

    async with receiving(take) as gateway:
        chosen = settings(tmp_path, "pending=1,pending_seconds=0.05-0.05")
        url = f"http://127.0.0.1:{gateway.port}"
        async with bank_server.assembled(chosen, gateway=url, origin="") as application:
            assert b'"pending"' in (await charge(application)).body
            await eventually(told.is_set)
            ((_, body),) = gateway.requests
            assert msgspec.json.decode(body)["result"] == "approved"


async def test_a_notice_that_is_lost_is_repeated_until_it_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bank_server, "_PAUSES_SECONDS", (0.01,) * 5)
    statuses, taken = iter((503, None, 500, 204)), asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        status = next(statuses)
        if status is None:
            writer.transport.abort()
            return
        writer.write(b"HTTP/1.1 %d So\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % status)
        await writer.drain()
        if status == 204:
            taken.set()

    async with receiving(answer) as gateway:
        courier = Courier(f"http://127.0.0.1:{gateway.port}{NOTICES}")
        await courier.deliver(NOTICE)
        assert len(gateway.requests) == 1
        await eventually(taken.is_set)
        await asyncio.sleep(0.1)
        assert [body for _, body in gateway.requests] == [NOTICE.body] * 4
        await courier.close()


@pytest.mark.parametrize("status", [204, 401, 404])
async def test_a_notice_that_is_taken_or_refused_is_not_repeated(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    monkeypatch.setattr(bank_server, "_PAUSES_SECONDS", (0.01,))
    async with receiving(b"HTTP/1.1 %d So\r\nContent-Length: 0\r\n\r\n" % status) as gateway:
        courier = Courier(f"http://127.0.0.1:{gateway.port}{NOTICES}")
        await courier.deliver(NOTICE)
        await asyncio.sleep(0.1)
        assert len(gateway.requests) == 1
        await courier.close()


async def test_a_notice_that_nobody_takes_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bank_server, "_PAUSES_SECONDS", (0.01, 0.01))
    async with receiving(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n") as gateway:
        courier = Courier(f"http://127.0.0.1:{gateway.port}{NOTICES}")
        await courier.deliver(NOTICE)
        await eventually(lambda: len(gateway.requests) >= 3)
        await asyncio.sleep(0.1)
        assert len(gateway.requests) == 3
        await courier.close()


async def test_it_is_told_what_time_it_is_to_a_merchant(tmp_path: Path) -> None:
    async with bank_server.assembled(settings(tmp_path), gateway="", origin="") as application:
        said = await ask(application, "POST", "/clocks/ten_1", b'{"ahead":86400000000,"stands_at":null}')
        assert (said.status, said.body) == (200, b'{"next_at":null}')
        for body in (b"", b"[]", b'{"ahead":-1}', b'{"ahead":1e400}'):
            assert (await ask(application, "POST", "/clocks/ten_1", body)).status == 400
