"""Cards: what is on them, what may be shown of them, and what must never be seen in the open."""

import datetime
import enum
import hmac
import re
from collections.abc import Iterator
from typing import Final

import msgspec

from tillgate.core import ids
from tillgate.core.instants import HOUR, SECOND, Instant
from tillgate.core.reasons import Reason, Refused

_ASCII_VALUES: Final = bytes.maketrans(b"0123456789", bytes(range(10)))
_DOUBLED_VALUES: Final = bytes.maketrans(b"0123456789", bytes([0, 2, 4, 6, 8, 1, 3, 5, 7, 9]))


def luhn(digits: str) -> bool:
    """Whether ASCII digits satisfy the check of ISO/IEC 7812-1, annex B."""
    backwards = digits.encode()[::-1]
    plain, doubled = backwards[::2], backwards[1::2]
    return (sum(plain.translate(_ASCII_VALUES)) + sum(doubled.translate(_DOUBLED_VALUES))) % 10 == 0


class Brand(enum.StrEnum):
    """Whose card it is."""

    VISA = "visa"
    MASTERCARD = "mastercard"
    AMEX = "amex"
    DISCOVER = "discover"
    DINERS = "diners"
    JCB = "jcb"
    UNIONPAY = "unionpay"
    UNKNOWN = "unknown"


class Funding(enum.StrEnum):
    """Where the cardholder's money comes from. Only the issuer's side knows; the number does not say."""

    CREDIT = "credit"
    DEBIT = "debit"
    PREPAID = "prepaid"
    UNKNOWN = "unknown"


# First and last four digits. 622126 to 622925 are UnionPay cards that Discover's network also takes: they
# bear UnionPay's mark, so they are UnionPay here. North American Diners cards (54, 55) run as Mastercard.
_RANGES: Final = (
    (2221, 2720, Brand.MASTERCARD),
    (3000, 3059, Brand.DINERS),
    (3095, 3095, Brand.DINERS),
    (3400, 3499, Brand.AMEX),
    (3528, 3589, Brand.JCB),
    (3600, 3699, Brand.DINERS),
    (3700, 3799, Brand.AMEX),
    (3800, 3999, Brand.DINERS),
    (4000, 4999, Brand.VISA),
    (5100, 5599, Brand.MASTERCARD),
    (6011, 6011, Brand.DISCOVER),
    (6200, 6299, Brand.UNIONPAY),
    (6440, 6599, Brand.DISCOVER),
    (8100, 8199, Brand.UNIONPAY),
)


def _brands_by_four_digits() -> tuple[Brand, ...]:
    brands = [Brand.UNKNOWN] * 10_000
    for first, last, owner in _RANGES:
        brands[first : last + 1] = [owner] * (last + 1 - first)
    return tuple(brands)


_BRANDS: Final = _brands_by_four_digits()


class Wallet(enum.StrEnum):
    """The wallet in which a device keeps a card."""

    APPLE_PAY = "apple_pay"
    GOOGLE_PAY = "google_pay"


class WalletSummary(msgspec.Struct, frozen=True, omit_defaults=True):
    """From which wallet a card came; `dynamic_last4` are the last digits of a number that is the device's own."""

    type: Wallet
    dynamic_last4: str | None = None


class CardNumber(msgspec.Struct, frozen=True):
    """A card number of 12 to 19 digits that passes the Luhn check; its `str` and `repr` are masked.

    Raises ValueError, without the number, for anything else.
    """

    digits: str

    def __post_init__(self) -> None:
        digits = self.digits
        if not (12 <= len(digits) <= 19 and digits.isascii() and digits.isdigit() and luhn(digits)):
            raise ValueError("not a card number")

    @classmethod
    def parse(cls, text: str, field: str) -> "CardNumber":
        """A number as people write it, with spaces and dashes anywhere.

        Raises Refused(CARD_NUMBER_INCORRECT, field).
        """
        try:
            return cls(text.replace(" ", "").replace("-", ""))
        except ValueError:
            raise Refused(Reason.CARD_NUMBER_INCORRECT, field) from None

    @property
    def last4(self) -> str:
        """The four digits by which a payer knows the card."""
        return self.digits[-4:]

    def __str__(self) -> str:
        return f"{self.digits[:6]}{'*' * (len(self.digits) - 10)}{self.last4}"

    def __repr__(self) -> str:
        return f"CardNumber({self})"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return [("digits", str(self))]


