"""Evidence: photographs by which a buyer shows what is wrong with what was delivered."""

from typing import Final

import msgspec

from tillgate.core.instants import Instant
from tillgate.core.records import Record

PREFIX: Final = "ev"

MOST: Final = 5
"""How many photographs may come with one step."""

LARGEST_BYTES: Final = 5 * 1024 * 1024
"""How large each may be as it is sent."""

LONGEST_COMMENT: Final = 2_000


class Photograph(msgspec.Struct, frozen=True):
    """What an order's history knows of a photograph: `size` in bytes and `sha256` in hex are of what is kept."""

    id: str
    media_type: str
    size: int
    sha256: str
    width: int
    height: int


class Evidence(Record, frozen=True, kw_only=True, omit_defaults=True):
    """The photograph itself, under seal; `payment` is its order's."""

    created: Instant
    payment: str
    sealed: bytes
