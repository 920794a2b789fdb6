"""Clocks: a test merchant's business time is moved, and everything that becomes due happens on the way, in order.

A move is kept before anything is done, and so is each instant at which the clock stands: whoever goes on with a move
that somebody left finds what is not done yet, at the instant at which it is due.
"""

import time
from collections.abc import Awaitable, Callable

import msgspec

from tillgate.connectors.sandbox import SandboxConnector
from tillgate.core import clocks, ids
from tillgate.core.clocks import MerchantClock, Wanted
from tillgate.core.decisions import Decision
from tillgate.core.events import Event
from tillgate.core.idempotency import IdempotencyKey
from tillgate.core.instants import MINUTE, Duration, Instant
from tillgate.core.merchants import Tenant
from tillgate.core.reasons import Reason, Refused
from tillgate.core.timers import Timer
from tillgate.flows import idempotency as keys
from tillgate.flows import patience, timers
from tillgate.flows.gateway import Answer, Caller, Gateway
from tillgate.flows.idempotency import Key
from tillgate.logs import log
from tillgate.store import clocks as kept
from tillgate.store import events, find, leases
from tillgate.store import timers as due
from tillgate.store.batches import Conflict
from tillgate.transport.banks import Lost

PATIENCE_SECONDS = 20.0
"""How long whoever moves a clock waits for it to arrive, before the answer is that it is on its way."""

PORTION_SECONDS = 2.0
"""How long a worker goes on with one clock before it looks after others' timers."""

MOST_SHOWN = 100
"""How much of what happened an answer names."""

_LEASE: Duration = MINUTE


class Happened(msgspec.Struct, frozen=True):
    """A merchant's clock, and what happened between two instants of it, oldest first, so far; whether there is more."""

    clock: MerchantClock
    now: Instant
    events: tuple[Event, ...] = ()
    has_more: bool = False


class _Span(msgspec.Struct, frozen=True):
    """What a request moves a clock over: what happened before has no id above `after`."""

    after: str
    until: Instant

    def __str__(self) -> str:
        return f"{self.after} {self.until}"


class _Silent(Exception):
    """The sandbox's bank does not say what time it is to a merchant."""


Render = Callable[[Happened], Awaitable[Answer]]


async def fetch(gateway: Gateway, caller: Caller) -> Happened:
    """The clock of a test merchant. Raises Refused(TEST_MODE_ONLY)."""
    _assert_test_mode(caller)
    clock = await _clock(gateway, caller.tenant.id)
    return Happened(clock, clocks.reading(clock).now(gateway.clock.wall()))


async def move(gateway: Gateway, caller: Caller, key: Key | None, wanted: Wanted, render: Render) -> Answer:
    """Move a test merchant's clock forward, and have happen what becomes due; once per key.

    Where that takes long, the answer tells what has happened by then, and the rest goes on by itself.
    Raises Refused(TEST_MODE_ONLY, CLOCK_NEVER_BACK, PARAMETER_INVALID).
    """
    _assert_test_mode(caller)
    return await keys.once(gateway, caller, key, lambda: _move(gateway, caller, key, wanted, render))


async def _move(gateway: Gateway, caller: Caller, key: Key | None, wanted: Wanted, render: Render) -> Answer:
    async def begin() -> tuple[_Span, tuple[IdempotencyKey, ...]]:
        clock, wall = await _clock(gateway, caller.tenant.id), gateway.clock.wall()
        goal = clock.move.until if clock.move else clocks.reading(clock).now(wall)
        moved = clocks.moved(clock, wanted, wall)
        assert moved.move is not None, moved.tenant
        newest = await events.page(gateway.store, caller.tenant.id, events.Asked(1))
        span = _Span(max([ids.floor("evt", goal), *(one.id for one in newest)]), moved.move.until)
        claimed = keys.claim(gateway, caller, key, str(span))
        await _keep(gateway, moved, clocks.begin(moved, wall).also(*claimed))
        return span, claimed

    begun = await keys.begin(gateway, caller, key, begin)
    if isinstance(begun, IdempotencyKey):
        return await _repeat(gateway, caller, begun, render)
    span, claimed = begun
    await _reach(gateway, caller.tenant, span.until)
    return await _conclude(gateway, caller, span, claimed, render)


