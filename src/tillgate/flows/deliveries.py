"""Deliveries: events fanned out to endpoints, posted, signed, and what became of each written down."""

from collections.abc import Callable, Mapping, Sequence

import msgspec

from tillgate import metrics
from tillgate.core import applications, deliveries, signatures
from tillgate.core.deliveries import Delivery, Try
from tillgate.core.events import Event, EventType
from tillgate.core.faults import FaultKind
from tillgate.core.instants import MILLISECOND, SECOND, Duration, Instant, unix_seconds
from tillgate.core.merchants import Tenant
from tillgate.core.reasons import Refused
from tillgate.core.webhook_endpoints import MOST, Ordering, WebhookEndpoint
from tillgate.flows import applications as owners
from tillgate.flows import checkouts, escrow_numbers, key_pairs, webhook_endpoints
from tillgate.flows.directory import Directory
from tillgate.flows.gateway import Caller, Gateway, system
from tillgate.logs import log
from tillgate.store import deliveries as kept
from tillgate.store import find, outbox
from tillgate.store.deliveries import Ready, Taken
from tillgate.store.engine import CommitUnknown, Retry
from tillgate.store.lists import Cursor
from tillgate.store.outbox import Body, Waiting

AT_ONCE = 500

_SPREAD: Duration = AT_ONCE * MOST
"""The deliveries of one portion fall due one after the other, in their order, and the last of them now."""


class Courier(msgspec.Struct, frozen=True):
    """What is needed to post to one endpoint: whose it is, and its secrets in the open.

    `has_faults` says that something may be to go wrong, since its test merchant planted it. `application_secret` is
    that of the application whose listener it is, and `pair` what proves to a merchant that a body is ours, where its
    form has it in it.
    """

    tenant: Tenant
    endpoint: WebhookEndpoint
    secrets: tuple[str, ...]
    has_faults: bool = False
    application_secret: str | None = None
    pair: str | None = None

    def __repr__(self) -> str:
        return f"Courier({self.endpoint.id})"


class Result(msgspec.Struct, frozen=True):
    """A delivery as it was taken, as it is after a try, and that try."""

    courier: Courier
    before: Delivery
    after: Delivery
    made: Try


class _Portion(msgspec.Struct):
    """What is taken off the outbox at once, and what comes of it."""

    handled: list[Waiting] = []
    bodies: dict[tuple[str, str], Body] = {}
    sent: list[Delivery] = []


async def fan_out(gateway: Gateway, directory: Directory) -> int:
    """Turn what is first in the outbox into deliveries, their bodies written and frozen; how many events went."""
    waiting = await outbox.first(gateway.store, AT_ONCE)
    if not waiting:
        return 0
    # After the outbox: an endpoint that was there before an event was announced is told of it.
    endpoints = {id: await webhook_endpoints.of_tenant(gateway, id) for id in {each.tenant for each in waiting}}
    tenants = {id: tenant for id in endpoints if endpoints[id] and (tenant := await _present(directory, id))}
    endpoints = {id: endpoints[id] if id in tenants else () for id in endpoints}
    seen = await outbox.seen(gateway.store, waiting[-1]) if tenants else {}
    numbered = {id for id in tenants if any(one.form in gateway.wrappers for one in endpoints[id])}
    seen |= {id: await escrow_numbers.told(gateway, event) for id, event in seen.items() if event.tenant in numbered}

    def write(event: Event, form: str) -> str | None:
        body = gateway.renderers[form](event, tenants[event.tenant])
        return None if body is None else body.decode()

    portion = _addressed(waiting, endpoints, seen, write, gateway.clock.wall())
    await _confirm_unheard(gateway, portion)
    engine = gateway.store.engine
    steps = (portion.handled, list(portion.bodies.values()), portion.sent)
    try:
        await engine.carry_out(engine.lanes, lambda: outbox.fan_out(*steps))
    except (Retry, CommitUnknown):
        log.debug("events are fanned out once more")
    return len(portion.handled)


