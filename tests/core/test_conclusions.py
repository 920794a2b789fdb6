import pytest

from tests.core.happenings import Answer, Capture, Charge, Expire, GiveBack, Happened, Reverse, Void
from tests.core.world import LATER, START, World, attempt_of, happen, lived, occasion, opened, said
from tillgate.core import accounts, conclusions, payments
from tillgate.core.attempts import Action, Contradiction, Kind, Outcome, Verdict
from tillgate.core.cancellations import Cancellation
from tillgate.core.events import EventType
from tillgate.core.instants import DAY, HOUR
from tillgate.core.ledger import Posting
from tillgate.core.money import Money
from tillgate.core.payments import CaptureMethod, Payment, Status
from tillgate.core.reasons import Reason, Refused
from tillgate.core.refunds import Refund
from tillgate.core.timers import Timer, TimerKind

AUTHORIZED = (Charge(), (Kind.AUTHORIZE, Verdict.APPROVED))
CHALLENGED = (Charge(), (Kind.AUTHORIZE, Verdict.CHALLENGE))
EXPIRY = (TimerKind.EXPIRE_AUTHORIZATION, "pay_1")


def manual(*happened: Happened, amount: int = 100) -> World:
    return lived(World(opened(amount)), *happened)


def automatic(*happened: Happened, amount: int = 100) -> World:
    return lived(World(opened(amount, CaptureMethod.AUTOMATIC)), *happened)


def told(world: World) -> list[EventType]:
    return [event.type for event in world.events]


def test_the_first_answer_tells_that_a_payment_was_created_as_it_was_before() -> None:
    world = automatic(Charge(), (Kind.CHARGE, Verdict.APPROVED))
    created, succeeded = world.events
    assert (created.type, succeeded.type) == (EventType.PAYMENT_CREATED, EventType.PAYMENT_SUCCEEDED)
    assert isinstance(created.view, Payment)
    assert isinstance(succeeded.view, Payment)
    assert (created.view.status, created.view.captured) == (Status.PENDING, 0)
    assert (succeeded.view.status, succeeded.view.captured) == (Status.SUCCEEDED, 100)
    assert succeeded.view == world.payment


@pytest.mark.parametrize("verdict", [Verdict.UNKNOWN, Verdict.PENDING, Verdict.CHALLENGE])
def test_an_answer_that_decides_nothing_tells_only_that_there_is_a_payment(verdict: Verdict) -> None:
    world = automatic(Charge(), (Kind.CHARGE, verdict), (Kind.CHARGE, verdict))
    assert told(world) == [EventType.PAYMENT_CREATED]
    assert not world.entries


def test_a_repeat_of_a_final_answer_changes_nothing() -> None:
    world = automatic(Charge(), (Kind.CHARGE, Verdict.APPROVED))
    assert conclusions.conclude(world.standing("att_1_1"), said(Verdict.APPROVED), occasion()) is None


def test_a_charge_moves_the_money_and_the_fee() -> None:
    (entry,) = automatic(Charge(), (Kind.CHARGE, Verdict.APPROVED)).entries
    assert (entry.id, entry.subject) == ("att_1_1:captured", "pay_1")
    assert entry.postings == (
        Posting("bank:sandbox:receivable", "merchant:payable", Money(100, "USD")),
        Posting("merchant:payable", "fees:processing", Money(30, "USD")),
    )


def test_a_capture_releases_what_was_held_and_takes_it() -> None:
    *_, entry = manual(*AUTHORIZED, Capture(60), (Kind.CAPTURE, Verdict.APPROVED)).entries
    assert entry.id == "att_1_2:captured"
    assert entry.postings == (
        Posting("payments:authorized", "bank:sandbox:holds", Money(60, "USD")),
        Posting("bank:sandbox:receivable", "merchant:payable", Money(60, "USD")),
        Posting("merchant:payable", "fees:processing", Money(18, "USD")),
    )


def test_a_refund_comes_out_of_what_the_merchant_is_owed_and_fees_stay() -> None:
    world = automatic(Charge(), (Kind.CHARGE, Verdict.APPROVED), GiveBack(40), (Kind.REFUND, Verdict.APPROVED))
    assert world.entries[-1].postings == (Posting("merchant:payable", "bank:sandbox:receivable", Money(40, "USD")),)
    assert world.balance(accounts.PAYABLE) == 100 - 30 - 40


