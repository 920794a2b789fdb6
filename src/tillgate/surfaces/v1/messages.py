"""Messages in and out: bodies and queries checked against the types of the operations, by name and in full."""

import difflib
import re
from functools import cache
from typing import Any, TypeVar

import msgspec

from tillgate.core import cards
from tillgate.core.reasons import Reason, Refused
from tillgate.http import strict_json
from tillgate.http.exchange import Request
from tillgate.http.problems import Malformed

T = TypeVar("T", bound=msgspec.Struct)

encode = msgspec.json.Encoder().encode

_AT = re.compile(r"^(?P<what>.*?)(?: - at `(?:key in )?\$(?P<path>.*)`)?$", re.DOTALL)
_NAMED = re.compile(r"`(?P<name>[^`]*)`")
_LONGEST_NAME = 60


def body(request: Request) -> dict[str, Any]:
    """The body as JSON; nothing at all is an empty object.

    Raises Malformed for anything but a JSON object.
    """
    if not request.body:
        return {}
    if request.media_type == "application/x-www-form-urlencoded" and request.body[:1] not in b"{[ \t\r\n":
        raise Malformed("The body is a form. Send JSON, with Content-Type: application/json.")
    parsed = strict_json.parse(request.body)
    if not isinstance(parsed, dict):
        raise Malformed("The body is not a JSON object.")
    return parsed


def query(request: Request) -> dict[str, Any]:
    """The query by name.

    Raises Malformed where a name is given twice.
    """
    pairs = request.query
    given = dict(pairs)
    if len(given) != len(pairs):
        raise Malformed("A query parameter is given twice.")
    return given


def read(given: dict[str, Any], type: type[T], *, texts: bool = False) -> T:
    """What was given, as a type; `texts` where every value comes as text (a query).

    Raises Refused(PARAMETER_MISSING, PARAMETER_UNKNOWN, PARAMETER_INVALID) naming the parameter.
    """
    try:
        return msgspec.convert(given, type, strict=not texts)
    except msgspec.ValidationError as error:
        raise _refused(str(error), type) from None


def canonical(given: dict[str, Any]) -> bytes:
    """A body as it is compared with that of a repeat: the CVC left out, which must not be kept in any form."""
    card = given.get("card")
    if isinstance(card, dict) and "cvc" in card:
        given = {**given, "card": {name: value for name, value in card.items() if name != "cvc"}}
    return msgspec.json.encode(given, order="sorted")


def _refused(message: str, type: type[msgspec.Struct]) -> Refused:
    parts = _AT.match(message)
    what, path = (parts["what"], parts["path"] or "") if parts else (message, "")
    field = path.lstrip(".").replace("[...]", "").replace("[", ".").replace("]", "")
    named = _NAMED.search(what)
    if what.startswith("Object missing required field") and named:
        return Refused(Reason.PARAMETER_MISSING, _join(field, named["name"]))
    if what.startswith("Object contains unknown field") and named:
        name = cards.scrub(named["name"][:_LONGEST_NAME])
        return Refused(
            Reason.PARAMETER_UNKNOWN, _join(field, name), suggestion=_suggestion(name, field, type)
        )
    return Refused(Reason.PARAMETER_INVALID, field or "body", problem=what[:1].lower() + what[1:])


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _suggestion(name: str, path: str, type: type[msgspec.Struct]) -> str:
    near = difflib.get_close_matches(name, _names(type, path), 1)
    return f" Did you mean {_join(path, near[0])}?" if near else ""


@cache
def _names(type: type[msgspec.Struct], path: str) -> tuple[str, ...]:
    info = msgspec.inspect.type_info(type)
    for part in filter(None, path.split(".")):
        fields = {field.encode_name: field.type for field in getattr(info, "fields", ())}
        info = fields.get(part, info)
        structs = [
            each for each in getattr(info, "types", ()) if isinstance(each, msgspec.inspect.StructType)
        ]
        info = structs[0] if structs else info
    return tuple(field.encode_name for field in getattr(info, "fields", ()))
