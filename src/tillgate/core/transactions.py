"""Transactions: payments and refunds in one list, each by what it is, whose, and how it went."""

import enum

import msgspec

from tillgate.core.payments import Payment
from tillgate.core.payments import Status as PaymentStatus
from tillgate.core.refunds import Refund, RefundState


class TransactionType(enum.StrEnum):
    """What a transaction is a view of."""

    PAYMENT = "payment"
    REFUND = "refund"


class TransactionStatus(enum.StrEnum):
    """How it went."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


_PREFIXES = {TransactionType.PAYMENT: "pay_", TransactionType.REFUND: "re_"}

_OF_PAYMENTS = {
    PaymentStatus.PENDING: TransactionStatus.PENDING,
    PaymentStatus.REQUIRES_ACTION: TransactionStatus.PENDING,
    PaymentStatus.AUTHORIZED: TransactionStatus.PENDING,
    PaymentStatus.SUCCEEDED: TransactionStatus.SUCCEEDED,
    PaymentStatus.FAILED: TransactionStatus.FAILED,
    PaymentStatus.CANCELED: TransactionStatus.FAILED,
}

_OF_REFUNDS = {
    RefundState.PENDING: TransactionStatus.PENDING,
    RefundState.SUCCEEDED: TransactionStatus.SUCCEEDED,
    RefundState.FAILED: TransactionStatus.FAILED,
}


class Transaction(msgspec.Struct, frozen=True):
    """A line of the list. Its id is the payment's or refund's own under another prefix, so it keeps their order."""

    tenant: str
    id: str
    type: TransactionType
    status: TransactionStatus
    currency: str
    customer: str | None

    @property
    def source(self) -> str:
        """The id of the payment or refund."""
        return _PREFIXES[self.type] + self.id.removeprefix("txn_")


def of_payment(payment: Payment) -> Transaction | None:
    """A payment in the list, once it is announced; one that is asked for in steps, once a bank was asked."""
    if not payment.events or (payment.intent and not payment.attempts_made):
        return None
    customer = payment.customer.id if payment.customer else None
    id, currency = f"txn_{payment.id.removeprefix('pay_')}", payment.amount.currency
    return Transaction(payment.tenant, id, TransactionType.PAYMENT, _OF_PAYMENTS[payment.status], currency, customer)


def of_refund(refund: Refund) -> Transaction | None:
    """A refund in the list, from the first answer of a bank on."""
    if not refund.announced:
        return None
    id, currency = f"txn_{refund.id.removeprefix('re_')}", refund.amount.currency
    return Transaction(refund.tenant, id, TransactionType.REFUND, _OF_REFUNDS[refund.state], currency, refund.customer)
