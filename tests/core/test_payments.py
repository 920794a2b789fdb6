from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.happenings import AskAgain, Capture, Charge, Expire, GiveBack, Happened, Happening, Void
from tests.core.world import CARD, FEES, START, World, happen, lived, occasion, opened
from tillgate.core import fees, payments, totals
from tillgate.core.attempts import Kind, State, Verdict
from tillgate.core.fees import FeePlan
from tillgate.core.money import CurrencyMismatch, Money, Rounding
from tillgate.core.payments import CaptureMethod, Payment, Status, Terms
from tillgate.core.reasons import Reason, Refused
from tillgate.core.records import evolve
from tillgate.core.reservations import Reservation
from tillgate.core.timers import Timer, TimerKind

AUTHORIZED = (Charge(), (Kind.AUTHORIZE, Verdict.APPROVED))
CHALLENGED = (Charge(), (Kind.AUTHORIZE, Verdict.CHALLENGE))
DECLINED = (Charge(), (Kind.AUTHORIZE, Verdict.DECLINED))
CANCELED = (*AUTHORIZED, Void(), (Kind.VOID, Verdict.APPROVED))
GIVEN_UP = (*CHALLENGED, Void(), (Kind.VOID, Verdict.APPROVED))
CAPTURED = (*AUTHORIZED, Capture(100), (Kind.CAPTURE, Verdict.APPROVED))
PARTLY_CAPTURED = (*AUTHORIZED, Capture(60), (Kind.CAPTURE, Verdict.APPROVED))
PARTLY_RELEASED = (*PARTLY_CAPTURED, Void(), (Kind.VOID, Verdict.APPROVED))


def manual(*happened: Happened) -> World:
    return lived(World(opened(100)), *happened)


def open_for(amount: Money, **terms: Any) -> Payment:
    return payments.open(
        Terms(amount=amount, **terms),
        tenant="ten_1",
        payment_method="pm_1",
        card=CARD,
        customer=None,
        fee_plan=FEES,
        bank="sandbox",
        occasion=occasion(),
    )


def test_a_payment_opens_with_what_was_asked_and_nothing_done() -> None:
    payment = open_for(
        Money(50, "USD"), description="Two teas", metadata={"order": "1"}, asked_as={"currency": "lower"}
    )
    assert (payment.amount, payment.description, payment.metadata) == (Money(50, "USD"), "Two teas", {"order": "1"})
    assert payment.asked_as == {"currency": "lower"}
    assert (payment.status, payment.created, payment.version, payment.events) == (Status.PENDING, START, 0, 0)
    assert payment.capturable == payment.refundable == Money(0, "USD")


@pytest.mark.parametrize(
    ("amount", "reason", "field"),
    [
        (Money(49, "USD"), Reason.AMOUNT_TOO_SMALL, "amount"),
        (Money(0, "USD"), Reason.AMOUNT_TOO_SMALL, "amount"),
        (Money(-50, "USD"), Reason.AMOUNT_TOO_SMALL, "amount"),
        (Money(100_000_000, "USD"), Reason.AMOUNT_TOO_LARGE, "amount"),
        (Money(5_000, "HRK"), Reason.CURRENCY_UNKNOWN, "currency"),
    ],
)
def test_a_payment_opens_within_the_bounds_of_its_currency(amount: Money, reason: Reason, field: str) -> None:
    with pytest.raises(Refused) as refused:
        open_for(amount)
    assert (refused.value.reason, refused.value.field) == (reason, field)


@pytest.mark.parametrize(
    ("method", "kind"), [(CaptureMethod.AUTOMATIC, Kind.CHARGE), (CaptureMethod.MANUAL, Kind.AUTHORIZE)]
)
def test_money_is_taken_at_once_or_held(method: CaptureMethod, kind: Kind) -> None:
    asking = payments.charge(opened(100, method), occasion())
    assert (asking.attempt.kind, asking.attempt.amount) == (kind, Money(100, "USD"))


