"""Events: what happened to a merchant, told again."""

from collections.abc import Awaitable, Callable

import msgspec

from tillgate.core.decisions import Decision
from tillgate.core.events import Event
from tillgate.core.merchants import Tenant
from tillgate.core.occasions import Occasion
from tillgate.core.reasons import Reason, Refused
from tillgate.core.records import Record
from tillgate.flows import changes, deliveries, escrow_numbers, webhook_endpoints
from tillgate.flows.gateway import Answer, Caller, Gateway
from tillgate.flows.idempotency import Key
from tillgate.store import events, outbox
from tillgate.store.events import Asked
from tillgate.store.outbox import Body

_AT_ONCE = 200


async def fetch(gateway: Gateway, caller: Caller, event_id: str) -> Event:
    """A merchant's event. Raises Refused(NOT_FOUND)."""
    event = await events.find(gateway.store, caller.tenant.id, event_id)
    if event is None:
        raise Refused(Reason.NOT_FOUND, "event", object="event", id=event_id)
    return event


async def page(gateway: Gateway, caller: Caller, asked: Asked) -> list[Event]:
    """A merchant's events, as asked for."""
    return await events.page(gateway.store, caller.tenant.id, asked)


async def resend(
    gateway: Gateway,
    caller: Caller,
    key: Key | None,
    event_id: str,
    endpoint_id: str | None,
    render: Callable[[Event], Awaitable[Answer]],
) -> Answer:
    """Send an event again, to one endpoint or to all that want it: the same id, the same bytes.

    Raises Refused(NOT_FOUND) for event or endpoint, and ENDPOINT_DISABLED.
    """

    async def decide(occasion: Occasion) -> tuple[Event, Decision]:
        event = await fetch(gateway, caller, event_id)
        if endpoint_id is None:
            everyone = await webhook_endpoints.of_tenant(gateway, caller.tenant.id)
            wanted = [each for each in everyone if each.is_enabled and each.wants(event.type, event.stream)]
        else:
            wanted = [await webhook_endpoints.fetch(gateway, caller, endpoint_id)]
            if not wanted[0].is_enabled:
                raise Refused(Reason.ENDPOINT_DISABLED)
        await deliveries.send_again(gateway, caller.tenant, event, wanted)
        return event, Decision()

    if before := await changes.repeated(gateway, caller, key):
        return before
    return await changes.make(gateway, caller, key, decide, render)


async def redact(gateway: Gateway, tenant: Tenant, object_id: str, blank: Callable[[Record], Record]) -> int:
    """Rewrite every event about an object, and every body that tells of one, as `blank` leaves the view; how many.

    A body that is being written at this very moment may be missed: do it again after a minute.
    """
    count, above = 0, None
    while True:
        asked = Asked(_AT_ONCE, object=object_id, above=above, oldest_first=True)
        found = await events.page(gateway.store, tenant.id, asked)
        if not found:
            return count
        blanked = [
            await escrow_numbers.told(gateway, msgspec.structs.replace(event, view=blank(event.view)))
            for event in found
        ]
        await events.rewrite(gateway.store, blanked)
        await outbox.rewrite(
            gateway.store,
            [
                Body(tenant.id, event.id, form, body.decode())
                for event in blanked
                for form, write in gateway.renderers.items()
                if (body := write(event, tenant)) is not None
            ],
        )
        count, above = count + len(found), events.right_above(found[-1].id)
