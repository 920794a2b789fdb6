"""Webhook faults: how a delivery goes that a test merchant has go wrong. What is known of its event stays as it is."""

import asyncio
import random

import msgspec

from tillgate.core import deliveries as core
from tillgate.core import faults as planting
from tillgate.core.decisions import Decision
from tillgate.core.deliveries import DEADLINE_SECONDS, Delivery, Try
from tillgate.core.faults import MOST_SECONDS, Drawn, FaultKind
from tillgate.core.instants import SECOND, Duration
from tillgate.flows import deliveries, faults
from tillgate.flows.deliveries import Courier, Result
from tillgate.flows.gateway import Gateway
from tillgate.store import deliveries as kept
from tillgate.store.batches import Conflict
from tillgate.store.deliveries import Taken

_TAKES: Duration = (MOST_SECONDS[FaultKind.WEBHOOK_SLOW] + 3 * DEADLINE_SECONDS) * SECOND
"""How long a delivery may be on its way at most that goes wrong: held up, and posted a few times."""

_LOOK_SECONDS = 0.1


async def post(gateway: Gateway, courier: Courier, taken: Taken) -> list[Result]:
    """Try one delivery, and whatever else goes with it by a fault. It is canceled with its caller."""
    if not courier.has_faults or taken.body is None:
        return [await deliveries.post(gateway, courier, taken)]
    drawn = await _drawn(gateway, courier, taken.delivery)
    until = gateway.clock.wall() + _TAKES
    held = None if drawn is None else await kept.hold(gateway.store, taken.delivery, until)
    if drawn is None or held is None:
        return [await deliveries.post(gateway, courier, taken)]
    taken = Taken(held, taken.body)
    match drawn.kind:
        case FaultKind.WEBHOOK_LOST:
            return [_lost(gateway, courier, taken)]
        case FaultKind.WEBHOOK_DUPLICATE:
            return [await _twice(gateway, courier, taken)]
        case FaultKind.WEBHOOK_REORDERED:
            return await _after_the_next(gateway, courier, taken, _seconds(drawn))
        case _:
            await asyncio.sleep(_seconds(drawn))
            return [await deliveries.post(gateway, courier, taken, FaultKind.WEBHOOK_SLOW)]


async def _drawn(gateway: Gateway, courier: Courier, delivery: Delivery) -> Drawn | None:
    while True:
        meets = planting.for_delivery(delivery.type)
        drawn, changed = await faults.draw(gateway, courier.tenant, meets, delivery.event, endpoint=delivery.endpoint)
        if not changed:
            return None
        try:
            await gateway.store.commit(Decision(save=tuple(changed)))
            return drawn
        except Conflict:
            continue


def _seconds(drawn: Drawn) -> float:
    """As long as was asked for, or by the seed."""
    if drawn.seconds is not None:
        return drawn.seconds
    return random.Random(drawn.seed).uniform(1, MOST_SECONDS[drawn.kind])  # noqa: S311 — to be repeated


def _lost(gateway: Gateway, courier: Courier, taken: Taken) -> Result:
    """It counts as taken, and nothing was sent."""
    now = gateway.clock.wall()
    made = Try(at=now, took_milliseconds=0, fault=FaultKind.WEBHOOK_LOST)
    after = core.after(taken.delivery, made, now, jitter=0, retry_after=None)
    return Result(courier, taken.delivery, after, made)


async def _twice(gateway: Gateway, courier: Courier, taken: Taken) -> Result:
    """Both tries are in the log; what counts is the one that was taken."""
    kind = FaultKind.WEBHOOK_DUPLICATE
    first = await deliveries.post(gateway, courier, taken, kind)
    second = await deliveries.post(gateway, courier, taken, kind)
    counts, other = (second, first) if second.made.is_taken else (first, second)
    log = (*counts.after.log[:-1], *sorted((other.made, counts.made), key=lambda made: made.at))
    return msgspec.structs.replace(counts, after=msgspec.structs.replace(counts.after, log=log))


async def _after_the_next(gateway: Gateway, courier: Courier, taken: Taken, seconds: float) -> list[Result]:
    """The next delivery of the same stream first, if one comes in time."""
    kind = FaultKind.WEBHOOK_REORDERED
    loop = asyncio.get_running_loop()
    ends = loop.time() + seconds
    while (then := await kept.take_next(gateway.store, taken.delivery, gateway.clock.wall(), _TAKES)) is None:
        if loop.time() >= ends:
            return [await deliveries.post(gateway, courier, taken, kind)]
        await asyncio.sleep(_LOOK_SECONDS)
    earlier = [await deliveries.post(gateway, courier, then, kind)]
    return [*earlier, await deliveries.post(gateway, courier, taken, kind)]
