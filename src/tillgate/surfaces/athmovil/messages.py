"""Bodies on the wire: read with exact numbers, field by field, each wrong in the way that has a code."""

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import msgspec

from tillgate.core.instants import SECOND, Duration
from tillgate.core.phone_wallets import LEAST, LEAST_TIMEOUT, MOST, MOST_TIMEOUT, Item
from tillgate.http import strict_json
from tillgate.http.exchange import Reply, Request
from tillgate.http.strict_json import Literal
from tillgate.surfaces.athmovil.errors import Wrong

_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,40}(?:\.[0-9]{1,40})?(?:[eE][+-]?[0-9]{1,4})?")
_PHONE: Final = re.compile(r"[0-9]{10}")
_MOMENT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}")

_CENT: Final = Decimal("0.01")

LONGEST_NOTE: Final = 40
LONGEST_MESSAGE: Final = 50
LONGEST_TEXT: Final = 255
MOST_ITEMS: Final = 200

Fields = Mapping[str, Any]


def body(request: Request) -> Fields:
    """What a body says. Raises Wrong, and Malformed for what is not JSON."""
    if not request.body.strip():
        raise Wrong("BTRA_0006", body_missing=True)
    given = strict_json.parse(request.body, exact=True)
    if not isinstance(given, dict):
        raise Wrong("BTRA_0006")
    return given


def text(given: Fields, name: str) -> str:
    """A text that is there. Raises Wrong(BTRA_0019) where it is not, 0006 where it is none, 0018 where it is blank."""
    value = given.get(name)
    if value is None:
        raise Wrong("BTRA_0019")
    if not _is_text(value):
        raise Wrong("BTRA_0006")
    if not value.strip():
        raise Wrong("BTRA_0018")
    return str(value)


def optional_text(given: Fields, name: str) -> str | None:
    """A text, if it is there. Raises Wrong(BTRA_0006) where it is none."""
    value = given.get(name)
    if value is not None and not _is_text(value):
        raise Wrong("BTRA_0006")
    return value


def note(given: Fields, name: str) -> str:
    """`metadata1` or `metadata2`. Raises Wrong, 0038 where it is too long."""
    value = text(given, name)
    if len(value) > LONGEST_NOTE:
        raise Wrong("BTRA_0038")
    return value


def number(value: object) -> Decimal:
    """A number, given as such or as a text. Raises Wrong(BTRA_0006)."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise Wrong("BTRA_0006")
    written = str(value).strip()
    if not _NUMBER.fullmatch(written):
        raise Wrong("BTRA_0006")
    return Decimal(written)


def cents(value: object) -> int:
    """An amount in cents, exactly. Raises Wrong, 0020 for more than four digits before and two after the point."""
    found = number(value)
    if found.is_signed() and found:
        raise Wrong("BTRA_0001")
    # Compared before it is computed with, for an exponent is quickly written.
    if found and (found.adjusted() > 3 or found.adjusted() < -2 or found != found.quantize(_CENT)):
        raise Wrong("BTRA_0020")
    return int(found.scaleb(2))


def total(given: Fields) -> int:
    """What is to be paid, in cents. Raises Wrong(0019, 0006, 0013, 0001, 0004, 0020)."""
    if given.get("total") is None:
        raise Wrong("BTRA_0019")
    found = cents(given["total"])
    if not found:
        raise Wrong("BTRA_0013")
    if found < LEAST:
        raise Wrong("BTRA_0001")
    if found > MOST:
        raise Wrong("BTRA_0004")
    return found


def optional_cents(given: Fields, name: str) -> int | None:
    """An amount in cents, if it is there; an empty text says that it is not."""
    value = given.get(name)
    return None if value is None or value == "" else cents(value)


def refundable(given: Fields) -> int:
    """What is to go back, in cents. Raises Wrong, 0028 for less than a cent."""
    if given.get("amount") is None:
        raise Wrong("BTRA_0019")
    found = number(given["amount"])
    if not found.is_signed() and found < Decimal("0.01"):
        raise Wrong("BTRA_0028")
    return cents(given["amount"])


def timeout(given: Fields) -> Duration:
    """How long a ticket waits; seconds, or milliseconds where it can be nothing else. Raises Wrong(BTRA_0006)."""
    value = given.get("timeout")
    if value is None or value == "":
        return MOST_TIMEOUT
    found = number(value)
    if 120_000 <= found <= 600_000:
        return int(found) * SECOND // 1_000
    if found > 600:
        return MOST_TIMEOUT
    return max(int(found) * SECOND, LEAST_TIMEOUT) if found >= 0 else LEAST_TIMEOUT


def phone(given: Fields, *, is_required: bool) -> str:
    """Ten digits, or nothing where that will do. Raises Wrong(0019, 0006)."""
    value = given.get("phoneNumber")
    if value is None or value == "":
        if is_required:
            raise Wrong("BTRA_0019" if value is None else "BTRA_0018")
        return ""
    if isinstance(value, bool) or not isinstance(value, int | str) or not _PHONE.fullmatch(str(value)):
        raise Wrong("BTRA_0006")
    return str(value)


def items(given: Fields) -> tuple[Item, ...]:
    """What is paid for. Raises Wrong."""
    value = given.get("items")
    if value is None:
        raise Wrong("BTRA_0019")
    if not isinstance(value, list) or len(value) > MOST_ITEMS or not all(isinstance(item, dict) for item in value):
        raise Wrong("BTRA_0006")
    if not value:
        raise Wrong("BTRA_0018")
    return tuple(map(_item, value))


def _item(given: Fields) -> Item:
    if given.get("quantity") is None or given.get("price") is None:
        raise Wrong("BTRA_0019")
    quantity = number(given["quantity"])
    if quantity.adjusted() > 5 or quantity < 1 or quantity != quantity.to_integral_value():
        raise Wrong("BTRA_0006")
    name, description, metadata = text(given, "name"), text(given, "description"), optional_text(given, "metadata")
    if max(len(name), len(description), len(metadata or "")) > LONGEST_TEXT:
        raise Wrong("BTRA_0006")
    return Item(name, description, int(quantity), cents(given["price"]), optional_cents(given, "tax"), metadata)


def message(given: Fields) -> str | None:
    """Why something goes back, in the merchant's words. Raises Wrong(0006, 0040)."""
    found = optional_text(given, "message")
    if found is not None and len(found) > LONGEST_MESSAGE:
        raise Wrong("BTRA_0040")
    return found or None


def moment(given: Fields, name: str, code: str) -> datetime:
    """A time on the clocks of Puerto Rico. Raises Wrong(0019, `code`)."""
    value = given.get(name)
    if value is None:
        raise Wrong("BTRA_0019")
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        raise Wrong(code)
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        raise Wrong(code) from None


def flag(given: Fields, name: str) -> bool:
    """A yes or no, and no where nothing is said. Raises Wrong(BTRA_0006)."""
    value = given.get(name)
    if value not in (None, True, False) or (isinstance(value, int) and not isinstance(value, bool)):
        raise Wrong("BTRA_0006")
    return bool(value)


def success(data: object) -> Reply:
    """What went well, in this API's envelope."""
    return Reply(200, msgspec.json.encode({"status": "success", "data": data}))


def bare(data: object) -> Reply:
    """What went well, without it."""
    return Reply(200, msgspec.json.encode(data))


def _is_text(value: object) -> bool:
    return isinstance(value, str) and not isinstance(value, Literal)
