"""Webhooks: what is posted to a merchant's endpoint when something has happened."""

import re
from collections.abc import Container
from typing import Any, Final

from tillgate.core.events import EventType

_TOLD: Final = {
    EventType.PAYMENT_CREATED: "A payment was asked for.",
    EventType.PAYMENT_AUTHORIZED: "The money of a payment is held, to be captured.",
    EventType.PAYMENT_SUCCEEDED: "A payment was captured.",
    EventType.PAYMENT_CAPTURED: "A further part of a payment was captured.",
    EventType.PAYMENT_CAPTURE_FAILED: "A capture was declined.",
    EventType.PAYMENT_FAILED: "A payment was declined.",
    EventType.PAYMENT_CANCELED: "A payment was canceled, or its authorization expired.",
    EventType.PAYMENT_RELEASED: "What was left of an authorization was released.",
    EventType.PAYMENT_UPDATED: "You changed a payment's description or metadata.",
    EventType.PAYMENT_INTENT_CREATED: "A payment intent was opened.",
    EventType.PAYMENT_INTENT_REQUIRES_ACTION: "The customer of a payment intent has to prove who they are.",
    EventType.PAYMENT_INTENT_PROCESSING: "The bank works on a payment intent, and answers later.",
    EventType.PAYMENT_INTENT_AMOUNT_CAPTURABLE_UPDATED: "The money of a payment intent is held, to be captured.",
    EventType.PAYMENT_INTENT_SUCCEEDED: "A payment intent was captured.",
    EventType.PAYMENT_INTENT_PAYMENT_FAILED: "The card of a payment intent was declined. It takes another.",
    EventType.PAYMENT_INTENT_CANCELED: "A payment intent was canceled, or its authorization expired.",
    EventType.SETUP_INTENT_CREATED: "A setup intent was opened.",
    EventType.SETUP_INTENT_REQUIRES_ACTION: "The customer of a setup intent has to prove who they are.",
    EventType.SETUP_INTENT_SUCCEEDED: "A card was verified, and is kept for its customer.",
    EventType.SETUP_INTENT_SETUP_FAILED: "The card of a setup intent was declined. It takes another.",
    EventType.SETUP_INTENT_CANCELED: "A setup intent was canceled.",
    EventType.CHECKOUT_FOUND: "Money for a checkout is on its way.",
    EventType.CHECKOUT_UNDERPAID: "A part of what a checkout asks for has come.",
    EventType.CHECKOUT_RECEIVED: "All that a checkout asks for has come.",
    EventType.CHECKOUT_COMPLETED: "A checkout was paid; nothing but a refund follows.",
    EventType.CHECKOUT_CANCELED: "A checkout was canceled, or expired.",
    EventType.CHECKOUT_REFUNDED: "All that was paid for a checkout was given back.",
    EventType.CHECKOUT_SESSION_COMPLETED: "A checkout session was paid in full.",
    EventType.CHECKOUT_SESSION_EXPIRED: "Nobody can pay a checkout session any more, and nobody has.",
    EventType.ESCROW_ORDER_PAID: "An escrow order was paid, and its money is held.",
    EventType.ESCROW_ORDER_DELIVERED: "An escrow order was delivered. Its buyer accepts or rejects it.",
    EventType.ESCROW_ORDER_ACCEPTED: "The buyer accepted an escrow order, or did not say anything in time.",
    EventType.ESCROW_ORDER_REJECTED: "The buyer rejected an escrow order.",
    EventType.ESCROW_ORDER_REJECTION_CONFIRMED: "What the buyer of an escrow order sent back is in good condition.",
    EventType.ESCROW_ORDER_SECOND_DELIVERY: "The buyer of an escrow order waits for a second delivery.",
    EventType.ESCROW_ORDER_CONTESTED: "What the buyer of an escrow order sent back is not in good condition.",
    EventType.ESCROW_ORDER_DISPUTED: "An escrow order is before the manager, who decides.",
    EventType.ESCROW_ORDER_DISPUTE_WITHDRAWN: "The buyer or the seller of an escrow order let the other be right.",
    EventType.ESCROW_ORDER_DISPUTE_RESOLVED: "The dispute about an escrow order was decided.",
    EventType.ESCROW_ORDER_RESUMED: "An escrow order goes on where it was when the dispute began.",
    EventType.ESCROW_ORDER_CANCELED: "An escrow order was canceled, or not delivered in time.",
    EventType.ESCROW_ORDER_COMPLETED: "All the money of an escrow order is with whose it is.",
    EventType.REFUND_CREATED: "A refund was asked for.",
    EventType.REFUND_UPDATED: "A refund succeeded or failed.",
    EventType.DISPUTE_CREATED: "A cardholder objects to a payment.",
    EventType.DISPUTE_UPDATED: "The evidence or the status of a dispute changed.",
    EventType.DISPUTE_FUNDS_WITHDRAWN: "The bank took back what is disputed, and the fee was charged.",
    EventType.DISPUTE_FUNDS_REINSTATED: "The bank returned what was disputed.",
    EventType.DISPUTE_CLOSED: "A dispute is won or lost.",
    EventType.PAYOUT_CREATED: "A payout was asked for, or made by your schedule.",
    EventType.PAYOUT_PAID: "The bank has carried out a payout.",
    EventType.PAYOUT_FAILED: "A payout failed, maybe after it was paid, and the money is back in the balance.",
    EventType.PAYOUT_CANCELED: "A payout was canceled, and the money is back in the balance.",
    EventType.CUSTOMER_CREATED: "There is a new customer.",
    EventType.CUSTOMER_UPDATED: "Something of a customer was changed.",
    EventType.CUSTOMER_DELETED: "A customer was deleted, and what was known of them was erased.",
    EventType.PAYMENT_METHOD_ATTACHED: "A payment method is kept for a customer.",
    EventType.PAYMENT_METHOD_UPDATED: "Something of a payment method was changed.",
    EventType.PAYMENT_METHOD_DETACHED: "A payment method was taken from its customer, and its number destroyed.",
    EventType.WEBHOOK_ENDPOINT_DISABLED: "A webhook endpoint was switched off: it failed for five days, or is gone.",
    EventType.WEBHOOK_ENDPOINT_TEST: "You asked for a test of a webhook endpoint.",
}