def brand(number: CardNumber) -> Brand:
    """Whose card a number is, by its first four digits."""
    return _BRANDS[int(number.digits[:4])]


def cvc_length(owner: Brand) -> int:
    """How many digits a brand's card verification code has."""
    return 4 if owner is Brand.AMEX else 3


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """A card in the open, as a bank is asked with it and the vault seals it; `repr` masks it.

    A device's card comes with a `cryptogram` (base64) that is good for one charge, and maybe with the `eci` (two
    digits, EMV 3-D Secure's electronic commerce indicator) that says how its holder was authenticated. `agreement` is
    the attempt by which its holder agreed to be charged while they are not there.
    """

    number: CardNumber
    exp_month: int
    exp_year: int
    cvc: str | None = None
    name: str | None = None
    cryptogram: str | None = None
    eci: str | None = None
    agreement: str | None = None

    @classmethod
    def parse(
        cls,
        number: str,
        exp_month: int | str,
        exp_year: int | str,
        cvc: str | None = None,
        name: str | None = None,
        *,
        field: str = "card",
    ) -> "Card":
        """A card as it was typed in; `exp_year` has two or four digits, of this century, and may be past.

        Raises, in this order, Refused(CARD_NUMBER_INCORRECT, `card.number`), Refused(CARD_EXPIRY_INVALID,
        `card.exp_month` or `card.exp_year`) and Refused(CVC_INVALID, `card.cvc`); `field` stands for `card`.
        """
        parsed = CardNumber.parse(number, f"{field}.number")
        month = _whole(exp_month, (1, 2))
        if not 1 <= month <= 12:
            raise Refused(Reason.CARD_EXPIRY_INVALID, f"{field}.exp_month")
        year = _whole(exp_year, (2, 4))
        if not (0 <= year <= 99 or 2000 <= year <= 2099):
            raise Refused(Reason.CARD_EXPIRY_INVALID, f"{field}.exp_year")
        if cvc is not None and not (len(cvc) == cvc_length(brand(parsed)) and cvc.isascii() and cvc.isdigit()):
            raise Refused(Reason.CVC_INVALID, f"{field}.cvc")
        return cls(
            number=parsed,
            exp_month=month,
            exp_year=year if year > 99 else 2000 + year,
            cvc=cvc,
            name=name,
        )

    def __repr__(self) -> str:
        return f"Card({self.number}, {self.exp_month}/{self.exp_year})"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return [("number", str(self.number)), ("exp_month", self.exp_month), ("exp_year", self.exp_year)]


def _whole(value: int | str, lengths: tuple[int, int]) -> int:
    """A number, which forms send as text of one of two lengths; -1 for anything else."""
    if isinstance(value, str):
        return int(value) if len(value) in lengths and value.isascii() and value.isdigit() else -1
    return value if type(value) is int else -1


