"""The bank server: the sandbox's banks as a process of their own, put together and served until told to stop."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import urlsplit

import uvloop

from tillgate import asgi, assembly, logs
from tillgate.clock import SystemClock
from tillgate.connectors import phone
from tillgate.connectors.contract import BankAnswer, BankNotice, BankRequest
from tillgate.core.ids import Ids
from tillgate.http.application import Application
from tillgate.http.event_streams import EventStreams
from tillgate.logs import log
from tillgate.pages.challenge import Challenge
from tillgate.pages.phone import Phone
from tillgate.pages.script_files import ScriptFiles
from tillgate.sandbox.bank import Bank
from tillgate.sandbox.phone_bank import PhoneBank
from tillgate.sandbox.register import Register
from tillgate.settings import SettingInvalid, Settings
from tillgate.surfaces.bank_counter import BankCounter, WalletCounter
from tillgate.surfaces.bank_notices import PATH as NOTICES
from tillgate.surfaces.phone_counter import PhoneCounter
from tillgate.transport.remote import RemoteBanks
from tillgate.workers import schedule

DEFAULT_URL: Final = "http://127.0.0.1:8001"

_FIRST_TRY_SECONDS: Final = 5.0
_PAUSES_SECONDS: Final = (1.0, 5.0, 25.0, 125.0)
"""Before a notice that was not taken is repeated. After the last, inquiries find out what it said."""

_DRAIN_SECONDS: Final = 3


def serve(
    settings: Settings, *, host: str | None, port: int | None, gateway: str | None, public_url: str | None
) -> None:
    """Serve until SIGTERM or SIGINT. `gateway` is where notices go, `public_url` where customers reach this server.

    What is not given is as the servers' own settings say. Raises OSError where the address cannot be had, and
    SettingInvalid.
    """
    assembly.faults_of(settings)
    if not settings.sandbox_bank_secret:
        raise SettingInvalid("the bank needs TILLGATE_SANDBOX_BANK_SECRET, the same as the servers that use it")
    known = urlsplit(settings.sandbox_bank_url or DEFAULT_URL)
    host = host or known.hostname or ""
    port = known.port or 80 if port is None else port
    gateway = gateway or settings.origin
    public_url = public_url or settings.sandbox_bank_url
    logs.configure(settings.log)
    with _listen(host, port) as listener, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings, listener, gateway, public_url))


def _listen(host: str, port: int) -> socket.socket:
    try:
        return asgi.listen(host, port)
    except OSError as taken:
        raise OSError(taken.errno, taken.strerror, f"{host}:{port}") from None


async def _serve(settings: Settings, listener: socket.socket, gateway: str, public_url: str) -> None:
    address = asgi.address_of(listener)
    async with assembled(settings, gateway=gateway, origin=public_url or address) as application:

        def ready() -> None:
            print(f"The sandbox bank is ready on {address}\n  notices go to    {gateway}{NOTICES}", flush=True)

        # What a fault keeps back is not waited for.
        await asgi.run(application, listener, ready, grace_seconds=_DRAIN_SECONDS)


@asynccontextmanager
async def assembled(settings: Settings, *, gateway: str, origin: str) -> AsyncIterator[Application]:
    """The banks' server without a socket: their counters, the page of the issuer, and the phone."""
    clock = SystemClock()
    ids = Ids(os.urandom)
    register = Register.open(settings.data / "bank")
    courier, messenger = Courier(gateway + NOTICES), Courier(f"{gateway}{NOTICES}/{phone.NAME}")
    bank = Bank(
        register,
        clock=clock.wall,
        notice_key=settings.sandbox_bank_secret,
        faults=assembly.faults_of(settings),
        on_notification=courier.deliver,
        on_dispute=courier.hand_over,
        origin=origin,
    )
    phones = PhoneBank(
        settings.data / "phones" / "books",
        clock=clock.wall,
        notice_key=settings.sandbox_bank_secret,
        page=origin + phone.PAGE,
    )
    phones.on_notification = messenger.deliver
    streams = EventStreams()
    wallets = (
        WalletCounter(phones),
        PhoneCounter(phones, settings.phone_from),
        Phone(phones, streams, settings.phone_from),
    )
    job = schedule.Job("disputes at the sandbox bank", assembly.DISPUTES_SECONDS, bank.look_after_disputes)
    try:
        async with schedule.running((job,)):
            yield Application(
                (BankCounter(bank), Challenge(bank), *wallets, ScriptFiles()),
                lambda: ids.new("req", clock.wall()),
                drain_seconds=_DRAIN_SECONDS,
                streams=streams,
            )
    finally:
        bank.stop()
        phones.close()
        await courier.close()
        await messenger.close()
        register.close()


class Courier:
    """Brings notices to an address of the gateway's: once while the bank waits, then a few times behind its back."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._route = RemoteBanks()
        self._repeating: set[asyncio.Task[None]] = set()

    async def deliver(self, notice: BankNotice) -> None:
        """Bring a notice; it has taken effect when this returns, or is tried again later."""
        if not await self._is_settled(notice):
            task = asyncio.create_task(self._repeat(notice))
            self._repeating.add(task)
            task.add_done_callback(self._repeating.discard)

    async def hand_over(self, notice: BankNotice) -> None:
        """Bring a notice that the bank itself repeats. Raises ConnectionError where it was not taken."""
        if not await self._is_settled(notice):
            raise ConnectionError

    async def close(self) -> None:
        """Bring no more."""
        for task in self._repeating:
            task.cancel()
        await self._route.close()

    async def _repeat(self, notice: BankNotice) -> None:
        for pause_seconds in _PAUSES_SECONDS:
            await asyncio.sleep(pause_seconds)
            if await self._is_settled(notice):
                return
        log.warning("bank_notice_given_up", notice=notice)

    async def _is_settled(self, notice: BankNotice) -> bool:
        """Whether the gateway took it, or never will."""
        request = BankRequest(
            method="POST", url=self._url, reference="", headers=tuple(notice.headers.items()), body=notice.body
        )
        try:
            async with asyncio.timeout(_FIRST_TRY_SECONDS):
                answer: BankAnswer = await self._route.carry(request)
        except Exception as error:
            log.info("bank_notice_not_taken", error=type(error).__name__)
            return False
        if 400 <= answer.status < 500:
            log.error("bank_notice_refused", status=answer.status)
        return answer.status < 500
