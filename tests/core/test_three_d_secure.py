"""3-D Secure: which indicator a brand writes, and whether its issuer bears a fraud then."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tillgate.core import three_d_secure
from tillgate.core.cards import Brand
from tillgate.core.three_d_secure import INDICATORS, Authentication, Flow, Result, ResultReason

AUTHENTICATIONS = st.builds(
    Authentication,
    result=st.sampled_from(Result),
    flow=st.none() | st.sampled_from(Flow),
    reason=st.none() | st.sampled_from(ResultReason),
    eci=st.none() | st.integers(0, 99).map("{:02}".format) | st.text(max_size=3),
    liability_shifted=st.none() | st.booleans(),
)

PUBLISHED = {
    # Authenticated, attempted, and neither.
    Brand.VISA: ("05", "06", "07"),
    Brand.MASTERCARD: ("02", "01", "00"),
    Brand.AMEX: ("05", "06", "07"),
    Brand.DISCOVER: ("05", "06", "07"),
    Brand.DINERS: ("05", "06", "07"),
    Brand.JCB: ("05", "06", "07"),
    Brand.UNIONPAY: ("05", "06", "07"),
}


@pytest.mark.parametrize(("brand", "indicators"), PUBLISHED.items())
def test_each_brand_writes_its_own_indicators(brand: Brand, indicators: tuple[str, str, str]) -> None:
    table = INDICATORS[brand]
    neither = {table[result] for result in (Result.FAILED, Result.NOT_SUPPORTED, Result.PROCESSING_ERROR)}
    assert (table[Result.AUTHENTICATED], table[Result.ATTEMPT_ACKNOWLEDGED]) == indicators[:2]
    assert neither == {indicators[2]}


@pytest.mark.parametrize("brand", Brand)
def test_every_brand_has_an_indicator_of_two_digits_for_every_result(brand: Brand) -> None:
    assert set(INDICATORS[brand]) == set(Result)
    assert all(len(eci) == 2 and eci.isdigit() for eci in INDICATORS[brand].values())


@pytest.mark.parametrize(
    ("brand", "eci"), [("mastercard", "06"), ("mastercard", "04"), ("mastercard", "05"), ("visa", "02")]
)
def test_what_says_authenticated_for_one_brand_does_not_for_another(brand: str, eci: str) -> None:
    assert not three_d_secure.shifts_liability(Brand(brand), eci)


@given(AUTHENTICATIONS, st.none() | st.sampled_from(Brand))
def test_an_issuer_bears_a_fraud_only_where_it_was_tried_and_did_not_fail(
    said: Authentication, brand: Brand | None
) -> None:
    known = three_d_secure.assessed(said, brand)
    assert known is not None
    assert msgspec.structs.replace(known, liability_shifted=said.liability_shifted) == said
    assert known.liability_shifted in (True, False)
    if known.liability_shifted:
        assert said.result is not Result.FAILED
        unsaid = brand is not None and said.eci in (
            INDICATORS[brand][Result.AUTHENTICATED],
            INDICATORS[brand][Result.ATTEMPT_ACKNOWLEDGED],
        )
        assert said.liability_shifted or (said.liability_shifted is None and unsaid)
    # What was assessed once stays so.
    assert three_d_secure.assessed(known, brand) == known


@given(st.sampled_from(Brand), st.sampled_from(Result))
def test_the_indicator_of_a_result_shifts_the_liability_where_it_was_tried(brand: Brand, result: Result) -> None:
    tried = result in (Result.AUTHENTICATED, Result.ATTEMPT_ACKNOWLEDGED)
    assert three_d_secure.shifts_liability(brand, INDICATORS[brand][result]) is tried


def test_where_nothing_was_tried_nothing_is_known() -> None:
    assert three_d_secure.assessed(None, Brand.VISA) is None
    assert not three_d_secure.shifts_liability(Brand.VISA, None)
