"""The sandbox bank's dialect over the network: what its counter answers to the route for HTTP."""

import asyncio
import functools
import socket
import threading
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import Any

import uvloop

from tests.connectors.dialects import sandbox
from tests.connectors.questions import NOON
from tillgate import asgi
from tillgate.connectors.contract import BankAnswer, BankRequest
from tillgate.connectors.sandbox import NOTICE_KEY, URL
from tillgate.core.instants import Instant
from tillgate.http.application import Application
from tillgate.http.exchange import Receive, Send
from tillgate.sandbox.bank import Bank
from tillgate.sandbox.faults import Fault, Faults
from tillgate.sandbox.register import Register
from tillgate.surfaces.bank_counter import BankCounter
from tillgate.transport.remote import RemoteBanks


class _Counter(Application):
    """A server in a thread, at which one bank after another opens its counter."""

    def __init__(self) -> None:
        self._listener = asgi.listen("127.0.0.1", 0)
        self.url = asgi.address_of(self._listener)
        self.loop = uvloop.new_event_loop()
        self.route = RemoteBanks()
        self._current: Application = self
        super().__init__((BankCounter(_bank(Register.in_memory())),), lambda: "req_1")
        ready = threading.Event()
        thread = threading.Thread(target=self._answer_in_thread, args=(self._listener, ready.set), daemon=True)
        thread.start()
        ready.wait()

    def open(self, bank: Bank) -> None:
        """Let a bank answer from now on."""
        self._current = Application((BankCounter(bank),), lambda: "req_1")

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """See ASGI."""
        if self._current is self:
            await super().__call__(scope, receive, send)
        else:
            await self._current(scope, receive, send)

    def _answer_in_thread(self, listener: socket.socket, ready: Any) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(asgi.run(self, listener, ready))


@functools.cache
def _counter() -> _Counter:
    return _Counter()


def _bank(register: Register, clock: Callable[[], Instant] = lambda: NOON) -> Bank:
    return Bank(register, clock=clock, notice_key="", faults=Faults(), origin="https://bank.example")


class _OverHttp(sandbox.Dialect):
    @property
    def secrets(self) -> Mapping[str, str]:  # type: ignore[override]
        return {NOTICE_KEY: "a key that nobody else has", URL: _counter().url}

    def answered(
        self, requests: Sequence[BankRequest], pending: int | None = None, last_at: Instant = NOON
    ) -> BankAnswer:
        work = self._answered(requests, pending, last_at)
        return asyncio.run_coroutine_threadsafe(work, _counter().loop).result(10)

    async def _answered(self, requests: Sequence[BankRequest], pending: int | None, last_at: Instant) -> BankAnswer:
        register, route = Register.in_memory(), _counter().route
        wall = NOON
        bank = _bank(register, lambda: wall)
        _counter().open(bank)
        *before, last = requests
        for request in before:
            await route.carry(request)
        wall = last_at
        if pending is not None:
            bank.faults.plant(Fault.PENDING)
        answer = await route.carry(last)
        bank.stop()
        register.close()
        return answer


DIALECT = _OverHttp()
