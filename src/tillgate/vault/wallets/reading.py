"""Reading what a device sent: JSON of a known shape, base64 and hex, each in the one way in which it is written."""

import base64
import binascii
from typing import Any, Final, TypeVar

import msgspec

from tillgate.core.cards import Card
from tillgate.core.reasons import Reason, Refused

T = TypeVar("T")

MOST_BYTES: Final = 32 * 1024
"""How large a token may be; real ones have 3 to 5 KiB."""


def malformed(problem: str) -> Refused:
    """The refusal of a token that is not of its wallet's form."""
    return Refused(Reason.WALLET_TOKEN_MALFORMED, "token", problem=problem)


def unsupported(problem: str) -> Refused:
    """The refusal of a token that is of a form which is not taken here."""
    return Refused(Reason.WALLET_TOKEN_UNSUPPORTED, "token", problem=problem)


def json(text: str | bytes, type: type[T], what: str) -> T:
    """A JSON text as a type; names that it does not have are left alone. Raises WALLET_TOKEN_MALFORMED."""
    if len(text) > MOST_BYTES:
        raise malformed(f"{what} is larger than {MOST_BYTES // 1024} KiB")
    try:
        return msgspec.json.decode(text, type=type)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raise malformed(f"{what} is not JSON of this form") from None


def opened(given: object) -> dict[str, Any]:
    """A token as an object: what came as text is read. Raises WALLET_TOKEN_MALFORMED."""
    if isinstance(given, str):
        return json(given, dict[str, Any], "the token")
    if not isinstance(given, dict):
        raise malformed("it is neither an object nor text")
    return given


def shaped(given: dict[str, Any], type: type[T]) -> T:
    """An object as a type. Raises WALLET_TOKEN_MALFORMED."""
    try:
        return msgspec.convert(given, type)
    except msgspec.MsgspecError as mismatch:
        # The message names the place and the types, never a value.
        what, _, place = str(mismatch).partition(" - at ")
        raise malformed(f"{what} at {place or '`$`'}") from None


def of_base64(text: str, what: str) -> bytes:
    """Bytes written in base64 (RFC 4648, section 4), padded, no bit to spare. Raises WALLET_TOKEN_MALFORMED."""
    if len(text) > MOST_BYTES:
        raise malformed(f"{what} is too long")
    try:
        found = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        found = b""
    if not found or base64.b64encode(found).decode() != text:
        raise malformed(f"{what} is not base64")
    return found


def of_hex(text: str, what: str) -> bytes:
    """32 bytes written in hex digits. Raises WALLET_TOKEN_MALFORMED."""
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(found) != 32 or len(text) != 64:
        raise malformed(f"{what} is not 32 bytes in hex digits")
    return found


def card(
    number: str, exp_month: int, exp_year: int, *, name: str | None, cryptogram: str | None, eci: str | None
) -> Card:
    """The card that a token holds; an ECI has two digits, however short the device wrote it."""
    try:
        found = Card.parse(number, exp_month, exp_year, name=name)
    except Refused:
        raise malformed("it holds no card") from None
    if cryptogram is not None:
        of_base64(cryptogram, "the cryptogram")
    if eci and not (len(eci) <= 2 and eci.isascii() and eci.isdigit()):
        raise malformed("it holds an ECI that is not two digits")
    return msgspec.structs.replace(found, cryptogram=cryptogram, eci=eci.zfill(2) if eci else None)
