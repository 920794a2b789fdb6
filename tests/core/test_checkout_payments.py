"""Checkout payments: where one stands by its facts, what each move tells, and what a new try leaves behind."""

from typing import Any

import pytest
from msgspec import structs

from tests.core.world import occasion, opened
from tillgate.core import checkout_payments, intents, payments
from tillgate.core.attempts import Action, State
from tillgate.core.cancellations import Cancellation
from tillgate.core.checkout_payments import OVER, CheckoutStatus, Choice
from tillgate.core.checkouts import Checkout
from tillgate.core.events import EventType
from tillgate.core.fees import FeePlan
from tillgate.core.intents import Intent
from tillgate.core.payments import CaptureMethod, Failure, Payment
from tillgate.core.phone_wallets import Ticket
from tillgate.core.reasons import Reason, Refused
from tillgate.core.records import evolve
from tillgate.core.timers import TimerKind

NO = Failure(Reason.CARD_DECLINED)
CHOICE = Choice(bank="other", fee_plan=FeePlan(100), settlement_days=1, payment_method="pm_2")
TICKET = Ticket(number="1", reference="2", phone="7875550100", expires_at=9)


def checkout(told: bool = False, **facts: Any) -> Payment:
    """A payment of 100 that waits for its payer."""
    known = {name: facts.pop(name) for name in ("found_at", "received_at", "confirmed_at", "tries") if name in facts}
    asked = Checkout(application="app_1", reference="A", reference_label="A", expires_at=10**18, is_told=told, **known)
    given = {"payment_method": None, "card": None, **facts}
    return evolve(opened(100), intent=Intent(), checkout=asked, **given)


STANDING = [
    ({}, CheckoutStatus.OPEN),
    ({"failure": NO}, CheckoutStatus.OPEN),
    ({"action": Action("/")}, CheckoutStatus.OPEN),
    ({"found_at": 1}, CheckoutStatus.FOUND),
    ({"found_at": 1, "authorized": 100}, CheckoutStatus.FOUND),
    ({"authorized": 100, "captured": 40}, CheckoutStatus.UNDERPAID),
    ({"authorized": 100, "captured": 100}, CheckoutStatus.RECEIVED),
    ({"authorized": 100, "captured": 100, "refunded": 99}, CheckoutStatus.RECEIVED),
    ({"authorized": 100, "captured": 100, "confirmed_at": 1}, CheckoutStatus.CONFIRMED),
    ({"authorized": 100, "captured": 100, "confirmed_at": 1, "refunded": 100}, CheckoutStatus.REFUNDED),
    ({"canceled": Cancellation(1, "requested")}, CheckoutStatus.CANCELED),
    ({"found_at": 1, "canceled": Cancellation(1, "requested")}, CheckoutStatus.CANCELED),
    ({"failure": NO, "former_methods": ("pm",) * (intents.MOST_CARDS - 1)}, CheckoutStatus.ERROR),
]


@pytest.mark.parametrize(("facts", "expected"), STANDING)
def test_where_it_stands_follows_from_its_facts(facts: dict[str, Any], expected: CheckoutStatus) -> None:
    payment = checkout(**facts)
    assert checkout_payments.status(payment) is expected
    assert checkout_payments.is_over(payment) == (expected in OVER)
    assert ("checkout.status", expected.value) in checkout_payments.terms(payment)
    if expected in OVER:
        with pytest.raises(Refused, match="checkout_over"):
            checkout_payments.assert_payable(payment, 0)
    else:
        checkout_payments.assert_payable(payment, 0)


def test_every_status_can_be_come_to() -> None:
    assert {expected for _, expected in STANDING} == set(CheckoutStatus)


TOLD = [
    ({}, {}, State.PENDING, [EventType.CHECKOUT_FOUND]),
    ({}, {"authorized": 100}, State.APPROVED, [EventType.CHECKOUT_FOUND]),
    ({}, {"failure": NO}, State.DECLINED, []),
    ({"found_at": 1}, {"failure": NO}, State.DECLINED, []),
    (
        {},
        {"authorized": 100, "captured": 100},
        State.APPROVED,
        [EventType.CHECKOUT_RECEIVED, EventType.CHECKOUT_SESSION_COMPLETED, EventType.CHECKOUT_COMPLETED],
    ),
    ({}, {"authorized": 40, "captured": 40}, State.APPROVED, [EventType.CHECKOUT_UNDERPAID]),
    (
        {},
        {"canceled": Cancellation(1, "requested")},
        None,
        [EventType.CHECKOUT_CANCELED, EventType.CHECKOUT_SESSION_EXPIRED],
    ),
    (
        {"authorized": 100, "captured": 100, "received_at": 1, "confirmed_at": 1},
        {"authorized": 100, "captured": 100, "refunded": 100},
        None,
        [EventType.CHECKOUT_REFUNDED],
    ),
]


