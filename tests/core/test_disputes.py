"""What a bank's statement means for a dispute and its payment, and what a merchant may answer."""

from typing import Any, cast

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.happenings import Capture, Charge, Decide, GiveBack, Object, Respond
from tests.core.world import DISPUTE_FEE, LATER, World, as_said, lived, occasion, opened, statement
from tillgate.core import accounts, disputes
from tillgate.core.attempts import Contradiction, Kind, Verdict
from tillgate.core.disputes import CLOSED, MOVES, Dispute, DisputeStatus, ResponseKind, Standing
from tillgate.core.instants import DAY, SECOND
from tillgate.core.metadata import Notes
from tillgate.core.money import Money
from tillgate.core.payments import CaptureMethod
from tillgate.core.reasons import Reason, Refused
from tillgate.core.records import evolve

PAID = lived(World(opened(100, CaptureMethod.AUTOMATIC)), Charge(), (Kind.CHARGE, Verdict.APPROVED))
NEEDS_RESPONSE, UNDER_REVIEW, WON, LOST = DisputeStatus


def disputed(*then: Any, amount: int = 60) -> tuple[World, Dispute]:
    """A paid payment, disputed, and what happened then to the dispute."""
    world = lived(PAID, Object(amount))
    (id,) = world.disputes
    world = lived(world, *[one(id) for one in then])
    return world, world.disputes[id]


def decided(status: DisputeStatus, heard: bool = False) -> Any:
    return lambda id: Decide(id, status, heard)


def responded(kind: ResponseKind) -> Any:
    return lambda id: Respond(id, kind)


def test_every_status_is_reached_and_only_the_last_two_are_the_end() -> None:
    reached = {NEEDS_RESPONSE}
    while more := {after for (before, _), after in MOVES.items() if before in reached} - reached:
        reached |= more
    assert reached == set(DisputeStatus)
    assert {before for before, _ in MOVES} == reached - CLOSED
    assert all(said is after for (_, said), after in MOVES.items())


@pytest.mark.parametrize("said", DisputeStatus)
@pytest.mark.parametrize("known", DisputeStatus)
def test_what_a_bank_says_moves_a_dispute_by_the_table(known: DisputeStatus, said: DisputeStatus) -> None:
    world, dispute = disputed(*([] if known is NEEDS_RESPONSE else [decided(known)]))
    if known in CLOSED and said in CLOSED and said is not known:
        with pytest.raises(Contradiction):
            lived(world, Decide(dispute.id, said))
        return
    after = lived(world, Decide(dispute.id, said))
    assert after.disputes[dispute.id].status is MOVES.get((known, said), known)
    assert (after is world) == ((known, said) not in MOVES)


def test_an_opening_takes_the_money_and_the_fee_from_the_merchant() -> None:
    world, dispute = disputed()
    assert (dispute.fee, world.payment.disputed, world.payment.refundable) == (DISPUTE_FEE, 60, Money(40, "USD"))
    assert world.entries[-1].id == f"{dispute.id}:opened"
    moved = [(posting.source, posting.destination, posting.money.amount) for posting in world.entries[-1].postings]
    assert moved == [
        (accounts.PAYABLE, accounts.disputed("sandbox"), 60),
        (accounts.PAYABLE, accounts.DISPUTE_FEES, DISPUTE_FEE),
    ]


def test_a_win_returns_the_money_and_not_the_fee() -> None:
    world, dispute = disputed(decided(WON))
    assert world.balance(accounts.PAYABLE) == PAID.balance(accounts.PAYABLE) - DISPUTE_FEE
    assert world.payment.refundable == Money(100, "USD")
    assert dispute.closed_at is not None


def test_a_loss_leaves_the_money_with_the_bank() -> None:
    world, _ = disputed(decided(UNDER_REVIEW), decided(LOST))
    assert world.balance(accounts.disputed("sandbox")) == 60
    assert world.payment.refundable == Money(40, "USD")


