"""What payers write into the forms of the payment page, read; or what is wrong with which field.

Of a card's number and code nothing is ever written back, nor said of them but that they are wrong.
"""

import re
from collections.abc import Collection, Mapping
from typing import Final

from tillgate.core import cards
from tillgate.core.cards import Brand, Card, CardNumber
from tillgate.core.instants import Instant
from tillgate.core.reasons import Reason, Refused

Mistakes = Mapping[str, str]
"""By field, the name of the text that says what to do; `form` is all of it."""

LONGEST_NAME: Final = 100
LONGEST_TOKEN: Final = 32 * 1024

_TRIED: Final = re.compile(r"[0-9]{1,4}", re.ASCII)
_EXPIRY: Final = re.compile(r"([0-9]{1,2})(?:\s*[/.\-\s]\s*)?([0-9]{4}|[0-9]{2})", re.ASCII)
_BACKWARDS: Final = re.compile(r"([0-9]{4})-([0-9]{2})", re.ASCII)
_SEPARATORS: Final = re.compile(r"[\s().\-/‐-―]+")
_PHONE: Final = re.compile(r"(?:\+?1)?([0-9]{10})", re.ASCII)

REFUSALS: Final[Mapping[Reason, tuple[str, str]]] = {
    Reason.PAYER_IS_PAYEE: ("phone", "checkout_own_phone"),
    Reason.WALLET_BLOCKED: ("phone", "declined_wallet_blocked"),
    Reason.WALLET_LIMIT_EXCEEDED: ("phone", "declined_wallet_limit_exceeded"),
    Reason.CHECKOUT_OVER: ("form", "checkout_closed"),
    Reason.METHOD_NOT_OFFERED: ("form", "checkout_method_gone"),
    Reason.PAYMENT_LINK_CLOSED: ("form", "checkout_no_way"),
    Reason.WALLET_NOT_CONFIGURED: ("form", "checkout_method_gone"),
    Reason.WALLET_TOKEN_MALFORMED: ("form", "checkout_wallet_failed"),
    Reason.WALLET_TOKEN_UNSUPPORTED: ("form", "checkout_wallet_failed"),
    Reason.WALLET_TOKEN_NOT_FOR_MERCHANT: ("form", "checkout_wallet_failed"),
    Reason.WALLET_SIGNER_UNTRUSTED: ("form", "checkout_wallet_failed"),
    Reason.WALLET_SIGNATURE_INVALID: ("form", "checkout_wallet_failed"),
    Reason.WALLET_TOKEN_EXPIRED: ("form", "checkout_wallet_failed"),
    Reason.WALLET_DECRYPTION_FAILED: ("form", "checkout_wallet_failed"),
    Reason.WALLET_APPLICATION_DATA_DIFFERS: ("form", "checkout_wallet_failed"),
    Reason.WALLET_TOKEN_REPLAYED: ("form", "checkout_wallet_failed"),
}
"""What is refused and does not show in how the payment stands: at which field it is told, and in which words."""


class Unreadable(Exception):
    """A form cannot be taken as it is: `mistakes` says why."""

    def __init__(self, mistakes: Mistakes) -> None:
        super().__init__(", ".join(mistakes))
        self.mistakes = mistakes


def tried(given: Mapping[str, str], known: Collection[str]) -> int:
    """How often the payment had been tried when the form was shown. Raises Unreadable for no form of ours."""
    if set(given) - {"tried", *known} or not _TRIED.fullmatch(given.get("tried", "")):
        raise Unreadable({"form": "checkout_form_broken"})
    return int(given["tried"])


def card(given: Mapping[str, str], now: Instant) -> Card:
    """The card that was written down. Raises Unreadable, naming every field that is wrong."""
    mistakes: dict[str, str] = {}
    number = _number(given.get("number", ""), mistakes)
    month, year = _expiry(given.get("expiry", ""), now, mistakes)
    cvc, name = given.get("cvc", "").strip(), given.get("name", "").strip()
    brand = cards.brand(number) if number else Brand.UNKNOWN
    length = cards.cvc_length(brand)
    if not (cvc.isascii() and cvc.isdigit() and (len(cvc) == length or (number is None and len(cvc) == 4))):
        mistakes["cvc"] = "checkout_cvc_four" if length == 4 else "card_incomplete_cvc"
    if len(name) > LONGEST_NAME or not name.isprintable() or cards.holds_number(name):
        mistakes["name"] = "checkout_invalid_name"
    if mistakes or number is None:
        raise Unreadable(mistakes)
    return Card(number=number, exp_month=month, exp_year=year, cvc=cvc, name=name or None)


def _number(written: str, mistakes: dict[str, str]) -> CardNumber | None:
    try:
        return CardNumber.parse(written, "number")
    except Refused:
        digits = sum(character.isdigit() for character in written)
        mistakes["number"] = "card_incomplete_number" if digits < 15 else "card_invalid_number"
        return None


def _expiry(written: str, now: Instant, mistakes: dict[str, str]) -> tuple[int, int]:
    written = written.strip()
    if backwards := _BACKWARDS.fullmatch(written):
        month, year = int(backwards[2]), int(backwards[1])
    elif match := _EXPIRY.fullmatch(written):
        month, year = int(match[1]), int(match[2]) if len(match[2]) == 4 else 2000 + int(match[2])
    else:
        mistakes["expiry"] = "card_incomplete_expiry"
        return 0, 0
    if not 1 <= month <= 12 or not 2000 <= year <= 2099:
        mistakes["expiry"] = "card_invalid_expiry"
    elif cards.expired(month, year, now):
        mistakes["expiry"] = "card_expired_card"
    return month, year


def phone(given: Mapping[str, str]) -> str:
    """Ten digits, however they are grouped. Raises Unreadable."""
    match = _PHONE.fullmatch(_SEPARATORS.sub("", given.get("phone", "")))
    if match is None:
        raise Unreadable({"phone": "wallet_number_wrong"})
    return match[1]


def refused(refused: Refused, *, is_open: bool) -> Mistakes:
    """What is to be told of a refusal beside how the payment stands, where it is still open: nothing else has to be."""
    field, text = REFUSALS.get(refused.reason, ("", ""))
    return {field: text} if field and is_open else {}