def test_asking_sets_aside_writes_down_and_moves_nothing() -> None:
    payment = manual(*AUTHORIZED).payment
    asking = payments.capture(payment, Money(60, "USD"), occasion())
    attempt = asking.attempt
    assert (attempt.id, attempt.state, attempt.target) == ("att_1_2", State.SENDING, "att_1_1")
    assert asking.payment.in_flight == (Reservation("att_1_2", Kind.CAPTURE, 60),)
    assert asking.decision.save == (asking.payment, attempt)
    assert asking.decision.schedule == (payments.inquiry(attempt, occasion()),)
    assert (asking.decision.post, asking.decision.announce) == ((), ())
    assert (asking.payment.capturable, asking.payment.captured) == (Money(40, "USD"), 0)


def test_attempts_are_numbered_within_their_payment() -> None:
    world = manual(*AUTHORIZED, Capture(10), Capture(20), Capture(30))
    assert list(world.attempts) == ["att_1_1", "att_1_2", "att_1_3", "att_1_4"]


def test_a_new_try_forgets_why_the_last_one_failed() -> None:
    assert manual(*DECLINED).payment.failure is not None
    assert manual(*DECLINED, Charge()).payment.failure is None


@pytest.mark.parametrize(
    ("world", "status"),
    [
        (manual(), Status.PENDING),
        (manual(Charge()), Status.PENDING),
        (manual(Charge(), (Kind.AUTHORIZE, Verdict.UNKNOWN)), Status.PENDING),
        (manual(*CHALLENGED), Status.REQUIRES_ACTION),
        (manual(*DECLINED), Status.FAILED),
        (manual(*DECLINED, Charge()), Status.PENDING),
        (manual(*AUTHORIZED), Status.AUTHORIZED),
        (manual(*AUTHORIZED, Capture(60)), Status.AUTHORIZED),
        (manual(*AUTHORIZED, Void()), Status.AUTHORIZED),
        (manual(*PARTLY_CAPTURED), Status.SUCCEEDED),
        (manual(*PARTLY_RELEASED), Status.SUCCEEDED),
        (manual(*CAPTURED, GiveBack(100), (Kind.REFUND, Verdict.APPROVED)), Status.SUCCEEDED),
        (manual(*CANCELED), Status.CANCELED),
        (manual(*GIVEN_UP), Status.CANCELED),
        (manual(*GIVEN_UP, (Kind.AUTHORIZE, Verdict.DECLINED)), Status.CANCELED),
    ],
)
def test_where_a_payment_stands_follows_from_what_happened(world: World, status: Status) -> None:
    assert world.payment.status is status


REFUSALS: list[tuple[tuple[Happened, ...], Happening, Reason]] = [
    # Charge
    ((Charge(),), Charge(), Reason.IN_PROGRESS),
    ((*CHALLENGED, Void()), Charge(), Reason.IN_PROGRESS),
    (AUTHORIZED, Charge(), Reason.ALREADY_CONFIRMED),
    (CAPTURED, Charge(), Reason.ALREADY_CONFIRMED),
    (CANCELED, Charge(), Reason.ALREADY_CONFIRMED),
    # Capture
    ((), Capture(1), Reason.NOTHING_TO_CAPTURE),
    ((Charge(),), Capture(1), Reason.IN_PROGRESS),
    (CHALLENGED, Capture(1), Reason.IN_PROGRESS),
    (DECLINED, Capture(1), Reason.NOTHING_TO_CAPTURE),
    (AUTHORIZED, Capture(101), Reason.CAPTURE_EXCEEDS_AUTHORIZED),
    (PARTLY_CAPTURED, Capture(41), Reason.CAPTURE_EXCEEDS_AUTHORIZED),
    ((*AUTHORIZED, Capture(60)), Capture(41), Reason.CAPTURE_EXCEEDS_AUTHORIZED),
    ((*AUTHORIZED, Capture(100)), Capture(1), Reason.IN_PROGRESS),
    ((*AUTHORIZED, Void()), Capture(1), Reason.IN_PROGRESS),
    (CAPTURED, Capture(1), Reason.NOTHING_TO_CAPTURE),
    (CANCELED, Capture(1), Reason.NOTHING_TO_CAPTURE),
    (PARTLY_RELEASED, Capture(1), Reason.NOTHING_TO_CAPTURE),
    ((*GIVEN_UP, (Kind.AUTHORIZE, Verdict.APPROVED)), Capture(1), Reason.NOTHING_TO_CAPTURE),
    # Void
    ((), Void(), Reason.NOTHING_TO_CANCEL),
    ((Charge(),), Void(), Reason.IN_PROGRESS),
    ((Charge(), (Kind.AUTHORIZE, Verdict.PENDING)), Void(), Reason.IN_PROGRESS),
    (DECLINED, Void(), Reason.NOTHING_TO_CANCEL),
    ((*AUTHORIZED, Capture(60)), Void(), Reason.IN_PROGRESS),
    ((*AUTHORIZED, Void()), Void(), Reason.IN_PROGRESS),
    ((*CHALLENGED, Void()), Void(), Reason.IN_PROGRESS),
    (CANCELED, Void(), Reason.NOTHING_TO_CANCEL),
    (CAPTURED, Void(), Reason.NOTHING_TO_CANCEL),
    ((*CAPTURED, GiveBack(1)), Void(), Reason.NOTHING_TO_CANCEL),
    (PARTLY_RELEASED, Void(), Reason.NOTHING_TO_CANCEL),
]


