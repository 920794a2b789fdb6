"""Events: what happened, read again as it was, newest first."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import msgspec
import sqlalchemy as sa

from tillgate.core.customers import Customer
from tillgate.core.disputes import Dispute
from tillgate.core.events import Event, EventType
from tillgate.core.payment_methods import PaymentMethod
from tillgate.core.payments import Payment
from tillgate.core.payouts import Payout
from tillgate.core.records import Record
from tillgate.core.refunds import Refund
from tillgate.core.setup_intents import SetupIntent
from tillgate.core.webhook_endpoints import WebhookEndpoint
from tillgate.logs import log
from tillgate.store import schema
from tillgate.store.database import Store
from tillgate.store.records import encode

VIEWS: dict[str, type[Record]] = {
    "payment": Payment,
    "checkout": Payment,
    "escrow_order": Payment,
    "payment_intent": Payment,
    "payout": Payout,
    "setup_intent": SetupIntent,
    "refund": Refund,
    "dispute": Dispute,
    "customer": Customer,
    "payment_method": PaymentMethod,
    "webhook_endpoint": WebhookEndpoint,
}
"""What sort of record an event shows, by what its type begins with."""

_e = schema.events.c

_number = (
    sa.select(sa.func.min(schema.numbers.c.number))
    .where(
        schema.numbers.c.tenant == _e.tenant,
        schema.numbers.c.subject == _e.object,
        schema.numbers.c.series >= "day:",
        schema.numbers.c.series < "day;",
    )
    .scalar_subquery()
)

COLUMNS = (_e.tenant, _e.id, _e.type, _e.stream, _e.sequence, _e.created, _e.view, _e.actor, _e.surface, _e.request_id)
"""Of which `of_row` makes an event."""

NUMBERED = (*COLUMNS, _number)
"""The same with the number of the day, for those who tell of the event."""


class Asked(msgspec.Struct, frozen=True):
    """Which events are wanted: of a type, about an object, with ids above and below others."""

    limit: int
    type: str | None = None
    object: str | None = None
    above: str | None = None
    below: str | None = None
    oldest_first: bool = False


def of_row(row: Any) -> Event:
    """The event of a row of COLUMNS, or of NUMBERED."""
    tenant, id, type, stream, sequence, created, view, *who = row
    shown = _decoder(VIEWS[type.partition(".")[0]]).decode(view)
    return Event(
        tenant=tenant,
        id=id,
        type=EventType(type),
        stream=stream,
        sequence=sequence,
        created=created,
        view=shown,
        actor=who[0],
        surface=who[1],
        request_id=who[2],
        number=who[3] if len(who) > 3 else None,
    )


def readable(row: Any) -> Event | None:
    """The event of a row, or None for one that a newer release wrote and this one does not know."""
    try:
        return of_row(row)
    except (KeyError, ValueError, msgspec.ValidationError) as unknown:
        log.error("an event cannot be read by this release", event_id=row[1], type=row[2], why=str(unknown))
        return None


async def find(store: Store, tenant: str, id: str) -> Event | None:
    """The event with this id, or None."""
    rows = await store.engine.fetch(_BY_ID, {"tenant": tenant, "id": id})
    return of_row(rows[0]) if rows else None


async def page(store: Store, tenant: str, asked: Asked) -> list[Event]:
    """A tenant's events, at most as many as asked for, in the order asked for."""
    query = _page(
        asked.type is not None,
        asked.object is not None,
        asked.above is not None,
        asked.below is not None,
        asked.oldest_first,
    )
    values = {
        "tenant": tenant,
        "type": asked.type,
        "object": asked.object,
        "above": asked.above,
        "below": asked.below,
        "most": asked.limit,
    }
    return [of_row(row) for row in await store.engine.fetch(query, values)]


async def rewrite(store: Store, events: Sequence[Event]) -> None:
    """Keep other views of events than those that were announced, without what is not to be kept any more."""
    values = [{"tenant": each.tenant, "id": each.id, "view": encode(each.view).decode()} for each in events]
    await store.engine.change_many(_REWRITE, values)


_REWRITE = sa.text("update events set view = :view where tenant = :tenant and id = :id")

_BY_ID = sa.select(*NUMBERED).where(_e.tenant == sa.bindparam("tenant"), _e.id == sa.bindparam("id"))


@cache
def _page(type: bool, object: bool, above: bool, below: bool, oldest_first: bool) -> sa.Select[Any]:
    """By the index of the object where one is named, for few events are about one; else by that of the type."""
    query = sa.select(*COLUMNS).where(_e.tenant == sa.bindparam("tenant"))
    order: list[sa.ColumnElement[Any]] = [_e.tenant, _e.id]
    if type:
        query = query.where(_e.type == sa.bindparam("type"))
        order.insert(1, _e.type)
    if object:
        query = query.where(_e.object == sa.bindparam("object"))
        order[1:-1] = [_e.object]
    if above:
        query = query.where(_e.id >= sa.bindparam("above"))
    if below:
        query = query.where(_e.id < sa.bindparam("below"))
    return query.order_by(*(key.asc() if oldest_first else key.desc() for key in order)).limit(sa.bindparam("most"))


@cache
def _decoder(type: type[Record]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(type)


def right_above(id: str) -> str:
    """The lowest text above an id, so that `above` leaves that id itself out."""
    return id + "0"
