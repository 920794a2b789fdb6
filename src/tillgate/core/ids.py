"""Ids: a prefix and a UUIDv7 (RFC 9562) in Crockford's base32, which sort by time as text does."""

import hashlib
import re
import struct
from collections.abc import Callable, Iterator
from typing import Final, NewType

from tillgate.core.instants import MILLISECOND, Instant

TenantId = NewType("TenantId", str)
PaymentId = NewType("PaymentId", str)
AttemptId = NewType("AttemptId", str)
RefundId = NewType("RefundId", str)
CustomerId = NewType("CustomerId", str)
CardId = NewType("CardId", str)
TokenId = NewType("TokenId", str)
EventId = NewType("EventId", str)
EntryId = NewType("EntryId", str)
CredentialId = NewType("CredentialId", str)

FORM: Final = "[0-7][0-9a-hjkmnp-tv-z]{9}[ef][0-9a-hjkmnp-tv-z]{2}[89abrstv][0-9a-hjkmnp-tv-z]{12}"
"""What follows the prefix and its underscore, as a regular expression: UUIDv7, by its version and variant."""

_FORM: Final = re.compile(FORM)
_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS: Final = tuple(one + other for one in _ALPHABET for other in _ALPHABET)
_PLAIN_BASE32: Final = str.maketrans(_ALPHABET, "0123456789abcdefghijklmnopqrstuv")

_VERSION: Final = 7 << 76
_VARIANT: Final = 2 << 62
_RANDOM: Final = (1 << 62) - 1
_LAST_MILLISECOND: Final = (1 << 48) - 1


class Ids:
    """Makes ids out of given times and given randomness: `random(n)` returns n random bytes.

    Ids of one instant sort in the order in which they were made, those of different instants by time, to the
    microsecond. To be made anew in every process, since two copies would make the same ids.
    """

    def __init__(self, random: Callable[[int], bytes]) -> None:
        self._rising = _rising(random)
        self._millisecond: int | None = None
        self._head = ""

    @classmethod
    def seeded(cls, seed: int) -> "Ids":
        """For tests and simulations: the same seed, prefixes and times give the same ids."""
        return cls(hashlib.shake_256(str(seed).encode()).digest)

    def new(self, prefix: str, at: Instant) -> str:
        """A new id: `pay_01kak4220kex5sx70q78246p1y`. Raises ValueError before 1970 and after 10889."""
        millisecond, rest = divmod(at, MILLISECOND)
        if millisecond != self._millisecond:
            self._head = _head(millisecond)
            self._millisecond = millisecond
        return f"{prefix}_{self._head}{base32(_tail(rest, next(self._rising)), 16)}"


def floor(prefix: str, at: Instant) -> str:
    """The lowest id of an instant: ids made then or later sort at or above it, those made earlier below."""
    millisecond, rest = divmod(at, MILLISECOND)
    return f"{prefix}_{_head(millisecond)}{base32(_tail(rest, 0), 16)}"


def instant_of(text: str) -> Instant:
    """When an id was made, to the microsecond. Raises ValueError for what is no id."""
    if not _FORM.fullmatch(text, max(0, len(text) - 26)):
        raise ValueError("not an id")
    high = int(text[-26:].translate(_PLAIN_BASE32), 32) >> 64
    millisecond, fraction = high >> 16, high & 0xFFF
    return millisecond * MILLISECOND + -(-fraction * MILLISECOND // 4096)


def is_id(prefix: str, text: str) -> bool:
    """Whether `text` has the form of an id with this prefix, borne by something or not."""
    return text.startswith(prefix + "_") and _FORM.fullmatch(text, len(prefix) + 1) is not None


def base32(number: int, length: int) -> str:
    """A number in an even `length` of Crockford's base32 digits, lowercase; what does not fit is cut off."""
    return "".join([_PAIRS[number >> shift & 1023] for shift in range(5 * length - 10, -1, -10)])


def _head(millisecond: int) -> str:
    if not 0 <= millisecond <= _LAST_MILLISECOND:
        raise ValueError("an id is of a time from 1970 to 10889")
    return base32(millisecond, 10)


def _tail(microsecond: int, random: int) -> int:
    """What follows the millisecond: version, a 12-bit fraction (6.2, method 3), variant, random."""
    return _VERSION | microsecond * 4096 // MILLISECOND << 64 | _VARIANT | random


def _rising(random: Callable[[int], bytes]) -> Iterator[int]:
    """62 random bits that rise by 1 to 2**32 each time (6.2, method 2) and wrap after some two billion times.

    They rise whatever the time, so that tenants whose clocks differ do not disturb one another's order.
    """
    value = int.from_bytes(random(8), "big")
    while True:
        for step in struct.unpack("<1024I", random(4096)):
            value = value + step + 1 & _RANDOM
            yield value
