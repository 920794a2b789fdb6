"""Bank notices: where sandbox banks that are a server of their own say something unasked."""

from typing import Final

from tillgate.connectors.contract import BankNotice
from tillgate.connectors.sandbox import SIGNATURE
from tillgate.core.reasons import Refused
from tillgate.flows import notices
from tillgate.flows.directory import Directory
from tillgate.flows.gateway import Gateway
from tillgate.http import surface
from tillgate.http.exchange import Reply, Request
from tillgate.http.problems import Problem
from tillgate.http.routing import Route

PATH: Final = "/sandbox/bank/notices"
"""Where the bank of cards says it; that of phone wallets below, by its name."""


class BankNotices(surface.Open):
    """`POST` at PATH or below: 204 once a notice has taken effect, 401 where the bank did not sign it."""

    name = "bank notices"

    def __init__(self, gateway: Gateway, directory: Directory, bank: str, path: str = PATH) -> None:
        self._gateway = gateway
        self._directory = directory
        self._bank = bank
        self.routes = (Route("POST", path, self._take),)

    def problem(self, request: Request, problem: Problem) -> Reply:
        """See http.surface.Surface."""
        return Reply(problem.status, b'{"error":"not taken"}')

    async def _take(self, request: Request) -> Reply:
        notice = BankNotice({SIGNATURE: request.header(SIGNATURE) or ""}, request.body)
        try:
            is_the_banks = await notices.take(self._gateway, self._directory, self._bank, notice)
        except Refused:
            return Reply(404, b'{"error":"nothing of ours"}')
        return Reply(204) if is_the_banks else Reply(401, b'{"error":"not signed by the bank"}')
