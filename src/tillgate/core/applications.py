"""Applications: a merchant's ways to take payments, each with a public name, its own terms, tokens and listener."""

from collections.abc import Iterable
from typing import Final

from tillgate.core.decisions import Alias, Decision
from tillgate.core.events import Event, EventType
from tillgate.core.instants import Instant
from tillgate.core.merchants import DEMO_SHOP
from tillgate.core.payments import Payment
from tillgate.core.reasons import Reason, Refused
from tillgate.core.records import Record, evolve
from tillgate.core.webhook_endpoints import WebhookEndpoint

MOST: Final = 64
"""How many applications a tenant may have at once."""

MOST_TOKENS: Final = 100
"""How many client tokens of an application may be good at once."""

CLIENT_ID: Final = "client_id"
"""The kind of alias by which an application is named in requests."""

_SLOT: Final = "application_slot"

TOLD_OF: Final = tuple(
    type.value for type in EventType if type.value.startswith("checkout.") and "session" not in type.value
)
"""What an application's listener is told of."""


class Application(Record, frozen=True, kw_only=True, omit_defaults=True):
    """A way to take payments. `client_id` is 32 characters that whoever sees a page may know.

    No currency in the whitelist means any. `secret`, under seal, signs what its listener is told; `endpoint` is that
    listener. Several checkouts under one reference may be open at once where `allow_several`. `slot` is which of the
    tenant's places it has, until it is deleted.
    """

    created: Instant
    name: str
    client_id: str
    url: str | None = None
    currency_whitelist: tuple[str, ...] = ()
    allow_underpay: bool = False
    allow_overpay: bool = False
    allow_several: bool = False
    secret: bytes | None = None
    endpoint: str | None = None
    slot: int = 0
    deleted_at: Instant | None = None

    @property
    def site_id(self) -> str:
        """The name of its site."""
        return "site_" + self.id.removeprefix("app_")

    @property
    def setting_id(self) -> str:
        """The name of its site's setting."""
        return "set_" + self.id.removeprefix("app_")


DEMO_APPLICATION = Application(
    tenant=DEMO_SHOP.id,
    id="app_demoshop",
    created=0,
    name="Demo Shop",
    client_id="a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5p6",
    currency_whitelist=("USD", "EUR"),
    slot=MOST - 1,
)
"""Demo Shop's application where nobody configured anything. It exists by definition, as its merchant does."""


def create(application: Application, others: Iterable[Application]) -> tuple[Application, Decision]:
    """A new application beside the tenant's others, in a place of its own. Raises Refused(TOO_MANY_APPLICATIONS)."""
    taken = {other.slot for other in others if other.deleted_at is None}
    slot = next((slot for slot in range(MOST - 1) if slot not in taken), None)
    if slot is None:
        raise Refused(Reason.TOO_MANY_APPLICATIONS, most=MOST - 1)
    placed = evolve(application, slot=slot)
    names = (
        Alias(placed.tenant, CLIENT_ID, placed.client_id, placed.id),
        Alias(placed.tenant, _SLOT, str(slot), placed.id),
    )
    return placed, Decision(save=(placed,), name=names)


def delete(application: Application, now: Instant) -> tuple[Application, Decision]:
    """The application as it is once it takes no payments any more; its place is free."""
    gone = evolve(application, deleted_at=now, endpoint=None)
    return gone, Decision(save=(gone,), name=(Alias(gone.tenant, _SLOT, str(gone.slot), None, moves=True),))


def assert_takes(application: Application, currency: str) -> None:
    """Raises Refused(CURRENCY_NOT_ALLOWED) for what is not in its whitelist."""
    if application.currency_whitelist and currency not in application.currency_whitelist:
        raise Refused(Reason.CURRENCY_NOT_ALLOWED, "currency", allowed=", ".join(application.currency_whitelist))


def concerns(endpoint: WebhookEndpoint, event: Event) -> bool:
    """Whether an event is for a listener: an application's is told of its own checkouts."""
    if endpoint.application is None or event.type is EventType.WEBHOOK_ENDPOINT_TEST:
        return True
    view = event.view
    return isinstance(view, Payment) and view.checkout is not None and view.checkout.application == endpoint.application
