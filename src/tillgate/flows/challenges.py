"""Challenges: what is done about one that nobody met in time, or that was given up for another card."""

from tillgate.core import abandonment, cancellations, challenges, payments
from tillgate.core.attempts import State
from tillgate.core.conclusions import Standing
from tillgate.core.merchants import Tenant
from tillgate.core.reasons import Refused
from tillgate.flows import attempts, standings
from tillgate.flows.gateway import Gateway, system
from tillgate.store.batches import Conflict


async def expire(gateway: Gateway, tenant: Tenant, attempt_id: str) -> bool:
    """End a challenge whose time is over, and find out what the bank made of it; True once that is known.

    Where nothing can be taken any more, as with a card that is only verified, it is left to the bank to end it.
    """
    waiting = await standings.current(gateway, tenant.id, attempt_id)
    if waiting.attempt.state is not State.CHALLENGED:
        return True
    payment = waiting.payment if isinstance(waiting, Standing) else None
    if gateway.clock.now(tenant.id) < challenges.expires_at(waiting.attempt, payment):
        return False
    if await attempts.resolve(gateway, tenant, attempt_id):
        return True
    if not isinstance(waiting, Standing):
        return False
    try:
        payment = (await standings.current(gateway, tenant.id, attempt_id)).payment
        occasion = gateway.occasion(system(tenant, "expiry"))
        if payment.ticket:
            asking = payments.void(payment, cancellations.EXPIRED, occasion)
        else:
            asking = challenges.withdraw(payment, waiting.attempt, occasion)
        await gateway.store.commit(asking.decision)
    except (Refused, Conflict):
        return False
    outcome = await attempts.put(gateway, tenant, Standing(asking.payment, asking.attempt), None)
    await attempts.learn(gateway, tenant, asking.attempt.id, outcome)
    return await attempts.resolve(gateway, tenant, attempt_id)


async def withdraw(gateway: Gateway, tenant: Tenant, attempt_id: str) -> bool:
    """Have the bank end a challenge that was given up for another card; it is asked once, for it ends by itself too."""
    given_up: Standing = await standings.current(gateway, tenant.id, attempt_id)
    if given_up.attempt.state is not State.CHALLENGED:
        return True
    asking = abandonment.withdraw(given_up.payment, given_up.attempt, gateway.occasion(system(tenant, "withdrawal")))
    try:
        await gateway.store.commit(asking.decision)
    except Conflict:
        return False
    outcome = await attempts.put(gateway, tenant, Standing(asking.payment, asking.attempt), None)
    await attempts.learn(gateway, tenant, asking.attempt.id, outcome)
    return True
