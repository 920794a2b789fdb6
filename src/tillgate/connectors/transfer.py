"""The connector of the bank at which money arrives by itself: it is asked for nothing but to send some back."""

from collections.abc import Mapping
from typing import Final

from tillgate.connectors.contract import (
    BankAnswer,
    BankNotice,
    BankRequest,
    DisputeNotification,
    Notification,
    Question,
)
from tillgate.connectors.sandbox import SandboxConnector
from tillgate.core import arrival_moves, creditor_references, epc_qr
from tillgate.core.attempts import Attempt, Kind, Outcome
from tillgate.core.cards import Card
from tillgate.core.disputes import Dispute, Statement
from tillgate.core.instructions import Field, How, Instructions, Offer, Owed
from tillgate.core.records import evolve

NAME: Final = arrival_moves.BANK

KINDS: Final = (Kind.REFUND, Kind.PAYOUT)
"""What it is asked for: to send money to whoever it came from."""

_OFFER: Final = Offer(provider="bank", method="transfer", title="Bank transfer", how=How.TRANSFER)


class TransferConnector:
    """Tells payers where to send money to, and has the sandbox bank send some back, as it sends payouts.

    `secrets` are those of the sandbox's connector.
    """

    name = NAME
    is_live = False

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._bank = SandboxConnector(secrets)

    @property
    def offers(self) -> tuple[Offer, ...]:
        """As in the contract."""
        return (_OFFER,)

    def instructions(self, offer: Offer, owed: Owed) -> Instructions:
        """As in the contract. Raises ValueError where nobody says to which account, and under which reference."""
        account = owed.account
        if account is None or not owed.reference:
            raise ValueError(f"{owed.payment} is paid into an account, under a reference")
        amount = owed.amount.formatted()
        bank = (Field("BIC", account.bic, copyable=True),) if account.bic else ()
        qr = epc_qr.text(account.holder, account.iban, account.bic, owed.amount, owed.reference)
        scan = ("Scan the code with your banking app, or open a new transfer there.",)
        return Instructions(
            title="Pay by bank transfer",
            steps=(
                *(scan if qr else ("Open a new transfer in your banking app.",)),
                f"Send exactly {amount} to the account below.",
                "Quote the reference: we find your payment by it.",
            ),
            fields=(
                Field("Account holder", account.holder, copyable=True),
                Field("IBAN", account.iban, copyable=True),
                *bank,
                Field("Reference", creditor_references.shown(owed.reference), copyable=True),
                Field("Amount", owed.amount.decimal_text(), copyable=True),
                Field("Currency", owed.amount.currency),
            ),
            qr=qr,
        )

    def settles_at_once(self, card: Card) -> bool:
        """As in the contract: there are no cards here."""
        return False

    def write(self, question: Question) -> BankRequest:
        """As in the contract. An account that is unknown is for the bank to refuse."""
        attempt = question.attempt
        if attempt.kind not in KINDS:
            raise ValueError(f"{attempt.id} is not asked of a bank at which money arrives by itself")
        return self._bank.write_transfer(question)

    def inquire(self, attempt: Attempt) -> BankRequest:
        """As in the contract."""
        return self._bank.inquire(attempt)

    def read(self, attempt: Attempt, answer: BankAnswer) -> Outcome:
        """As in the contract."""
        return self._bank.read(_sent(attempt), answer)

    def read_inquiry(self, attempt: Attempt, answer: BankAnswer) -> Outcome:
        """As in the contract."""
        return self._bank.read_inquiry(_sent(attempt), answer)

    def respond(self, dispute: Dispute) -> BankRequest:
        """As in the contract: nobody disputes here what they sent themselves."""
        raise ValueError(f"{dispute.id} is not about a transfer")

    def inquire_dispute(self, dispute: Dispute) -> BankRequest:
        """As `respond`."""
        raise ValueError(f"{dispute.id} is not about a transfer")

    def read_dispute(self, dispute: Dispute, answer: BankAnswer) -> Statement | None:
        """As in the contract: this bank says nothing of disputes."""
        return None

    def forget(self, tenant: str) -> BankRequest:
        """As in the contract."""
        return self._bank.forget(tenant)

    def has_forgotten(self, answer: BankAnswer) -> bool:
        """As in the contract."""
        return self._bank.has_forgotten(answer)

    def notification(self, notice: BankNotice) -> Notification | DisputeNotification | None:
        """As in the contract. What arrives is told by statements, and not by notices."""
        return self._bank.notification(notice)


def _sent(attempt: Attempt) -> Attempt:
    """To the bank it is money that it sends, whatever for."""
    return evolve(attempt, kind=Kind.PAYOUT)
