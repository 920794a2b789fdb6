"""Transactions on the wire: amounts as exact numbers, times of Puerto Rico, and the vendor's spellings."""

import hashlib
from typing import Any, Final

import msgspec

from tillgate.core import phone_wallets, tickets
from tillgate.core.instants import MILLISECOND, Instant
from tillgate.core.merchants import Tenant
from tillgate.core.money import Money
from tillgate.core.payments import Payment
from tillgate.core.phone_wallets import Item, Ticket
from tillgate.core.refunds import Refund
from tillgate.core.tickets import TicketStatus
from tillgate.flows.tickets import Shown

STATUSES: Final = {
    TicketStatus.OPEN: "OPEN",
    TicketStatus.CONFIRMED: "CONFIRM",
    TicketStatus.COMPLETED: "COMPLETED",
    TicketStatus.CANCELED: "CANCEL",
}


def amount(cents: int) -> msgspec.Raw:
    """Cents as a number of dollars with at most two decimals, never through a float: `2.33`, `1.5`, `10`."""
    whole, rest = divmod(cents, 100)
    return msgspec.Raw((f"{whole}.{rest:02}".rstrip("0").rstrip(".") if rest else str(whole)).encode())


def amount_text(cents: int) -> str:
    """Cents as a text: `2.33`, `10.00`."""
    return Money(cents, phone_wallets.CURRENCY).decimal_text()


def moment(instant: Instant | None) -> str:
    """A time in Puerto Rico, or nothing."""
    return "" if instant is None else phone_wallets.local(instant).strftime("%Y-%m-%d %H:%M:%S")


def daily(number: int | None) -> str:
    """The number of the merchant's day, or nothing."""
    return "" if number is None else f"{number:04}"


def business_customer_id(tenant: str) -> str:
    """32 hex digits that stand for the business."""
    return hashlib.sha256(f"business {tenant}".encode()).hexdigest()[:32]


def reference_of_refund(refund: str) -> str:
    """A refund's own number, always the same."""
    digest = hashlib.sha256(f"refund {refund}".encode()).hexdigest()
    return f"{int(digest[:12], 16) % 10**9:09}-{digest[32:]}"


def items(found: tuple[Item, ...]) -> list[dict[str, Any]]:
    """What is paid for."""
    return [
        {
            "name": item.name,
            "description": item.description,
            "quantity": item.quantity,
            "price": amount(item.price),
            "tax": None if item.tax is None else amount(item.tax),
            "metadata": item.metadata,
            "formattedPrice": "",
            "sku": "",
        }
        for item in found
    ]


def transaction(shown: Shown, tenant: Tenant, now: Instant) -> dict[str, Any]:
    """A ticket as findPayment and authorization show it."""
    payment, ticket = shown.payment, tickets.of(shown.payment)
    paid = bool(payment.captured)
    return {
        "ecommerceStatus": STATUSES[tickets.status(payment, now)],
        "ecommerceId": ticket.number,
        "referenceNumber": ticket.reference if paid else "",
        "businessCustomerId": business_customer_id(tenant.id),
        "transactionDate": moment(ticket.completed_at),
        "dailyTransactionId": daily(shown.number),
        "businessName": tenant.name,
        "businessPath": tenant.name.replace(" ", ""),
        "industry": tenant.industry,
        "subTotal": amount(ticket.subtotal or 0),
        "tax": amount(ticket.tax or 0),
        "total": amount(payment.amount.amount),
        "fee": amount(payment.fees),
        "netAmount": amount(net(payment)),
        "totalRefundedAmount": amount(payment.refunded),
        "metadata1": payment.metadata.get("metadata1", ""),
        "metadata2": payment.metadata.get("metadata2", ""),
        "items": items(ticket.items),
        "isNonProfit": tenant.is_non_profit,
    }


def net(payment: Payment) -> int:
    """What is left of it after the fee, in cents."""
    return payment.captured - payment.fees


def payer(ticket: Ticket) -> dict[str, str]:
    """Who paid."""
    name, email = (ticket.payer.name, ticket.payer.email) if ticket.payer else ("", "")
    return {"name": name, "phoneNumber": phone_wallets.formatted(ticket.phone), "email": email}


def milliseconds(instant: Instant) -> str:
    """A time as a text of milliseconds since 1970: the only client there is needs a text."""
    return str(instant // MILLISECOND)


def original(
    shown: Shown, *, date: str, type: str = "PAYMENT", refunded: str = "totalRefundedAmount"
) -> dict[str, Any]:
    """A paid ticket as refund, search and report show it, with the spellings that they have."""
    payment, ticket = shown.payment, tickets.of(shown.payment)
    return {
        "transactionType": type,
        "status": "COMPLETED",
        "date": date,
        "referenceNumber": ticket.reference,
        "dailyTransactionID": daily(shown.number),
        **payer(ticket),
        "message": "",
        "total": amount(payment.amount.amount),
        "tax": amount(ticket.tax or 0),
        "subtotal": amount(ticket.subtotal or 0),
        "fee": amount(payment.fees),
        "netAmount": amount(net(payment)),
        refunded: amount(payment.refunded),
        "metadata1": payment.metadata.get("metadata1", ""),
        "metadata2": payment.metadata.get("metadata2", ""),
        "items": items(ticket.items),
    }


def refund(made: Refund, number: int | None) -> dict[str, Any]:
    """A refund."""
    assert made.ticket is not None, made.id
    return {
        "transactionType": "REFUND",
        "status": "COMPLETED",
        "refundedAmount": amount(made.amount.amount),
        "date": milliseconds(made.created),
        "referenceNumber": reference_of_refund(made.id),
        "dailyTransactionID": daily(number),
        **payer(made.ticket),
    }
