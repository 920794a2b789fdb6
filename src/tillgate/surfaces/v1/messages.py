"""Messages in and out: bodies and queries checked against the types of the operations, by name and in full."""

from typing import Any, TypeVar

import msgspec

from tillgate.http import strict_json
from tillgate.http.exchange import Request
from tillgate.http.problems import Malformed
from tillgate.surfaces.v1 import mistakes

T = TypeVar("T", bound=msgspec.Struct)

encode = msgspec.json.Encoder().encode


def body(request: Request) -> dict[str, Any]:
    """The body as JSON; nothing at all is an empty object.

    Raises Malformed for anything but a JSON object, Refused(PARAMETER_UNKNOWN) where the query says something too: what
    is asked there, an amount perhaps, would go unheard.
    """
    if query := request.query:
        raise mistakes.unexpected(query[0][0], suggestion=f" A {request.method} takes its parameters in the body.")
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
    given: dict[str, Any] = {}
    for name, value in request.query:
        if name in given:
            raise Malformed(f"The parameter {mistakes.shown(name)} is given twice.", mistakes.shown(name))
        given[name] = value
    return given


def read(given: dict[str, Any], type: type[T], *, texts: bool = False) -> T:
    """What was given, as a type; `texts` where every value comes as text (a query).

    Raises Refused(PARAMETER_MISSING, PARAMETER_UNKNOWN, PARAMETER_INVALID, AMOUNT_INVALID) naming the parameter.
    """
    try:
        return msgspec.convert(given, type, strict=not texts)
    except msgspec.ValidationError:
        raise mistakes.found(given, type, texts=texts) from None


def canonical(given: dict[str, Any]) -> bytes:
    """A body as it is compared with that of a repeat: the CVC left out, which must not be kept in any form."""
    card = given.get("card")
    if isinstance(card, dict) and "cvc" in card:
        given = {**given, "card": {name: value for name, value in card.items() if name != "cvc"}}
    return msgspec.json.encode(given, order="sorted")
