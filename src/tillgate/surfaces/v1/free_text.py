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

_LONGEST: Final = 10_000
_SHORTEST: Final = 14


def check(given: Any, type: type[msgspec.Struct]) -> None:
    """Raises Refused(PARAMETER_INVALID), naming the field, for a card number where none belongs."""
    for path, text in _texts(given, ""):
        # Nothing longer is stored, and nothing shorter is a card number.
        if _SHORTEST <= len(text) <= _LONGEST and cards.holds_number(text) and path not in _for_numbers(type):
            raise Refused(Reason.PARAMETER_INVALID, path, problem="it must not hold a card number")


def _texts(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Every text in a message, and every name that a client chose, under the path of what it belongs to."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield path, name
            yield from _texts(inner, f"{path}.{mistakes.shown(name)}" if path else mistakes.shown(name))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _texts(inner, f"{path}[{number}]")


@cache
def _for_numbers(type: type[msgspec.Struct]) -> frozenset[str]:
    return frozenset(_marked(inspect.type_info(type), ""))


def _marked(info: inspect.Type, path: str) -> Iterator[str]:
    if isinstance(info, inspect.Metadata) and info.extra == CARD_NUMBER.extra:
        yield path
    for part in mistakes.parts(info):
        if isinstance(part, inspect.StructType):
            for field in part.fields:
                yield from _marked(field.type, f"{path}.{field.encode_name}" if path else field.encode_name)
