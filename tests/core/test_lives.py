"""Whole lives of payments: small ones in every way there is, others at random."""

from collections.abc import Hashable
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.core import claims, exploration, progress
from tests.core.happenings import (
    Answer,
    AskAgain,
    Capture,
    Charge,
    Decide,
    Expire,
    GiveBack,
    Happening,
    Object,
    Respond,
    Retract,
    Reverse,
    Swap,
    Void,
    Withdraw,
)
from tests.core.world import World, lived, opened, tried
from tests.sizes import at_size
from tillgate.core.attempts import Contradiction, State, Verdict
from tillgate.core.disputes import DisputeStatus, ResponseKind
from tillgate.core.payments import CaptureMethod, Status
from tillgate.core.timers import TimerKind

EXPIRY = (TimerKind.EXPIRE_AUTHORIZATION, "pay_1")


@pytest.mark.parametrize(
    ("amount", "method", "never_seen"),
    [
        (3, CaptureMethod.AUTOMATIC, 0),
        (2, CaptureMethod.MANUAL, 0),
        (1, CaptureMethod.AUTOMATIC, 1),
        *at_size(
            [],
            [
                (3, CaptureMethod.MANUAL, 0),
                (1, CaptureMethod.MANUAL, 1),
                (2, CaptureMethod.AUTOMATIC, 1),
                (1, CaptureMethod.MANUAL, 2),
                (2, CaptureMethod.AUTOMATIC, 2),
                (2, CaptureMethod.MANUAL, 1),
                (3, CaptureMethod.AUTOMATIC, 1),
            ],
        ),
    ],
)
def test_whatever_happens_in_whatever_order_the_books_are_right(
    amount: int, method: CaptureMethod, never_seen: int
) -> None:
    reached = {
        after.payment.status
        for _, _, after in exploration.steps(World(opened(amount, method)), never_seen)
        if isinstance(after, World)
    }
    assert reached == set(Status) - ({Status.AUTHORIZED} if method is CaptureMethod.AUTOMATIC else set())


@pytest.mark.parametrize("method", CaptureMethod)
def test_worlds_that_the_search_takes_for_one_have_one_future(method: CaptureMethod) -> None:
    futures: dict[Hashable, set[Hashable]] = {}
    for _, _, after in exploration.steps(World(opened(1, method)), never_seen=at_size(0, 1)):
        if isinstance(after, World):
            future = exploration.future(after)
            assert futures.setdefault(exploration.essence(after), future) == future


@pytest.mark.parametrize(
    ("amount", "method", "most_disputes"),
    [
        (2, CaptureMethod.AUTOMATIC, 1),
        (1, CaptureMethod.AUTOMATIC, 2),
        (1, CaptureMethod.MANUAL, 1),
        *at_size(
            [],
            [
                (2, CaptureMethod.AUTOMATIC, 2),
                (1, CaptureMethod.MANUAL, 2),
                (3, CaptureMethod.AUTOMATIC, 2),
                (2, CaptureMethod.MANUAL, 1),
                (2, CaptureMethod.AUTOMATIC, 3),
            ],
        ),
    ],
)
def test_whatever_a_bank_takes_back_and_whenever_nothing_is_lost_or_frozen(
    amount: int, method: CaptureMethod, most_disputes: int
) -> None:
    """No answer of a bank is a contradiction for a dispute's sake, and no more is refunded than disputes leave."""
    most_overdrawn = 0
    for _, _, after in exploration.steps(World(opened(amount, method), most_disputes=most_disputes), 0):
        if isinstance(after, World):
            most_overdrawn = max(most_overdrawn, after.payment.overdrawn)
    # Everything was refunded, or never taken, and each dispute is of everything.
    assert most_overdrawn == amount * most_disputes


