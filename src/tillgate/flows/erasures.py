"""Erasures: every copy of what was known of a customer, found and blanked, in portions that survive a crash.

What read the customer right before they were deleted may write it down a little later: a payment that was being opened,
or the body of an event that was being frozen. That is why everything is looked through once more after a while.
"""

from collections.abc import Sequence

from tillgate.core import customers, idempotency, payment_methods, personal, terms
from tillgate.core.customers import Customer, Erasure
from tillgate.core.decisions import Decision
from tillgate.core.disputes import Dispute
from tillgate.core.idempotency import IdempotencyKey
from tillgate.core.instants import MINUTE, Duration
from tillgate.core.occasions import Occasion
from tillgate.core.payment_methods import PaymentMethod
from tillgate.core.payments import Payment
from tillgate.core.projects import Project
from tillgate.core.records import Record, evolve
from tillgate.core.setup_intents import SetupIntent
from tillgate.core.timers import Timer, TimerKind
from tillgate.flows import changes, events, evidence, mails, records, transfers
from tillgate.flows.gateway import Answer, Caller, Gateway
from tillgate.flows.idempotency import Key
from tillgate.logs import log
from tillgate.store import filters, find, lists, retention
from tillgate.store.batches import Conflict
from tillgate.store.commit import Unavailable
from tillgate.store.engine import Retry
from tillgate.store.filters import Wanted
from tillgate.store.lists import Cursor

LAST_LOOK_AFTER: Duration = 10 * MINUTE
"""Longer than anything waits between reading a customer and writing down what it read."""

AT_ONCE = 50
"""How many payments are redacted in one portion."""

_PORTIONS_BEFORE_ANSWERING = 2


async def begin(
    gateway: Gateway, caller: Caller, key: Key | None, customer_id: str, render: changes.Render[Erasure]
) -> Answer:
    """Delete a customer. Who has a few payments is erased when the answer is given; a timer does the rest.

    Raises Refused(NOT_FOUND).
    """

    async def decide(occasion: Occasion) -> tuple[Erasure, Decision]:
        customer = await records.fetch(gateway, caller, Customer, customer_id, "customer")
        methods = await _methods(gateway, caller.tenant.id, customer_id)
        erasure, decision = customers.erase(customer, methods, occasion, occasion.wall + LAST_LOOK_AFTER)
        return erasure, decision.also(*map(payment_methods.taken_away, methods))

    answer = await changes.make(gateway, caller, key, decide, render)
    try:
        for _ in range(_PORTIONS_BEFORE_ANSWERING):
            await proceed(gateway, caller, customer_id)
    except (Retry, Unavailable):
        log.warning("an erasure is left to its timer", customer=customer_id)
    return answer


async def proceed(gateway: Gateway, caller: Caller, customer_id: str) -> bool:
    """Erase one more portion of what is kept of a deleted customer; True once there is nothing left to be erased."""
    erasure = await find.record(gateway.store, Erasure, caller.tenant.id, customer_id)
    if erasure is None or erasure.finished:
        return True
    wall = gateway.clock.wall()
    if erasure.is_last_look and wall < erasure.last_look_at:
        return False
    try:
        after = await _portion(gateway, caller, erasure)
        due_at = None if after.finished else wall
        if after.is_last_look and not erasure.is_last_look:
            due_at = after.last_look_at
        timer = Timer(erasure.tenant, TimerKind.ERASE_CUSTOMER, erasure.id, due_at)
        await gateway.store.commit(Decision(save=(after,), schedule=(timer,)))
    except Conflict:
        # Somebody else is at it, or pays: the timer comes back.
        return False
    return after.finished


async def _portion(gateway: Gateway, caller: Caller, erasure: Erasure) -> Erasure:
    """The erasure after some payments, oldest first, or after everything else where no payment is left."""
    cursor = Cursor(AT_ONCE, before=erasure.redacted_up_to)
    found = await lists.page(gateway.store, Payment, erasure.tenant, cursor, where={"customer": erasure.id})
    if found.records:
        await _redact_payments(gateway, caller, erasure, found.records)
        return evolve(erasure, redacted_up_to=found.records[0].id)
    people = (erasure.id, *erasure.methods)
    while methods := await _methods(gateway, erasure.tenant, erasure.id):
        await gateway.store.commit(Decision(save=tuple(map(payment_methods.taken_away, methods))))
        people += tuple(method.id for method in methods)
    people += await _setups(gateway, erasure)
    await _projects(gateway, erasure)
    while keys := await replies(gateway, erasure.tenant, *people):
        await gateway.store.commit(Decision(save=tuple(keys)))
    for person in people:
        await events.redact(gateway, caller.tenant, person, personal.redacted)
    await _once_theirs(gateway, caller, erasure)
    if erasure.is_last_look:
        return evolve(erasure, finished=True)
    return evolve(erasure, methods=people[1:], is_last_look=True, redacted_up_to=customers.NO_PAYMENT)


