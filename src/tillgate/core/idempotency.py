"""Idempotency keys: a client's own name for a request, and the reply that every repeat of it gets."""

from tillgate.core.instants import MINUTE, Duration, Instant
from tillgate.core.personal import Personal
from tillgate.core.reasons import Reason, Refused
from tillgate.core.records import Record, evolve

LEASE: Duration = MINUTE
"""How long a request may run before a repeat of it takes over what it left."""


class IdempotencyKey(Record, frozen=True, kw_only=True, omit_defaults=True):
    """A claimed key. `id` is a keyed digest of the key, so that what clients put into keys is not kept.

    `fingerprint` tells whether a repeat asks the same; `subject` is the attempt that the request led to; `lease_until`
    (wall time) keeps repeats away while it runs; `reply` is the sealed answer once there is one. `person` is the
    customer, or a payment method that is nobody's yet, of whom the reply tells; once they are erased, so is the reply.
    """

    SHAPE = 2

    created: Instant
    fingerprint: str
    lease_until: Instant
    subject: str | None = None
    reply: Personal[bytes | None] = None
    person: str | None = None
    erased: bool = False


def claim(tenant: str, id: str, fingerprint: str, wall: Instant) -> IdempotencyKey:
    """A key as the first request claims it."""
    return IdempotencyKey(tenant=tenant, id=id, created=wall, fingerprint=fingerprint, lease_until=wall + LEASE)


def take_over(key: IdempotencyKey, wall: Instant) -> IdempotencyKey:
    """The key of a request that died, in the hands of a repeat.

    Raises Refused(IDEMPOTENCY_KEY_IN_USE) while the request before may still be running.
    """
    if wall < key.lease_until:
        raise Refused(Reason.IDEMPOTENCY_KEY_IN_USE)
    return evolve(key, lease_until=wall + LEASE)


def assert_same_request(key: IdempotencyKey, fingerprint: str) -> None:
    """Raises Refused(IDEMPOTENCY_KEY_REUSED) where the key stood for another request."""
    if key.fingerprint != fingerprint:
        raise Refused(Reason.IDEMPOTENCY_KEY_REUSED)


def erased(key: IdempotencyKey) -> IdempotencyKey:
    """The key without its reply, and so that it says why."""
    return evolve(key, reply=None, person=None, erased=True)


def assert_not_erased(key: IdempotencyKey) -> None:
    """Raises Refused(IDEMPOTENCY_REPLY_ERASED) where there was a reply, and it told of somebody who was erased."""
    if key.erased:
        raise Refused(Reason.IDEMPOTENCY_REPLY_ERASED)
