"""Webhooks on the wire: an event of a payment by phone in the vendor's form; nothing of any other (ath_movil.md)."""

from typing import Any, Final

import msgspec

from tillgate.core import cancellations
from tillgate.core.events import Event, EventType
from tillgate.core.merchants import Tenant
from tillgate.core.payments import Payment
from tillgate.core.phone_wallets import Item, Ticket
from tillgate.core.refunds import Refund, RefundState
from tillgate.flows.gateway import Renderers
from tillgate.surfaces.athmovil import shapes
from tillgate.surfaces.athmovil.calls import SURFACE

ENDINGS: Final = "2025"
CANCELED_ONLY: Final = "2025-cancelled"
EXPIRED_ONLY: Final = "2025-expired"
"""Versions of the form: which of the two ways in which nothing is paid a listener is told of."""


def _written(event: Event, tenant: Tenant, version: str) -> bytes | None:
    said = _said(event, tenant, version)
    return None if said is None else msgspec.json.encode(said)


def _said(event: Event, tenant: Tenant, version: str) -> dict[str, Any] | None:
    view = event.view
    if event.type is EventType.WEBHOOK_ENDPOINT_TEST:
        return _simulated(event)
    if isinstance(view, Refund) and view.ticket and view.state is RefundState.SUCCEEDED:
        return _refunded(event, view, view.ticket)
    if not isinstance(view, Payment) or view.ticket is None:
        return None
    if event.type is EventType.PAYMENT_SUCCEEDED:
        return _ended(event, tenant, view, view.ticket, "COMPLETED")
    if event.type is EventType.PAYMENT_CANCELED and view.canceled:
        is_expired = view.canceled.cause in cancellations.OVER_TIME
        if version == (CANCELED_ONLY if is_expired else EXPIRED_ONLY):
            return None
        return _expired(event, view, view.ticket) if is_expired else _ended(event, tenant, view, view.ticket, "CANCEL")
    return None


def _ended(event: Event, tenant: Tenant, payment: Payment, ticket: Ticket, status: str) -> dict[str, Any]:
    """Completed, or canceled, which has no references."""
    paid = status == "COMPLETED"
    payer = shapes.payer(ticket)
    return {
        "transactionType": "ECOMMERCE",
        "status": status,
        "businessName": tenant.name,
        "dailyTransactionId": shapes.daily(event.number),
        "date": shapes.moment(event.created),
        "ecommerceId": ticket.number,
        "email": payer["email"],
        "fee": shapes.amount(payment.fees),
        "isNonProfit": tenant.is_non_profit,
        "items": shapes.items(ticket.items),
        "message": "",
        "metadata1": payment.metadata.get("metadata1", ""),
        "metadata2": payment.metadata.get("metadata2", ""),
        "name": payer["name"],
        "netAmount": shapes.amount(shapes.net(payment)),
        "phoneNumber": int(ticket.phone) if ticket.phone else None,
        "referenceNumber": ticket.reference if paid else "",
        "referenceTransactionId": ticket.reference.partition("-")[2] if paid else "",
        "subTotal": shapes.amount(ticket.subtotal or 0),
        "tax": shapes.amount(ticket.tax or 0),
        "total": shapes.amount(payment.amount.amount),
        "totalRefundedAmount": shapes.amount(payment.refunded),
        "transactionDate": shapes.moment(ticket.completed_at),
    }


def _expired(event: Event, payment: Payment, ticket: Ticket) -> dict[str, Any]:
    return {
        **_older(event, ticket, "ecommerce", "expired", payment.amount.amount, payment.metadata),
        "ecommerceId": ticket.number,
    }


def _refunded(event: Event, refund: Refund, ticket: Ticket) -> dict[str, Any]:
    said = _older(event, ticket, "refund", "completed", refund.amount.amount, refund.metadata)
    return {
        **said,
        "referenceNumber": shapes.reference_of_refund(refund.id),
        "message": refund.reason or "",
        "totalRefundedAmount": shapes.amount_text(refund.amount.amount),
    }


def _older(
    event: Event, ticket: Ticket, type: str, status: str, total: int, metadata: dict[str, str]
) -> dict[str, Any]:
    """The older form: small letters, and amounts as texts."""
    return {
        "transactionType": type,
        "status": status,
        "date": f"{shapes.moment(event.created)}.0",
        "referenceNumber": "",
        "dailyTransactionID": shapes.daily(event.number),
        "name": shapes.payer(ticket)["name"],
        "phoneNumber": ticket.phone,
        "email": shapes.payer(ticket)["email"],
        "message": "",
        "total": shapes.amount_text(total),
        "tax": shapes.amount_text(ticket.tax or 0),
        "subtotal": shapes.amount_text(ticket.subtotal or 0),
        "fee": "0.00",
        "netAmount": "0.00",
        "totalRefundedAmount": "0.00",
        "metadata1": metadata.get("metadata1", ""),
        "metadata2": metadata.get("metadata2", ""),
        "items": [_item(item) for item in ticket.items],
    }


def _item(item: Item) -> dict[str, Any]:
    return {
        "name": item.name,
        "description": item.description,
        "quantity": str(item.quantity),
        "price": shapes.amount_text(item.price),
        "tax": None if item.tax is None else shapes.amount_text(item.tax),
        "metadata": item.metadata,
    }


def _simulated(event: Event) -> dict[str, Any]:
    """What "send test" sends."""
    line = Item("Test item", "Sent to see whether it arrives", 1, 1_00)
    ticket = Ticket(number="", reference="", phone="7870000001", subtotal=1_00, tax=0, items=(line,))
    said = _older(event, ticket, "simulated", "completed", 1_00, {"metadata1": "test", "metadata2": "test"})
    return {**said, "dailyTransactionID": "0001", "netAmount": "1.00"}


def _renderer(version: str) -> Any:
    return lambda event, tenant: _written(event, tenant, version)


RENDERERS: Final[Renderers] = {
    f"{SURFACE}:{version}": _renderer(version) for version in (ENDINGS, CANCELED_ONLY, EXPIRED_ONLY)
}
"""By the form of a webhook endpoint, how it is told."""
