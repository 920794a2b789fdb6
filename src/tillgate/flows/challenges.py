"""Challenges: what is done about one that nobody met in time, or that was given up."""

from tillgate.core import abandonment, cancellations, challenges, payments, setup_intents
from tillgate.core.attempts import State
from tillgate.core.conclusions import Standing
from tillgate.core.decisions import Decision
from tillgate.core.merchants import Tenant
from tillgate.core.reasons import Reason, Refused
from tillgate.core.setup_intents import Standing as SetupStanding
from tillgate.flows import attempts, standings
from tillgate.flows.gateway import Gateway, system
from tillgate.store.batches import Conflict

_Either = Standing | SetupStanding


async def expire(gateway: Gateway, tenant: Tenant, attempt_id: str) -> bool:
    """End a challenge whose time is over, and find out what the bank made of it; False while its time is not over.

    It schedules when to look again where the bank has not ended it, so that its timer has nothing left to do.
    """
    waiting = await standings.current(gateway, tenant.id, attempt_id)
    if waiting.attempt.state is not State.CHALLENGED:
        return True
    payment = waiting.payment if isinstance(waiting, Standing) else None
    if gateway.clock.now(tenant.id) < challenges.expires_at(waiting.attempt, payment):
        return False
    if await attempts.resolve(gateway, tenant, attempt_id):
        return True
    try:
        await _put(gateway, tenant, _expired(gateway, tenant, await standings.current(gateway, tenant.id, attempt_id)))
        if await attempts.resolve(gateway, tenant, attempt_id):
            return True
    except Refused:
        # The bank has been told already, and its answer is found out by itself.
        pass
    except Conflict:
        return False
    again = challenges.expire_again(waiting.attempt, gateway.occasion(system(tenant, "expiry")))
    await gateway.store.commit(Decision(schedule=(again,)))
    return True


async def withdraw(gateway: Gateway, tenant: Tenant, attempt_id: str) -> bool:
    """Have the bank end a challenge that was given up; it is asked once, for the challenge ends by itself too."""
    given_up: _Either = await standings.current(gateway, tenant.id, attempt_id)
    if given_up.attempt.state is not State.CHALLENGED:
        return True
    occasion = gateway.occasion(system(tenant, "withdrawal"))
    if isinstance(given_up, SetupStanding):
        asked = _of_setup_intent(setup_intents.withdraw(given_up.setup_intent, given_up.attempt, occasion))
    else:
        asked = _of_payment(abandonment.withdraw(given_up.payment, given_up.attempt, occasion))
    try:
        await _put(gateway, tenant, asked)
    except Conflict:
        return False
    return True


def _expired(gateway: Gateway, tenant: Tenant, waiting: _Either) -> tuple[_Either, Decision]:
    """The question that ends it. Raises Refused(IN_PROGRESS) where it was put before."""
    occasion = gateway.occasion(system(tenant, "expiry"))
    if isinstance(waiting, SetupStanding):
        if setup_intents.was_withdrawn(waiting.setup_intent, waiting.attempt):
            raise Refused(Reason.IN_PROGRESS, "setup_intent", status=waiting.setup_intent.status)
        return _of_setup_intent(setup_intents.withdraw(waiting.setup_intent, waiting.attempt, occasion))
    if waiting.payment.ticket and not waiting.payment.checkout:
        return _of_payment(payments.void(waiting.payment, cancellations.EXPIRED, occasion))
    return _of_payment(challenges.withdraw(waiting.payment, waiting.attempt, occasion))


def _of_payment(asking: payments.Asking) -> tuple[_Either, Decision]:
    return Standing(asking.payment, asking.attempt), asking.decision


def _of_setup_intent(asking: setup_intents.Asking) -> tuple[_Either, Decision]:
    return SetupStanding(asking.setup_intent, asking.attempt), asking.decision


async def _put(gateway: Gateway, tenant: Tenant, asked: tuple[_Either, Decision]) -> None:
    """Write a question down, put it, and conclude it. Raises Conflict."""
    standing, decision = asked
    await gateway.store.commit(decision)
    outcome = await attempts.put(gateway, tenant, standing, None)
    await attempts.learn(gateway, tenant, standing.attempt.id, outcome)
