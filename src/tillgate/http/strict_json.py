"""JSON as RFC 8259 has it, but for what two readers could read differently, which is refused."""

import json
import re
from collections.abc import Callable
from typing import Any, Final

from tillgate.http.problems import Malformed

MAX_DEPTH: Final = 32
MAX_VALUES: Final = 10_000

_LOWEST: Final = -(2**63)
_HIGHEST: Final = 2**63 - 1
_DIGITS: Final = len(str(_LOWEST))
# A string that is never closed runs to the end: otherwise each of its quotes would be tried as a beginning.
_STRING: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_UNSTORABLE: Final = re.compile("[\0\ud800-\udfff]")
_PLAIN_KEY: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}")


class Literal(str):
    """A number with a fraction or an exponent, as it was written."""

    __slots__ = ()


def parse(body: bytes, *, exact: bool = False) -> object:
    """The value of a JSON text: dict, list, str, int, float, bool or None.

    Where it is to be `exact`, a Literal stands for what would be a float.

    Raises Malformed for what is not JSON in UTF-8, and for: a key given twice in one object; NaN, Infinity
    and numbers that overflow; integers beyond 64 bits; U+0000 and lone surrogates, which PostgreSQL cannot
    hold; nesting deeper than 32; more than 10,000 values. A hostile body of 1 MiB takes it milliseconds.
    """
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise Malformed(f"The body is not UTF-8, at byte {error.start}.") from None
    containers = body.count(b"[") + body.count(b"{")
    if containers + body.count(b",") > MAX_VALUES:
        _refuse_too_many_values(body)
    try:
        value: object = (_EXACT if exact else _STRICT).decode(text)
    except json.JSONDecodeError as error:
        what = error.msg.removesuffix(" at")
        raise Malformed(f"The body is not JSON: {what}, line {error.lineno} column {error.colno}.") from None
    except RecursionError:
        raise _too_deep("") from None
    except Malformed:
        value = _MARKING.decode(text)
    else:
        if containers <= MAX_DEPTH and b"\\u" not in body:
            return value
    _inspect(value, "", 1)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        seen: set[str] = set()
        again = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise Malformed(f"The key {_named(again)} is given twice")
    return members


def _integer(digits: str) -> int:
    # Its length is looked at first: reading digits takes time that grows with their square.
    if len(digits) > _DIGITS or not _LOWEST <= (number := int(digits)) <= _HIGHEST:
        raise Malformed("An integer is beyond 64 bits")
    return number


def _float(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise Malformed("A number is too large")
    return number


def _constant(name: str) -> object:
    raise Malformed(f"{name} is not a JSON value")


def _marking(check: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The check, leaving its complaint in the value's place: `_inspect` finds it and says where it is."""

    def checked(given: Any) -> Any:
        try:
            return check(given)
        except Malformed as complaint:
            return complaint

    return checked


_STRICT: Final = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_int=_integer,
    parse_float=_float,
    parse_constant=_constant,
)
_EXACT: Final = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_int=_integer,
    parse_float=Literal,
    parse_constant=_constant,
)
_MARKING: Final = json.JSONDecoder(
    object_pairs_hook=_marking(_object),
    parse_int=_marking(_integer),
    parse_float=_marking(_float),
    parse_constant=_marking(_constant),
)


def _refuse_too_many_values(body: bytes) -> None:
    """Count again without the strings, whose commas and brackets part nothing."""
    bare, strings = _STRING.subn(b"", body, count=2 * MAX_VALUES + 1)
    if strings > 2 * MAX_VALUES or bare.count(b"[") + bare.count(b"{") + bare.count(b",") > MAX_VALUES:
        raise Malformed(f"The body holds more than {MAX_VALUES} values.")


def _inspect(value: object, path: str, depth: int) -> None:
    """Refuse, saying where, what the scanner let through or marked."""
    if isinstance(value, Malformed):
        raise Malformed(f"{value.detail}{_at(path)}.", path)
    if isinstance(value, str):
        _inspect_text(value, path)
    elif isinstance(value, dict | list):
        if depth > MAX_DEPTH:
            raise _too_deep(path)
        if isinstance(value, list):
            for index, item in enumerate(value):
                _inspect(item, f"{path}[{index}]", depth + 1)
        else:
            for key, item in value.items():
                _inspect_text(key, path)
                _inspect(item, f"{path}.{_named(key)}" if path else _named(key), depth + 1)


def _inspect_text(text: str, path: str) -> None:
    if found := _UNSTORABLE.search(text):
        what = "The character U+0000" if found[0] == "\0" else "Half of a surrogate pair"
        raise Malformed(f"{what} is not allowed{_at(path)}.", path)


def _too_deep(path: str) -> Malformed:
    return Malformed(f"The body is nested deeper than {MAX_DEPTH}{_at(path)}.", path)


def _at(path: str) -> str:
    return f", at {path}" if path else ""


def _named(key: str) -> str:
    """A key as a message may show it: what does not look like a name could be a card number."""
    return key if _PLAIN_KEY.fullmatch(key) else "…"
