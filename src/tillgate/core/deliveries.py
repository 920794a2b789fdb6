"""Deliveries: one event on its way to one endpoint, when it is tried, and when it is given up."""

import enum
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

import msgspec

from tillgate.core.faults import FaultKind
from tillgate.core.instants import DAY, HOUR, MICROSECOND, MINUTE, SECOND, Duration, Instant

WAITS: Final[tuple[Duration, ...]] = (
    5 * SECOND,
    5 * MINUTE,
    30 * MINUTE,
    2 * HOUR,
    5 * HOUR,
    10 * HOUR,
    14 * HOUR,
    20 * HOUR,
    24 * HOUR,
)
"""How long after each failed try the next one follows; when there is none left, it is given up."""

JITTER_PERCENT: Final = 10
"""By how much a wait is longer at most, so that what failed together is not tried together."""

LONGEST_ASKED_FOR: Final[Duration] = DAY
"""How long an endpoint may have us wait by `Retry-After`."""

DEADLINE_SECONDS: Final = 15
"""How long an endpoint may take to answer."""

LEASE: Final[Duration] = 30 * SECOND
"""How long a delivery is left to the worker that took it: longer than a try and the writing down of its result."""

PATIENCE: Final[Duration] = 5 * MINUTE
"""How long an event waits for the one before it."""

TRIES_WAITED_FOR: Final = 3
"""After how many failed tries of an event the next one waits no longer."""

_MOST_LOGGED: Final = 20
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_ERROR: Final = 200


class DeliveryState(enum.StrEnum):
    """How far a delivery is."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    """Given up: after the last try, or since the endpoint said that it is gone."""
    CANCELED = "canceled"
    """Its endpoint was deleted or switched off."""


class Try(msgspec.Struct, frozen=True, omit_defaults=True):
    """One try: when it began (wall time), how long it took, and the answer's status, or why there was none.

    `fault` is what its test merchant had go wrong with it.
    """

    at: Instant
    took_milliseconds: int
    status: int | None = None
    error: str | None = None
    fault: FaultKind | None = None

    @property
    def is_taken(self) -> bool:
        """Whether the endpoint has taken it."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_success(self) -> bool:
        """Whether it counts as taken: one that was to be lost does."""
        return self.is_taken or self.fault is FaultKind.WEBHOOK_LOST

    @property
    def is_gone(self) -> bool:
        """Whether the endpoint wants nothing any more."""
        return self.status == 410


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """An event for an endpoint. `version` moves whenever somebody takes it or writes down what became of it.

    `due_at` is when it is tried next, or comes back from a worker that died; None once it is finished. `tries` counts
    failed ones since it was last sent off, `log` tells of all that there were. `form` is that of its body.
    """

    tenant: str
    endpoint: str
    event: str
    type: str
    form: str
    stream: str
    sequence: int
    strict: bool
    created: Instant
    version: int = 0
    state: DeliveryState = DeliveryState.PENDING
    tries: int = 0
    due_at: Instant | None = None
    finished_at: Instant | None = None
    log: tuple[Try, ...] = ()


def after(delivery: Delivery, made: Try, now: Instant, *, jitter: int, retry_after: Duration | None) -> Delivery:
    """The delivery after a try; `jitter` is a random number below 65,536."""
    log = (*delivery.log, msgspec.structs.replace(made, error=made.error and made.error[:_LONGEST_ERROR]))
    log = log[-_MOST_LOGGED:]
    if made.is_success:
        return _finished(delivery, DeliveryState.SUCCEEDED, now, log)
    tries = delivery.tries + 1
    if made.is_gone or tries > len(WAITS):
        return _finished(msgspec.structs.replace(delivery, tries=tries), DeliveryState.FAILED, now, log)
    wait = wait_after(tries, jitter, retry_after)
    return msgspec.structs.replace(delivery, tries=tries, due_at=now + wait, log=log)


def given_up(delivery: Delivery, made: Try, now: Instant) -> Delivery:
    """The delivery after a try that no other can follow."""
    return _finished(delivery, DeliveryState.FAILED, now, (*delivery.log, made)[-_MOST_LOGGED:])


def wait_after(tries: int, jitter: int, retry_after: Duration | None = None) -> Duration:
    """How long to wait after so many failed tries, at least as long as the endpoint asked, within reason."""
    wait = max(WAITS[tries - 1], min(retry_after or 0, LONGEST_ASKED_FOR))
    return wait + wait * JITTER_PERCENT * jitter // (100 << 16)


def retry_after(text: str | None, now: Instant) -> Duration | None:
    """What a `Retry-After` header asks for: seconds, or until a date (RFC 9110, 10.2.3); None if unreadable."""
    text = (text or "").strip()
    if text.isascii() and text.isdigit() and len(text) < 10:
        return int(text) * SECOND
    try:
        until = (parsedate_to_datetime(text) - _EPOCH) // timedelta(microseconds=1)
    except (TypeError, ValueError, OverflowError):
        return None
    return max(until * MICROSECOND - now, 0)


def successors_due_at(delivery: Delivery, tried: Delivery) -> Instant | None:
    """When those that wait for a delivery that failed are to be looked at again; None where they wait no longer.

    Until then they would only be passed over, again and again.
    """
    if tried.due_at is None or (tried.tries >= TRIES_WAITED_FOR and not delivery.strict):
        return None
    return tried.due_at


def _finished(delivery: Delivery, state: DeliveryState, now: Instant, log: tuple[Try, ...]) -> Delivery:
    return msgspec.structs.replace(delivery, state=state, due_at=None, finished_at=now, log=log)
