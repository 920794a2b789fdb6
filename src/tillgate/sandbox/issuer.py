"""The issuer of every sandbox card: it decides by the number alone, never by expiry or verification code."""

from collections.abc import Mapping
from typing import Final

import msgspec

from tillgate.core.cards import Brand, CardNumber
from tillgate.core.three_d_secure import INDICATORS, Demand, Result
from tillgate.sandbox.operations import Code, Kind, Standing

DECLINES: Final[Mapping[str, Code]] = {
    "4000000000000002": Code.DO_NOT_HONOR,
    "4000000000009995": Code.INSUFFICIENT_FUNDS,
    "4000000000000069": Code.EXPIRED_CARD,
    "4000000000000127": Code.SECURITY_CODE_MISMATCH,
    "4000000000000119": Code.SYSTEM_MALFUNCTION,
    "4000000000000341": Code.DO_NOT_HONOR,
    "4000008260003178": Code.INSUFFICIENT_FUNDS,
}
"""The sandbox cards that are declined when charged; each of them becomes a token like any other."""

DISPUTED: Final = frozenset({"4000000000000259"})
"""Cards that pay, and whose holder objects soon afterwards."""

CODE: Final = "123456"
"""What a cardholder enters on the page of a challenge."""

MOST_WRONG_CODES: Final = 3
"""With that many the cardholder has failed."""


class Practice(msgspec.Struct, frozen=True):
    """What an issuer says of whoever pays with a card; where it says nothing by itself, it asks them."""

    standing: Standing | None = None


ASKS: Final = Practice()
_RECOGNIZES: Final = Practice(Standing.AUTHENTICATED)

PRACTICES: Final[Mapping[str, Practice]] = {
    "4000002500003155": ASKS,
    "4000008260003178": ASKS,
    "5200002500003150": ASKS,
    "4000003000000014": _RECOGNIZES,
    "5200003000000019": _RECOGNIZES,
    "4000003000000022": Practice(Standing.ATTEMPTED),
    "4000003000000030": Practice(Standing.REJECTED),
    "4000003000000048": Practice(Standing.UNAVAILABLE),
    "4000003000000055": Practice(Standing.NOT_ENROLLED),
}
"""Cards whose holders are authenticated (3-D Secure) whether the merchant wants that or not."""

_MEANS: Final[Mapping[Standing, Result]] = {
    Standing.AUTHENTICATED: Result.AUTHENTICATED,
    Standing.ATTEMPTED: Result.ATTEMPT_ACKNOWLEDGED,
    Standing.REJECTED: Result.FAILED,
    Standing.CANCELED: Result.FAILED,
    Standing.TIMED_OUT: Result.FAILED,
    Standing.NOT_ENROLLED: Result.NOT_SUPPORTED,
    Standing.UNAVAILABLE: Result.PROCESSING_ERROR,
}


def practice(number: str, demand: Demand) -> Practice | None:
    """How the holder of a card is authenticated while they are there; None where nobody wants that.

    An issuer that would recognize them by itself asks where the merchant demands it.
    """
    if number in DISPUTED:
        # Whoever was asked would have nothing to object to.
        return None
    known = PRACTICES.get(number)
    if demand is Demand.CHALLENGE and known in (None, _RECOGNIZES):
        return ASKS
    return _RECOGNIZES if known is None and demand is Demand.ANY else known


def insists(number: str) -> bool:
    """Whether a card pays only once its holder was asked."""
    return PRACTICES.get(number) is ASKS


def indicator(brand: Brand, standing: Standing) -> str:
    """The electronic commerce indicator that goes with it."""
    return INDICATORS[brand][_MEANS[standing]]


KEPT: Final = frozenset({"4000000000000341", "4000008260003178"})
"""Cards that may be kept, and are declined only when charged."""


def refusal(number: str, kind: Kind) -> Code | None:
    """Why the issuer says no to a card, or None: every other number that passes the Luhn check is good."""
    if number in DECLINES and not (kind is Kind.VERIFY and number in KEPT):
        return DECLINES[number]
    try:
        CardNumber(number)
    except ValueError:
        return Code.INVALID_NUMBER
    return None
