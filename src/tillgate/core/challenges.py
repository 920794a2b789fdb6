"""Challenges: a customer has so long to prove who they are, and what ends where they do not."""

from tillgate.core import payments
from tillgate.core.attempts import Attempt, Kind, State
from tillgate.core.instants import HOUR, MINUTE, Instant
from tillgate.core.occasions import Occasion
from tillgate.core.payments import Asking, Payment
from tillgate.core.reasons import Reason, Refused
from tillgate.core.three_d_secure import CHALLENGE_LASTS
from tillgate.core.timers import Timer, TimerKind


def expires_at(attempt: Attempt, payment: Payment | None = None) -> Instant:
    """From when on (business time) nobody waits any more for an attempt's challenge to be met.

    It is a little longer than it lasts, so that a bank that counts as we do has ended it by itself; the ticket of a
    payment by phone says it to the moment.
    """
    if payment is not None and payment.ticket is not None and not payments.is_abandoned(payment, attempt):
        return payment.ticket.expires_at
    return attempt.asked_at + CHALLENGE_LASTS + MINUTE


def expiry(before: Payment, payment: Payment, attempt: Attempt) -> tuple[Timer, ...]:
    """The timer that ends a challenge, where the answer to an attempt began one, or its taking off where it ended."""
    if bool(before.action) == bool(payment.action):
        return ()
    # What ends one may be another attempt than that which began it.
    challenged = before.asked.attempt if before.action and before.asked else attempt.id
    due_at = expires_at(attempt, payment) if payment.action else None
    return (Timer(attempt.tenant, TimerKind.EXPIRE_CHALLENGE, challenged, due_at),)


def timer(before: Attempt, attempt: Attempt) -> tuple[Timer, ...]:
    """The same of an attempt by itself, of which nothing else depends."""
    was, now = before.state is State.CHALLENGED, attempt.state is State.CHALLENGED
    if was == now:
        return ()
    return (Timer(attempt.tenant, TimerKind.EXPIRE_CHALLENGE, attempt.id, expires_at(attempt) if now else None),)


def given_up(tenant: str, attempt_id: str, occasion: Occasion) -> tuple[Timer, ...]:
    """The timers that have the bank end, by and by, a challenge that nobody waits for any more."""
    return (
        Timer(tenant, TimerKind.EXPIRE_CHALLENGE, attempt_id, None),
        Timer(tenant, TimerKind.WITHDRAW_CHALLENGE, attempt_id, occasion.wall),
    )


def expire_again(attempt: Attempt, occasion: Occasion) -> Timer:
    """The timer that looks once more after one whose time is over and that the bank has not ended: ever more rarely."""
    over_for = occasion.now - expires_at(attempt)
    due_at = occasion.now + min(max(over_for, 5 * MINUTE), HOUR)
    return Timer(attempt.tenant, TimerKind.EXPIRE_CHALLENGE, attempt.id, due_at)


def withdraw(payment: Payment, challenged: Attempt, occasion: Occasion) -> Asking:
    """End a challenge that was not met in time; what the bank says of it then is what the payment goes by.

    Raises Refused(IN_PROGRESS) while that, or a cancellation, is on its way.
    """
    if payments.is_settling(payment):
        raise Refused(Reason.IN_PROGRESS, "payment", status=payment.status)
    return payments.reserve(
        payment, Kind.WITHDRAW, challenged.amount, occasion, target=challenged.id, bank=challenged.bank
    )
