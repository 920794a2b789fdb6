"""Whatever goes wrong while people pay by phone, in the end our books are the bank's, and planted bugs are found."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from tests.simulation import findings_of_tickets, story
from tests.simulation.story import Size
from tests.simulation.tickets import Till
from tests.simulation.world import World
from tests.sizes import at_size
from tillgate.connectors.phone import PhoneConnector
from tillgate.core import attempts, conclusions
from tillgate.core.attempts import Attempt, Outcome, Verdict
from tillgate.core.reasons import Reason
from tillgate.flows import payments

SEEDS = range(1, at_size(4, 150))
SIZE = at_size(Size(days=1, clients=4, requests=25), Size(days=3, clients=8, requests=40))
WORLDS = 30

_HOUR_SECONDS = 3_600.0


def tell(seed: int, *, hasty: bool = False) -> tuple[list[str], Counter[str]]:
    """What is wrong in a world at its end, and what happened in it."""
    return story.lived(seed, SIZE, _live, storm={}, hasty=hasty)


async def _live(world: World) -> None:
    await world.begin(world.random.choice((1, 2, 2)))
    till = Till(world)
    for _ in range(SIZE.days):
        world.chance.calm = False
        clients = [world.spawn(world.watched(lambda: till.work(SIZE.requests))) for _ in range(SIZE.clients)]
        while not all(client.done() for client in clients):
            await world.pass_time(1.0, pace=1.0)
        await world.pass_time(_HOUR_SECONDS / 4, pace=20.0)
    world.chance.calm = True
    await world.pass_time(6 * _HOUR_SECONDS, pace=600.0)
    for process in world.processes:
        await process.finished()
    for violation in await findings_of_tickets.of_everything(world):
        world.violated(violation)


def test_in_the_end_everything_adds_up() -> None:
    happened = Counter[str]()
    for seed in SEEDS:
        violations, seen = tell(seed)
        assert not violations, "\n".join(violations[:10])
        happened += seen
    assert happened.keys() >= {"ticket: succeeded", "ticket: canceled", "ticket over: lapsed", "ticket over: declined"}


def hold_forgotten(patch: pytest.MonkeyPatch) -> None:
    """What was confirmed and not taken in time is held for ever."""

    async def expire(*given: Any) -> bool:
        return True

    patch.setattr(payments, "expire", expire)


def silence_taken_for_a_no(patch: pytest.MonkeyPatch) -> None:
    """An answer that cannot be read is a no."""
    whole = PhoneConnector.read

    def read(self: PhoneConnector, attempt: Attempt, answer: Any) -> Outcome:
        outcome = whole(self, attempt, answer)
        no = Outcome(verdict=Verdict.DECLINED, reason=Reason.PROCESSING_ERROR)
        return no if outcome == attempts.UNKNOWN or outcome.verdict is Verdict.CHALLENGE else outcome

    patch.setattr(PhoneConnector, "read", read)


def refunds_not_numbered(patch: pytest.MonkeyPatch) -> None:
    """What goes back has no number of the day."""
    whole = conclusions._numbers

    def numbers(before: Any, payment: Any, attempt: Attempt, occasion: Any) -> Any:
        return () if attempt.refund else whole(before, payment, attempt, occasion)

    patch.setattr(conclusions, "_numbers", numbers)


@pytest.mark.parametrize("plant", [hold_forgotten, silence_taken_for_a_no, refunds_not_numbered])
def test_a_planted_bug_is_found(plant: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch)
    assert any(tell(seed, hasty=True)[0] for seed in range(1, WORLDS + 1))
