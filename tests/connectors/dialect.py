"""What the contract test has to know of a bank: how it says yes, no, later, or that it never heard of it.

Every connector of the registry has a module `tests/connectors/dialects/<name>.py` with a `DIALECT`; a bank that is
reached in several ways has more.
"""

import importlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from tillgate.connectors.contract import BankAnswer, BankNotice
from tillgate.core.attempts import Attempt, Kind
from tillgate.core.disputes import Dispute, Statement
from tillgate.core.reasons import Reason
from tillgate.core.three_d_secure import Authentication


class Dialect(Protocol):
    """The bank's side of its language, for any attempt."""

    @property
    def bank(self) -> str:
        """The connector's name in the registry."""

    @property
    def secrets(self) -> Mapping[str, str]:
        """What the connector is made with."""

    @property
    def kinds(self) -> Sequence[Kind]:
        """What the bank can be asked to do."""

    @property
    def takes_cards(self) -> bool:
        """Whether it asks issuers, whose cardholders are authenticated, and may dispute what they paid."""

    def yes(self, attempt: Attempt) -> BankAnswer:
        """The question was answered with a yes."""

    def noes(self, attempt: Attempt) -> Iterable[tuple[BankAnswer, Reason]]:
        """Every no there is for this kind of question, and what it means."""

    def pending(self, attempt: Attempt) -> BankAnswer:
        """The bank knows later."""

    def challenge(self, attempt: Attempt) -> BankAnswer:
        """The customer has to act; asked for charges and authorizations."""

    def authentications(self, attempt: Attempt) -> Iterable[tuple[BankAnswer, Authentication]]:
        """Every way in which a cardholder turns out to be authenticated or not, for charges and authorizations: what an
        inquiry is answered then, and what that means."""

    def never_seen(self, attempt: Attempt) -> BankAnswer:
        """The answer to an inquiry about something that the bank never heard of."""

    def inquired(self, answer: BankAnswer) -> BankAnswer:
        """What an inquiry is answered, where the question itself was answered so."""

    def statements(self, dispute: Dispute) -> Iterable[tuple[BankAnswer, Statement]]:
        """Everything that is said of a dispute when it is asked for, or responded to, and what that means."""

    def notice(self, answer: BankAnswer) -> BankNotice:
        """The same, said unasked and signed."""

    def forgeries(self, answer: BankAnswer) -> Iterable[BankNotice]:
        """The same, said by somebody else."""


def of(name: str) -> Dialect:
    """The dialect of a connector by its name in the registry, or that of another way to the same bank."""
    dialect: Dialect = importlib.import_module(f"tests.connectors.dialects.{name}").DIALECT
    return dialect
