"""The forms in which the sandbox bank is told things, and says them."""

import enum
from collections.abc import Mapping
from typing import Annotated, Final

import msgspec

from tillgate.core.attempts import Kind
from tillgate.core.disputes import DisputeReason, DisputeStatus
from tillgate.core.instants import Instant
from tillgate.core.three_d_secure import Demand, Flow, Result, ResultReason


class Card(msgspec.Struct, frozen=True, omit_defaults=True):
    """The card that is to pay. Its repr shows nothing."""

    number: str
    exp_month: int
    exp_year: int
    cvc: str | None = None
    name: str | None = None
    cryptogram: str | None = None
    eci: str | None = None
    agreement: str | None = None

    def __repr__(self) -> str:
        return "Card()"


class Account(msgspec.Struct, frozen=True, omit_defaults=True):
    """The account that money is to be sent to."""

    number: str
    country: str
    holder: str
    routing: str | None = None


class Order(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the bank is asked to do."""

    merchant_id: str
    reference: str
    amount: int
    currency: str
    card: Card | None = None
    account: Account | None = None
    target: str | None = None
    merchant_name: str = ""
    return_url: str | None = None
    three_d_secure: Demand = Demand.AUTOMATIC
    off_session: bool = False
    may_challenge: bool = True
    again: bool = False


class Said(enum.StrEnum):
    """What the bank says became of it."""

    APPROVED = "approved"
    DECLINED = "declined"
    PENDING = "pending"
    CHALLENGE = "challenge"
    NOT_FOUND = "not_found"


class Standing(enum.StrEnum):
    """What the bank says of how a cardholder was authenticated."""

    AUTHENTICATED = "authenticated"
    ATTEMPTED = "attempted"
    REJECTED = "rejected"
    CANCELED = "canceled"
    TIMED_OUT = "timed_out"
    NOT_ENROLLED = "not_enrolled"
    UNAVAILABLE = "unavailable"


MEANING: Final[Mapping[Standing, tuple[Result, ResultReason | None]]] = {
    Standing.AUTHENTICATED: (Result.AUTHENTICATED, None),
    Standing.ATTEMPTED: (Result.ATTEMPT_ACKNOWLEDGED, None),
    Standing.REJECTED: (Result.FAILED, ResultReason.REJECTED),
    Standing.CANCELED: (Result.FAILED, ResultReason.CANCELED),
    Standing.TIMED_OUT: (Result.FAILED, ResultReason.ABANDONED),
    Standing.NOT_ENROLLED: (Result.NOT_SUPPORTED, ResultReason.CARD_NOT_ENROLLED),
    Standing.UNAVAILABLE: (Result.PROCESSING_ERROR, ResultReason.PROTOCOL_ERROR),
}
"""What each of them means."""


class Cardholder(msgspec.Struct, frozen=True, kw_only=True):
    """What the bank says of a cardholder."""

    flow: Flow
    status: Standing
    eci: str | None = None
    version: str | None = None
    transaction: str | None = None


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """What the bank says of an operation."""

    reference: str
    result: Said
    merchant_id: str | None = None
    kind: Kind | None = None
    amount: int | None = None
    currency: str | None = None
    code: str | None = None
    returned: str | None = None
    challenge_url: str | None = None
    authentication: Cardholder | None = None


class Response(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the bank is told of a dispute."""

    reference: str
    merchant_id: str
    evidence: dict[str, str] = {}


class Complaint(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What has the bank open a dispute, as a cardholder's objection would."""

    reference: str
    merchant_id: str
    target: str
    currency: str
    reason: DisputeReason
    amount: int | None = None
    evidence_due_by: Instant | None = None


class Disputed(msgspec.Struct, frozen=True, kw_only=True):
    """What the bank says of a dispute."""

    dispute: str
    merchant_id: str
    target: str
    amount: Annotated[int, msgspec.Meta(gt=0)]
    currency: str
    reason: str
    status: DisputeStatus
    evidence_due_by: Instant
    response: str | None = None


class Clock(msgspec.Struct, frozen=True, kw_only=True):
    """What the bank is told of a merchant's time."""

    ahead: int
    stands_at: Instant | None


class ClockSet(msgspec.Struct, frozen=True, kw_only=True):
    """What it answers: when it has something to do next of which that merchant is to hear."""

    next_at: Instant | None
