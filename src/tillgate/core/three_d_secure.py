"""3-D Secure: how the holder of a card proved to be it, and whether its issuer bears a fraud because of that."""

import enum
from collections.abc import Mapping
from typing import Final

import msgspec

from tillgate.core.cards import Brand
from tillgate.core.instants import HOUR, Duration

CHALLENGE_LASTS: Final[Duration] = HOUR
"""How long a customer may take to meet a challenge."""


class Demand(enum.StrEnum):
    """When a card's holder is to be authenticated."""

    AUTOMATIC = "automatic"
    """Where the issuer asks for it."""
    ANY = "any"
    """Wherever the card can; its issuer may recognize the holder without asking."""
    CHALLENGE = "challenge"
    """Wherever the card can, and the holder is to be asked."""


class Flow(enum.StrEnum):
    """In which way a card's holder was authenticated, or was to be."""

    FRICTIONLESS = "frictionless"
    """The issuer decided by what it knows, and asked nobody."""
    CHALLENGE = "challenge"
    """The issuer asked the holder."""
    DEVICE = "device"
    """The wallet of the holder's device did, and sent a cryptogram."""


class Result(enum.StrEnum):
    """What came of it."""

    AUTHENTICATED = "authenticated"
    ATTEMPT_ACKNOWLEDGED = "attempt_acknowledged"
    """The issuer takes no part; the card's network stands in for it."""
    FAILED = "failed"
    NOT_SUPPORTED = "not_supported"
    """The card takes no part."""
    PROCESSING_ERROR = "processing_error"
    """Nobody can say."""


class ResultReason(enum.StrEnum):
    """Why a card's holder was not authenticated."""

    ABANDONED = "abandoned"
    """They did not act in time."""
    CANCELED = "canceled"
    """They, or the merchant, gave up."""
    REJECTED = "rejected"
    """The issuer does not take them for the holder."""
    CARD_NOT_ENROLLED = "card_not_enrolled"
    PROTOCOL_ERROR = "protocol_error"
    """The issuer could not be reached, or made no sense."""


class Authentication(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a bank says of how a card's holder was authenticated.

    `eci` is the electronic commerce indicator, two digits of the brand's own; `version` that of the protocol;
    `transaction` the directory server's id, which proves it to the issuer in a dispute. `liability_shifted` is whether
    the issuer bears a fraud, where the bank says so or `assessed` knows it by the brand.
    """

    result: Result
    flow: Flow | None = None
    reason: ResultReason | None = None
    eci: str | None = None
    version: str | None = None
    transaction: str | None = None
    liability_shifted: bool | None = None


_BY_NETWORK: Final[Mapping[Result, str]] = {
    Result.AUTHENTICATED: "05",
    Result.ATTEMPT_ACKNOWLEDGED: "06",
    Result.FAILED: "07",
    Result.NOT_SUPPORTED: "07",
    Result.PROCESSING_ERROR: "07",
}
_BY_MASTERCARD: Final[Mapping[Result, str]] = {
    Result.AUTHENTICATED: "02",
    Result.ATTEMPT_ACKNOWLEDGED: "01",
    Result.FAILED: "00",
    Result.NOT_SUPPORTED: "00",
    Result.PROCESSING_ERROR: "00",
}

INDICATORS: Final[Mapping[Brand, Mapping[Result, str]]] = {
    brand: _BY_MASTERCARD if brand is Brand.MASTERCARD else _BY_NETWORK for brand in Brand
}
"""The electronic commerce indicator of each result, by brand (EMV 3-D Secure, 2.3.1.1, annex A, leaves it to them):
Visa Secure, American Express SafeKey, Discover ProtectBuy, J/Secure and UnionPay say 05, 06 and 07, Mastercard Identity
Check 02, 01 and 00. Mastercard has others besides, which shift nothing: 04 for data that is only shared, 06 for an
exemption of the acquirer's, 07 for what follows an earlier payment."""

_SHIFTING: Final = (Result.AUTHENTICATED, Result.ATTEMPT_ACKNOWLEDGED)


def shifts_liability(brand: Brand, eci: str | None) -> bool:
    """Whether a brand's rules have the issuer bear a fraud: the holder was authenticated, or that was tried."""
    return eci in {INDICATORS[brand][result] for result in _SHIFTING}


def assessed(said: Authentication | None, brand: Brand | None) -> Authentication | None:
    """What a bank said, with what its indicator means for a card of the brand where the bank left that unsaid.

    Whoever failed shifts nothing, whatever a bank says.
    """
    if said is None:
        return None
    shifts = said.liability_shifted
    if shifts is None:
        shifts = brand is not None and shifts_liability(brand, said.eci)
    if said.result is Result.FAILED:
        shifts = False
    return msgspec.structs.replace(said, liability_shifted=shifts)
