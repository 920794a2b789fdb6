"""Sandbox cards: the names by which programs ask for one, in the place of a payment method or token."""

from typing import Final

from tillgate.core.cards import Card, CardNumber

_PREFIXES: Final = ("pm_card_", "tok_")

_NUMBERS: Final = {
    "visa": "4242424242424242",
    "mastercard": "5555555555554444",
    "amex": "378282246310005",
    "discover": "6011111111111117",
    "diners": "3056930009020004",
    "jcb": "3566002020360505",
    "unionpay": "6200000000000005",
    "chargeDeclined": "4000000000000002",
    "chargeDeclinedInsufficientFunds": "4000000000009995",
    "chargeDeclinedExpiredCard": "4000000000000069",
    "chargeDeclinedIncorrectCvc": "4000000000000127",
    "chargeDeclinedProcessingError": "4000000000000119",
    "chargeCustomerFail": "4000000000000341",
    "createDispute": "4000000000000259",
    "bypassPending": "4000000000000077",
    "threeDSecure2Required": "4000002500003155",
    "authenticationRequired": "4000002500003155",
}

_CVCS: Final = {"amex": "1234"}

NAMES: Final = tuple(prefix + name for prefix in _PREFIXES for name in _NUMBERS)
"""Every name. Those that are declined may have `visa_` in them too: `pm_card_visa_chargeDeclined`."""


def named(name: str) -> Card | None:
    """The card of the sandbox that a name stands for, if it stands for one: `pm_card_visa`, `tok_chargeDeclined`."""
    prefix = next((prefix for prefix in _PREFIXES if name.startswith(prefix)), None)
    if prefix is None:
        return None
    kind = name.removeprefix(prefix)
    kind = kind if kind in _NUMBERS else kind.removeprefix("visa_")
    if kind not in _NUMBERS:
        return None
    return Card(number=CardNumber(_NUMBERS[kind]), exp_month=12, exp_year=2034, cvc=_CVCS.get(kind, "123"))
