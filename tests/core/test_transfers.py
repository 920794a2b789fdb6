"""Money that arrives by itself: to the unit it is kept, held, on its way back, sent back or shown to a person."""

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.core.till import DEADLINE, KNOWN, Till
from tests.core.world import said
from tests.sizes import at_size
from tillgate.core import (
    arrival_moves,
    ledger,
    payment_intents,
    payments,
    refunds,
    transfer_returns,
    transfers,
)
from tillgate.core.accounts import DEPOSITS, PAYABLE, RETURNS, SUSPENSE, receivable
from tillgate.core.accounts import FEES as EARNED
from tillgate.core.arrivals import ArrivalState, Debtor, Place, Why
from tillgate.core.attempts import Attempt, State, Verdict
from tillgate.core.conclusions import Standing, conclude
from tillgate.core.decisions import Decision
from tillgate.core.fees import FeePlan
from tillgate.core.money import Money
from tillgate.core.payments import Status
from tillgate.core.reasons import Reason, Refused
from tillgate.core.records import evolve
from tillgate.core.refunds import Refund
from tillgate.core.timers import TimerKind

ANYBODY = st.sampled_from([KNOWN, Debtor("Bob", "GB33BUKB20201555555555"), Debtor("Unknown")])
BANK = receivable(arrival_moves.BANK)


def kept(till: Till) -> int:
    return sum(one.moved(Place.DEPOSITS, Place.MERCHANT) for one in till.arrivals)


def test_what_is_due_is_kept_with_one_fee() -> None:
    till = Till(100)
    assert till.arrives(100).state is ArrivalState.SETTLED
    assert (till.payment.status, till.payment.captured, till.payment.bank) == (Status.SUCCEEDED, 100, "transfer")
    assert till.balance(PAYABLE) == 100 - till.payment.fees
    assert till.balance(EARNED) == till.payment.fees == 30
    assert till.told[-2:] == ["payment.succeeded", "payment_intent.succeeded"]
    assert till.differences() == []


def test_less_is_held_until_the_rest_comes() -> None:
    till = Till(100)
    assert till.arrives(60).state is ArrivalState.HELD
    assert (till.payment.status, till.payment.transfer and till.payment.transfer.held) == (Status.PENDING, 60)
    assert (till.balance(PAYABLE), till.balance(DEPOSITS)) == (0, 60)
    till.arrives(40)
    assert (till.payment.status, till.payment.captured, till.balance(DEPOSITS)) == (Status.SUCCEEDED, 100, 0)
    assert till.payment.fees == 30
    assert till.differences() == []


def test_less_is_kept_at_once_where_the_merchant_takes_less() -> None:
    till = Till(100, under=True)
    till.arrives(60)
    assert (till.payment.status, till.payment.captured) == (Status.SUCCEEDED, 60)
    till.arrives(60)
    assert (till.payment.captured, till.balance(RETURNS)) == (100, 20)
    assert till.payment.fees == 30
    assert till.differences() == []


def test_more_goes_back_or_is_kept_as_the_merchant_says() -> None:
    back, kept_all = Till(100), Till(100, over=True)
    arrival = back.arrives(130)
    assert (back.payment.captured, back.balance(RETURNS), arrival.state) == (100, 30, ArrivalState.RETURNING)
    assert back.is_sent_back(arrival).state is ArrivalState.SETTLED
    assert (back.balance(RETURNS), back.balance(BANK)) == (0, -100)
    kept_all.arrives(130)
    assert (kept_all.payment.captured, kept_all.balance(RETURNS)) == (130, 0)
    assert back.differences() == kept_all.differences() == []


@pytest.mark.parametrize("over", [False, True])
def test_what_comes_twice_or_late_goes_back(over: bool) -> None:
    till = Till(100, over=over)
    till.arrives(100)
    assert till.arrives(100).at(Place.RETURNS) == 100
    late = Till(100, over=over)
    part = late.arrives(30)
    late.now = DEADLINE
    late.settles()
    assert (late.payment.status, late.arrival(part).at(Place.RETURNS)) == (Status.CANCELED, 30)
    assert late.arrives(100).at(Place.RETURNS) == 100
    assert till.differences() == late.differences() == []


