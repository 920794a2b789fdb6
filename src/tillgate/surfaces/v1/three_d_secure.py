"""3-D Secure on the wire: when a merchant wants it, and how it went, beside the card that it was about."""

from typing import Literal

import msgspec
from msgspec import structs

from tillgate.core.payments import Payment
from tillgate.core.three_d_secure import Authentication, Demand, Flow, Result, ResultReason
from tillgate.surfaces.v1.forms import CardShown, card_shown


class CardOptionsGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a card is to be charged."""

    request_three_d_secure: Demand | None = None


class PaymentMethodOptionsGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a payment method is to be charged, by its type."""

    card: CardOptionsGiven | None = None


def demand(given: PaymentMethodOptionsGiven | None) -> Demand | None:
    """When the cardholder is to be authenticated, where that is said."""
    return given.card.request_three_d_secure if given and given.card else None


class CardOptionsShown(msgspec.Struct, frozen=True):
    """How a card is charged."""

    request_three_d_secure: Demand


class PaymentMethodOptionsShown(msgspec.Struct, frozen=True):
    """How a payment method is charged, by its type."""

    card: CardOptionsShown


class ThreeDSecureShown(msgspec.Struct, frozen=True, kw_only=True):
    """How the cardholder was authenticated, and whether the issuer bears a fraud because of that."""

    authentication_flow: Flow | None
    result: Result
    result_reason: ResultReason | None
    electronic_commerce_indicator: str | None
    liability_shifted: bool
    version: str | None
    transaction_id: str | None


class CardDetailsShown(CardShown, frozen=True, kw_only=True):
    """The card that was charged, and how its holder was authenticated."""

    three_d_secure: ThreeDSecureShown | None


class PaymentMethodDetailsShown(msgspec.Struct, frozen=True, kw_only=True):
    """What was charged, as it was then."""

    card: CardDetailsShown
    type: Literal["card"] = "card"


def options(payment: Payment) -> PaymentMethodOptionsShown:
    """How a payment's card is charged."""
    return PaymentMethodOptionsShown(CardOptionsShown(payment.three_d_secure))


def payment_method_details(payment: Payment) -> PaymentMethodDetailsShown | None:
    """What a payment was charged to, as soon as a bank was asked."""
    card = payment.card
    if card is None or not payment.attempts_made:
        return None
    known = structs.asdict(card_shown(card))
    return PaymentMethodDetailsShown(card=CardDetailsShown(**known, three_d_secure=shown(payment.authentication)))


def shown(authentication: Authentication | None) -> ThreeDSecureShown | None:
    """How a cardholder was authenticated, where that was tried."""
    if authentication is None:
        return None
    return ThreeDSecureShown(
        authentication_flow=authentication.flow,
        result=authentication.result,
        result_reason=authentication.reason,
        electronic_commerce_indicator=authentication.eci,
        liability_shifted=bool(authentication.liability_shifted),
        version=authentication.version,
        transaction_id=authentication.transaction,
    )
