"""3-D Secure at the sandbox's issuer: who is asked, who is not, and what comes of it."""

import msgspec
import pytest

from tests.connectors.questions import attempt, question
from tests.sandbox.virtual_time import run
from tests.sandbox.world import CHALLENGED, World, connector
from tillgate.connectors.contract import BankAnswer
from tillgate.core.attempts import Attempt, Kind, Outcome, Verdict
from tillgate.core.reasons import Reason
from tillgate.core.three_d_secure import Demand, Flow, Result
from tillgate.sandbox import issuer, operations
from tillgate.sandbox.operations import Choice

ORDINARY = "4242424242424242"
RECOGNIZED, STOOD_IN_FOR = "4000003000000014", "4000003000000022"


async def heard(world: World, about: Attempt, number: str, demand: Demand, off_session: bool = False) -> Outcome:
    asked = question(about, number, demand=demand, off_session=off_session)
    answer = await world.transport.send(connector.write(asked))
    assert isinstance(answer, BankAnswer)
    return connector.read(about, answer)


@pytest.mark.parametrize(
    ("number", "demand", "flow"),
    [
        (ORDINARY, Demand.AUTOMATIC, None),
        (ORDINARY, Demand.ANY, Flow.FRICTIONLESS),
        (ORDINARY, Demand.CHALLENGE, Flow.CHALLENGE),
        (CHALLENGED, Demand.AUTOMATIC, Flow.CHALLENGE),
        (CHALLENGED, Demand.ANY, Flow.CHALLENGE),
        (RECOGNIZED, Demand.AUTOMATIC, Flow.FRICTIONLESS),
        (RECOGNIZED, Demand.CHALLENGE, Flow.CHALLENGE),
        (STOOD_IN_FOR, Demand.CHALLENGE, Flow.FRICTIONLESS),
        ("4000000000000259", Demand.CHALLENGE, None),
    ],
)
def test_a_cardholder_is_authenticated_where_the_issuer_or_the_merchant_wants_it(
    number: str, demand: Demand, flow: Flow | None
) -> None:
    async def main() -> None:
        world, about = World(), attempt()
        outcome = await heard(world, about, number, demand)
        assert (outcome.verdict is Verdict.CHALLENGE) == (flow is Flow.CHALLENGE)
        if flow is Flow.CHALLENGE:
            assert await world.bank.resolve_challenge(about.id, Choice.APPROVE)
            outcome = await world.inquire(about)
        assert outcome.verdict is Verdict.APPROVED
        assert (outcome.authentication and outcome.authentication.flow) == flow

    run(main())


@pytest.mark.parametrize("number", [CHALLENGED, "5200002500003150", "4000008260003178"])
def test_a_cardholder_who_is_not_there_cannot_be_asked(number: str) -> None:
    async def main() -> None:
        world, about = World(), attempt()
        outcome = await heard(world, about, number, Demand.AUTOMATIC, off_session=True)
        assert (outcome.verdict, outcome.reason) == (Verdict.DECLINED, Reason.AUTHENTICATION_REQUIRED)
        other = await heard(world, attempt(), ORDINARY, Demand.CHALLENGE, off_session=True)
        assert (other.verdict, other.authentication) == (Verdict.APPROVED, None)

    run(main())


def test_who_was_authenticated_may_be_declined_all_the_same() -> None:
    async def main() -> None:
        world = World()
        for number, demand in (("4000008260003178", Demand.AUTOMATIC), ("4000000000009995", Demand.CHALLENGE)):
            about = attempt(Kind.AUTHORIZE)
            assert (await heard(world, about, number, demand)).verdict is Verdict.CHALLENGE
            assert await world.bank.resolve_challenge(about.id, Choice.APPROVE)
            said = await world.inquire(about)
            assert (said.verdict, said.reason) == (Verdict.DECLINED, Reason.INSUFFICIENT_FUNDS)
            assert said.authentication is not None
            assert said.authentication.result is Result.AUTHENTICATED
        assert world.moved(Kind.AUTHORIZE) == 0

    run(main())


def test_wrong_codes_are_counted_and_the_third_fails() -> None:
    async def main() -> None:
        world = World()
        about, _ = await world.ask(Kind.CHARGE, 500, CHALLENGED)
        for number in range(1, issuer.MOST_WRONG_CODES):
            assert not await world.bank.resolve_challenge(about.id, Choice.APPROVE, "000000")
            waiting = world.bank.challenge(about.id)
            assert waiting is not None
            assert waiting.wrong_codes == number
        assert world.notices == []
        assert await world.bank.resolve_challenge(about.id, Choice.APPROVE, "000000")
        assert not await world.bank.resolve_challenge(about.id, Choice.APPROVE)
        assert (await world.inquire(about)).reason is Reason.AUTHENTICATION_FAILED
        assert world.moved(Kind.CHARGE) == 0

    run(main())


def test_a_link_is_good_for_its_challenge_alone_and_as_long_as_it_is_known() -> None:
    async def main() -> None:
        world = World()
        links = {}
        for _ in range(2):
            about = attempt()
            outcome = await heard(world, about, CHALLENGED, Demand.AUTOMATIC)
            assert outcome.action is not None
            links[about.id] = outcome.action.url.rpartition("/")[2]
        (one, proof), (_, other) = links.items()
        assert world.bank.linked(one, proof) == world.bank.challenge(one)
        for wrong in (other, "", proof[:-1], proof.upper() + "é", "0" * 32):
            assert world.bank.linked(one, wrong) is None
        assert await world.bank.resolve_challenge(one, Choice.CANCEL)
        over = world.bank.linked(one, proof)
        assert over is not None
        assert (over.result, over.last4, over.brand) == ("declined", "3155", "visa")

    run(main())


@pytest.mark.parametrize("number", issuer.PRACTICES)
def test_every_card_that_is_treated_in_its_own_way_is_one(number: str) -> None:
    assert issuer.refusal(number, operations.Kind.CHARGE) in (None, "insufficient_funds")


def test_nothing_of_a_card_is_kept_but_brand_and_last_digits() -> None:
    async def main() -> None:
        world = World()
        await world.ask(Kind.CHARGE, 500, CHALLENGED)
        (written,) = world.bank.statement()
        assert CHALLENGED not in msgspec.json.encode(written).decode()

    run(main())
