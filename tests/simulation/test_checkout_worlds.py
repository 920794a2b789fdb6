"""Whatever goes wrong while payers choose how to pay, in the end everything adds up, and planted bugs are found.

What is planted (bugs_of_checkouts.py): statements (a line counted twice, a surplus kept, a late arrival settled),
returns (silence taken for a no, an earlier answer for the newest), and checkouts (tried twice by pressing twice,
confirmed unheard, a reference that two have).
"""

from collections import Counter
from collections.abc import Mapping
from functools import cache, partial

import pytest

from tests.simulation import findings_of_checkouts, story
from tests.simulation.bugs_of_checkouts import BUGS
from tests.simulation.chance import OF_WEBHOOKS
from tests.simulation.checkouts import Market
from tests.simulation.story import Size
from tests.simulation.world import World
from tests.sizes import at_size

SEEDS = range(1, at_size(5, 150))
SIZE = at_size(Size(days=1, clients=4, requests=25), Size(days=3, clients=8, requests=40))
SMALL = Size(days=1, clients=4, requests=25)
WORLDS = 30

SITUATIONS = (
    *(f"checkout: {end}" for end in ("sandbox", "transfer", "lapsed", "refunded")),
    *("arrival: deposits to merchant", "arrival: deposits to returns", "arrival: suspense to returns"),
)
RARE_SITUATIONS = (
    *(f"checkout: {end}" for end in ("phone", "abandoned", "expired", "requested")),
    *(f"arrival: {place} to bank" for place in ("suspense", "deposits", "merchant")),
    *("arrival: suspense to deposits", "arrival: returns to suspense"),
    *OF_WEBHOOKS,
)

_HOUR_SECONDS = 3_600.0


def tell(
    seed: int, size: Size, *, storm: Mapping[str, float] | None = None, hasty: bool = False
) -> tuple[list[str], Counter[str]]:
    """What is wrong in a world at its end, and what happened in it."""
    return story.lived(seed, size, partial(_live, size=size), storm=storm or {}, hasty=hasty)


async def _live(world: World, size: Size) -> None:
    await world.begin(world.random.choice((1, 2, 2)))
    market = Market(world)
    await market.begin(world.processes[0])
    for _ in range(size.days):
        world.chance.calm = False
        clients = [world.spawn(world.watched(lambda: market.work(size.requests))) for _ in range(size.clients)]
        while not all(client.done() for client in clients):
            await world.pass_time(1.0, pace=1.0)
        clerk = world.spawn(world.watched(partial(market.keep_watch, world.loop.time() + _HOUR_SECONDS / 2)))
        while not clerk.done():
            await world.pass_time(20.0, pace=20.0)
    world.chance.calm = True
    for _ in range(3):
        await world.pass_time(3 * _HOUR_SECONDS, pace=1200.0)
        await market.finish()
    await world.pass_time(24 * _HOUR_SECONDS, pace=7200.0)
    for process in world.processes:
        await process.finished()
    for violation in await findings_of_checkouts.of_everything(market):
        world.violated(violation)


def test_in_the_end_everything_adds_up() -> None:
    happened = Counter[str]()
    for seed in SEEDS:
        violations, seen = _without_a_bug(seed, SIZE, ())
        assert not violations, "\n".join(violations[:10])
        happened += seen
    assert not {*SITUATIONS, *at_size((), RARE_SITUATIONS)} - happened.keys()


@pytest.mark.parametrize("name", BUGS)
def test_a_planted_bug_is_found_and_nothing_without_it(name: str) -> None:
    bug = BUGS[name]
    with pytest.MonkeyPatch.context() as planted:
        bug.plant(planted)
        seeds = range(1, WORLDS + 1)
        found = next((seed for seed in seeds if tell(seed, SMALL, storm=bug.storm, hasty=True)[0]), None)
    assert found is not None
    assert not _without_a_bug(found, SMALL, tuple(bug.storm.items()))[0]


@cache
def _without_a_bug(seed: int, size: Size, storm: tuple[tuple[str, float], ...]) -> tuple[list[str], Counter[str]]:
    return tell(seed, size, storm=dict(storm))
