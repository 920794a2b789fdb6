"""Messages on the wire: forms of either kind, or JSON, read field by field, and the envelope of what went well."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec

from tillgate.http import bracketed, multipart, strict_json, urlencoded
from tillgate.http.bracketed import Repeated
from tillgate.http.exchange import Reply, Request
from tillgate.http.problems import Malformed
from tillgate.http.urlencoded import Pairs
from tillgate.surfaces.atarapay.errors import Wrong, invalid, required

LONGEST: Final = 255
LONGEST_TEXT: Final = 4_000

_NUMBER: Final = re.compile(r"-?[0-9]{1,18}(?:\.[0-9]{1,18})?")
_WHOLE: Final = re.compile(r"[0-9]{1,15}")
_EMAIL: Final = re.compile(r"[^\s@<>()\[\],;:\\\"]{1,64}@[^\s@<>()\[\],;:\\\"]{1,255}")
_PHONE: Final = re.compile(r"\+?[0-9][0-9 ()./-]{3,28}[0-9]")
_PLACEHOLDER: Final = re.compile(r"__[A-Za-z_]{1,60}__")
_BREAKS: Final = re.compile(r"[\r\n\t]")
_UNREADABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""What would break a line, or turn the direction in which everything after it is read."""

_NEAR: Final = Decimal("0.001")
"""How far from a whole kobo an amount may be: clients compute `19.99 * 100`."""

_LARGEST: Final = 10**14


class Fields:
    """What was sent. With `takes_placeholders` those of the API's document are as good as an address or a number."""

    def __init__(self, given: Mapping[str, Any], *, takes_placeholders: bool = False) -> None:
        self.given = given
        self._takes_placeholders = takes_placeholders

    def require(self, *names: str) -> None:
        """Raises Wrong for the first of these that is not there, or empty."""
        for name in names:
            value = self.given.get(name)
            if value is None or value == [] or (isinstance(value, str) and not value.strip()):
                raise required(name)

    def has(self, name: str) -> bool:
        """Whether there is something in a field."""
        value = self.given.get(name)
        return value is not None and not (isinstance(value, str) and not value.strip())

    def text(self, name: str, most: int = LONGEST, *, lines: bool = False) -> str:
        """A text without space around it, or an empty one. Raises Wrong."""
        value = self.given.get(name)
        if value is None:
            return ""
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise invalid(name, "must be a string")
        found = str(value).strip()
        if len(found) > most:
            raise invalid(name, f"may not be greater than {most} characters")
        if _UNREADABLE.search(_BREAKS.sub("", found) if lines else found):
            raise invalid(name, "must be printable")
        return found

    def email(self, name: str) -> str:
        """An e-mail address, or nothing. Raises Wrong."""
        found = self.text(name)
        is_address = _EMAIL.fullmatch(found) and found.isprintable()
        if found and not (is_address or self._is_placeholder(found)):
            raise invalid(name, "must be a valid email address")
        return found

    def phone(self, name: str) -> str:
        """A phone number as it was written, or nothing. Raises Wrong."""
        found = self.text(name)
        if found and not (_PHONE.fullmatch(found) or self._is_placeholder(found)):
            raise invalid(name, "must be a valid phone number")
        return found

    def whole(self, name: str) -> int | None:
        """A whole number from 0 on, if it is there. Raises Wrong."""
        found = self.text(name)
        if not found:
            return None
        if not _WHOLE.fullmatch(found):
            raise invalid(name, "must be an integer")
        return int(found)

    def number(self, name: str) -> Decimal | None:
        """A number, exactly, if it is there. Raises Wrong."""
        found = self.text(name)
        if not found:
            return None
        if not _NUMBER.fullmatch(found):
            raise invalid(name, "must be a number")
        return Decimal(found)

    def kobo(self, name: str) -> int | None:
        """An amount in the smallest unit, from 0 on, if it is there; what is all but whole is taken as that."""
        found = self.number(name)
        if found is None:
            return None
        nearest = found.to_integral_value()
        if abs(found - nearest) > _NEAR:
            raise invalid(name, "must be an integer")
        if nearest < 0:
            raise invalid(name, "must be at least 0")
        if nearest > _LARGEST:
            raise invalid(name, f"must not be greater than {_LARGEST}")
        return int(nearest)

    def one_of(self, name: str, *known: str) -> str:
        """One of these, whatever its capitals, or nothing. Raises Wrong."""
        found = self.text(name).lower()
        if found and found not in known:
            raise Wrong(f"The selected {name} is invalid.")
        return found

    def _is_placeholder(self, text: str) -> bool:
        return self._takes_placeholders and bool(_PLACEHOLDER.fullmatch(text))


def body(request: Request) -> dict[str, Any]:
    """What a body says, in whichever of the three forms; names with brackets are lists and objects.

    Raises Malformed for what cannot be read, or is said twice.
    """
    if not request.body.strip():
        return {}
    media_type = request.media_type
    if media_type == "application/json" or media_type.endswith("+json"):
        given = strict_json.parse(request.body, exact=True)
        if not isinstance(given, dict):
            raise Malformed("The body is to be a JSON object.")
        return given
    if media_type == multipart.MEDIA_TYPE:
        return _parts(request)
    return _read(urlencoded.pairs(request.body))


def _parts(request: Request) -> dict[str, Any]:
    """What stands in parts. A file is nothing that a field takes, whichever it is."""
    parts = multipart.parts(request.header("content-type") or "", request.body)
    texts = multipart.pairs(part for part in parts if part.filename is None)
    return {**_read(texts), **{part.name: {} for part in parts if part.filename is not None}}


def _read(pairs: Pairs) -> dict[str, Any]:
    found = bracketed.parse(pairs)
    for name, value in found.items():
        if isinstance(value, Repeated):
            raise Malformed("A field is given twice.", name)
    return found


def query(request: Request) -> dict[str, Any]:
    """What a query says. Raises Malformed for what cannot be read, or is said twice."""
    found: dict[str, Any] = {}
    for name, value in request.query:
        if name in found:
            raise Malformed("A parameter is given twice.")
        found[name] = value
    return found


def success(message: str, data: object) -> Reply:
    """What went well."""
    return Reply(200, encode({"status": "success", "message": message, "data": data}))


encode: Final = msgspec.json.Encoder().encode
