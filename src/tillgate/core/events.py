"""Events: facts worth telling, with the view of their subject as it was."""

import enum

import msgspec

from tillgate.core.escrow_numbers import Numbers
from tillgate.core.instants import Instant
from tillgate.core.occasions import Occasion
from tillgate.core.records import Record


class EventType(enum.StrEnum):
    """What can be announced."""

    PAYMENT_CREATED = "payment.created"
    PAYMENT_AUTHORIZED = "payment.authorized"
    PAYMENT_SUCCEEDED = "payment.succeeded"
    PAYMENT_CAPTURED = "payment.captured"
    """A further capture of a payment that had succeeded already."""
    PAYMENT_CAPTURE_FAILED = "payment.capture_failed"
    PAYMENT_FAILED = "payment.failed"
    PAYMENT_CANCELED = "payment.canceled"
    PAYMENT_UPDATED = "payment.updated"
    """The merchant changed its description or metadata."""
    PAYMENT_RELEASED = "payment.released"
    """The rest of a partly captured payment was given up or expired, or what was granted after it was canceled."""
    PAYMENT_INTENT_CREATED = "payment_intent.created"
    PAYMENT_INTENT_REQUIRES_ACTION = "payment_intent.requires_action"
    PAYMENT_INTENT_PROCESSING = "payment_intent.processing"
    """Its bank works on it, and answers later."""
    PAYMENT_INTENT_AMOUNT_CAPTURABLE_UPDATED = "payment_intent.amount_capturable_updated"
    PAYMENT_INTENT_SUCCEEDED = "payment_intent.succeeded"
    PAYMENT_INTENT_PAYMENT_FAILED = "payment_intent.payment_failed"
    PAYMENT_INTENT_CANCELED = "payment_intent.canceled"
    SETUP_INTENT_CREATED = "setup_intent.created"
    SETUP_INTENT_REQUIRES_ACTION = "setup_intent.requires_action"
    SETUP_INTENT_SUCCEEDED = "setup_intent.succeeded"
    SETUP_INTENT_SETUP_FAILED = "setup_intent.setup_failed"
    SETUP_INTENT_CANCELED = "setup_intent.canceled"
    CHECKOUT_FOUND = "checkout.found"
    """Money for a checkout is on its way."""
    CHECKOUT_UNDERPAID = "checkout.underpaid"
    CHECKOUT_RECEIVED = "checkout.received"
    CHECKOUT_COMPLETED = "checkout.completed"
    """The last that is told of a checkout that was paid: whoever takes it has confirmed it."""
    CHECKOUT_CANCELED = "checkout.canceled"
    CHECKOUT_REFUNDED = "checkout.refunded"
    CHECKOUT_SESSION_COMPLETED = "checkout.session.completed"
    CHECKOUT_SESSION_EXPIRED = "checkout.session.expired"
    """Nobody can pay it any more: its time is over, it was given up, or tried too often."""
    ESCROW_ORDER_PAID = "escrow_order.paid"
    """Its money is held."""
    ESCROW_ORDER_DELIVERED = "escrow_order.delivered"
    ESCROW_ORDER_ACCEPTED = "escrow_order.accepted"
    ESCROW_ORDER_REJECTED = "escrow_order.rejected"
    ESCROW_ORDER_REJECTION_CONFIRMED = "escrow_order.rejection_confirmed"
    """What came back is in good condition."""
    ESCROW_ORDER_SECOND_DELIVERY = "escrow_order.second_delivery"
    ESCROW_ORDER_CONTESTED = "escrow_order.contested"
    ESCROW_ORDER_DISPUTED = "escrow_order.disputed"
    ESCROW_ORDER_DISPUTE_WITHDRAWN = "escrow_order.dispute_withdrawn"
    ESCROW_ORDER_DISPUTE_RESOLVED = "escrow_order.dispute_resolved"
    ESCROW_ORDER_RESUMED = "escrow_order.resumed"
    ESCROW_ORDER_CANCELED = "escrow_order.canceled"
    ESCROW_ORDER_COMPLETED = "escrow_order.completed"
    """Nothing of its money is held any more."""
    REFUND_CREATED = "refund.created"
    REFUND_UPDATED = "refund.updated"
    DISPUTE_CREATED = "dispute.created"
    DISPUTE_UPDATED = "dispute.updated"
    DISPUTE_FUNDS_WITHDRAWN = "dispute.funds_withdrawn"
    DISPUTE_FUNDS_REINSTATED = "dispute.funds_reinstated"
    DISPUTE_CLOSED = "dispute.closed"
    PAYOUT_CREATED = "payout.created"
    PAYOUT_PAID = "payout.paid"
    PAYOUT_FAILED = "payout.failed"
    PAYOUT_CANCELED = "payout.canceled"
    CUSTOMER_CREATED = "customer.created"
    CUSTOMER_UPDATED = "customer.updated"
    CUSTOMER_DELETED = "customer.deleted"
    PAYMENT_METHOD_ATTACHED = "payment_method.attached"
    PAYMENT_METHOD_UPDATED = "payment_method.updated"
    PAYMENT_METHOD_DETACHED = "payment_method.detached"
    WEBHOOK_ENDPOINT_DISABLED = "webhook_endpoint.disabled"
    """An endpoint was switched off since it kept failing, or said that it is gone."""
    WEBHOOK_ENDPOINT_TEST = "webhook_endpoint.test"
    """Asked for by the merchant, and sent to the endpoint that is tested alone."""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """A fact. `stream` keeps events in order, `sequence` counts in it from 1; what is about a payment is in its stream.

    `view` is the record as it was at that moment, from which each surface renders its own form. `number` is that of
    its merchant's day, given inside the commit, so that it is known on reading only; so are `numbers`, where they are
    looked up for a surface that tells of them.
    """

    tenant: str
    id: str
    type: EventType
    stream: str
    sequence: int
    created: Instant
    view: Record
    actor: str
    surface: str
    request_id: str
    number: int | None = None
    numbers: Numbers | None = None


def event(type: EventType, view: Record, stream: str, sequence: int, occasion: Occasion) -> Event:
    """The announcement of `type` as of an occasion."""
    return Event(
        tenant=view.tenant,
        id=occasion.mint("evt"),
        type=type,
        stream=stream,
        sequence=sequence,
        created=occasion.now,
        view=view,
        actor=occasion.actor,
        surface=occasion.surface,
        request_id=occasion.request_id,
    )
