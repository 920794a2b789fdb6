"""The issuer of every sandbox card: it decides by the number alone, never by expiry or verification code."""

from collections.abc import Mapping
from typing import Final

from tillgate.core.cards import CardNumber
from tillgate.sandbox.operations import Code, Kind, OrderCard

DECLINES: Final[Mapping[str, Code]] = {
    "4000000000000002": Code.DO_NOT_HONOR,
    "4000000000009995": Code.INSUFFICIENT_FUNDS,
    "4000000000000069": Code.EXPIRED_CARD,
    "4000000000000127": Code.SECURITY_CODE_MISMATCH,
    "4000000000000119": Code.SYSTEM_MALFUNCTION,
    "4000000000000341": Code.DO_NOT_HONOR,
}
"""The sandbox cards that are declined when charged; each of them becomes a token like any other."""

_AUTHENTICATED: Final = frozenset({"01", "02", "05", "06"})
"""The ECIs of cards whose holder was authenticated, or for whom that was tried (EMV 3-D Secure)."""

CHALLENGED: Final = frozenset({"4000002500003155"})
"""Cards whose holder has to prove who they are (3-D Secure) and is then approved."""


DISPUTED: Final = frozenset({"4000000000000259"})
"""Cards that pay, and whose holder objects soon afterwards."""


def authenticated(card: OrderCard | None) -> str | None:
    """The ECI of a card that a device sent, which counts with a cryptogram only."""
    return card.eci if card is not None and card.cryptogram is not None else None


def bears_fraud(eci: str) -> bool:
    """Whether the issuer, and not the merchant, bears a fraud."""
    return eci in _AUTHENTICATED


KEPT: Final = frozenset({"4000000000000341"})
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
