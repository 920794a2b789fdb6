"""The phone by hand: tests of a merchant's own confirm, decline and top up without the page (ath_movil.md)."""

import re
from typing import Final

import msgspec

from tillgate.http import surface
from tillgate.http.exchange import Reply, Request
from tillgate.http.problems import Malformed, NotFound, Problem
from tillgate.http.routing import Route
from tillgate.sandbox.phone_bank import Choice, Heard, PhoneBank

_NUMBER: Final = re.compile(r"[0-9]{10}")


class PhoneCounter(surface.Open):
    """`POST /sandbox/wallet/{phone}/confirm` and `/decline`, which take what waits longest; `GET` shows the wallet."""

    name = "phone counter"

    def __init__(self, phones: PhoneBank) -> None:
        self._phones = phones
        self.routes = (
            Route("POST", "/sandbox/wallet/{phone}/confirm", self._confirm),
            Route("POST", "/sandbox/wallet/{phone}/decline", self._decline),
            Route("GET", "/sandbox/wallet/{phone}", self._show),
        )

    def problem(self, request: Request, problem: Problem) -> Reply:
        """See http.surface.Surface."""
        return Reply(problem.status, msgspec.json.encode({"error": {"message": problem.detail}}))

    async def _confirm(self, request: Request) -> Reply:
        return await self._choose(request, Choice.CONFIRM)

    async def _decline(self, request: Request) -> Reply:
        return await self._choose(request, Choice.DECLINE)

    async def _choose(self, request: Request, choice: Choice) -> Reply:
        phone = _phone(request)
        heard = await self._phones.choose(phone, choice)
        if heard is Heard.NOTHING_PENDING:
            raise NotFound("Nothing waits for this number.")
        if heard is Heard.BALANCE_SHORT:
            return Reply(409, msgspec.json.encode({"error": {"message": "There is not enough in the wallet."}}))
        return await self._show(request)

    async def _show(self, request: Request) -> Reply:
        phone = _phone(request)
        wallet = self._phones.wallet(phone)
        shown = {"phone": phone, "balance": wallet.balance, "pending": len(self._phones.pending(phone))}
        return Reply(200, msgspec.json.encode(shown))


def _phone(request: Request) -> str:
    phone = request.parameters["phone"]
    if not _NUMBER.fullmatch(phone):
        raise Malformed("A number has ten digits.", "phone")
    return phone
