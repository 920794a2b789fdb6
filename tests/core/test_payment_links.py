"""Payment links: what their payers may say, and that a limited one has no more places than it has."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tillgate.core import payment_links
from tillgate.core.payment_links import Bounds, PaymentLink, Sold
from tillgate.core.reasons import Reason, Refused

MUG = Sold(name="Mug", unit_amount=1200)
MUGS = Sold(name="Mug", unit_amount=1200, quantity=2, least=1, most=5)
GIFT = Bounds(minimum=500, maximum=10_000)


def link(*sold: Sold, **more: Any) -> PaymentLink:
    given: dict[str, Any] = {"currency": "USD", "currency_asked_as": "lower", "sold": sold or (MUG,), **more}
    return PaymentLink(tenant="ten_1", id="plink_1", created=0, **given)


@given(st.integers(-(10**6), 10**6))
def test_an_amount_is_taken_within_the_bounds_alone(amount: int) -> None:
    open_to_all = link(Sold(name="Gift"), bounds=GIFT)
    if GIFT.minimum <= amount <= GIFT.maximum:
        [line] = payment_links.lines(open_to_all, amount, {})
        assert (line.amount, line.quantity) == (amount, 1)
    else:
        with pytest.raises(Refused) as refused:
            payment_links.lines(open_to_all, amount, {})
        assert refused.value.reason is (Reason.AMOUNT_TOO_SMALL if amount < 500 else Reason.AMOUNT_TOO_LARGE)


@given(st.dictionaries(st.integers(0, 3), st.integers(-3, 9)))
def test_only_what_is_theirs_to_say_is_heard_and_within_its_bounds(said: dict[int, int]) -> None:
    offered = link(MUG, MUGS)
    if 1 in said and not 1 <= said[1] <= 5:
        with pytest.raises(Refused) as refused:
            payment_links.lines(offered, None, said)
        assert refused.value.reason is Reason.PARAMETER_INVALID
        return
    lines = payment_links.lines(offered, 99, said)
    assert [line.quantity for line in lines] == [1, said.get(1, 2)]
    assert payment_links.total(offered, lines).amount == 1200 * (1 + said.get(1, 2))


@given(st.integers(1, 5), st.lists(st.integers(0, 9), max_size=30))
def test_no_more_have_a_place_than_there_are_and_who_has_one_keeps_it(limit: int, coming: list[int]) -> None:
    now = link(limit=limit)
    for one in coming:
        had, name = set(now.holders), f"pay_{one}"
        if len(had) == limit and name not in had:
            with pytest.raises(Refused):
                payment_links.held(now, name, now.holders)
            continue
        now = payment_links.held(now, name, now.holders)
        assert had | {name} == set(now.holders)
        assert len(now.holders) == len(set(now.holders)) <= limit


@pytest.mark.parametrize(
    ("active", "limit", "completed", "is_open"),
    [(True, None, 10**6, True), (True, 2, 1, True), (True, 2, 2, False), (False, None, 0, False), (False, 2, 0, False)],
)
def test_when_a_link_can_be_followed(*, active: bool, limit: int | None, completed: int, is_open: bool) -> None:
    asked = link(active=active, limit=limit)
    if is_open:
        payment_links.assert_open(asked, completed)
    else:
        with pytest.raises(Refused):
            payment_links.assert_open(asked, completed)
