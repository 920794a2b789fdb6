"""Faults that a request itself says it is to meet, and books that are cleared of a merchant."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.connectors.questions import GOOD, attempt, question
from tests.sandbox import virtual_time
from tests.sandbox.virtual_time import run
from tests.sandbox.world import World, connector
from tillgate.connectors.contract import BankAnswer
from tillgate.core.attempts import Kind, Outcome, Verdict
from tillgate.core.faults import Drawn, FaultKind
from tillgate.core.records import evolve
from tillgate.sandbox import planted
from tillgate.sandbox.operations import Operation
from tillgate.sandbox.register import Register
from tillgate.transport.banks import Lost

DECLINED = {
    FaultKind.CARD_DECLINED: "do_not_honor",
    FaultKind.INSUFFICIENT_FUNDS: "insufficient_funds",
    FaultKind.EXPIRED_CARD: "expired_card",
    FaultKind.INCORRECT_CVC: "security_code_mismatch",
    FaultKind.PROCESSING_ERROR: "system_malfunction",
}
OF_BANKS = [kind for kind in FaultKind if not kind.is_of_webhooks]


async def met(world: World, kind: FaultKind, seconds: int | None = None, seed: int = 1) -> tuple[Outcome, Outcome]:
    """What comes back of a charge that meets a fault, and what the first inquiry says."""
    about = evolve(attempt(Kind.CHARGE), fault=Drawn("flt_1", kind, seed, seconds))
    outcome = await world.put(about)
    answer = await world.transport.send(connector.inquire(about))
    assert not isinstance(answer, Lost)
    return outcome, connector.read_inquiry(about, answer)


@pytest.mark.parametrize(
    ("kind", "told", "found"),
    [
        (FaultKind.TIMEOUT_BEFORE, Verdict.UNKNOWN, Verdict.NEVER_SEEN),
        (FaultKind.TIMEOUT_AFTER, Verdict.UNKNOWN, Verdict.APPROVED),
        (FaultKind.UNKNOWN, Verdict.UNKNOWN, Verdict.UNKNOWN),
        (FaultKind.SLOW, Verdict.APPROVED, Verdict.APPROVED),
        (FaultKind.DUPLICATE, Verdict.APPROVED, Verdict.APPROVED),
        (FaultKind.GARBAGE, Verdict.UNKNOWN, Verdict.APPROVED),
        (FaultKind.PENDING, Verdict.PENDING, Verdict.PENDING),
        *((kind, Verdict.DECLINED, Verdict.DECLINED) for kind in DECLINED),
    ],
)
def test_the_bank_does_what_the_fault_says(kind: FaultKind, told: Verdict, found: Verdict) -> None:
    async def story() -> None:
        world = World()
        outcome, inquired = await met(world, kind)
        assert (outcome.verdict, inquired.verdict) == (told, found)
        if kind in DECLINED:
            assert outcome.bank_code == DECLINED[kind]
        done = list(world.bank.statement())
        assert len(done) == (kind is not FaultKind.TIMEOUT_BEFORE)
        await asyncio.sleep(1)
        assert len(world.notices) == (kind is FaultKind.DUPLICATE)

    run(story())


def test_every_fault_of_banks_is_known_to_the_bank() -> None:
    assert {*planted.DECLINES, *planted.ALIKE, FaultKind.UNKNOWN} == set(OF_BANKS)


def test_a_bank_that_did_not_know_at_first_knows_when_it_is_asked_again() -> None:
    async def story() -> None:
        world = World()
        about = evolve(attempt(Kind.CHARGE), fault=Drawn("flt_1", FaultKind.UNKNOWN, 1))
        await world.put(about)
        answer = await world.transport.send(connector.inquire(evolve(about, inquiries=1)))
        assert isinstance(answer, BankAnswer)
        assert connector.read_inquiry(about, answer).verdict is Verdict.APPROVED

    run(story())


@pytest.mark.parametrize(
    ("kind", "seconds", "takes"),
    [
        (FaultKind.TIMEOUT_AFTER, 0, 0),
        (FaultKind.TIMEOUT_BEFORE, 7, 7),
        (FaultKind.TIMEOUT_AFTER, None, 30),
        (FaultKind.SLOW, 4, 4),
    ],
)
def test_it_takes_as_long_as_was_asked_for(kind: FaultKind, seconds: int | None, takes: int) -> None:
    async def story() -> None:
        began = virtual_time.wall()
        await met(World(), kind, seconds)
        assert (virtual_time.wall() - began) // 1_000_000 == takes

    run(story())


def test_the_same_seed_has_the_same_garbage() -> None:
    about = attempt(Kind.CHARGE)

    async def garbage(seed: int) -> BankAnswer:
        asked = evolve(about, fault=Drawn("flt_1", FaultKind.GARBAGE, seed))
        return await World().bank.answer(connector.write(question(asked, GOOD, challenged=False)))

    async def story() -> None:
        answers = [await garbage(seed) for seed in range(20)]
        assert answers == [await garbage(seed) for seed in range(20)]
        assert len(set(answers)) > 3

    run(story())


@pytest.mark.parametrize("said", ["", "slow", "{}", '{"fault":"flt_1","kind":"earthquake","seed":1}', "[" * 10_000])
def test_a_header_that_cannot_be_read_is_none(said: str) -> None:
    request = connector.write(question(attempt(Kind.CHARGE), GOOD, challenged=False))
    assert planted.read(msgspec.structs.replace(request, headers=((planted.HEADER, said),))) is None


# Books that are cleared.


@pytest.fixture
def books(tmp_path: Path) -> Iterator[tuple[Register, Register]]:
    """Those of two processes, and a third that died."""
    dead = Register.open(tmp_path)
    one, other = Register.open(tmp_path), Register.open(tmp_path)
    World(dead)
    with_all(dead, "dead")
    dead.close()
    yield one, other
    one.close()
    other.close()


def with_all(register: Register, name: str, count: int = 3) -> None:
    for merchant in ("ten_gone", "ten_stays"):
        for number in range(count):
            register.add(operation(f"{merchant}_{name}_{number}", merchant))


def operation(reference: str, merchant: str) -> Operation:
    fields = ["reference", reference, "merchant_id", merchant, "kind", "charge", "amount", 5, "currency", "USD"]
    return msgspec.convert([*fields[1::2], "approved"], Operation)


def test_all_books_forget_a_merchant_and_nobody_else(books: tuple[Register, Register]) -> None:
    one, other = books
    with_all(one, "one", 700)
    with_all(other, "other")
    with one:
        assert not one.forget("ten_gone")
        assert one.forget("ten_gone")
    for register in books:
        merchants = [operation.merchant_id for operation in register.everything()]
        assert merchants == ["ten_stays"] * (700 + 3 + 3)
