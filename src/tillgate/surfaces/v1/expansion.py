"""Expansion: ids in answers, shown as the objects that they stand for where a request asks for it (`expand[]`)."""

import asyncio
import difflib
from collections.abc import Awaitable, Callable, Hashable, Iterable, Iterator, Sequence
from functools import cache
from typing import Annotated, Any, Final, TypeVar

import msgspec
from msgspec import Meta, inspect, structs

from tillgate.core.credentials import Principal, Scope
from tillgate.core.reasons import Reason, Refused
from tillgate.surfaces.v1 import mistakes

MAX_DEPTH: Final = 4
"""How many names a path may have: `data.payment.customer` has three."""

_MOST: Final = 10
_LONGEST: Final = 80
_EXPANDS: Final = "expands"
_INCLUDED: Final = "included"

Paths = Annotated[tuple[Annotated[str, Meta(max_length=_LONGEST)], ...], Meta(max_length=_MOST)]
"""`expand`, as requests give it: `["customer", "payment.customer"]`; one that breaks both bounds still fits a query."""

Wanted = dict[str, Any]
"""What is to be expanded, as a tree: `{"payment": {"customer": {}}}`."""

Fetch = Callable[..., Awaitable[msgspec.Struct]]
"""Gives the object with an id, as it is shown in a call: `fetch(call, id)`. Raises Refused(NOT_FOUND)."""

F = TypeVar("F", bound=Fetch)


class Kind(msgspec.Struct, frozen=True):
    """A kind of object that ids can be expanded to: the type in which it is shown, and the right that it takes."""

    shown: type[msgspec.Struct]
    scope: Scope
    fetch: Fetch


KINDS: dict[str, Kind] = {}
"""Every kind of object by the prefix of its ids. The resources fill it as they are imported."""


def ids(*prefixes: str) -> Meta:
    """Marks a field of a shown type that holds ids: `customer: Annotated[str, expansion.ids("cus")] | None`.

    Where it is expanded it holds objects of those kinds in their place, which the declared type does not say. In JSON
    Schema the field bears `x-expands`, a list of prefixes.
    """
    return Meta(extra={_EXPANDS: prefixes}, extra_json_schema={"x-expands": list(prefixes)})


def included() -> Meta:
    """Marks a field that is always there, and that programs made for other APIs ask to have expanded all the same."""
    return Meta(extra={_INCLUDED: True})


def kind(prefix: str, shown: type[msgspec.Struct], scope: Scope) -> Callable[[F], F]:
    """Registers what fetches the objects whose ids begin with `prefix`, without the underscore."""

    def register(fetch: F) -> F:
        KINDS[prefix] = Kind(shown, scope, fetch)
        return fetch

    return register


class _Place(msgspec.Struct, frozen=True):
    """A field of a shown type: the kinds of objects that its ids stand for, and the types that it contains."""

    prefixes: tuple[str, ...] = ()
    contains: tuple[Any, ...] = ()
    is_included: bool = False


def is_possible(gives: Any) -> bool:
    """Whether anything that an operation gives can be expanded."""
    return any(place.prefixes or any(map(is_possible, place.contains)) for place in _places(gives).values())


def parse(asked: Iterable[str], gives: Any, principal: Principal) -> Wanted:
    """What a request asks to have expanded in what an operation gives.

    Raises Refused(PARAMETER_INVALID) for a path that leads to no id, Refused(SCOPE_MISSING) where the credential may
    not read what stands there.
    """
    wanted: Wanted = {}
    for number, path in enumerate(asked):
        scopes = paths(gives).get(path)
        if scopes is None:
            raise _unknown(path, gives, f"expand[{number}]")
        for scope in scopes:
            principal.require(scope)
        branch = wanted
        for name in path.split("."):
            branch = branch.setdefault(name, {})
    return wanted


@cache
def paths(gives: Any) -> dict[str, tuple[Scope, ...]]:
    """Every path that can be expanded in what an operation gives, with the scopes that it takes."""
    return dict(_walk((gives,), "", (), MAX_DEPTH))


async def expanded(call: Any, wanted: Wanted, value: Any) -> Any:
    """A shown object or list with what is wanted of it expanded; each object is fetched once.

    An id whose object is gone stays an id.
    """
    if not wanted:
        return value
    return (await _all(call, [value], wanted))[0]


