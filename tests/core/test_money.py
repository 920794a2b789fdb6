import itertools
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tillgate.core import currencies, money
from tillgate.core.money import CurrencyMismatch, Money, Rounding
from tillgate.core.reasons import Reason, Refused

LIMIT = 2**63
CODES = ["USD", "EUR", "JPY", "KWD", "CLF", "NGN", "KES"]
amounts = st.integers(-(LIMIT - 1), LIMIT - 1)
modest = st.integers(-(10**15), 10**15)
moneys = st.builds(Money, amounts, st.sampled_from(CODES))


def usd(amount: int) -> Money:
    return Money(amount, "USD")


def test_money_is_an_amount_and_a_currency() -> None:
    assert usd(500) == Money(amount=500, currency="USD")
    assert usd(500) != Money(500, "EUR")
    assert usd(0) != Money(0, "EUR")
    assert len({usd(500), Money(500, "USD"), usd(501)}) == 2


@pytest.mark.parametrize("amount", [True, False, 1.0, "1", None, Decimal(1), LIMIT, -LIMIT, 10**400])
def test_only_whole_numbers_within_bounds_are_amounts(amount: Any) -> None:
    with pytest.raises(ValueError, match="no amount of money"):
        Money(amount, "USD")


@pytest.mark.parametrize("currency", ["usd", "XXX", "", "ZZZ"])
def test_only_currencies_are_currencies(currency: str) -> None:
    with pytest.raises(ValueError, match="no amount of money"):
        Money(1, currency)


def test_money_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        usd(500).amount = 1  # type: ignore[misc]


@given(moneys)
def test_money_is_stored_and_read_back_as_it_was(whole: Money) -> None:
    assert msgspec.json.decode(msgspec.json.encode(whole), type=Money) == whole


def test_stored_money_that_cannot_be_is_not_read() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'{"amount":9223372036854775808,"currency":"USD"}', type=Money)


@given(modest, modest)
def test_sums_and_differences_are_those_of_the_amounts(one: int, other: int) -> None:
    assert usd(one) + usd(other) == usd(one + other)
    assert usd(one) - usd(other) == usd(one - other)
    assert -usd(one) == usd(-one)
    assert sum([usd(one), usd(other)], usd(0)) == usd(one + other)


@given(amounts, amounts)
def test_money_of_one_currency_is_ordered_by_its_amount(one: int, other: int) -> None:
    assert (usd(one) < usd(other)) is (one < other)
    assert (usd(one) <= usd(other)) is (one <= other)
    assert (usd(one) > usd(other)) is (one > other)
    assert (usd(one) >= usd(other)) is (one >= other)
    assert max(usd(one), usd(other)) == usd(max(one, other))


@pytest.mark.parametrize(
    "operation",
    [
        lambda a, b: a + b,
        lambda a, b: a - b,
        lambda a, b: a < b,
        lambda a, b: a <= b,
        lambda a, b: a > b,
        lambda a, b: a >= b,
    ],
)
def test_two_currencies_never_meet(operation: Callable[[Money, Money], object]) -> None:
    with pytest.raises(CurrencyMismatch):
        operation(usd(1), Money(1, "EUR"))


def test_a_sum_that_no_column_holds_is_refused() -> None:
    with pytest.raises(ValueError, match="no amount of money"):
        usd(LIMIT - 1) + usd(1)


@pytest.mark.parametrize(("amount", "is_zero"), [(0, True), (1, False), (-1, False)])
def test_zero_is_neither_more_nor_less_than_nothing(amount: int, is_zero: bool) -> None:
    assert usd(amount).is_zero is is_zero


@pytest.mark.parametrize(
    ("amount", "weights", "shares"),
    [
        (100, (1, 1, 1), (34, 33, 33)),
        (101, (1, 1, 1), (34, 34, 33)),
        (-100, (1, 1, 1), (-34, -33, -33)),
        (100, (1, 0, 1), (50, 0, 50)),
        (1, (0, 1, 1), (0, 1, 0)),
        (10, (1, 2, 4), (1, 3, 6)),
        (0, (3, 7), (0, 0)),
        (7, (5,), (7,)),
        (5, (999, 1), (5, 0)),
    ],
)
def test_shares_follow_the_weights_and_the_rest_the_largest_remainders(
    amount: int, weights: tuple[int, ...], shares: tuple[int, ...]
) -> None:
    assert usd(amount).split(weights) == tuple(usd(share) for share in shares)