def test_a_second_capture_is_told_as_a_capture() -> None:
    world = manual(*AUTHORIZED, Capture(60), (Kind.CAPTURE, Verdict.APPROVED))
    assert told(lived(world, Capture(40), (Kind.CAPTURE, Verdict.APPROVED))) == [
        EventType.PAYMENT_CREATED,
        EventType.PAYMENT_AUTHORIZED,
        EventType.PAYMENT_SUCCEEDED,
        EventType.PAYMENT_CAPTURED,
    ]


def test_giving_up_the_rest_of_a_captured_payment_releases_it() -> None:
    world = manual(*AUTHORIZED, Capture(60), (Kind.CAPTURE, Verdict.APPROVED), Void(), (Kind.VOID, Verdict.APPROVED))
    assert told(world)[-1] is EventType.PAYMENT_RELEASED
    assert (world.payment.status, world.payment.voided) == (Status.SUCCEEDED, 40)
    assert EXPIRY not in world.timers


def test_a_declined_capture_is_told_and_leaves_the_money_held() -> None:
    world = manual(*AUTHORIZED, Capture(60), (Kind.CAPTURE, Verdict.DECLINED))
    assert told(world)[-1] is EventType.PAYMENT_CAPTURE_FAILED
    assert world.payment.capturable == Money(100, "USD")
    assert world.payment.status is Status.AUTHORIZED
    assert world.payment.failure == payments.Failure(Reason.CARD_DECLINED, "05")


@pytest.mark.parametrize("verdict", [Verdict.DECLINED, Verdict.NEVER_SEEN])
def test_a_failed_void_tells_nothing_and_leaves_the_money_held(verdict: Verdict) -> None:
    world = manual(*AUTHORIZED, Void(), (Kind.VOID, verdict))
    assert told(world) == [EventType.PAYMENT_CREATED, EventType.PAYMENT_AUTHORIZED]
    assert world.payment.capturable == Money(100, "USD")


def test_a_refund_is_told_with_its_first_answer_and_when_its_state_changes() -> None:
    world = automatic(Charge(), (Kind.CHARGE, Verdict.APPROVED), GiveBack(100))
    assert EventType.REFUND_CREATED not in told(world)
    world = lived(world, (Kind.REFUND, Verdict.PENDING), (Kind.REFUND, Verdict.UNKNOWN))
    world = lived(world, (Kind.REFUND, Verdict.APPROVED))
    created, updated = world.events[-2:]
    assert (created.type, updated.type) == (EventType.REFUND_CREATED, EventType.REFUND_UPDATED)
    assert isinstance(created.view, Refund)
    assert isinstance(updated.view, Refund)
    assert (created.view.state, updated.view.state) == ("pending", "succeeded")
    assert created.stream == updated.stream == "pay_1"


def test_a_customer_who_has_acted_is_not_asked_to_act_again() -> None:
    world = manual(*CHALLENGED)
    assert world.payment.action == Action("https://bank.example/challenge")
    assert lived(world, (Kind.AUTHORIZE, Verdict.UNKNOWN)).payment.status is Status.REQUIRES_ACTION
    assert lived(world, (Kind.AUTHORIZE, Verdict.PENDING)).payment.action is None
    assert lived(world, (Kind.AUTHORIZE, Verdict.PENDING)).payment.status is Status.PENDING


@pytest.mark.parametrize("kind", [Kind.CAPTURE, Kind.REFUND, Kind.VOID])
def test_only_the_taking_of_money_asks_the_customer_to_act(kind: Kind) -> None:
    asked: dict[Kind, tuple[Happened, ...]] = {
        Kind.CAPTURE: (Capture(1),),
        Kind.VOID: (Void(),),
        Kind.REFUND: (Capture(1), (Kind.CAPTURE, Verdict.APPROVED), GiveBack(1)),
    }
    assert manual(*AUTHORIZED, *asked[kind], (kind, Verdict.CHALLENGE)).payment.action is None


def test_a_pending_payment_may_turn_out_to_need_the_customer() -> None:
    world = manual(Charge(), (Kind.AUTHORIZE, Verdict.PENDING), (Kind.AUTHORIZE, Verdict.CHALLENGE))
    assert world.payment.status is Status.REQUIRES_ACTION


