"""Reconciliation of payouts: whether a payout, its lines, its postings and its events tell one story."""

from collections import Counter
from collections.abc import Iterator

import msgspec

from tillgate.core import accounts
from tillgate.core.payouts import Lines, Payout, PayoutState
from tillgate.core.reconciliation import Moved


class PayoutStory(msgspec.Struct):
    """A payout and everything that was ever written about it."""

    payout: Payout
    lines: Lines = Lines(0, 0)
    moved: list[Moved] = []
    told: list[int] = []


def differences(story: PayoutStory) -> Iterator[str]:
    """Everything in which the parts of a story contradict each other; nothing when the books are right."""
    payout = story.payout
    if story.lines != payout.lines:
        yield f"{payout.lines.count} lines of {payout.lines.net} were paid out, the books have {story.lines}"
    if (
        payout.party is None
        and (total := payout.lines.net + sum(line.amount for line in payout.carried)) != payout.amount.amount
    ):
        yield f"its lines sum to {total}, not to {payout.amount.amount}"
    if payout.amount.amount <= 0:
        yield "it pays out nothing"
    lines = Counter(story.moved)
    lines.subtract(_expected(payout))
    for line, times in lines.items():
        if times:
            what = f"{line.amount} {line.currency} from {line.source} to {line.destination}"
            yield f"{line.entry}: {what} is {'in the books without cause' if times > 0 else 'not in the books'}"
    if story.told != list(range(1, payout.events + 1)):
        yield f"events {story.told} where {payout.events} were announced"


def _expected(payout: Payout) -> Iterator[Moved]:
    """What a payout that stands where it does has moved."""
    transit, receivable = accounts.IN_TRANSIT, accounts.receivable(payout.bank)
    yield _moved(payout, "created", payout.owed, transit)
    if payout.reversal:
        what = "canceled" if payout.state is PayoutState.CANCELED else "failed"
        yield _moved(payout, what, transit, payout.owed)
    if payout.state is PayoutState.PAID or payout.returned:
        yield _moved(payout, "paid", payout.owed if payout.reversal else transit, receivable)
    if payout.returned:
        yield _moved(payout, "returned", receivable, payout.owed)


def _moved(payout: Payout, what: str, source: str, destination: str) -> Moved:
    return Moved(f"{payout.id}:{what}", source, destination, payout.amount.currency, payout.amount.amount)
