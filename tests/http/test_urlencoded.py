"""Queries and forms are read in order, and refused when they can be read in two ways."""

from urllib.parse import urlencode

import hypothesis
import pytest
from hypothesis import strategies as st

from tests.waiting import at_most
from tillgate.http import urlencoded
from tillgate.http.problems import Malformed

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


@hypothesis.given(st.lists(st.tuples(texts, texts), max_size=8))
def test_what_was_written_is_read(pairs: list[tuple[str, str]]) -> None:
    assert urlencoded.pairs(urlencode(pairs).encode()) == tuple(pairs)


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        (b"", ()),
        (b"a=1&b=x+y&a=2", (("a", "1"), ("b", "x y"), ("a", "2"))),
        (b"expand%5B%5D=customer&card[number]=1", (("expand[]", "customer"), ("card[number]", "1"))),
        (b"a&b=&=c&&", (("a", ""), ("b", ""), ("", "c"))),
        (b"a=b=c", (("a", "b=c"),)),
        (b"a=%2B%26", (("a", "+&"),)),
        (b"caf%C3%A9=\xc3\xa9", (("café", "é"),)),
        (b"a==%3D=41&b=%0D%0A%20 \r\n=\r\nx_", (("a", "==" + "=41"), ("b", "\r\n  \r\n=\r\nx_"))),
    ],
)
def test_pairs_are_read_as_browsers_write_them(text: bytes, pairs: urlencoded.Pairs) -> None:
    assert urlencoded.pairs(text) == pairs


@pytest.mark.parametrize("escaped", [b"%41" * 349_000, b"%41x" * 262_000, b"%3D=" * 262_000])
def test_a_mebibyte_of_escapes_takes_no_time(escaped: bytes) -> None:
    with at_most(0.5):
        for _ in range(5):
            urlencoded.pairs(b"a=" + escaped)


@pytest.mark.parametrize(
    "text",
    [b"a=%", b"a=%4", b"a=%zz", b"%=1", b"a=%ff", b"a=\xff", b"a=%00", b"%00=1", b"&" * 1_000_000],
    ids=lambda text: repr(text[:8]),
)
def test_what_cannot_be_read_is_refused(text: bytes) -> None:
    with pytest.raises(Malformed):
        urlencoded.pairs(text)
