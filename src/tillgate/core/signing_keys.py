"""Signing keys: with what tokens are signed, and how one key takes the place of another."""

from collections.abc import Sequence
from typing import Final

from tillgate.core.instants import DAY, HOUR, Duration, Instant
from tillgate.core.records import Record

EVERYBODYS: Final = "directory"
"""In the place of a tenant: these keys are the server's."""

SIGNS_FOR: Final[Duration] = 30 * DAY
"""How long a key signs once it has begun."""

ANNOUNCED_FOR: Final[Duration] = HOUR
"""How long a key is shown before it signs, so that whoever keeps the others for a while knows it by then."""

VERIFIES_FOR: Final[Duration] = DAY
"""How long a key is good after it signed last: longer than what it signed lasts."""


class SigningKey(Record, frozen=True, kw_only=True, omit_defaults=True):
    """A key pair. Its id is the RFC 7638 thumbprint of the public half (`public`, a JWK); times are wall time.

    `sealed` is the private half, which signs what is for `use` from `signs_from` on, until another does.
    """

    created: Instant
    use: str
    public: dict[str, str]
    sealed: bytes
    signs_from: Instant


def signing(keys: Sequence[SigningKey], wall: Instant) -> SigningKey | None:
    """The key that signs now: the newest of those whose time has come; None where there are no keys at all.

    A clock that is behind that of whoever made the first one signs with it all the same.
    """
    in_order = sorted(keys, key=lambda key: key.signs_from)
    begun = [key for key in in_order if key.signs_from <= wall]
    return begun[-1] if begun else in_order[0] if in_order else None


def is_next_due(keys: Sequence[SigningKey], wall: Instant) -> bool:
    """Whether the next key is to be made, so that it is known before it signs."""
    newest = max((key.signs_from for key in keys), default=None)
    return newest is None or wall >= newest + SIGNS_FOR - ANNOUNCED_FOR


def worn(keys: Sequence[SigningKey], wall: Instant) -> list[SigningKey]:
    """Keys that nothing can be signed with any more that is still good."""
    current = signing(keys, wall)
    if current is None or wall < current.signs_from + VERIFIES_FOR:
        return []
    return [key for key in keys if key.signs_from < current.signs_from]
