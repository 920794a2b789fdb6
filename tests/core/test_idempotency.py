import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.world import START
from tillgate.core import idempotency
from tillgate.core.idempotency import LEASE, IdempotencyKey
from tillgate.core.instants import MINUTE
from tillgate.core.reasons import Reason, Refused
from tillgate.core.records import evolve

CLAIMED = idempotency.claim("ten_1", "digest of the key", "digest of the request", START)


def test_a_key_is_claimed_for_a_minute_without_an_answer() -> None:
    assert (
        IdempotencyKey(
            tenant="ten_1",
            id="digest of the key",
            created=START,
            fingerprint="digest of the request",
            lease_until=START + MINUTE,
        )
        == CLAIMED
    )
    assert (CLAIMED.subject, CLAIMED.reply) == (None, None)


@given(st.integers(0, LEASE - 1))
def test_nobody_takes_over_from_a_request_that_may_still_be_running(later: int) -> None:
    with pytest.raises(Refused) as refused:
        idempotency.take_over(CLAIMED, START + later)
    assert refused.value.reason is Reason.IDEMPOTENCY_KEY_IN_USE


@given(st.integers(LEASE, 100 * LEASE))
def test_a_repeat_takes_over_from_a_request_that_died_for_as_long_again(later: int) -> None:
    taken = idempotency.take_over(evolve(CLAIMED, subject="att_1_1"), START + later)
    assert taken == evolve(CLAIMED, subject="att_1_1", lease_until=START + later + LEASE)
    with pytest.raises(Refused):
        idempotency.take_over(taken, START + later)


def test_a_repeat_asks_the_same() -> None:
    idempotency.assert_same_request(CLAIMED, "digest of the request")


def test_a_key_does_not_stand_for_two_requests() -> None:
    with pytest.raises(Refused) as refused:
        idempotency.assert_same_request(CLAIMED, "digest of another request")
    assert refused.value.reason is Reason.IDEMPOTENCY_KEY_REUSED
