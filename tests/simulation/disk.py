"""What is on the disk of a world, read past the program."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

from tillgate.core.arrivals import Arrival
from tillgate.core.attempts import Attempt
from tillgate.core.customers import Customer
from tillgate.core.disputes import Dispute
from tillgate.core.payment_methods import PaymentMethod, Token
from tillgate.core.payments import Payment
from tillgate.core.payouts import Payout
from tillgate.core.records import Record
from tillgate.core.refunds import Refund
from tillgate.core.setup_intents import SetupIntent
from tillgate.store.database import SQLITE_FILE
from tillgate.store.records import kept

R = TypeVar("R", bound=Record)


class Disk:
    """Everything that was written, as of one moment."""

    def __init__(self, data: Path) -> None:
        self.path = data / SQLITE_FILE
        self.payments = self._records(Payment)
        self.attempts = self._records(Attempt)
        self.arrivals = self._records(Arrival)
        self.refunds = self._records(Refund)
        self.setup_intents = self._records(SetupIntent)
        self.disputes = self._records(Dispute)
        self.payouts = self._records(Payout)
        self.tokens = self._records(Token)
        self.methods = self._records(PaymentMethod)
        self.customers = self._records(Customer)

    @property
    def questions(self) -> dict[str, Attempt]:
        """Everything that banks were asked, payouts too."""
        asked = [payout.attempt for payout in self.payouts.values() if payout.attempt]
        return {**self.attempts, **{attempt.id: attempt for attempt in asked}}

    def rows(self, query: str) -> list[Any]:
        """The rows of a query."""
        with closing(sqlite3.connect(self.path)) as connection:
            return connection.execute(query).fetchall()

    def _records(self, type: type[R]) -> dict[str, R]:
        table = kept(type).table.name
        records = (kept(type).record(*row) for row in self.rows(f"select shape, body from {table}"))
        return {record.id: record for record in records}
