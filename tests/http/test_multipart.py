"""Multipart bodies are read as browsers and libraries write them, and refused at once where they are broken."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.waiting import at_most
from tillgate.http import multipart
from tillgate.http.multipart import MAX_PARTS, Part
from tillgate.http.problems import Malformed
from tillgate.http.urlencoded import Pairs

HEADER = "multipart/form-data; boundary=XX"


def body(*parts: str) -> bytes:
    """A body of parts, each with its headers."""
    return b"".join(f"--XX\r\n{part}\r\n".encode() for part in parts) + b"--XX--\r\n"


def text(name: str, value: str) -> str:
    return f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'


def read(header: str, given: bytes) -> Pairs:
    """The texts of a body."""
    return multipart.pairs(multipart.parts(header, given))


def test_texts_and_files_are_read_in_their_order() -> None:
    photograph = (
        'content-disposition: form-data; name="photo"; filename="ø.jpg"\r\nContent-Type: image/JPEG\r\n\r\n\x01'
    )
    found = multipart.parts(HEADER, body(text("a", "1"), photograph, text("a", "")))
    assert found == (Part("a", b"1"), Part("photo", b"\x01", "ø.jpg", "image/jpeg"), Part("a", b""))


def test_what_looks_like_a_boundary_is_part_of_the_text_until_it_is_one() -> None:
    for value in ("\r\n", "--XX", "\r\n--X", "\r\n--XY\r\n", "-", "\r\n\r\n--"):
        assert read(HEADER, body(text("a", value))) == (("a", value),)


def test_what_comes_before_and_after_is_passed_over() -> None:
    whole = body(text("a", "1"))
    assert read(HEADER, b"\r\n" + whole + b"and more" * 100) == (("a", "1"),)


@given(st.dictionaries(st.from_regex(r"[a-z_\[\]]{1,9}", fullmatch=True), st.text(st.characters(codec="utf-8"))))
def test_what_we_write_is_what_we_read(fields: dict[str, str]) -> None:
    fields = {name: value.replace("\0", "") for name, value in fields.items()}
    boundary = "tillgate-7b1c"
    found = read(f"multipart/form-data; boundary={boundary}", multipart.encode(fields, boundary))
    assert dict(found) == fields or not fields


@pytest.mark.parametrize(
    ("header", "given"),
    [
        ("multipart/form-data", body(text("a", "1"))),
        ("multipart/form-data; boundary=", body(text("a", "1"))),
        ("multipart/form-data; boundary=" + "X" * 300, body(text("a", "1"))),
        ("multipart/form-data; boundary=YY", body(text("a", "1"))),
        (HEADER, b"a=1"),
        (HEADER, body(text("a", "1"))[:-6]),
        (HEADER, body("Content-Type: text/plain\r\n\r\n1")),
        (HEADER, body(text("", "1"))),
        (HEADER, body('Content-Disposition: attachment; name="a"\r\n\r\n1')),
        (HEADER, body(text("a", "1\0"))),
        (HEADER, body(text("a", "€")).replace("€".encode(), b"\xe2\x82")),
        (HEADER, body("bad header\r\n\r\n1")),
    ],
)
def test_what_is_broken_is_refused(header: str, given: bytes) -> None:
    with pytest.raises(Malformed):
        read(header, given)


HOSTILE = {
    "parts": body(*[text("a", "")] * (MAX_PARTS + 1)),
    "boundaries that are none": body(text("a", "\r\n--X" * 200_000)) * 1,
    "a header without an end": b"--XX\r\n" + b"a" * 1_000_000,
    "headers": b"--XX\r\n" + b"a: b\r\n" * 150_000,
    "an epilogue": body(text("a", "1")) + b"\r\n" * 500_000,
    "a preamble": b"\r\n" * 500_000 + body(text("a", "1")),
    "one long text": body(text("a", "x" * 1_000_000)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_body_of_a_mebibyte_takes_no_time(name: str) -> None:
    with at_most(1):
        try:
            read(HEADER, HOSTILE[name])
        except Malformed:
            return