async def _all(call: Any, values: list[Any], wanted: Wanted) -> list[Any]:
    """The values, level by level, so that what several of them name is fetched once."""
    for name, further in wanted.items():
        parts = [part for value in values for part in _parts(value, name)]
        if any(name in _id_fields(value.__class__) for value in values):
            objects = await _objects(call, dict.fromkeys(map(_id, parts)), further)
            parts = [objects.get(_id(part), part) for part in parts]
        else:
            parts = await _all(call, parts, further)
        remaining = iter(parts)
        values = [_with(value, name, [next(remaining) for _ in _parts(value, name)]) for value in values]
    return values


async def _objects(call: Any, ids: Iterable[str], wanted: Wanted) -> dict[str, Any]:
    """The objects with these ids, expanded in their turn; those that are gone are left out."""
    ids = list(ids)
    found = await asyncio.gather(*[_object(call, one) for one in ids])
    there = {id: shown for id, shown in zip(ids, found, strict=True) if shown is not None}
    return dict(zip(there, await _all(call, list(there.values()), wanted), strict=True))


async def _object(call: Any, id: str) -> Any:
    kind = KINDS.get(id.partition("_")[0])
    try:
        return await kind.fetch(call, id) if kind else None
    except Refused as refused:
        if refused.reason is Reason.NOT_FOUND:
            return None
        raise


def _id(part: Any) -> str:
    """The id in a field that holds one, or part of the object in its place."""
    if isinstance(part, str):
        return part
    return str(part["id"] if isinstance(part, dict) else part.id)


def _parts(value: Any, name: str) -> Sequence[Any]:
    held = getattr(value, name, None)
    if held is None:
        return ()
    return held if isinstance(held, list | tuple) else (held,)


def _with(value: Any, name: str, parts: list[Any]) -> Any:
    if not parts:
        return value
    return structs.replace(value, **{name: parts if isinstance(getattr(value, name), list | tuple) else parts[0]})


@cache
def _id_fields(type: Hashable) -> frozenset[str]:
    return frozenset(name for name, place in _places(type).items() if place.prefixes)


def _walk(
    types: Iterable[Any], before: str, scopes: tuple[Scope, ...], depth: int
) -> Iterator[tuple[str, tuple[Scope, ...]]]:
    """Every path from these types on, not longer than `depth`."""
    for type in types if depth else ():
        for name, place in _places(type).items():
            path = before + name
            kinds = [KINDS[prefix] for prefix in place.prefixes if prefix in KINDS]
            needed = tuple(dict.fromkeys((*scopes, *(kind.scope for kind in kinds))))
            if kinds or place.is_included:
                yield path, needed
            yield from _walk((*place.contains, *(kind.shown for kind in kinds)), f"{path}.", needed, depth - 1)


@cache
def _places(type: Hashable) -> dict[str, _Place]:
    """The fields of a shown type that lead to ids or hold further objects."""
    found = {field.encode_name: _place(field.type) for info in _structs(type) for field in info.fields}
    return {name: place for name, place in found.items() if place.prefixes or place.contains}


def _structs(type: Hashable) -> list[inspect.StructType]:
    return [info for info in _members(inspect.type_info(type)) if isinstance(info, inspect.StructType)]


def _place(info: inspect.Type) -> _Place:
    members = list(_members(info))
    prefixes = [prefix for one in members if isinstance(one, inspect.Metadata) for prefix in _prefixes(one)]
    # Where an id may stand as an object, what it is expanded to counts, and not what it is shown as otherwise.
    contains = [] if prefixes else [one.cls for one in members if isinstance(one, inspect.StructType)]
    is_included = any((one.extra or {}).get(_INCLUDED) for one in members if isinstance(one, inspect.Metadata))
    return _Place(tuple(prefixes), tuple(contains), is_included)


def _prefixes(info: inspect.Metadata) -> tuple[str, ...]:
    return tuple((info.extra or {}).get(_EXPANDS, ()))


def _members(info: inspect.Type) -> Iterator[inspect.Type]:
    """A type, and those that it is put together of: alternatives, elements, what is annotated."""
    yield info
    match info:
        case inspect.Metadata(type=inner):
            yield from _members(inner)
        case inspect.UnionType(types=alternatives):
            for inner in alternatives:
                yield from _members(inner)
        case inspect.ListType(item_type=inner) | inspect.VarTupleType(item_type=inner):
            yield from _members(inner)


def _unknown(path: str, gives: Any, field: str) -> Refused:
    near = difflib.get_close_matches(path, paths(gives), 1, cutoff=0.4)
    there = f", the nearest that can is {near[0]}" if near else ""
    return Refused(Reason.PARAMETER_INVALID, field, problem=f"{mistakes.shown(path)} cannot be expanded{there}")
