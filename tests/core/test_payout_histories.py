"""Over random histories, with refunds, disputes, fees, exchanges and debts, every payout is the sum of its lines.

The store is played by a dictionary: what is available is taken to the statement that is open, as store.payouts does.
"""

from collections import Counter

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.core.world import LATER, START, occasion, said
from tests.sizes import at_size
from tillgate.core import accounts, attempts, ledger, payouts
from tillgate.core.attempts import Outcome, Verdict
from tillgate.core.decisions import Decision
from tillgate.core.instants import DAY
from tillgate.core.ledger import Entry, Posting
from tillgate.core.money import Money
from tillgate.core.payouts import Lines, Order, Payout, PayoutState, Settlement
from tillgate.core.rates import Rate
from tillgate.core.reasons import Reason, Refused

CURRENCIES = ("USD", "EUR")
BANK, DISPUTED = accounts.receivable("sandbox"), accounts.disputed("sandbox")

ANSWERS = [
    *(said(verdict) for verdict in Verdict),
    Outcome(verdict=Verdict.APPROVED, returned=Reason.ACCOUNT_CLOSED),
]

amounts = st.integers(1, 5_000)
currencies = st.sampled_from(CURRENCIES)


class Histories(RuleBasedStateMachine):
    """A merchant with a balance in two currencies, and everything that may move it."""

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.entries: dict[str, Entry] = {}
        self.taken: dict[str, str] = {}
        self.settlements: dict[str, Settlement] = {}
        self.payouts: dict[str, Payout] = {}

    @initialize()
    def opens(self) -> None:
        self.settlements = {one: payouts.open_settlement("ten_1", one, occasion()) for one in CURRENCIES}

    @rule(amount=amounts, fee=st.integers(0, 300), currency=currencies, days=st.integers(0, 3))
    def captures(self, amount: int, fee: int, currency: str, days: int) -> None:
        postings = [Posting(BANK, accounts.PAYABLE, Money(amount, currency))]
        if fee:
            postings.append(Posting(accounts.PAYABLE, accounts.FEES, Money(fee, currency)))
        self._post(tuple(postings), days)

    @rule(amount=amounts, currency=currencies, days=st.integers(0, 3))
    def captures_what_is_exchanged(self, amount: int, currency: str, days: int) -> None:
        other = CURRENCIES[1 - CURRENCIES.index(currency)]
        rate = Rate("test", 11, 10, other, currency, self.now)
        self._post(ledger.exchange(BANK, accounts.PAYABLE, Money(amount + 1, other), rate), days)

    @rule(amount=amounts, currency=currencies)
    def refunds(self, amount: int, currency: str) -> None:
        self._post((Posting(accounts.PAYABLE, BANK, Money(amount, currency)),))

    @rule(amount=amounts, fee=st.integers(1, 1_500), currency=currencies)
    def is_disputed(self, amount: int, fee: int, currency: str) -> None:
        taken = Posting(accounts.PAYABLE, DISPUTED, Money(amount, currency))
        self._post((taken, Posting(accounts.PAYABLE, accounts.DISPUTE_FEES, Money(fee, currency))))

    @rule(amount=amounts, currency=currencies)
    def wins_a_dispute(self, amount: int, currency: str) -> None:
        self._post((Posting(DISPUTED, accounts.PAYABLE, Money(amount, currency)),))

    @rule(days=st.integers(1, 2))
    def waits(self, days: int) -> None:
        self.now += days * DAY

    @rule(currency=currencies, amount=st.none() | amounts, automatic=st.booleans(), least=st.integers(1, 500))
    def is_paid_out(self, currency: str, amount: int | None, automatic: bool, least: int) -> None:
        lines = self._settle(currency)
        before = payouts.available(self.settlements[currency], lines)
        order = Order(
            destination="ba_1",
            amount=None if automatic else amount,
            automatic=automatic,
            at_least=least if automatic else 1,
        )
        try:
            made, decision = payouts.create(self.settlements[currency], lines, order, "sandbox", occasion(self.now))
        except Refused:
            return
        assert Money(0, currency) < made.amount <= before
        self._after(decision)

    @rule(data=st.data(), outcome=st.sampled_from(ANSWERS))
    def hears_of_a_payout(self, data: st.DataObject, outcome: Outcome) -> None:
        if payout := self._some(data):
            try:
                if payout.state is PayoutState.PENDING:
                    payout, decision = payouts.send(payout, occasion(self.now))
                    self._after(decision)
                if found := payouts.conclude(payout, outcome, occasion(self.now, LATER)):
                    self._after(found[1])
            except (Refused, attempts.Contradiction):
                pass

    @rule(data=st.data())
    def cancels_a_payout(self, data: st.DataObject) -> None:
        payout = self._some(data)
        if payout and payout.state is PayoutState.PENDING:
            self._after(payouts.cancel(payout, occasion(self.now))[1])

    @invariant()
    def every_payout_is_the_sum_of_its_lines(self) -> None:
        for payout in self.payouts.values():
            lines = self._lines(payout.statement)
            carried = sum(line.amount for line in payout.carried)
            assert payout.lines == lines, "nothing joins a statement that is closed"
            assert lines.net + carried == payout.amount.amount > 0

    @invariant()
    def no_line_is_in_two(self) -> None:
        statements = Counter(payout.statement for payout in self.payouts.values())
        assert set(statements.values()) <= {1}
        assert not statements.keys() & {settlement.statement for settlement in self.settlements.values()}

    @invariant()
    def what_is_not_paid_out_is_left(self) -> None:
        for currency in CURRENCIES:
            closed = {payout.statement for payout in self.payouts.values()}
            moved = [entry for entry in self.entries.values() if entry.currency == currency]
            lines = [entry for entry in moved if entry.available_at is not None]
            left = sum(entry.net or 0 for entry in lines if self.taken.get(entry.id) not in closed)
            assert left + self.settlements[currency].carried == sum(entry.net or 0 for entry in moved)

    @invariant()
    def what_is_under_way_is_in_transit(self) -> None:
        moved = ledger.movements(tuple(self.entries.values()))
        for currency in CURRENCIES:
            under_way = sum(
                payout.amount.amount
                for payout in self.payouts.values()
                if payout.amount.currency == currency and payout.state in (PayoutState.PENDING, PayoutState.IN_TRANSIT)
            )
            assert moved.get(("ten_1", accounts.IN_TRANSIT, currency), 0) == under_way

    def _some(self, data: st.DataObject) -> Payout | None:
        return data.draw(st.sampled_from(list(self.payouts.values()))) if self.payouts else None

    def _post(self, postings: tuple[Posting, ...], days: int = 0) -> None:
        id, available_at = f"att_{len(self.entries)}:moved", self.now + days * DAY
        self.entries[id] = ledger.entry("ten_1", id, "pay_1", postings, occasion(self.now), available_at=available_at)

    def _settle(self, currency: str) -> Lines:
        for entry in self.entries.values():
            if entry.currency == currency and entry.available_at is not None and entry.available_at <= self.now:
                self.taken.setdefault(entry.id, self.settlements[currency].statement)
        return self._lines(self.settlements[currency].statement)

    def _lines(self, statement: str) -> Lines:
        nets = [entry.net or 0 for entry in self.entries.values() if self.taken.get(entry.id) == statement]
        return Lines(len(nets), sum(nets))

    def _after(self, decision: Decision) -> None:
        for record in decision.save:
            if isinstance(record, Payout):
                self.payouts[record.id] = record
            else:
                assert isinstance(record, Settlement)
                self.settlements[record.id] = record
        for entry in decision.post:
            assert entry.id not in self.entries, "posted twice"
            self.entries[entry.id] = entry


Histories.TestCase.settings = settings(
    max_examples=at_size(40, 500), stateful_step_count=at_size(30, 50), deadline=None
)
TestHistories = Histories.TestCase
