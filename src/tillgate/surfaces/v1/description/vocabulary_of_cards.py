"""What the fields mean that tell how a card, or a device's wallet, is charged, and how its holder was authenticated."""

from typing import Final

OF_CARDS: Final = {
    "CardDetails.three_d_secure": "How the cardholder was authenticated (3-D Secure), null where nobody wanted that.",
    "CardOptions.request_three_d_secure": "When the cardholder is authenticated: `automatic` where the issuer wants "
    "it, `any` wherever the card can, `challenge` wherever it can and by asking.",
    "CardOptionsParameters.request_three_d_secure": "When the cardholder is to be authenticated: `automatic` where the "
    "issuer wants it, `any` wherever the card can, `challenge` wherever it can and by asking.",
    "ConfirmParameters.payment_method_options": "How the payment method is to be charged. It takes a secret key.",
    "PaymentIntent.payment_method_types": "What may pay: `card`, `phone_wallet` for what is asked on the phone, and "
    "`bank_transfer` where money is awaited; once that has come, it alone.",
    "PaymentMethodDetails.card": "The card.",
    "PaymentMethodOptions.card": "How a card is charged.",
    "PaymentMethodOptionsParameters.card": "How a card is to be charged.",
    "ThreeDSecure.authentication_flow": "`challenge` where the issuer asked the cardholder, `frictionless` where it "
    "did not, `device` where the wallet of their device did.",
    "ThreeDSecure.electronic_commerce_indicator": "The ECI, two digits: what the brand calls the result.",
    "ThreeDSecure.liability_shifted": "Whether the issuer bears a fraud, and not you.",
    "ThreeDSecure.result": "What came of it: with `authenticated` and `attempt_acknowledged` the issuer bears a fraud.",
    "ThreeDSecure.result_reason": "Why the cardholder was not authenticated.",
    "ThreeDSecure.transaction_id": "The directory server's id, which proves the authentication to the issuer.",
    "ThreeDSecure.version": "The version of the protocol.",
    "WalletKey.expires_at": "When the certificate, or the last of the root keys, expires: seconds since 1970.",
    "WalletKey.public_key_hash": "The SHA-256 of the public key, in base64, as Apple's tokens name it.",
    "WalletToken.token": "The `PKPaymentToken` or the `PaymentMethodData`, as a device gives it.",
}
