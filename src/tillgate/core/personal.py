"""Personal data: marked in the types of records, so that erasing a person finds every field of it."""

from functools import cache
from typing import Annotated, Final, TypeVar

import msgspec
from msgspec import Meta, inspect, structs

T = TypeVar("T")
S = TypeVar("S", bound=msgspec.Struct)

_MARK: Final = "personal"

Personal = Annotated[T, Meta(extra={_MARK: True})]
"""Of a field that tells something about a person; it needs a default, which takes its place when it is erased."""


def redacted(value: S) -> S:
    """The same without anything personal, in the structs that it holds as well."""
    fields, nested = _plan(type(value))
    changes = dict(fields)
    for name in nested:
        inner = getattr(value, name)
        if isinstance(inner, msgspec.Struct):
            changes[name] = redacted(inner)
        elif isinstance(inner, tuple):
            changes[name] = tuple(redacted(one) if isinstance(one, msgspec.Struct) else one for one in inner)
    return structs.replace(value, **changes) if changes else value


@cache
def _plan(type: type[msgspec.Struct]) -> tuple[dict[str, object], tuple[str, ...]]:
    """A struct's personal fields with what takes their place, and the fields in which other structs may be."""
    info = inspect.type_info(type)
    assert isinstance(info, inspect.StructType)
    personal: dict[str, object] = {}
    nested: list[str] = []
    for field in info.fields:
        if isinstance(field.type, inspect.Metadata) and (field.type.extra or {}).get(_MARK):
            if field.required:
                raise TypeError(f"{type.__name__}.{field.name} is personal, and nothing can take its place")
            made = field.default_factory
            personal[field.name] = made() if callable(made) else field.default
        elif any(isinstance(part, inspect.StructType) for part in _parts(field.type)):
            nested.append(field.name)
    return personal, tuple(nested)


def _parts(info: inspect.Type) -> tuple[inspect.Type, ...]:
    if isinstance(info, inspect.VarTupleType):
        return (info.item_type,)
    return info.types if isinstance(info, inspect.UnionType) else (info,)
