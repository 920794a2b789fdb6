"""Deliveries: which are due at which endpoint, handed to one worker at a time, and what became of them."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import msgspec
import sqlalchemy as sa

from tillgate.core import deliveries
from tillgate.core.deliveries import Delivery, DeliveryState, Try
from tillgate.core.instants import Duration, Instant
from tillgate.store import schema
from tillgate.store.database import Store
from tillgate.store.engine import Engine
from tillgate.store.records import Row, encode

_d = schema.deliveries.c
_columns = tuple(column.name for column in schema.deliveries.columns)
_log = msgspec.json.Decoder(tuple[Try, ...])


class Ready(msgspec.Struct, frozen=True):
    """An endpoint that something is due at, and since when."""

    tenant: str
    endpoint: str
    due_at: Instant


class Taken(msgspec.Struct, frozen=True):
    """A delivery handed to a worker, until `delivery.due_at`, and its body; None where that was pruned."""

    delivery: Delivery
    body: str | None


def row(delivery: Delivery) -> Row:
    """The row of a delivery."""
    values = [getattr(delivery, name) for name in _columns]
    values[_columns.index("state")] = delivery.state.value
    values[_columns.index("log")] = encode(delivery.log).decode()
    return tuple(values)


def _of_row(row: Any) -> Delivery:
    values = dict(zip(_columns, row, strict=False))
    return Delivery(
        **{
            **values,
            "strict": bool(values["strict"]),
            "state": DeliveryState(values["state"]),
            "log": _log.decode(values["log"]),
        }
    )


async def ready(store: Store, now: Instant, most: int) -> list[Ready]:
    """The endpoints that something is due at, found by hopping from one to the next however much waits at each."""
    return [Ready(*row) for row in await store.engine.fetch(_READY, {"now": now, "most": most})]


async def take(store: Store, endpoint: str, now: Instant, most: int) -> list[Taken]:
    """Deliveries that are due at an endpoint, longest due first, each handed to this caller alone for a while.

    None of them waits for an earlier one of its stream. They come back if nothing is heard of them.
    """
    values = {
        "endpoint": endpoint,
        "now": now,
        "most": most,
        "lease": now + deliveries.LEASE,
        "patient_since": now - deliveries.PATIENCE,
        "waited_for": deliveries.TRIES_WAITED_FOR,
    }
    rows = await store.engine.change(_take(_locking(store.engine)), values)
    return sorted((Taken(_of_row(row), row[-1]) for row in rows), key=_by_age)


async def hold(store: Store, delivery: Delivery, until: Instant) -> Delivery | None:
    """The delivery in its worker's hands for longer; None where somebody else has it by now."""
    named = ("tenant", "endpoint", "event", "version")
    values = {name: getattr(delivery, name) for name in named}
    rows = await store.engine.change(_HOLD, {**values, "until": until})
    return msgspec.structs.replace(delivery, version=rows[0][0], due_at=until) if rows else None


async def take_next(store: Store, delivery: Delivery, now: Instant, lasts: Duration) -> Taken | None:
    """The delivery after one in its stream, handed to the worker that has that one; None where there is none yet."""
    values = {
        "endpoint": delivery.endpoint,
        "stream": delivery.stream,
        "sequence": delivery.sequence,
        "now": now,
        "lease": now + lasts,
    }
    rows = await store.engine.change(_TAKE_NEXT, values)
    return Taken(_of_row(rows[0]), rows[0][-1]) if rows else None


def _by_age(taken: Taken) -> tuple[str, int]:
    return taken.delivery.stream, taken.delivery.sequence


def _locking(engine: Engine) -> str:
    """What keeps two workers from waiting for each other; without it one of them goes away empty-handed."""
    return "for update skip locked" if engine.skips_locked else ""


async def conclude(store: Store, before: Sequence[Delivery], after: Sequence[Delivery]) -> None:
    """Write down what became of deliveries, each unless somebody else has it by now, and put off what waits for them.

    Doing so twice changes nothing.
    """
    pairs = sorted(zip(before, after, strict=True), key=lambda pair: (pair[0].tenant, pair[0].endpoint, pair[0].event))
    await store.engine.change_many(_CONCLUDE, [_result(one, other) for one, other in pairs])
    put_off = [
        {
            "endpoint": one.endpoint,
            "stream": one.stream,
            "sequence": one.sequence,
            "due_at": due_at,
            "patience": deliveries.PATIENCE,
        }
        for one, other in pairs
        if (due_at := deliveries.successors_due_at(one, other)) is not None
    ]
    if put_off:
        await store.engine.change_many(_PUT_OFF, put_off)


def _result(before: Delivery, after: Delivery) -> dict[str, object]:
    return {
        "tenant": before.tenant,
        "endpoint": before.endpoint,
        "event": before.event,
        "version": before.version,
        "state": after.state.value,
        "tries": after.tries,
        "due_at": after.due_at,
        "finished_at": after.finished_at,
        "log": encode(after.log).decode(),
    }


async def send_again(store: Store, sent: Sequence[Delivery]) -> None:
    """Have deliveries made anew, whatever became of them before; what is known of earlier tries is kept."""
    values = [dict(zip(_columns, row(delivery), strict=True)) for delivery in sent]
    await store.engine.change_many(_SEND_AGAIN, values)