def test_what_cannot_be_sent_back_is_shown_to_a_person() -> None:
    till = Till(100)
    till.arrives(100)
    unknown = till.arrives(50, Debtor("Unknown"))
    assert (unknown.why, unknown.state, till.balance(SUSPENSE)) == (Why.DEBTOR_UNKNOWN, ArrivalState.UNMATCHED, 50)
    with pytest.raises(Refused) as refused:
        transfer_returns.send_back(unknown, None, till.moment())
    assert refused.value.reason is Reason.PARAMETER_MISSING
    till.take(transfer_returns.send_back(unknown, KNOWN, till.moment())[1])
    refused_by_bank = till.is_sent_back(unknown, Verdict.DECLINED)
    assert (refused_by_bank.why, till.balance(SUSPENSE)) == (Why.RETURN_REFUSED, 50)
    till.take(transfer_returns.send_back(refused_by_bank, KNOWN, till.moment())[1])
    assert till.is_sent_back(refused_by_bank).state is ArrivalState.SETTLED
    assert till.differences() == []


def test_a_return_that_the_bank_never_saw_is_asked_for_again_under_its_reference() -> None:
    till = Till(100)
    over = till.arrives(150)
    lost = till.is_sent_back(over, Verdict.NEVER_SEEN)
    assert (lost.attempt and lost.attempt.state, lost.at(Place.RETURNS)) == (State.NEVER_SEEN, 50)
    again = till.is_sent_back(lost)
    assert (again.attempt and again.attempt.id, again.returns) == (f"att_{over.id}_1", 1)
    assert till.differences() == []


def test_a_person_says_what_money_is_for() -> None:
    till = Till(100)
    stray = till.line(100)
    till.take(transfers.book(stray, None, (), Why.NO_REFERENCE, till.moment()).decision)
    assert till.balance(SUSPENSE) == 100
    till.take(transfers.assign(till.arrival(stray), till.payment, till.held, till.moment()).decision)
    assert (till.payment.captured, till.balance(SUSPENSE)) == (100, 0)
    with pytest.raises(Refused):
        transfers.assign(till.arrival(stray), till.payment, till.held, till.moment())
    assert till.differences() == []


def test_what_is_left_of_one_payment_is_for_no_other() -> None:
    till, other = Till(100), Till(50)
    left = till.arrives(150, Debtor("Unknown"))
    assert (left.at(Place.MERCHANT), left.at(Place.SUSPENSE)) == (100, 50)
    with pytest.raises(Refused):
        transfers.assign(left, evolve(other.payment, id="pay_2"), (), till.moment())
    till.take(transfer_returns.send_back(left, KNOWN, till.moment())[1])
    assert till.is_sent_back(left).state is ArrivalState.SETTLED
    assert till.differences() == []


def test_a_transfer_costs_what_transfers_cost() -> None:
    till = Till(100)
    transfer = till.payment.transfer
    assert transfer
    agreed = msgspec.structs.replace(transfer, fee_plan=FeePlan(100))
    till.take(Decision(save=(evolve(till.payment, transfer=agreed),)))
    till.arrives(60)
    till.arrives(40)
    assert (till.payment.fees, till.balance(EARNED)) == (1, 1)
    assert till.differences() == []


def test_what_the_bank_takes_back_is_taken_from_where_it_is() -> None:
    till = Till(100)
    part = till.arrives(40)
    assert till.is_reversed(part).at(Place.DEPOSITS) == 0
    whole = till.arrives(100)
    till.is_reversed(whole)
    assert (till.payment.captured, till.payment.disputed, till.payment.refundable.amount) == (100, 100, 0)
    assert till.balance(PAYABLE) == -30
    twice = till.is_sent_back(till.arrives(70))
    assert till.is_reversed(twice).why is Why.RETURNED_TWICE
    assert (till.balance(SUSPENSE), till.balance(BANK)) == (-70, 70)
    assert till.differences() == []


def test_a_reversal_that_nobody_knows_is_matched_by_a_person() -> None:
    till = Till(100)
    part = till.arrives(40)
    unknown = till.line(40, is_reversal=True)
    till.take(transfers.book_reversal(unknown, till.moment()).decision)
    assert till.arrival(unknown).state is ArrivalState.UNMATCHED
    till.take(transfers.take_back(part, till.arrival(unknown), till.payment, till.moment()).decision)
    assert [one.state for one in till.arrivals] == [ArrivalState.SETTLED] * 2
    assert (till.balance(SUSPENSE), till.balance(DEPOSITS), till.balance(BANK)) == (0, 0, 0)
    assert till.differences() == []
    with pytest.raises(Refused):
        transfers.take_back(till.arrival(part), till.arrival(unknown), till.payment, till.moment())


