"""Payouts: every move, and over random histories that each one is the sum of its lines, none of which is in two."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.world import LATER, START, occasion, said
from tillgate.core import accounts, attempts, ledger, payout_settings, payouts
from tillgate.core.attempts import Outcome, Verdict
from tillgate.core.decisions import Decision
from tillgate.core.instants import DAY
from tillgate.core.ledger import Entry, MovementType, Posting
from tillgate.core.money import Money
from tillgate.core.payments import Failure
from tillgate.core.payout_settings import Interval, Weekday
from tillgate.core.payouts import MOVES, Lines, Move, Order, Payout, PayoutState, Settlement
from tillgate.core.reasons import Reason, Refused
from tillgate.core.records import evolve

ORDER = Order(destination="ba_1")


def settled(net: int, carried: int = 0) -> tuple[Settlement, Lines]:
    """A settlement with a statement of one line, or of none."""
    settlement = payouts.open_settlement("ten_1", "USD", occasion())
    return evolve(settlement, carried=carried, carried_from="po_0" if carried else None), Lines(bool(net), net)


def made(net: int = 100, carried: int = 0, amount: int | None = None) -> Payout:
    order = Order(destination="ba_1", amount=amount)
    return payouts.create(*settled(net, carried), order, "sandbox", occasion())[0]


def sent() -> Payout:
    return payouts.send(made(), occasion())[0]


def concluded(payout: Payout, verdict: Verdict) -> tuple[Payout, Decision]:
    found = payouts.conclude(payout, said(verdict), occasion(wall=LATER))
    assert found is not None
    return found


def ways(decision: Decision) -> list[tuple[str, str, int, MovementType | None]]:
    return [
        (posting.source, posting.destination, posting.money.amount, entry.type)
        for entry in decision.post
        for posting in entry.postings
    ]


def test_a_payout_leaves_the_balance_at_once_and_closes_the_statement() -> None:
    settlement, lines = settled(100)
    payout, decision = payouts.create(settlement, lines, ORDER, "sandbox", occasion())
    assert ways(decision) == [(accounts.PAYABLE, accounts.IN_TRANSIT, 100, MovementType.PAYOUT)]
    assert (payout.amount, payout.state) == (Money(100, "USD"), PayoutState.PENDING)
    closed = decision.save[1]
    assert isinstance(closed, Settlement)
    assert closed.statement != settlement.statement == payout.statement
    assert (closed.carried, closed.carried_from) == (0, None)


@pytest.mark.parametrize(
    ("net", "carried", "amount", "reason"),
    [
        (0, 0, None, Reason.NOTHING_TO_PAY_OUT),
        (-5, 0, None, Reason.NOTHING_TO_PAY_OUT),
        (-5, 5, None, Reason.NOTHING_TO_PAY_OUT),
        (-5, 0, 1, Reason.NOTHING_TO_PAY_OUT),
        (5, 5, 11, Reason.BALANCE_INSUFFICIENT),
    ],
)
def test_nothing_below_zero_and_no_more_than_there_is_is_paid_out(
    net: int, carried: int, amount: int | None, reason: Reason
) -> None:
    with pytest.raises(Refused) as refused:
        made(net, carried, amount)
    assert refused.value.reason is reason


def test_a_part_carries_the_rest_over() -> None:
    settlement, lines = settled(100, carried=10)
    payout, decision = payouts.create(settlement, lines, Order(destination="ba_1", amount=30), "sandbox", occasion())
    assert payout.carried_in is not None
    assert payout.carried_out is not None
    assert (payout.carried_in.amount, payout.carried_in.payout, payout.carried_out.amount) == (10, "po_0", -80)
    closed = decision.save[1]
    assert isinstance(closed, Settlement)
    assert (closed.carried, closed.carried_from) == (80, payout.id)


@pytest.mark.parametrize(
    ("verdict", "state", "moved"),
    [
        (Verdict.APPROVED, PayoutState.PAID, (accounts.IN_TRANSIT, "bank:sandbox:receivable")),
        (Verdict.DECLINED, PayoutState.FAILED, (accounts.IN_TRANSIT, accounts.PAYABLE)),
        (Verdict.NEVER_SEEN, PayoutState.FAILED, (accounts.IN_TRANSIT, accounts.PAYABLE)),
        (Verdict.UNKNOWN, PayoutState.IN_TRANSIT, None),
        (Verdict.PENDING, PayoutState.IN_TRANSIT, None),
    ],
)
def test_only_an_explicit_answer_moves_a_payout(
    verdict: Verdict, state: PayoutState, moved: tuple[str, str] | None
) -> None:
    payout, decision = concluded(sent(), verdict)
    assert payout.state is state
    assert [way[:2] for way in ways(decision)] == ([moved] if moved else [])
    assert len(decision.announce) == (1 if moved else 0)
    assert (decision.schedule[0].due_at is None) == (state is PayoutState.FAILED), "what is in doubt is inquired"


def test_a_late_yes_takes_the_money_off_the_balance_again() -> None:
    failed, _ = concluded(sent(), Verdict.NEVER_SEEN)
    paid, decision = concluded(failed, Verdict.APPROVED)
    assert (paid.state, paid.failure) == (PayoutState.PAID, None)
    assert [way[:2] for way in ways(decision)] == [(accounts.PAYABLE, "bank:sandbox:receivable")]
    assert decision.post[0].available_at is not None, "it is a line of the next payout"


def test_a_bank_that_takes_back_a_yes_is_not_believed() -> None:
    paid, _ = concluded(sent(), Verdict.APPROVED)
    with pytest.raises(attempts.Contradiction):
        concluded(paid, Verdict.DECLINED)


RETURNED = Outcome(verdict=Verdict.APPROVED, returned=Reason.ACCOUNT_CLOSED, bank_code="R02")


def test_what_was_paid_and_comes_back_has_failed_and_is_a_line_of_the_next() -> None:
    paid, _ = concluded(sent(), Verdict.APPROVED)
    found = payouts.conclude(paid, RETURNED, occasion(wall=LATER))
    assert found is not None
    failed, decision = found
    assert (failed.state, failed.failure) == (PayoutState.FAILED, Failure(Reason.ACCOUNT_CLOSED, "R02"))
    assert ways(decision) == [("bank:sandbox:receivable", accounts.PAYABLE, 100, MovementType.PAYOUT_FAILURE)]
    assert decision.post[0].balance_transaction == failed.returned
    assert decision.schedule[0].due_at is None, "it comes back once"
    for again in (RETURNED, said(Verdict.APPROVED)):
        assert payouts.conclude(failed, again, occasion(wall=LATER)) is None


def test_what_came_back_before_anybody_heard_that_it_was_paid_is_told_of_as_both() -> None:
    found = payouts.conclude(sent(), RETURNED, occasion(wall=LATER))
    assert found is not None
    failed, decision = found
    assert [told.type.value for told in decision.announce] == ["payout.paid", "payout.failed"]
    assert [told.sequence for told in decision.announce] == [2, 3]
    assert [entry.id.rpartition(":")[2] for entry in decision.post] == ["paid", "returned"]
    assert payouts.conclude(failed, said(Verdict.APPROVED), occasion(wall=LATER)) is None, "a yes that comes late"


def test_the_bank_is_asked_for_some_days_whether_it_came_back() -> None:
    paid, decision = concluded(sent(), Verdict.APPROVED)
    assert decision.schedule[0].due_at == occasion(wall=LATER).wall + DAY
    later = occasion(now=START + payouts.RETURNS_WITHIN)
    assert payouts.follow(paid, later).due_at is None
    assert payouts.follow(paid, later, in_vain=True).due_at == later.wall + DAY, "until it answers"


def test_the_schedule_pays_out_once_a_day_and_not_less_than_it_is_to() -> None:
    settlement, lines = settled(100)
    order = Order(destination="ba_1", automatic=True, at_least=101)
    with pytest.raises(Refused):
        payouts.create(settlement, lines, order, "sandbox", occasion())
    order = Order(destination="ba_1", automatic=True, at_least=100)
    _, decision = payouts.create(settlement, lines, order, "sandbox", occasion())
    closed = decision.save[1]
    assert isinstance(closed, Settlement)
    with pytest.raises(Refused) as refused:
        payouts.create(closed, lines, order, "sandbox", occasion())
    assert refused.value.reason is Reason.NOTHING_TO_PAY_OUT
    payouts.create(closed, lines, order, "sandbox", occasion(now=START + DAY))
    payouts.create(closed, lines, ORDER, "sandbox", occasion())


def test_a_payout_is_canceled_while_the_bank_has_not_heard_of_it() -> None:
    canceled, decision = payouts.cancel(made(), occasion())
    assert canceled.state is PayoutState.CANCELED
    assert ways(decision) == [(accounts.IN_TRANSIT, accounts.PAYABLE, 100, MovementType.PAYOUT_CANCEL)]
    assert decision.schedule[0].due_at is None
    for late in (sent(), canceled):
        with pytest.raises(Refused) as refused:
            payouts.cancel(late, occasion())
        assert refused.value.reason is Reason.PAYOUT_NOT_PENDING
        with pytest.raises(Refused):
            payouts.send(late, occasion())


def test_every_state_is_reached() -> None:
    assert {PayoutState.PENDING, *MOVES.values()} == set(PayoutState)
    assert {move for _, move in MOVES} == set(Move)


class Books:
    """A merchant's balance in one currency, and its statements, as the store keeps them."""

    def __init__(self) -> None:
        self.settlement = payouts.open_settlement("ten_1", "USD", occasion())
        self.entries: list[Entry] = []
        self.taken: dict[str, str] = {}
        self.payouts: dict[str, Payout] = {}
        self.now = START

    def moved(self, amount: int, days: int) -> None:
        """So much more, or less, available after so many days."""
        way = ("bank:sandbox:receivable", accounts.PAYABLE) if amount > 0 else (accounts.PAYABLE, "bank:b:receivable")
        posting = Posting(*way, Money(abs(amount), "USD"))
        id = f"att_{len(self.entries)}:captured"
        self.entries.append(
            ledger.entry("ten_1", id, "pay_1", (posting,), occasion(self.now), available_at=self.now + days * DAY)
        )

    def settle(self) -> Lines:
        """Everything that is available in the open statement, and what that sums to."""
        for entry in self.entries:
            if entry.available_at is not None and entry.available_at <= self.now:
                self.taken.setdefault(entry.id, self.settlement.statement)
        return self.lines(self.settlement.statement)

    def lines(self, statement: str) -> Lines:
        nets = [entry.net or 0 for entry in self.entries if self.taken.get(entry.id) == statement]
        return Lines(len(nets), sum(nets))

    def after(self, decision: Decision) -> None:
        for record in decision.save:
            if isinstance(record, Payout):
                self.payouts[record.id] = record
            else:
                assert isinstance(record, Settlement)
                self.settlement = record
        assert not {entry.id for entry in self.entries} & {entry.id for entry in decision.post}, "posted twice"
        self.entries.extend(decision.post)

    @property
    def balance(self) -> int:
        return sum(entry.net or 0 for entry in self.entries)


