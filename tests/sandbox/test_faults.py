"""Faults: each goes wrong in its own way, and the same seed goes wrong the same way."""

import asyncio

import pytest

from tests.connectors.questions import attempt
from tests.sandbox.virtual_time import run
from tests.sandbox.world import CHALLENGED, World
from tillgate.connectors.contract import BankAnswer
from tillgate.core.attempts import Kind, Verdict
from tillgate.sandbox import faults
from tillgate.sandbox.faults import Fault, Faults

UNKNOWN = Verdict.UNKNOWN


def seconds() -> float:
    return asyncio.get_running_loop().time()


def test_a_timeout_before_leaves_the_bank_without_a_trace() -> None:
    async def main() -> None:
        world = World()
        world.bank.faults.plant(Fault.TIMEOUT_BEFORE)
        about, verdict = await world.ask(Kind.CHARGE)
        assert verdict is UNKNOWN
        assert (await world.inquire(about)).verdict is Verdict.NEVER_SEEN
        await asyncio.sleep(3600)
        assert (await world.inquire(about)).verdict is Verdict.NEVER_SEEN
        assert (await world.again(about)).verdict is Verdict.APPROVED
        assert world.moved(Kind.CHARGE) == 1000

    run(main())


def test_a_timeout_after_has_taken_the_money() -> None:
    async def main() -> None:
        world = World()
        world.bank.faults.plant(Fault.TIMEOUT_AFTER)
        about, verdict = await world.ask(Kind.CHARGE)
        assert (verdict, seconds()) == (UNKNOWN, 30)
        assert (await world.inquire(about)).verdict is Verdict.APPROVED
        assert (await world.again(about)).verdict is Verdict.APPROVED
        assert world.moved(Kind.CHARGE) == 1000

    run(main())


def test_a_late_request_arrives_after_the_patience_and_within_the_margin() -> None:
    async def main() -> None:
        for seed in range(20):
            world = World(faults=Faults(seed))
            world.bank.faults.plant(Fault.LATE)
            about, verdict = await world.ask(Kind.CHARGE)
            assert verdict is UNKNOWN
            assert (await world.inquire(about)).verdict is Verdict.NEVER_SEEN
            await asyncio.sleep(15)
            assert (await world.inquire(about)).verdict is Verdict.APPROVED

    run(main())


def test_a_slow_answer_comes_within_the_callers_patience() -> None:
    async def main() -> None:
        for seed in range(20):
            world = World(faults=Faults(seed, slow=1))
            before = seconds()
            assert (await world.ask(Kind.CHARGE))[1] is Verdict.APPROVED
            assert 1 <= seconds() - before <= 25

    run(main())


def test_a_duplicate_moves_money_once_and_says_so_twice() -> None:
    async def main() -> None:
        world = World()
        world.bank.faults.plant(Fault.DUPLICATE)
        about, verdict = await world.ask(Kind.CHARGE)
        await asyncio.sleep(0)
        assert verdict is Verdict.APPROVED
        assert world.notices == [(about.id, Verdict.APPROVED)]
        assert world.moved(Kind.CHARGE) == 1000

    run(main())


def test_garbage_is_never_believed_whatever_it_is() -> None:
    async def main() -> None:
        world = World(faults=Faults(3, garbage=1))
        for _ in range(100):
            about, verdict = await world.ask(Kind.CHARGE)
            assert verdict is UNKNOWN
            assert (await world.inquire(about)).verdict is UNKNOWN
        assert world.moved(Kind.CHARGE) == 100_000
        said = {bytes(garbled.body) for garbled in (Faults(n).garble(BankAnswer(200, b"{}")) for n in range(50))}
        assert len(said) > 3

    run(main())


@pytest.mark.parametrize(
    ("number", "verdict"),
    [("4242424242424242", Verdict.APPROVED), ("4000000000000002", Verdict.DECLINED)],
)
def test_what_is_pending_is_known_and_told_later(number: str, verdict: Verdict) -> None:
    async def main() -> None:
        world = World(faults=Faults(pending_seconds=(5, 5)))
        world.bank.faults.plant(Fault.PENDING)
        about, said = await world.ask(Kind.CHARGE, 1000, number)
        await asyncio.sleep(4.9)
        assert said is Verdict.PENDING is (await world.inquire(about)).verdict
        assert world.moved(Kind.CHARGE) == 0
        assert world.notices == []
        await asyncio.sleep(0.2)
        assert world.notices == [(about.id, verdict)]
        assert (await world.inquire(about)).verdict is verdict

    run(main())


def test_what_was_pending_when_the_process_died_is_known_by_inquiry() -> None:
    async def main() -> None:
        world = World()
        world.bank.faults.plant(Fault.PENDING)
        about, _ = await world.ask(Kind.CHARGE)
        world.bank.stop()
        restarted = World(world.register)
        await asyncio.sleep(11)
        assert (await restarted.inquire(about)).verdict is Verdict.APPROVED
        assert restarted.notices == world.notices == []

    run(main())


