"""Evidence: photographs kept under seal with the step that they are about, shown to the sides of an order, erased."""

from collections.abc import Sequence

import msgspec

from tillgate.core import escrow_orders
from tillgate.core.decisions import Decision
from tillgate.core.escrows import Step
from tillgate.core.evidence import MOST, PREFIX, Evidence, Photograph
from tillgate.core.payments import Payment
from tillgate.core.reasons import Reason, Refused
from tillgate.flows.gateway import Gateway
from tillgate.flows.photographs import Picture
from tillgate.store import find, lists
from tillgate.store.lists import Cursor


class Shown(msgspec.Struct, frozen=True):
    """A photograph that was sent, with which step of its order's history, `place` in it counted from 1."""

    photograph: Photograph
    step: Step
    place: int


class Taken(msgspec.Struct, frozen=True):
    """A photograph about to be kept: what its order's history will know of it, and itself under seal."""

    photograph: Photograph
    sealed: bytes


def of(payment: Payment) -> list[Shown]:
    """All that came with an order, in order. Raises Refused(NOT_FOUND) for no order."""
    history = escrow_orders.of(payment).history
    return [
        Shown(photograph, step, place) for place, step in enumerate(history, start=1) for photograph in step.photographs
    ]


def taken(gateway: Gateway, payment: Payment, pictures: Sequence[Picture]) -> list[Taken]:
    """Pictures under seal, each under an id of its own."""
    now = gateway.clock.now(payment.tenant)
    found = []
    for picture in pictures:
        id = gateway.ids.new(PREFIX, now)
        size = len(picture.content)
        known = Photograph(id, picture.media_type, size, picture.sha256, picture.width, picture.height)
        found.append(Taken(known, gateway.secrets.seal_evidence(payment.tenant, id, picture.content)))
    return found


def records(gateway: Gateway, payment: Payment, taken: Sequence[Taken]) -> tuple[Evidence, ...]:
    """What is saved of them with the step that they belong to, made anew each time that this is decided."""
    now = gateway.clock.now(payment.tenant)
    return tuple(
        Evidence(tenant=payment.tenant, id=one.photograph.id, created=now, payment=payment.id, sealed=one.sealed)
        for one in taken
    )


async def read(gateway: Gateway, payment: Payment, id: str) -> tuple[Photograph, bytes]:
    """A photograph of an order, and its bytes. Raises Refused(NOT_FOUND)."""
    known = next((shown.photograph for shown in of(payment) if shown.photograph.id == id), None)
    kept = await find.record(gateway.store, Evidence, payment.tenant, id) if known else None
    if known is None or kept is None or kept.payment != payment.id:
        raise Refused(Reason.NOT_FOUND, "evidence", object="evidence", id=id)
    return known, await gateway.secrets.open_evidence(payment.tenant, id, kept.sealed)


async def remove(gateway: Gateway, payment: Payment) -> None:
    """Delete what is kept of an order's photographs. Raises Conflict where somebody else is at it."""
    while payment.escrow is not None:
        where = {"payment": payment.id}
        found = await lists.page(gateway.store, Evidence, payment.tenant, Cursor(MOST), where=where)
        if not found.records:
            return
        await gateway.store.commit(Decision(remove=found.records))