async def _repeat(gateway: Gateway, caller: Caller, repeated: IdempotencyKey, render: Render) -> Answer:
    """The answer in the place of a process that died, as soon as the clock has arrived."""

    async def finish(key: IdempotencyKey) -> Answer | None:
        after, _, until = (key.subject or "").partition(" ")
        if not await _has_reached(gateway, caller.tenant.id, int(until)):
            if gateway.clock.wall() < key.lease_until:
                return None
            await _reach(gateway, caller.tenant, int(until))
        return await _conclude(gateway, caller, _Span(after, int(until)), (key,), render)

    return await keys.repeat(gateway, repeated, finish)


async def _conclude(
    gateway: Gateway, caller: Caller, span: _Span, claimed: tuple[IdempotencyKey, ...], render: Render
) -> Answer:
    tenant = caller.tenant.id
    clock = await _clock(gateway, tenant)
    below = ids.floor("evt", span.until + 1)
    asked = events.Asked(MOST_SHOWN + 1, above=events.right_above(span.after), below=below, oldest_first=True)
    found = await events.page(gateway.store, tenant, asked)
    now = clocks.reading(clock).now(gateway.clock.wall())
    answer = await render(Happened(clock, now, tuple(found[:MOST_SHOWN]), len(found) > MOST_SHOWN))
    try:
        await gateway.store.commit(Decision(save=keys.answered(gateway, claimed, answer)))
    except Conflict:
        # Somebody gave the answer in our place.
        for key in claimed:
            again = await find.record(gateway.store, IdempotencyKey, key.tenant, key.id)
            if again and (given := await keys.kept_answer(gateway, again)):
                return given
    return answer


async def _reach(gateway: Gateway, tenant: Tenant, until: Instant) -> None:
    """Go on until a clock is there, or for as long as whoever asked waits; then others go on."""
    ends, waited_seconds = time.monotonic() + PATIENCE_SECONDS, 0.0
    while not await _has_reached(gateway, tenant.id, until):
        left_seconds = ends - time.monotonic()
        if left_seconds <= 0:
            await _leave(gateway, tenant.id)
            return
        if not await _proceed(gateway, tenant, left_seconds):
            waited_seconds = await patience.pause(waited_seconds)


async def _has_reached(gateway: Gateway, tenant: str, until: Instant) -> bool:
    clock = await _clock(gateway, tenant)
    return clock.move is None or clock.move.stands_at > until


async def go_on(gateway: Gateway, tenant: Tenant) -> bool:
    """Go on with a move that was left, for a while; False where somebody else is at it."""
    if not await _proceed(gateway, tenant, PORTION_SECONDS):
        return False
    await _leave(gateway, tenant.id)
    return True


async def _leave(gateway: Gateway, tenant: str) -> None:
    """Have a worker go on, where a clock is still on its way."""
    clock = await _clock(gateway, tenant)
    if clock.move is not None:
        await gateway.store.commit(Decision(schedule=(clocks.timer(clock, gateway.clock.wall()),)))


async def _proceed(gateway: Gateway, tenant: Tenant, seconds: float) -> bool:
    """Go on with a move for so long; False where somebody else is at it, or it cannot be gone on with now."""
    ends, wall = time.monotonic() + seconds, gateway.clock.wall()
    name, holder = f"clock {tenant.id}", gateway.ids.new("wrk", wall)
    until = wall + _LEASE
    if not await leases.take(gateway.store, name, holder, wall, until):
        return False
    try:
        while (clock := await _clock(gateway, tenant.id)).move is not None and time.monotonic() < ends:
            if (wall := gateway.clock.wall()) > until - _LEASE // 2:
                until = wall + _LEASE
                if not await leases.take(gateway.store, name, holder, wall, until):
                    return False
            await _step(gateway, tenant, clock)
    except _Silent:
        return False
    finally:
        await leases.leave(gateway.store, name, holder)
    return True


