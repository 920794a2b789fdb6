"""Checkout sessions: checkouts under another name, for programs that think in sessions, and what opens one by it."""

import enum
from collections.abc import Iterable
from typing import Final

from tillgate.core import checkout_payments
from tillgate.core.checkout_payments import CheckoutStatus
from tillgate.core.checkouts import Line
from tillgate.core.instants import DAY, Duration
from tillgate.core.money import Money
from tillgate.core.payments import Payment
from tillgate.core.reasons import Reason, Refused
from tillgate.core.terms import Terms

LASTS: Final[Duration] = DAY
"""How long a session can be paid, unless its merchant says otherwise."""

PREFIX: Final = "cs_"
PLACEHOLDER: Final = "{CHECKOUT_SESSION_ID}"
"""What stands for the session's id in the address to which who has paid is sent."""


class SessionStatus(enum.StrEnum):
    """Where a session stands; derived from its payment's facts."""

    OPEN = "open"
    COMPLETE = "complete"
    """All of it has come."""
    EXPIRED = "expired"
    """Nobody can pay it any more, and nobody has."""


_OVER: Final = frozenset({CheckoutStatus.CANCELED, CheckoutStatus.ERROR, CheckoutStatus.REFUNDED})


def name(payment_id: str) -> str:
    """The id of a payment's session."""
    return PREFIX + payment_id.removeprefix("pay_")


def status(payment: Payment) -> SessionStatus:
    """Where a session stands, by its payment's facts alone; what was paid stays complete, whatever is given back."""
    if checkout_payments.of(payment).received_at is not None:
        return SessionStatus.COMPLETE
    return SessionStatus.EXPIRED if checkout_payments.status(payment) in _OVER else SessionStatus.OPEN


def reference(payment: Payment) -> str | None:
    """The merchant's own name for what is paid; a session that was given none goes by its own."""
    given = checkout_payments.of(payment).reference
    return None if given == name(payment.id) else given


def lines(payment: Payment) -> tuple[Line, ...]:
    """What is paid for: its lines, or all of it in one."""
    checkout = checkout_payments.of(payment)
    return checkout.lines or (Line(name=checkout.reference_label, unit_amount=payment.amount.amount),)


def total(lines: Iterable[Line], currency: str) -> Money:
    """What lines cost together. Raises Refused(AMOUNT_INVALID) for what is no amount."""
    try:
        return Money(sum(line.amount for line in lines), currency)
    except ValueError:
        raise Refused(Reason.AMOUNT_INVALID, "line_items") from None


def label(lines: Iterable[Line]) -> str:
    """What payers read of what they pay for: `2 × Mug, Tea`."""
    return ", ".join(line.name if line.quantity == 1 else f"{line.quantity} × {line.name}" for line in lines)


def terms(payment: Payment) -> Terms:
    """By what a session is found: by its status, and the link that it came by."""
    if payment.checkout is None:
        return frozenset()
    found = {("session.status", status(payment).value)}
    return frozenset(found | ({("session.link", payment.checkout.link)} if payment.checkout.link else set()))
