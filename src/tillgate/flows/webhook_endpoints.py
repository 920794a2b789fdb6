"""Webhook endpoints: what a merchant can do with one, and what its own answers do to it."""

from collections.abc import Awaitable, Callable

from tillgate.core import applications, webhook_endpoints
from tillgate.core.decisions import Decision
from tillgate.core.instants import Instant
from tillgate.core.occasions import Occasion
from tillgate.core.reasons import Reason, Refused
from tillgate.core.records import evolve
from tillgate.core.webhook_endpoints import WebhookEndpoint, Wishes
from tillgate.flows import changes, records
from tillgate.flows.gateway import Answer, Caller, Gateway
from tillgate.flows.idempotency import Key
from tillgate.store import deliveries, find, lists
from tillgate.store.batches import Conflict
from tillgate.store.lists import Cursor, Page

Render = Callable[[WebhookEndpoint], Awaitable[Answer]]
RenderSecret = Callable[[WebhookEndpoint, str], Awaitable[Answer]]
"""How the surface shows an endpoint, the second with the secret that is shown this once."""

_ALL = Cursor(webhook_endpoints.MOST * 2 + applications.MOST)


async def create(gateway: Gateway, caller: Caller, key: Key | None, wishes: Wishes, render: RenderSecret) -> Answer:
    """Have events sent to an address from now on.

    Raises Refused(PARAMETER_INVALID, "url") for an address that nothing may be sent to, and TOO_MANY_ENDPOINTS.
    """
    assert wishes.url is not None, "an endpoint has an address"
    url = wishes.url

    async def decide(occasion: Occasion) -> tuple[tuple[WebhookEndpoint, str], Decision]:
        check_address(gateway, caller, url)
        id = occasion.mint("we")
        secret, sealed = new_secret(gateway, caller, id)
        endpoint = WebhookEndpoint(
            tenant=caller.tenant.id, id=id, created=occasion.now, url=url, enabled_events=(), secret=sealed
        )
        endpoint = webhook_endpoints.change(endpoint, wishes)
        endpoint, decision = webhook_endpoints.create(endpoint, await of_tenant(gateway, caller.tenant.id))
        return (endpoint, secret), decision

    return await changes.make(gateway, caller, key, decide, lambda made: render(*made))


async def subscribe(
    gateway: Gateway, caller: Caller, wishes: Wishes, form: tuple[str, str], render: RenderSecret
) -> Answer:
    """Have an address told in a surface's own form, (surface, version); one that is told already gets a new secret.

    Raises what `create` refuses.
    """
    assert wishes.url is not None, "an endpoint has an address"
    url = wishes.url

    async def decide(occasion: Occasion) -> tuple[tuple[WebhookEndpoint, str], Decision]:
        check_address(gateway, caller, url)
        others = await of_tenant(gateway, caller.tenant.id)
        known = next((one for one in others if (one.surface, one.url) == (form[0], url)), None)
        id = known.id if known else occasion.mint("we")
        secret, sealed = new_secret(gateway, caller, id)
        if known is not None:
            rotated = webhook_endpoints.rotate(known, sealed, occasion.wall)
            changed = webhook_endpoints.change(evolve(rotated, api_version=form[1]), wishes)
            return (changed, secret), Decision(save=(changed,))
        endpoint = WebhookEndpoint(
            tenant=caller.tenant.id,
            id=id,
            created=occasion.now,
            url=url,
            enabled_events=(),
            secret=sealed,
            surface=form[0],
            api_version=form[1],
        )
        endpoint, decision = webhook_endpoints.create(webhook_endpoints.change(endpoint, wishes), others)
        return (endpoint, secret), decision

    return await changes.make(gateway, caller, None, decide, lambda made: render(*made))


async def update(
    gateway: Gateway, caller: Caller, key: Key | None, endpoint_id: str, wishes: Wishes, render: Render
) -> Answer:
    """Change what is wished for; the rest stays. Raises Refused(NOT_FOUND), and like `create` for the address."""

    async def decide(occasion: Occasion) -> tuple[WebhookEndpoint, Decision]:
        endpoint = await fetch(gateway, caller, endpoint_id)
        if wishes.url is not None:
            check_address(gateway, caller, wishes.url)
        changed = webhook_endpoints.change(endpoint, wishes)
        return changed, Decision(save=(changed,))

    return await changes.make(gateway, caller, key, decide, render)


