"""Signing keys: which one signs, when the next is made, and which are of no use any more."""

from tillgate.core import signing_keys
from tillgate.core.instants import DAY, HOUR
from tillgate.core.signing_keys import EVERYBODYS, SigningKey

NOON = 1_767_268_800_000_000


def key(id: str, signs_from: int) -> SigningKey:
    return SigningKey(tenant=EVERYBODYS, id=id, created=NOON, use="test", public={}, sealed=b"", signs_from=signs_from)


ONE, TWO = key("one", NOON), key("two", NOON + 30 * DAY)


def test_the_newest_signs_whose_time_has_come() -> None:
    assert signing_keys.signing((), NOON) is None
    assert signing_keys.signing((TWO, ONE), NOON) is ONE
    assert signing_keys.signing((ONE, TWO), NOON + 30 * DAY - 1) is ONE
    assert signing_keys.signing((ONE, TWO), NOON + 30 * DAY) is TWO


def test_a_clock_that_is_behind_signs_with_the_first_key() -> None:
    assert signing_keys.signing((TWO, ONE), NOON - 1) is ONE
    assert not signing_keys.is_next_due((ONE,), NOON - 1)


def test_the_next_is_made_an_hour_before_it_signs() -> None:
    assert signing_keys.is_next_due((), NOON)
    assert not signing_keys.is_next_due((ONE,), NOON + 30 * DAY - HOUR - 1)
    assert signing_keys.is_next_due((ONE,), NOON + 30 * DAY - HOUR)
    assert not signing_keys.is_next_due((ONE, TWO), NOON + 30 * DAY)


def test_a_key_goes_a_day_after_another_signs() -> None:
    assert signing_keys.worn((ONE,), NOON + 90 * DAY) == []
    assert signing_keys.worn((ONE, TWO), NOON + 31 * DAY - 1) == []
    assert signing_keys.worn((ONE, TWO), NOON + 31 * DAY) == [ONE]