def test_a_challenge_that_is_given_up_cancels_the_payment_and_has_the_bank_asked_at_once() -> None:
    world = manual(*CHALLENGED, Void())
    standing = world.standing(attempt_of(world, Kind.VOID).id)
    concluded = conclusions.conclude(standing, said(Verdict.APPROVED), occasion(wall=LATER))
    assert concluded is not None
    now, decision = concluded
    assert (now.payment.status, now.payment.action, decision.post) == (Status.CANCELED, None, ())
    assert decision.schedule == (
        Timer("ten_1", TimerKind.INQUIRE, "att_1_2", None),
        Timer("ten_1", TimerKind.EXPIRE_CHALLENGE, "att_1_1", None),
        Timer("ten_1", TimerKind.INQUIRE, "att_1_1", LATER),
    )


def test_giving_up_a_challenge_sets_nothing_aside() -> None:
    world = manual(*CHALLENGED, Void(), Answer("att_1_1", Verdict.APPROVED))
    assert world.payment.capturable == Money(100, "USD")


@pytest.mark.parametrize("verdict", [Verdict.UNKNOWN, Verdict.PENDING, Verdict.DECLINED, Verdict.NEVER_SEEN])
def test_giving_up_a_challenge_may_fail_or_be_in_doubt(verdict: Verdict) -> None:
    world = manual(*CHALLENGED, Void(), (Kind.VOID, verdict))
    assert world.payment.status is Status.REQUIRES_ACTION
    assert world.payment.capturable == world.payment.refundable == Money(0, "USD")


def test_what_is_granted_after_the_challenge_was_given_up_is_released_at_once() -> None:
    world = manual(*CHALLENGED, Void(), (Kind.VOID, Verdict.APPROVED), (Kind.AUTHORIZE, Verdict.APPROVED))
    assert world.payment.status is Status.CANCELED
    assert world.timers[EXPIRY] == START + world.time
    world = lived(world, Expire(), (Kind.VOID, Verdict.APPROVED))
    assert told(world)[-3:] == [
        EventType.PAYMENT_CANCELED,
        EventType.PAYMENT_AUTHORIZED,
        EventType.PAYMENT_RELEASED,
    ]
    assert world.payment.canceled is not None
    assert world.payment.canceled.cause == "requested"
    assert world.balance(accounts.AUTHORIZED) == 0
    assert not world.timers


def test_what_is_taken_after_the_challenge_was_given_up_can_be_refunded() -> None:
    world = automatic(
        Charge(),
        (Kind.CHARGE, Verdict.CHALLENGE),
        Void(),
        (Kind.VOID, Verdict.APPROVED),
        (Kind.CHARGE, Verdict.APPROVED),
    )
    assert world.payment.status is Status.SUCCEEDED
    assert world.payment.refundable == Money(100, "USD")


def test_a_late_yes_is_believed() -> None:
    world = automatic(Charge(), (Kind.CHARGE, Verdict.NEVER_SEEN))
    assert world.payment.status is Status.FAILED
    world = lived(world, (Kind.CHARGE, Verdict.APPROVED))
    assert world.payment.status is Status.SUCCEEDED
    assert told(world) == [EventType.PAYMENT_CREATED, EventType.PAYMENT_FAILED, EventType.PAYMENT_SUCCEEDED]


@pytest.mark.parametrize(
    ("world", "kind"),
    [
        (automatic(Charge(), (Kind.CHARGE, Verdict.NEVER_SEEN)), Kind.CHARGE),
        (manual(*AUTHORIZED, Capture(100), (Kind.CAPTURE, Verdict.NEVER_SEEN)), Kind.CAPTURE),
    ],
)
def test_a_late_no_says_why_and_is_not_told_twice(world: World, kind: Kind) -> None:
    after = lived(world, (kind, Verdict.DECLINED))
    assert attempt_of(after, kind).reason is Reason.CARD_DECLINED
    assert (after.events, after.payment) == (world.events, world.payment)


def test_a_late_no_to_a_capture_does_not_spoil_the_one_that_came_after() -> None:
    world = manual(*AUTHORIZED, Capture(100), (Kind.CAPTURE, Verdict.NEVER_SEEN))
    world = lived(world, Capture(100), (Kind.CAPTURE, Verdict.APPROVED))
    assert happen(world, Answer("att_1_2", Verdict.DECLINED)).payment == world.payment


