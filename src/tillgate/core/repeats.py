"""Repeats: a question that a bank never saw, put again under its reference for the client that repeats its request."""

from tillgate.core import attempts, payments
from tillgate.core.attempts import Attempt, Kind
from tillgate.core.decisions import Decision
from tillgate.core.occasions import Occasion
from tillgate.core.payments import Asking, Payment, Status
from tillgate.core.reasons import Reason, Refused
from tillgate.core.records import evolve
from tillgate.core.reservations import REVERSALS


def ask_again(payment: Payment, attempt: Attempt, occasion: Occasion) -> Asking:
    """Put a question that the bank never saw once more, under the same reference, for the client that repeats it.

    Raises Refused(IN_PROGRESS) where the payment has moved on meanwhile, so that the question no longer fits.
    """
    if not _still_fits(payment, attempt):
        raise Refused(Reason.IN_PROGRESS, "payment", status=payment.status)
    again = attempts.ask_again(attempt, occasion)
    # What goes back was none of the payment's: why the payment failed stands.
    failure = payment.failure if attempt.kind in REVERSALS else None
    reserved = evolve(payment, in_flight=payments.set_aside(payment, again), failure=failure)
    return Asking(reserved, again, Decision(save=(reserved, again), schedule=(payments.inquiry(again, occasion),)))


def _still_fits(payment: Payment, attempt: Attempt) -> bool:
    match attempt.kind:
        case Kind.CHARGE | Kind.AUTHORIZE:
            waits = payment.status in (Status.PENDING, Status.FAILED) and not payment.is_asking
            return waits and not payments.is_abandoned(payment, attempt)
        case Kind.CAPTURE:
            return payment.capturable >= attempt.amount
        case Kind.VOID if payments.is_abandoned(payment, attempt):
            return False
        case Kind.VOID if payment.action and payment.asked:
            return attempt.target == payment.asked.attempt and not payments.is_settling(payment)
        case Kind.VOID:
            return payment.capturable == attempt.amount and not payments.is_settling(payment)
        case Kind.REFUND:
            return payment.refundable >= attempt.amount
        case Kind.RETURN | Kind.RELEASE:
            return any(one.reversal == attempt.id for one in payment.surplus)
        case Kind.WITHDRAW | Kind.PAYOUT | Kind.VERIFY:
            return False
