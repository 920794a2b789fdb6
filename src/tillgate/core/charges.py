"""Charges: a payment once more, as what its card was charged, for programs that think in charges."""

import enum
from typing import Final

from tillgate.core.payments import CaptureMethod, Payment

_MOST_CAPTURES: Final = 20


class ChargeStatus(enum.StrEnum):
    """How it went with the card: what is only held succeeded too."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


def is_made(payment: Payment) -> bool:
    """Whether there is a charge: whether a bank was asked for the money, or it came by itself."""
    return payment.attempts_made > 0 or payment.authorized > 0


def status(payment: Payment) -> ChargeStatus:
    """Where a payment stands with its card."""
    if payment.authorized:
        return ChargeStatus.SUCCEEDED
    if payment.canceled or (payment.failure and not payment.action):
        return ChargeStatus.FAILED
    return ChargeStatus.PENDING


def captures(payment: Payment) -> tuple[str, ...]:
    """The natural ids that the entry of a payment's first capture may have, in the order in which they could be."""
    if not payment.captured or payment.authorization is None:
        return ()
    if payment.capture_method is CaptureMethod.AUTOMATIC:
        return (f"{payment.authorization}:captured",)
    attempt, _, number = payment.authorization.rpartition("_")
    numbers = range(int(number) + 1, payment.attempts_made + 1)[:_MOST_CAPTURES]
    return tuple(f"{attempt}_{number}:captured" for number in numbers)
