"""The dialect of the bank at which money arrives by itself: to the sandbox bank, all that it sends are payouts."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from tests.connectors.dialects import sandbox
from tests.connectors.questions import attempt
from tillgate.connectors.contract import BankAnswer, BankNotice
from tillgate.connectors.sandbox import NOTICE_KEY
from tillgate.connectors.transfer import KINDS, NAME
from tillgate.core.attempts import Attempt, Kind
from tillgate.core.disputes import Dispute, Statement
from tillgate.core.reasons import Reason
from tillgate.core.records import evolve
from tillgate.core.three_d_secure import Authentication


class Dialect:
    bank = NAME
    secrets: Mapping[str, str] = {NOTICE_KEY: sandbox.Dialect.secrets[NOTICE_KEY]}
    kinds: Sequence[Kind] = KINDS
    takes_cards = False

    def __init__(self) -> None:
        self._sandbox = sandbox.Dialect()

    def yes(self, attempt: Attempt) -> BankAnswer:
        return self._sandbox.yes(_sent(attempt))

    def noes(self, about: Attempt) -> Iterator[tuple[BankAnswer, Reason]]:
        return self._sandbox.noes(_sent(about))

    def pending(self, attempt: Attempt) -> BankAnswer:
        return self._sandbox.pending(_sent(attempt))

    def challenge(self, about: Attempt) -> BankAnswer:
        return self._sandbox.challenge(attempt(Kind.CHARGE))

    def authentications(self, attempt: Attempt) -> Iterable[tuple[BankAnswer, Authentication]]:
        return ()

    def never_seen(self, attempt: Attempt) -> BankAnswer:
        return self._sandbox.never_seen(_sent(attempt))

    def inquired(self, answer: BankAnswer) -> BankAnswer:
        return self._sandbox.inquired(answer)

    def statements(self, dispute: Dispute) -> Iterable[tuple[BankAnswer, Statement]]:
        return ()

    def notice(self, answer: BankAnswer) -> BankNotice:
        return self._sandbox.notice(answer)

    def forgeries(self, answer: BankAnswer) -> Iterable[BankNotice]:
        return self._sandbox.forgeries(answer)


def _sent(attempt: Attempt) -> Attempt:
    return evolve(attempt, kind=Kind.PAYOUT, target=None)


DIALECT = Dialect()
