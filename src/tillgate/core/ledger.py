"""The ledger: money moves from one account to another, so that no entry can be out of balance."""

import enum

import msgspec

from tillgate.core import accounts
from tillgate.core.instants import Instant
from tillgate.core.money import Money
from tillgate.core.occasions import Occasion
from tillgate.core.rates import Rate


class Posting(msgspec.Struct, frozen=True):
    """One movement: `money` (positive) leaves `source` and arrives at `destination`."""

    source: str
    destination: str
    money: Money

    def __post_init__(self) -> None:
        if self.money.amount <= 0:
            raise ValueError("a posting moves a positive amount")
        if self.source == self.destination:
            raise ValueError("a posting moves money between two accounts")


class MovementType(enum.StrEnum):
    """What moved the balance of a merchant."""

    CHARGE = "charge"
    REFUND = "refund"
    ADJUSTMENT = "adjustment"
    PAYOUT = "payout"
    PAYOUT_FAILURE = "payout_failure"
    """What a bank did not pay out came back."""
    PAYOUT_CANCEL = "payout_cancel"
    ESCROW_HOLD = "escrow_hold"
    """What was paid went into escrow."""
    ESCROW_RELEASE = "escrow_release"
    """It came out of it: for the merchant, or on its way back to the buyer."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """Postings that belong together, under a natural id (`att_…:captured`): what is posted twice is refused by its id.

    `subject` is the record that the money moved for; who asked is kept with it. An entry that moves what the merchant
    is owed has a `type`, and is found by another id too, `balance_transaction`, which is in the order of time. `net` of
    `currency` is what it moves, and from `available_at` on that can be paid out; a payout itself has no such time.
    """

    tenant: str
    id: str
    subject: str
    occurred_at: Instant
    postings: tuple[Posting, ...]
    actor: str
    surface: str
    request_id: str
    type: MovementType | None = None
    balance_transaction: str | None = None
    currency: str | None = None
    net: int | None = None
    available_at: Instant | None = None

    @property
    def amount(self) -> int | None:
        """What it moves of what the merchant is owed before fees, where it does."""
        return None if self.type is None else sum(before_fees(posting) for posting in self.postings)


def before_fees(posting: Posting) -> int:
    """By how much a posting moves what the merchant is owed, but for fees."""
    if posting.destination == accounts.PAYABLE:
        return posting.money.amount
    is_fee = posting.destination in (accounts.FEES, accounts.DISPUTE_FEES)
    return -posting.money.amount if posting.source == accounts.PAYABLE and not is_fee else 0


def entry(
    tenant: str,
    id: str,
    subject: str,
    postings: tuple[Posting, ...],
    occasion: Occasion,
    type: MovementType = MovementType.ADJUSTMENT,
    available_at: Instant | None = None,
) -> Entry:
    """An entry as of an occasion; it needs at least one posting. `type` is what it is to the merchant's balance.

    Unsaid, what it moves is available at once. Raises ValueError where it moves the balance in two currencies.
    """
    if not postings:
        raise ValueError("an entry needs a posting")
    owed = [posting for posting in postings if accounts.PAYABLE in (posting.source, posting.destination)]
    currencies = {posting.money.currency for posting in owed}
    if len(currencies) > 1:
        raise ValueError("an entry moves the balance in one currency")
    net = sum(moved.money.amount if moved.destination == accounts.PAYABLE else -moved.money.amount for moved in owed)
    is_line = owed and type is not MovementType.PAYOUT
    return Entry(
        tenant=tenant,
        id=id,
        subject=subject,
        occurred_at=occasion.now,
        postings=postings,
        actor=occasion.actor,
        surface=occasion.surface,
        request_id=occasion.request_id,
        type=type if owed else None,
        balance_transaction=occasion.mint("bt") if owed else None,
        currency=currencies.pop() if owed else None,
        net=net if owed else None,
        available_at=(occasion.now if available_at is None else available_at) if is_line else None,
    )


def exchange(source: str, destination: str, sold: Money, rate: Rate) -> tuple[Posting, Posting]:
    """`sold` leaves `source`, and what it buys at `rate` arrives at `destination`, through the currencies' positions.

    Raises ValueError for what buys less than the smallest unit.
    """
    bought = rate.convert(sold)
    return (
        Posting(source, accounts.exchange(sold.currency), sold),
        Posting(accounts.exchange(bought.currency), destination, bought),
    )


def movements(entries: tuple[Entry, ...]) -> dict[tuple[str, str, str], int]:
    """How much each (tenant, account, currency) gains by these entries; each currency of it sums to zero."""
    gains: dict[tuple[str, str, str], int] = {}
    for booked in entries:
        for posting in booked.postings:
            currency, amount = posting.money.currency, posting.money.amount
            source = (booked.tenant, posting.source, currency)
            destination = (booked.tenant, posting.destination, currency)
            gains[source] = gains.get(source, 0) - amount
            gains[destination] = gains.get(destination, 0) + amount
    return gains
