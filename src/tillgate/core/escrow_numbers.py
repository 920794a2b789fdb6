"""Numbering: the whole numbers by which a surface tells of an escrow order what elsewhere has an id."""

import msgspec


class Numbers(msgspec.Struct, frozen=True, kw_only=True):
    """By which numbers an escrow order is told of; 0 for whom nothing is known of any more."""

    order: int = 0
    customer: int = 0
    seller: int = 0
    provider: int | None = None
    project: int | None = None
    refund: int | None = None
    payout: int | None = None
