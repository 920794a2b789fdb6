"""Instructions for cards: what a payer does with a card, and what their device is asked for in place of one."""

from typing import Any, Final

from tillgate.core.instructions import Field, How, Instructions, Offer, Owed

OFFERS: Final = (
    Offer(provider="card", method="card", title="Card", how=How.CARD),
    Offer(provider="wallet", method="apple_pay", title="Apple Pay", how=How.DEVICE),
    Offer(provider="wallet", method="google_pay", title="Google Pay", how=How.DEVICE),
)
"""What whoever takes cards takes."""

_NETWORKS: Final = ("visa", "masterCard", "amex", "discover", "jcb")
_COUNTRY: Final = "US"


def of(offer: Offer, owed: Owed) -> Instructions:
    """What to do."""
    about = (Field("Pay to", owed.merchant), Field("For", owed.label))
    if offer.how is How.CARD:
        return Instructions(
            title="Pay by card",
            steps=(
                "Open the payment page.",
                "Enter the card's number, its expiry date and its security code.",
                "Confirm with your bank if it asks you to.",
            ),
            fields=(Field("Payment page", owed.page, copyable=True), *about),
        )
    request = _apple(owed) if offer.method == "apple_pay" else _google(owed)
    steps = ("Open the payment page on your device.", f"Choose {offer.title}.", "Confirm on the device.")
    return Instructions(
        title=f"Pay with {offer.title}",
        steps=steps,
        fields=(Field("Payment page", owed.page, copyable=True), *about),
        request=request,
    )


def _apple(owed: Owed) -> dict[str, Any]:
    """What `new ApplePaySession(3, …)` takes (Apple Pay on the Web, ApplePayPaymentRequest)."""
    return {
        "countryCode": _COUNTRY,
        "currencyCode": owed.amount.currency,
        "merchantCapabilities": ["supports3DS"],
        "supportedNetworks": list(_NETWORKS),
        "total": {"label": owed.merchant, "type": "final", "amount": owed.amount.decimal_text()},
    }


def _google(owed: Owed) -> dict[str, Any]:
    """What `loadPaymentData` takes (Google Pay API, PaymentDataRequest)."""
    return {
        "apiVersion": 2,
        "apiVersionMinor": 0,
        "allowedPaymentMethods": [
            {
                "type": "CARD",
                "parameters": {
                    "allowedAuthMethods": ["PAN_ONLY", "CRYPTOGRAM_3DS"],
                    "allowedCardNetworks": ["VISA", "MASTERCARD", "AMEX", "DISCOVER", "JCB"],
                },
                "tokenizationSpecification": {
                    "type": "PAYMENT_GATEWAY",
                    "parameters": {"gateway": "tillgate", "gatewayMerchantId": owed.merchant_id},
                },
            }
        ],
        "merchantInfo": {"merchantName": owed.merchant},
        "transactionInfo": {
            "countryCode": _COUNTRY,
            "currencyCode": owed.amount.currency,
            "totalPriceStatus": "FINAL",
            "totalPrice": owed.amount.decimal_text(),
        },
    }
