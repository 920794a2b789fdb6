"""Reconciliation of what arrived by itself: whether its moves, its postings and what came tell one story."""

from collections import Counter
from collections.abc import Iterator

import msgspec

from tillgate.core import arrival_moves
from tillgate.core.arrivals import Arrival, Place
from tillgate.core.attempts import State
from tillgate.core.reconciliation import Moved


class ArrivalStory(msgspec.Struct):
    """An arrival and everything that was ever posted of it."""

    arrival: Arrival
    moved: list[Moved] = []


def differences(story: ArrivalStory) -> Iterator[str]:
    """Everything in which the parts contradict each other; nothing when the books are right."""
    arrival = story.arrival
    lines = Counter(story.moved)
    lines.subtract(_lines(arrival))
    for line, times in lines.items():
        if times:
            what = f"{line.amount} {line.currency} from {line.source} to {line.destination}"
            yield f"{line.entry}: {what} is {'in the books without a move' if times > 0 else 'not in the books'}"
    came = sum(move.amount for move in arrival.moves[:1] if move.source is Place.BANK)
    if not arrival.is_reversal and came != arrival.amount.amount:
        yield f"{arrival.amount.amount} arrived, and {came} came from the bank"
    if min(arrival.at(place) for place in (Place.DEPOSITS, Place.MERCHANT, Place.RETURNS)) < 0:
        yield "more left a place than came to it"
    if (arrival.at(Place.SUSPENSE) != 0) != (arrival.why is not None):
        yield f"{arrival.at(Place.SUSPENSE)} waits for a person, and why is {arrival.why}"
    asked = arrival.attempt
    if asked is not None and not asked.is_final and asked.amount.amount != arrival.at(Place.RETURNS):
        yield f"{asked.amount.amount} is asked to be sent back, and {arrival.at(Place.RETURNS)} is on its way"
    if asked is not None and asked.state is State.APPROVED and arrival.at(Place.RETURNS):
        yield "it was sent back, and is on its way still"


def _lines(arrival: Arrival) -> Iterator[Moved]:
    for number, move in enumerate(arrival.moves, start=1):
        for posting in arrival_moves.postings(move, arrival.amount.currency):
            entry, money = arrival_moves.entry_id(arrival, number), posting.money
            yield Moved(entry, posting.source, posting.destination, money.currency, money.amount)
