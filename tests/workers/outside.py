"""A world without sockets: Tillgate on a clock that is moved by hand, and endpoints that answer as a test says."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import msgspec

from tillgate import assembly
from tillgate.assembly import Opened
from tillgate.clock import ManualClock
from tillgate.core.customers import Customer
from tillgate.core.decisions import Decision
from tillgate.core.deliveries import Delivery
from tillgate.core.events import Event, EventType
from tillgate.core.instants import SECOND
from tillgate.core.merchants import DEMO_SHOP
from tillgate.core.webhook_endpoints import Ordering, WebhookEndpoint, Wishes
from tillgate.flows import webhook_endpoints
from tillgate.flows.gateway import Answer, Caller
from tillgate.settings import Settings
from tillgate.store import deliveries as kept
from tillgate.store import find
from tillgate.transport.egress import Egress, Posted
from tillgate.workers.deliveries import Deliverer

START = 1_800_000_000 * SECOND
CALLER = Caller(DEMO_SHOP, "key_1", "v1", "req_1")
WELL = Posted(status=200)

Answers = Callable[["Post"], Awaitable[Posted]]


class Post(msgspec.Struct, frozen=True):
    """One post as it arrived: when, where, and what."""

    at: int
    path: str
    body: bytes
    headers: Mapping[str, str]

    @property
    def event(self) -> str:
        """The event's id."""
        return self.headers["webhook-id"]


class Outside(Egress):
    """Endpoints by path; those that nothing is said about answer well."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(allow_loopback=True)
        self.clock = clock
        self.posts: list[Post] = []
        self.answers: dict[str, Answers] = {}

    async def post(
        self, url: str, body: bytes, headers: Mapping[str, str], *, deadline_seconds: float, live: bool
    ) -> Posted:
        """Note it, and answer."""
        post = Post(self.clock.wall(), url.rpartition("/")[2], body, headers)
        self.posts.append(post)
        await asyncio.sleep(0)
        answer = self.answers.get(post.path)
        return await answer(post) if answer else WELL

    def at(self, path: str) -> list[Post]:
        """What arrived at one endpoint."""
        return [post for post in self.posts if post.path == path]


class World(msgspec.Struct, frozen=True):
    """Everything that a test of deliveries has to do with."""

    parts: Opened
    clock: ManualClock
    outside: Outside
    deliverer: Deliverer

    async def endpoint(
        self, path: str, *, ordering: Ordering = Ordering.DEFAULT, url: str = "", caller: Caller = CALLER
    ) -> str:
        """A new endpoint for all events, Demo Shop's unless another calls; its id."""

        async def plainly(endpoint: WebhookEndpoint, secret: str) -> Answer:
            return Answer(200, endpoint.id.encode())

        url = url or f"https://shop.example/{path}"
        wishes = Wishes(url=url, enabled_events=("*",), ordering=ordering)
        made = await webhook_endpoints.create(self.parts.gateway, caller, None, wishes, plainly)
        return made.body.decode()

    async def announce(self, *streams: tuple[str, int], tenant: str = DEMO_SHOP.id) -> list[str]:
        """An event for each (stream, sequence), committed together; their ids."""
        gateway, now = self.parts.gateway, self.clock.wall()
        events = [
            Event(
                tenant=tenant,
                id=gateway.ids.new("evt", now),
                type=EventType.CUSTOMER_UPDATED,
                stream=stream,
                sequence=sequence,
                created=now,
                view=Customer(tenant=tenant, id=stream, created=now, name=f"{stream} {sequence}"),
                actor="key_1",
                surface="v1",
                request_id="req_1",
            )
            for stream, sequence in streams
        ]
        await gateway.store.commit(Decision(announce=tuple(events)))
        return [event.id for event in events]

    async def deliver(self) -> None:
        """Fan out and deliver until nothing is due any more."""
        while await self.deliverer.fan_out() + await self.deliverer.round():
            await self.deliverer.settle()

    async def pass_time(self, seconds: float, step: float = 1.0) -> None:
        """Let time pass, delivering what falls due."""
        until = self.clock.wall() + round(seconds * SECOND)
        while self.clock.wall() < until:
            self.clock.advance(min(round(step * SECOND), until - self.clock.wall()))
            await self.deliver()

    async def delivery(self, endpoint: str, event: str) -> Delivery:
        """How far a delivery is."""
        found = await kept.page(self.parts.gateway.store, DEMO_SHOP.id, endpoint, 100)
        return next(each for each in found if each.event == event)

    async def load(self, endpoint: str) -> WebhookEndpoint:
        """An endpoint as it is."""
        found = await find.record(self.parts.gateway.store, WebhookEndpoint, DEMO_SHOP.id, endpoint)
        assert found is not None
        return found


@asynccontextmanager
async def opened(data: Path, database: str | None, clock: ManualClock | None = None) -> AsyncIterator[World]:
    """Tillgate on a migrated database, with nothing running but what the test runs."""
    clock = clock or ManualClock(START)
    async with assembly.opened(Settings(data=data, database=database), clock=clock) as parts:
        outside = Outside(clock)
        parts.gateway.egress = outside
        yield World(parts, clock, outside, Deliverer(parts.gateway, parts.directory))


def name(post: Post) -> str:
    """What arrived, as `stream sequence`."""
    return cast(str, msgspec.json.decode(post.body)["data"]["object"]["name"])


def names(outside: Outside, path: str) -> list[str]:
    """All that arrived at an endpoint."""
    return [name(post) for post in outside.at(path)]
