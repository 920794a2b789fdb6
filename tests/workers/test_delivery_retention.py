"""What was delivered is kept for as long as it is said, and tells of nobody who was erased."""

import pytest

from tests.workers import outside
from tests.workers.outside import Post, World
from tillgate.core.instants import DAY
from tillgate.core.merchants import DEMO_SHOP
from tillgate.core.personal import redacted
from tillgate.flows import events, retention
from tillgate.store import deliveries as kept
from tillgate.store.events import Asked
from tillgate.transport.egress import Posted

pytestmark = pytest.mark.anyio


async def test_an_erased_person_is_in_no_event_and_no_body_any_more(world: World) -> None:
    endpoint = await world.endpoint("down")

    async def fails(post: Post) -> Posted:
        return Posted(status=500)

    world.outside.answers["down"] = fails
    (event,) = await world.announce(("cus_a", 1))
    await world.deliver()
    assert b"cus_a 1" in world.outside.posts[-1].body
    gateway = world.parts.gateway
    assert await events.redact(gateway, DEMO_SHOP, "cus_a", redacted) == 1
    await world.pass_time(6)
    assert b"cus_a 1" not in world.outside.posts[-1].body
    assert world.outside.posts[-1].event == event
    assert (await events.fetch(gateway, outside.CALLER, event)).view == redacted(
        (await events.fetch(gateway, outside.CALLER, event)).view
    )
    assert (await world.delivery(endpoint, event)).tries == 2


async def test_old_deliveries_and_events_are_forgotten_and_nothing_that_still_goes(world: World) -> None:
    endpoint = await world.endpoint("well")
    await world.announce(("cus_a", 1))
    await world.deliver()
    gateway = world.parts.gateway
    world.clock.advance(31 * DAY)
    (young,) = await world.announce(("cus_a", 2))
    await world.deliver()
    await retention.prune(gateway)
    assert [each.event for each in await kept.page(gateway.store, DEMO_SHOP.id, endpoint, 10)] == [young]
    assert len(await events.page(gateway, outside.CALLER, Asked(10))) == 2
    world.clock.advance(60 * DAY)
    await retention.prune(gateway)
    assert [each.id for each in await events.page(gateway, outside.CALLER, Asked(10))] == [young]
