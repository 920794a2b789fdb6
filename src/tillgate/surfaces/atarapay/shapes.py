"""Shapes on the wire: orders with everything that is known of them, amounts in kobo, times in UTC."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from tillgate.core import escrow_shares, exchange_rates
from tillgate.core.escrow_numbers import Numbers
from tillgate.core.escrows import Escrow, EscrowStatus, Part
from tillgate.core.instants import Instant
from tillgate.core.money import Money
from tillgate.core.payments import Payment
from tillgate.core.payouts import PayoutState

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

STATUSES: Final = {
    EscrowStatus.UNPAID: (0, "Unpaid", "The buyer has not paid yet"),
    EscrowStatus.PENDING: (1, "Pending", "Paid; delivery has not begun"),
    EscrowStatus.AWAITING_BUYER_RESPONSE: (2, "Awaiting Buyer Response", "Delivered; the buyer accepts or rejects"),
    EscrowStatus.REJECTED: (3, "Rejected", "The buyer has rejected the goods"),
    EscrowStatus.ACCEPTED: (4, "Accepted", "The buyer has accepted the goods"),
    EscrowStatus.COMPLETED: (5, "Complete", "The seller is paid out, or the buyer is refunded"),
    EscrowStatus.PENDING_II: (6, "Pending II", "The buyer has agreed to a second delivery"),
    EscrowStatus.DISPUTE: (7, "Dispute", "The seller says that the goods are not in good condition"),
    EscrowStatus.DISPUTED: (8, "Disputed", "The dispute manager decides"),
    EscrowStatus.CANCELED: (9, "Canceled", "The order is canceled"),
    EscrowStatus.DISPUTE_RESOLVED: (10, "Dispute Resolved", "The dispute is over"),
}
"""By status: the page's number, or ours where it has none, its spelling, and what it means."""


_PAYOUTS: Final[dict[str | None, str]] = {
    None: "Pending",
    PayoutState.PENDING: "Pending",
    PayoutState.IN_TRANSIT: "Processing",
    PayoutState.PAID: "Paid",
    PayoutState.FAILED: "Failed",
    PayoutState.CANCELED: "Canceled",
}
"""How far a payout to a seller who is a party is. What is the merchant's own is released to its balance."""


def moment(instant: Instant | None) -> str | None:
    """A time, `2021-03-24 19:12:50` in UTC."""
    if instant is None:
        return None
    return (_EPOCH + timedelta(microseconds=instant)).strftime("%Y-%m-%d %H:%M:%S")


def named(written: str) -> str:
    """What was given for a number, as a message may repeat it."""
    return written if written.isascii() and written.isdigit() else "…"


def percentage(points: int) -> msgspec.Raw:
    """Basis points as a percentage, exactly: `12.5`, `10`."""
    whole, rest = divmod(points, 100)
    return msgspec.Raw((f"{whole}.{rest:02}".rstrip("0") if rest else str(whole)).encode())


def order(payment: Payment, numbers: Numbers) -> dict[str, Any]:
    """An order, complete."""
    escrow = payment.escrow
    assert escrow is not None, payment.id
    pricing, product, delivery, buyer = escrow.pricing, escrow.product, escrow.delivery, escrow.buyer
    asked, last = escrow.asked_as, escrow.history[-1] if escrow.history else None
    return {
        "id": numbers.order,
        "type": int(asked.get("type", "1")),
        "customer_id": numbers.customer,
        "beneficiary_merchant_id": numbers.seller,
        "seller_email": numbers.seller_email,
        "seller_phone": numbers.seller_phone or asked.get("seller_phone", ""),
        "buyer_email": buyer.email,
        "buyer_phone": buyer.phone,
        "buyer_alt_phone": buyer.other_phone,
        "shipping_fee_bearer": pricing.shipping_bearer.value,
        "escrow_fee_bearer": pricing.escrow_fee_bearer.value,
        "tx_fee_bearer": pricing.processing_bearer.value,
        "is_marketplace": int(escrow.is_marketplace),
        "shipping_cost": pricing.shipping,
        "category": product.category,
        "product_id": product.id,
        "product_name": product.name,
        "product_desc": product.description,
        "product_cost": pricing.price.amount,
        "started_by": escrow.started_by or None,
        "amount_payed": paid(payment),
        "amount_net": _net(payment, escrow),
        "payment_ref": payment.id,
        "gateway_name": payment.bank,
        "callback_url": escrow.callback_url,
        "comment": last.comment if last else "",
        "delivery_man": delivery.courier,
        "delivery_location": delivery.location,
        "delivery_city": delivery.city,
        "delivery_state": delivery.state,
        "delivery_country": delivery.country,
        "transaction_date": moment(escrow.paid_at or payment.created),
        "delivery_date": asked.get("delivery_date") or moment(delivery.promised_by),
        "status": status(escrow.status),
        "state": escrow.status.value,
        "shipping_method": delivery.method,
        "quantity": product.quantity,
        "max_delivery_days": delivery.most_days,
        "sla": delivery.sla_days,
        "cancellation_fee": pricing.cancellation_fee,
        "currency": payment.amount.currency,
        "conversion_ratio": _ratio(escrow),
        "attempts": escrow.rejections,
        "seller_attempts": escrow.deliveries,
        "sp_order_ref": f"{numbers.order}-{numbers.provider}" if numbers.provider else None,
        "created_at": moment(payment.created),
        "updated_at": moment(last.at if last else escrow.paid_at or payment.created),
        **({"project_id": numbers.project} if numbers.project else {}),
        "payment": _payment(payment, escrow, numbers),
        "customers": _customer(escrow, numbers),
        **_payout(payment, escrow, numbers),
        **_refund(payment, escrow, numbers),
    }


