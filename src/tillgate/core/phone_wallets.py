"""Phone wallets: what a customer is asked to confirm on the phone, until when, and on which day it is counted."""

from datetime import UTC, date, datetime, timedelta
from typing import Final

import msgspec

from tillgate.core.fees import FeePlan
from tillgate.core.instants import MICROSECOND, SECOND, Duration, Instant
from tillgate.core.money import Rounding
from tillgate.core.personal import Personal

CURRENCY: Final = "USD"
"""What every payment by phone is in."""

LEAST: Final = 1_00
"""The least that is paid by phone, in cents of the dollar (ath_movil.md, total)."""

MOST: Final = 1_500_00
"""The most."""

LEAST_TIMEOUT: Final[Duration] = 120 * SECOND
MOST_TIMEOUT: Final[Duration] = 600 * SECOND

FEES: Final = FeePlan(225, rounding=Rounding.UP)
"""What is charged for a payment by phone unless the merchant has other terms: 2.25 %, up to the next cent."""

_PUERTO_RICO: Final = timedelta(hours=-4)
"""Atlantic Standard Time: the clocks there have not been changed since 1945."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Item(msgspec.Struct, frozen=True, omit_defaults=True):
    """A line of what is paid for; `price` and `tax` are cents."""

    name: str
    description: str
    quantity: int
    price: int
    tax: int | None = None
    metadata: str | None = None


class Payer(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who confirmed, as their bank says."""

    name: Personal[str] = ""
    email: Personal[str] = ""


class Ticket(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What makes a payment one by phone. `number` is a UUID that names it, `reference` names it once it is paid.

    `phone` is who is asked: ten digits, or none until they are known. Nobody confirms after `expires_at` (business
    time), which the phone goes by as `rings_until` (wall time). `completed_at` is when the money was taken. `tax` and
    `subtotal` are cents as the merchant said.
    """

    number: str
    reference: str
    phone: Personal[str] = ""
    expires_at: Instant = 0
    rings_until: Instant = 0
    tax: int | None = None
    subtotal: int | None = None
    items: tuple[Item, ...] = ()
    payer: Payer | None = None
    completed_at: Instant | None = None


def formatted(number: str) -> str:
    """Ten digits as they are read there, `(787) 123-4567`; nothing where there are none."""
    return f"({number[:3]}) {number[3:6]}-{number[6:]}" if number else ""


def local(instant: Instant) -> datetime:
    """The time on the clocks of Puerto Rico, without a zone."""
    return (_EPOCH + timedelta(microseconds=instant * MICROSECOND) + _PUERTO_RICO).replace(tzinfo=None)


def instant_of(local: datetime) -> Instant:
    """The instant at which the clocks of Puerto Rico show a time."""
    return (local.replace(tzinfo=UTC) - _PUERTO_RICO - _EPOCH) // timedelta(microseconds=1)


def series(instant: Instant) -> str:
    """The series of numbers of a merchant's day in Puerto Rico."""
    day: date = local(instant).date()
    return f"day:{day.isoformat()}"