def test_a_challenge_waits_for_the_customer_and_not_for_time() -> None:
    async def main() -> None:
        world = World()
        world.bank.faults.plant(Fault.PENDING)
        about, verdict = await world.ask(Kind.CHARGE, 1000, CHALLENGED)
        await asyncio.sleep(60)
        assert verdict is Verdict.CHALLENGE is (await world.inquire(about)).verdict

    run(main())


def test_a_bank_that_stopped_says_nothing_more() -> None:
    async def main() -> None:
        world = World()
        world.bank.faults.plant(Fault.PENDING, Fault.LATE)
        await world.ask(Kind.CHARGE)
        late, _ = await world.ask(Kind.CHARGE)
        world.bank.stop()
        await asyncio.sleep(60)
        assert world.notices == [world.notices[0]]
        assert (await world.inquire(late)).verdict is Verdict.NEVER_SEEN

    run(main())


def test_latency_is_half_on_the_way_there_and_half_on_the_way_back() -> None:
    async def main() -> None:
        world = World(faults=Faults(latency_seconds=(0.5, 0.5)))
        asking = asyncio.create_task(world.ask(Kind.CHARGE))
        await asyncio.sleep(0.2)
        assert world.moved(Kind.CHARGE) == 0
        await asyncio.sleep(0.1)
        assert world.moved(Kind.CHARGE) == 1000
        await asking
        assert seconds() == 0.5

    run(main())


def test_latency_is_drawn_from_its_range() -> None:
    drawn = [Faults(seed, latency_seconds=(0.1, 0.3)).latency_seconds() for seed in range(50)]
    assert 0.1 <= min(drawn) < 0.15
    assert 0.25 < max(drawn) <= 0.3


def test_the_same_seed_goes_wrong_the_same_way_and_as_often_as_it_was_told() -> None:
    def drawn(seed: int) -> list[Fault | None]:
        source = Faults(seed, timeout_after=0.1, garbage=0.2)
        return [source.draw() for _ in range(2000)]

    assert drawn(7) == drawn(7) != drawn(8)
    assert set(drawn(7)) == {None, Fault.TIMEOUT_AFTER, Fault.GARBAGE}
    assert 150 < drawn(7).count(Fault.TIMEOUT_AFTER) < 250
    assert 300 < drawn(7).count(Fault.GARBAGE) < 500


def test_faults_are_read_from_a_setting() -> None:
    read = faults.parse(" timeout_after=0.01, garbage=0.02,latency_seconds=0.05-0.2,pending_seconds=3,seed=7 ")
    said = Faults(7, timeout_after=0.01, garbage=0.02, latency_seconds=(0.05, 0.2), pending_seconds=(3, 3))
    for _ in range(500):
        assert read.draw() == said.draw()
    assert read.latency_seconds() == said.latency_seconds()
    assert read.pending_seconds() == 3
    assert faults.parse("").draw() is None
    assert faults.parse("").latency_seconds() == 0


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("timeout_after=1.5", "timeout_after: 1.5 is no probability"),
        ("garbage=-0.1", "garbage: -0.1 is no probability"),
        ("garbage=nan", "garbage: nan is no probability"),
        ("garbage=often", "garbage: 'often' cannot be read"),
        ("garbage", "garbage: '' cannot be read"),
        ("explosion=0.1", "explosion: there is no such field; there are timeout_before, "),
        ("self=0.1", "self: there is no such field"),
        ("seed=x", "seed: 'x' cannot be read"),
        ("latency_seconds=2-1", "latency_seconds: 2.0-1.0 is no range"),
        ("latency_seconds=-1", "latency_seconds: '-1' cannot be read"),
        ("pending_seconds=inf", "pending_seconds: inf-inf is no range"),
        ("slow=0.6,late=0.5", "late: the probabilities exceed 1 together"),
    ],
)
def test_a_setting_that_cannot_be_names_the_field(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        faults.parse(text)


def test_a_planted_fault_happens_once_and_first() -> None:
    source = Faults(1, slow=1)
    source.plant(Fault.GARBAGE, Fault.LATE)
    assert [source.draw() for _ in range(3)] == [Fault.GARBAGE, Fault.LATE, Fault.SLOW]


def test_an_attempt_that_meets_every_fault_in_turn_is_charged_once() -> None:
    async def main() -> None:
        world = World()
        about = attempt(amount=42)
        for fault in Fault:
            world.bank.faults.plant(fault)
            await world.again(about)
        assert (await world.inquire(about)).verdict is Verdict.APPROVED
        assert world.moved(Kind.CHARGE) == 42

    run(main())
