"""Numbering: the whole numbers by which a surface knows what elsewhere has an id, merchant by merchant."""

from typing import Final

import msgspec

BUYERS: Final = "escrow_buyers"
"""The series in which a merchant's buyers have numbers, by a digest of their address."""


class Numbers(msgspec.Struct, frozen=True, kw_only=True):
    """By which numbers an escrow order is told of; 0 for whom nothing is known of any more."""

    order: int = 0
    buyer: int = 0
    seller: int = 0
    provider: int | None = None
    project: int | None = None
