"""Cancellations: why no more money will be taken for a payment, and whether a bank was asked for that."""

import msgspec

from tillgate.core.instants import Instant

ABANDONED = "abandoned"
"""The cause of a cancellation of which no bank had to be told."""

DECLINED = "declined"
"""The cause of a cancellation by whoever was to pay: their bank said so."""

LAPSED = "lapsed"
"""The cause of a cancellation since nobody acted in time, by a bank, or of which none had to be told."""

WITHOUT_VOID = frozenset({ABANDONED, DECLINED, LAPSED})
"""Causes of cancellations for which no bank was asked."""

EXPIRED = "expired"
"""The cause of a cancellation for which a bank was asked, since nobody acted in time."""

OVER_TIME = frozenset({EXPIRED, LAPSED})
"""Causes of cancellations since nobody acted in time."""


class Cancellation(msgspec.Struct, frozen=True):
    """That, when and why no more money will be taken: `requested`, EXPIRED or one of WITHOUT_VOID."""

    at: Instant
    cause: str
