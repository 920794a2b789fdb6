"""Abandonment: attempts by card that were given up for another card, and the challenges that they left open."""

import msgspec

from tillgate.core import challenges, payments
from tillgate.core.attempts import Attempt, Kind
from tillgate.core.decisions import Decision
from tillgate.core.occasions import Occasion
from tillgate.core.payments import Asking, Payment
from tillgate.core.reasons import Reason, Refused
from tillgate.core.records import evolve
from tillgate.core.reservations import BY_CARD


def freed(payment: Payment, occasion: Occasion) -> tuple[Payment, Decision]:
    """The payment ready for another card: a challenge that is open is given up, and the bank told so by and by.

    What the bank grants all the same goes back (core.reversals). Who is asked on the phone is asked for no card, unless
    they choose themselves how to pay.
    Raises Refused(IN_PROGRESS) while a cancellation is on its way.
    """
    asked = payment.asked
    by_phone_only = payment.ticket is not None and payment.checkout is None
    if payment.status is not payments.Status.REQUIRES_ACTION or asked is None or by_phone_only:
        return payment, Decision()
    if payments.is_settling(payment):
        raise Refused(Reason.IN_PROGRESS, "payment", status=payment.status)
    others = tuple(held for held in payment.in_flight if held.kind not in BY_CARD)
    free = evolve(payment, abandoned=payment.attempts_made, in_flight=others, action=None)
    return free, Decision(schedule=challenges.given_up(payment.tenant, asked.attempt, occasion))


def withdraw(payment: Payment, given_up: Attempt, occasion: Occasion) -> Asking:
    """Have the bank end a challenge that was given up, so that nobody meets it any more; it sets nothing aside."""
    asking = payments.reserve(payment, Kind.WITHDRAW, given_up.amount, occasion, target=given_up.id, bank=given_up.bank)
    after = evolve(asking.payment, in_flight=payment.in_flight, failure=payment.failure)
    return Asking(after, asking.attempt, msgspec.structs.replace(asking.decision, save=(after, asking.attempt)))