async def rotate(gateway: Gateway, caller: Caller, key: Key | None, endpoint_id: str, render: RenderSecret) -> Answer:
    """Sign with a new secret; the old one signs beside it for a day. Raises Refused(NOT_FOUND)."""

    async def decide(occasion: Occasion) -> tuple[tuple[WebhookEndpoint, str], Decision]:
        endpoint = await fetch(gateway, caller, endpoint_id)
        secret, sealed = new_secret(gateway, caller, endpoint.id)
        rotated = webhook_endpoints.rotate(endpoint, sealed, occasion.wall)
        return (rotated, secret), Decision(save=(rotated,))

    return await changes.make(gateway, caller, key, decide, lambda made: render(*made))


async def test(gateway: Gateway, caller: Caller, key: Key | None, endpoint_id: str, render: Render) -> Answer:
    """Send a test event to this endpoint alone. Raises Refused(NOT_FOUND, ENDPOINT_DISABLED)."""

    async def decide(occasion: Occasion) -> tuple[WebhookEndpoint, Decision]:
        endpoint = await fetch(gateway, caller, endpoint_id)
        return endpoint, webhook_endpoints.test(endpoint, occasion)

    return await changes.make(gateway, caller, key, decide, render)


async def delete(gateway: Gateway, caller: Caller, endpoint_id: str) -> None:
    """Send nothing there any more, and forget the address. Raises Refused(NOT_FOUND)."""
    while True:
        endpoint = await fetch(gateway, caller, endpoint_id)
        try:
            return await gateway.store.commit(webhook_endpoints.delete(endpoint))
        except Conflict:
            continue


async def fetch(gateway: Gateway, caller: Caller, endpoint_id: str) -> WebhookEndpoint:
    """A merchant's endpoint. Raises Refused(NOT_FOUND)."""
    return await records.fetch(gateway, caller, WebhookEndpoint, endpoint_id, "webhook_endpoint")


async def page(gateway: Gateway, caller: Caller, cursor: Cursor) -> Page[WebhookEndpoint]:
    """A merchant's endpoints, newest first."""
    return await lists.page(gateway.store, WebhookEndpoint, caller.tenant.id, cursor)


async def of_tenant(gateway: Gateway, tenant: str) -> tuple[WebhookEndpoint, ...]:
    """All of them."""
    return (await lists.page(gateway.store, WebhookEndpoint, tenant, _ALL)).records


async def secrets(gateway: Gateway, endpoint: WebhookEndpoint, wall: Instant) -> tuple[str, ...]:
    """What signs for an endpoint, in the open, the newest first."""
    sealed = endpoint.sealed_secrets(wall)
    return tuple([await gateway.secrets.open_webhook_secret(endpoint.tenant, endpoint.id, each) for each in sealed])


async def hear(gateway: Gateway, endpoint: WebhookEndpoint, caller: Caller, *, well: bool, gone: bool) -> None:
    """Write down what tries say about an endpoint, if they say anything new."""
    found: WebhookEndpoint | None = endpoint
    while found is not None:
        decision = webhook_endpoints.heard(found, well=well, gone=gone, occasion=gateway.occasion(caller))
        if decision is None:
            return
        try:
            return await gateway.store.commit(decision)
        except Conflict:
            found = await find.record(gateway.store, WebhookEndpoint, endpoint.tenant, endpoint.id)


async def forget(gateway: Gateway, endpoint: str) -> None:
    """Give up everything that waits for an endpoint which is switched off or gone."""
    while await deliveries.cancel(gateway.store, endpoint, gateway.clock.wall(), 1_000):
        continue


def check_address(gateway: Gateway, caller: Caller, url: str) -> None:
    """Raises Refused(PARAMETER_INVALID, "url") for an address that nothing may be sent to."""
    if why := gateway.egress.refusal(url, live=caller.tenant.is_live):
        raise Refused(Reason.PARAMETER_INVALID, "url", problem=why.rstrip("."))


def new_secret(gateway: Gateway, caller: Caller, endpoint_id: str) -> tuple[str, bytes]:
    """What is to sign for an endpoint, in the open and sealed."""
    secret = webhook_endpoints.secret(gateway.random(webhook_endpoints.SECRET_BYTES))
    return secret, gateway.secrets.seal_webhook_secret(caller.tenant.id, endpoint_id, secret)