@pytest.mark.parametrize("status", DisputeStatus)
def test_a_dispute_that_is_heard_of_late_is_told_from_its_beginning(status: DisputeStatus) -> None:
    said = statement(PAID, "cb_1", 60)
    learned = disputes.learn(PAID.payment, None, msgspec.structs.replace(said, status=status), 0, occasion())
    assert learned is not None
    after = PAID.after(learned[1])
    assert learned[0].dispute.status is status
    assert [entry.id.partition(":")[2] for entry in learned[1].post] == ["opened", *(["won"] if status is WON else [])]
    assert [event.sequence for event in after.events] == list(range(1, len(after.events) + 1))
    assert after.payment.disputed == (0 if status is WON else 60)


@pytest.mark.parametrize(
    "other", [{"amount": Money(61, "USD")}, {"amount": Money(60, "EUR")}, {"target": "att_1_2"}], ids=str
)
def test_a_bank_that_speaks_of_other_money_contradicts_itself(other: dict[str, Any]) -> None:
    world, dispute = disputed()
    said = msgspec.structs.replace(as_said(dispute, WON), **other)
    with pytest.raises(Contradiction):
        disputes.learn(world.payment, dispute, said, 0, world.occasion())


def test_a_dispute_in_another_currency_than_its_payment_is_not_booked() -> None:
    said = msgspec.structs.replace(statement(PAID, "cb_1", 60), amount=Money(60, "JPY"))
    with pytest.raises(Contradiction):
        disputes.learn(PAID.payment, None, said, 0, occasion())


@given(captured=st.integers(1, 100), refunded=st.integers(0, 100), taken=st.lists(st.integers(1, 100), max_size=3))
def test_what_is_taken_beyond_what_is_left_is_the_merchants_debt(
    captured: int, refunded: int, taken: list[int]
) -> None:
    refunded = min(refunded, captured)
    world = lived(World(opened(100)), Charge(), (Kind.AUTHORIZE, Verdict.APPROVED))
    world = lived(world, Capture(captured), (Kind.CAPTURE, Verdict.APPROVED))
    if refunded:
        world = lived(world, GiveBack(refunded), (Kind.REFUND, Verdict.APPROVED))
    world = lived(world, *map(Object, taken))
    payment = world.payment
    assert payment.refunded + payment.disputed <= payment.captured
    assert payment.overdrawn == max(0, refunded + sum(taken) - captured)
    assert world.balance(accounts.PAYABLE) == captured - refunded - sum(taken) - payment.fees - 7 * len(taken)
    for dispute in world.disputes:
        world = lived(world, Decide(dispute, WON))
    assert (world.payment.disputed, world.payment.overdrawn) == (0, 0)
    assert world.payment.refundable.amount == captured - refunded


def test_a_refund_that_was_on_its_way_is_believed_and_overdraws() -> None:
    world = lived(PAID, GiveBack(70), Object(60))
    assert (world.payment.refunded, world.payment.disputed, world.payment.refundable.amount) == (0, 60, 0)
    after = lived(world, (Kind.REFUND, Verdict.APPROVED)).payment
    assert (after.refunded, after.disputed, after.overdrawn) == (70, 30, 30)
    refused = lived(world, (Kind.REFUND, Verdict.DECLINED)).payment
    assert (refused.refunded, refused.disputed, refused.overdrawn, refused.refundable.amount) == (0, 60, 0, 40)


def test_what_is_disputed_is_not_refunded_and_the_reason_says_so() -> None:
    world, _ = disputed(amount=100)
    with pytest.raises(Refused) as refused:
        lived(world, GiveBack(1))
    assert refused.value.reason is Reason.DISPUTED


@pytest.mark.parametrize("kind", ResponseKind)
def test_a_response_is_on_its_way_until_the_bank_says_that_it_has_it(kind: ResponseKind) -> None:
    world, dispute = disputed(responded(kind))
    assert (dispute.response and dispute.response.id, dispute.status) == (f"{dispute.id}_1", NEEDS_RESPONSE)
    assert lived(world, Decide(dispute.id, NEEDS_RESPONSE)) is world
    _, heard = disputed(responded(kind), decided(UNDER_REVIEW if kind is ResponseKind.EVIDENCE else LOST, heard=True))
    assert heard.response is None
    assert (heard.submitted_at is not None) == (kind is ResponseKind.EVIDENCE)


def test_a_response_that_comes_too_late_is_over_and_was_not_submitted() -> None:
    _, dispute = disputed(responded(ResponseKind.EVIDENCE), decided(LOST))
    assert (dispute.response, dispute.submitted_at, dispute.status) == (None, None, LOST)


