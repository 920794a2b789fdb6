"""Framing: several texts as one string of bytes, which no other texts make."""

import struct

_length = struct.Struct(">I").pack


def framed(*parts: str | bytes) -> bytes:
    """The parts one after the other, each (text as UTF-8) behind its length in four bytes, big-endian."""
    pieces: list[bytes] = []
    for part in parts:
        encoded = part.encode() if isinstance(part, str) else part
        pieces += (_length(len(encoded)), encoded)
    return b"".join(pieces)