@pytest.mark.parametrize(("verdict", "place"), [(Verdict.APPROVED, Place.RETURNS), (Verdict.DECLINED, Place.MERCHANT)])
def test_what_arrives_while_a_card_is_asked_waits_for_what_comes_of_that(verdict: Verdict, place: Place) -> None:
    till = Till(100)
    asking = payments.charge(till.payment, till.moment())
    till.take(asking.decision)
    waits = till.arrives(100)
    assert (waits.state, till.payment.captured) == (ArrivalState.HELD, 0)
    concluded = conclude(Standing(till.payment, till.of(Attempt)[0]), said(verdict), till.moment())
    assert concluded
    assert TimerKind.SETTLE_TRANSFER in {timer.kind for timer in concluded[1].schedule}
    till.take(concluded[1])
    till.settles()
    assert (till.arrival(waits).at(place), till.payment.captured) == (100, 100)
    assert till.differences() == []


def test_what_the_bank_took_beyond_what_was_left_is_covered_by_what_comes_later() -> None:
    till = Till(100, under=True)
    first = till.arrives(60)
    is_refunded(till, 50)
    till.is_reversed(first)
    assert (till.payment.disputed, till.payment.overdrawn) == (10, 50)
    till.arrives(40)
    assert (till.payment.disputed, till.payment.overdrawn, till.payment.refundable.amount) == (50, 10, 0)
    assert till.differences() == []


def test_a_yes_that_comes_once_time_is_over_is_given_back() -> None:
    till = Till(100)
    till.take(payments.charge(till.payment, till.moment()).decision)
    due: set[TimerKind] = set()
    for verdict in (Verdict.NEVER_SEEN, Verdict.APPROVED):
        concluded = conclude(Standing(till.payment, till.of(Attempt)[0]), said(verdict), till.moment())
        assert concluded
        till.take(concluded[1])
        due = {timer.kind for timer in concluded[1].schedule}
        till.now = DEADLINE
        till.settles()
    assert (till.payment.canceled and till.payment.canceled.cause, till.payment.captured) == ("lapsed", 0)
    assert [one.amount for one in till.payment.surplus] == [100]
    assert TimerKind.REVERSE in due
    assert till.differences() == []


def test_what_comes_once_all_was_paid_back_goes_back() -> None:
    till = Till(100, under=True)
    till.arrives(60)
    is_refunded(till, 60)
    assert till.arrives(40).state is ArrivalState.RETURNING
    assert (till.payment.captured, till.payment.refunded, till.balance(RETURNS)) == (60, 60, 40)
    assert till.differences() == []


def is_refunded(till: Till, amount: int) -> None:
    refund, asking = refunds.ask(till.payment, Money(amount, "USD"), till.moment())
    till.take(asking.decision.also(refund))
    standing = Standing(till.payment, till.of(Attempt)[0], till.of(Refund)[0])
    concluded = conclude(standing, said(Verdict.APPROVED), till.moment())
    assert concluded
    till.take(concluded[1])


