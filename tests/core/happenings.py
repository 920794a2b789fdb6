"""What may happen to a payment, as the tests of whole lives have it."""

from typing import TypeAlias

import msgspec

from tillgate.core.attempts import Kind, Verdict
from tillgate.core.disputes import DisputeStatus, ResponseKind


class Charge(msgspec.Struct, frozen=True):
    """The merchant has the card charged, for the first time or after it failed."""


class Swap(msgspec.Struct, frozen=True):
    """The merchant takes another card, to be charged later."""


class Retract(msgspec.Struct, frozen=True):
    """The worker finds it due that the challenge of an attempt ends, which was given up."""

    attempt: str


class Capture(msgspec.Struct, frozen=True):
    """The merchant takes so much of what is held."""

    amount: int


class Void(msgspec.Struct, frozen=True):
    """The merchant gives up what is held, or the challenge."""


class Expire(msgspec.Struct, frozen=True):
    """The worker finds the authorization's timer due."""


class Withdraw(msgspec.Struct, frozen=True):
    """The worker finds that a challenge was not met in time."""

    attempt: str


class GiveBack(msgspec.Struct, frozen=True):
    """The merchant refunds so much."""

    amount: int


class Object(msgspec.Struct, frozen=True):
    """A cardholder objects to so much, and the bank takes it back, however much there is."""

    amount: int


class Decide(msgspec.Struct, frozen=True):
    """The bank says where a dispute stands, and that it has taken the response, or does not say so."""

    dispute: str
    status: DisputeStatus
    heard: bool = False


class Respond(msgspec.Struct, frozen=True):
    """The merchant answers a dispute."""

    dispute: str
    kind: ResponseKind


class Reverse(msgspec.Struct, frozen=True):
    """The worker finds it due that what an attempt was granted once too often goes back."""

    attempt: str


class AskAgain(msgspec.Struct, frozen=True):
    """The client repeats a request whose question the bank never saw."""

    attempt: str


class Answer(msgspec.Struct, frozen=True):
    """The bank says something of an attempt; `early` while the question may still be on its way."""

    attempt: str
    verdict: Verdict
    early: bool = False


Happening: TypeAlias = (
    Charge
    | Swap
    | Withdraw
    | Retract
    | Capture
    | Void
    | Expire
    | GiveBack
    | Reverse
    | AskAgain
    | Answer
    | Object
    | Decide
    | Respond
)

Happened: TypeAlias = Happening | tuple[Kind, Verdict]
"""Something that happened; a pair is an answer about the newest attempt of a kind."""
