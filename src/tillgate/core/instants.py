"""Points in time: whole microseconds since the epoch in UTC, so that they sort, subtract and store exactly."""

from typing import TypeAlias

Instant: TypeAlias = int
"""Microseconds since 1970-01-01T00:00:00Z."""

Duration: TypeAlias = int
"""Microseconds."""

MICROSECOND: Duration = 1
MILLISECOND: Duration = 1_000
SECOND: Duration = 1_000_000
MINUTE: Duration = 60 * SECOND
HOUR: Duration = 60 * MINUTE
DAY: Duration = 24 * HOUR


def unix_seconds(instant: Instant) -> int:
    """The whole second that `instant` lies in, as the wires write time."""
    return instant // SECOND


def days_later(instant: Instant, days: int) -> Instant:
    """Midnight (UTC) at which the day so many days later begins; the very instant for none."""
    return (instant // DAY + days) * DAY if days else instant
