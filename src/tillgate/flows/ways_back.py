"""Ways back: a payer leaves the payment page for the merchant's, which is told how the payment stands."""

from collections.abc import Mapping
from typing import Final

from tillgate.core import checkout_payments
from tillgate.core.checkout_payments import CheckoutStatus
from tillgate.core.payments import Payment
from tillgate.flows.returns import with_parameters

STATUSES: Final[Mapping[CheckoutStatus, str]] = {
    CheckoutStatus.OPEN: "OPEN",
    CheckoutStatus.FOUND: "FOUND",
    CheckoutStatus.UNDERPAID: "UNDERPAID",
    CheckoutStatus.RECEIVED: "RECEIVED",
    CheckoutStatus.CONFIRMED: "CONFIRMED",
    CheckoutStatus.CANCELED: "CANCELLED",
    CheckoutStatus.ERROR: "ERROR",
    CheckoutStatus.REFUNDED: "REFUND",
}
"""What merchants know them by (checkout.md, Endpoints)."""


def to_merchant(payment: Payment) -> str | None:
    """Where a payer goes on to, with `payment`, `reference` and `status` after what the address has; None if nowhere.

    Whoever ships by it looks at the payment first: anybody can write an address. Sessions' addresses are as they were
    given, but for the placeholder that stands for the session's id (flows.checkout_sessions).
    """
    checkout = checkout_payments.of(payment)
    if checkout.received_at is None and checkout.cancel_url is not None:
        return checkout.cancel_url
    if checkout.application is None:
        return checkout.redirect_url if checkout.received_at is not None else None
    if checkout.redirect_url is None:
        return None
    said = {
        "payment": payment.id,
        "reference": checkout.reference,
        "status": STATUSES[checkout_payments.status(payment)],
    }
    return with_parameters(checkout.redirect_url, said)