@pytest.mark.parametrize("kind", ResponseKind)
@pytest.mark.parametrize("status", [UNDER_REVIEW, WON, LOST])
def test_a_dispute_takes_one_response(kind: ResponseKind, status: DisputeStatus) -> None:
    world, dispute = disputed(responded(ResponseKind.EVIDENCE))
    with pytest.raises(Refused) as busy:
        lived(world, Respond(dispute.id, kind))
    assert busy.value.reason is Reason.IN_PROGRESS
    world, dispute = disputed(decided(status))
    with pytest.raises(Refused) as closed:
        lived(world, Respond(dispute.id, kind))
    assert closed.value.reason is Reason.DISPUTE_CLOSED


def test_nothing_is_sent_once_it_is_too_late() -> None:
    world, dispute = disputed()
    standing, evidence = Standing(world.payment, dispute), {"service_date": "May"}
    assert disputes.revise(standing, evidence, Notes(), occasion(LATER - 1))[1].save
    with pytest.raises(Refused) as refused:
        disputes.revise(standing, evidence, Notes(), occasion(LATER))
    assert refused.value.reason is Reason.DISPUTE_CLOSED


def revised(dispute: Dispute, evidence: dict[str, str], notes: dict[str, str] | None = None) -> Dispute:
    return disputes.revise(Standing(PAID.payment, dispute), evidence, Notes(notes or {}), occasion())[0].dispute


def test_texts_change_name_by_name_and_an_empty_one_takes_one_off() -> None:
    _, dispute = disputed()
    once = revised(dispute, {"service_date": "May", "customer_name": "Ann"}, {"case": "7"})
    again = revised(once, {"service_date": "June", "customer_name": ""}, {"case": "", "by": "Jo"})
    assert (again.evidence, again.metadata) == ({"service_date": "June"}, {"by": "Jo"})


def test_no_news_is_not_written_down() -> None:
    world, dispute = disputed()
    standing, decision = disputes.revise(Standing(world.payment, dispute), {}, Notes(), occasion())
    assert standing.dispute == dispute
    assert not decision.save
    assert not decision.announce


def test_evidence_has_bounds_and_has_to_be_there() -> None:
    world, dispute = disputed()
    half = "x" * (disputes.MOST_CHARACTERS // 2)
    once = revised(dispute, {"service_date": half, "customer_name": half})
    with pytest.raises(Refused) as too_much:
        revised(once, {"product_description": "x"})
    assert (too_much.value.reason, too_much.value.field) == (Reason.PARAMETER_INVALID, "evidence")
    with pytest.raises(Refused) as nothing:
        disputes.revise(Standing(world.payment, dispute), {}, Notes(), occasion(), respond=ResponseKind.EVIDENCE)
    assert (nothing.value.reason, nothing.value.field) == (Reason.PARAMETER_MISSING, "evidence")


def test_a_dispute_is_followed_until_it_is_closed() -> None:
    now = occasion()
    _, dispute = disputed()
    assert disputes.follow(dispute, now).due_at == now.wall + DAY
    soon = evolve(dispute, evidence_due_by=now.wall + DAY // 2)
    assert disputes.follow(soon, now).due_at == soon.evidence_due_by
    _, waiting = disputed(responded(ResponseKind.ACCEPTANCE))
    due_at = disputes.follow(waiting, now).due_at
    assert due_at is not None
    assert due_at < now.wall + DAY // 1_000
    _, closed = disputed(decided(LOST))
    assert disputes.follow(closed, now).due_at is None


def test_a_bank_that_does_not_confirm_is_told_ever_more_rarely() -> None:
    now = occasion()
    _, waiting = disputed(responded(ResponseKind.ACCEPTANCE))
    waits = []
    for _ in range(12):
        due_at = disputes.follow(waiting, now).due_at
        assert due_at is not None
        waits.append((due_at - now.wall) // SECOND)
        (waiting,) = cast("tuple[Dispute]", disputes.followed(waiting, now).save)
    assert waits == [20, 20, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600]
    assert waiting.response is not None
    assert waiting.response.id == f"{waiting.id}_1"
