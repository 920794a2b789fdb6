"""A test merchant's clock on the wire: what time it is, and moving it forward with all that becomes due. Test mode."""

import enum
from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from tillgate.core.clocks import FARTHEST, Wanted
from tillgate.core.credentials import Scope
from tillgate.core.events import Event, EventType
from tillgate.core.instants import SECOND, unix_seconds
from tillgate.core.reasons import Reason, Refused
from tillgate.flows import clocks
from tillgate.flows.clocks import Happened
from tillgate.flows.gateway import Answer
from tillgate.http.exchange import Reply
from tillgate.surfaces.v1.operations import Call, Nothing, answer, answered, operation, shown

_PATH = "/sandbox/clock"


class ClockStatus(enum.StrEnum):
    """Whether a clock runs, or is on its way and stands at one thing that is due after the other."""

    READY = "ready"
    ADVANCING = "advancing"


class ClockGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How far your clock is to be moved: by so many seconds, or to a time."""

    advance_by: Annotated[int, Meta(ge=1, le=FARTHEST // SECOND)] | None = None
    advance_to: Annotated[int, Meta(ge=0, le=253_402_300_799)] | None = None

    def parse(self) -> Wanted:
        """What is wanted. Raises Refused(PARAMETER_MISSING, PARAMETER_INVALID) unless exactly one is given."""
        if self.advance_by is not None and self.advance_to is not None:
            raise Refused(Reason.PARAMETER_INVALID, "advance_to", problem="give it or advance_by, not both")
        return Wanted(
            by=None if self.advance_by is None else self.advance_by * SECOND,
            to=None if self.advance_to is None else self.advance_to * SECOND,
        )


class ClockEventShown(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened while a clock was moved: when by that clock, and the event that tells of it."""

    at: int
    type: EventType
    event: str
    about: str


class ClockShown(msgspec.Struct, frozen=True, kw_only=True):
    """What time it is to you, and, where you moved your clock, what happened on the way, in order."""

    object: str = "clock"
    now: int
    status: ClockStatus
    advances_to: int | None
    happened: Sequence[ClockEventShown]
    has_more: bool
    livemode: bool = False


def show(found: Happened) -> ClockShown:
    """A clock in this API's form."""
    clock = found.clock
    return ClockShown(
        now=unix_seconds(found.now),
        status=ClockStatus.ADVANCING if clock.move else ClockStatus.READY,
        advances_to=unix_seconds(clock.move.until) if clock.move else None,
        happened=[_happened(event) for event in found.events],
        has_more=found.has_more,
    )


def _happened(event: Event) -> ClockEventShown:
    return ClockEventShown(at=unix_seconds(event.created), type=event.type, event=event.id, about=event.view.id)


@operation("GET", _PATH, Scope.ALL, Nothing, ClockShown)
async def fetch(call: Call) -> Reply:
    """What time it is to you, and whether your clock is being moved. Test mode only."""
    return await shown(call, show(await clocks.fetch(call.gateway, call.caller)))


@operation("POST", _PATH, Scope.ALL, ClockGiven, ClockShown)
async def advance(call: Call) -> Reply:
    """Move your clock forward: everything that becomes due happens in order, each at its time. Test mode only.

    The answer comes once that is done; where it takes longer, its `status` is `advancing` and the rest goes on.
    """

    async def render(found: Happened) -> Answer:
        return await answer(call, show(found))

    wanted = call.given.parse()
    return answered(await clocks.move(call.gateway, call.caller, call.key, wanted, render))


OPERATIONS = (fetch, advance)
