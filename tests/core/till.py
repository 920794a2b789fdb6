"""A payment that waits for a transfer, and everything that was written about it, taken in as the store does."""

from typing import Any

from tests.core.world import FEES, LATER, START, occasion, said
from tillgate.core import (
    arrival_reconciliation,
    ledger,
    payment_intents,
    payments,
    reconciliation,
    transfer_returns,
    transfers,
)
from tillgate.core.arrival_reconciliation import ArrivalStory
from tillgate.core.arrivals import Arrival, Debtor, Place
from tillgate.core.attempts import Attempt, Verdict
from tillgate.core.decisions import Decision
from tillgate.core.fees import FeePlan
from tillgate.core.instants import DAY, MINUTE
from tillgate.core.intents import Intent
from tillgate.core.ledger import Entry
from tillgate.core.money import Money
from tillgate.core.payments import Payment, Terms
from tillgate.core.reconciliation import Moved, Story
from tillgate.core.records import Record, evolve
from tillgate.core.refunds import Refund

KNOWN = Debtor("Ann", "DE89370400440532013000")
DEADLINE = START + DAY


class Till:
    """A payment that waits for a transfer, and everything that was written about it, taken in as the store does."""

    def __init__(
        self, amount: int = 100, *, under: bool = False, over: bool = False, plan: FeePlan = FEES, expires: bool = True
    ) -> None:
        self.now = START
        self.records: dict[str, Record] = {}
        self.names: set[tuple[str, str]] = set()
        self.entries: dict[str, Entry] = {}
        self.told: list[str] = []
        self.sequence: list[int] = []
        self.came = 0
        opened = payments.open(
            Terms(amount=Money(5_000, "USD"), intent=Intent()),
            tenant="ten_1",
            payment_method=None,
            card=None,
            customer=None,
            fee_plan=plan,
            bank="sandbox",
            occasion=occasion(),
        )
        payment, decision = payment_intents.open(evolve(opened, id="pay_1", amount=Money(amount, "USD")), self.moment())
        self.take(decision)
        deadline = DEADLINE if expires else None
        self.take(
            transfers.begin(payment, "RF1", expires_at=deadline, allow_underpay=under, allow_overpay=over)[1],
        )

    def moment(self) -> Any:
        self.now += 1
        return occasion(self.now, LATER + self.now * MINUTE)

    def take(self, decision: Decision) -> None:
        seen = {record.id for record in decision.save}
        assert len(seen) == len(decision.save), "a commit writes a record once"
        for record in decision.save:
            self.records[record.id] = evolve(record, version=record.version + 1)
        for name in decision.name:
            assert (name.kind, name.value) not in self.names
            self.names.add((name.kind, name.value))
        for entry in decision.post:
            assert entry.id not in self.entries, "posted twice"
            self.entries[entry.id] = entry
        self.told += [event.type.value for event in decision.announce]
        self.sequence += [event.sequence for event in decision.announce]

    @property
    def payment(self) -> Payment:
        found = self.records["pay_1"]
        assert isinstance(found, Payment)
        return found

    def of(self, type: Any) -> list[Any]:
        return sorted((one for one in self.records.values() if isinstance(one, type)), key=lambda one: str(one.id))

    @property
    def arrivals(self) -> list[Arrival]:
        return self.of(Arrival)

    @property
    def held(self) -> list[Arrival]:
        return [one for one in self.arrivals if one.payment == "pay_1" and one.at(Place.DEPOSITS)]

    def line(self, amount: int, debtor: Debtor = KNOWN, *, is_reversal: bool = False) -> Arrival:
        self.came += 1
        return Arrival(
            tenant="ten_1",
            id=f"arr_{self.came:04}",
            created=self.now,
            account="DE1",
            reference=f"bank{self.came}",
            amount=Money(amount, "USD"),
            booked_at=self.now,
            debtor=debtor,
            is_reversal=is_reversal,
        )

    def arrives(self, amount: int, debtor: Debtor = KNOWN) -> Arrival:
        new = self.line(amount, debtor)
        self.take(transfers.book(new, self.payment, self.held, None, self.moment()).decision)
        return self.arrival(new)

    def arrival(self, like: Arrival) -> Arrival:
        found = self.records[like.id]
        assert isinstance(found, Arrival)
        return found

    def settles(self) -> None:
        self.take(transfers.settle(self.payment, self.held, self.moment()).decision)

    def is_sent_back(self, arrival: Arrival, verdict: Verdict = Verdict.APPROVED) -> Arrival:
        asked, decision = transfer_returns.ask(self.arrival(arrival), self.moment())
        self.take(decision)
        concluded = transfer_returns.conclude(self.arrival(asked), said(verdict), self.moment())
        if concluded:
            self.take(concluded[1])
        return self.arrival(arrival)

    def is_reversed(self, original: Arrival, amount: int | None = None) -> Arrival:
        taken = self.line(amount or original.amount.amount, is_reversal=True)
        about = self.payment if original.payment else None
        self.take(transfers.take_back(original, taken, about, self.moment()).decision)
        return self.arrival(original)

    def balance(self, account: str) -> int:
        return ledger.movements(tuple(self.entries.values())).get(("ten_1", account, "USD"), 0)

    def differences(self) -> list[str]:
        lines = [
            Moved(entry.id, posting.source, posting.destination, posting.money.currency, posting.money.amount)
            for entry in self.entries.values()
            for posting in entry.postings
        ]
        of_payment = [line for line in lines if line.entry.startswith("att_")]
        attempts, given_back = self.of(Attempt), self.of(Refund)
        mine = [one for one in self.arrivals if one.payment == "pay_1"]
        found = list(
            reconciliation.differences(
                Story(self.payment, attempts, given_back, of_payment, self.sequence, [], mine),
            )
        )
        for arrival in self.arrivals:
            moved = [line for line in lines if line.attempt == arrival.id]
            found += arrival_reconciliation.differences(ArrivalStory(arrival, moved))
        return found
