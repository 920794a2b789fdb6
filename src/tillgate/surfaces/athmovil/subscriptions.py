"""Subscriptions on the wire: where a business wants to be told, and of what."""

from typing import Final

from tillgate.core.events import EventType
from tillgate.core.webhook_endpoints import WebhookEndpoint, Wishes
from tillgate.flows import webhook_endpoints
from tillgate.flows.gateway import Answer
from tillgate.http.exchange import Reply
from tillgate.http.routing import Route
from tillgate.surfaces.athmovil import events, messages
from tillgate.surfaces.athmovil.calls import SURFACE, Call, operation
from tillgate.surfaces.athmovil.errors import Wrong

_LONGEST: Final = 2_048

_FLAGS: Final = {
    "paymentReceivedEvent": (),
    "refundSentEvent": (EventType.REFUND_CREATED, EventType.REFUND_UPDATED),
    "donationReceivedEvent": (),
    "ecommercePaymentReceivedEvent": (EventType.PAYMENT_SUCCEEDED,),
    "ecommercePaymentCancelledEvent": (EventType.PAYMENT_CANCELED,),
    "ecommercePaymentExpiredEvent": (EventType.PAYMENT_CANCELED,),
}
"""What each flag asks for. There are no payments outside of shops here, and no donations."""


@operation("POST", "/transactions/webhook/post")
async def subscribe(call: Call) -> Reply:
    """Have a listener told from now on; one that is told already is told what it asks for now."""
    given = messages.body(call.request)
    asker = await call.business(given, proven=True)
    url = messages.text(given, "listenerURL")
    if len(url) > _LONGEST:
        raise Wrong("BTRA_0006")
    flags = {name for name in _FLAGS if messages.flag(given, name)}
    wanted = tuple(dict.fromkeys(type.value for name in _FLAGS if name in flags for type in _FLAGS[name]))
    wishes = Wishes(url=url, enabled_events=wanted)

    async def render(endpoint: WebhookEndpoint, secret: str) -> Answer:
        reply = messages.success({"secret": secret})
        return Answer(reply.status, reply.body)

    made = await webhook_endpoints.subscribe(call.gateway, asker.caller, wishes, (SURFACE, _version(flags)), render)
    return Reply(made.status, made.body)


def _version(flags: set[str]) -> str:
    canceled, expired = ("ecommercePaymentCancelledEvent" in flags, "ecommercePaymentExpiredEvent" in flags)
    if canceled is expired:
        return events.ENDINGS
    return events.CANCELED_ONLY if canceled else events.EXPIRED_ONLY


OPERATIONS: tuple[Route, ...] = (subscribe,)
