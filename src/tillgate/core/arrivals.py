"""Arrivals: money that came to a collecting account by itself, and at every moment where each unit of it is."""

import enum

import msgspec

from tillgate.core.attempts import Attempt
from tillgate.core.fees import FeePlan
from tillgate.core.instants import Instant
from tillgate.core.money import Money
from tillgate.core.occasions import Occasion
from tillgate.core.personal import Personal
from tillgate.core.records import Record
from tillgate.core.timers import Timer, TimerKind


class Debtor(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who sent money, as the statement says (ISO 20022); `iban` is their account, where it is said and is one."""

    name: Personal[str] = ""
    iban: Personal[str] = ""
    bic: Personal[str] = ""


class Transfer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What makes a payment one that waits for money to arrive by itself; minor units of the payment's currency.

    Its payer quotes `reference`. What arrives after `expires_at` (business time) goes back. Less than is due is `held`,
    or kept at once where `allow_underpay`; more goes back, or is kept where `allow_overpay`. `found_at` is when money
    was first heard of. What is refunded goes to `debtor`, whose money was kept last. What is kept costs what `fee_plan`
    says, whatever other ways of paying would have.
    """

    reference: str
    expires_at: Instant | None = None
    allow_underpay: bool = False
    allow_overpay: bool = False
    held: int = 0
    found_at: Instant | None = None
    debtor: Debtor | None = None
    fee_plan: FeePlan | None = None


class Place(enum.StrEnum):
    """Where money is. What the bank has is not here yet, or not any more."""

    BANK = "bank"
    SUSPENSE = "suspense"
    """Nobody knows what it is for: a person has to look."""
    DEPOSITS = "deposits"
    """It is for a payment that is not paid in full."""
    MERCHANT = "merchant"
    RETURNS = "returns"
    """It is on its way back."""


class Move(msgspec.Struct, frozen=True, omit_defaults=True):
    """Money that went from one place to another, in minor units; `fee` is what the merchant was charged of it."""

    source: Place
    destination: Place
    amount: int
    fee: int = 0


class Why(enum.StrEnum):
    """Why a person has to look at what arrived."""

    NO_REFERENCE = "no_reference"
    REFERENCES_SEVERAL = "references_several"
    WRONG_CURRENCY = "wrong_currency"
    DEBTOR_UNKNOWN = "debtor_unknown"
    """It is to go back, and nobody says where."""
    RETURN_REFUSED = "return_refused"
    """The bank said no to sending it back."""
    RETURNED_TWICE = "returned_twice"
    """The bank took back what had been sent back before: it is missing."""
    REVERSAL_UNKNOWN = "reversal_unknown"
    """The bank took something back, and it is not known what."""
    REVERSAL_OF_OURS = "reversal_of_ours"
    """What was sent has come back."""


class ArrivalState(enum.StrEnum):
    """What there is to be done about what arrived."""

    UNMATCHED = "unmatched"
    HELD = "held"
    RETURNING = "returning"
    SETTLED = "settled"


class Arrival(Record, frozen=True, kw_only=True, omit_defaults=True):
    """Money that came to the collecting `account` (its IBAN), under the bank's own `reference`, which is unique there.

    `moves` are all that ever became of it, the first one from the bank. A reversal is the bank's word that it took back
    what is `reverses`, the moves of which tell so. `attempt` is the newest question to send back what is on its way.
    """

    created: Instant
    account: str
    reference: str
    amount: Money
    booked_at: Instant
    debtor: Debtor = Debtor()
    remittance: Personal[str] = ""
    is_reversal: bool = False
    reverses: str | None = None
    payment: str | None = None
    why: Why | None = None
    moves: tuple[Move, ...] = ()
    attempt: Attempt | None = None
    returns: int = 0

    def at(self, place: Place) -> int:
        """How much of it is at a place, in minor units; less than nothing where more was taken from there."""
        came = sum(move.amount for move in self.moves if move.destination is place)
        return came - sum(move.amount for move in self.moves if move.source is place)

    def moved(self, source: Place, destination: Place) -> int:
        """How much ever went from one place to another."""
        way = (source, destination)
        return sum(move.amount for move in self.moves if (move.source, move.destination) == way)

    @property
    def fees(self) -> int:
        """What the merchant was charged."""
        return sum(move.fee for move in self.moves)

    @property
    def state(self) -> ArrivalState:
        """What there is to be done about it."""
        if self.at(Place.SUSPENSE):
            return ArrivalState.UNMATCHED
        if self.at(Place.DEPOSITS):
            return ArrivalState.HELD
        return ArrivalState.RETURNING if self.at(Place.RETURNS) else ArrivalState.SETTLED


def recheck(tenant: str, payment: str, transfer: Transfer | None, occasion: Occasion) -> tuple[Timer, ...]:
    """The timer that looks what becomes of what is held, where something else was decided about its payment."""
    if transfer is None or not transfer.held:
        return ()
    return (Timer(tenant, TimerKind.SETTLE_TRANSFER, payment, occasion.now),)


def attempt_id(arrival: Arrival) -> str:
    """The reference under which a bank is next asked to send it back."""
    return f"att_{arrival.id}_{arrival.returns + 1}"


def arrival_of(attempt: str) -> str | None:
    """The arrival that an attempt is to send back; None where it is about something else."""
    id = attempt.removeprefix("att_").rpartition("_")[0]
    return id if id.startswith("arr_") else None
