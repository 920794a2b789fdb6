"""Names and values as `application/x-www-form-urlencoded` writes them, in a query or in a body."""

import binascii
import re
from typing import Final

from tillgate.http.problems import Malformed

MAX_PAIRS: Final = 1_000

_BROKEN_ESCAPE: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")

Pairs = tuple[tuple[str, str], ...]


def pairs(text: bytes) -> Pairs:
    """The pairs in the order given, names given twice kept twice: `a=1&b=x+y&a=2` is a 1, b "x y", a 2.

    Raises Malformed for a broken escape, for what is not UTF-8 or holds U+0000, for more than 1,000 pairs.
    """
    if not text:
        return ()
    if text.count(b"&") >= MAX_PAIRS:
        raise Malformed(f"There are more than {MAX_PAIRS} parameters.")
    if _BROKEN_ESCAPE.search(text):
        raise Malformed("A percent sign is not followed by two hexadecimal digits.")
    return tuple([_pair(part) for part in text.split(b"&") if part])


def _pair(part: bytes) -> tuple[str, str]:
    name, _, value = part.partition(b"=")
    return _text(name), _text(value)


def _text(encoded: bytes) -> str:
    plain = encoded.replace(b"+", b" ")
    if b"%" in plain:
        # Quoted-printable but for its sign, and read a hundred times faster: a large body is read in the loop.
        plain = binascii.a2b_qp(plain.replace(b"=", b"=3D").replace(b"%", b"="))
    try:
        text = plain.decode()
    except UnicodeDecodeError:
        raise Malformed("A parameter is not UTF-8.") from None
    if "\0" in text:
        raise Malformed("The character U+0000 is not allowed in a parameter.")
    return text
