"""Moves of what arrived: from one place to another, each with its entry in the books."""

from typing import Final

from tillgate.core import accounts, attempts
from tillgate.core.arrivals import Arrival, Move, Place, Why
from tillgate.core.decisions import Decision
from tillgate.core.instants import Instant
from tillgate.core.ledger import MovementType, Posting, entry
from tillgate.core.money import Money
from tillgate.core.occasions import Occasion
from tillgate.core.records import evolve
from tillgate.core.timers import Timer, TimerKind

BANK: Final = "transfer"
"""What the bank is called at which money arrives by itself."""

_ACCOUNTS: Final = {
    Place.BANK: accounts.receivable(BANK),
    Place.SUSPENSE: accounts.SUSPENSE,
    Place.DEPOSITS: accounts.DEPOSITS,
    Place.MERCHANT: accounts.PAYABLE,
    Place.RETURNS: accounts.RETURNS,
}


def made(
    arrival: Arrival,
    source: Place,
    destination: Place,
    amount: int,
    occasion: Occasion,
    fee: int = 0,
    available_at: Instant | None = None,
) -> tuple[Arrival, Decision]:
    """The arrival with one more move, and the entry of it."""
    moved = evolve(arrival, moves=(*arrival.moves, Move(source, destination, amount, fee)))
    moved = moved if moved.at(Place.SUSPENSE) else evolve(moved, why=None)
    type = MovementType.CHARGE if destination is Place.MERCHANT else MovementType.ADJUSTMENT
    is_merchants = Place.MERCHANT in (source, destination) and arrival.payment
    subject = arrival.payment if is_merchants and arrival.payment else arrival.id
    lines = postings(moved.moves[-1], arrival.amount.currency)
    posted = entry(arrival.tenant, entry_id(moved, len(moved.moves)), subject, lines, occasion, type, available_at)
    return moved, Decision(post=(posted,))


def entry_id(arrival: Arrival, number: int) -> str:
    """The natural id of the entry of an arrival's first, second, … move."""
    return f"{arrival.id}:{number}"


def postings(move: Move, currency: str) -> tuple[Posting, ...]:
    """What a move is in the books."""
    moved = Posting(_ACCOUNTS[move.source], _ACCOUNTS[move.destination], Money(move.amount, currency))
    if not move.fee:
        return (moved,)
    return (moved, Posting(accounts.PAYABLE, accounts.FEES, Money(move.fee, currency)))


def sent_back(arrival: Arrival, source: Place, amount: int, occasion: Occasion) -> tuple[Arrival, Decision]:
    """On its way back, or shown to a person where nobody knows whose it is."""
    if not arrival.debtor.iban:
        return made(evolve(arrival, why=Why.DEBTOR_UNKNOWN), source, Place.SUSPENSE, amount, occasion)
    moved, decision = made(arrival, source, Place.RETURNS, amount, occasion)
    return moved, decision.merged(Decision(schedule=(follow(moved, occasion),)))


def follow(arrival: Arrival, occasion: Occasion) -> Timer:
    """The timer that sends back what is on its way, or asks the bank what became of that."""
    due_at: Instant | None = None
    if arrival.attempt is not None and not arrival.attempt.is_final:
        due_at = attempts.inquire_at(arrival.attempt, occasion)
    elif arrival.at(Place.RETURNS):
        due_at = occasion.wall
    return Timer(arrival.tenant, TimerKind.RETURN_TRANSFER, arrival.id, due_at)