@pytest.mark.parametrize(("happened", "what", "reason"), REFUSALS)
def test_what_does_not_fit_where_a_payment_stands_is_refused(
    happened: tuple[Happened, ...], what: Happening, reason: Reason
) -> None:
    world = manual(*happened)
    with pytest.raises(Refused) as refused:
        happen(world, what)
    assert refused.value.reason is reason


def test_a_refused_capture_says_how_much_is_left() -> None:
    with pytest.raises(Refused) as refused:
        payments.capture(manual(*PARTLY_CAPTURED).payment, Money(41, "USD"), occasion())
    assert (refused.value.field, refused.value.detail) == ("amount", {"at_most": Money(40, "USD")})


@pytest.mark.parametrize("amount", [0, -1])
def test_nothing_and_less_cannot_be_captured(amount: int) -> None:
    with pytest.raises(Refused) as refused:
        payments.capture(manual(*AUTHORIZED).payment, Money(amount, "USD"), occasion())
    assert (refused.value.reason, refused.value.field) == (Reason.AMOUNT_INVALID, "amount")


def test_another_currency_cannot_be_captured() -> None:
    with pytest.raises(CurrencyMismatch):
        payments.capture(manual(*AUTHORIZED).payment, Money(1, "EUR"), occasion())


@pytest.mark.parametrize(("happened", "left"), [(AUTHORIZED, 100), (PARTLY_CAPTURED, 40)])
def test_a_capture_without_an_amount_takes_all_that_is_left(happened: tuple[Happened, ...], left: int) -> None:
    asking = payments.capture(manual(*happened).payment, None, occasion())
    assert asking.attempt.amount == Money(left, "USD")


@pytest.mark.parametrize(
    ("happened", "amount"),
    [(AUTHORIZED, 100), (PARTLY_CAPTURED, 40), ((*PARTLY_CAPTURED, GiveBack(60)), 40), (CHALLENGED, 100)],
)
def test_a_void_is_of_all_that_is_held_or_of_the_challenge(happened: tuple[Happened, ...], amount: int) -> None:
    asking = payments.void(manual(*happened).payment, "requested", occasion())
    assert (asking.attempt.amount, asking.attempt.target) == (Money(amount, "USD"), "att_1_1")
    assert asking.attempt.cause == "requested"


