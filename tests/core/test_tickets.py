"""Tickets: what may be done to one in which state, the day that it is counted in, and what stays true of its life."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.world import START, occasion
from tillgate.core import cancellations, conclusions, payments, personal, phone_wallets, refunds, tickets
from tillgate.core.attempts import Action, Kind, Outcome, Verdict
from tillgate.core.conclusions import Standing
from tillgate.core.events import EventType
from tillgate.core.instants import DAY, HOUR, MINUTE
from tillgate.core.money import Money
from tillgate.core.payments import CaptureMethod, Payment, Status, Terms
from tillgate.core.phone_wallets import Payer, Ticket
from tillgate.core.reasons import Reason, Refused
from tillgate.core.tickets import TicketStatus

LASTS = 10 * MINUTE
OVER = START + LASTS
CHALLENGE = Outcome(verdict=Verdict.CHALLENGE, action=Action("/phone"))
YES = Outcome(verdict=Verdict.APPROVED, payer=Payer("Wallet 0001", "wallet@example.com"))


def no(reason: Reason) -> Outcome:
    return Outcome(verdict=Verdict.DECLINED, reason=reason)


def opened() -> Payment:
    ticket = Ticket(number="t", reference="r", phone="7871234567", expires_at=OVER, rings_until=OVER)
    return payments.open(
        Terms(amount=Money(233, "USD"), capture_method=CaptureMethod.MANUAL, ticket=ticket),
        tenant="ten_1",
        payment_method=None,
        card=None,
        customer=None,
        fee_plan=phone_wallets.FEES,
        bank="phone",
        occasion=occasion(),
    )


def asked() -> Standing:
    asking = payments.charge(opened(), occasion())
    return Standing(asking.payment, asking.attempt)


def heard(standing: Standing, *outcomes: Outcome) -> Standing:
    for outcome in outcomes:
        concluded = conclusions.conclude(standing, outcome, occasion())
        assert concluded is not None
        standing = concluded[0]
    return standing


def captured() -> Payment:
    confirmed = heard(asked(), CHALLENGE, YES).payment
    asking = payments.capture(confirmed, None, occasion())
    return heard(Standing(asking.payment, asking.attempt), YES).payment


OPEN = heard(asked(), CHALLENGE).payment
CONFIRMED = heard(asked(), CHALLENGE, YES).payment
COMPLETED = captured()
DECLINED = heard(asked(), CHALLENGE, no(Reason.WALLET_DECLINED)).payment
LAPSED = heard(asked(), CHALLENGE, no(Reason.TICKET_EXPIRED)).payment
TAKING = payments.capture(CONFIRMED, None, occasion()).payment
STATES = {"open": OPEN, "confirmed": CONFIRMED, "completed": COMPLETED, "declined": DECLINED, "lapsed": LAPSED}


def test_a_ticket_waits_is_held_and_is_paid_like_any_payment() -> None:
    assert [one.status for one in STATES.values()] == [
        *(Status.REQUIRES_ACTION, Status.AUTHORIZED, Status.SUCCEEDED, Status.CANCELED, Status.CANCELED),
    ]
    assert COMPLETED.fees == 6
    assert tickets.of(COMPLETED).completed_at == START
    assert tickets.of(CONFIRMED).payer == YES.payer


@pytest.mark.parametrize(
    ("state", "now", "expected"),
    [
        ("open", OVER - 1, TicketStatus.OPEN),
        ("open", OVER, TicketStatus.CANCELED),
        ("confirmed", OVER - 1, TicketStatus.CONFIRMED),
        ("confirmed", OVER, TicketStatus.CANCELED),
        ("completed", OVER + DAY, TicketStatus.COMPLETED),
        ("declined", START, TicketStatus.CANCELED),
        ("lapsed", START, TicketStatus.CANCELED),
    ],
)
def test_where_a_ticket_stands_follows_from_its_facts_and_the_time(
    state: str, now: int, expected: TicketStatus
) -> None:
    assert tickets.status(STATES[state], now) is expected


def test_what_is_being_taken_when_its_time_is_over_is_not_over_until_that_is_known() -> None:
    assert tickets.status(TAKING, OVER) is TicketStatus.CONFIRMED
    assert not tickets.is_expired(TAKING, OVER)
    tickets.assert_payable(TAKING, OVER)


@pytest.mark.parametrize(
    ("state", "now", "pay", "cancel", "move"),
    [
        ("open", START, Reason.TICKET_UNCONFIRMED, None, None),
        ("open", OVER, Reason.TICKET_EXPIRED, Reason.TICKET_OVER, Reason.TICKET_OVER),
        ("confirmed", START, None, None, Reason.TICKET_CONFIRMED),
        ("confirmed", OVER, Reason.TICKET_EXPIRED, Reason.TICKET_OVER, Reason.TICKET_OVER),
        ("completed", START, Reason.TICKET_OVER, Reason.TICKET_OVER, Reason.TICKET_CONFIRMED),
        ("declined", START, Reason.TICKET_OVER, Reason.TICKET_OVER, Reason.TICKET_OVER),
        ("lapsed", START, Reason.TICKET_EXPIRED, Reason.TICKET_OVER, Reason.TICKET_OVER),
    ],
)
def test_what_may_be_done_to_a_ticket(
    state: str, now: int, pay: Reason | None, cancel: Reason | None, move: Reason | None
) -> None:
    for check, why in (
        (tickets.assert_payable, pay),
        (tickets.assert_cancelable, cancel),
        (tickets.assert_movable, move),
    ):
        if why is None:
            check(STATES[state], now)
            continue
        with pytest.raises(Refused) as refused:
            check(STATES[state], now)
        assert refused.value.reason is why


@pytest.mark.parametrize(
    ("outcome", "cause"),
    [
        (no(Reason.WALLET_DECLINED), cancellations.DECLINED),
        (no(Reason.WALLET_BLOCKED), cancellations.DECLINED),
        (no(Reason.TICKET_EXPIRED), cancellations.LAPSED),
    ],
)
def test_with_a_no_a_ticket_is_over_and_that_is_told_once(outcome: Outcome, cause: str) -> None:
    concluded = conclusions.conclude(heard(asked(), CHALLENGE), outcome, occasion())
    assert concluded is not None
    after, decision = concluded
    assert after.payment.canceled is not None
    assert after.payment.canceled.cause == cause
    assert [event.type for event in decision.announce] == [EventType.PAYMENT_CANCELED]


def test_what_was_withdrawn_is_told_by_who_withdrew_it() -> None:
    waiting = heard(asked(), CHALLENGE)
    concluded = conclusions.conclude(waiting, no(Reason.TICKET_WITHDRAWN), occasion())
    assert concluded is not None
    after, decision = concluded
    assert (after.payment.canceled, decision.announce) == (None, ())


def test_what_is_taken_and_what_goes_back_is_numbered_once_and_nothing_else_is() -> None:
    asking = payments.capture(CONFIRMED, Money(100, "USD"), occasion())
    numbers = []
    for outcome in (Outcome(verdict=Verdict.UNKNOWN), YES):
        concluded = conclusions.conclude(Standing(asking.payment, asking.attempt), outcome, occasion())
        assert concluded is not None
        numbers.append(concluded[1].number)
    assert [len(each) for each in numbers] == [0, 1]
    part = heard(Standing(asking.payment, asking.attempt), YES).payment
    rest = payments.capture(part, None, occasion())
    concluded = conclusions.conclude(Standing(rest.payment, rest.attempt), YES, occasion())
    assert concluded is not None
    assert concluded[1].number == ()
    assert rest.attempt.kind is Kind.CAPTURE


@given(st.integers(min_value=0, max_value=4_000_000_000_000_000))
def test_a_time_in_puerto_rico_is_four_hours_behind_all_year(instant: int) -> None:
    whole = instant - instant % 1_000_000
    shown = phone_wallets.local(whole)
    assert phone_wallets.instant_of(shown) == whole
    assert phone_wallets.series(whole) == f"day:{shown.date().isoformat()}"
    assert phone_wallets.local(whole + 4 * HOUR).timetuple()[:6] == _utc(whole)


def _utc(instant: int) -> tuple[int, ...]:
    return tuple(time.gmtime(instant // 1_000_000)[:6])


def test_only_what_is_paid_is_found_by_its_payer() -> None:
    assert tickets.terms(OPEN) == tickets.terms(CONFIRMED) == frozenset()
    assert ("ticket.phone", "7871234567") in tickets.terms(COMPLETED)
    assert ("ticket.email", "wallet@example.com") in tickets.terms(COMPLETED)


def test_who_paid_can_be_erased_with_all_that_finds_them() -> None:
    refund, _ = refunds.ask(COMPLETED, None, occasion())
    erased = personal.redacted(COMPLETED)
    for ticket in (tickets.of(erased), personal.redacted(refund).ticket):
        assert ticket is not None
        assert (ticket.phone, ticket.payer) == ("", Payer())
        assert ticket.reference == "r"
    assert tickets.terms(erased) == {("ticket", "completed")}
