"""What is read as JSON, what is refused, and how long either takes."""

import json
import math

import hypothesis
import pytest
from hypothesis import strategies as st

from tests.waiting import at_most
from tillgate.http import strict_json
from tillgate.http.problems import Malformed

MEGABYTE = 1024 * 1024
PAYMENT = b'{"amount":2000,"currency":"usd","payment_method":"card","card":{"number":"4242424242424242"}}'

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(texts, inner, max_size=5),
    max_leaves=20,
)


@hypothesis.given(values, st.booleans(), st.sampled_from([None, 1]))
def test_what_was_written_is_read(value: object, ascii_only: bool, indent: int | None) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    read = strict_json.parse(text.encode())
    assert read == value
    assert json.dumps(read) == json.dumps(value)


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (b"", "The body is not JSON: Expecting value, line 1 column 1."),
        (b"   ", "The body is not JSON: Expecting value"),
        (b"\xef\xbb\xbf{}", "The body is not JSON"),
        (b'{"a": 1,\n "b" 2}', "The body is not JSON: Expecting ':' delimiter, line 2 column 6."),
        (b"{} {}", "The body is not JSON: Extra data, line 1 column 4."),
        (b"[1,]", "The body is not JSON"),
        (b"{'a': 1}", "The body is not JSON"),
        (b"01", "The body is not JSON"),
        (b'"a\tb"', "The body is not JSON: Invalid control character, line 1 column 3."),
        (b'"\\x"', "The body is not JSON"),
        (b'"a', "The body is not JSON"),
        (b'{"a": "\xff"}', "The body is not UTF-8, at byte 7."),
        (b'"\xed\xa0\x80"', "The body is not UTF-8, at byte 1."),
        (b'{"a": 1, "b": 2, "a": 3}', "The key a is given twice."),
        (b'{"a": 1, "\\u0061": 3}', "The key a is given twice."),
        (b'{"items": [{}, {"a": {"b": 1, "b": 2}}]}', "The key b is given twice, at items[1].a."),
        (b'{"4242424242424242": 1, "4242424242424242": 2}', "The key … is given twice."),
        (b"NaN", "NaN is not a JSON value."),
        (b'{"a": Infinity}', "Infinity is not a JSON value, at a."),
        (b'{"a": [-Infinity]}', "-Infinity is not a JSON value, at a[0]."),
        (b'{"amount": 1e400}', "A number is too large, at amount."),
        (b'{"amount": -1e400}', "A number is too large, at amount."),
        (b'{"amount": 9223372036854775808}', "An integer is beyond 64 bits, at amount."),
        (b'{"amount": -9223372036854775809}', "An integer is beyond 64 bits, at amount."),
        (b'{"a": {"b": "x\\u0000"}}', "The character U+0000 is not allowed, at a.b."),
        (b'{"a": {"\\u0000": 1}}', "The character U+0000 is not allowed, at a."),
        (b'["\\ud83d"]', "Half of a surrogate pair is not allowed, at [0]."),
        (b'["\\ude00\\ud83d"]', "Half of a surrogate pair is not allowed, at [0]."),
        (b"[" * 33 + b"]" * 33, "The body is nested deeper than 32, at " + "[0]" * 32 + "."),
        (b'{"a":' * 33 + b"1" + b"}" * 33, "The body is nested deeper than 32"),
        (b"[" + b"0," * 10_001 + b"0]", "The body holds more than 10000 values."),
    ],
)
def test_what_can_be_read_in_two_ways_is_refused(body: bytes, complaint: str) -> None:
    with pytest.raises(Malformed) as refused:
        strict_json.parse(body)
    assert refused.value.detail.startswith(complaint)
    assert refused.value.status == 400


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"9223372036854775807", 2**63 - 1),
        (b"-9223372036854775808", -(2**63)),
        (b"1e-400", 0.0),
        (b'"\\ud83d\\ude00"', "😀"),
        (b'"\\\\u0000"', "\\u0000"),
        (b" \n[1]\t", [1]),
        (b'{"a": {"b": 1}, "c": {"b": 1}}', {"a": {"b": 1}, "c": {"b": 1}}),
        (b'"' + b"[{," * 5_000 + b'"', "[{," * 5_000),
        (b"[" * 32 + b"]" * 32, json.loads(b"[" * 32 + b"]" * 32)),
        (b"[" + b"0," * 9_998 + b"0]", [0] * 9_999),
    ],
)
def test_what_is_unusual_but_clear_is_read(body: bytes, value: object) -> None:
    assert strict_json.parse(body) == value


def test_floats_are_finite() -> None:
    read = strict_json.parse(b"[1.5, 1.7976931348623157e308]")
    assert isinstance(read, list)
    assert all(math.isfinite(number) for number in read)


HOSTILE = {
    "brackets": b"[" * MEGABYTE,
    "braces": b'{"a":' * (MEGABYTE // 5),
    "digits": b"9" * MEGABYTE,
    "digits before a point": b"9" * MEGABYTE + b".5",
    "an exponent": b"1e" + b"9" * MEGABYTE,
    "integers of 4,000 digits": b"[" + b",".join([b"9" * 4_000] * 260) + b"]",
    "ones": b"[" + b"1," * (MEGABYTE // 2) + b"1]",
    "keys": b"{" + b",".join(b'"%x":1' % n for n in range(MEGABYTE // 10)) + b"}",
    "one key": b"{" + b",".join([b'"a":1'] * (MEGABYTE // 6)) + b"}",
    "objects": b"[" + b"{}," * (MEGABYTE // 3) + b"{}]",
    "lists in lists": b"[" + (b"[" * 30 + b"]" * 30 + b",") * (MEGABYTE // 61) + b"1]",
    "strings": b"[" + b'"",' * (MEGABYTE // 3) + b'""]',
    "an open string of quotes": b"[" + b"1," * 10_000 + b'"' + b'\\"' * (MEGABYTE // 2),
    "an open string of backslashes": b"[" + b"1," * 10_000 + b'"' + b"\\" * MEGABYTE,
    "commas in a string": b'["' + b"," * MEGABYTE,
    "escapes": b'"' + b"\\u0041" * (MEGABYTE // 6) + b"\\ud800" + b'"',
    "spaces": b" " * MEGABYTE,
    "two of each of many keys": b"{" + b",".join(b'"%d":1' % (n // 2) for n in range(9_000)) + b"}",
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_body_is_refused_at_once(body: bytes) -> None:
    with at_most(0.25), pytest.raises(Malformed):
        strict_json.parse(body)


@hypothesis.given(st.binary(max_size=60) | values.map(lambda value: json.dumps(value).encode()[:-1]))
def test_whatever_comes_is_read_or_refused(body: bytes) -> None:
    try:
        strict_json.parse(body)
    except Malformed:
        return


@hypothesis.given(st.from_regex(r"[0-9]{13,19}", fullmatch=True))
def test_a_complaint_quotes_no_value(number: str) -> None:
    for body in (f'{{"{number}": 1, "{number}": 2}}', f'{{"{number}": NaN}}', f'{{"a": "{number}" 1}}'):
        with pytest.raises(Malformed) as refused:
            strict_json.parse(body.encode())
        assert number not in refused.value.detail
