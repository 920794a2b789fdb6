"""The simulation finds what it is there to find: every bug that is planted is found within a few worlds.

What is planted, each as a patch in bugs.py or bugs_of_payouts.py: the answers of banks misread (unknown taken for no,
never-seen too early, by an old inquiry, or for a question that leaves late; a late answer dropped), the order of
commits broken (intent not written, announced outside the commit, acknowledged before the commit, reply not kept), the
books (a balance or a posting missing), what is set aside (forgotten, kept), keys and tokens (released on error, not
spent, a challenge kept from a repeat), disputes (forgotten in what is refundable, a fee posted twice, a notice
applied twice, a response forgotten), payouts (a line in two, a rest lost, booked or sent twice, a return not
believed), intents (one charged twice, a verified card lost, one given up that counts), resends, timers, and the store
itself (lost updates, unknown commits, reading in pieces).
"""

from functools import cache

import pytest

from tests.simulation import bugs_of_payouts
from tests.simulation.bugs import BUGS
from tests.simulation.story import Size, tell
from tests.sizes import at_size

assert bugs_of_payouts.__doc__, "they are on the list once they are imported"

WORLDS = 20
SIZE = Size(days=1, clients=6, requests=12)


@pytest.mark.parametrize("name", BUGS)
def test_a_planted_bug_is_found_and_nothing_without_it(name: str) -> None:
    bug = BUGS[name]
    with pytest.MonkeyPatch.context() as planted:
        bug.plant(planted)
        seeds = range(bug.first, bug.first + WORLDS)
        found = next((seed for seed in seeds if tell(seed, SIZE, storm=bug.storm, hasty=True).violations), None)
    assert found is not None
    assert not _without_a_bug(found, tuple(bug.storm.items()))


@pytest.mark.parametrize("storm", dict.fromkeys(tuple(bug.storm.items()) for bug in BUGS.values()), ids=str)
def test_without_a_bug_the_same_worlds_are_in_order(storm: tuple[tuple[str, float], ...]) -> None:
    for seed in range(1, at_size(2, 11)):
        assert not _without_a_bug(seed, storm)


@cache
def _without_a_bug(seed: int, storm: tuple[tuple[str, float], ...]) -> list[str]:
    return tell(seed, SIZE, storm=dict(storm)).violations
