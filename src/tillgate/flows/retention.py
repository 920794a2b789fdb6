"""Retention: what may no longer be kept is erased, a little at a time."""

from tillgate.core import payment_methods
from tillgate.core.decisions import Decision
from tillgate.core.instants import DAY, Duration
from tillgate.core.payment_methods import PaymentMethod, Token
from tillgate.flows.gateway import Gateway
from tillgate.store import retention
from tillgate.store.batches import Conflict

REPLIES_LAST: Duration = 2 * DAY
"""How long an idempotency key answers with its first reply; the API promises a day at least."""

BATCHES_LAST: Duration = DAY

_AT_ONCE = 500


async def erase_cards(gateway: Gateway) -> int:
    """Destroy the numbers and CVCs whose time is over; how many there were."""
    wall = gateway.clock.wall()
    methods = await retention.to_erase(gateway.store, PaymentMethod, wall, _AT_ONCE)
    tokens = await retention.to_erase(gateway.store, Token, wall, _AT_ONCE)
    erased = [payment_methods.destroyed(method) for method in methods]
    emptied = [payment_methods.emptied(token) for token in tokens]
    for record in (*erased, *emptied):
        try:
            await gateway.store.commit(Decision(save=(record,)))
        except Conflict:
            continue  # It is being used just now; its time is looked at again on the next round.
    return len(erased) + len(emptied)


async def prune(gateway: Gateway) -> int:
    """Forget old idempotency keys and batches; how many rows went."""
    wall = gateway.clock.wall()
    keys = await retention.forget_keys(gateway.store, wall - REPLIES_LAST, _AT_ONCE)
    return keys + await retention.forget_batches(gateway.store, wall - BATCHES_LAST, _AT_ONCE)
