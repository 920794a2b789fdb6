"""Free text: a client's own words, which are stored, shown and sent on, and so must not hold a card number."""

from collections.abc import Iterator
from functools import cache
from typing import Any, Final

import msgspec
from msgspec import Meta, inspect

from tillgate.core import cards
from tillgate.core.reasons import Reason, Refused
from tillgate.surfaces.v1 import mistakes

CARD_NUMBER: Final = Meta(extra={"holds": "card number"})
"""Marks the fields that card numbers belong in; everywhere else they are refused."""

OPAQUE: Final = CARD_NUMBER
"""Marks what others wrote and sealed: in its digits a card number may only seem to be."""

NUMBERED: Final = CARD_NUMBER
"""Marks what holds the long numbers of somebody else's series, one in ten of which passes for a card's."""

# Nothing longer is stored, and nothing shorter is a card number.
_LONGEST: Final = 10_000
_SHORTEST: Final = 14

Path = tuple[str | int, ...]


def check(given: dict[str, Any], type: type[msgspec.Struct]) -> None:
    """Raises Refused(PARAMETER_INVALID), naming the field, for a card number where none belongs."""
    found: list[Path] = []
    _find(given, (), found)
    for path in found:
        if not _belongs(path, _for_numbers(type)):
            raise Refused(Reason.PARAMETER_INVALID, _written(path), problem="it must not hold a card number")


def _belongs(path: Path, places: frozenset[Path]) -> bool:
    """Whether a field, or one that it lies in, is marked."""
    return any(path[: depth + 1] in places for depth in range(len(path)))


def _find(value: dict[str, Any] | list[Any], path: Path, found: list[Path]) -> None:
    """Where there are card numbers; one in a name that a client chose is in what bears the name."""
    for name, inner in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(inner, str):
            if len(inner) >= _SHORTEST and _is_held(inner):
                found.append((*path, name))
        elif isinstance(inner, dict | list):
            _find(inner, (*path, name), found)
        if isinstance(name, str) and len(name) >= _SHORTEST and _is_held(name):
            found.append(path)


def _is_held(text: str) -> bool:
    return len(text) <= _LONGEST and cards.holds_number(text)


def _written(path: Path) -> str:
    """`metadata.order`, `items[3].name`."""
    steps = [f"[{step}]" if isinstance(step, int) else f".{mistakes.shown(step)}" for step in path]
    return "".join(steps).removeprefix(".")


@cache
def _for_numbers(type: type[msgspec.Struct]) -> frozenset[Path]:
    return frozenset(_marked(inspect.type_info(type), ()))


def _marked(info: inspect.Type, path: Path) -> Iterator[Path]:
    options = info.types if isinstance(info, inspect.UnionType) else (info,)
    if any(isinstance(option, inspect.Metadata) and option.extra == CARD_NUMBER.extra for option in options):
        yield path
    for part in mistakes.parts(info):
        if isinstance(part, inspect.StructType):
            for field in part.fields:
                yield from _marked(field.type, (*path, field.encode_name))