@pytest.mark.parametrize(
    ("world", "late"),
    [
        (
            manual(
                *AUTHORIZED, Capture(100), (Kind.CAPTURE, Verdict.NEVER_SEEN), Void(), (Kind.VOID, Verdict.APPROVED)
            ),
            2,
        ),
        (
            automatic(
                Charge(),
                (Kind.CHARGE, Verdict.APPROVED),
                GiveBack(100),
                (Kind.REFUND, Verdict.NEVER_SEEN),
                GiveBack(100),
                (Kind.REFUND, Verdict.APPROVED),
            ),
            2,
        ),
    ],
    ids=["captured after it was released", "refunded twice"],
)
def test_a_yes_to_more_than_there_is_left_is_for_a_person_to_look_at(world: World, late: int) -> None:
    with pytest.raises(Contradiction):
        happen(world, Answer(f"att_1_{late}", Verdict.APPROVED))


def test_what_is_charged_twice_is_no_payment_and_goes_back_once() -> None:
    world = automatic(Charge(), (Kind.CHARGE, Verdict.NEVER_SEEN), Charge(), (Kind.CHARGE, Verdict.APPROVED))
    twice = happen(world, Answer("att_1_1", Verdict.APPROVED))
    assert (twice.payment.captured, twice.events) == (world.payment.captured, world.events)
    assert twice.balance(accounts.SURPLUS) == twice.payment.amount.amount
    asked = happen(twice, Reverse("att_1_1"))
    with pytest.raises(Refused):
        happen(asked, Reverse("att_1_1"))
    unheard = lived(asked, (Kind.RETURN, Verdict.NEVER_SEEN), Reverse("att_1_1"))
    assert (unheard.attempts.keys(), unheard.attempts["att_1_3"].asked) == (asked.attempts.keys(), 2)
    back = lived(unheard, (Kind.RETURN, Verdict.APPROVED))
    assert (back.payment.surplus, back.balance(accounts.SURPLUS)) == ((), 0)


def test_a_late_yes_takes_what_another_attempt_had_set_aside() -> None:
    world = manual(*AUTHORIZED, Capture(100), (Kind.CAPTURE, Verdict.NEVER_SEEN), Capture(100))
    world = happen(world, Answer("att_1_2", Verdict.APPROVED))
    assert (world.payment.captured, world.payment.capturable) == (100, Money(0, "USD"))
    assert lived(world, (Kind.CAPTURE, Verdict.DECLINED)).payment.status is Status.SUCCEEDED


def test_an_authorization_lasts_a_week() -> None:
    world = manual(*AUTHORIZED)
    assert world.timers[EXPIRY] == world.payment.authorization_expires_at == START + world.time + 7 * DAY


@pytest.mark.parametrize("verdict", [Verdict.DECLINED, Verdict.NEVER_SEEN])
def test_an_expiry_that_failed_is_tried_again_in_an_hour(verdict: Verdict) -> None:
    world = manual(*AUTHORIZED, Expire(), (Kind.VOID, verdict))
    assert world.timers[EXPIRY] == START + world.time + HOUR


def test_what_happens_to_a_part_does_not_bring_a_failed_expiry_forward() -> None:
    world = manual(*AUTHORIZED, Expire(), (Kind.VOID, Verdict.DECLINED))
    due_at = world.timers[EXPIRY]
    world = lived(world, Capture(10), (Kind.CAPTURE, Verdict.APPROVED), GiveBack(5), (Kind.REFUND, Verdict.APPROVED))
    assert world.timers[EXPIRY] == due_at


def test_an_expired_payment_is_canceled_for_that_cause() -> None:
    world = manual(*AUTHORIZED, Expire(), (Kind.VOID, Verdict.APPROVED))
    assert world.payment.canceled == Cancellation(START + world.time, "expired")
    assert not world.timers


def test_everything_that_an_answer_brings_bears_who_asked() -> None:
    standing = automatic(Charge()).standing("att_1_1")
    now = occasion()
    concluded = conclusions.conclude(standing, Outcome(verdict=Verdict.APPROVED), now)
    assert concluded is not None
    decision = concluded[1]
    asked_by = {(entry.actor, entry.surface, entry.request_id) for entry in decision.post}
    asked_by |= {(event.actor, event.surface, event.request_id) for event in decision.announce}
    assert asked_by == {(now.actor, now.surface, now.request_id)}
