"""Mistakes: the first thing that is wrong with what a client gave, by name and in words."""

import difflib
import re
from collections.abc import Iterable
from typing import Any, Final

import msgspec
from msgspec import inspect, structs

from tillgate.core.reasons import Reason, Refused

_NAME: Final = re.compile(r"[A-Za-z_][\w.\[\]-]{0,59}", re.ASCII)
_AMOUNT: Final = "amount"
_MOST_NAMED: Final = 20


def found(given: dict[str, Any], type: type[msgspec.Struct], *, path: str = "") -> Refused:
    """Why what was given cannot be read as a type: a name that it does not have, else the first field at fault.

    No value is in it, for any could be a card number.
    """
    fields = {field.encode_name: field for field in structs.fields(type)}
    for name in given:
        if name not in fields:
            return unexpected(name, fields, path)
    for name, field in fields.items():
        where = f"{path}{name}"
        if name not in given:
            if field.required:
                return Refused(Reason.PARAMETER_MISSING, where)
        elif not _fits(given[name], field.type):
            return _at(where, given[name], inspect.type_info(field.type), field.type)
    return Refused(Reason.PARAMETER_INVALID, path.rstrip(".") or "body")


def unexpected(name: str, known: Iterable[str] = (), path: str = "", suggestion: str = "") -> Refused:
    """A parameter that there is not, with the nearest of those that there are."""
    if near := difflib.get_close_matches(name[:60], known, 1):
        suggestion = f" Did you mean {path}{near[0]}?"
    return Refused(Reason.PARAMETER_UNKNOWN, path + shown(name), suggestion=suggestion)


def _at(where: str, value: Any, info: inspect.Type, type: Any = None) -> Refused:
    for part in parts(info):
        if isinstance(part, inspect.StructType) and isinstance(value, dict):
            return found(value, part.cls, path=f"{where}.")
    if where.rpartition(".")[2] == _AMOUNT:
        return Refused(Reason.AMOUNT_INVALID, where)
    for part in parts(info):
        if isinstance(part, inspect.DictType) and isinstance(value, dict) and type:
            return _in_entries(where, value, part, type)
        if isinstance(part, inspect.ListType | inspect.VarTupleType) and isinstance(value, list) and type:
            return _in_items(where, value, part, type)
    takes = " or ".join(filter(None, map(_taken, parts(info))))
    return Refused(Reason.PARAMETER_INVALID, where, problem=f"it takes {takes}")


def _in_entries(where: str, entries: dict[str, Any], info: inspect.DictType, type: Any) -> Refused:
    """An object whose names are the client's own has too many, a name that cannot be, or a value that cannot."""
    if info.max_length is not None and len(entries) > info.max_length:
        return Refused(Reason.PARAMETER_INVALID, where, problem=f"it takes at most {info.max_length} entries")
    shortest, longest = getattr(info.key_type, "min_length", 0), getattr(info.key_type, "max_length", 0)
    for name, value in entries.items():
        if not shortest <= len(name) <= longest:
            problem = f"its names have {shortest} to {longest} characters"
            return Refused(Reason.PARAMETER_INVALID, where, problem=problem)
        if not _fits({name: value}, type):
            return _at(f"{where}.{shown(name)}", value, info.value_type)
    return Refused(Reason.PARAMETER_INVALID, where)


def _in_items(where: str, items: list[Any], info: inspect.ListType | inspect.VarTupleType, type: Any) -> Refused:
    """A list has too many items, or one that cannot be."""
    if isinstance(info.max_length, int) and len(items) > info.max_length:
        return Refused(Reason.PARAMETER_INVALID, where, problem=f"it takes at most {info.max_length} items")
    for number, item in enumerate(items):
        if not _fits([item], type):
            return _at(f"{where}[{number}]", item, info.item_type)
    return Refused(Reason.PARAMETER_INVALID, where)


def _fits(value: Any, type: Any) -> bool:
    try:
        msgspec.convert(value, type)
    except msgspec.ValidationError:
        return False
    return True


def parts(info: inspect.Type) -> tuple[inspect.Type, ...]:
    """The alternatives that a type is made of."""
    if isinstance(info, inspect.Metadata):
        return parts(info.type)
    return info.types if isinstance(info, inspect.UnionType) else (info,)


def _taken(info: inspect.Type) -> str:
    """What a parameter takes, in words."""
    match info:
        case inspect.IntType(ge=int(least), le=int(most)):
            return f"a whole number from {least} to {most}"
        case inspect.IntType(ge=int(least)):
            return f"a whole number from {least} on"
        case inspect.IntType():
            return "a whole number"
        case inspect.StrType(max_length=int(most)):
            return f"text of at most {most} characters"
        case inspect.StrType():
            return "text"
        case inspect.EnumType() if len(info.cls) > _MOST_NAMED:
            return "one of those that the reference names"
        case inspect.EnumType():
            return f"one of {', '.join(member.value for member in info.cls)}"
        case inspect.StructType() | inspect.DictType():
            return "an object"
        case inspect.ListType() | inspect.VarTupleType():
            return "a list"
        case _:
            return ""


def shown(name: str) -> str:
    """A name as a message may show it: what does not look like a name could be a card number."""
    return name if _NAME.fullmatch(name) else "…"
