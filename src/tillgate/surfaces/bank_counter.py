"""The counter of a sandbox bank that is a server of its own: what connectors ask over HTTP."""

import asyncio
from typing import Final

import msgspec

from tillgate.connectors.contract import BankRequest
from tillgate.http import surface
from tillgate.http.exchange import Reply, Request
from tillgate.http.problems import Problem
from tillgate.http.routing import Route
from tillgate.sandbox import planted, teller
from tillgate.sandbox.bank import Bank

_LONGEST_SECONDS: Final = 60.0
"""Nobody waits as long for an answer that a fault keeps back."""


class _Named(msgspec.Struct):
    reference: str


_decode = msgspec.json.Decoder(_Named).decode


class BankCounter(surface.Open):
    """`POST` where the teller takes orders, `GET /operations/{reference}`, `/disputes`, `DELETE /merchants/{id}`."""

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
        )

    def problem(self, request: Request, problem: Problem) -> Reply:
        """See http.surface.Surface."""
        return Reply(problem.status, b'{"error":"bad_request"}')

    async def _answer(self, request: Request) -> Reply:
        heard = BankRequest(
            method=request.method,
            url=f"sandbox:{request.path}",
            reference=request.parameters.get("reference") or _reference(request.body),
            headers=() if (fault := request.header(planted.HEADER)) is None else ((planted.HEADER, fault),),
            body=request.body,
        )
        try:
            async with asyncio.timeout(_LONGEST_SECONDS):
                answer = await self._bank.answer(heard)
        except TimeoutError:
            return Reply(504)
        return Reply(answer.status, answer.body)


def _reference(order: bytes) -> str:
    """What an order calls itself; nothing where the teller will not be able to read it either."""
    try:
        return _decode(order).reference
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return ""