async def _confirm_unheard(gateway: Gateway, portion: _Portion) -> None:
    """Of what nobody is told any more that a checkout was paid, its merchant knows as well as they ever will."""
    ends = [each for each in portion.handled if each.type == EventType.CHECKOUT_COMPLETED]
    told = {sent.event for sent in portion.sent if ends and sent.form in gateway.signers}
    for each in ends:
        if each.event not in told:
            await checkouts.confirm_unheard(gateway, each.tenant, each.stream)


async def _present(directory: Directory, tenant: str) -> Tenant | None:
    """A merchant; None where a sandbox was removed while somebody still wrote something down for it."""
    try:
        return await directory.tenant(tenant)
    except Refused:
        return None


def _addressed(
    waiting: Sequence[Waiting],
    endpoints: Mapping[str, Sequence[WebhookEndpoint]],
    seen: Mapping[str, Event],
    write: Callable[[Event, str], str | None],
    wall: Instant,
) -> _Portion:
    """Who is told what. An event that this release cannot read stays, with those after it, for one that can."""
    portion = _Portion()
    held: set[str] = set()
    for each in waiting:
        wanted = [endpoint for endpoint in endpoints[each.tenant] if endpoint.wants(each.type, each.stream)]
        if wanted and each.event not in seen:
            held.add(each.stream)
        if each.stream in held:
            continue
        portion.handled.append(each)
        for endpoint in wanted:
            if not applications.concerns(endpoint, seen[each.event]):
                continue
            name = (each.event, endpoint.form)
            if name not in portion.bodies:
                body = write(seen[each.event], endpoint.form)
                if body is None:
                    continue
                portion.bodies[name] = Body(each.tenant, each.event, endpoint.form, body)
            portion.sent.append(_delivery(each, endpoint, wall, due_at=wall - _SPREAD + len(portion.sent)))
    return portion


def _delivery(event: Waiting, endpoint: WebhookEndpoint, wall: Instant, *, due_at: Instant) -> Delivery:
    return Delivery(
        tenant=event.tenant,
        endpoint=endpoint.id,
        event=event.event,
        type=event.type,
        form=endpoint.form,
        stream=event.stream,
        sequence=event.sequence,
        strict=endpoint.ordering is Ordering.STRICT,
        created=wall,
        due_at=due_at,
    )


async def send_again(gateway: Gateway, tenant: Tenant, event: Event, endpoints: Sequence[WebhookEndpoint]) -> None:
    """Send an event to endpoints once more, or for the first time: under the same id, and with the same bytes."""
    wall = gateway.clock.wall()
    waiting = Waiting(event.stream, event.sequence, event.tenant, event.id, event.type.value)
    event = await escrow_numbers.told(gateway, event)
    written = {form: gateway.renderers[form](event, tenant) for form in {endpoint.form for endpoint in endpoints}}
    for form, body in written.items():
        if body is not None:
            await kept.freeze(gateway.store, event.tenant, event.id, form, body.decode())
    endpoints = [
        endpoint
        for endpoint in endpoints
        if written[endpoint.form] is not None and applications.concerns(endpoint, event)
    ]
    await kept.send_again(gateway.store, [_delivery(waiting, endpoint, wall, due_at=wall) for endpoint in endpoints])


async def courier(gateway: Gateway, directory: Directory, ready: Ready) -> Courier | None:
    """What is needed to post to an endpoint; None, and nothing waits for it any more, where it is off or gone."""
    endpoint = await find.record(gateway.store, WebhookEndpoint, ready.tenant, ready.endpoint)
    tenant = await _present(directory, ready.tenant)
    if endpoint is None or not endpoint.is_enabled or tenant is None:
        await webhook_endpoints.forget(gateway, ready.endpoint)
        return None
    wall = gateway.clock.wall()
    has_faults = not tenant.is_live and any(await gateway.planted.of(tenant.id, wall))
    secrets = await webhook_endpoints.secrets(gateway, endpoint, wall)
    pair = await key_pairs.newest(gateway, tenant) if endpoint.form in gateway.wrappers else None
    return Courier(tenant, endpoint, secrets, has_faults, await owners.secret_of(gateway, endpoint), pair)