async def _step(gateway: Gateway, tenant: Tenant, clock: MerchantClock) -> None:
    """Do what is due where a clock stands; where that is nothing, have it stand at what is next, or arrive."""
    assert clock.move is not None, clock.tenant
    stands_at, until = clock.move.stands_at, clock.move.until
    gateway.clock.learn(tenant.id, clocks.reading(clock))
    next_at_bank = await _tell_bank(gateway, tenant, clock)
    for timer in await due.due_now(gateway.store, tenant.id, gateway.clock.wall()):
        if timer.kind is not clocks.timer(clock, None).kind:
            await _carry_out(gateway, tenant, timer, gateway.clock.wall() + _LEASE)
    first = await due.next_of(gateway.store, tenant.id, until)
    next_of_ours = first.due_at if first else None
    if first is not None and next_of_ours is not None and next_of_ours <= stands_at:
        # It comes first again should we die, and what it schedules for this very instant is another.
        await _carry_out(gateway, tenant, first, next_of_ours - 1, else_at=until + _LEASE)
        return
    ahead = [at for at in (next_of_ours, next_at_bank) if at is not None and stands_at < at <= until]
    wall = gateway.clock.wall()
    try:
        if ahead or stands_at < until:
            standing, decision = clocks.stand(clock, min(ahead, default=until), wall)
            await _keep(gateway, standing, decision)
        else:
            arrived = clocks.arrived(clock, wall)
            await _tell_bank(gateway, tenant, arrived)
            await _keep(gateway, arrived, clocks.arrive(arrived))
    except Conflict:
        # It was moved farther meanwhile.
        return


async def _carry_out(
    gateway: Gateway, tenant: Tenant, timer: Timer, leased_until: Instant, else_at: Instant | None = None
) -> None:
    """Carry out a timer; one that has to come back does so once its lease is over, or at another instant."""
    leased = await due.lease(gateway.store, timer, leased_until)
    if leased is None:
        return
    finished = False
    try:
        finished = await timers.carry_out(gateway, tenant, leased)
    except Refused as gone:
        log.warning("a timer has nothing to work on", kind=timer.kind, subject=timer.subject, reason=gone.reason)
        finished = True
    except Exception:
        log.exception("a timer failed", kind=timer.kind, subject=timer.subject)
    if finished:
        await due.take_off(gateway.store, leased)
    elif else_at is not None:
        await due.lease(gateway.store, leased, else_at)


async def _tell_bank(gateway: Gateway, tenant: Tenant, clock: MerchantClock) -> Instant | None:
    """Have the sandbox's bank do what is due by a merchant's clock; when something is next. Raises _Silent."""
    bank = gateway.banks[tenant.bank]
    if not isinstance(bank, SandboxConnector):
        return None
    reading = clocks.reading(clock)
    answer = await gateway.transport.send(bank.set_clock(tenant.id, reading.ahead, reading.stands_at))
    told = None if isinstance(answer, Lost) else bank.read_clock(answer)
    if told is None:
        raise _Silent
    return told.next_at


async def _keep(gateway: Gateway, clock: MerchantClock, decision: Decision) -> None:
    """Commit a clock, and go by it. Raises Conflict, Taken."""
    await gateway.store.commit(decision)
    gateway.clock.learn(clock.tenant, clocks.reading(clock))


async def _clock(gateway: Gateway, tenant: str) -> MerchantClock:
    return await find.record(gateway.store, MerchantClock, tenant, clocks.ID) or clocks.of(tenant)


async def learn(gateway: Gateway) -> int:
    """Know all merchants' clocks as they are by now."""
    before = gateway.clock.moved
    gateway.clock.learn_all(before, await kept.readings(gateway.store))
    return 0


async def learn_of(gateway: Gateway, tenant: str) -> None:
    """Know one merchant's clock as it is by now."""
    clock = await _clock(gateway, tenant)
    if clock.version:
        gateway.clock.learn(tenant, clocks.reading(clock))


def _assert_test_mode(caller: Caller) -> None:
    if caller.tenant.is_live:
        raise Refused(Reason.TEST_MODE_ONLY)
