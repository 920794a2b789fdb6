"""The contract of connectors: pure functions from question to request, and from answer to outcome."""

from collections.abc import Mapping
from typing import Protocol

import msgspec

from tillgate.core.attempts import Attempt, Outcome
from tillgate.core.bank_accounts import Coordinates
from tillgate.core.cards import Card
from tillgate.core.disputes import Dispute, Statement
from tillgate.core.instructions import Instructions, Offer, Owed
from tillgate.core.phone_wallets import Ticket
from tillgate.core.three_d_secure import Demand


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What a bank is to be asked, with everything it may want to know. Its repr shows the attempt's id alone.

    A charge, an authorization or a verification needs the card, a payout the `account` that it goes to, and its
    `holder`. `return_url` is where the customer goes after a challenge: a page of ours, of which the path alone is said
    where the bank's pages are on the same server. `three_d_secure` is when the customer is to be authenticated; one who
    is not there, `off_session`, cannot be asked anything, and where the merchant wants no challenge (`may_challenge`)
    the bank declines instead. A void with `challenged` gives up a challenge that is still
    open as far as we know; one that was met meanwhile stands. `ticket` is what the customer confirms on the phone.
    """

    attempt: Attempt
    card: Card | None = None
    account: Coordinates | None = None
    holder: str = ""
    merchant: str = ""
    return_url: str | None = None
    challenged: bool = False
    three_d_secure: Demand = Demand.AUTOMATIC
    off_session: bool = False
    may_challenge: bool = True
    ticket: Ticket | None = None

    def __repr__(self) -> str:
        return f"Question({self.attempt.id})"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return [("attempt", self.attempt.id)]


class BankRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent to a bank. Headers and body may hold secrets and cards, so its repr leaves them out.

    The scheme of `url` says which route carries it: `sandbox:/charges`. No secret and no card is ever in a
    URL.
    """

    method: str
    url: str
    reference: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def __repr__(self) -> str:
        return f"BankRequest({self.method} {self.url}, {self.reference})"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return [("method", self.method), ("url", self.url), ("reference", self.reference)]


class BankAnswer(msgspec.Struct, frozen=True):
    """What came back. Whatever a bank may write into it, its repr shows only how much there is of it."""

    status: int
    body: bytes

    def __repr__(self) -> str:
        return f"BankAnswer({self.status}, {len(self.body)} bytes)"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return [("status", self.status), ("bytes", len(self.body))]


class BankNotice(msgspec.Struct, frozen=True):
    """What a bank says without being asked. The names of its headers are in lower case."""

    headers: Mapping[str, str]
    body: bytes

    def __repr__(self) -> str:
        return f"BankNotice({len(self.body)} bytes)"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return [("bytes", len(self.body))]


class Notification(msgspec.Struct, frozen=True):
    """What a bank said unasked of an attempt, by the tenant that it belongs to and its id."""

    tenant: str
    attempt: str
    outcome: Outcome


class DisputeNotification(msgspec.Struct, frozen=True):
    """What a bank said unasked of a dispute, by the tenant whose money it is about."""

    tenant: str
    said: Statement


class Connector(Protocol):
    """A bank's language. Reading never raises: what is not an explicit answer about the attempt is UNKNOWN.

    An answer is about an attempt when reference, amount and currency are the attempt's own.
    """

    @property
    def name(self) -> str:
        """What tenants and attempts call the bank."""

    @property
    def is_live(self) -> bool:
        """Whether real money moves."""

    @property
    def offers(self) -> tuple[Offer, ...]:
        """By which methods somebody who chooses for themselves can pay through this bank."""

    def instructions(self, offer: Offer, owed: Owed) -> Instructions:
        """What a payer must do to pay by one of them."""

    def settles_at_once(self, card: Card) -> bool:
        """Whether what is captured from a card can be paid out without waiting for the bank to settle."""

    def write(self, question: Question) -> BankRequest:
        """The request that puts a question, under the attempt's id. Raises ValueError for a missing card or account."""

    def inquire(self, attempt: Attempt) -> BankRequest:
        """The request that asks what became of an attempt; it moves nothing."""

    def read(self, attempt: Attempt, answer: BankAnswer) -> Outcome:
        """What the answer to the question itself says; NEVER_SEEN is none of it."""

    def read_inquiry(self, attempt: Attempt, answer: BankAnswer) -> Outcome:
        """What the answer to an inquiry says; NEVER_SEEN where the bank knows no such reference."""

    def respond(self, dispute: Dispute) -> BankRequest:
        """The request that tells the bank the response on its way, under the response's id.

        A bank takes an id once, however often it is told. Raises ValueError where no response is on its way.
        """

    def inquire_dispute(self, dispute: Dispute) -> BankRequest:
        """The request that asks how a dispute stands; it moves nothing."""

    def read_dispute(self, dispute: Dispute, answer: BankAnswer) -> Statement | None:
        """What the answer to either says; None for what is not an explicit answer about the dispute.

        An answer is about a dispute when tenant, reference, target, amount and currency are the dispute's own.
        """

    def forget(self, tenant: str) -> BankRequest:
        """The request that has a bank of test money clear away some of what it knows of a merchant who is no more.

        Raises ValueError for a bank where real money moves.
        """

    def has_forgotten(self, answer: BankAnswer) -> bool:
        """Whether the bank says that this was all."""

    def notification(self, notice: BankNotice) -> Notification | DisputeNotification | None:
        """What a notice says; None for one that cannot be read, or that the bank did not sign."""