_SHOWN_AS: Final = {"checkout": "payment", "checkout.session": "checkout_session"}
"""What events are about that is shown as something else: a checkout is a payment."""


def told(type: EventType) -> str:
    """What an event of a type says, in a sentence."""
    return _TOLD.get(type, "")


def described(known: Container[str]) -> dict[str, Any]:
    """The webhooks of the OpenAPI document, by the type of their event; `known` are the schemas by name."""
    return {
        type.value: {
            "post": {
                "operationId": "on" + "".join(word.capitalize() for word in re.split("[._]", type.value)),
                "summary": told(type).rstrip("."),
                "tags": ["Webhooks"],
                "requestBody": {"content": {"application/json": {"schema": _body(type, known)}}},
                "responses": {"2XX": {"description": "Any 2xx within 15 seconds says that you have it."}},
            }
        }
        for type in EventType
    }


def _body(type: EventType, known: Container[str]) -> dict[str, Any]:
    noun = type.value.rpartition(".")[0]
    noun = _SHOWN_AS.get(noun, noun)
    name = "".join(word.capitalize() for word in noun.split("_"))
    subject = {"$ref": f"#/components/schemas/{name}"} if name in known else {"type": "object"}
    return {
        "type": "object",
        "required": ["id", "object", "type", "created", "livemode", "sequence", "data"],
        "properties": {
            "id": {
                "type": "string",
                "description": "The event's id. It is the same at every try: use it to recognize one.",
            },
            "object": {"const": "event"},
            "type": {"const": type.value},
            "created": {
                "type": "integer",
                "format": "int64",
                "description": "When it happened, in seconds since 1970.",
            },
            "livemode": {"type": "boolean"},
            "sequence": {
                "type": "integer",
                "format": "int64",
                "description": "Counts the events of one payment from 1.",
            },
            "data": {
                "type": "object",
                "required": ["object"],
                "properties": {"object": {**subject, "description": f"The {noun.replace('_', ' ')} as it was then."}},
            },
        },
    }
