import itertools
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tillgate.core.fees import FeePlan, fee
from tillgate.core.money import CurrencyMismatch, Money, Rounding

plans = st.builds(
    FeePlan,
    st.integers(0, 10_000),
    st.dictionaries(st.sampled_from(["USD", "JPY"]), st.integers(0, 10_000)),
    st.sampled_from(Rounding),
)
currencies = st.sampled_from(["USD", "JPY", "KWD"])
steps = st.lists(st.integers(0, 10_000), min_size=1, max_size=12)
NOTHING = Money(0, "USD")


def usd(amount: int) -> Money:
    return Money(amount, "USD")


@pytest.mark.parametrize(
    ("plan", "captured", "due"),
    [
        (FeePlan(290, {"USD": 30}), usd(5000), usd(175)),
        (FeePlan(290, {"USD": 30}), Money(5000, "EUR"), Money(145, "EUR")),
        (FeePlan(290, {"USD": 30}), usd(0), usd(0)),
        (FeePlan(0, {"USD": 30}), usd(20), usd(20)),
        (FeePlan(225, rounding=Rounding.UP), usd(233), usd(6)),
        (FeePlan(225), usd(233), usd(5)),
        (FeePlan(100), usd(50), usd(0)),
        (FeePlan(100), usd(150), usd(2)),
        (FeePlan(0), usd(5000), usd(0)),
        (FeePlan(10_000), usd(5000), usd(5000)),
    ],
)
def test_a_fee_is_a_share_and_a_fixed_part(plan: FeePlan, captured: Money, due: Money) -> None:
    assert fee(plan, Money(0, captured.currency), captured) == due


def test_the_fixed_part_falls_due_once() -> None:
    plan = FeePlan(0, {"USD": 30})
    assert [fee(plan, usd(before), usd(1000)) for before in (0, 1000, 2000)] == [usd(30), usd(0), usd(0)]


def test_a_fixed_part_larger_than_the_first_capture_falls_due_with_the_next() -> None:
    plan = FeePlan(0, {"USD": 30})
    assert [fee(plan, usd(before), usd(20)) for before in (0, 20, 40)] == [usd(20), usd(10), usd(0)]


@given(plans, currencies, steps)
def test_many_captures_cost_exactly_what_one_costs(plan: FeePlan, currency: str, captures: list[int]) -> None:
    befores = itertools.accumulate(captures[:-1], initial=0)
    stepwise = [
        fee(plan, Money(before, currency), Money(now, currency)) for before, now in zip(befores, captures, strict=True)
    ]
    nothing = Money(0, currency)
    assert sum(stepwise, nothing) == fee(plan, nothing, Money(sum(captures), currency))


@given(plans, currencies, st.integers(0, 10**6), st.integers(0, 10**6))
def test_no_capture_costs_less_than_nothing_or_more_than_it_brings(
    plan: FeePlan, currency: str, before: int, now: int
) -> None:
    due = fee(plan, Money(before, currency), Money(now, currency))
    assert 0 <= due.amount <= now


@given(plans, st.integers(0, 200), st.integers(0, 200))
def test_small_captures_too_cost_no_more_than_they_bring(plan: FeePlan, before: int, now: int) -> None:
    assert 0 <= fee(plan, usd(before), usd(now)).amount <= now


def test_a_fee_is_about_one_currency() -> None:
    with pytest.raises(CurrencyMismatch):
        fee(FeePlan(290), usd(100), Money(100, "EUR"))


@pytest.mark.parametrize(("before", "now"), [(-1, 100), (100, -1)])
def test_nothing_negative_is_captured(before: int, now: int) -> None:
    with pytest.raises(ValueError, match="negative"):
        fee(FeePlan(290), usd(before), usd(now))


@pytest.mark.parametrize("terms", [(-1, {}), (10_001, {}), (290, {"USD": -1}), (290, {"usd": 30}), (290, {"XXX": 30})])
def test_a_plan_takes_between_nothing_and_all_in_currencies(terms: tuple[Any, Any]) -> None:
    with pytest.raises(ValueError, match="fee"):
        FeePlan(*terms)


@given(plans)
def test_a_plan_is_stored_and_read_back_as_it_was(plan: FeePlan) -> None:
    assert msgspec.json.decode(msgspec.json.encode(plan), type=FeePlan) == plan
