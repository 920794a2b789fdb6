"""Nothing is lost, nothing overtakes what it follows, and no endpoint's trouble is another's."""

import asyncio
import itertools
import random
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa

from tests.sizes import at_size
from tests.waiting import eventually
from tests.workers import outside
from tests.workers.outside import WELL, Post, World
from tillgate.core import deliveries
from tillgate.core.decisions import Decision
from tillgate.core.deliveries import DeliveryState
from tillgate.core.instants import DAY, HOUR, MINUTE, SECOND
from tillgate.core.merchants import DEMO_SHOP
from tillgate.core.records import evolve
from tillgate.core.webhook_endpoints import DisabledReason, Ordering
from tillgate.flows import deliveries as flow
from tillgate.flows import webhook_endpoints
from tillgate.store import deliveries as kept
from tillgate.store import leases, outbox, schema
from tillgate.transport.egress import Posted
from tillgate.workers.deliveries import FIRST_AT_AN_ENDPOINT, Deliverer

pytestmark = pytest.mark.anyio

FAILED = Posted(status=500)


async def fails(post: Post) -> Posted:
    return FAILED


async def test_the_whole_schedule_is_kept_to_the_end(world: World) -> None:
    endpoint = await world.endpoint("down")
    world.outside.answers["down"] = fails
    (event,) = await world.announce(("cus_a", 1))
    await world.deliver()
    while (delivery := await world.delivery(endpoint, event)).due_at is not None:
        world.clock.advance(delivery.due_at - world.clock.wall() - 1)
        await world.deliver()
        assert (await world.delivery(endpoint, event)).tries == delivery.tries, "a moment too early"
        world.clock.advance(1)
        await world.deliver()
    assert delivery.state is DeliveryState.FAILED
    posts = world.outside.posts
    waits = [later.at - earlier.at for earlier, later in itertools.pairwise(posts)]
    assert len(waits) == len(deliveries.WAITS)
    assert all(least <= wait <= least * 11 // 10 + 1 for wait, least in zip(waits, deliveries.WAITS, strict=True))
    assert sum(waits) >= 75 * HOUR
    assert len({(post.event, post.body) for post in posts}) == 1
    assert len({post.headers["webhook-timestamp"] for post in posts}) == len(posts)
    assert [made.status for made in delivery.log] == [500] * 10


class Hostile:
    """An endpoint that fails at random and answers late; it notices what should have waited for the one before."""

    def __init__(self, seed: int, *, strict: bool, since: int) -> None:
        self._draw = random.Random(seed)
        self._strict = strict
        self._since = since
        self._taken: set[str] = set()
        self._failed: Counter[str] = Counter()
        self.seen: set[str] = set()
        self.overtook: list[str] = []

    async def answer(self, post: Post) -> Posted:
        """Take it, or not."""
        name = outside.name(post)
        stream, _, sequence = name.partition(" ")
        before = f"{stream} {int(sequence) - 1}"
        if sequence != "1" and not self._may_follow(before, post.at):
            self.overtook.append(name)
        self.seen.add(name)
        for _ in range(self._draw.randrange(4)):
            await asyncio.sleep(0)
        answer = self._draw.choice([WELL, WELL, FAILED, Posted(failure="Nobody takes connections there.")])
        if answer is WELL:
            self._taken.add(name)
        else:
            self._failed[name] += 1
        return answer

    def _may_follow(self, before: str, at: int) -> bool:
        if before in self._taken or self._failed[before] > len(deliveries.WAITS):
            return True
        waited = at - self._since >= deliveries.PATIENCE or self._failed[before] >= deliveries.TRIES_WAITED_FOR
        return waited and not self._strict


@pytest.mark.parametrize("ordering", list(Ordering))
async def test_events_of_a_stream_arrive_in_order_at_a_hostile_receiver(world: World, ordering: Ordering) -> None:
    streams, each = at_size(12, 200), 4
    endpoint = await world.endpoint("hostile", ordering=ordering)
    hostile = Hostile(7, strict=ordering is Ordering.STRICT, since=world.clock.wall())
    world.outside.answers["hostile"] = hostile.answer
    told = [(f"cus_{number}", sequence) for number in range(streams) for sequence in range(1, each + 1)]
    await world.announce(*told)
    await world.deliver()
    await world.pass_time(20, step=5)
    await world.pass_time(6 * DAY // SECOND, step=HOUR // SECOND // 2)
    assert hostile.overtook == []
    assert hostile.seen == {f"{stream} {sequence}" for stream, sequence in told}
    assert await kept.ready(world.parts.gateway.store, world.clock.wall() + 30 * DAY, 1) == []
    assert (await world.load(endpoint)).is_enabled


async def test_strict_waits_as_long_as_it_takes_and_default_for_five_minutes(world: World) -> None:
    await world.endpoint("strict", ordering=Ordering.STRICT)
    await world.endpoint("default")
    failing = True

    async def fails_at_first(post: Post) -> Posted:
        return FAILED if failing and b"cus_a 1" in post.body else WELL

    world.outside.answers.update(strict=fails_at_first, default=fails_at_first)
    await world.announce(("cus_a", 1), ("cus_a", 2), ("cus_b", 1))
    await world.deliver()
    assert sorted(outside.names(world.outside, "default")) == ["cus_a 1", "cus_b 1"]
    await world.pass_time(deliveries.PATIENCE // SECOND - 1, step=30)
    assert "cus_a 2" not in outside.names(world.outside, "default")
    await world.pass_time(2)
    assert "cus_a 2" in outside.names(world.outside, "default")
    await world.pass_time(2 * DAY // SECOND, step=HOUR // SECOND)
    assert "cus_a 2" not in outside.names(world.outside, "strict")
    failing = False
    await world.pass_time(DAY // SECOND, step=HOUR // SECOND)
    assert outside.names(world.outside, "strict")[-2:] == ["cus_a 1", "cus_a 2"]


async def test_a_hanging_a_failing_and_a_slow_receiver_delay_no_other(world: World) -> None:
    release = asyncio.Event()

    async def hangs(post: Post) -> Posted:
        await release.wait()
        return Posted(failure="There was no answer within 15 seconds.")

    async def slow(post: Post) -> Posted:
        await asyncio.sleep(0.05)
        return WELL

    world.outside.answers.update(hanging=hangs, failing=fails, slow=slow)
    for path in ("hanging", "failing", "slow", "well"):
        await world.endpoint(path)
    count = at_size(80, 2_000)
    await world.announce(*((f"cus_{number}", 1) for number in range(count)))
    while await world.deliverer.fan_out():
        pass
    async with asyncio.timeout(60):
        while len(world.outside.at("well")) < count or len(world.outside.at("slow")) < count:
            await world.deliverer.round()
            await asyncio.sleep(0.001)
    assert len(world.outside.at("hanging")) == FIRST_AT_AN_ENDPOINT
    assert len({post.event for post in world.outside.at("well")}) == count
    assert len(world.outside.at("failing")) >= count // 2
    release.set()
    await world.deliverer.settle()


async def test_many_hanging_receivers_leave_room_for_the_next(world: World) -> None:
    release = asyncio.Event()

    async def hangs(post: Post) -> Posted:
        await release.wait()
        return Posted(failure="There was no answer within 15 seconds.")

    for number in range(15):
        await world.endpoint(f"hanging_{number}")
        world.outside.answers[f"hanging_{number}"] = hangs
    await world.announce(*((f"cus_{number}", 1) for number in range(100)))
    await world.deliverer.fan_out()
    await world.deliverer.round()
    await world.endpoint("well")
    await world.announce(("cus_x", 1))
    await world.deliverer.fan_out()
    await world.deliverer.round()
    await eventually(lambda: len(world.outside.at("well")) == 1)
    release.set()
    await world.deliverer.settle()


async def test_410_switches_the_endpoint_off_and_the_others_are_told(world: World) -> None:
    async def gone(post: Post) -> Posted:
        return Posted(status=410)

    off, on = await world.endpoint("gone"), await world.endpoint("books")
    world.outside.answers["gone"] = gone
    await world.announce(("cus_a", 1), ("cus_a", 2))
    await world.deliver()
    assert (await world.load(off)).disabled_reason is DisabledReason.GONE
    assert len(world.outside.at("gone")) == 1
    types = [msgspec.json.decode(post.body)["type"] for post in world.outside.at("books")]
    assert types == ["customer.updated", "customer.updated", "webhook_endpoint.disabled"]
    states = {each.state for each in await kept.page(world.parts.gateway.store, DEMO_SHOP.id, off, 10)}
    assert states == {DeliveryState.FAILED, DeliveryState.CANCELED}
    assert (await world.load(on)).is_enabled


async def test_one_success_among_failures_says_that_an_endpoint_is_there(world: World) -> None:
    endpoint = await world.endpoint("picky")

    async def answer(post: Post) -> Posted:
        return WELL if b"cus_a 1" in post.body else FAILED

    world.outside.answers["picky"] = answer
    await world.announce(("cus_a", 1), ("cus_b", 1), ("cus_c", 1))
    await world.deliver()
    assert (await world.load(endpoint)).failing_since is None


async def test_five_days_of_failures_switch_off_and_one_success_starts_anew(world: World) -> None:
    endpoint = await world.endpoint("down")
    world.outside.answers["down"] = fails
    for day in range(4):
        await world.announce((f"cus_{day}", 1))
        await world.pass_time(DAY // SECOND, step=HOUR // SECOND)
    del world.outside.answers["down"]
    await world.pass_time(2 * DAY // SECOND, step=HOUR // SECOND)
    assert (await world.load(endpoint)).failing_since is None
    world.outside.answers["down"] = fails
    for day in range(5, 11):
        assert (await world.load(endpoint)).is_enabled
        await world.announce((f"cus_{day}", 1))
        await world.pass_time(DAY // SECOND * 9 // 10, step=HOUR // SECOND)
    assert (await world.load(endpoint)).disabled_reason is DisabledReason.FAILING


async def test_an_endpoint_may_ask_for_time(world: World) -> None:
    endpoint = await world.endpoint("busy")

    async def busy(post: Post) -> Posted:
        return Posted(status=429, retry_after="90")

    world.outside.answers["busy"] = busy
    (event,) = await world.announce(("cus_a", 1))
    await world.deliver()
    due_at = (await world.delivery(endpoint, event)).due_at
    assert due_at is not None
    assert 90 * SECOND <= due_at - world.clock.wall() <= 99 * SECOND


async def test_several_workers_share_the_work_and_none_does_anothers(world: World) -> None:
    await world.endpoint("well")
    parts = world.parts
    workers = [Deliverer(parts.gateway, parts.directory) for _ in range(3)]
    count = at_size(300, 5_000)
    told = [(f"cus_{number % 50}", number // 50 + 1) for number in range(count)]
    for portion in range(0, count, 100):
        await world.announce(*told[portion : portion + 100])
    async with asyncio.timeout(120):
        while len(world.outside.posts) < count:
            await asyncio.gather(*(worker.fan_out() for worker in workers))
            await asyncio.gather(*(worker.round() for worker in workers))
            await asyncio.sleep(0)
    await asyncio.gather(*(worker.settle() for worker in workers))
    assert len(world.outside.posts) == len({post.event for post in world.outside.posts}) == count


async def test_two_that_fan_out_at_once_send_everything_once_and_in_order(
    world: World, database: str | None, tmp_path: Path
) -> None:
    await world.endpoint("well")
    await world.announce(*((f"cus_{number % 9}", number // 9 + 1) for number in range(90)))
    async with AsyncExitStack() as stack:
        worlds = [world]
        if database:
            worlds.append(await stack.enter_async_context(outside.opened(tmp_path, database, world.clock)))
        both = [each.parts for each in worlds]
        assert max(await asyncio.gather(*(flow.fan_out(each.gateway, each.directory) for each in both))) > 0
    assert await outbox.first(world.parts.gateway.store, 1) == []
    await world.deliver()
    arrived = outside.names(world.outside, "well")
    assert len(arrived) == 90
    for number in range(9):
        of_stream = [name for name in arrived if name.startswith(f"cus_{number} ")]
        assert of_stream == [f"cus_{number} {sequence}" for sequence in range(1, 11)]


async def test_what_a_dead_worker_had_taken_is_sent_again_after_its_lease(world: World) -> None:
    endpoint = await world.endpoint("well")
    (event,) = await world.announce(("cus_a", 1))
    await world.deliverer.fan_out()
    taken = await kept.take(world.parts.gateway.store, endpoint, world.clock.wall(), 10)
    assert [each.delivery.event for each in taken] == [event]
    await world.deliver()
    assert world.outside.posts == []
    world.clock.advance(deliveries.LEASE)
    await world.deliver()
    assert [post.event for post in world.outside.posts] == [event]


async def test_a_result_that_comes_too_late_changes_nothing(world: World) -> None:
    endpoint = await world.endpoint("well")
    (event,) = await world.announce(("cus_a", 1))
    await world.deliverer.fan_out()
    (taken,) = await kept.take(world.parts.gateway.store, endpoint, world.clock.wall(), 10)
    world.clock.advance(deliveries.LEASE)
    await world.deliver()
    late = deliveries.after(
        taken.delivery,
        deliveries.Try(at=1, took_milliseconds=1, status=500),
        world.clock.wall(),
        jitter=0,
        retry_after=None,
    )
    await kept.conclude(world.parts.gateway.store, [taken.delivery], [late])
    assert (await world.delivery(endpoint, event)).state is DeliveryState.SUCCEEDED


async def test_an_endpoint_is_told_of_what_happens_from_the_moment_on_that_it_is_there(world: World) -> None:
    await world.announce(("cus_a", 1))
    await world.deliver()
    await world.endpoint("well")
    await world.announce(("cus_a", 2))
    await world.deliver()
    assert outside.names(world.outside, "well") == ["cus_a 2"]


async def test_a_lease_is_one_holders_until_it_runs_out(world: World) -> None:
    store, now = world.parts.gateway.store, world.clock.wall()
    taken = await asyncio.gather(*(leases.take(store, "x", f"w{n}", now, now + MINUTE) for n in range(4)))
    assert taken.count(True) == 1
    holder = f"w{taken.index(True)}"
    assert await leases.take(store, "x", holder, now + 1, now + MINUTE)
    assert not await leases.take(store, "x", "other", now + MINUTE - 1, now + 2 * MINUTE)
    assert await leases.take(store, "x", "other", now + MINUTE, now + 2 * MINUTE)


async def test_a_deleted_endpoint_gets_nothing_any_more(world: World) -> None:
    endpoint = await world.endpoint("well")
    await world.announce(("cus_a", 1))
    await world.deliverer.fan_out()
    await webhook_endpoints.delete(world.parts.gateway, outside.CALLER, endpoint)
    await world.deliver()
    assert world.outside.posts == []
    assert await kept.ready(world.parts.gateway.store, world.clock.wall() + DAY, 10) == []


async def test_who_is_gone_is_in_nobodys_way(world: World) -> None:
    """As where a sandbox was removed while a request of it was under way, or between an event and its delivery."""
    parting = evolve(DEMO_SHOP, tenant="ten_gone", id="ten_gone", version=0)
    caller = msgspec.structs.replace(outside.CALLER, tenant=parting)
    await world.parts.gateway.store.commit(Decision(save=(parting,)))
    await world.endpoint("gone", caller=caller)
    await world.endpoint("here")
    await world.announce(("cus_gone", 1), tenant=parting.id)
    assert await world.deliverer.fan_out() == 1
    await world.parts.gateway.store.engine.change(sa.delete(schema.tenants).returning(schema.tenants.c.id), {})
    world.clock.advance(MINUTE)
    await world.announce(("cus_gone", 2), tenant=parting.id)
    await world.announce(("cus_here", 1))
    await world.deliver()
    assert outside.names(world.outside, "here") == ["cus_here 1"]
    assert outside.names(world.outside, "gone") == []
