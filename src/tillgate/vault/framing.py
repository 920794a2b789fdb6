"""Framing: several texts as one string of bytes, which no other texts make."""


def framed(*parts: str | bytes) -> bytes:
    """The parts one after the other, each (text as UTF-8) behind its length in four bytes, big-endian."""
    encoded = [part.encode() if isinstance(part, str) else part for part in parts]
    return b"".join([piece for part in encoded for piece in (len(part).to_bytes(4, "big"), part)])