async def post(gateway: Gateway, courier: Courier, taken: Taken, fault: FaultKind | None = None) -> Result:
    """Try one delivery, which a fault has to do with. It raises nothing, but is canceled with its caller."""
    delivery, began = taken.delivery, gateway.clock.wall()
    if taken.body is None:
        made = Try(at=began, took_milliseconds=0, error="The event is not kept any more.")
        return Result(courier, delivery, deliveries.given_up(delivery, made, began), made)
    media_type, body = "application/json", taken.body.encode()
    if wrap := gateway.wrappers.get(delivery.form):
        media_type, body = wrap(delivery.event, courier.pair, body)
    headers = {**signatures.headers(courier.secrets, delivery.event, unix_seconds(began), body)}
    if courier.application_secret is not None:
        sign = gateway.signers[delivery.form]
        headers |= sign(courier.application_secret, delivery.type, unix_seconds(began), body)
    posted = await gateway.egress.post(
        courier.endpoint.url,
        body,
        {"Content-Type": media_type, **headers},
        deadline_seconds=deliveries.DEADLINE_SECONDS,
        live=courier.tenant.is_live,
    )
    took = gateway.clock.wall() - began
    made = Try(began, took // MILLISECOND, posted.status, posted.failure, fault)
    _count(delivery, made, took)
    return _result(gateway, courier, delivery, made, posted.retry_after)


def _count(delivery: Delivery, made: Try, took: Duration) -> None:
    result = "taken" if made.is_taken else "no answer" if made.status is None else "refused"
    metrics.delivery(result, took / SECOND)
    if not delivery.tries:
        metrics.delivery_lag((made.at - delivery.created) / SECOND)


def _result(gateway: Gateway, courier: Courier, before: Delivery, made: Try, retry_after: str | None) -> Result:
    now = gateway.clock.wall()
    after = deliveries.after(
        before,
        made,
        now,
        jitter=int.from_bytes(gateway.random(2), "big"),
        retry_after=deliveries.retry_after(retry_after, now),
    )
    return Result(courier, before, after, made)


async def conclude(gateway: Gateway, results: Sequence[Result]) -> None:
    """Write down what became of tries, and what they say about each endpoint: one that goes well says all is well.

    Raises engine.Retry where nothing is written; doing it again then changes nothing twice.
    """
    for each in results:
        is_end = each.before.type == EventType.CHECKOUT_COMPLETED and each.courier.endpoint.application
        if is_end and each.made.is_taken:
            await checkouts.confirm(gateway, each.before.tenant, each.before.stream)
    await kept.conclude(gateway.store, [each.before for each in results], [each.after for each in results])
    couriers = {each.courier.endpoint.id: each.courier for each in results}
    well = {each.courier.endpoint.id for each in results if each.made.is_taken}
    gone = {each.courier.endpoint.id for each in results if each.made.is_gone}
    for id, courier in couriers.items():
        caller = system(courier.tenant, "deliveries")
        await webhook_endpoints.hear(gateway, courier.endpoint, caller, well=id in well, gone=id in gone)


class Page(msgspec.Struct, frozen=True):
    """Deliveries by their events, newest first, and whether there are more in the direction of paging."""

    deliveries: tuple[Delivery, ...]
    has_more: bool


async def page(gateway: Gateway, caller: Caller, endpoint_id: str, cursor: Cursor) -> Page:
    """What was sent to a merchant's endpoint. Raises Refused(NOT_FOUND)."""
    endpoint = await webhook_endpoints.fetch(gateway, caller, endpoint_id)
    found = await kept.page(
        gateway.store, endpoint.tenant, endpoint.id, cursor.limit + 1, above=cursor.before, below=cursor.after
    )
    shown = found[: cursor.limit]
    return Page(tuple(reversed(shown) if cursor.before is not None else shown), len(found) > cursor.limit)
