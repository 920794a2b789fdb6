"""Erasures: every copy of what was known of a customer, found and blanked, in portions that survive a crash.

A payment that was opened while its customer was deleted bears what it read; that is why there is a last look.
"""

from collections.abc import Sequence

from tillgate.core import customers, idempotency, ids, payment_methods, personal
from tillgate.core.customers import Customer, Erasure
from tillgate.core.decisions import Decision
from tillgate.core.idempotency import IdempotencyKey
from tillgate.core.instants import MINUTE, Duration
from tillgate.core.occasions import Occasion
from tillgate.core.payment_methods import PaymentMethod
from tillgate.core.payments import Payment
from tillgate.core.reasons import Reason, Refused
from tillgate.core.records import Record, evolve
from tillgate.core.timers import Timer, TimerKind
from tillgate.flows import changes
from tillgate.flows.gateway import Answer, Caller, Gateway, system
from tillgate.flows.idempotency import Key
from tillgate.store import find, lists, retention
from tillgate.store.batches import Conflict
from tillgate.store.lists import Cursor

LAST_LOOK_AFTER: Duration = 10 * MINUTE
"""Longer than any decision waits for its commit, and any body of an event for being written."""

_AT_ONCE = 100
_PORTIONS_BEFORE_ANSWERING = 2


async def begin(
    gateway: Gateway, caller: Caller, key: Key | None, customer_id: str, render: changes.Render[Erasure]
) -> Answer:
    """Delete a customer. Most have little to be erased, and it is when the answer is given; a timer does the rest.

    Raises Refused(NOT_FOUND).
    """

    async def decide(occasion: Occasion) -> tuple[Erasure, Decision]:
        customer = await find.record(gateway.store, Customer, caller.tenant.id, customer_id)
        if customer is None:
            raise Refused(Reason.NOT_FOUND, "customer", object="customer", id=customer_id)
        methods = await _methods(gateway, caller.tenant.id, customer_id)
        erasure, decision = customers.erase(customer, methods, occasion, occasion.wall + LAST_LOOK_AFTER)
        return erasure, decision.also(*map(payment_methods.taken_away, methods))

    answer = await changes.make(gateway, caller, key, decide, render)
    for _ in range(_PORTIONS_BEFORE_ANSWERING):
        await proceed(gateway, caller, customer_id)
    return answer


async def proceed(gateway: Gateway, caller: Caller, customer_id: str) -> bool:
    """Erase one more portion of what is kept of a deleted customer; True once there is nothing left to be erased.

    What another process erased meanwhile is left for the next time.
    """
    erasure = await find.record(gateway.store, Erasure, caller.tenant.id, customer_id)
    if erasure is None or erasure.finished:
        return True
    occasion = gateway.occasion(system(caller.tenant, "erasure"))
    if erasure.is_last_look and occasion.wall < erasure.last_look_at:
        return False
    try:
        advanced = await _portion(gateway, erasure, occasion)
        due_at = None if advanced.finished else advanced.last_look_at if advanced.is_last_look else occasion.wall
        timer = Timer(erasure.tenant, TimerKind.ERASE_CUSTOMER, erasure.id, due_at)
        await gateway.store.commit(Decision(save=(advanced,), schedule=(timer,)))
    except Conflict:
        return False
    return advanced.finished


async def _portion(gateway: Gateway, erasure: Erasure, occasion: Occasion) -> Erasure:
    """The erasure after a portion of payments, or of the rest where no payment is left."""
    cursor = Cursor(_AT_ONCE, before=erasure.redacted_up_to)
    found = await lists.page(gateway.store, Payment, erasure.tenant, cursor, where=("customer", erasure.id))
    if found.records:
        await _redact_payments(gateway, erasure, found.records, occasion)
        return evolve(erasure, redacted_up_to=found.records[0].id)
    methods = await _methods(gateway, erasure.tenant, erasure.id)
    keys = await replies(gateway, erasure.tenant, erasure.id, *erasure.methods)
    if methods or keys:
        await gateway.store.commit(Decision(save=(*map(payment_methods.taken_away, methods), *keys)))
        return evolve(erasure, methods=(*erasure.methods, *(method.id for method in methods)))
    if erasure.is_last_look:
        return evolve(erasure, finished=True)
    opened_meanwhile = ids.floor("pay", max(0, erasure.created - LAST_LOOK_AFTER))
    return evolve(erasure, is_last_look=True, redacted_up_to=min(erasure.redacted_up_to, opened_meanwhile))


async def _redact_payments(gateway: Gateway, erasure: Erasure, payments: Sequence[Payment], occasion: Occasion) -> None:
    """Payments without their customer's data, and the cards that they were made with destroyed."""
    used = await find.every(gateway.store, PaymentMethod, erasure.tenant, [each.payment_method for each in payments])
    methods = [method for method in used.values() if method.customer in (None, erasure.id)]
    changed: list[Record] = [payment for payment in map(personal.redacted, payments) if payment not in payments]
    changed += [gone for gone in map(payment_methods.taken_away, methods) if gone not in methods]
    changed += await replies(gateway, erasure.tenant, *(method.id for method in methods))
    if changed:
        await gateway.store.commit(Decision(save=tuple(changed)))


async def _methods(gateway: Gateway, tenant: str, customer_id: str) -> tuple[PaymentMethod, ...]:
    where = ("customer", customer_id)
    return (await lists.page(gateway.store, PaymentMethod, tenant, Cursor(_AT_ONCE), where=where)).records


async def replies(gateway: Gateway, tenant: str, *people: str) -> Sequence[IdempotencyKey]:
    """Keys without the replies that tell of these customers or payment methods; those still running are left alone."""
    found = await retention.keys_about(gateway.store, tenant, people)
    return [idempotency.erased(key) for key in found if key.reply is not None]
