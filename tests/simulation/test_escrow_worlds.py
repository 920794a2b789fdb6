"""Whatever goes wrong with money that is held for a seller, in the end it is with whose it is, and all is told once.

What is planted (bugs_of_escrow.py): sellers who answer for buyers, a dispute without a deadline, shares given again, a
timer let go of, a share that came back forgotten, milestones side by side.
"""

from collections import Counter
from collections.abc import Mapping
from functools import cache, partial

import pytest

from tests.simulation import findings_of_escrow, story
from tests.simulation.bazaar import Bazaar
from tests.simulation.bugs_of_escrow import BUGS
from tests.simulation.story import Size
from tests.simulation.world import World
from tests.sizes import at_size
from tillgate.sandbox import rules

SEEDS = at_size((1, 2), range(1, 150))
SIZE = at_size(Size(days=1, clients=4, requests=20), Size(days=4, clients=8, requests=40))
SMALL = Size(days=1, clients=4, requests=20)
WORLDS = 20

PLANTED = at_size(("returned share forgotten", "dispute takes the deadline off"), tuple(BUGS))
"""Every day those that nearly every world shows."""

_DAY_SECONDS = 86_400.0


def tell(
    seed: int, size: Size, *, storm: Mapping[str, float] | None = None, hasty: bool = False
) -> tuple[list[str], Counter[str]]:
    """What is wrong in a world at its end, and what happened in it."""
    return story.lived(seed, size, partial(_live, size=size), storm=storm or {}, hasty=hasty)


async def _live(world: World, size: Size) -> None:
    bazaar = Bazaar(world)
    with pytest.MonkeyPatch.context() as bank:
        bank.setattr(rules, "refusal", bazaar.refuses)
        await world.begin(world.random.choice((1, 2, 2)))
        await bazaar.begin(world.processes[0])
        for _ in range(size.days):
            world.chance.calm = False
            clients = [world.spawn(world.watched(lambda: bazaar.work(size.requests))) for _ in range(size.clients)]
            while not all(client.done() for client in clients):
                await world.pass_time(1.0, pace=1.0)
            world.chance.calm = world.random.random() < 0.5
            await world.pass_time(_DAY_SECONDS * world.random.choice((0.5, 1, 4, 9)), pace=6 * 3600.0)
        world.chance.calm = True
        await world.pass_time(3 * 3600.0, pace=1200.0)
        await bazaar.finish()
        await world.pass_time(80 * _DAY_SECONDS, pace=_DAY_SECONDS)
        await bazaar.finish()
        await world.pass_time(_DAY_SECONDS, pace=3600.0)
        for process in world.processes:
            await process.finished()
        for violation in await findings_of_escrow.of_everything(bazaar):
            world.violated(violation)


def test_in_the_end_all_of_it_is_with_whose_it_is() -> None:
    for seed in SEEDS:
        violations, _ = _without_a_bug(seed, SIZE, ())
        assert not violations, "\n".join(violations[:10])


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_bug_is_found_and_nothing_without_it(name: str) -> None:
    bug = BUGS[name]
    with pytest.MonkeyPatch.context() as planted:
        bug.plant(planted)
        seeds = range(bug.first, bug.first + WORLDS)
        found = next((seed for seed in seeds if tell(seed, SMALL, storm=bug.storm, hasty=True)[0]), None)
    assert found is not None
    assert not _without_a_bug(found, SMALL, tuple(bug.storm.items()))[0]


@cache
def _without_a_bug(seed: int, size: Size, storm: tuple[tuple[str, float], ...]) -> tuple[list[str], Counter[str]]:
    return tell(seed, size, storm=dict(storm))
