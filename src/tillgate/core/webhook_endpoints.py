"""Webhook endpoints: where a merchant wants to be told what, and whether it still answers there."""

import base64
import enum
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from tillgate.core import metadata
from tillgate.core.decisions import Alias, Decision
from tillgate.core.events import EventType, event
from tillgate.core.instants import DAY, Duration, Instant
from tillgate.core.metadata import Notes
from tillgate.core.occasions import Occasion
from tillgate.core.reasons import Reason, Refused
from tillgate.core.records import Record, evolve

SECRET_PREFIX = "whsec_"  # noqa: S105 — what every secret begins with
SECRET_BYTES = 24

OLD_SECRET_SIGNS_FOR: Duration = DAY
"""How long what was replaced by a rotation signs beside the new secret."""

FAILS_FOR: Duration = 5 * DAY
"""How long an endpoint may answer nothing well before it is switched off."""

MOST = 16
"""How many endpoints a tenant may have."""

_SLOT = "webhook_endpoint_slot"

EVERYTHING = "*"

API_VERSION = "2024-11-15"
"""The form of bodies that new endpoints get (payment_gateway.txt, Changelog, the newest)."""

SUBSCRIBABLE = tuple(type.value for type in EventType if type is not EventType.WEBHOOK_ENDPOINT_TEST)


class EndpointStatus(enum.StrEnum):
    """Whether an endpoint is told anything."""

    ENABLED = "enabled"
    DISABLED = "disabled"


class Ordering(enum.StrEnum):
    """How long an event waits for the one before it: a while, or until that one has arrived or was given up."""

    DEFAULT = "default"
    STRICT = "strict"


class DisabledReason(enum.StrEnum):
    """Why an endpoint is switched off."""

    REQUESTED = "requested"
    GONE = "gone"
    """It answered 410."""
    FAILING = "failing"
    """Nothing was answered well for five days."""


class WebhookEndpoint(Record, frozen=True, kw_only=True, omit_defaults=True):
    """An address that is told of events. Its secrets are sealed; times are wall time but for `created`.

    `failing_since` is when the first try failed after the last one that did not. `events` counts what was announced
    about the endpoint itself. `slot` is which of the tenant's places it has; an `application`'s takes none, and is told
    of that one's checkouts alone.
    """

    SHAPE = 2

    created: Instant
    url: str
    enabled_events: tuple[str, ...]
    secret: bytes
    previous_secret: bytes | None = None
    previous_until: Instant | None = None
    description: str | None = None
    metadata: dict[str, str] = {}
    ordering: Ordering = Ordering.DEFAULT
    status: EndpointStatus = EndpointStatus.ENABLED
    disabled_reason: DisabledReason | None = None
    failing_since: Instant | None = None
    surface: str = "v1"
    api_version: str = API_VERSION
    events: int = 0
    slot: int = 0
    application: str | None = None

    @property
    def is_enabled(self) -> bool:
        """Whether it is told anything."""
        return self.status is EndpointStatus.ENABLED

    @property
    def form(self) -> str:
        """The surface and the version of the bodies that it gets, as one word."""
        return f"{self.surface}:{self.api_version}"

    def wants(self, type: str, stream: str) -> bool:
        """Whether an event is for it: a test is for the endpoint that it is about, all else for those enabled."""
        if type == EventType.WEBHOOK_ENDPOINT_TEST:
            return self.id == stream
        return self.is_enabled and (EVERYTHING in self.enabled_events or type in self.enabled_events)

    def sealed_secrets(self, wall: Instant) -> tuple[bytes, ...]:
        """What signs at a time, the newest first."""
        if self.previous_secret is None or self.previous_until is None or wall >= self.previous_until:
            return (self.secret,)
        return (self.secret, self.previous_secret)


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """What a merchant may choose about an endpoint; None leaves it as it is, an empty description takes it away."""

    url: str | None = None
    enabled_events: tuple[str, ...] | None = None
    description: str | None = None
    notes: Notes = Notes()
    ordering: Ordering | None = None
    status: EndpointStatus | None = None


def secret(random: bytes) -> str:
    """A signing secret made of random bytes (Standard Webhooks, Signature scheme)."""
    return SECRET_PREFIX + base64.b64encode(random).decode()