async def cancel(store: Store, endpoint: str, now: Instant, most: int) -> int:
    """Give up what waits at an endpoint, so many at a time; how many there were."""
    values = {"endpoint": endpoint, "now": now, "most": most}
    return len(await store.engine.change(_CANCEL, values))


async def page(
    store: Store, tenant: str, endpoint: str, limit: int, *, above: str | None = None, below: str | None = None
) -> list[Delivery]:
    """Deliveries to an endpoint by their events, newest first; the ones right above an event oldest first."""
    values = {"tenant": tenant, "endpoint": endpoint, "above": above, "below": below, "most": limit}
    rows = await store.engine.fetch(_page(above is not None, below is not None), values)
    return [_of_row(row) for row in rows]


async def freeze(store: Store, tenant: str, event: str, form: str, body: str) -> None:
    """Keep an event's body, unless there is one in that form already."""
    await store.engine.claim(schema.bodies, (tenant, event, form, body))


_READY = sa.text("""
with recursive hop (endpoint) as (
  select * from (select endpoint from deliveries where due_at is not null order by endpoint limit 1) lowest
  union all
  select (select d.endpoint from deliveries d where d.due_at is not null and d.endpoint > hop.endpoint
          order by d.endpoint limit 1)
  from hop where hop.endpoint is not null
)
select d.tenant, d.endpoint, d.due_at
from hop join deliveries d on d.endpoint = hop.endpoint and d.due_at = (
  select min(f.due_at) from deliveries f where f.endpoint = hop.endpoint and f.due_at is not null)
where d.due_at <= :now
group by d.tenant, d.endpoint, d.due_at
order by d.due_at
limit :most
""")


@cache
def _take(locking: str) -> sa.TextClause:
    """An earlier event of the stream is waited for until it is finished; without `strict` for so many tries only."""
    columns = ", ".join(_columns)
    return sa.text(f"""
with chosen as materialized (
  select c.tenant, c.endpoint, c.event from deliveries c
  where c.endpoint = :endpoint and c.due_at <= :now and not exists (
    select 1 from deliveries p
    where p.endpoint = c.endpoint and p.stream = c.stream and p.sequence < c.sequence and p.due_at is not null
      and (c.strict or (p.tries < :waited_for and c.created > :patient_since)))
  order by c.due_at limit :most {locking})
update deliveries set due_at = :lease, version = version + 1
where due_at <= :now and (tenant, endpoint, event) in (select tenant, endpoint, event from chosen)
returning {columns}, (
  select b.body from bodies b
  where b.tenant = deliveries.tenant and b.event = deliveries.event and b.form = deliveries.form)
""")


_HOLD = sa.text("""
update deliveries set due_at = :until, version = version + 1
where tenant = :tenant and endpoint = :endpoint and event = :event and version = :version
returning version
""")

_TAKE_NEXT = sa.text(f"""
update deliveries set due_at = :lease, version = version + 1
where due_at <= :now and (tenant, endpoint, event) in (
  select n.tenant, n.endpoint, n.event from deliveries n
  where n.endpoint = :endpoint and n.stream = :stream and n.sequence > :sequence and n.due_at is not null
  order by n.sequence limit 1)
returning {", ".join(_columns)}, (
  select b.body from bodies b
  where b.tenant = deliveries.tenant and b.event = deliveries.event and b.form = deliveries.form)
""")

_CONCLUDE = sa.text("""
update deliveries
set state = :state, tries = :tries, due_at = :due_at, finished_at = :finished_at, log = :log, version = version + 1
where tenant = :tenant and endpoint = :endpoint and event = :event and version = :version
""")

_PUT_OFF = sa.text("""
update deliveries set due_at = case when strict or created + :patience > :due_at then :due_at
                                    else created + :patience end
where endpoint = :endpoint and stream = :stream and sequence > :sequence and due_at is not null
  and due_at < :due_at and (strict or due_at < created + :patience)
""")

_SEND_AGAIN = sa.text(f"""
insert into deliveries ({", ".join(_columns)}) values ({", ".join(f":{name}" for name in _columns)})
on conflict (tenant, endpoint, event) do update
set state = excluded.state, tries = 0, due_at = excluded.due_at, finished_at = null, created = excluded.created,
    strict = excluded.strict, version = deliveries.version + 1
""")

_CANCEL = sa.text("""
update deliveries set state = 'canceled', due_at = null, finished_at = :now, version = version + 1
where due_at is not null and (tenant, endpoint, event) in (
  select tenant, endpoint, event from deliveries where endpoint = :endpoint and due_at is not null limit :most)
returning event
""")


@cache
def _page(above: bool, below: bool) -> sa.Select[Any]:
    query = sa.select(schema.deliveries).where(
        _d.tenant == sa.bindparam("tenant"), _d.endpoint == sa.bindparam("endpoint")
    )
    if above:
        query = query.where(_d.event > sa.bindparam("above"))
    if below:
        query = query.where(_d.event < sa.bindparam("below"))
    order = (_d.tenant, _d.endpoint, _d.event)
    ordered = [key.asc() if above else key.desc() for key in order]
    return query.order_by(*ordered).limit(sa.bindparam("most"))