@given(amounts, st.lists(st.integers(0, 10**9), min_size=1, max_size=20).filter(any))
def test_shares_sum_to_the_whole_and_miss_their_due_by_less_than_one(amount: int, weights: list[int]) -> None:
    shares = usd(amount).split(weights)
    assert sum(share.amount for share in shares) == amount
    for share, weight in zip(shares, weights, strict=True):
        assert abs(share.amount - Fraction(amount * weight, sum(weights))) < 1
        if weight == 0:
            assert share.is_zero
    assert tuple(-share for share in shares) == usd(-amount).split(weights)


@given(st.integers(0, 10**9), st.lists(st.integers(0, 1000), min_size=2, max_size=10).filter(any))
def test_a_larger_weight_never_gets_less(amount: int, weights: list[int]) -> None:
    shares = usd(amount).split(weights)
    for (one, first), (other, second) in itertools.combinations(zip(weights, shares, strict=True), 2):
        if one > other:
            assert first >= second


@pytest.mark.parametrize("weights", [(), (0,), (0, 0), (1, -1), (-1, 2), (1, 0.5), (True,)])
def test_shares_need_weights(weights: tuple[Any, ...]) -> None:
    with pytest.raises(ValueError, match="weights"):
        usd(100).split(weights)


@pytest.mark.parametrize(
    ("amount", "basis_points", "portion"),
    [
        (10_000, 290, 290),
        (50, 100, 0),
        (150, 100, 2),
        (250, 100, 2),
        (51, 100, 1),
        (-50, 100, 0),
        (-150, 100, -2),
    ],
)
def test_a_portion_rounds_half_to_even(amount: int, basis_points: int, portion: int) -> None:
    assert usd(amount).portion(basis_points) == usd(portion)


@pytest.mark.parametrize(("amount", "portion"), [(233, 6), (-233, -6), (4000, 90), (0, 0), (1, 1)])
def test_a_portion_rounded_up_goes_away_from_zero(amount: int, portion: int) -> None:
    assert usd(amount).portion(225, Rounding.UP) == usd(portion)


@given(amounts, st.integers(0, 10_000), st.sampled_from(Rounding))
def test_a_portion_lies_between_nothing_and_all_and_is_off_by_less_than_one(
    amount: int, basis_points: int, rounding: Rounding
) -> None:
    portion = usd(amount).portion(basis_points, rounding).amount
    assert min(0, amount) <= portion <= max(0, amount)
    assert abs(portion - Fraction(amount * basis_points, 10_000)) < 1


@given(amounts)
def test_nothing_and_all_are_portions(amount: int) -> None:
    assert usd(amount).portion(0).is_zero
    assert usd(amount).portion(money.WHOLE) == usd(amount)


@pytest.mark.parametrize("basis_points", [-1, 10_001])
def test_a_portion_is_never_less_than_nothing_or_more_than_all(basis_points: int) -> None:
    with pytest.raises(ValueError, match="basis points"):
        usd(100).portion(basis_points)


@given(st.integers(-(10**30), 10**30), st.integers(1, 10**15))
def test_rounding_half_even_is_that_of_exact_fractions(numerator: int, denominator: int) -> None:
    assert money.rounded(numerator, denominator) == round(Fraction(numerator, denominator))


WRITTEN = [
    (50, "USD", "$0.50 USD", "$0.50", "0.50"),
    (2000, "USD", "$20.00 USD", "$20.00", "20.00"),
    (-50, "USD", "-$0.50 USD", "-$0.50", "-0.50"),
    (123456789, "USD", "$1,234,567.89 USD", "$1,234,567.89", "1234567.89"),
    (0, "EUR", "€0.00 EUR", "€0.00", "0.00"),
    (30, "GBP", "£0.30 GBP", "£0.30", "0.30"),
    (1000, "JPY", "¥1,000 JPY", "¥1,000", "1000"),
    (-1000, "JPY", "-¥1,000 JPY", "-¥1,000", "-1000"),
    (1005, "KWD", "1.005 KWD", "1.005 KWD", "1.005"),
    (100000, "KES", "1,000.00 KES", "1,000.00 KES", "1000.00"),
    (-1, "KES", "-0.01 KES", "-0.01 KES", "-0.01"),
    (50000, "NGN", "₦500.00 NGN", "₦500.00", "500.00"),
    (12345, "CLF", "1.2345 CLF", "1.2345 CLF", "1.2345"),
]


