"""Transactions: payments and refunds in one list, each by what it is, whose, how much, and how it went."""

import enum
from typing import NamedTuple

import msgspec

from tillgate.core import charges, payment_intents
from tillgate.core.charges import ChargeStatus
from tillgate.core.payment_intents import IntentStatus
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


class Stage(enum.StrEnum):
    """Where a payment or a refund stands, told apart as finely as any list does: by one of these each is found."""

    DRAFT_WITHOUT_METHOD = "draft_without_method"
    """An intent of which no bank has heard, without a card."""
    DRAFT = "draft"
    """An intent of which no bank has heard, with a card."""
    DRAFT_CANCELED = "draft_canceled"
    REQUIRES_METHOD = "requires_method"
    """The last card was taken away again."""
    REQUIRES_CONFIRMATION = "requires_confirmation"
    """There is another card than the one that was declined."""
    PROCESSING = "processing"
    REQUIRES_ACTION = "requires_action"
    AUTHORIZED = "authorized"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    RETRIED = "retried"
    """It failed, and a bank is being asked once more."""
    CANCELED = "canceled"
    RELEASED = "released"
    """It was canceled after it had been authorized."""
    REFUND_PENDING = "refund_pending"
    REFUND_SUCCEEDED = "refund_succeeded"
    REFUND_FAILED = "refund_failed"


class _Names(NamedTuple):
    """What a stage is called in each list; a draft is in those of charges and transactions not at all."""

    payment: PaymentStatus
    intent: IntentStatus
    charge: ChargeStatus | None
    transaction: TransactionStatus | None


_OF_PAYMENTS: dict[Stage, _Names] = {
    Stage.DRAFT_WITHOUT_METHOD: _Names(PaymentStatus.PENDING, IntentStatus.REQUIRES_PAYMENT_METHOD, None, None),
    Stage.DRAFT: _Names(PaymentStatus.PENDING, IntentStatus.REQUIRES_CONFIRMATION, None, None),
    Stage.DRAFT_CANCELED: _Names(PaymentStatus.CANCELED, IntentStatus.CANCELED, None, None),
    Stage.REQUIRES_METHOD: _Names(
        PaymentStatus.PENDING, IntentStatus.REQUIRES_PAYMENT_METHOD, ChargeStatus.PENDING, TransactionStatus.PENDING
    ),
    Stage.REQUIRES_CONFIRMATION: _Names(
        PaymentStatus.PENDING, IntentStatus.REQUIRES_CONFIRMATION, ChargeStatus.PENDING, TransactionStatus.PENDING
    ),
    Stage.PROCESSING: _Names(
        PaymentStatus.PENDING, IntentStatus.PROCESSING, ChargeStatus.PENDING, TransactionStatus.PENDING
    ),
    Stage.REQUIRES_ACTION: _Names(
        PaymentStatus.REQUIRES_ACTION, IntentStatus.REQUIRES_ACTION, ChargeStatus.PENDING, TransactionStatus.PENDING
    ),
    Stage.AUTHORIZED: _Names(
        PaymentStatus.AUTHORIZED, IntentStatus.REQUIRES_CAPTURE, ChargeStatus.SUCCEEDED, TransactionStatus.PENDING
    ),
    Stage.SUCCEEDED: _Names(
        PaymentStatus.SUCCEEDED, IntentStatus.SUCCEEDED, ChargeStatus.SUCCEEDED, TransactionStatus.SUCCEEDED
    ),
    Stage.FAILED: _Names(
        PaymentStatus.FAILED, IntentStatus.REQUIRES_PAYMENT_METHOD, ChargeStatus.FAILED, TransactionStatus.FAILED
    ),
    Stage.RETRIED: _Names(PaymentStatus.FAILED, IntentStatus.PROCESSING, ChargeStatus.FAILED, TransactionStatus.FAILED),
    Stage.CANCELED: _Names(
        PaymentStatus.CANCELED, IntentStatus.CANCELED, ChargeStatus.FAILED, TransactionStatus.FAILED
    ),
    Stage.RELEASED: _Names(
        PaymentStatus.CANCELED, IntentStatus.CANCELED, ChargeStatus.SUCCEEDED, TransactionStatus.FAILED
    ),
}


