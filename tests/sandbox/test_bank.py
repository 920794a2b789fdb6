"""The sandbox bank: money moves once, challenges wait, and what was promised later is kept."""

import asyncio

import msgspec
import pytest

from tests.connectors.questions import attempt, question
from tests.sandbox.virtual_time import run
from tests.sandbox.world import CHALLENGED, World, connector
from tillgate.connectors.contract import BankAnswer, BankNotice, BankRequest
from tillgate.core.attempts import Kind, Verdict
from tillgate.core.money import Money
from tillgate.core.reasons import Reason
from tillgate.core.records import evolve
from tillgate.core.three_d_secure import Authentication, Flow, Result
from tillgate.sandbox.operations import Choice, Operation

APPROVED, DECLINED = Verdict.APPROVED, Verdict.DECLINED


def test_the_same_reference_is_answered_the_same_and_moves_money_once() -> None:
    async def main() -> None:
        world = World()
        about = attempt(amount=700)
        first = await world.put(about)
        assert first == await world.put(about) == await world.again(about) == await world.inquire(about)
        assert world.moved(Kind.CHARGE) == 700

    run(main())


def test_a_decline_stays_one_when_it_is_asked_again_with_a_better_card() -> None:
    async def main() -> None:
        world = World()
        about = attempt()
        assert (await world.put(about, "4000000000000002")).verdict is DECLINED
        assert (await world.put(about)).verdict is DECLINED
        assert (await world.again(about)).verdict is DECLINED
        assert world.moved(Kind.CHARGE) == 0

    run(main())


def test_a_reference_is_never_used_for_something_else() -> None:
    async def main() -> None:
        world = World()
        about, _ = await world.ask(Kind.CHARGE)
        refund, _ = await world.ask(Kind.REFUND, 100, of=about.id)
        others = [
            evolve(about, amount=Money(999, "USD")),
            evolve(about, amount=Money(1000, "EUR")),
            evolve(about, kind=Kind.AUTHORIZE),
            evolve(refund, amount=Money(99, "USD")),
            evolve(refund, target="att_other"),
            evolve(about, tenant="ten_2"),
            evolve(about, kind=Kind.REFUND, target=about.id),
        ]
        for other in others:
            assert (await world.put(other)).verdict is Verdict.UNKNOWN
            assert (await world.again(other)).verdict is Verdict.UNKNOWN
        assert [done.amount for done in world.bank.statement()] == [1000, 100]

    run(main())


@pytest.mark.parametrize("kind", [Kind.CHARGE, Kind.AUTHORIZE])
def test_a_challenge_that_is_met_is_approved_told_and_remembered(kind: Kind) -> None:
    async def main() -> None:
        world = World()
        about, verdict = await world.ask(kind, 500, CHALLENGED)
        assert verdict is Verdict.CHALLENGE is (await world.inquire(about)).verdict
        waiting = world.bank.challenge(about.id)
        assert waiting is not None
        assert (waiting.merchant_name, waiting.return_url) == ("Demo Shop", "https://shop.example/done")
        assert world.moved(kind) == 0
        assert await world.bank.resolve_challenge(about.id, Choice.APPROVE)
        assert world.notices == [(about.id, APPROVED)]
        assert (await world.inquire(about)).verdict is APPROVED
        assert world.moved(kind) == 500
        assert world.bank.challenge(about.id) is None

    run(main())


def test_a_challenge_is_met_once() -> None:
    async def main() -> None:
        world = World()
        about, _ = await world.ask(Kind.CHARGE, 500, CHALLENGED)
        assert await world.bank.resolve_challenge(about.id, Choice.FAIL)
        assert not await world.bank.resolve_challenge(about.id, Choice.APPROVE)
        assert world.notices == [(about.id, DECLINED)]
        assert (await world.inquire(about)).reason is Reason.AUTHENTICATION_FAILED
        assert not await world.bank.resolve_challenge("att_nobody", Choice.APPROVE)

    run(main())


def test_a_challenge_that_nobody_meets_fails_after_an_hour() -> None:
    async def main() -> None:
        world = World()
        about, _ = await world.ask(Kind.CHARGE, 500, CHALLENGED)
        await asyncio.sleep(60 * 60 - 1)
        assert (await world.inquire(about)).verdict is Verdict.CHALLENGE
        await asyncio.sleep(2)
        outcome = await world.inquire(about)
        assert (outcome.verdict, outcome.reason) == (DECLINED, Reason.AUTHENTICATION_FAILED)
        assert not await world.bank.resolve_challenge(about.id, Choice.APPROVE)
        assert (await world.inquire(about)).verdict is DECLINED

    run(main())


@pytest.mark.parametrize("kind", [Kind.CHARGE, Kind.AUTHORIZE])
@pytest.mark.parametrize("challenged", [True, False])
def test_a_void_of_an_open_challenge_cancels_it(kind: Kind, challenged: bool) -> None:
    async def main() -> None:
        world = World()
        about, _ = await world.ask(kind, 500, CHALLENGED)
        _, verdict = await world.ask(Kind.VOID, 500, of=about.id, challenged=challenged)
        assert verdict is APPROVED
        assert (await world.inquire(about)).verdict is DECLINED
        assert not await world.bank.resolve_challenge(about.id, Choice.APPROVE)
        assert world.moved(kind) == 0

    run(main())


