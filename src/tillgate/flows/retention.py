"""Retention: what may no longer be kept is erased, a little at a time."""

from tillgate.core import ids, payment_methods
from tillgate.core.decisions import Decision
from tillgate.core.instants import DAY, Duration, Instant
from tillgate.core.mails import Mail
from tillgate.core.oauth import Grant
from tillgate.core.payment_methods import PaymentMethod, Token
from tillgate.core.people import Tries
from tillgate.core.sessions import Session
from tillgate.flows.gateway import Gateway
from tillgate.store import retention
from tillgate.store.batches import Conflict

REPLIES_LAST: Duration = 2 * DAY
"""How long an idempotency key answers with its first reply; the API promises a day at least."""

BATCHES_LAST: Duration = DAY

EVENTS_LAST: Duration = 90 * DAY
"""How long events can be read, and sent again."""

DELIVERIES_LAST: Duration = 30 * DAY
"""How long one can see what was tried, once it is over."""

_AT_ONCE = 500


async def erase_cards(gateway: Gateway) -> int:
    """Destroy the numbers, CVCs and cryptograms whose time is over; how many there were."""
    wall = gateway.clock.wall()
    methods = await retention.to_erase(gateway.store, PaymentMethod, wall, _AT_ONCE)
    tokens = await retention.to_erase(gateway.store, Token, wall, _AT_ONCE)
    erased = [payment_methods.erased(method, wall) for method in methods]
    emptied = [payment_methods.emptied(token) for token in tokens]
    for record in (*erased, *emptied):
        try:
            await gateway.store.commit(Decision(save=(record,)))
        except Conflict:
            continue  # It is being used just now; its time is looked at again on the next round.
    return len(erased) + len(emptied)


async def prune(gateway: Gateway) -> int:
    """Forget what is over, of every kind that does not stay; how many rows went."""
    store, wall = gateway.store, gateway.clock.wall()
    keys = await retention.forget_keys(store, wall - REPLIES_LAST, _AT_ONCE)
    batches = await retention.forget_batches(store, wall - BATCHES_LAST, _AT_ONCE)
    tokens = await retention.forget_credentials(store, wall, _AT_ONCE)
    people = sum([await retention.forget(store, type, wall, _AT_ONCE) for type in (Session, Tries, Grant, Mail)])
    deliveries = await retention.forget_deliveries(store, wall - DELIVERIES_LAST, _AT_ONCE)
    return keys + batches + tokens + people + deliveries + await _prune_events(gateway, wall - EVENTS_LAST)


async def _prune_events(gateway: Gateway, before: Instant) -> int:
    """Ids are made from the time of creation: what is older than an instant has an id below that instant's."""
    below, count = ids.floor("evt", max(before, 0)), 0
    for tenant in await retention.with_events_below(gateway.store, below):
        count += await retention.forget_events(gateway.store, tenant, below, _AT_ONCE)
        count += await retention.forget_bodies(gateway.store, tenant, below, _AT_ONCE)
    return count
