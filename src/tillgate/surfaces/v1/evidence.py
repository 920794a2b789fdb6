"""Evidence on the wire: the photographs by which buyers show what is wrong, for the seller's side and the manager."""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from tillgate.core import escrow_orders
from tillgate.core.escrows import Move, Side
from tillgate.core.instants import unix_seconds
from tillgate.core.payments import Payment
from tillgate.core.reasons import Reason, Refused
from tillgate.flows import evidence as flows
from tillgate.flows.evidence import Shown
from tillgate.flows.photographs import MEDIA_TYPE
from tillgate.http.exchange import Headers, Reply
from tillgate.surfaces.v1.escrow_orders import PATH, READERS, found
from tillgate.surfaces.v1.forms import ListShown
from tillgate.surfaces.v1.operations import Call, Nothing, operation, shown

_ALONE: Final[Headers] = ((b"content-security-policy", b"sandbox; default-src 'none'"),)
"""Whatever opens it, it is nothing but a picture."""


class OrderEvidenceGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All of it; five photographs come with a step at most."""

    limit: Annotated[int, Meta(ge=1, le=100)] = 100


class OrderEvidenceShown(msgspec.Struct, frozen=True, kw_only=True):
    """A photograph that came with what somebody did."""

    id: str
    object: str = "order_evidence"
    escrow_order: str
    step: int
    move: Move
    by: Side
    comment: str
    media_type: str
    size: int
    sha256: str
    width: int
    height: int
    created: int
    livemode: bool


@operation("GET", PATH + "/{id}/evidence", READERS, OrderEvidenceGiven, ListShown[OrderEvidenceShown])
async def page(call: Call) -> Reply:
    """The photographs that the buyer of an order has sent with what they said, oldest first."""
    payment, given = await found(call, call.id), call.given
    data = [_show(call, payment, one) for one in flows.of(payment)]
    url = f"{PATH}/{escrow_orders.order_id(payment.id)}/evidence"
    return await shown(call, ListShown(url=url, has_more=len(data) > given.limit, data=data[: given.limit]))


def _show(call: Call, payment: Payment, one: Shown) -> OrderEvidenceShown:
    photograph, step = one.photograph, one.step
    return OrderEvidenceShown(
        id=photograph.id,
        escrow_order=escrow_orders.order_id(payment.id),
        step=one.place,
        move=step.move,
        by=step.side,
        comment=step.comment,
        media_type=photograph.media_type,
        size=photograph.size,
        sha256=photograph.sha256,
        width=photograph.width,
        height=photograph.height,
        created=unix_seconds(step.at),
        livemode=call.tenant.is_live,
    )


@operation("GET", PATH + "/{id}/evidence/{evidence}", READERS, Nothing, OrderEvidenceShown, media=(MEDIA_TYPE,))
async def fetch(call: Call) -> Reply:
    """A photograph itself, as a JPEG that was drawn anew: it tells nothing but what it shows."""
    payment, id = await found(call, call.id), call.request.parameters["evidence"]
    try:
        known, content = await flows.read(call.gateway, payment, id)
    except Refused as refused:
        if refused.reason is Reason.NOT_FOUND:
            raise Refused(Reason.NOT_FOUND, "evidence", object="order_evidence", id=id) from None
        raise
    named = (b"content-disposition", f'attachment; filename="{known.id}.jpg"'.encode())
    return Reply(200, content, (*_ALONE, named), content_type=known.media_type.encode())


OPERATIONS = (page, fetch)
