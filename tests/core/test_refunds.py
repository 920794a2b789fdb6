import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.happenings import AskAgain, Capture, Charge, GiveBack, Happened
from tests.core.world import World, attempt_of, lived, occasion, opened
from tillgate.core import refunds
from tillgate.core.attempts import Kind, Verdict
from tillgate.core.money import CurrencyMismatch, Money
from tillgate.core.payments import CaptureMethod, Failure, Status
from tillgate.core.reasons import Reason, Refused
from tillgate.core.records import evolve
from tillgate.core.refunds import RefundState

CHARGED = (Charge(), (Kind.CHARGE, Verdict.APPROVED))
REFUNDED = ((Kind.REFUND, Verdict.APPROVED),)


def charged(*happened: Happened) -> World:
    return lived(World(opened(100, CaptureMethod.AUTOMATIC)), *CHARGED, *happened)


def refund_states(world: World) -> list[RefundState]:
    return [refund.state for refund in world.refunds.values()]


def test_a_refund_is_asked_for_under_its_own_name_and_sets_its_amount_aside() -> None:
    payment = evolve(charged().payment, asked_as={"currency": "lower"})
    refund, asking = refunds.ask(payment, Money(40, "USD"), occasion(), reason="Too late", metadata={"ticket": "7"})
    assert (refund.state, refund.amount, refund.payment) == (RefundState.PENDING, Money(40, "USD"), "pay_1")
    assert (refund.reason, refund.metadata, refund.asked_as) == ("Too late", {"ticket": "7"}, {"currency": "lower"})
    assert (refund.attempt, asking.attempt.refund, asking.attempt.target) == (asking.attempt.id, refund.id, "att_1_1")
    assert asking.payment.refundable == Money(60, "USD")
    assert asking.payment.refunded == 0


def test_a_refund_without_an_amount_is_of_all_that_is_left() -> None:
    refund, _ = refunds.ask(charged(GiveBack(30), *REFUNDED).payment, None, occasion())
    assert refund.amount == Money(70, "USD")


@given(st.lists(st.integers(1, 60), max_size=12))
def test_many_refunds_never_give_back_more_than_was_captured(amounts: list[int]) -> None:
    world, given_back = charged(), 0
    for amount in amounts:
        if given_back + amount <= 100:
            world = lived(world, GiveBack(amount), *REFUNDED)
            given_back += amount
        else:
            with pytest.raises(Refused):
                lived(world, GiveBack(amount))
    assert (world.payment.refunded, world.payment.refundable) == (given_back, Money(100 - given_back, "USD"))


@pytest.mark.parametrize(
    ("world", "amount", "reason"),
    [
        (charged(), 101, Reason.REFUND_EXCEEDS_CAPTURED),
        (charged(GiveBack(30), *REFUNDED), 71, Reason.REFUND_EXCEEDS_CAPTURED),
        (charged(GiveBack(30)), 71, Reason.REFUND_EXCEEDS_CAPTURED),
        (charged(GiveBack(100)), 1, Reason.IN_PROGRESS),
        (charged(GiveBack(100), *REFUNDED), 1, Reason.NOTHING_TO_REFUND),
        (lived(World(opened(100)), Charge()), 1, Reason.IN_PROGRESS),
        (lived(World(opened(100)), Charge(), (Kind.AUTHORIZE, Verdict.DECLINED)), 1, Reason.NOTHING_TO_REFUND),
        (lived(World(opened(100)), Charge(), (Kind.AUTHORIZE, Verdict.APPROVED)), 1, Reason.NOTHING_TO_REFUND),
        (
            lived(World(opened(100)), Charge(), (Kind.AUTHORIZE, Verdict.APPROVED), Capture(60)),
            1,
            Reason.IN_PROGRESS,
        ),
        (charged(), 0, Reason.AMOUNT_INVALID),
        (charged(), -1, Reason.AMOUNT_INVALID),
    ],
)
def test_what_cannot_be_given_back_is_refused(world: World, amount: int, reason: Reason) -> None:
    with pytest.raises(Refused) as refused:
        refunds.ask(world.payment, Money(amount, "USD"), occasion())
    assert refused.value.reason is reason


def test_a_refused_refund_says_how_much_is_left() -> None:
    with pytest.raises(Refused) as refused:
        refunds.ask(charged(GiveBack(30)).payment, Money(71, "USD"), occasion())
    assert (refused.value.field, refused.value.detail) == ("amount", {"at_most": Money(70, "USD")})


def test_a_refund_is_in_the_payment_s_currency() -> None:
    with pytest.raises(CurrencyMismatch):
        refunds.ask(charged().payment, Money(1, "EUR"), occasion())


def test_refunds_may_be_under_way_side_by_side() -> None:
    world = charged(GiveBack(30), GiveBack(70))
    assert world.payment.refundable == Money(0, "USD")
    world = lived(world, *REFUNDED)
    assert (world.payment.refunded, refund_states(world)) == (70, [RefundState.PENDING, RefundState.SUCCEEDED])


@pytest.mark.parametrize(
    ("verdict", "failure"),
    [
        (Verdict.DECLINED, Failure(Reason.CARD_DECLINED, "05")),
        (Verdict.NEVER_SEEN, Failure(Reason.NEVER_SEEN)),
    ],
)
def test_a_refund_that_failed_says_why_and_can_be_asked_for_anew(verdict: Verdict, failure: Failure) -> None:
    world = charged(GiveBack(30), (Kind.REFUND, verdict))
    (refund,) = world.refunds.values()
    assert (refund.state, refund.failure) == (RefundState.FAILED, failure)
    assert (world.payment.refundable, world.payment.status) == (Money(100, "USD"), Status.SUCCEEDED)
    assert lived(world, GiveBack(100), *REFUNDED).payment.refunded == 100


@pytest.mark.parametrize("verdict", [Verdict.UNKNOWN, Verdict.PENDING])
def test_a_refund_in_doubt_is_pending_and_keeps_its_amount_set_aside(verdict: Verdict) -> None:
    world = charged(GiveBack(30), (Kind.REFUND, verdict))
    assert refund_states(world) == [RefundState.PENDING]
    assert world.payment.refundable == Money(70, "USD")


def test_a_refund_that_is_put_again_is_pending_again_and_may_succeed() -> None:
    world = charged(GiveBack(30), (Kind.REFUND, Verdict.NEVER_SEEN))
    world = lived(world, AskAgain(attempt_of(world, Kind.REFUND).id))
    (refund,) = world.refunds.values()
    assert (refund.state, refund.failure) == (RefundState.PENDING, None)
    assert refund_states(lived(world, *REFUNDED)) == [RefundState.SUCCEEDED]


def test_a_late_yes_to_a_refund_clears_its_failure() -> None:
    (refund,) = charged(GiveBack(30), (Kind.REFUND, Verdict.NEVER_SEEN), *REFUNDED).refunds.values()
    assert (refund.state, refund.failure) == (RefundState.SUCCEEDED, None)
