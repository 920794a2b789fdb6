"""Timers that are due: each is leased, carried out, and taken off once there is nothing left to do."""

from tillgate import logs
from tillgate.core.instants import MINUTE, Duration
from tillgate.core.reasons import Refused
from tillgate.core.timers import Timer, TimerKind
from tillgate.flows import clocks
from tillgate.flows import timers as flows
from tillgate.flows.directory import Directory
from tillgate.flows.gateway import Gateway
from tillgate.store import timers

LEASE: Duration = MINUTE
"""How long a timer is left to the worker that took it."""

AT_ONCE = 200

_log = logs.log


async def run_due(gateway: Gateway, directory: Directory) -> int:
    """Carry out what is due by the clock that it goes by, longest due first; how many there were."""
    due = await timers.due(gateway.store, gateway.clock.wall(), AT_ONCE)
    if gateway.clock.moved:
        due += await timers.due_ahead(gateway.store, gateway.clock.wall(), AT_ONCE)
    for timer in due:
        clock = gateway.clock.now(timer.tenant) if timer.kind.is_business else gateway.clock.wall()
        leased = await timers.lease(gateway.store, timer, clock + LEASE)
        if leased is None:
            continue
        try:
            finished = await _carry_out(gateway, directory, leased)
        except Refused as gone:
            _log.warning("a timer has nothing to work on", kind=timer.kind, subject=timer.subject, reason=gone.reason)
            finished = True
        except Exception:
            # The lease runs out, and it is tried again.
            _log.exception("a timer failed", kind=timer.kind, subject=timer.subject)
            continue
        if finished:
            await timers.take_off(gateway.store, leased)
    return len(due)


async def _carry_out(gateway: Gateway, directory: Directory, timer: Timer) -> bool:
    """Do what a timer is for; False where it has to come back."""
    tenant = await directory.tenant(timer.tenant)
    if timer.kind is TimerKind.MOVE_CLOCK:
        return await clocks.go_on(gateway, tenant)
    return await flows.carry_out(gateway, tenant, timer)
