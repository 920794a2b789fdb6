"""Faults: what a test merchant has go wrong on purpose, by kind, and drawn the same way for the same seed."""

import enum
import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec

from tillgate.core.instants import DAY, HOUR, Duration, Instant
from tillgate.core.reasons import Reason, Refused
from tillgate.core.records import Record, evolve

MOST: Final = 100
"""How many faults a merchant may have at once, spent ones included."""

MOST_TIMES: Final = 100
"""How often one fault may happen."""

LASTS: Final[Duration] = HOUR
LONGEST: Final[Duration] = 30 * DAY
"""How long a fault waits for its requests, where nothing else is said, and at most."""


class FaultKind(enum.StrEnum):
    """What goes wrong: with a question to the bank, or with the delivery of a webhook."""

    TIMEOUT_BEFORE = "timeout_before"
    """The bank never hears of it, and no answer comes."""
    TIMEOUT_AFTER = "timeout_after"
    """The bank does it, and no answer comes."""
    UNKNOWN = "unknown"
    """The bank does it, and neither says so nor knows of it when it is first asked."""
    SLOW = "slow"
    """The answer takes seconds, and comes."""
    DUPLICATE = "duplicate"
    """The request arrives twice, and the answer comes once more as a notice."""
    GARBAGE = "garbage"
    """The bank does it, and what it answers cannot be believed."""
    PENDING = "pending"
    """The bank knows later."""
    CARD_DECLINED = "card_declined"
    INSUFFICIENT_FUNDS = "insufficient_funds"
    EXPIRED_CARD = "expired_card"
    INCORRECT_CVC = "incorrect_cvc"
    PROCESSING_ERROR = "processing_error"
    WEBHOOK_DUPLICATE = "webhook_duplicate"
    """It is posted twice, under the same id."""
    WEBHOOK_REORDERED = "webhook_reordered"
    """It is held until the next one of the same payment went."""
    WEBHOOK_LOST = "webhook_lost"
    """It counts as sent, and does not arrive."""
    WEBHOOK_SLOW = "webhook_slow"
    """It is posted seconds later."""

    @property
    def is_of_webhooks(self) -> bool:
        """Whether it happens to deliveries, and not to questions to the bank."""
        return self.value.startswith("webhook_")


class FaultOperation(enum.StrEnum):
    """Which questions to the bank a fault is for; a subset of core.attempts.Kind."""

    CHARGE = "charge"
    AUTHORIZE = "authorize"
    CAPTURE = "capture"
    VOID = "void"
    REFUND = "refund"
    PAYOUT = "payout"


MOST_SECONDS: Final[dict[FaultKind, int]] = {
    FaultKind.TIMEOUT_BEFORE: 30,
    FaultKind.TIMEOUT_AFTER: 30,
    FaultKind.SLOW: 25,
    FaultKind.PENDING: 3600,
    FaultKind.WEBHOOK_SLOW: 10,
    FaultKind.WEBHOOK_REORDERED: 10,
}
"""The kinds that take time, and how long it may be at most."""


class Happening(msgspec.Struct, frozen=True, omit_defaults=True):
    """When a fault happened (wall time), to which object: a payment or event, by its id, and in doing what or where."""

    at: Instant
    subject: str
    operation: str | None = None
    endpoint: str | None = None


class Drawn(msgspec.Struct, frozen=True, omit_defaults=True):
    """A fault that happens now: which it is, and what decides how it goes in detail."""

    fault: str
    kind: FaultKind
    seed: int
    seconds: int | None = None


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a merchant wishes to go wrong: `count` times, each time with a chance of `probability` percent.

    Raises Refused(PARAMETER_INVALID) for what does not belong to the kind.
    """

    kind: FaultKind
    count: int = 1
    seed: int = 0
    probability: int = 100
    seconds: int | None = None
    operation: FaultOperation | None = None
    event_type: str | None = None
    lasts: Duration = LASTS

    def __post_init__(self) -> None:
        if self.operation is not None and self.kind.is_of_webhooks:
            raise Refused(Reason.PARAMETER_INVALID, "operation", problem="it is for what the bank is asked")
        if self.event_type is not None and not self.kind.is_of_webhooks:
            raise Refused(Reason.PARAMETER_INVALID, "event_type", problem="it is for webhooks")
        if self.seconds is not None:
            most = MOST_SECONDS.get(self.kind)
            if most is None:
                raise Refused(Reason.PARAMETER_INVALID, "seconds", problem=f"{self.kind.value} takes none")
            if self.seconds > most:
                problem = f"{self.kind.value} takes {most} at most"
                raise Refused(Reason.PARAMETER_INVALID, "seconds", problem=problem)


class Fault(Record, frozen=True, kw_only=True, omit_defaults=True):
    """A planted fault. It looks at each request that it is for, `seen` so many by now, and happens to some of them.

    Times are wall time.
    """

    created: Instant
    kind: FaultKind
    count: int
    seed: int
    probability: int
    expires_at: Instant
    seconds: int | None = None
    operation: FaultOperation | None = None
    event_type: str | None = None
    seen: int = 0
    happened: tuple[Happening, ...] = ()

    @property
    def remaining(self) -> int:
        """How often it may still happen, while it is there."""
        return self.count - len(self.happened)

    @property
    def lives_until(self) -> Instant | None:
        """When it stops happening; None where it has happened as often as it was to."""
        return self.expires_at if self.remaining else None


def plant(plan: Plan, *, tenant: str, id: str, wall: Instant) -> Fault:
    """The fault that was wished for."""
    return Fault(
        tenant=tenant,
        id=id,
        created=wall,
        kind=plan.kind,
        count=plan.count,
        seed=plan.seed,
        probability=plan.probability,
        expires_at=wall + plan.lasts,
        seconds=plan.seconds,
        operation=plan.operation,
        event_type=plan.event_type,
    )


def for_question(operation: str) -> Callable[[Fault], bool]:
    """Which faults are for a question of this kind to the bank."""
    return lambda fault: (
        not fault.kind.is_of_webhooks and (fault.operation is None or fault.operation.value == operation)
    )


def for_delivery(event_type: str) -> Callable[[Fault], bool]:
    """Which faults are for the delivery of an event of this type."""
    return lambda fault: fault.kind.is_of_webhooks and fault.event_type in (None, event_type)


def draw(
    planted: Iterable[Fault], meets: Callable[[Fault], bool], happening: Happening
) -> tuple[Drawn | None, Sequence[Fault]]:
    """The first fault that happens now, and those that change by it: what was looked at has drawn its lot."""
    changed: list[Fault] = []
    for fault in planted:
        if not meets(fault) or fault.lives_until is None or fault.lives_until <= happening.at:
            continue
        lot = _lot(fault.seed, fault.seen)
        if lot % 100 < fault.probability:
            happened = (*fault.happened, happening)
            changed.append(evolve(fault, seen=fault.seen + 1, happened=happened))
            return Drawn(fault.id, fault.kind, lot, fault.seconds), changed
        changed.append(evolve(fault, seen=fault.seen + 1))
    return None, changed


def _lot(seed: int, number: int) -> int:
    """A number below 2**48 for each request that a fault looks at."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{number}".encode()).digest()[:6], "big")
