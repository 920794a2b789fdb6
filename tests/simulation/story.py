"""The story of a world: busy days, nights in which time flies, and an end at which everything has to add up."""

import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from pathlib import Path

import msgspec

from tests.simulation import findings, loop
from tests.simulation.loop import Restless, Standstill
from tests.simulation.merchants import CORNER_CAFE, KEYS_LAST_SECONDS, Merchant
from tests.simulation.world import Violated, World
from tillgate.core.credentials import ALL_SCOPES, CredentialKind
from tillgate.core.decisions import Decision
from tillgate.core.merchants import DEMO_SHOP
from tillgate.flows import directory
from tillgate.store import migrate
from tillgate.store.database import SQLITE_FILE
from tillgate.surfaces.v1 import sandbox_keys

_AS_IT_COMES: Mapping[str, float] = {}
_DAYS_SECONDS = 86_400.0
_EVENING_SECONDS = 3 * 3600.0


class Size(msgspec.Struct, frozen=True):
    """How much happens in a world."""

    days: int = 3
    clients: int = 6
    requests: int = 13

    @property
    def most_steps(self) -> int:
        """After how many steps a world is taken never to come to its end; they take a tenth of it."""
        return 100_000 + 1_500 * self.days * self.clients * self.requests


class Told(msgspec.Struct):
    """What came of a world."""

    seed: int
    violations: list[str]
    trace: str
    requests: int
    steps: int
    happened: Counter[str]
    took_seconds: float


def tell(
    seed: int, size: Size, *, storm: Mapping[str, float] = _AS_IT_COMES, hasty: bool = False, loud: bool = False
) -> Told:
    """Let a world run from its beginning to its end, and look through everything that it leaves."""
    requests, began = 0, time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="tillgate-world-") as folder:
        world = World(seed, _template(), Path(folder), storm=storm, most_steps=size.most_steps, hasty=hasty, loud=loud)
        with world.living():
            try:
                requests = loop.run(world.loop, _live(world, size))
            except (Standstill, Restless) as endless:
                world.violations.append(f"seed {seed}: {endless!r}")
            except Violated:
                assert world.violations
    took = time.perf_counter() - began
    return Told(seed, world.violations, world.trace, requests, world.loop.steps, world.chance.happened, took)


def lived(
    seed: int, size: Size, live: Callable[[World], Awaitable[None]], *, storm: Mapping[str, float], hasty: bool = False
) -> tuple[list[str], Counter[str]]:
    """What is wrong in a world at its end, and what happened in it; `live` says what its life is."""
    with tempfile.TemporaryDirectory(prefix="tillgate-world-") as folder:
        steps = size.most_steps * 5
        world = World(seed, _template(), Path(folder), storm=storm, most_steps=steps, hasty=hasty, loud=False)

        async def life() -> None:
            try:
                await live(world)
            finally:
                await world.end()

        with world.living():
            try:
                loop.run(world.loop, life())
            except (Standstill, Restless) as endless:
                world.violations.append(f"seed {seed}: {endless!r}")
            except Violated:
                assert world.violations
        return world.violations, world.chance.happened


async def _live(world: World, size: Size) -> int:
    try:
        await world.begin(world.random.choice((1, 2, 2)))
        merchants = await _merchants(world)
        await merchants[1].settle_in("daily")
        await merchants[0].settle_in(world.random.choice(("manual", "daily")))
        for _ in range(size.days):
            await _day(world, merchants, size)
            if world.random.random() < 0.5:
                await _evening(world, merchants)
            await _night(world)
        await _end(world, merchants)
        return sum(merchant.asking.count for merchant in merchants)
    finally:
        await world.end()


async def _merchants(world: World) -> list[Merchant]:
    gateway = world.processes[0].gateway

    async def admit() -> str:
        await gateway.store.commit(Decision(save=(msgspec.structs.replace(CORNER_CAFE, version=0),)))
        kind = CredentialKind.SECRET_KEY
        return await directory.issue(gateway, CORNER_CAFE, kind, ALL_SCOPES, f"of-the-cafe-{world.seed}")

    secret = await world.processes[0].spawn(admit())
    shop, cafe = Merchant(world, DEMO_SHOP.id, sandbox_keys.SECRET_KEY), Merchant(world, CORNER_CAFE.id, secret)
    shop.others, cafe.others = [cafe], [shop]
    return [shop, cafe]


async def _day(world: World, merchants: list[Merchant], size: Size) -> None:
    """Everybody is at work, and everything may go wrong."""
    world.chance.calm = False
    clients = [
        world.spawn(world.watched(_client(merchants[number % len(merchants)], size.requests)))
        for number in range(size.clients)
    ]
    while not all(client.done() for client in clients):
        await world.pass_time(1.0, pace=1.0)


def _client(merchant: Merchant, requests: int) -> Callable[[], Awaitable[None]]:
    return lambda: merchant.work(requests)


async def _evening(world: World, merchants: list[Merchant]) -> None:
    """Nothing goes wrong any more: what was in doubt becomes known, and every key of the day has its answer."""
    world.chance.calm = True
    await world.pass_time(_EVENING_SECONDS, pace=1800.0)
    doubtful = findings.in_doubt(world)
    if doubtful:
        world.violated(f"still in doubt after {_EVENING_SECONDS} s without mishaps: {doubtful}")
    since = world.loop.time() - KEYS_LAST_SECONDS
    for merchant in merchants:
        for asked in list(merchant.asking.all):
            if asked.key is not None and not asked.clashes and asked.at_seconds > since:
                await merchant.asking.insist(asked, tries=3)
    # What was asked for only now may be a payout, of which the bank is asked after a minute.
    await world.pass_time(300.0, pace=10.0)
    for violation in await findings.of_the_books(world):
        world.violated(violation)


async def _night(world: World) -> None:
    """Hours and days go by; there are still crashes."""
    world.chance.calm = world.random.random() < 0.5
    pace = world.random.choice((1800.0, 4 * 3600.0, 12 * 3600.0))
    await world.pass_time(_DAYS_SECONDS * world.random.choice((0.1, 0.5, 1, 3, 8)), pace=pace, thoroughly=True)


async def _end(world: World, merchants: list[Merchant]) -> None:
    """Time passes until nothing is left that happens by itself; then everything has to add up."""
    world.chance.calm = True
    for merchant in merchants:
        await merchant.schedule("manual")
    await _evening(world, merchants)
    await world.pass_time(12 * _DAYS_SECONDS, pace=24 * 3600.0, thoroughly=True)
    await world.pass_time(_EVENING_SECONDS, pace=600.0, thoroughly=True)
    for process in world.processes:
        await process.finished()
    for violation in await findings.of_everything(world, merchants):
        world.violated(violation)


@cache
def _template() -> bytes:
    """An empty database, made once."""
    with tempfile.TemporaryDirectory(prefix="tillgate-world-") as folder:
        migrate.migrate(None, Path(folder))
        return (Path(folder) / SQLITE_FILE).read_bytes()
