"""Reversals: giving back what a bank granted though the payment had been granted before, or given up."""

import msgspec

from tillgate.core import payments, repeats
from tillgate.core.attempts import Attempt, Kind, State
from tillgate.core.money import Money
from tillgate.core.occasions import Occasion
from tillgate.core.payments import Asking, Payment
from tillgate.core.reasons import Reason, Refused
from tillgate.core.records import evolve
from tillgate.core.reservations import Surplus


def reverse(payment: Payment, surplus: Surplus, last: Attempt | None, occasion: Occasion) -> Asking:
    """Give back what was granted once too often; `last` is the attempt to do so that was made before, if one was.

    A question that the bank never saw is put again under its reference, so that nothing goes back twice.
    Raises Refused(IN_PROGRESS) while it is on its way.
    """
    if last is not None and last.state is State.NEVER_SEEN:
        return repeats.ask_again(payment, last, occasion)
    if last is not None and last.state is not State.DECLINED:
        raise Refused(Reason.IN_PROGRESS, "payment", status=payment.status)
    kind = Kind.RETURN if surplus.kind is Kind.CHARGE else Kind.RELEASE
    money = Money(surplus.amount, payment.amount.currency)
    asking = payments.reserve(
        payment, kind, money, occasion, target=surplus.attempt, cause="surplus", bank=surplus.bank
    )
    known = tuple(
        msgspec.structs.replace(one, reversal=asking.attempt.id) if one.attempt == surplus.attempt else one
        for one in payment.surplus
    )
    reserved = evolve(asking.payment, surplus=known, failure=payment.failure)
    return Asking(reserved, asking.attempt, msgspec.structs.replace(asking.decision, save=(reserved, asking.attempt)))