@pytest.mark.parametrize("told", [False, True])
@pytest.mark.parametrize(("before", "after", "heard", "expected"), TOLD)
def test_what_each_move_tells(
    before: dict[str, Any], after: dict[str, Any], heard: State | None, expected: list[EventType], told: bool
) -> None:
    was = checkout(told, **before)
    moved, types, beside = checkout_payments.followed(was, evolve(was, **after), heard, occasion())
    assert list(types) == expected
    again = checkout_payments.followed(moved, moved, None, occasion())
    assert again[1:] == ((), type(beside)()), "what was told is not told again"
    assert checkout_payments.of(moved).confirmed_at == (
        checkout_payments.of(was).confirmed_at or (None if told or not moved.captured >= 100 else occasion().now)
    )
    ends = checkout_payments.is_over(moved) and not checkout_payments.is_over(was)
    assert [alias.id for alias in beside.name] == ([None] if ends else [])
    assert [timer.due_at for timer in beside.schedule if timer.kind is TimerKind.EXPIRE_CHECKOUT] == [None] * ends


def test_what_is_held_on_the_phone_is_taken_by_a_timer() -> None:
    was = checkout(ticket=TICKET, capture_method=CaptureMethod.MANUAL)
    _, _, beside = checkout_payments.followed(was, evolve(was, authorized=100), State.APPROVED, occasion())
    assert [timer.kind for timer in beside.schedule] == [TimerKind.TAKE_CHECKOUT]


def test_a_new_try_is_asked_of_the_bank_that_was_chosen_and_counts() -> None:
    tried = checkout(failure=NO, attempts_made=3, payment_method="pm_1", tries=2)
    asking = checkout_payments.pay(tried, CHOICE, occasion())
    payment = asking.payment
    assert (payment.bank, asking.attempt.bank, payment.fee_plan) == ("other", "other", FeePlan(100))
    assert (payment.abandoned, payment.attempts_made, checkout_payments.of(payment).tries) == (3, 4, 3)
    assert (payment.former_methods, payment.payment_method) == (("pm_1",), "pm_2")
    by_phone = checkout_payments.pay(tried, structs.replace(CHOICE, ticket=TICKET), occasion())
    assert by_phone.attempt.kind == "authorize"
    with pytest.raises(Refused, match="in_progress"):
        checkout_payments.pay(payment, CHOICE, occasion())


def test_a_card_that_pays_after_a_phone_did_not_is_the_merchants_banks() -> None:
    by_phone = checkout(ticket=TICKET, capture_method=CaptureMethod.MANUAL, failure=NO)
    back = checkout_payments.back_to_cards(by_phone, "sandbox", FeePlan(1))
    assert (back.bank, back.ticket, back.capture_method) == ("sandbox", None, CaptureMethod.AUTOMATIC)
    plain = opened(100)
    assert checkout_payments.back_to_cards(plain, "other", FeePlan(1)) is plain


def test_whoever_confirms_first_counts() -> None:
    paid = checkout(told=True, authorized=100, captured=100, received_at=1)
    confirmed = checkout_payments.confirmed(paid, 2)
    assert checkout_payments.of(confirmed).confirmed_at == 2
    assert checkout_payments.confirmed(confirmed, 3) is confirmed
    unpaid = checkout(told=True)
    assert checkout_payments.confirmed(unpaid, 3) is unpaid


def test_a_payment_that_is_no_checkout_is_none() -> None:
    plain = opened(100)
    assert checkout_payments.followed(plain, plain, None, occasion())[1] == ()
    assert checkout_payments.terms(plain) == frozenset()
    with pytest.raises(Refused, match="not_found"):
        checkout_payments.status(plain)
    assert payments.Status.PENDING is plain.status
