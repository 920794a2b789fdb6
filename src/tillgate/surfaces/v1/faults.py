"""Faults on the wire: what a test merchant has go wrong on purpose, and what came of it. Test mode only."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from tillgate.core import faults as core
from tillgate.core.credentials import Scope
from tillgate.core.events import EventType
from tillgate.core.faults import Fault, FaultKind, FaultOperation, Happening, Plan
from tillgate.core.instants import SECOND, unix_seconds
from tillgate.flows import faults
from tillgate.flows.gateway import Answer
from tillgate.http.exchange import Reply
from tillgate.surfaces.v1 import expansion
from tillgate.surfaces.v1.forms import ListGiven, ListShown, list_shown
from tillgate.surfaces.v1.operations import Call, Nothing, answer, answered, assert_test_mode, operation, shown

_PATH = "/sandbox/faults"


class FaultGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is to go wrong, how often, and with which requests or webhooks; without more, with the next one."""

    kind: FaultKind
    count: Annotated[int, Meta(ge=1, le=core.MOST_TIMES)] = 1
    operation: FaultOperation | None = None
    event_type: EventType | None = None
    probability: Annotated[int, Meta(ge=1, le=100)] = 100
    seed: Annotated[int, Meta(ge=0, le=2**53 - 1)] = 0
    seconds: Annotated[int, Meta(ge=0, le=3600)] | None = None
    expires_in: Annotated[int, Meta(ge=1, le=core.LONGEST // SECOND)] = core.LASTS // SECOND

    def parse(self) -> Plan:
        """The plan. Raises Refused(PARAMETER_INVALID) for what does not belong to the kind."""
        return Plan(
            kind=self.kind,
            count=self.count,
            seed=self.seed,
            probability=self.probability,
            seconds=self.seconds,
            operation=self.operation,
            event_type=self.event_type,
            lasts=self.expires_in * SECOND,
        )


class FaultsGiven(ListGiven, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A page of faults."""


class HappeningShown(msgspec.Struct, frozen=True, kw_only=True):
    """Once that a fault happened: to a question to the bank, or to the delivery of an event."""

    at: int
    operation: FaultOperation | None
    payment: Annotated[str, expansion.ids("pay")] | None
    payout: Annotated[str, expansion.ids("po")] | None
    event: str | None
    webhook_endpoint: str | None


class FaultShown(msgspec.Struct, frozen=True, kw_only=True):
    """A planted fault, and each time that it happened."""

    id: str
    object: str = "fault"
    kind: FaultKind
    count: int
    remaining: int
    operation: FaultOperation | None
    event_type: str | None
    probability: int
    seed: int
    seconds: int | None
    happened: Sequence[HappeningShown]
    expires_at: int
    created: int
    livemode: bool = False


class FaultDeletedShown(msgspec.Struct, frozen=True, kw_only=True):
    """A fault that happens no more."""

    id: str
    object: str = "fault"
    deleted: bool = True


class FaultsDeletedShown(msgspec.Struct, frozen=True, kw_only=True):
    """How many faults there were that happen no more."""

    object: str = "fault"
    deleted: bool = True
    count: int


def show(fault: Fault) -> FaultShown:
    """A fault in this API's form."""
    return FaultShown(
        id=fault.id,
        kind=fault.kind,
        count=fault.count,
        remaining=fault.remaining,
        operation=fault.operation,
        event_type=fault.event_type,
        probability=fault.probability,
        seed=fault.seed,
        seconds=fault.seconds,
        happened=[_happening(one) for one in fault.happened],
        expires_at=unix_seconds(fault.expires_at),
        created=unix_seconds(fault.created),
    )


def _happening(happening: Happening) -> HappeningShown:
    subject = happening.subject
    return HappeningShown(
        at=unix_seconds(happening.at),
        operation=FaultOperation(happening.operation) if happening.operation else None,
        payment=subject if subject.startswith("pay_") else None,
        payout=subject if subject.startswith("po_") else None,
        event=subject if subject.startswith("evt_") else None,
        webhook_endpoint=happening.endpoint,
    )


@operation("POST", _PATH, Scope.ALL, FaultGiven, FaultShown)
async def create(call: Call) -> Reply:
    """Plant a fault: something goes wrong with your next requests to the bank, or webhooks. Test mode only."""
    assert_test_mode(call)

    async def render(fault: Fault) -> Answer:
        return await answer(call, show(fault))

    return answered(await faults.plant(call.gateway, call.caller, call.key, call.given.parse(), render))


@operation("GET", _PATH, Scope.ALL, FaultsGiven, ListShown[FaultShown])
async def page(call: Call) -> Reply:
    """The faults that you planted, newest first, and what happened by them. Test mode only."""
    found = await faults.page(call.gateway, call.caller, call.given.cursor("flt"))
    return await shown(call, list_shown(found, _PATH, show))


@operation("GET", _PATH + "/{id}", Scope.ALL, Nothing, FaultShown)
async def fetch(call: Call) -> Reply:
    """One planted fault, and what happened by it. Test mode only."""
    return await shown(call, show(await faults.fetch(call.gateway, call.caller, call.id)))


@operation("DELETE", _PATH + "/{id}", Scope.ALL, Nothing, FaultDeletedShown)
async def delete(call: Call) -> Reply:
    """Have a fault happen no more. What happened by it stays as it is. Test mode only."""
    await faults.remove(call.gateway, call.caller, call.id)
    return await shown(call, FaultDeletedShown(id=call.id))


@operation("DELETE", _PATH, Scope.ALL, Nothing, FaultsDeletedShown)
async def delete_all(call: Call) -> Reply:
    """Have none of your faults happen any more. Test mode only."""
    return await shown(call, FaultsDeletedShown(count=await faults.remove_all(call.gateway, call.caller)))


OPERATIONS = (create, page, fetch, delete, delete_all)
