"""Totals of a payment: what they may be, and what disputes take of them."""

from tillgate.core.payments import Payment
from tillgate.core.records import evolve


def is_sound(payment: Payment) -> bool:
    """Whether no more came back than was taken, and no more was taken and released than was granted."""
    return (
        0 <= payment.refunded + payment.disputed <= payment.captured <= payment.authorized - payment.voided
        and min(payment.refunded, payment.disputed, payment.overdrawn, payment.voided, payment.fees) >= 0
        and (not payment.overdrawn or payment.refunded + payment.disputed == payment.captured)
    )


def disputed(payment: Payment, more: int, dispute: str) -> Payment:
    """The payment of which a bank took `more` minor units over a dispute, or returned them where that is negative."""
    return covered(evolve(payment, disputed=payment.disputed + more, dispute=max(payment.dispute or "", dispute)))


def covered(payment: Payment) -> Payment:
    """The payment with what disputes took of it told apart: `disputed` as far as there is anything left, the rest
    `overdrawn`. A refund that was on its way, or a capture, changes how much that is.
    """
    if not (payment.disputed or payment.overdrawn):
        return payment
    took = payment.disputed + payment.overdrawn
    within = min(took, payment.captured - payment.refunded)
    return evolve(payment, disputed=within, overdrawn=took - within)