class Lives(RuleBasedStateMachine):
    """Payments of any size, to which anything happens."""

    world: World

    @initialize(amount=st.integers(1, 100_000), method=st.sampled_from(CaptureMethod))
    def begin(self, amount: int, method: CaptureMethod) -> None:
        self.world = lived(World(opened(amount, method)), Charge())

    @rule(what=st.sampled_from([Charge(), Swap(), Void()]))
    def the_merchant_asks(self, what: Happening) -> None:
        self.try_out(what)

    @rule(data=st.data())
    def the_merchant_captures(self, data: st.DataObject) -> None:
        capturable = self.world.payment.capturable.amount
        self.try_out(Capture(data.draw(st.integers(1, capturable + 1), label="amount")))

    @rule(data=st.data())
    def the_merchant_refunds(self, data: st.DataObject) -> None:
        refundable = self.world.payment.refundable.amount
        self.try_out(GiveBack(data.draw(st.integers(1, refundable + 1), label="amount")))

    @precondition(lambda self: self.world.attempts)
    @rule(data=st.data())
    def a_cardholder_objects(self, data: st.DataObject) -> None:
        self.try_out(Object(data.draw(st.integers(1, self.world.payment.amount.amount), label="amount")))

    @precondition(lambda self: self.world.disputes)
    @rule(data=st.data(), status=st.sampled_from(DisputeStatus), heard=st.booleans())
    def the_bank_decides(self, data: st.DataObject, status: DisputeStatus, heard: bool) -> None:
        self.try_out(Decide(data.draw(st.sampled_from(sorted(self.world.disputes)), label="dispute"), status, heard))

    @precondition(lambda self: self.world.disputes)
    @rule(data=st.data(), kind=st.sampled_from(ResponseKind))
    def the_merchant_responds(self, data: st.DataObject, kind: ResponseKind) -> None:
        self.try_out(Respond(data.draw(st.sampled_from(sorted(self.world.disputes)), label="dispute"), kind))

    @precondition(lambda self: EXPIRY in self.world.timers)
    @rule()
    def the_authorization_expires(self) -> None:
        self.try_out(Expire())

    @precondition(lambda self: self.world.payment.action)
    @rule()
    def the_challenge_expires(self) -> None:
        assert self.world.payment.asked is not None
        self.try_out(Withdraw(self.world.payment.asked.attempt))

    @precondition(lambda self: any(kind is TimerKind.WITHDRAW_CHALLENGE for kind, _ in self.world.timers))
    @rule(data=st.data())
    def a_challenge_that_was_given_up_ends(self, data: st.DataObject) -> None:
        due = [subject for kind, subject in self.world.timers if kind is TimerKind.WITHDRAW_CHALLENGE]
        self.try_out(Retract(data.draw(st.sampled_from(due), label="attempt")))

    @precondition(lambda self: self.world.payment.surplus)
    @rule(data=st.data())
    def what_was_granted_twice_goes_back(self, data: st.DataObject) -> None:
        surplus = [one.attempt for one in self.world.payment.surplus]
        self.try_out(Reverse(data.draw(st.sampled_from(surplus), label="surplus")))

    @rule(data=st.data(), verdict=st.sampled_from(Verdict), early=st.booleans())
    def the_bank_answers(self, data: st.DataObject, verdict: Verdict, early: bool) -> None:
        self.try_out(Answer(data.draw(st.sampled_from(sorted(self.world.attempts)), label="attempt"), verdict, early))

    @precondition(lambda self: any(a.state is State.NEVER_SEEN for a in self.world.attempts.values()))
    @rule(data=st.data())
    def the_client_repeats(self, data: st.DataObject) -> None:
        never_seen = [a.id for a in self.world.attempts.values() if a.state is State.NEVER_SEEN]
        self.try_out(AskAgain(data.draw(st.sampled_from(never_seen), label="attempt")))

    @invariant()
    def the_claims_hold(self) -> None:
        claims.hold(self.world)

    def try_out(self, what: Happening) -> None:
        after = tried(self.world, what)
        if isinstance(after, World):
            if after is not self.world:
                progress.follow(self.world, what, after)
            self.world = after
        elif not isinstance(after, Contradiction) or not self.is_flip(what):
            claims.refused(self.world, what, after)

    def is_flip(self, what: Happening) -> bool:
        if isinstance(what, Decide):
            return self.world.disputes[what.dispute].is_closed
        final = (State.APPROVED, State.DECLINED)
        return isinstance(what, Answer) and self.world.attempts[what.attempt].state in final


TestLives: Any = Lives.TestCase
TestLives.settings = settings(max_examples=at_size(40, 2_000), stateful_step_count=at_size(40, 60))
