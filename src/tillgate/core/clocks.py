"""Merchants' clocks: business time, which a test merchant moves forward, and which stands still at each thing due.

Between moves it runs as fast as any clock, so much ahead of the wall. While it is moved it stands, first at one thing
that is due, then at the next, so that each happens at its own instant however far the clock is moved at once.
"""

from typing import ClassVar, Final

import msgspec

from tillgate.core.decisions import Decision
from tillgate.core.instants import DAY, MINUTE, Duration, Instant
from tillgate.core.reasons import Reason, Refused
from tillgate.core.records import Record, evolve
from tillgate.core.timers import Timer, TimerKind

ID: Final = "clock"

FARTHEST: Final[Duration] = 3660 * DAY
"""How far ahead of the wall a clock may be: ten years."""

TAKEN_OVER_AFTER: Final[Duration] = MINUTE
"""How long a move is left to whoever was last seen at it."""


class Move(msgspec.Struct, frozen=True):
    """A clock on its way: from when, to when, and where it stands."""

    begun_at: Instant
    until: Instant
    stands_at: Instant


class MerchantClock(Record, frozen=True, kw_only=True, omit_defaults=True):
    """The business time of a merchant: `ahead` of the wall, or, during a `move`, where that stands."""

    SHAPE: ClassVar[int] = 1

    ahead: Duration = 0
    move: Move | None = None


class Wanted(msgspec.Struct, frozen=True):
    """How a clock is to be moved: by a time, or to an instant."""

    by: Duration | None = None
    to: Instant | None = None


class Reading(msgspec.Struct, frozen=True):
    """What tells a merchant's time: `version` is that of the clock it is from."""

    version: int
    ahead: Duration
    stands_at: Instant | None

    def now(self, wall: Instant) -> Instant:
        """Business time."""
        return wall + self.ahead if self.stands_at is None else self.stands_at


def of(tenant: str) -> MerchantClock:
    """The clock of a merchant who has not moved it."""
    return MerchantClock(tenant=tenant, id=ID)


def reading(clock: MerchantClock) -> Reading:
    """What tells the time."""
    return Reading(clock.version, clock.ahead, clock.move.stands_at if clock.move else None)


def moved(clock: MerchantClock, wanted: Wanted, wall: Instant) -> MerchantClock:
    """The clock on its way; one that is on its way already goes so much farther, or on to a later instant.

    Raises Refused(CLOCK_NEVER_BACK) for what is no later, PARAMETER_INVALID for what is too far ahead.
    """
    now = reading(clock).now(wall)
    goal = clock.move.until if clock.move else now
    until = goal + wanted.by if wanted.by is not None else wanted.to
    field = "advance_to" if wanted.by is None else "advance_by"
    if until is None:
        raise Refused(Reason.PARAMETER_MISSING, "advance_by")
    if until <= goal:
        raise Refused(Reason.CLOCK_NEVER_BACK, field, now=goal)
    if until > wall + FARTHEST:
        raise Refused(Reason.PARAMETER_INVALID, field, problem="a clock is ten years ahead of the wall's at most")
    begun_at, stands_at = (clock.move.begun_at, clock.move.stands_at) if clock.move else (now, now)
    return evolve(clock, move=Move(begun_at, until, stands_at))


def begin(clock: MerchantClock, wall: Instant) -> Decision:
    """Keep a clock that is on its way, and see to it that somebody goes on with it."""
    return Decision(save=(clock,), schedule=(timer(clock, wall + TAKEN_OVER_AFTER),))


def stand(clock: MerchantClock, at: Instant, wall: Instant) -> tuple[MerchantClock, Decision]:
    """The clock standing at another instant of its move."""
    if clock.move is None or not clock.move.stands_at <= at <= clock.move.until:
        raise ValueError("a clock goes forward, and not beyond where it is moved to")
    standing = evolve(clock, move=msgspec.structs.replace(clock.move, stands_at=at))
    return standing, begin(standing, wall)


def arrived(clock: MerchantClock, wall: Instant) -> MerchantClock:
    """The clock running again, from where it was moved to; it lost nothing of the time that the move took."""
    assert clock.move is not None, clock.tenant
    return evolve(clock, ahead=max(clock.ahead, clock.move.until - wall), move=None)


def arrive(clock: MerchantClock) -> Decision:
    """Keep a clock that has arrived."""
    return Decision(save=(clock,), schedule=(timer(clock, None),))


def timer(clock: MerchantClock, due_at: Instant | None) -> Timer:
    """What goes on with a move, should nobody else."""
    return Timer(clock.tenant, TimerKind.MOVE_CLOCK, ID, due_at)
