"""Names with brackets: what forms and queries spell out with them as objects and lists (`card[number]`, `expand[]`)."""

import re
from typing import Any, Final

from tillgate.http.problems import Malformed
from tillgate.http.urlencoded import Pairs

MAX_DEPTH: Final = 8
MAX_CHARACTERS: Final = 500

_NAME: Final = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_KEY: Final = re.compile(r"\[([^\[\]]*)\]")
_PLAIN_KEY: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}|[0-9]{1,4}")


class Repeated(list[str]):
    """The values of a name that was given several times: a list if it stands where one belongs, else a mistake."""


def parse(pairs: Pairs) -> dict[str, Any]:
    """The object that pairs spell out; every value is text, and objects with numbers for keys may be meant as lists.

    `a[]=1&a[]=2` is a list, `a[0]=1&a[1]=2` an object with the keys 0 and 1, `a=1&a=2` is Repeated. A further value for
    a key of the last object in a list begins the next: `a[][x]=1&a[][y]=2&a[][x]=3` are two. Raises Malformed, naming
    the place, for brackets that do not match, for what is at once value and object, or object and list, for a value
    given twice within brackets, more than 8 levels and names of more than 500 characters.
    """
    tree: dict[str, Any] = {}
    for name, value in pairs:
        if len(name) > MAX_CHARACTERS:
            raise Malformed(f"The name of a parameter is longer than {MAX_CHARACTERS} characters.")
        found = _NAME.fullmatch(name)
        if found is None:
            place = _place(re.split(r"[][]+", name))
            raise Malformed(f"A parameter has no name, or brackets that do not match: {place}.", place)
        keys = [found[1], *_KEY.findall(found[2])] if found[2] else [found[1]]
        if len(keys) > MAX_DEPTH:
            raise Malformed(f"A parameter is nested deeper than {MAX_DEPTH}, at {_place(keys)}.", _place(keys))
        _put(tree, keys, 0, value)
    return tree


def _put(holder: dict[str, Any] | list[Any], keys: list[str], depth: int, value: str) -> None:
    """Set a value under `keys` from `depth` on, which is where `holder` is."""
    key, is_last = keys[depth], depth == len(keys) - 1
    if (key == "") is not isinstance(holder, list):
        raise _both(keys[:depth], "a list and an object")
    if isinstance(holder, list):
        if is_last:
            holder.append(value)
            return
        if not holder or not isinstance(holder[-1], dict) or _has(holder[-1], keys[depth + 1 :]):
            holder.append({})
        _put(holder[-1], keys, depth + 1, value)
    elif is_last:
        _set(holder, keys, value)
    else:
        inner = holder.setdefault(key, [] if keys[depth + 1] == "" else {})
        if isinstance(inner, str | Repeated):
            raise _both(keys[: depth + 1], "a value and an object")
        _put(inner, keys, depth + 1, value)


def _set(holder: dict[str, Any], keys: list[str], value: str) -> None:
    key = keys[-1]
    if key not in holder:
        holder[key] = value
    elif isinstance(held := holder[key], Repeated):
        held.append(value)
    elif not isinstance(held, str):
        raise _both(keys, "a value and an object")
    elif len(keys) > 1:
        raise Malformed(f"The parameter {_place(keys)} is given twice.", _place(keys))
    else:
        holder[key] = Repeated([held, value])


def _has(holder: Any, keys: list[str]) -> bool:
    """Whether there is a value under these keys, so that another cannot be."""
    for key in keys:
        if not isinstance(holder, dict) or key not in holder:
            return False
        holder = holder[key]
    return True


def _both(keys: list[str], what: str) -> Malformed:
    return Malformed(f"The parameter {_place(keys)} is given as {what}.", _place(keys))


def _place(keys: list[str]) -> str:
    """Where keys lead, `card.number`, as a message may show it: what looks like no name could be a card number."""
    return ".".join(key if _PLAIN_KEY.fullmatch(key) else "…" for key in keys if key) or "…"
