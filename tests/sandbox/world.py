"""A world with a sandbox bank in it, reached as the program reaches it: by connector and transport."""

from tests.connectors.questions import GOOD, attempt, question
from tests.sandbox import virtual_time
from tillgate.connectors.contract import BankNotice, DisputeNotification
from tillgate.connectors.sandbox import NOTICE_KEY, SandboxConnector
from tillgate.core import attempts
from tillgate.core.attempts import Attempt, Kind, Outcome, Verdict
from tillgate.core.disputes import Statement
from tillgate.core.records import evolve
from tillgate.sandbox.bank import Bank
from tillgate.sandbox.faults import Faults
from tillgate.sandbox.operations import Result
from tillgate.sandbox.register import Register
from tillgate.transport.banks import Lost, Transport

CHALLENGED = "4000002500003155"

connector = SandboxConnector({NOTICE_KEY: "key"})


class World:
    """One process: a bank on a register, and what it said unasked. To be made on a virtual loop."""

    def __init__(self, register: Register | None = None, faults: Faults | None = None) -> None:
        self.register = register or Register.in_memory()
        if register is None:
            virtual_time.at_its_end(self.register.close)
        self.bank = Bank(
            self.register,
            clock=virtual_time.wall,
            notice_key="key",
            faults=faults,
            on_notification=self._listen,
        )
        self.transport = Transport({"sandbox": self.bank.answer})
        self.notices: list[tuple[str, Verdict]] = []
        self.disputes: list[Statement] = []
        self.seen: list[Attempt] = []

    async def _listen(self, notice: BankNotice) -> None:
        heard = connector.notification(notice)
        if isinstance(heard, DisputeNotification):
            self.disputes.append(heard.said)
            return
        assert heard is not None
        self.notices.append((heard.attempt, heard.outcome.verdict))

    async def put(self, about: Attempt, number: str = GOOD, *, challenged: bool = False) -> Outcome:
        """Ask for an attempt, once."""
        self.seen.append(about)
        answer = await self.transport.send(connector.write(question(about, number, challenged=challenged)))
        return attempts.UNKNOWN if isinstance(answer, Lost) else connector.read(about, answer)

    async def ask(
        self,
        kind: Kind,
        amount: int = 1000,
        number: str = GOOD,
        *,
        of: str | None = None,
        challenged: bool = False,
    ) -> tuple[Attempt, Verdict]:
        """Ask for something new; the attempt, and what the bank said."""
        about = attempt(kind, amount, target=of)
        return about, (await self.put(about, number, challenged=challenged)).verdict

    async def again(self, about: Attempt, number: str = GOOD) -> Outcome:
        """Ask once more for what may have been asked before."""
        return await self.put(evolve(about, asked=about.asked + 1), number)

    async def inquire(self, about: Attempt) -> Outcome:
        """What the bank says became of an attempt."""
        answer = await self.transport.send(connector.inquire(about))
        return attempts.UNKNOWN if isinstance(answer, Lost) else connector.read_inquiry(about, answer)

    def moved(self, kind: Kind) -> int:
        """What the bank moved, in minor units, by operations of one kind."""
        done = [done for done in self.bank.statement() if done.kind.value == kind.value]
        return sum(one.amount for one in done if one.result is Result.APPROVED)
