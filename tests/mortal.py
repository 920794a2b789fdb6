"""A process that dies at one of its steps, for tests in which another one goes on."""

import pytest

from tillgate.assembly import Assembly
from tillgate.connectors.contract import BankAnswer, BankRequest
from tillgate.core.decisions import Decision
from tillgate.transport.banks import Lost


class Died(BaseException):
    """The process was killed."""


class Mortal:
    """A process that dies at one of its steps: before or after one of its commits, or of its questions to a bank."""

    def __init__(self, parts: Assembly, at: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self.left = at
        self._commit, self._send = parts.gateway.store.commit, parts.gateway.transport.send
        monkeypatch.setattr(parts.gateway.store, "commit", self.commit)
        monkeypatch.setattr(parts.gateway.transport, "send", self.send)

    async def commit(self, decision: Decision) -> None:
        self._step()
        await self._commit(decision)
        self._step()

    async def send(self, request: BankRequest) -> BankAnswer | Lost:
        self._step()
        answer = await self._send(request)
        self._step()
        return answer

    def _step(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Died