def status(found: EscrowStatus) -> dict[str, Any]:
    """Where an order stands, in the page's words."""
    number, title, description = STATUSES[found]
    return {"id": number, "title": title, "description": description}


def paid(payment: Payment) -> int:
    """What has been paid, in the smallest unit of the currency that the order is priced in."""
    return _priced(payment, payment.captured)


def _priced(payment: Payment, amount: int) -> int:
    assert payment.escrow is not None, payment.id
    rate = payment.escrow.pricing.rate
    return rate.convert(Money(amount, payment.amount.currency)).amount if rate else amount


def _net(payment: Payment, escrow: Escrow) -> int:
    """What is, or would be, the seller's once the buyer has accepted."""
    if escrow.is_shared:
        return _sellers(escrow)
    whole = payment.captured or payment.amount.amount
    parcels = escrow_shares.of_sale(escrow.pricing, _priced(payment, whole), _priced(payment, payment.fees))
    return sum(parcel.amount for parcel in parcels if parcel.part is Part.SELLER)


def _sellers(escrow: Escrow) -> int:
    theirs = (Part.SELLER, Part.SHIPPING, Part.CANCELLATION_FEE)
    return sum(share.money.amount for share in escrow.shares if share.part in theirs)


def _ratio(escrow: Escrow) -> msgspec.Raw:
    """What one unit of what was paid is in the currency of the price, exactly."""
    rate = escrow.pricing.rate
    return msgspec.Raw((exchange_rates.decimal_text(rate) if rate else "1").encode())


def _payment(payment: Payment, escrow: Escrow, numbers: Numbers) -> dict[str, Any]:
    return {
        "id": numbers.order,
        "payment_ref": payment.id,
        "amount": paid(payment),
        "method": _method(payment),
        "status": "Paid" if payment.captured else "Pending",
        "payment_date": moment(escrow.paid_at),
    }


def _method(payment: Payment) -> str | None:
    if payment.card is not None:
        return "card"
    return "phone" if payment.ticket else "transfer" if payment.transfer else None


def _customer(escrow: Escrow, numbers: Numbers) -> dict[str, Any]:
    buyer = escrow.buyer
    return {
        "id": numbers.customer,
        "firstname": buyer.first_name,
        "lastname": buyer.last_name,
        "email": buyer.email,
        "phone": buyer.phone,
    }


def _payout(payment: Payment, escrow: Escrow, numbers: Numbers) -> dict[str, Any]:
    amount = _sellers(escrow)
    if not amount:
        return {}
    shown = {
        "id": numbers.payout or numbers.order,
        "order_id": numbers.order,
        "amount": amount,
        "currency": escrow.pricing.price.currency,
        "status": _PAYOUTS[numbers.payout_state] if escrow.pricing.seller else "Released",
        "payout_date": moment(numbers.paid_out_at if escrow.pricing.seller else escrow.completed_at),
    }
    return {"payout": shown}


def _given_back(payment: Payment, escrow: Escrow) -> int:
    """What the buyer has back: all that they have paid but what stays, so that the parts are the whole at any rate."""
    return paid(payment) - _priced(payment, payment.captured - sum(escrow.returns))


def _refund(payment: Payment, escrow: Escrow, numbers: Numbers) -> dict[str, Any]:
    if not escrow.returns:
        return {}
    shown = {
        "id": numbers.refund or numbers.order,
        "order_id": numbers.order,
        "amount": _given_back(payment, escrow),
        "currency": escrow.pricing.price.currency,
        "status": "Refunded",
        "refund_date": moment(escrow.completed_at),
    }
    return {"refund": shown}
