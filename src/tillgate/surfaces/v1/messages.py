"""Messages in and out: bodies and queries checked against the types of the operations, by name and in full."""

from typing import Any, Final, TypeVar

import msgspec

from tillgate.http import bracketed, strict_json, urlencoded
from tillgate.http.exchange import Request
from tillgate.http.problems import Malformed
from tillgate.surfaces.v1 import free_text, mistakes, texts

T = TypeVar("T", bound=msgspec.Struct)

_FORM: Final = "application/x-www-form-urlencoded"

encode = msgspec.json.Encoder().encode


def body(request: Request, type: type[msgspec.Struct]) -> dict[str, Any]:
    """The body, JSON or a form, the latter in the types that the operation takes; nothing at all is an empty object.

    What looks like JSON is JSON, whatever it calls itself. Raises Malformed for neither, Refused(PARAMETER_UNKNOWN)
    where the query says something too: what is asked there, an amount perhaps, would go unheard.
    """
    if query := request.query:
        raise mistakes.unexpected(query[0][0], suggestion=f" A {request.method} takes its parameters in the body.")
    if not request.body:
        return {}
    if is_form(request):
        return texts.typed(bracketed.parse(urlencoded.pairs(request.body)), type, unsets=True)
    parsed = strict_json.parse(request.body)
    if not isinstance(parsed, dict):
        raise Malformed("The body is not a JSON object.")
    return parsed


def is_form(request: Request) -> bool:
    """Whether the body is a form: it says so, and does not look like JSON, which curl sends under that name."""
    return request.media_type == _FORM and request.body[:1] not in b"{[ \t\r\n"


def query(request: Request, type: type[msgspec.Struct]) -> dict[str, Any]:
    """The query, in the types that the operation takes. Raises Malformed where it cannot be read."""
    return texts.typed(bracketed.parse(request.query), type)


def read(given: dict[str, Any], type: type[T]) -> T:
    """What was given, as a type.

    Raises Refused(PARAMETER_MISSING, PARAMETER_UNKNOWN, PARAMETER_INVALID, AMOUNT_INVALID) naming the parameter.
    """
    try:
        understood = msgspec.convert(given, type)
    except msgspec.ValidationError:
        raise mistakes.found(given, type) from None
    free_text.check(given, type)
    return understood


def canonical(given: dict[str, Any]) -> bytes:
    """A body as it is compared with that of a repeat: CVCs left out, which must not be kept in any form."""
    return msgspec.json.encode(_without_cvc(given), order="sorted")


def _without_cvc(given: Any, inside: str = "") -> Any:
    if not isinstance(given, dict):
        return given
    return {name: _without_cvc(value, name) for name, value in given.items() if (inside, name) != ("card", "cvc")}
