"""The simulation finds what it is there to find: every bug that is planted is found within a few worlds.

What is planted, each as a patch in bugs.py or bugs_of_payouts.py: the answers of banks misread (unknown taken for no,
never-seen too early, by an old inquiry, or for a question that leaves late; a late answer dropped), the order of
commits broken (intent not written, announced outside the commit, acknowledged before the commit, reply not kept), the
books (a balance or a posting missing), what is set aside (forgotten, kept), keys and tokens (released on error, not
spent, a challenge kept from a repeat), disputes (forgotten in what is refundable, a fee posted twice, a notice
applied twice, a response forgotten), payouts (a line in two, a rest lost, booked or sent twice, a return not
believed), an intent that is charged twice, resends, timers, and the store itself (lost updates, unknown commits,
reading in pieces).
"""

import pytest

from tests.simulation import bugs_of_payouts
from tests.simulation.bugs import BUGS
from tests.simulation.story import Size, tell
from tests.sizes import at_size

assert bugs_of_payouts.__doc__, "they are on the list once they are imported"

WORLDS = 40
SIZE = Size(days=1, clients=6, requests=12)


@pytest.mark.parametrize("name", BUGS)
def test_a_planted_bug_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    BUGS[name].plant(monkeypatch)
    assert any(tell(seed, SIZE, storm=BUGS[name].storm, hasty=True).violations for seed in range(1, WORLDS + 1))


@pytest.mark.parametrize("storm", {str(bug.storm): bug.storm for bug in BUGS.values()}.values(), ids=str)
def test_without_a_bug_the_same_worlds_are_in_order(storm: dict[str, float]) -> None:
    for seed in range(1, at_size(2, 11)):
        assert not tell(seed, SIZE, storm=storm).violations
