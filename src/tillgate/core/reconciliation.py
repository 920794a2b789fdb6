"""Reconciliation: whether a payment's records, attempts, refunds, postings and events tell one story."""

from collections.abc import Iterator

import msgspec

from tillgate.core import accounts
from tillgate.core.attempts import Attempt, Kind, State
from tillgate.core.conclusions import POSTED_AS
from tillgate.core.payments import Payment
from tillgate.core.refunds import Refund, RefundState


class Moved(msgspec.Struct, frozen=True):
    """One posting as it stands in the books, with the entry that it is part of."""

    entry: str
    source: str
    destination: str
    currency: str
    amount: int

    @property
    def attempt(self) -> str:
        """The attempt that moved the money."""
        return self.entry.partition(":")[0]


class Story(msgspec.Struct):
    """A payment and everything that was ever written about it."""

    payment: Payment
    attempts: list[Attempt] = []
    refunds: list[Refund] = []
    moved: list[Moved] = []
    told: list[int] = []


def differences(story: Story) -> Iterator[str]:
    """Everything in which the parts of a story contradict each other; nothing when the books are right."""
    yield from _totals(story)
    yield from _entries(story)
    yield from _in_flight(story)
    yield from _refunds(story)
    if story.told != list(range(1, story.payment.events + 1)):
        yield f"events {story.told} where {story.payment.events} were announced"


def _sum(story: Story, suffixes: tuple[str, ...], source: str, destination: str) -> int:
    return sum(
        moved.amount
        for moved in story.moved
        if moved.entry.rpartition(":")[2] in suffixes
        and moved.source == source
        and moved.destination == destination
    )


def _totals(story: Story) -> Iterator[str]:
    payment = story.payment
    receivable, holds = accounts.receivable(payment.bank), accounts.holds(payment.bank)
    charged = _approved(story, Kind.CHARGE)
    posted = {
        "authorized": _sum(story, ("authorized",), holds, accounts.AUTHORIZED) + charged,
        "captured": _sum(story, ("captured",), receivable, accounts.PAYABLE),
        "voided": _sum(story, ("voided",), accounts.AUTHORIZED, holds),
        "refunded": _sum(story, ("refunded",), accounts.PAYABLE, receivable),
        "fees": _sum(story, ("captured",), accounts.PAYABLE, accounts.FEES),
    }
    for name, amount in posted.items():
        if amount != getattr(payment, name):
            yield f"{name} is {getattr(payment, name)}, the books say {amount}"
    released = _sum(story, ("captured", "voided"), accounts.AUTHORIZED, holds)
    if released != _approved(story, Kind.CAPTURE) + payment.voided:
        yield f"{released} was released from what was held, for {payment.captured} captured and {payment.voided} voided"
    if any(moved.currency != payment.amount.currency for moved in story.moved):
        yield "money moved in another currency"


def _approved(story: Story, kind: Kind) -> int:
    return sum(a.amount.amount for a in story.attempts if a.kind is kind and a.state is State.APPROVED)


def _entries(story: Story) -> Iterator[str]:
    """Every yes of a bank is in the books once, and nothing else is."""
    booked = {moved.entry for moved in story.moved}
    approved = {
        f"{attempt.id}:{POSTED_AS[attempt.kind]}"
        for attempt in story.attempts
        if attempt.state is State.APPROVED and not _moved_nothing(story.payment, attempt)
    }
    for entry in sorted(booked ^ approved):
        yield f"{entry} is {'in the books without an approved attempt' if entry in booked else 'not in the books'}"


def _moved_nothing(payment: Payment, attempt: Attempt) -> bool:
    """A void that ended a challenge: nothing was held yet."""
    return attempt.kind is Kind.VOID and not payment.authorized


def _in_flight(story: Story) -> Iterator[str]:
    waiting = {attempt.id for attempt in story.attempts if not attempt.is_final}
    reserved = {held.attempt for held in story.payment.in_flight}
    for attempt in sorted(waiting ^ reserved):
        yield f"{attempt} is {'in doubt without a reservation' if attempt in waiting else 'over, and still reserved'}"


_REFUND_STATES = {
    State.APPROVED: RefundState.SUCCEEDED,
    State.DECLINED: RefundState.FAILED,
    State.NEVER_SEEN: RefundState.FAILED,
}


def _refunds(story: Story) -> Iterator[str]:
    attempts = {attempt.id: attempt for attempt in story.attempts}
    for refund in story.refunds:
        attempt = attempts.get(refund.attempt)
        if attempt is None or attempt.refund != refund.id or attempt.amount != refund.amount:
            yield f"{refund.id} does not fit its attempt"
        elif _REFUND_STATES.get(attempt.state, RefundState.PENDING) is not refund.state:
            yield f"{refund.id} is {refund.state}, its attempt {attempt.state}"
    if len(story.refunds) != sum(attempt.kind is Kind.REFUND for attempt in story.attempts):
        yield f"{len(story.refunds)} refunds for another number of attempts to refund"
