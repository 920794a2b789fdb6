"""Reservations: what attempts in flight may turn out to have moved, and what was granted once too often."""

import msgspec

from tillgate.core.attempts import Kind

BY_CARD = (Kind.CHARGE, Kind.AUTHORIZE)
"""What is asked of an issuer with a card."""

REVERSALS = (Kind.RETURN, Kind.RELEASE)
"""What is asked of a bank that granted a payment twice."""


class Reservation(msgspec.Struct, frozen=True):
    """What an attempt in flight may turn out to have moved, in minor units."""

    attempt: str
    kind: Kind
    amount: int


class Surplus(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an attempt was granted though the payment had been granted before, or given up; minor units.

    It is nobody's payment, and goes back: `reversal` is the newest attempt to do so. `bank` is who granted it, where it
    is said.
    """

    attempt: str
    kind: Kind
    amount: int
    reversal: str | None = None
    bank: str | None = None
