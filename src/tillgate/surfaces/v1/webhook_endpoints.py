"""Webhook endpoints on the wire: where events are sent, and what was tried there."""

import difflib
from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from tillgate.core import webhook_endpoints as core
from tillgate.core.credentials import Scope
from tillgate.core.deliveries import Delivery, DeliveryState
from tillgate.core.faults import FaultKind
from tillgate.core.instants import unix_seconds
from tillgate.core.metadata import Notes
from tillgate.core.reasons import Reason, Refused
from tillgate.core.webhook_endpoints import DisabledReason, EndpointStatus, Ordering, WebhookEndpoint, Wishes
from tillgate.flows import deliveries, webhook_endpoints
from tillgate.flows.gateway import Answer
from tillgate.flows.webhook_endpoints import Render, RenderSecret
from tillgate.http.exchange import Reply
from tillgate.surfaces.v1.changes import MetadataChange, notes
from tillgate.surfaces.v1.forms import ListGiven, ListShown, Metadata, PageGiven, ShortText, Text, list_shown
from tillgate.surfaces.v1.operations import Call, Nothing, answer, answered, operation, shown

_PATH = "/v1/webhook_endpoints"

Events = Annotated[list[ShortText], Meta(min_length=1, max_length=100)]
"""Names of events, or `*` for all of them."""

Address = Annotated[str, Meta(min_length=1, max_length=2_000)]


class WebhookEndpointGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What creates an endpoint: the address, and the events that it wants, `["*"]` being all of them."""

    url: Address
    enabled_events: Events = msgspec.field(default_factory=lambda: [core.EVERYTHING])
    description: Text | None = None
    metadata: Metadata = {}
    ordering: Ordering = Ordering.DEFAULT


class WebhookEndpointUpdateGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is to be different. Null or an empty text takes the description away, and entries of `metadata`."""

    url: Address | UnsetType = UNSET
    enabled_events: Events | UnsetType = UNSET
    description: Text | UnsetType | None = UNSET
    metadata: MetadataChange = UNSET
    ordering: Ordering | UnsetType = UNSET
    status: EndpointStatus | UnsetType = UNSET


