"""Refunds: money given back, in whole or in many parts, never more than was captured."""

import enum

from tillgate.core import metadata, payments
from tillgate.core.attempts import Kind
from tillgate.core.decisions import Decision
from tillgate.core.events import EventType, event
from tillgate.core.instants import Instant
from tillgate.core.metadata import Notes
from tillgate.core.money import Money
from tillgate.core.occasions import Occasion
from tillgate.core.payments import Asking, Failure, Payment
from tillgate.core.phone_wallets import Ticket
from tillgate.core.reasons import Reason, Refused
from tillgate.core.records import Record, evolve


class RefundState(enum.StrEnum):
    """How far a refund is."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class Refund(Record, frozen=True, kw_only=True, omit_defaults=True):
    """Money on its way back to the customer, or there. `reason` is the merchant's own text, `ticket` its payment's."""

    SHAPE = 3

    created: Instant
    payment: str
    attempt: str
    amount: Money
    state: RefundState = RefundState.PENDING
    reason: str | None = None
    metadata: dict[str, str] = {}
    asked_as: dict[str, str] = {}
    failure: Failure | None = None
    announced: bool = False
    customer: str | None = None
    ticket: Ticket | None = None


def ask(
    payment: Payment,
    asked: Money | None,
    occasion: Occasion,
    *,
    reason: str | None = None,
    metadata: dict[str, str] | None = None,
) -> tuple[Refund, Asking]:
    """Set aside what is to be given back, and the question to the bank. Without an amount: all that is left.

    Raises Refused(NOTHING_TO_REFUND) where nothing is refundable (DISPUTED where that is why), and
    Refused(REFUND_EXCEEDS_CAPTURED) where less is.
    """
    refundable = payment.refundable
    if refundable.is_zero:
        busy = payment.reserved(Kind.REFUND) or (payment.in_flight and not payment.captured)
        why = Reason.IN_PROGRESS if busy else Reason.DISPUTED if payment.disputed else Reason.NOTHING_TO_REFUND
        raise Refused(why, "payment", status=payment.status)
    asked = asked or refundable
    if asked > refundable:
        raise Refused(Reason.REFUND_EXCEEDS_CAPTURED, "amount", at_most=refundable)
    refund_id = occasion.mint("re")
    asking = payments.reserve(payment, Kind.REFUND, asked, occasion, target=payment.authorization, refund=refund_id)
    refund = Refund(
        tenant=payment.tenant,
        id=refund_id,
        created=occasion.now,
        payment=payment.id,
        attempt=asking.attempt.id,
        amount=asked,
        reason=reason,
        metadata=metadata or {},
        asked_as=payment.asked_as,
        customer=payment.customer.id if payment.customer else None,
        ticket=payment.ticket,
    )
    return refund, asking


def update(refund: Refund, payment: Payment, notes: Notes, occasion: Occasion) -> tuple[Refund, Decision]:
    """The refund with other metadata, told in its payment's stream once it was announced at all."""
    changed = evolve(refund, metadata=metadata.changed(refund.metadata, notes))
    if changed == refund:
        return refund, Decision()
    if not refund.announced:
        return changed, Decision(save=(changed,))
    counted = evolve(payment, events=payment.events + 1)
    announced = event(EventType.REFUND_UPDATED, changed, payment.id, counted.events, occasion)
    return changed, Decision(save=(counted, changed), announce=(announced,))


def pending_again(refund: Refund) -> Refund:
    """A refund whose question is put to the bank once more."""
    return evolve(refund, state=RefundState.PENDING, failure=None)
