"""The counters of the sandbox's banks that are a server of their own: what connectors ask over HTTP."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from tillgate.connectors import phone
from tillgate.connectors.contract import BankAnswer, BankRequest
from tillgate.http import surface
from tillgate.http.exchange import Reply, Request
from tillgate.http.problems import Problem
from tillgate.http.routing import Route
from tillgate.sandbox import phone_bank, planted, teller
from tillgate.sandbox.bank import Bank
from tillgate.sandbox.phone_bank import PhoneBank

_LONGEST_SECONDS: Final = 60.0
"""Nobody waits as long for an answer that a fault keeps back."""


class _Named(msgspec.Struct):
    reference: str


_decode = msgspec.json.Decoder(_Named).decode


class BankCounter(surface.Open):
    """`POST` where the teller takes orders, `GET /operations/{reference}`, `/disputes`, `/merchants`, `/clocks`."""

    name = "bank counter"

    def __init__(self, bank: Bank) -> None:
        self._bank = bank
        orders = (Route("POST", path, self._answer) for path in teller.PATHS)
        self.routes = (
            *orders,
            Route("GET", "/operations/{reference}", self._answer),
            Route("POST", "/disputes", self._answer),
            Route("GET", "/disputes/{reference}", self._answer),
            Route("POST", "/disputes/{reference}/evidence", self._answer),
            Route("POST", "/disputes/{reference}/acceptance", self._answer),
            Route("DELETE", "/merchants/{reference}", self._answer),
            Route("POST", "/clocks/{reference}", self._answer),
        )

    def problem(self, request: Request, problem: Problem) -> Reply:
        """See http.surface.Surface."""
        return Reply(problem.status, b'{"error":"bad_request"}')

    async def _answer(self, request: Request) -> Reply:
        return await _answered(self._bank.answer, request, f"sandbox:{request.path}")


class WalletCounter(surface.Open):
    """What the bank of phone wallets is asked, below connectors.phone.COUNTER."""

    name = "wallet counter"

    def __init__(self, phones: PhoneBank) -> None:
        self._phones = phones
        self.routes = (
            *(Route("POST", f"{phone.COUNTER}{path}", self._answer) for path in phone_bank.KINDS),
            Route("GET", f"{phone.COUNTER}/operations/{{reference}}", self._answer),
            Route("PUT", f"{phone.COUNTER}/requests/{{reference}}/phone", self._answer),
            Route("DELETE", f"{phone.COUNTER}/merchants/{{reference}}", self._answer),
        )

    def problem(self, request: Request, problem: Problem) -> Reply:
        """See http.surface.Surface."""
        return Reply(problem.status, b'{"error":"bad_request"}')

    async def _answer(self, request: Request) -> Reply:
        path = request.path.removeprefix(phone.COUNTER)
        return await _answered(self._phones.answer, request, f"{phone.NAME}:{path}")


async def _answered(answer: Callable[[BankRequest], Awaitable[BankAnswer]], request: Request, url: str) -> Reply:
    """What a bank says to a request that came over the network."""
    heard = BankRequest(
        method=request.method,
        url=url,
        reference=request.parameters.get("reference") or _reference(request.body),
        headers=() if (fault := request.header(planted.HEADER)) is None else ((planted.HEADER, fault),),
        body=request.body,
    )
    try:
        async with asyncio.timeout(_LONGEST_SECONDS):
            said = await answer(heard)
    except TimeoutError:
        return Reply(504)
    return Reply(said.status, said.body)


def _reference(order: bytes) -> str:
    """What an order calls itself; nothing where the teller will not be able to read it either."""
    try:
        return _decode(order).reference
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return ""