class Arriving(RuleBasedStateMachine):
    """Arrivals of any amount in any order beside a card, cancellation, refunds, reversals and a bank that says no."""

    till: Till

    @initialize(amount=st.integers(1, 9), under=st.booleans(), over=st.booleans(), fee=st.integers(0, 9_999))
    def opens(self, amount: int, under: bool, over: bool, fee: int) -> None:
        self.till = Till(amount, under=under, over=over, plan=FeePlan(fee, {"USD": 1}))

    @rule(amount=st.integers(1, 12), debtor=ANYBODY)
    def arrives(self, amount: int, debtor: Debtor) -> None:
        self.till.arrives(amount, debtor)

    @rule(amount=st.integers(1, 12), debtor=ANYBODY)
    def arrives_for_nobody(self, amount: int, debtor: Debtor) -> None:
        till = self.till
        till.take(transfers.book(till.line(amount, debtor), None, (), Why.NO_REFERENCE, till.moment()).decision)

    @rule(data=st.data())
    def a_person_decides(self, data: st.DataObject) -> None:
        waiting = [one for one in self.till.arrivals if one.state is ArrivalState.UNMATCHED]
        if not waiting:
            return
        chosen, till = data.draw(st.sampled_from(waiting)), self.till
        try:
            if data.draw(st.booleans()):
                decision = transfers.assign(chosen, till.payment, till.held, till.moment()).decision
            else:
                decision = transfer_returns.send_back(chosen, KNOWN, till.moment())[1]
        except Refused:
            return
        till.take(decision)

    @rule(data=st.data(), verdict=st.sampled_from(list(Verdict)))
    def the_bank_is_asked(self, data: st.DataObject, verdict: Verdict) -> None:
        waiting = [one for one in self.till.arrivals if one.at(Place.RETURNS) > 0]
        if not waiting:
            return
        chosen, till = data.draw(st.sampled_from(waiting)), self.till
        if chosen.attempt is None or chosen.attempt.is_final:
            till.is_sent_back(chosen, verdict)
        elif concluded := transfer_returns.conclude(chosen, said(verdict), till.moment()):
            till.take(concluded[1])

    @rule(data=st.data())
    def the_bank_takes_back(self, data: st.DataObject) -> None:
        there = [one for one in self.till.arrivals if not one.is_reversal and one.at(Place.RETURNS) == 0]
        reversed_ = {one.reverses for one in self.till.arrivals}
        there = [one for one in there if one.id not in reversed_]
        if there:
            chosen = data.draw(st.sampled_from(there))
            self.till.is_reversed(chosen, data.draw(st.integers(1, chosen.amount.amount)))

    @rule()
    def is_given_up(self) -> None:
        try:
            self.till.take(payment_intents.cancel(self.till.payment, None, self.till.moment())[1])
        except Refused:
            return
        self.till.settles()

    @rule(verdict=st.sampled_from([Verdict.APPROVED, Verdict.DECLINED, Verdict.UNKNOWN]))
    def a_card_is_tried(self, verdict: Verdict) -> None:
        till = self.till
        try:
            asking = payments.charge(till.payment, till.moment())
        except Refused:
            return
        till.take(asking.decision)
        self.a_card_is_heard_of(verdict)

    @rule(verdict=st.sampled_from([Verdict.APPROVED, Verdict.DECLINED]))
    def a_card_is_heard_of(self, verdict: Verdict) -> None:
        till = self.till
        waiting = [one for one in till.of(Attempt) if not one.is_final and one.refund is None]
        for attempt in waiting:
            concluded = conclude(Standing(till.payment, attempt), said(verdict), till.moment())
            if concluded:
                till.take(concluded[1])
                till.settles()

    @rule(verdict=st.sampled_from([Verdict.APPROVED, Verdict.DECLINED]))
    def is_refunded(self, verdict: Verdict) -> None:
        till = self.till
        try:
            refund, asking = refunds.ask(till.payment, None, till.moment())
        except Refused:
            return
        till.take(asking.decision.also(refund))
        attempt = till.records[asking.attempt.id]
        known = till.records[refund.id]
        assert isinstance(attempt, Attempt)
        assert isinstance(known, Refund)
        assert attempt.bank == till.payment.bank
        concluded = conclude(Standing(till.payment, attempt, known), said(verdict), till.moment())
        assert concluded
        till.take(concluded[1])

    @precondition(lambda self: self.till.now < DEADLINE)
    @rule()
    def time_is_over(self) -> None:
        self.till.now = DEADLINE
        self.till.settles()

    @invariant()
    def nothing_is_lost(self) -> None:
        if not hasattr(self, "till"):
            return
        till = self.till
        assert till.differences() == []
        for one in till.arrivals:
            if one.is_reversal:
                continue
            inside = sum(one.at(place) for place in Place if place is not Place.BANK)
            gone = sum(move.amount for move in one.moves[1:] if move.destination is Place.BANK)
            assert inside + gone == one.amount.amount
        payment = till.payment
        if payment.authorization is None and payment.transfer and not payment.disputed:
            limit = max(payment.amount.amount, kept(till) if payment.transfer.allow_overpay else 0)
            assert kept(till) == payment.captured <= limit
        if payment.canceled or payment.captured >= payment.amount.amount:
            assert not till.held, "a payment that is over holds nothing"
        succeeded = till.told.count("payment.succeeded")
        assert succeeded <= 1
        assert till.told.count("payment.canceled") + succeeded <= 1
        total = sum(gain for gain in ledger.movements(tuple(till.entries.values())).values())
        assert total == 0


TestArriving = Arriving.TestCase
TestArriving.settings = settings(max_examples=at_size(40, 3_000), stateful_step_count=at_size(14, 40), deadline=None)