def expired(exp_month: int, exp_year: int, at: Instant) -> bool:
    """Whether the last day of the month on the card is over everywhere on Earth (it ends last at UTC-12)."""
    there = datetime.datetime.fromtimestamp((at - 12 * HOUR) // SECOND, datetime.UTC)
    return (exp_year, exp_month) < (there.year, there.month)


class CardSummary(msgspec.Struct, frozen=True, omit_defaults=True):
    """What may be kept and shown of a card; `fingerprint` is one per number and does not tell it."""

    brand: Brand
    last4: str
    exp_month: int
    exp_year: int
    fingerprint: str
    funding: Funding = Funding.UNKNOWN
    country: str | None = None
    wallet: WalletSummary | None = None


def fingerprint(key: bytes, number: CardNumber) -> str:
    """80 bits of HMAC-SHA256 in base32, so that without the key nobody finds the number by trying them all.

    Raises ValueError for a key of fewer than 16 bytes.
    """
    if len(key) < 16:
        raise ValueError("a fingerprint needs a key of 16 bytes or more")
    return ids.base32(int.from_bytes(hmac.digest(key, number.digits.encode(), "sha256")[:10], "big"), 16)


def summarize(
    card: Card,
    key: bytes,
    funding: Funding = Funding.UNKNOWN,
    country: str | None = None,
    wallet: WalletSummary | None = None,
) -> CardSummary:
    """What remains of a card, with what its issuer's side says of funding and country (two letters)."""
    return CardSummary(
        brand=brand(card.number),
        last4=card.number.last4,
        exp_month=card.exp_month,
        exp_year=card.exp_year,
        fingerprint=fingerprint(key, card.number),
        funding=funding,
        country=country,
        wallet=wallet,
    )


_LENGTHS: Final = {
    Brand.VISA: (16, 19),
    Brand.MASTERCARD: (16,),
    Brand.AMEX: (15,),
    Brand.DISCOVER: (16, 17, 18, 19),
    Brand.DINERS: (14, 16),
    Brand.JCB: (16, 17, 18, 19),
    Brand.UNIONPAY: (16, 17, 18, 19),
    Brand.UNKNOWN: (),
}
_LONGEST_PHONE: Final = 15  # ITU-T E.164, 6.1

_RUN: Final = re.compile(r"[0-9](?:[ -]*[0-9]){12,}")
_ID_OR_RUN: Final = re.compile(rf"(?<![0-9a-z])[a-z]+_{ids.FORM}(?![0-9a-z])|({_RUN.pattern})")
_LONGEST_READ: Final = 64


def scrub(text: str) -> str:
    """Free text with every card number in it masked: 13 to 19 digits, spaced or not, that pass Luhn's check.

    Digits that stand alone count whatever their brand, digits inside a longer number where they begin like a
    known brand. Our own ids stay as they are.
    """
    return _ID_OR_RUN.sub(_mask, text) if _RUN.search(text) else text


def holds_number(text: str) -> bool:
    """Whether free text holds what by all that it shows is a card number: a brand's first digits, a length that the
    brand issues, Luhn's check, and nothing but spaces and dashes within.

    Not counted are digits inside a longer number, telephone numbers with their plus sign, and our own ids. Visa's 13
    digits, not issued for decades, are left to those who number goods (EAN-13) and telephones.
    """
    if not _RUN.search(text):
        return False
    for found in _ID_OR_RUN.finditer(text):
        before = text[max(found.start() - 1, 0) : found.start()]
        if found[1] is not None and _holds(found[1], is_dialed=before == "+"):
            return True
    return False


def _holds(run: str, *, is_dialed: bool) -> bool:
    groups = run.replace("-", " ").split()
    for first in range(len(groups)):
        digits = ""
        for group in groups[first:]:
            digits += group
            if len(digits) > 19:
                break
            if first == 0 and is_dialed and len(digits) <= _LONGEST_PHONE:
                continue
            if len(digits) >= 14 and len(digits) in _LENGTHS[_BRANDS[int(digits[:4])]] and luhn(digits):
                return True
    return False


def _mask(match: re.Match[str]) -> str:
    run = match[1]
    if run is None:
        return match[0]
    places = [place for place, character in enumerate(run) if character.isdigit()]
    digits = "".join([run[place] for place in places])
    hidden: set[int] = set()
    for start, end in _card_numbers(digits, places):
        # Card numbers that overlap hide each other's open ends.
        hidden.update(places[start + 6 : end - 4])
    return "".join(["*" if place in hidden else character for place, character in enumerate(run)])


def _card_numbers(digits: str, places: list[int]) -> Iterator[tuple[int, int]]:
    """Where in `digits` a card number begins and ends; `places` says which of them stood side by side."""
    count = len(digits)
    if count > _LONGEST_READ:
        # Too long to try every part of it, and for anybody to read.
        yield 0, count
        return
    starts = {n for n in range(count) if n == 0 or places[n] - places[n - 1] > 1}
    ends = {*starts, count}
    for start in range(count - 12):
        branded = _BRANDS[int(digits[start : start + 4])] is not Brand.UNKNOWN
        for end in range(start + 13, min(start + 19, count) + 1):
            if (branded or (start in starts and end in ends)) and luhn(digits[start:end]):
                yield start, end
