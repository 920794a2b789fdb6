"""Texts: what forms and queries say, in the types that an operation takes."""

import re
from functools import cache
from typing import Any, Final

import msgspec
from msgspec import inspect

from tillgate.http.bracketed import Repeated
from tillgate.http.problems import Malformed
from tillgate.surfaces.v1 import mistakes

_WHOLE: Final = re.compile(r"-?[0-9]{1,18}", re.ASCII)
_TRUTH: Final = {"true": True, "1": True, "false": False, "0": False}
_LISTS: Final = (inspect.ListType, inspect.VarTupleType)


def typed(given: dict[str, Any], type: type[msgspec.Struct], *, unsets: bool = False) -> dict[str, Any]:
    """What was given as texts, each in the type that the operation takes there; what does not fit stays text.

    A whole number is digits, a truth value `true`, `false`, 1 or 0 in any case. With `unsets`, for forms, which have no
    null, nothing at all (`description=`) is null where text or an object may be, and an empty list or object where one
    belongs. Objects numbered from 0 are lists
    where a list belongs, and so is a single text. Raises Malformed for a name given twice, or numbered otherwise.
    """
    converted: dict[str, Any] = _typed(given, _info(type), "", unsets)
    return converted


@cache
def _info(type: type[msgspec.Struct]) -> inspect.Type:
    return inspect.type_info(type)


def _typed(value: Any, info: inspect.Type, place: str, unsets: bool) -> Any:
    parts = mistakes.parts(info)
    if isinstance(value, str):
        return _nothing(parts) if unsets and not value else _text(value, parts)
    items = next((part for part in parts if isinstance(part, _LISTS)), None)
    if items is not None:
        numbered = _numbered(value, place) if isinstance(value, dict) else value
        return [_typed(item, items.item_type, f"{place}[{number}]", unsets) for number, item in enumerate(numbered)]
    if isinstance(value, Repeated):
        raise Malformed(f"The parameter {place} is given twice.", place)
    if isinstance(value, dict):
        return _members(value, parts, place, unsets)
    return value


def _members(value: dict[str, Any], parts: tuple[inspect.Type, ...], place: str, unsets: bool) -> dict[str, Any]:
    types: dict[str, inspect.Type] = {}
    other: inspect.Type = inspect.AnyType()
    for part in parts:
        if isinstance(part, inspect.StructType):
            types = {field.encode_name: field.type for field in part.fields}
        elif isinstance(part, inspect.DictType):
            other = part.value_type
    before = f"{place}." if place else ""
    return {
        name: _typed(held, types.get(name, other), before + mistakes.shown(name), unsets)
        for name, held in value.items()
    }


def _numbered(value: dict[str, Any], place: str) -> list[Any]:
    try:
        return [value[str(number)] for number in range(len(value))]
    except KeyError:
        raise Malformed(f"The items of {place} are not numbered from 0.", place) from None


def _text(text: str, parts: tuple[inspect.Type, ...]) -> Any:
    kinds = {type(part) for part in parts}
    if inspect.StrType in kinds:
        return text
    for part in parts:
        if isinstance(part, inspect.IntType) and _WHOLE.fullmatch(text):
            return int(text)
        if isinstance(part, inspect.BoolType):
            return _TRUTH.get(text.lower(), text)
        if isinstance(part, _LISTS):
            return [_text(text, mistakes.parts(part.item_type))]
    return text


def _nothing(parts: tuple[inspect.Type, ...]) -> Any:
    kinds = {type(part) for part in parts}
    if inspect.NoneType in kinds and kinds & {inspect.StrType, inspect.DictType, inspect.StructType}:
        return None
    if inspect.DictType in kinds:
        return {}
    return [] if kinds & set(_LISTS) else ""
