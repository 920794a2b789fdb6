"""The transport carries a request to a bank and brings back its answer, or word that none came."""

import asyncio
import enum
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeAlias

import msgspec

from tillgate import logs
from tillgate.connectors.contract import BankAnswer, BankRequest
from tillgate.core import attempts
from tillgate.core.instants import SECOND
from tillgate.logs import log

Route: TypeAlias = Callable[[BankRequest], Awaitable[BankAnswer]]
"""What carries the requests of one scheme. Raises ConnectionRefusedError only if it has not sent a byte."""

_PAUSES_SECONDS: Final = (0.1, 0.5, 2.0)
"""Between tries that did not get as far as sending anything."""


class Loss(enum.StrEnum):
    """How far a request got that has no answer."""

    FORBIDDEN = "forbidden"
    """Nothing was sent: no route leads there."""
    UNREACHABLE = "unreachable"
    """Nothing was sent: nobody took the connection."""
    BROKEN = "broken"
    """It was sent in part or as a whole, then the connection broke."""
    SILENT = "silent"
    """The deadline passed."""


class Lost(msgspec.Struct, frozen=True):
    """There is no answer, and unless nothing was sent nobody knows what happened."""

    loss: Loss


class Transport:
    """The one way out to banks. `routes` says what carries which scheme; nothing goes anywhere else."""

    def __init__(self, routes: Mapping[str, Route], *, deadline_seconds: float = attempts.PATIENCE / SECOND) -> None:
        self._routes = dict(routes)
        self._deadline_seconds = deadline_seconds

    async def send(self, request: BankRequest) -> BankAnswer | Lost:
        """The answer, whatever its status. It raises nothing, but is canceled with its caller.

        What is logged of a request is its repr, and of an error its type: they might quote the card.
        """
        route = self._routes.get(request.url.partition(":")[0])
        if route is None:
            return _lost(request, Loss.FORBIDDEN)
        try:
            async with asyncio.timeout(self._deadline_seconds):
                answer = await _carry(route, request)
        except TimeoutError:
            return _lost(request, Loss.SILENT)
        except ConnectionRefusedError:
            return _lost(request, Loss.UNREACHABLE)
        except Exception as error:
            return _lost(request, Loss.BROKEN, type(error).__name__)
        if logs.tell_debug():
            log.debug("bank_answered", request=request, answer=answer)
        return answer


async def _carry(route: Route, request: BankRequest) -> BankAnswer:
    """The answer; tried again only while nothing was sent, so that no bank hears it twice through us."""
    for pause_seconds in _PAUSES_SECONDS:
        try:
            return await route(request)
        except ConnectionRefusedError:
            await asyncio.sleep(pause_seconds)
    return await route(request)


def _lost(request: BankRequest, loss: Loss, error: str | None = None) -> Lost:
    log.warning("no_answer_from_bank", request=request, loss=loss.value, error=error)
    return Lost(loss)
