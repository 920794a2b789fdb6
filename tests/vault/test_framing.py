from hypothesis import given
from hypothesis import strategies as st

from tillgate.vault.framing import framed

parts = st.lists(st.text(st.sampled_from("ab\x00\x01é"), max_size=3), max_size=4).map(tuple)


@given(parts, parts)
def test_no_two_lists_of_parts_are_framed_alike(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    assert (framed(*one) == framed(*other)) == (one == other)


def test_a_part_follows_its_length_in_four_bytes() -> None:
    assert framed("é", b"", b"\xff") == b"\0\0\0\2\xc3\xa9\0\0\0\0\0\0\0\1\xff"