class WebhookEndpointShown(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An endpoint. `secret` is shown when it is made, and never again; `failing_since` while it does not answer."""

    id: str
    object: str
    url: str
    enabled_events: Sequence[str]
    status: EndpointStatus
    disabled_reason: DisabledReason | None
    failing_since: int | None
    ordering: Ordering
    api_version: str
    description: str | None
    metadata: dict[str, str]
    created: int
    livemode: bool
    secret: str = ""


class DeletedWebhookEndpointShown(msgspec.Struct, frozen=True, kw_only=True):
    """What was deleted."""

    id: str
    object: str
    deleted: bool


class WebhookTryShown(msgspec.Struct, frozen=True, kw_only=True):
    """One try: the status that was answered, or why there was no answer."""

    at: int
    status: int | None
    error: str | None
    milliseconds: int
    sandbox_fault: FaultKind | UnsetType = UNSET


class WebhookDeliveryShown(msgspec.Struct, frozen=True, kw_only=True):
    """An event on its way to an endpoint, with every try. It bears the event's id, which a page can start after."""

    id: str
    object: str
    event: str
    type: str
    webhook_endpoint: str
    status: DeliveryState
    tries: Sequence[WebhookTryShown]
    next_try_at: int | None
    created: int
    livemode: bool


def show(endpoint: WebhookEndpoint, *, livemode: bool, secret: str = "") -> WebhookEndpointShown:
    """An endpoint in this API's form."""
    failing_since = endpoint.failing_since
    return WebhookEndpointShown(
        id=endpoint.id,
        object="webhook_endpoint",
        url=endpoint.url,
        enabled_events=endpoint.enabled_events,
        status=endpoint.status,
        disabled_reason=endpoint.disabled_reason,
        failing_since=None if failing_since is None else unix_seconds(failing_since),
        ordering=endpoint.ordering,
        api_version=endpoint.api_version,
        description=endpoint.description,
        metadata=endpoint.metadata,
        created=unix_seconds(endpoint.created),
        livemode=livemode,
        secret=secret,
    )


def _show_delivery(delivery: Delivery, *, livemode: bool) -> WebhookDeliveryShown:
    return WebhookDeliveryShown(
        id=delivery.event,
        object="webhook_delivery",
        event=delivery.event,
        type=delivery.type,
        webhook_endpoint=delivery.endpoint,
        status=delivery.state,
        tries=[
            WebhookTryShown(
                at=unix_seconds(made.at),
                status=made.status,
                error=made.error,
                milliseconds=made.took_milliseconds,
                sandbox_fault=made.fault or UNSET,
            )
            for made in delivery.log
        ],
        next_try_at=None if delivery.due_at is None else unix_seconds(delivery.due_at),
        created=unix_seconds(delivery.created),
        livemode=livemode,
    )


def _render(call: Call) -> Render:
    async def rendered(endpoint: WebhookEndpoint) -> Answer:
        return await answer(call, show(endpoint, livemode=call.tenant.is_live))

    return rendered


def _render_secret(call: Call) -> RenderSecret:
    async def rendered(endpoint: WebhookEndpoint, secret: str) -> Answer:
        return await answer(call, show(endpoint, livemode=call.tenant.is_live, secret=secret))

    return rendered


def _events(names: Sequence[str] | None) -> tuple[str, ...] | None:
    """The events, if any are named; one that there is not is refused with the nearest that there is."""
    if names is None:
        return None
    try:
        return core.check_events(names)
    except Refused as refused:
        unknown = str(refused.detail["name"])
        near = difflib.get_close_matches(unknown, core.SUBSCRIBABLE, 1)
        suggestion = f" Did you mean {near[0]}?" if near else ""
        raise Refused(Reason.EVENT_UNKNOWN, refused.field, suggestion=suggestion) from None


@operation("POST", _PATH, Scope.WEBHOOK_ENDPOINTS_WRITE, WebhookEndpointGiven, WebhookEndpointShown)
async def create(call: Call) -> Reply:
    """Have events sent to an address. The answer holds the secret that signs them, this once."""
    given: WebhookEndpointGiven = call.given
    wishes = Wishes(
        url=given.url,
        enabled_events=_events(given.enabled_events),
        description=given.description,
        notes=Notes(dict(given.metadata)),
        ordering=given.ordering,
    )
    return answered(await webhook_endpoints.create(call.gateway, call.caller, call.key, wishes, _render_secret(call)))


@operation("GET", _PATH, Scope.WEBHOOK_ENDPOINTS_READ, ListGiven, ListShown[WebhookEndpointShown])
async def page(call: Call) -> Reply:
    """Webhook endpoints, newest first."""
    given: ListGiven = call.given
    found = await webhook_endpoints.page(call.gateway, call.caller, given.cursor("we"))
    livemode = call.tenant.is_live
    return await shown(call, list_shown(found, _PATH, lambda endpoint: show(endpoint, livemode=livemode)))


@operation("GET", _PATH + "/{id}", Scope.WEBHOOK_ENDPOINTS_READ, Nothing, WebhookEndpointShown)
async def fetch(call: Call) -> Reply:
    """One webhook endpoint, whether it is switched off, and why."""
    endpoint = await webhook_endpoints.fetch(call.gateway, call.caller, call.id)
    return await shown(call, show(endpoint, livemode=call.tenant.is_live))


@operation("POST", _PATH + "/{id}", Scope.WEBHOOK_ENDPOINTS_WRITE, WebhookEndpointUpdateGiven, WebhookEndpointShown)
async def update(call: Call) -> Reply:
    """Change an endpoint, or switch it on or off. What waits for one that is switched off is given up."""
    given: WebhookEndpointUpdateGiven = call.given
    wishes = Wishes(
        url=given.url or None,
        enabled_events=_events(given.enabled_events or None),
        description=None if given.description is UNSET else given.description or "",
        notes=notes(given.metadata),
        ordering=given.ordering or None,
        status=given.status or None,
    )
    return answered(await webhook_endpoints.update(call.gateway, call.caller, call.key, call.id, wishes, _render(call)))


@operation("DELETE", _PATH + "/{id}", Scope.WEBHOOK_ENDPOINTS_WRITE, Nothing, DeletedWebhookEndpointShown)
async def delete(call: Call) -> Reply:
    """Send nothing to an endpoint any more."""
    await webhook_endpoints.delete(call.gateway, call.caller, call.id)
    return await shown(call, DeletedWebhookEndpointShown(id=call.id, object="webhook_endpoint", deleted=True))


@operation("POST", _PATH + "/{id}/rotate_secret", Scope.WEBHOOK_ENDPOINTS_WRITE, Nothing, WebhookEndpointShown)
async def rotate_secret(call: Call) -> Reply:
    """Sign with a new secret, shown this once. For 24 hours the old one signs beside it."""
    return answered(await webhook_endpoints.rotate(call.gateway, call.caller, call.key, call.id, _render_secret(call)))


@operation("POST", _PATH + "/{id}/test", Scope.WEBHOOK_ENDPOINTS_WRITE, Nothing, WebhookEndpointShown)
async def test(call: Call) -> Reply:
    """Send a `webhook_endpoint.test` event to this endpoint alone; its deliveries say what came of it."""
    return answered(await webhook_endpoints.test(call.gateway, call.caller, call.key, call.id, _render(call)))


@operation("GET", _PATH + "/{id}/deliveries", Scope.WEBHOOK_ENDPOINTS_READ, PageGiven, ListShown[WebhookDeliveryShown])
async def page_of_deliveries(call: Call) -> Reply:
    """What was sent to an endpoint, when, and with what result; newest events first."""
    given: PageGiven = call.given
    found = await deliveries.page(call.gateway, call.caller, call.id, given.cursor("evt"))
    livemode = call.tenant.is_live
    path = f"{_PATH}/{call.id}/deliveries"
    data = [_show_delivery(delivery, livemode=livemode) for delivery in found.deliveries]
    return await shown(call, ListShown(url=path, has_more=found.has_more, data=data))


OPERATIONS = (create, page, fetch, update, delete, rotate_secret, test, page_of_deliveries)