_OF_REFUNDS = {
    Stage.REFUND_PENDING: RefundState.PENDING,
    Stage.REFUND_SUCCEEDED: RefundState.SUCCEEDED,
    Stage.REFUND_FAILED: RefundState.FAILED,
}

_BY_NAMES = {(names.payment, names.intent, names.charge): stage for stage, names in _OF_PAYMENTS.items()}
_BY_STATES = {state: stage for stage, state in _OF_REFUNDS.items()}

_STATUSES = {stage: names.transaction for stage, names in _OF_PAYMENTS.items() if names.transaction} | {
    stage: TransactionStatus(state) for stage, state in _OF_REFUNDS.items()
}

PAYMENTS = tuple(_OF_PAYMENTS)
REFUNDS = tuple(_OF_REFUNDS)


def stages(
    *,
    payment: PaymentStatus | None = None,
    intent: IntentStatus | None = None,
    charge: ChargeStatus | None = None,
    refund: RefundState | None = None,
) -> tuple[Stage, ...]:
    """The stages that one list or another calls by a status."""
    if refund is not None:
        return (_BY_STATES[refund],)
    return tuple(
        stage
        for stage, names in _OF_PAYMENTS.items()
        if payment in (None, names.payment) and intent in (None, names.intent) and charge in (None, names.charge)
    )


def of_payment_status(status: str) -> tuple[Stage, ...]:
    """The stages that payments call by a status; none where there is no such status."""
    return tuple(stage for stage, names in _OF_PAYMENTS.items() if names.payment == status)


def of_intent_status(status: str) -> tuple[Stage, ...]:
    """The stages that intents call by a status; none where there is no such status."""
    return tuple(stage for stage, names in _OF_PAYMENTS.items() if names.intent == status)


def of_charge_status(status: str) -> tuple[Stage, ...]:
    """The stages that charges call by a status; none where there is no such status."""
    return tuple(stage for stage, names in _OF_PAYMENTS.items() if names.charge == status)


def listed(status: TransactionStatus | None = None, type: TransactionType | None = None) -> tuple[Stage, ...]:
    """The stages of the transactions of a type and a status, or of any."""
    return tuple(
        stage for stage, found in _STATUSES.items() if status in (None, found) and type in (None, _type(stage))
    )


def _type(stage: Stage) -> TransactionType:
    return TransactionType.REFUND if stage in _OF_REFUNDS else TransactionType.PAYMENT


PREFIXES = {TransactionType.PAYMENT: "pay_", TransactionType.REFUND: "re_"}


class Transaction(msgspec.Struct, frozen=True):
    """A line of the list. Its id is the payment's or refund's own under another prefix, so it keeps their order.

    `amount` is in minor units. One without `status`, of a draft, is in no list of transactions.
    """

    tenant: str
    id: str
    stage: Stage
    currency: str
    amount: int
    customer: str | None

    @property
    def type(self) -> TransactionType:
        """What it is a view of."""
        return _type(self.stage)

    @property
    def status(self) -> TransactionStatus | None:
        """How it went."""
        return _STATUSES.get(self.stage)

    @property
    def source(self) -> str:
        """The id of the payment or refund."""
        return PREFIXES[self.type] + self.id.removeprefix("txn_")


def of_payment(payment: Payment) -> Transaction | None:
    """A payment as a line, once it is announced."""
    if not payment.events:
        return None
    customer = payment.customer.id if payment.customer else None
    is_draft = payment.intent is not None and not charges.is_made(payment)
    charge = None if is_draft else charges.status(payment)
    stage = _BY_NAMES[payment.status, payment_intents.status(payment), charge]
    id, amount = f"txn_{payment.id.removeprefix('pay_')}", payment.amount
    return Transaction(payment.tenant, id, stage, amount.currency, amount.amount, customer)


def of_refund(refund: Refund) -> Transaction | None:
    """A refund as a line, from the first answer of a bank on."""
    if not refund.announced:
        return None
    id, amount = f"txn_{refund.id.removeprefix('re_')}", refund.amount
    return Transaction(refund.tenant, id, _BY_STATES[refund.state], amount.currency, amount.amount, refund.customer)
