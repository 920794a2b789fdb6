"""Rates: what one currency costs in another, as a ratio of whole numbers, by whom and when it was quoted."""

import msgspec

from tillgate.core import currencies, money
from tillgate.core.instants import Instant
from tillgate.core.money import CurrencyMismatch, Money


class Rate(msgspec.Struct, frozen=True):
    """One unit of `selling` buys `numerator / denominator` units of `buying`; units, not minor units.

    Raises ValueError unless both numbers are positive and both currencies are known and differ.
    """

    source: str
    numerator: int
    denominator: int
    selling: str
    buying: str
    quoted_at: Instant

    def __post_init__(self) -> None:
        if not all(type(number) is int and number > 0 for number in (self.numerator, self.denominator)):
            raise ValueError("a rate is a ratio of positive whole numbers")
        if self.selling == self.buying or not all(map(currencies.recorded, (self.selling, self.buying))):
            raise ValueError("a rate is between two currencies")

    def inverse(self) -> "Rate":
        """The same quote the other way round; what was spread on it does not come back."""
        return Rate(self.source, self.denominator, self.numerator, self.buying, self.selling, self.quoted_at)

    def convert(self, sold: Money) -> Money:
        """What `sold` buys, rounded half to even in the minor unit bought. Raises CurrencyMismatch."""
        if sold.currency != self.selling:
            raise CurrencyMismatch(sold.currency, self.selling)
        gained = sold.amount * self.numerator * 10 ** currencies.exponent(self.buying)
        divided = self.denominator * 10 ** currencies.exponent(self.selling)
        return Money(money.rounded(gained, divided), self.buying)
