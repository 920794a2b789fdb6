"""Money: a whole number of a currency's smallest unit, exact in every operation."""

import enum
import re
from collections.abc import Sequence
from typing import Final

import msgspec

from tillgate.core import currencies
from tillgate.core.reasons import Reason, Refused

WHOLE: Final = 10_000
"""All of something, in basis points."""

_DECIMAL: Final = re.compile(r"(-?)([0-9]{1,19})(?:\.([0-9]{1,19}))?")


class CurrencyMismatch(ValueError):
    """Two currencies met in one operation: a mistake in the program, never in what was asked."""

    def __init__(self, one: str, other: str) -> None:
        super().__init__(f"{one} met {other}")


class Rounding(enum.StrEnum):
    """What becomes of a fraction of the smallest unit."""

    HALF_EVEN = "half_even"
    """To the nearest, a half to the even neighbor: no drift over many payments."""
    UP = "up"
    """Away from zero."""


class Money(msgspec.Struct, frozen=True, gc=False):
    """`amount` minor units of `currency` (uppercase ISO 4217); it may be negative, and |amount| < 2**63.

    Ordered, added and subtracted within one currency; two currencies raise CurrencyMismatch. Amounts of
    different currencies are unequal, also when both are zero. Raises ValueError for an amount or a currency
    that cannot be.
    """

    amount: int
    currency: str

    def __post_init__(self) -> None:
        # One chained test, since payments make dozens of these; bool is an int that is not an amount.
        if (
            type(self.amount) is int
            and -0x8000_0000_0000_0000 < self.amount < 0x8000_0000_0000_0000
            and currencies.recorded(self.currency)
        ):
            return
        raise ValueError(f"no amount of money: {self.amount!r} {self.currency!r}")

    @classmethod
    def from_decimal_text(cls, text: str, currency: str, field: str) -> "Money":
        """What `20`, `20.5` or `-20.50` says in units of the currency, exactly.

        Raises Refused(AMOUNT_INVALID, field) for anything else, such as more decimals than the currency has.
        """
        match = _DECIMAL.fullmatch(text)
        decimals = currencies.exponent(currency)
        if match is None or len(match[3] or "") > decimals:
            raise Refused(Reason.AMOUNT_INVALID, field)
        amount = int(match[2] + (match[3] or "").ljust(decimals, "0"))
        try:
            return cls(-amount if match[1] else amount, currency)
        except ValueError:
            raise Refused(Reason.AMOUNT_INVALID, field) from None

    def __add__(self, other: "Money") -> "Money":
        if self.currency != other.currency:
            raise CurrencyMismatch(self.currency, other.currency)
        return Money(self.amount + other.amount, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        if self.currency != other.currency:
            raise CurrencyMismatch(self.currency, other.currency)
        return Money(self.amount - other.amount, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.amount, self.currency)

    def __lt__(self, other: "Money") -> bool:
        if self.currency != other.currency:
            raise CurrencyMismatch(self.currency, other.currency)
        return self.amount < other.amount

    def __le__(self, other: "Money") -> bool:
        if self.currency != other.currency:
            raise CurrencyMismatch(self.currency, other.currency)
        return self.amount <= other.amount

    def __gt__(self, other: "Money") -> bool:
        return other < self

    def __ge__(self, other: "Money") -> bool:
        return other <= self

    @property
    def is_zero(self) -> bool:
        """Neither more nor less than nothing."""
        return self.amount == 0

    def split(self, weights: Sequence[int]) -> tuple["Money", ...]:
        """Shares in proportion to `weights` that sum to the whole; the rest goes to the largest remainders.

        Among equal remainders the earlier share comes first; a weight of zero gets nothing; a negative amount
        splits as its opposite does. Raises ValueError unless the weights are whole numbers, none of them
        negative and one positive.
        """
        if any(type(weight) is not int or weight < 0 for weight in weights) or not any(weights):
            raise ValueError("shares need whole weights, none negative and one of them positive")
        total, size = sum(weights), abs(self.amount)
        shares, remainders = zip(*(divmod(size * weight, total) for weight in weights), strict=True)
        neediest = sorted(range(len(weights)), key=lambda place: remainders[place], reverse=True)
        raised = set(neediest[: size - sum(shares)])
        sign = -1 if self.amount < 0 else 1
        return tuple(Money(sign * (share + (place in raised)), self.currency) for place, share in enumerate(shares))

    def portion(self, basis_points: int, rounding: Rounding = Rounding.HALF_EVEN) -> "Money":
        """So many ten-thousandths of it. Raises ValueError for less than none or more than all of it."""
        if not 0 <= basis_points <= WHOLE:
            raise ValueError(f"a portion is of 0 to {WHOLE} basis points, not {basis_points}")
        return Money(rounded(self.amount * basis_points, WHOLE, rounding), self.currency)

    def decimal_text(self) -> str:
        """Units of the currency with all its decimals, exactly: `20.00`, `-0.50`, `1000` of yen."""
        return self._written("")

    def formatted(self, *, code: bool = True) -> str:
        """As people read it: `$0.50 USD`, `-¥1,000 JPY`, `1,000.00 KES`.

        Without `code` the sign has to do (`$0.50`); a currency that has no sign always bears its code.
        """
        symbol = currencies.symbol(self.currency)
        written = self._written(",")
        if symbol is None:
            return f"{written} {self.currency}"
        signed = f"-{symbol}{written[1:]}" if self.amount < 0 else symbol + written
        return f"{signed} {self.currency}" if code else signed

    def _written(self, separator: str) -> str:
        decimals = currencies.exponent(self.currency)
        if not decimals:
            return f"{self.amount:{separator}}"
        units, rest = divmod(abs(self.amount), 10**decimals)
        sign = "-" if self.amount < 0 else ""
        return f"{sign}{units:{separator}}.{rest:0{decimals}}"


def check_charge(money: Money, field: str = "amount") -> None:
    """Nothing, where so much may be charged at once.

    Raises Refused(AMOUNT_TOO_SMALL, field, least=Money), Refused(AMOUNT_TOO_LARGE, field, largest=Money) or,
    in a currency that is no longer charged, Refused(CURRENCY_UNKNOWN, "currency").
    """
    currency = money.currency
    if not currencies.known(currency):
        raise Refused(Reason.CURRENCY_UNKNOWN, "currency")
    if money.amount < (least := currencies.least_charge(currency)):
        raise Refused(Reason.AMOUNT_TOO_SMALL, field, least=Money(least, currency))
    if money.amount > (largest := currencies.largest_charge(currency)):
        raise Refused(Reason.AMOUNT_TOO_LARGE, field, largest=Money(largest, currency))


def rounded(numerator: int, denominator: int, rounding: Rounding = Rounding.HALF_EVEN) -> int:
    """The whole number that stands for `numerator / denominator`, of which the latter is positive."""
    if rounding is Rounding.UP:
        return -(-numerator // denominator) if numerator > 0 else numerator // denominator
    whole, rest = divmod(numerator, denominator)
    twice = 2 * rest
    return whole + (twice > denominator or (twice == denominator and whole % 2 == 1))
