"""Amounts of money and moments as readers of a language write them."""

from datetime import UTC, datetime
from typing import Final

from tillgate.core import currencies
from tillgate.core.instants import SECOND, Instant
from tillgate.core.money import Money
from tillgate.pages import texts

_JUST_BEFORE: Final = 1
"""The end of a day is the beginning of the next one."""

_COMMAS: Final = str.maketrans({",": ".", ".": ","})

_WITH_COMMAS: Final = {"es": frozenset({"EUR"}), "de": None}
"""In which currencies a language has decimals after a comma: in Spanish where Spain pays, in German in all of them."""


def written(money: Money, language: str) -> str:
    """`$1,000.00`, or `1.000,00 $`; a currency without a sign bears its code."""
    plain = money.formatted(code=False)
    currency = money.currency
    if not _has_commas(language, currency):
        return plain
    symbol = currencies.symbol(currency)
    number = plain.removesuffix(f" {currency}") if symbol is None else plain.replace(symbol, "", 1)
    return f"{number.translate(_COMMAS)}\N{NO-BREAK SPACE}{symbol or currency}"


def code(money: Money) -> str:
    """The currency's code, where what is `written` leaves open whose sign it bears."""
    return money.currency if currencies.symbol(money.currency) in ("$", "£", "¥") else ""


def _has_commas(language: str, currency: str) -> bool:
    if language not in _WITH_COMMAS:
        return False
    only = _WITH_COMMAS[language]
    return only is None or currency in only


def moment(instant: Instant, language: str) -> str:
    """`Mar 5, 2026, 14:05 UTC`, for who has no script to say it by their own clock."""
    at, spoken = datetime.fromtimestamp(instant // SECOND, UTC), texts.spoken(language)
    month = spoken["wallet_months"].split()[at.month - 1]
    return spoken["checkout_moment"].format(day=at.day, month=month, year=at.year, time=f"{at:%H:%M}")


def day(until: Instant, language: str) -> str:
    """`Mar 5, 2026`, for the day that ends then, or in which it is."""
    at, spoken = datetime.fromtimestamp((until - _JUST_BEFORE) // SECOND, UTC), texts.spoken(language)
    return spoken["checkout_day"].format(day=at.day, month=spoken["wallet_months"].split()[at.month - 1], year=at.year)


def iso(instant: Instant) -> str:
    """The same for programs (ISO 8601)."""
    return f"{datetime.fromtimestamp(instant // SECOND, UTC):%Y-%m-%dT%H:%M:%SZ}"
