from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tillgate.core import currencies
from tillgate.core.money import CurrencyMismatch, Money
from tillgate.core.rates import Rate

CODES = ["USD", "EUR", "JPY", "KWD", "CLF", "NGN"]
terms = st.integers(1, 10**8)
rates = st.builds(
    lambda numerator, denominator, pair: Rate("test", numerator, denominator, pair[0], pair[1], 0),
    terms,
    terms,
    st.permutations(CODES),
)
amounts = st.integers(-(10**8), 10**8)


def rate(numerator: int, denominator: int, selling: str, buying: str) -> Rate:
    return Rate("central bank", numerator, denominator, selling, buying, 1_700_000_000_000_000)


@pytest.mark.parametrize(
    ("sold", "quoted", "bought"),
    [
        (Money(100, "USD"), rate(165025, 100, "USD", "NGN"), Money(165025, "NGN")),
        (Money(100, "USD"), rate(150, 1, "USD", "JPY"), Money(150, "JPY")),
        (Money(150, "JPY"), rate(1, 150, "JPY", "USD"), Money(100, "USD")),
        (Money(1000, "KWD"), rate(325, 100, "KWD", "USD"), Money(325, "USD")),
        (Money(325, "USD"), rate(100, 325, "USD", "KWD"), Money(1000, "KWD")),
        (Money(0, "USD"), rate(150, 1, "USD", "JPY"), Money(0, "JPY")),
        (Money(1, "USD"), rate(50, 1, "USD", "JPY"), Money(0, "JPY")),
        (Money(3, "USD"), rate(50, 1, "USD", "JPY"), Money(2, "JPY")),
        (Money(5, "USD"), rate(50, 1, "USD", "JPY"), Money(2, "JPY")),
        (Money(-3, "USD"), rate(50, 1, "USD", "JPY"), Money(-2, "JPY")),
    ],
)
def test_a_rate_converts_units_whatever_the_decimals_and_rounds_half_to_even(
    sold: Money, quoted: Rate, bought: Money
) -> None:
    assert quoted.convert(sold) == bought


def minor_ratio(quoted: Rate) -> Fraction:
    """Minor units bought by one minor unit sold."""
    scale = Fraction(10) ** (currencies.exponent(quoted.buying) - currencies.exponent(quoted.selling))
    return Fraction(quoted.numerator, quoted.denominator) * scale


@given(rates, amounts)
def test_what_is_bought_is_the_nearest_whole_amount(quoted: Rate, amount: int) -> None:
    exact = amount * minor_ratio(quoted)
    if abs(exact) < 2**63 - 1:
        bought = quoted.convert(Money(amount, quoted.selling))
        assert bought == Money(round(exact), quoted.buying)
        assert type(bought.amount) is int


@given(rates, amounts)
def test_there_and_back_is_within_one_unit_of_the_coarser_currency(quoted: Rate, amount: int) -> None:
    sold = Money(amount, quoted.selling)
    if abs(amount * minor_ratio(quoted)) < 2**63 - 1:
        back = quoted.inverse().convert(quoted.convert(sold))
        coarser = max(Fraction(1), 1 / minor_ratio(quoted))
        assert abs(back.amount - amount) <= coarser


@given(rates)
def test_the_inverse_of_the_inverse_is_the_rate(quoted: Rate) -> None:
    assert quoted.inverse().inverse() == quoted
    assert minor_ratio(quoted) * minor_ratio(quoted.inverse()) == 1


def test_a_rate_converts_only_what_it_sells() -> None:
    with pytest.raises(CurrencyMismatch):
        rate(150, 1, "USD", "JPY").convert(Money(100, "EUR"))
    with pytest.raises(CurrencyMismatch):
        rate(150, 1, "USD", "JPY").convert(Money(100, "JPY"))


@pytest.mark.parametrize(
    "unsound",
    [
        (0, 1, "USD", "EUR"),
        (1, 0, "USD", "EUR"),
        (-1, 1, "USD", "EUR"),
        (1.5, 1, "USD", "EUR"),
        (True, 1, "USD", "EUR"),
        (1, 1, "USD", "USD"),
        (1, 1, "USD", "XXX"),
        (1, 1, "usd", "EUR"),
    ],
)
def test_a_rate_is_a_positive_ratio_between_two_currencies(unsound: tuple[Any, Any, str, str]) -> None:
    with pytest.raises(ValueError, match="a rate is"):
        rate(*unsound)
