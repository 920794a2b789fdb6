"""Numbering: the whole numbers by which a surface tells of an escrow order what elsewhere has an id."""

import msgspec

from tillgate.core.instants import Instant
from tillgate.core.personal import Personal


class Numbers(msgspec.Struct, frozen=True, kw_only=True):
    """By which numbers an escrow order is told of; 0 for whom nothing is known of any more.

    Beside them, what is known of a seller who is a party, and how far the payout of what is theirs is (a
    core.payouts.PayoutState).
    """

    order: int = 0
    customer: int = 0
    seller: int = 0
    provider: int | None = None
    project: int | None = None
    refund: int | None = None
    payout: int | None = None
    seller_email: Personal[str] = ""
    seller_phone: Personal[str] = ""
    payout_state: str | None = None
    paid_out_at: Instant | None = None