def check_events(names: Sequence[str]) -> tuple[str, ...]:
    """The events that an endpoint is to be told of, each once.

    Raises Refused(EVENT_UNKNOWN, "enabled_events") with its name in `name` for one that there is not.
    """
    for name in names:
        if name != EVERYTHING and name not in SUBSCRIBABLE:
            raise Refused(Reason.EVENT_UNKNOWN, "enabled_events", name=name)
    return tuple(dict.fromkeys(names))


def create(endpoint: WebhookEndpoint, others: Iterable[WebhookEndpoint]) -> tuple[WebhookEndpoint, Decision]:
    """A new endpoint beside the tenant's others, in a place of its own: it is claimed, so that no two get the same.

    Raises Refused(TOO_MANY_ENDPOINTS).
    """
    taken = {other.slot for other in others if other.application is None}
    slot = next((slot for slot in range(MOST) if slot not in taken), None)
    if slot is None:
        raise Refused(Reason.TOO_MANY_ENDPOINTS, most=MOST)
    placed = evolve(endpoint, slot=slot)
    return placed, Decision(save=(placed,), name=(Alias(placed.tenant, _SLOT, str(slot), placed.id),))


def delete(endpoint: WebhookEndpoint) -> Decision:
    """Forget an endpoint; its place is free."""
    if endpoint.application is not None:
        return Decision(remove=(endpoint,))
    return Decision(remove=(endpoint,), name=(Alias(endpoint.tenant, _SLOT, str(endpoint.slot), None, moves=True),))


def change(endpoint: WebhookEndpoint, wishes: Wishes) -> WebhookEndpoint:
    """The endpoint as it is wished for; switching it on forgets that it failed. Raises like metadata.changed."""
    plain = ("url", "enabled_events", "ordering", "status")
    changes: dict[str, Any] = {name: value for name in plain if (value := getattr(wishes, name)) is not None}
    changes["metadata"] = metadata.changed(endpoint.metadata, wishes.notes)
    if wishes.description is not None:
        changes["description"] = wishes.description or None
    if wishes.status is EndpointStatus.ENABLED:
        changes |= {"disabled_reason": None, "failing_since": None}
    elif wishes.status is EndpointStatus.DISABLED and endpoint.is_enabled:
        changes["disabled_reason"] = DisabledReason.REQUESTED
    return evolve(endpoint, **changes)


def rotate(endpoint: WebhookEndpoint, sealed: bytes, wall: Instant) -> WebhookEndpoint:
    """The endpoint with a new secret; the old one signs beside it for a day."""
    until = wall + OLD_SECRET_SIGNS_FOR
    return evolve(endpoint, secret=sealed, previous_secret=endpoint.secret, previous_until=until)


def test(endpoint: WebhookEndpoint, occasion: Occasion) -> Decision:
    """Announce a test to this endpoint alone. Raises Refused(ENDPOINT_DISABLED)."""
    if not endpoint.is_enabled:
        raise Refused(Reason.ENDPOINT_DISABLED)
    return _announced(endpoint, EventType.WEBHOOK_ENDPOINT_TEST, occasion)


def heard(endpoint: WebhookEndpoint, *, well: bool, gone: bool, occasion: Occasion) -> Decision | None:
    """What a try says about its endpoint; None where that is nothing new.

    `well` where it was answered with success, `gone` where it was answered 410 (RFC 9110, 15.5.11).
    """
    if not endpoint.is_enabled:
        return None
    if well:
        return Decision(save=(evolve(endpoint, failing_since=None),)) if endpoint.failing_since is not None else None
    if gone:
        return _switched_off(endpoint, DisabledReason.GONE, occasion)
    if endpoint.failing_since is None:
        return Decision(save=(evolve(endpoint, failing_since=occasion.wall),))
    if occasion.wall - endpoint.failing_since >= FAILS_FOR:
        return _switched_off(endpoint, DisabledReason.FAILING, occasion)
    return None


def _switched_off(endpoint: WebhookEndpoint, why: DisabledReason, occasion: Occasion) -> Decision:
    off = evolve(endpoint, status=EndpointStatus.DISABLED, disabled_reason=why)
    return _announced(off, EventType.WEBHOOK_ENDPOINT_DISABLED, occasion)


def _announced(endpoint: WebhookEndpoint, type: EventType, occasion: Occasion) -> Decision:
    counted = evolve(endpoint, events=endpoint.events + 1)
    view = evolve(counted, secret=b"", previous_secret=None, previous_until=None)
    return Decision(save=(counted,), announce=(event(type, view, endpoint.id, counted.events, occasion),))