@pytest.mark.parametrize(("amount", "currency", "formatted", "without_code", "decimal"), WRITTEN)
def test_money_is_written_as_its_currency_is(
    amount: int, currency: str, formatted: str, without_code: str, decimal: str
) -> None:
    assert Money(amount, currency).formatted() == formatted
    assert Money(amount, currency).formatted(code=False) == without_code
    assert Money(amount, currency).decimal_text() == decimal


@given(moneys)
def test_decimal_text_is_exact_and_reads_back(whole: Money) -> None:
    text = whole.decimal_text()
    assert Money.from_decimal_text(text, whole.currency, "amount") == whole
    assert Fraction(text) * 10 ** currencies.exponent(whole.currency) == whole.amount


@pytest.mark.parametrize(
    ("text", "currency", "amount"),
    [("20", "USD", 2000), ("20.5", "USD", 2050), ("007.10", "USD", 710), ("-0", "USD", 0), ("12", "JPY", 12)],
)
def test_decimal_text_may_leave_out_decimals(text: str, currency: str, amount: int) -> None:
    assert Money.from_decimal_text(text, currency, "amount") == Money(amount, currency)


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        *[
            (text, "USD")
            for text in ["20.005", "20.500", "1e400", "1E2", "NaN", "inf", "-inf", "", "-", ".", "5.", ".5"]
        ],
        *[
            (text, "USD")
            for text in ["+5", " 5", "5 ", "5\n", "1,000.00", "1_000", "0x10", "٥", "--5", "$5", "9" * 5000]
        ],
        ("92233720368547758.08", "USD"),
        ("1.0", "JPY"),
        ("1.0000", "KWD"),
    ],
)
def test_decimal_text_that_is_not_exactly_an_amount_is_refused(text: str, currency: str) -> None:
    with pytest.raises(Refused) as refusal:
        Money.from_decimal_text(text, currency, "total")
    assert (refusal.value.reason, refusal.value.field) == (Reason.AMOUNT_INVALID, "total")


@given(st.text(alphabet="0123456789.-+eE_ ", max_size=12))
def test_decimal_text_is_read_exactly_or_not_at_all(text: str) -> None:
    try:
        read = Money.from_decimal_text(text, "USD", "amount")
    except Refused:
        return
    assert Fraction(text) * 100 == read.amount


@pytest.mark.parametrize("amount", [50, 51, 99_999_999])
def test_a_charge_within_its_bounds_is_let_through(amount: int) -> None:
    money.check_charge(usd(amount))


@pytest.mark.parametrize("amount", [49, 1, 0, -50])
def test_a_charge_below_the_least_is_refused_with_the_least(amount: int) -> None:
    with pytest.raises(Refused) as refusal:
        money.check_charge(usd(amount))
    assert (refusal.value.reason, refusal.value.field) == (Reason.AMOUNT_TOO_SMALL, "amount")
    least = refusal.value.detail["least"]
    assert isinstance(least, Money)
    assert least.formatted() == "$0.50 USD"


def test_a_charge_above_the_largest_is_refused_with_the_largest() -> None:
    with pytest.raises(Refused) as refusal:
        money.check_charge(usd(100_000_000), "total")
    assert (refusal.value.reason, refusal.value.field) == (Reason.AMOUNT_TOO_LARGE, "total")
    assert refusal.value.detail["largest"] == usd(99_999_999)


def test_nothing_is_charged_in_a_withdrawn_currency() -> None:
    with pytest.raises(Refused) as refusal:
        money.check_charge(Money(1000, "BGN"))
    assert refusal.value.reason is Reason.CURRENCY_UNKNOWN