@pytest.mark.parametrize(
    ("asked", "meanwhile"),
    [
        ((Charge(), (Kind.AUTHORIZE, Verdict.NEVER_SEEN)), (Charge(),)),
        ((Charge(), (Kind.AUTHORIZE, Verdict.NEVER_SEEN)), AUTHORIZED),
        ((*AUTHORIZED, Capture(60), (Kind.CAPTURE, Verdict.NEVER_SEEN)), (Capture(60),)),
        ((*AUTHORIZED, Capture(60), (Kind.CAPTURE, Verdict.NEVER_SEEN)), (Void(), (Kind.VOID, Verdict.APPROVED))),
        ((*AUTHORIZED, Void(), (Kind.VOID, Verdict.NEVER_SEEN)), (Capture(1),)),
        ((*AUTHORIZED, Void(), (Kind.VOID, Verdict.NEVER_SEEN)), (Capture(1), (Kind.CAPTURE, Verdict.APPROVED))),
        ((*CHALLENGED, Void(), (Kind.VOID, Verdict.NEVER_SEEN)), (Void(),)),
        ((*CHALLENGED, Void(), (Kind.VOID, Verdict.NEVER_SEEN)), ((Kind.AUTHORIZE, Verdict.DECLINED),)),
        ((*CAPTURED, GiveBack(60), (Kind.REFUND, Verdict.NEVER_SEEN)), (GiveBack(60),)),
    ],
)
def test_a_question_is_put_again_only_while_it_fits(
    asked: tuple[Happened, ...], meanwhile: tuple[Happened, ...]
) -> None:
    world = manual(*asked)
    attempt = list(world.attempts)[-1]
    again = happen(world, AskAgain(attempt))
    assert (again.attempts[attempt].state, again.attempts[attempt].asked) == (State.SENDING, 2)
    assert again.payment.in_flight[-1].attempt == attempt
    with pytest.raises(Refused) as refused:
        happen(lived(world, *meanwhile), AskAgain(attempt))
    assert refused.value.reason is Reason.IN_PROGRESS


def test_a_question_that_is_put_again_sets_aside_again_and_has_its_inquiry() -> None:
    world = manual(*AUTHORIZED, Capture(60), (Kind.CAPTURE, Verdict.NEVER_SEEN), AskAgain("att_1_2"))
    assert world.payment.capturable == Money(40, "USD")
    assert (TimerKind.INQUIRE, "att_1_2") in world.timers


def test_an_inquiry_is_taken_off_once_the_answer_is_known() -> None:
    known = manual(*DECLINED).attempts["att_1_1"]
    assert payments.inquiry(known, occasion()) == Timer("ten_1", TimerKind.INQUIRE, "att_1_1", None)


def test_an_expired_authorization_waits_for_a_capture_in_flight() -> None:
    world = manual(*AUTHORIZED, Capture(60))
    assert happen(world, Expire()) is world


@given(
    st.builds(FeePlan, st.integers(0, 10_000), st.just({"USD": 7}) | st.just({}), st.sampled_from(Rounding)),
    st.lists(st.integers(1, 60), min_size=1, max_size=8),
)
def test_a_capture_in_many_steps_costs_the_same_as_in_one(plan: FeePlan, steps: list[int]) -> None:
    world = lived(World(opened(sum(steps), plan=plan)), *AUTHORIZED)
    for step in steps:
        world = lived(world, Capture(step), (Kind.CAPTURE, Verdict.APPROVED))
    whole = Money(sum(steps), "USD")
    assert world.payment.fees == fees.fee(plan, Money(0, "USD"), whole).amount
    assert world.payment.captured == world.payment.authorized == whole.amount


@pytest.mark.parametrize(
    "sums",
    [
        {"captured": 101},
        {"captured": -1},
        {"authorized": 0},
        {"refunded": 61},
        {"refunded": -1},
        {"refunded": 30, "disputed": 31},
        {"refunded": -1, "disputed": 2},
        {"voided": 41},
        {"voided": -1},
        {"fees": -1},
    ],
)
def test_no_payment_gives_back_or_takes_more_than_there_was(sums: dict[str, int]) -> None:
    sound = manual(*PARTLY_CAPTURED).payment
    assert totals.is_sound(sound)
    assert totals.is_sound(evolve(sound, refunded=30, disputed=30, voided=40))
    assert not totals.is_sound(evolve(sound, **sums))


def test_what_is_disputed_cannot_be_refunded() -> None:
    assert evolve(manual(*CAPTURED).payment, disputed=40).refundable == Money(60, "USD")


@pytest.mark.parametrize("happened", [(), CHALLENGED, AUTHORIZED, PARTLY_RELEASED, DECLINED])
def test_a_payment_is_stored_and_read_back_as_it_was(happened: tuple[Happened, ...]) -> None:
    payment = manual(*happened).payment
    assert msgspec.json.decode(msgspec.json.encode(payment), type=Payment) == payment
