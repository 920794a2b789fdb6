import os
import uuid
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tillgate.core import ids
from tillgate.core.ids import Ids
from tillgate.core.instants import SECOND

NOW = 1_763_725_871_123_456
instants = st.integers(0, (1 << 48) * 1000 - 1)
prefixes = st.sampled_from(["pay", "att", "re", "cus", "pm", "tok", "evt"])


def as_uuid(text: str) -> uuid.UUID:
    """The UUID in an id, read digit by digit as Crockford wrote it down."""
    number = 0
    for digit in text.rpartition("_")[2]:
        number = number * 32 + "0123456789abcdefghjkmnpqrstvwxyz".index(digit)
    return uuid.UUID(int=number)


@given(st.integers(), prefixes, instants)
def test_an_id_is_a_prefix_and_a_uuid_of_version_seven(seed: int, prefix: str, at: int) -> None:
    text = Ids.seeded(seed).new(prefix, at)
    assert text.startswith(f"{prefix}_")
    assert len(text) == len(prefix) + 27
    held = as_uuid(text)
    assert (held.version, held.variant) == (7, uuid.RFC_4122)
    assert held.int >> 80 == at // 1000


@given(st.integers(), instants)
def test_an_id_tells_when_it_was_made(seed: int, at: int) -> None:
    assert ids.instant_of(Ids.seeded(seed).new("pay", at)) == at


def test_every_microsecond_is_told_apart() -> None:
    made = Ids.seeded(0)
    millisecond = [made.new("pay", NOW // 1000 * 1000 + rest) for rest in range(1000)]
    assert [ids.instant_of(text) % 1000 for text in millisecond] == list(range(1000))
    assert millisecond == sorted(millisecond)


@given(st.integers(), st.lists(instants, min_size=2, max_size=50))
def test_ids_sort_by_time_and_within_an_instant_as_they_were_made(seed: int, times: list[int]) -> None:
    made = Ids.seeded(seed)
    # Each time occurs twice, with all the others between.
    texts = [(at, turn, made.new("pay", at)) for turn, at in enumerate([*times, *times])]
    assert [text for _, _, text in sorted(texts)] == sorted(text for _, _, text in texts)
    assert len({text for _, _, text in texts}) == len(texts)


def test_thousands_of_ids_of_one_instant_sort_as_they_were_made_also_beside_another_clock() -> None:
    made = Ids(os.urandom)
    texts = []
    for turn in range(5000):
        texts.append(made.new("pay", NOW))
        made.new("pay", turn * SECOND)
    assert texts == sorted(set(texts))


def test_two_processes_make_different_ids_at_one_instant() -> None:
    one, other = Ids(os.urandom), Ids(os.urandom)
    assert not {one.new("pay", NOW) for _ in range(2000)} & {other.new("pay", NOW) for _ in range(2000)}


def test_the_same_seed_gives_the_same_ids_and_another_seed_others() -> None:
    def world(seed: int) -> list[str]:
        made = Ids.seeded(seed)
        return [made.new("pay", NOW + turn) for turn in range(3000)]

    assert world(7) == world(7)
    assert not set(world(7)) & set(world(8))


@pytest.mark.parametrize("byte", [b"\x00", b"\xff"])
def test_ids_stay_apart_and_in_form_on_the_poorest_randomness(byte: bytes) -> None:
    made = Ids(lambda size: byte * size)
    texts = [made.new("pay", NOW) for _ in range(2000)]
    assert len(set(texts)) == 2000
    assert all(ids.is_id("pay", text) for text in texts)


def counted() -> tuple[list[int], Callable[[int], bytes]]:
    asked: list[int] = []

    def random(size: int) -> bytes:
        asked.append(size)
        return os.urandom(size)

    return asked, random


def test_randomness_is_read_when_it_is_needed_and_for_many_ids_at_once() -> None:
    asked, random = counted()
    made = Ids(random)
    assert asked == []
    for _ in range(1024):
        made.new("pay", NOW)
    assert asked == [8, 4096]


@given(st.integers(), instants, instants)
def test_the_floor_of_an_instant_parts_earlier_ids_from_later_ones(seed: int, at: int, mark: int) -> None:
    text = Ids.seeded(seed).new("pay", at)
    assert (text >= ids.floor("pay", mark)) is (at >= mark)
    assert ids.is_id("pay", ids.floor("pay", mark))


def test_the_floor_parts_neighboring_microseconds() -> None:
    made = Ids.seeded(1)
    assert made.new("pay", NOW - 1) < ids.floor("pay", NOW) <= made.new("pay", NOW) < ids.floor("pay", NOW + 1)


@pytest.mark.parametrize("at", [-1, (1 << 48) * 1000])
def test_no_id_is_of_a_time_it_cannot_hold(at: int) -> None:
    with pytest.raises(ValueError, match="1970"):
        Ids.seeded(0).new("pay", at)
    with pytest.raises(ValueError, match="1970"):
        ids.floor("pay", at)


@given(st.integers(), prefixes, instants)
def test_the_form_of_an_id_is_known_by_prefix(seed: int, prefix: str, at: int) -> None:
    text = Ids.seeded(seed).new(prefix, at)
    assert ids.is_id(prefix, text)
    assert not ids.is_id("other", text)
    assert not ids.is_id(prefix[:-1], text)


GOOD = "pay_01kak4220kex5sx70q78246p1y"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "pay_",
        "pay_1234567890",
        GOOD[4:],
        GOOD[:-1],
        GOOD + "0",
        GOOD + "\n",
        GOOD.upper(),
        "pi" + GOOD[3:],
        "pay-" + GOOD[4:],
        GOOD[:4] + "8" + GOOD[5:],
        GOOD[:14] + "d" + GOOD[15:],
        GOOD[:17] + "c" + GOOD[18:],
        GOOD[:-1] + "u",
        GOOD[:-1] + "١",
    ],
)
def test_what_has_not_the_form_of_an_id_is_none(text: str) -> None:
    assert ids.is_id("pay", GOOD)
    assert not ids.is_id("pay", text)


@pytest.mark.parametrize("text", ["", "pay_", "pay_1234567890", GOOD[:-1] + "u", GOOD.upper()])
def test_what_is_no_id_tells_no_time(text: str) -> None:
    with pytest.raises(ValueError, match="not an id"):
        ids.instant_of(text)


@given(st.integers(0, 2**80 - 1))
def test_base32_is_crockfords(number: int) -> None:
    text = ids.base32(number, 16)
    assert len(text) == 16
    assert as_uuid(text).int == number