happenings = st.lists(
    st.one_of(
        st.tuples(st.just("moved"), st.integers(-50, 80).filter(bool), st.integers(0, 3)),
        st.tuples(st.just("pass"), st.integers(0, 2)),
        st.tuples(st.just("pay out"), st.none() | st.integers(1, 60)),
        st.tuples(st.just("cancel"), st.integers(0, 5)),
        st.tuples(st.just("send"), st.integers(0, 5)),
        st.tuples(st.just("answer"), st.integers(0, 5), st.sampled_from([said(verdict) for verdict in Verdict])),
        st.tuples(st.just("answer"), st.integers(0, 5), st.just(RETURNED)),
    ),
    max_size=40,
)


def happen(books: Books, what: Any) -> None:
    kind, *details = what
    if kind == "moved":
        return books.moved(*details)
    if kind == "pass":
        books.now += details[0] * DAY
        return None
    if kind == "pay out":
        order = Order(destination="ba_1", amount=details[0])
        return books.after(payouts.create(books.settlement, books.settle(), order, "sandbox", occasion(books.now))[1])
    if details[0] >= len(books.payouts):
        return None
    payout = list(books.payouts.values())[details[0]]
    if kind == "cancel":
        return books.after(payouts.cancel(payout, occasion(books.now))[1])
    if kind == "send":
        return books.after(payouts.send(payout, occasion(books.now))[1])
    if found := payouts.conclude(payout, details[1], occasion(books.now, LATER)):
        books.after(found[1])
    return None


