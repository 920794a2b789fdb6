"""The sandbox bank's disputes: who objects and when, what convinces it, and that merchants hear of it in the end."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from tests.connectors.questions import dispute as known
from tests.core.world import opened
from tests.sandbox import virtual_time
from tests.sandbox.virtual_time import run
from tests.sandbox.world import World, connector
from tillgate.connectors.contract import BankNotice
from tillgate.core.attempts import Attempt, Kind, Verdict
from tillgate.core.disputes import Dispute, DisputeReason, DisputeStatus, ResponseKind, Statement
from tillgate.core.instants import DAY
from tillgate.core.money import Money
from tillgate.core.reasons import Reason, Refused
from tillgate.core.records import evolve
from tillgate.sandbox.dispute_desk import EVIDENCE_WITHIN
from tillgate.sandbox.faults import Fault, Faults
from tillgate.sandbox.register import Register
from tillgate.transport.banks import Lost

OBJECTING = "4000000000000259"

NEEDS_RESPONSE, UNDER_REVIEW, WON, LOST = DisputeStatus


async def later(world: World, seconds: float = 3.0) -> list[Statement]:
    """What the bank says of disputes after some time."""
    await asyncio.sleep(seconds)
    await world.bank.look_after_disputes()
    heard, world.disputes[:] = list(world.disputes), []
    return heard


async def complain(world: World, target: Attempt, amount: int, reference: str = "cb_1") -> Statement | None:
    payment = evolve(opened(5_000), tenant="ten_1")
    request = connector.complain(payment, target.id, reference, amount, DisputeReason.GENERAL, None)
    answer = await world.transport.send(request)
    assert not isinstance(answer, Lost)
    return connector.read_complaint(reference, answer)


async def respond(world: World, about: Dispute) -> Statement | None:
    answer = await world.transport.send(connector.respond(about))
    return None if isinstance(answer, Lost) else connector.read_dispute(about, answer)


def as_known(said: Statement, kind: ResponseKind = ResponseKind.EVIDENCE, text: str = "") -> Dispute:
    """The dispute as a merchant has it, with a response on its way."""
    base = evolve(known(kind), evidence={"uncategorized_text": text} if text else {})
    return evolve(base, bank_reference=said.reference, target=said.target, amount=said.amount)


def test_the_holder_of_the_card_objects_to_a_charge_after_a_while() -> None:
    async def main() -> None:
        world = World()
        paid, verdict = await world.ask(Kind.CHARGE, 1000, OBJECTING)
        assert verdict is Verdict.APPROVED
        assert await later(world, 1.9) == []
        (said,) = await later(world, 0.2)
        assert (said.target, said.amount, said.status) == (paid.id, Money(1000, "USD"), NEEDS_RESPONSE)
        assert 0 <= virtual_time.wall() + EVIDENCE_WITHIN - said.evidence_due_by < DAY // 1_000
        assert await later(world) == []

    run(main())


def test_what_is_held_is_objected_to_once_it_is_captured() -> None:
    async def main() -> None:
        world = World()
        held, _ = await world.ask(Kind.AUTHORIZE, 1000, OBJECTING)
        assert await later(world, 60) == []
        await world.ask(Kind.CAPTURE, 300, of=held.id)
        (said,) = await later(world)
        assert (said.target, said.amount) == (held.id, Money(300, "USD"))

    run(main())


def test_nobody_objects_to_what_was_refunded() -> None:
    async def main() -> None:
        world = World()
        paid, _ = await world.ask(Kind.CHARGE, 1000, OBJECTING)
        await world.ask(Kind.REFUND, 1000, of=paid.id)
        assert await later(world) == []

    run(main())


def test_refunds_and_disputes_together_take_no_more_than_was_taken() -> None:
    async def main() -> None:
        world = World()
        paid, _ = await world.ask(Kind.CHARGE, 1000)
        await world.ask(Kind.REFUND, 300, of=paid.id)
        with pytest.raises(Refused) as refused:
            await complain(world, paid, 701)
        assert refused.value.reason is Reason.NOTHING_TO_DISPUTE
        said = await complain(world, paid, 600)
        assert said is not None
        assert (await world.ask(Kind.REFUND, 101, of=paid.id))[1] is Verdict.DECLINED
        assert (await world.ask(Kind.REFUND, 100, of=paid.id))[1] is Verdict.APPROVED
        await respond(world, as_known(said, text="winning_evidence"))
        assert (await later(world))[-1].status is WON
        assert (await world.ask(Kind.REFUND, 600, of=paid.id))[1] is Verdict.APPROVED

    run(main())


@pytest.mark.parametrize(
    ("text", "status"), [("the winning_evidence itself", WON), ("losing_evidence", LOST), ("Delivered.", LOST)]
)
def test_evidence_is_reviewed_and_one_text_convinces(text: str, status: DisputeStatus) -> None:
    async def main() -> None:
        world = World()
        paid, _ = await world.ask(Kind.CHARGE, 1000)
        said = await complain(world, paid, 1000)
        assert said is not None
        about = as_known(said, text=text)
        first, again = await respond(world, about), await respond(world, about)
        assert first == again
        assert first is not None
        assert (first.status, about.response and about.response.id) == (UNDER_REVIEW, first.response)
        assert (await later(world))[-1].status is status

    run(main())


def test_what_is_accepted_or_not_answered_in_time_is_lost() -> None:
    async def main() -> None:
        world = World()
        paid, _ = await world.ask(Kind.CHARGE, 1000)
        accepted, forgotten = await complain(world, paid, 400, "cb_1"), await complain(world, paid, 600, "cb_2")
        assert accepted is not None
        assert forgotten is not None
        said = await respond(world, as_known(accepted, ResponseKind.ACCEPTANCE))
        assert said is not None
        assert said.status is LOST
        await later(world)
        (late,) = await later(world, EVIDENCE_WITHIN / 1_000_000)
        assert (late.reference, late.status) == ("cb_2", LOST)
        too_late = await respond(world, as_known(forgotten, text="winning_evidence"))
        assert too_late is not None
        assert (too_late.status, too_late.response) == (LOST, None)

    run(main())


def test_a_dispute_is_opened_once_however_often_it_is_asked_for() -> None:
    async def main() -> None:
        world = World()
        paid, _ = await world.ask(Kind.CHARGE, 1000)
        first = await complain(world, paid, 400)
        assert await complain(world, paid, 400) == first
        with pytest.raises(Refused):
            await complain(world, paid, 401)
        assert len(world.bank.disputes()) == 1

    run(main())


def test_merchants_are_told_again_until_they_confirm_it() -> None:
    async def main() -> None:
        world = World()
        heard = []

        async def deaf(notice: BankNotice) -> None:
            heard.append(notice)
            if len(heard) < 3:
                raise ConnectionResetError

        world.bank.on_notification = deaf
        await world.ask(Kind.CHARGE, 1000, OBJECTING)
        for _ in range(10):
            await later(world, 6)
        assert len(heard) == 3
        assert len({notice.body for notice in heard}) == 1

    run(main())


def test_a_dispute_outlives_the_process_that_planned_it(tmp_path: Path) -> None:
    async def main() -> None:
        first = World(Register.open(tmp_path))
        paid, _ = await first.ask(Kind.CHARGE, 1000, OBJECTING)
        first.register.close()
        second = World(Register.open(tmp_path))
        (said,) = await later(second)
        assert said.target == paid.id
        assert (await second.ask(Kind.REFUND, 1, of=paid.id))[1] is Verdict.DECLINED
        second.register.close()

    run(main())


@pytest.mark.parametrize("fault", Fault)
def test_whatever_goes_wrong_with_a_response_the_next_one_is_the_same(fault: Fault) -> None:
    async def main() -> None:
        world = World(faults=Faults(1, dispute_seconds=(1.0, 2.0)))
        paid, _ = await world.ask(Kind.CHARGE, 1000)
        said = await complain(world, paid, 1000)
        assert said is not None
        about = as_known(said, text="winning_evidence")
        world.bank.faults.plant(fault)
        await respond(world, about)
        await respond(world, about)
        (now,) = world.bank.disputes()
        assert now.response == (about.response and about.response.id)
        assert (await later(world, 60))[-1].status is WON

    run(main())


def test_a_card_that_pays_later_is_objected_to_after_it_has_paid() -> None:
    async def main() -> None:
        world = World(faults=Faults(1, pending_seconds=(10.0, 10.0)))
        world.bank.faults.plant(Fault.PENDING)
        await world.ask(Kind.CHARGE, 1000, OBJECTING)
        assert await later(world, 5) == []
        heard = [await later(world, 2) for _ in range(8)]
        assert any(heard)

    run(main())


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/disputes", b""),
        ("POST", "/disputes", b"{}"),
        ("POST", "/disputes/cb_1/verdict", b"{}"),
        ("POST", "/disputes/cb_1/evidence", b"[]"),
        ("GET", "/disputes/cb_1", b""),
        ("DELETE", "/disputes/cb_1", b""),
    ],
)
def test_what_makes_no_sense_is_refused(method: str, path: str, body: bytes) -> None:
    async def main() -> None:
        answer = await World().bank.answer(
            msgspec.structs.replace(connector.inquire_dispute(known()), method=method, url=f"sandbox:{path}", body=body)
        )
        assert answer.status in (400, 404)

    run(main())


def test_a_merchants_clock_is_what_the_bank_goes_by() -> None:
    """It tells what is due before it answers, and when something is next; other merchants' time is the wall's."""

    async def main() -> None:
        world = World()
        charge, _ = await world.ask(Kind.CHARGE, 1000, OBJECTING)
        begun = virtual_time.wall()
        later_on = begun + 2 * DAY
        assert await set_clock(world, "ten_1", ahead=0, stands_at=later_on) == later_on + EVIDENCE_WITHIN
        (opened_one,) = world.disputes
        assert (opened_one.target, opened_one.evidence_due_by) == (charge.id, later_on + EVIDENCE_WITHIN)
        assert await later(world, 60) == [opened_one]
        assert await set_clock(world, "ten_1", ahead=EVIDENCE_WITHIN + 2 * DAY, stands_at=None) is None
        assert [said.status for said in await later(world)] == [LOST]
        assert await set_clock(world, "ten_2", ahead=DAY, stands_at=None) is None
        assert await later(world) == []

    run(main())


async def set_clock(world: World, merchant: str, *, ahead: int, stands_at: int | None) -> int | None:
    answer = await world.transport.send(connector.set_clock(merchant, ahead, stands_at))
    assert not isinstance(answer, Lost)
    told = connector.read_clock(answer)
    assert told is not None
    return told.next_at
