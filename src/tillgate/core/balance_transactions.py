"""Balance transactions: what moved a merchant's balance, entry by entry of the ledger."""

import msgspec

from tillgate.core import accounts, ledger
from tillgate.core.instants import Instant
from tillgate.core.ledger import Entry, MovementType, Posting


class BalanceTransaction(msgspec.Struct, frozen=True):
    """One movement of the balance in minor units of `currency`: `amount` less `fee`. `source` is what it was for.

    From `available_at` on it can be paid out.
    """

    id: str
    type: MovementType
    source: str
    occurred_at: Instant
    amount: int
    fee: int
    currency: str
    available_at: Instant

    @property
    def net(self) -> int:
        """What the balance gained."""
        return self.amount - self.fee


def of_entry(entry: Entry) -> BalanceTransaction | None:
    """An entry as the merchant sees it, where it moved what the merchant is owed."""
    if entry.balance_transaction is None or entry.type is None:
        return None
    id, occurred_at = entry.balance_transaction, entry.occurred_at
    return of_postings(id, entry.type, entry.subject, occurred_at, entry.available_at, list(entry.postings))


def of_postings(
    id: str,
    type: MovementType,
    source: str,
    occurred_at: Instant,
    available_at: Instant | None,
    postings: list[Posting],
) -> BalanceTransaction:
    """An entry as the merchant sees it, by those of its postings that move what the merchant is owed."""
    amount = fee = 0
    currency = postings[0].money.currency
    for posting in postings:
        moved = ledger.before_fees(posting)
        amount += moved
        if posting.source == accounts.PAYABLE and not moved:
            fee += posting.money.amount
    return BalanceTransaction(id, type, source, occurred_at, amount, fee, currency, available_at or occurred_at)
