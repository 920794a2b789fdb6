"""People: which addresses and passwords are taken, how long wrong ones are waited for, and what roles allow."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tillgate.core import people
from tillgate.core.instants import HOUR, MINUTE, SECOND
from tillgate.core.oauth import OAuthScope
from tillgate.core.people import GRANTABLE, Locked, Role, Tries, Unfit

NOON = 1_767_268_800_000_000


def after(count: int, wall: int = NOON) -> Tries:
    tries: Tries | None = None
    for _ in range(count):
        tries = people.tried(tries, "digest", wall)
    assert tries
    return tries


def test_five_wrong_passwords_are_free_and_then_one_waits_longer_and_longer() -> None:
    tries, wall, waits = after(5), NOON, []
    for _ in range(8):
        with pytest.raises(Locked) as locked:
            people.tried(tries, "digest", wall)
        waits.append(locked.value.until - wall)
        wall = locked.value.until
        tries = people.tried(tries, "digest", wall)
    assert waits[:3] == [30 * SECOND, MINUTE, 2 * MINUTE]
    assert max(waits) == waits[-1] == 15 * MINUTE


@given(st.lists(st.integers(0, 2 * HOUR), max_size=60))
def test_nobody_ever_waits_for_more_than_a_quarter_of_an_hour(pauses: list[int]) -> None:
    tries, wall = None, NOON
    for pause in pauses:
        wall += pause
        try:
            tries = people.tried(tries, "digest", wall)
        except Locked as locked:
            until = locked.until
        else:
            until = wall + 1
        assert wall < until <= wall + 15 * MINUTE


def test_after_an_hour_wrong_passwords_are_forgotten() -> None:
    tries = after(5)
    assert people.tried(tries, "digest", tries.erase_at).count == 1
    assert people.tried(tries, "digest", tries.erase_at - 1).count == 6


@pytest.mark.parametrize(
    "text", ["a@b", " ann@example.com ", "o'hara+pay@sub.example.co.uk", f"{'a' * 242}@example.com"]
)
def test_an_address_is_taken(text: str) -> None:
    assert people.email(text) == text.strip()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ann",
        "@example.com",
        "ann@",
        "a b@example.com",
        "a@b@c",
        "ann@exa\nmple.com",
        f"{'a' * 243}@example.com",
        "ann@\x1b[0m.example",
    ],
)
def test_an_address_that_is_none_is_not(text: str) -> None:
    with pytest.raises(Unfit):
        people.email(text)


@pytest.mark.parametrize(
    "text", ["", "short", "x" * 9, "aaaaaaaaaaaa", "abababababab", "x" * 201, "ann.example", "ANN@EXAMPLE"]
)
def test_a_password_that_is_easily_guessed_is_not_taken(text: str) -> None:
    with pytest.raises(Unfit):
        people.password(text, "ann.example.ann@example.com")


def test_a_password_is_the_same_however_it_is_composed() -> None:
    composed, apart = "Ünïcode pässword", "U\u0308ni\u0308code pa\u0308ssword"
    assert people.password(apart, "ann@example.com") == people.comparable(composed) == composed


@pytest.mark.parametrize("text", ["\u0315" * 10_000 + "\u0323" * 10_000, "x" * 1_000_000])
def test_a_password_that_is_far_too_long_is_no_work(text: str) -> None:
    begun = time.process_time()
    assert people.LONGEST_PASSWORD < len(people.comparable(text)) <= 5 * people.LONGEST_PASSWORD
    with pytest.raises(Unfit):
        people.password(text, "ann@example.com")
    assert time.process_time() - begun < 0.5


def test_roles_let_clients_do_no_more_than_they_may() -> None:
    assert set(GRANTABLE) == set(Role)
    assert people.allowed(Role.OWNER, frozenset(OAuthScope)) == frozenset(OAuthScope)
    assert people.allowed(Role.ANALYST, frozenset(OAuthScope)) == frozenset()
    assert OAuthScope.ACCOUNT not in people.allowed(Role.DEVELOPER, frozenset(OAuthScope))