async def _setups(gateway: Gateway, erasure: Erasure) -> tuple[str, ...]:
    """The cards that were tried to be set up for the customer, destroyed; setup intents themselves tell nothing."""
    where, cursor = {"customer": erasure.id}, Cursor(AT_ONCE)
    found: tuple[str, ...] = ()
    while True:
        page = await lists.page(gateway.store, SetupIntent, erasure.tenant, cursor, where=where)
        cards = [card for setup in page.records for card in (*setup.former_methods, setup.payment_method) if card]
        methods = (await find.every(gateway.store, PaymentMethod, erasure.tenant, cards)).values()
        left = [method for method in methods if method.customer is None and method.sealed is not None]
        if left:
            await gateway.store.commit(Decision(save=tuple(map(payment_methods.taken_away, left))))
        found += tuple(method.id for method in methods)
        if not page.has_more:
            return found
        cursor = Cursor(AT_ONCE, after=page.records[-1].id)


async def _projects(gateway: Gateway, erasure: Erasure) -> None:
    """The customer's projects without their data."""
    where, cursor = {"customer": erasure.id}, Cursor(AT_ONCE)
    while found := (await lists.page(gateway.store, Project, erasure.tenant, cursor, where=where)).records:
        redacted = [project for project in map(personal.redacted, found) if project not in found]
        if redacted:
            await gateway.store.commit(Decision(save=tuple(redacted)))
        cursor = Cursor(AT_ONCE, after=found[-1].id)


async def _once_theirs(gateway: Gateway, caller: Caller, erasure: Erasure) -> None:
    """Events of payments that were the customer's before they were another's, without the former's data."""

    def blank(view: Record) -> Record:
        is_theirs = isinstance(view, Payment) and view.customer is not None and view.customer.id == erasure.id
        return personal.redacted(view) if is_theirs else view

    wanted, cursor = Wanted(terms=((terms.FORMER_CUSTOMER, erasure.id),)), Cursor(AT_ONCE)
    while found := (await filters.page(gateway.store, Payment, erasure.tenant, cursor, wanted)).records:
        for payment in found:
            await events.redact(gateway, caller.tenant, payment.id, blank)
        cursor = Cursor(AT_ONCE, after=found[-1].id)


async def _redact_payments(gateway: Gateway, caller: Caller, erasure: Erasure, payments: Sequence[Payment]) -> None:
    """Payments without their customer's data, then their events, and the cards that they were made with destroyed.

    An event that comes later tells of the payment as it is by then.
    """
    cards = [card for payment in payments for card in (*payment.former_methods, payment.payment_method) if card]
    used = await find.every(gateway.store, PaymentMethod, erasure.tenant, cards)
    methods = [method for method in used.values() if method.customer in (None, erasure.id)]
    changed: list[Record] = [payment for payment in map(personal.redacted, payments) if payment not in payments]
    disputes = [dispute for payment in payments for dispute in await _disputes(gateway, payment)]
    changed += [dispute for dispute in map(personal.redacted, disputes) if dispute not in disputes]
    arrived = [one for payment in payments if payment.transfer for one in await transfers.of(gateway, payment)]
    changed += [arrival for arrival in map(personal.redacted, arrived) if arrival not in arrived]
    changed += [gone for gone in map(payment_methods.taken_away, methods) if gone not in methods]
    changed += await replies(gateway, erasure.tenant, *(method.id for method in methods))
    letters = await mails.about(gateway, erasure.tenant, [payment.id for payment in payments])
    if changed or letters:
        await gateway.store.commit(Decision(save=tuple(changed), remove=letters))
    for payment in payments:
        await evidence.remove(gateway, payment)
    for told_of in (*payments, *disputes):
        await events.redact(gateway, caller.tenant, told_of.id, personal.redacted)


async def _disputes(gateway: Gateway, payment: Payment) -> tuple[Dispute, ...]:
    if payment.dispute is None:
        return ()
    return (
        await lists.page(gateway.store, Dispute, payment.tenant, Cursor(AT_ONCE), where={"payment": payment.id})
    ).records


async def _methods(gateway: Gateway, tenant: str, customer_id: str) -> tuple[PaymentMethod, ...]:
    where = {"customer": customer_id}
    return (await lists.page(gateway.store, PaymentMethod, tenant, Cursor(AT_ONCE), where=where)).records


async def replies(gateway: Gateway, tenant: str, *people: str) -> Sequence[IdempotencyKey]:
    """Keys without the replies that tell of these customers or payment methods; those still running are left alone."""
    found = await retention.keys_about(gateway.store, tenant, people)
    return [idempotency.erased(key) for key in found if key.reply is not None]
