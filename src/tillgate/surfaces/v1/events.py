"""Events on the wire: as GET shows them, and to the byte as webhooks carry them."""

from collections.abc import Callable
from typing import Any

import msgspec

from tillgate.core.credentials import Scope
from tillgate.core.customers import Customer
from tillgate.core.disputes import Dispute
from tillgate.core.events import Event, EventType
from tillgate.core.instants import unix_seconds
from tillgate.core.merchants import Tenant
from tillgate.core.payment_methods import PaymentMethod
from tillgate.core.payments import Payment
from tillgate.core.payouts import Payout
from tillgate.core.refunds import Refund
from tillgate.core.setup_intents import SetupIntent
from tillgate.core.webhook_endpoints import WebhookEndpoint
from tillgate.flows import events
from tillgate.flows.gateway import Answer, Renderers
from tillgate.http.exchange import Reply
from tillgate.store.events import Asked, right_above
from tillgate.surfaces.v1 import (
    checkout_sessions,
    customers,
    disputes,
    escrow_orders,
    messages,
    payment_intents,
    payment_methods,
    payment_names,
    payments,
    payouts,
    refunds,
    setup_intents,
    webhook_endpoints,
)
from tillgate.surfaces.v1.forms import ListGiven, ListShown, ShortText
from tillgate.surfaces.v1.operations import SURFACE, Call, Nothing, answer, answered, operation, shown

Show = Callable[[Any, bool, str], Any]
"""How a record is shown: itself, whether it is live, and where pages of ours are reached."""


def _payment(payment: Payment, livemode: bool, origin: str) -> Any:
    return payments.show(payment, livemode=livemode, origin=origin)


def _payment_intent(payment: Payment, livemode: bool, origin: str) -> Any:
    return payment_intents.show(payment, livemode=livemode, origin=origin)


def _checkout_session(payment: Payment, livemode: bool, origin: str) -> Any:
    return checkout_sessions.show(payment, livemode=livemode)


def _escrow_order(payment: Payment, livemode: bool, origin: str) -> Any:
    return escrow_orders.show(payment, livemode=livemode)


def _setup_intent(setup: SetupIntent, livemode: bool, origin: str) -> Any:
    return setup_intents.show(setup, livemode=livemode, origin=origin)


def _refund(refund: Refund, livemode: bool, origin: str) -> Any:
    return refunds.show(refund, livemode=livemode)


def _dispute(dispute: Dispute, livemode: bool, origin: str) -> Any:
    return disputes.show(dispute, livemode=livemode)


def _customer(customer: Customer, livemode: bool, origin: str) -> Any:
    return customers.show(customer, livemode=livemode)


def _payment_method(method: PaymentMethod, livemode: bool, origin: str) -> Any:
    return payment_methods.show(method, livemode=livemode)


def _payout(payout: Payout, livemode: bool, origin: str) -> Any:
    return payouts.show(payout, livemode=livemode)


def _webhook_endpoint(endpoint: WebhookEndpoint, livemode: bool, origin: str) -> Any:
    return webhook_endpoints.show(endpoint, livemode=livemode)


VERSIONS: dict[str, dict[str, Show]] = {
    "2024-11-15": {
        "payment": _payment,
        "checkout": _payment,
        "checkout.session": _checkout_session,
        "escrow_order": _escrow_order,
        "payment_intent": _payment_intent,
        "setup_intent": _setup_intent,
        "refund": _refund,
        "dispute": _dispute,
        "customer": _customer,
        "payment_method": _payment_method,
        "payout": _payout,
        "webhook_endpoint": _webhook_endpoint,
    }
}
"""By version of this API, how what an event is about is shown, by its type but for the last word."""

NEWEST = "2024-11-15"


class EventData(msgspec.Struct, frozen=True):
    """What an event is about, as it was then."""

    object: Any


class EventShown(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened. `sequence` counts what happened to one payment, payout, customer and so on, from 1."""

    id: str
    object: str = "event"
    api_version: str
    type: EventType
    created: int
    livemode: bool
    sequence: int
    data: EventData


class EventsGiven(ListGiven, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A page of events: of one type, about one object, or of a time."""

    type: EventType | None = None
    object: ShortText | None = None


class ResendGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """To which endpoint, if not to all that want the event."""

    webhook_endpoint: str | None = None


def show(event: Event, *, livemode: bool, origin: str, version: str = NEWEST) -> EventShown:
    """An event in this API's form; `origin` is where pages of ours are reached."""
    write = VERSIONS[version][event.type.rpartition(".")[0]]
    return EventShown(
        id=event.id,
        api_version=version,
        type=event.type,
        created=unix_seconds(event.created),
        livemode=livemode,
        sequence=event.sequence,
        data=EventData(write(event.view, livemode, origin)),
    )


def renderers(origin: str) -> Renderers:
    """How webhooks write events, by surface and version; `origin` is where pages of ours are reached."""

    def renderer(version: str) -> Callable[[Event, Tenant], bytes]:
        return lambda event, tenant: messages.encode(
            show(event, livemode=tenant.is_live, origin=origin, version=version)
        )

    return {f"{SURFACE}:{version}": renderer(version) for version in VERSIONS}


def _shown(call: Call, event: Event) -> EventShown:
    return show(event, livemode=call.tenant.is_live, origin=call.request.origin)


def _asked(given: EventsGiven) -> Asked:
    cursor = given.cursor("evt")
    above = [cursor.at_least, right_above(cursor.before) if cursor.before is not None else None]
    below = [cursor.below, cursor.after]
    return Asked(
        limit=cursor.limit + 1,
        type=given.type,
        object=None if given.object is None else payment_names.payment(given.object),
        above=max(filter(None, above), default=None),
        below=min(filter(None, below), default=None),
        oldest_first=cursor.before is not None,
    )


@operation("GET", "/v1/events", Scope.EVENTS_READ, EventsGiven, ListShown[EventShown])
async def page(call: Call) -> Reply:
    """What happened, newest first; kept for 90 days."""
    asked = _asked(call.given)
    found = await events.page(call.gateway, call.caller, asked)
    has_more, found = len(found) == asked.limit, found[: asked.limit - 1]
    if asked.oldest_first:
        found.reverse()
    return await shown(
        call, ListShown(url="/v1/events", has_more=has_more, data=[_shown(call, event) for event in found])
    )


@operation("GET", "/v1/events/{id}", Scope.EVENTS_READ, Nothing, EventShown)
async def fetch(call: Call) -> Reply:
    """One event."""
    return await shown(call, _shown(call, await events.fetch(call.gateway, call.caller, call.id)))


@operation("POST", "/v1/events/{id}/resend", Scope.EVENTS_WRITE, ResendGiven, EventShown)
async def resend(call: Call) -> Reply:
    """Send an event again, to one webhook endpoint or to all that want it: the same id, the same bytes."""
    given: ResendGiven = call.given

    async def render(event: Event) -> Answer:
        return await answer(call, _shown(call, event))

    return answered(await events.resend(call.gateway, call.caller, call.key, call.id, given.webhook_endpoint, render))


OPERATIONS = (page, fetch, resend)
