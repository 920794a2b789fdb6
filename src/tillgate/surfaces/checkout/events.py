"""Webhooks on the wire: a checkout in this API's form, and what proves to its application that it is ours."""

import hmac
from collections.abc import Mapping
from typing import Final

from tillgate.core.events import Event, EventType
from tillgate.core.merchants import Tenant
from tillgate.core.payments import Payment
from tillgate.flows.applications import FORM
from tillgate.flows.gateway import Renderers, Signers
from tillgate.surfaces.checkout import messages, shapes

NAMES: Final[Mapping[str, str]] = {
    EventType.CHECKOUT_FOUND: "payment.found",
    EventType.CHECKOUT_UNDERPAID: "payment.underpaid",
    EventType.CHECKOUT_RECEIVED: "payment.received",
    EventType.CHECKOUT_COMPLETED: "payment.completed",
    EventType.CHECKOUT_CANCELED: "payment.cancelled",
    EventType.CHECKOUT_REFUNDED: "payment.refunded",
}

TEST: Final = "payment.test"


def _written(event: Event, tenant: Tenant) -> bytes | None:
    if event.type is EventType.WEBHOOK_ENDPOINT_TEST:
        return messages.encode({"payment": None})
    if event.type not in NAMES or not isinstance(event.view, Payment):
        return None
    return messages.encode({"payment": shapes.payment(event.view)})


def signed(secret: str, type: str, timestamp: int, body: bytes) -> Mapping[str, str]:
    """The headers by which an application knows what it is told, when it was sent, and that we sent it."""
    signature = hmac.digest(secret.encode(), f"{timestamp}.".encode() + body, "sha256").hex()
    return {
        "X-PaymentService-Event": NAMES.get(type, TEST),
        "X-PaymentService-Timestamp": str(timestamp),
        "X-PaymentService-Signature": signature,
    }


_NAME: Final = ":".join(FORM)

RENDERERS: Final[Renderers] = {_NAME: _written}
"""By the form of a webhook endpoint, how it is told."""

SIGNERS: Final[Signers] = {_NAME: signed}
"""By the same, what signs for its application."""
