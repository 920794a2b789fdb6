"""The phone by hand: tests of a merchant's own confirm, decline and top up without the page (ath_movil.md)."""

import re
from collections.abc import Iterable
from typing import Final

import msgspec

from tillgate.http import surface
from tillgate.http.addresses import Networks
from tillgate.http.exchange import Reply, Request
from tillgate.http.problems import Forbidden, Malformed, NotFound, Problem
from tillgate.http.routing import Route
from tillgate.sandbox.phone_bank import Choice, Heard, PhoneBank

_NUMBER: Final = re.compile(r"[0-9]{10}")


class PhoneCounter(surface.Open):
    """`POST /sandbox/wallet/{phone}/confirm` and `/decline`, which take what waits longest; `GET` shows the wallet.

    It asks for no credential: it serves who is on this machine, and `neighbors`, addresses and networks.
    """

    name = "phone counter"

    def __init__(self, phones: PhoneBank, neighbors: Iterable[str] = ()) -> None:
        self._phones = phones
        self._neighbors = Networks(neighbors)
        self.routes = (
            Route("POST", "/sandbox/wallet/{phone}/confirm", self._confirm),
            Route("POST", "/sandbox/wallet/{phone}/decline", self._decline),
            Route("GET", "/sandbox/wallet/{phone}", self._show),
        )

    async def admit(self, request: Request, route: Route | None) -> Reply | None:
        """See http.surface.Surface. Raises Forbidden."""
        if not request.is_near(self._neighbors):
            raise Forbidden("The sandbox's phones serve this machine, and whom TILLGATE_PHONE_FROM names.")
        return await super().admit(request, route)

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