@pytest.mark.parametrize("kind", [Kind.CHARGE, Kind.AUTHORIZE])
def test_giving_up_a_challenge_undoes_nothing_where_it_was_met_meanwhile(kind: Kind) -> None:
    async def main() -> None:
        world = World()
        about, _ = await world.ask(kind, 500, CHALLENGED)
        assert await world.bank.resolve_challenge(about.id, Choice.APPROVE)
        _, verdict = await world.ask(Kind.VOID, 500, of=about.id, challenged=True)
        assert verdict is DECLINED
        assert (await world.inquire(about)).verdict is APPROVED
        assert world.moved(kind) == 500

    run(main())


def test_an_authorization_whose_challenge_was_met_is_voided_like_any_other() -> None:
    async def main() -> None:
        world = World()
        about, _ = await world.ask(Kind.AUTHORIZE, 500, CHALLENGED)
        assert await world.bank.resolve_challenge(about.id, Choice.APPROVE)
        assert (await world.ask(Kind.VOID, 500, of=about.id))[1] is APPROVED

    run(main())


def test_a_notice_that_nobody_takes_harms_nothing() -> None:
    async def refuse(notice: BankNotice) -> None:
        raise RuntimeError("the books are closed")

    async def main() -> None:
        world = World()
        about, _ = await world.ask(Kind.CHARGE, 500, CHALLENGED)
        world.bank.on_notification = refuse
        assert await world.bank.resolve_challenge(about.id, Choice.APPROVE)
        about, _ = await world.ask(Kind.CHARGE, 500, CHALLENGED)
        world.bank.on_notification = None
        assert await world.bank.resolve_challenge(about.id, Choice.APPROVE)
        assert (await world.inquire(about)).verdict is APPROVED

    run(main())


@pytest.mark.parametrize(
    ("method", "url", "body"),
    [
        ("POST", "sandbox:/charges", b"not JSON"),
        (
            "POST",
            "sandbox:/charges",
            b'{"merchant_id":"ten_1","reference":"att_1","amount":100,"currency":"USD","target":"att_2"}',
        ),
        ("POST", "sandbox:/charges", b'{"merchant_id":"ten_1","reference":"att_1","amount":0,"currency":"USD"}'),
        (
            "POST",
            "sandbox:/captures",
            b'{"merchant_id":"ten_1","reference":"att_1","amount":-1,"currency":"USD","target":"att_2"}',
        ),
        ("POST", "sandbox:/captures", b'{"merchant_id":"ten_1","reference":"att_1","amount":100,"currency":"USD"}'),
        ("POST", "sandbox:/loans", b'{"merchant_id":"ten_1","reference":"att_1","amount":100,"currency":"USD"}'),
        ("GET", "sandbox:/charges", b'{"merchant_id":"ten_1","reference":"att_1","amount":100,"currency":"USD"}'),
        ("DELETE", "sandbox:/operations/att_1", b""),
    ],
)
def test_what_the_bank_cannot_read_it_does_not_do(method: str, url: str, body: bytes) -> None:
    async def main() -> None:
        world = World()
        answer = await world.bank.answer(BankRequest(method=method, url=url, reference="att_1", body=body))
        assert answer.status == 400
        assert connector.read(attempt(amount=100, reference="att_1"), answer).verdict is Verdict.UNKNOWN
        assert list(world.bank.statement()) == []

    run(main())


def test_the_statement_has_every_operation_once_as_it_stands_and_no_card() -> None:
    async def main() -> list[Operation]:
        world = World()
        charge, _ = await world.ask(Kind.CHARGE, 500, CHALLENGED)
        await world.bank.resolve_challenge(charge.id, Choice.APPROVE)
        await world.ask(Kind.REFUND, 200, of=charge.id)
        await world.ask(Kind.CHARGE, 300, "4000000000009995")
        return list(world.bank.statement())

    operations = run(main())
    assert [(done.kind, done.amount, done.currency, done.result) for done in operations] == [
        ("charge", 500, "USD", "approved"),
        ("refund", 200, "USD", "approved"),
        ("charge", 300, "USD", "declined"),
    ]
    assert "4000" not in repr(operations)


DEVICE = Authentication(result=Result.AUTHENTICATED, flow=Flow.DEVICE)


@pytest.mark.parametrize(
    ("cryptogram", "eci", "told"),
    [("AAAA", "05", DEVICE), ("AAAA", "07", DEVICE), ("AAAA", None, DEVICE), (None, "05", None)],
)
def test_what_a_devices_card_came_with_is_told_where_its_cryptogram_is_there(
    cryptogram: str | None, eci: str | None, told: Authentication | None
) -> None:
    async def main() -> None:
        world = World()
        about = attempt()
        asked = question(about)
        assert asked.card is not None
        card = msgspec.structs.replace(asked.card, cryptogram=cryptogram, eci=eci)
        answer = await world.transport.send(connector.write(msgspec.structs.replace(asked, card=card)))
        assert isinstance(answer, BankAnswer)
        said = connector.read(about, answer)
        expected = told and msgspec.structs.replace(told, eci=eci)
        assert (said.verdict, said.authentication) == (APPROVED, expected)
        # What it said once, it says whenever it is asked.
        assert await world.inquire(about) == said

    run(main())