@given(happenings)
def test_every_payout_is_the_sum_of_its_lines_and_no_line_is_in_two(history: list[Any]) -> None:
    books = Books()
    for what in history:
        try:
            happen(books, what)
        except (Refused, attempts.Contradiction):
            continue
        in_payouts = {payout.statement for payout in books.payouts.values()}
        assert len(in_payouts) == len(books.payouts)
        for payout in books.payouts.values():
            carried = sum(line.amount for line in payout.carried)
            assert payout.lines == books.lines(payout.statement), "nothing joins a statement that is closed"
            assert payout.lines.net + carried == payout.amount.amount > 0
        taken = sum((entry.net or 0) for entry in books.entries if books.taken.get(entry.id) in in_payouts)
        rest = sum(
            entry.net or 0
            for entry in books.entries
            if entry.available_at is not None and books.taken.get(entry.id) not in in_payouts
        )
        out = sum(payout.amount.amount for payout in books.payouts.values())
        assert taken == out + books.settlement.carried
        assert books.balance == rest + books.settlement.carried


DAY_0 = 1_700_006_400_000_000
"""Wednesday, 2023-11-15, 00:00 UTC."""


@pytest.mark.parametrize(
    ("interval", "weekday", "day_of_month", "now", "days"),
    [
        (Interval.DAILY, Weekday.MONDAY, 1, DAY_0, 1),
        (Interval.DAILY, Weekday.MONDAY, 1, DAY_0 + DAY - 1, 1),
        (Interval.WEEKLY, Weekday.WEDNESDAY, 1, DAY_0, 7),
        (Interval.WEEKLY, Weekday.THURSDAY, 1, DAY_0, 1),
        (Interval.WEEKLY, Weekday.TUESDAY, 1, DAY_0, 6),
        (Interval.MONTHLY, Weekday.MONDAY, 15, DAY_0, 30),
        (Interval.MONTHLY, Weekday.MONDAY, 16, DAY_0, 1),
        (Interval.MONTHLY, Weekday.MONDAY, 31, DAY_0, 15),
        (Interval.MONTHLY, Weekday.MONDAY, 31, DAY_0 + 15 * DAY, 46),
        (Interval.MONTHLY, Weekday.MONDAY, 1, DAY_0, 16),
    ],
)
def test_the_next_payout_is_at_the_next_midnight_of_the_schedule(
    interval: Interval, weekday: Weekday, day_of_month: int, now: int, days: int
) -> None:
    settings = evolve(
        payout_settings.of("ten_1"), interval=interval, weekly_anchor=weekday, monthly_anchor=day_of_month
    )
    assert payout_settings.next_at(settings, now) == DAY_0 + days * DAY


def test_a_merchant_who_asks_for_every_payout_has_no_timer() -> None:
    assert payout_settings.next_at(payout_settings.of("ten_1"), DAY_0) is None
