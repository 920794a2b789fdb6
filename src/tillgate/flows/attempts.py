"""Attempts: ask a bank, hear its answer, and find out what became of a question whose answer was lost."""

import time
from collections.abc import Awaitable, Callable
from typing import Any, Generic

import msgspec

from tillgate import metrics
from tillgate.connectors.contract import BankAnswer, BankRequest
from tillgate.core import attempts, idempotency, reversals, setup_intents
from tillgate.core import faults as core
from tillgate.core.attempts import Attempt, Outcome, State, Verdict
from tillgate.core.cards import Card
from tillgate.core.conclusions import Standing
from tillgate.core.decisions import Decision
from tillgate.core.idempotency import IdempotencyKey
from tillgate.core.merchants import Tenant
from tillgate.core.occasions import Occasion
from tillgate.core.reasons import Reason, Refused
from tillgate.flows import faults, standings
from tillgate.flows import idempotency as keys
from tillgate.flows.gateway import Answer, Caller, Gateway, system
from tillgate.flows.idempotency import Key
from tillgate.flows.standings import S
from tillgate.logs import log
from tillgate.store import find
from tillgate.store.batches import Conflict
from tillgate.transport.banks import Lost

Render = Callable[[S], Awaitable[Answer]]
"""How the surface that was asked writes the answer: lent to the flow, so that the answer is part of the commit."""


_HEARD = frozenset({State.APPROVED, State.DECLINED, State.PENDING, State.CHALLENGED})
"""States in which the bank has said something, so that there is an answer for whoever repeats the request."""


class Asked(msgspec.Struct, Generic[S], frozen=True):
    """A question that core has decided to put: where things stand, the decision, and the card in the open if needed."""

    standing: S
    decision: Decision
    card: Card | None = None


Read = Callable[[Attempt, BankAnswer], Outcome]
"""How a connector reads an answer."""

Decide = Callable[[Occasion], Awaitable[Asked[S]]]
"""Loads what is needed and asks core. It is called again when somebody else was quicker."""


async def ask(
    gateway: Gateway,
    caller: Caller,
    key: Key | None,
    decide: Decide[S],
    render: Render[S],
    card: Card | None = None,
) -> Answer:
    """Write the question down, put it to the bank, conclude, and give the rendered answer; once per key.

    `card` is what the client sent along, for a question that has to be put again. Raises what `decide` refuses.
    """
    return await keys.once(gateway, caller, key, lambda: _ask(gateway, caller, key, decide, render, card))


async def _ask(
    gateway: Gateway, caller: Caller, key: Key | None, decide: Decide[S], render: Render[S], card: Card | None
) -> Answer:
    async def question() -> tuple[Asked[S], tuple[IdempotencyKey, ...]]:
        asked = await _met_by_fault(gateway, caller, await decide(gateway.occasion(caller)))
        person = standings.person(asked.standing)
        claimed = keys.claim(gateway, caller, key, asked.standing.attempt.id, person)
        await gateway.store.commit(asked.decision.also(*claimed))
        return asked, claimed

    begun = await keys.begin(gateway, caller, key, question)
    if isinstance(begun, IdempotencyKey):
        return await _repeat(gateway, caller, begun, render, card)
    asked, claimed = begun
    return await _carry_out(gateway, caller, asked, claimed, render)


async def _met_by_fault(gateway: Gateway, caller: Caller, asked: Asked[S]) -> Asked[S]:
    """The question with what its test merchant has go wrong with it, used up in the same commit."""
    standing, decision = asked.standing, asked.decision
    subject, kind = standing.attempt.payment, standing.attempt.kind.value
    drawn, changed = await faults.draw(gateway, caller.tenant, core.for_question(kind), subject, operation=kind)
    if drawn is not None:
        standing, decision = standings.met_by(standing, decision, drawn)
    return Asked(standing, decision.also(*changed), asked.card)


async def _carry_out(
    gateway: Gateway, caller: Caller, asked: Asked[S], claimed: tuple[IdempotencyKey, ...], render: Render[S]
) -> Answer:
    outcome = await put(gateway, caller.tenant, asked.standing, asked.card)
    return await conclude(gateway, caller, asked.standing, outcome, claimed, render)


async def _repeat(
    gateway: Gateway, caller: Caller, kept: IdempotencyKey, render: Render[S], card: Card | None
) -> Answer:
    """The answer to a request that was made before, as soon as the bank is known to have said something."""

    async def finish(kept: IdempotencyKey) -> Answer | None:
        standing = await standings.current(gateway, caller.tenant.id, kept.subject or "")
        if standing.attempt.state in _HEARD:
            return await conclude(gateway, caller, standing, attempts.UNKNOWN, (kept,), render)
        if gateway.clock.wall() < kept.lease_until:
            return None
        return await _take_over(gateway, caller, kept, standing, render, card)

    return await keys.repeat(gateway, kept, finish)


async def _take_over(
    gateway: Gateway,
    caller: Caller,
    kept: IdempotencyKey,
    standing: S,
    render: Render[S],
    card: Card | None,
) -> Answer:
    """Finish what a process left when it died: find out, and ask again only what the bank never saw."""
    if not standing.attempt.is_final:
        await resolve(gateway, caller.tenant, standing.attempt.id)
        standing = await standings.current(gateway, caller.tenant.id, standing.attempt.id)
    occasion = gateway.occasion(caller)
    held = idempotency.take_over(kept, occasion.wall)
    if standing.attempt.state in _HEARD:
        return await conclude(gateway, caller, standing, attempts.UNKNOWN, (held,), render)
    if not standing.attempt.is_final:
        raise Refused(Reason.IDEMPOTENCY_KEY_IN_USE, retry_after_seconds=5)
    try:
        again, decision = standings.asked_again(standing, occasion)
    except Refused:
        # Things have moved on and the question fits no more: the answer is that nothing came of it.
        return await conclude(gateway, caller, standing, attempts.UNKNOWN, (held,), render)
    if again.attempt.kind in attempts.WITH_CARD:
        card = card or await standings.kept_card(gateway, again)
    asked = Asked(again, decision, card)
    try:
        await gateway.store.commit(decision.also(held))
    except Conflict as quicker:
        raise Refused(Reason.IDEMPOTENCY_KEY_IN_USE, retry_after_seconds=1) from quicker
    return await _carry_out(gateway, caller, asked, (held,), render)


async def put(
    gateway: Gateway, tenant: Tenant, standing: Standing | setup_intents.Standing, card: Card | None
) -> Outcome:
    """The bank's answer to a question; where that is lost, what the bank says on being asked for it once.

    A question that was held up on its way from its commit to here is not put: it is left to be found never seen.
    """
    attempt = standing.attempt
    if not attempts.may_leave(attempt, gateway.clock.wall()):
        return attempts.UNKNOWN
    bank = gateway.banks[attempt.bank]
    return_url = gateway.return_address(attempt) if attempt.kind in attempts.WITH_CARD else None
    question = standings.question(standing, tenant, card, return_url)
    outcome = await heard(gateway, attempt, attempt.kind, bank.write(question), bank.read)
    if outcome.verdict is Verdict.UNKNOWN:
        return await inquire(gateway, attempt)
    return outcome


async def inquire(gateway: Gateway, attempt: Attempt) -> Outcome:
    """What the bank says became of a question. It is never put again from here."""
    bank = gateway.banks[attempt.bank]
    as_of = gateway.clock.wall()
    outcome = await heard(gateway, attempt, "inquire", bank.inquire(attempt), bank.read_inquiry)
    return msgspec.structs.replace(outcome, as_of=as_of)


async def heard(gateway: Gateway, attempt: Attempt, kind: str, request: BankRequest, read: Read) -> Outcome:
    """What a bank answers, as its connector reads it; UNKNOWN where no answer comes."""
    began = time.perf_counter()
    answer = await gateway.transport.send(request)
    outcome = attempts.UNKNOWN if isinstance(answer, Lost) else read(attempt, answer)
    told = answer.loss if isinstance(answer, Lost) else outcome.verdict
    metrics.bank_answered(attempt.bank, kind, told, time.perf_counter() - began)
    return outcome


async def conclude(
    gateway: Gateway,
    caller: Caller,
    standing: S,
    outcome: Outcome,
    claimed: tuple[IdempotencyKey, ...],
    render: Render[S],
) -> Answer:
    """Write down what an outcome means, with the answer to whoever asked, in one commit.

    Where a resolver, a notification or a repeat was quicker, the answer is what stands then.
    """
    while True:
        try:
            concluded = standings.concluded(standing, outcome, gateway.occasion(caller))
        except attempts.Contradiction as contradiction:
            log.error("bank_contradicts_itself", attempt=standing.attempt.id, detail=str(contradiction))
            concluded = None
        now, decision = concluded or (standing, Decision())
        answer = await render(now)
        decision = decision.also(*keys.answered(gateway, claimed, answer))
        if not decision.save:
            return answer
        try:
            await gateway.store.commit(decision)
            count(standing.attempt, now.attempt)
            return answer
        except Conflict:
            standing = await standings.current(gateway, caller.tenant.id, standing.attempt.id)
            claimed = await _again(gateway, claimed)
            for key in claimed:
                if kept := await keys.kept_answer(gateway, key):
                    return kept


def count(before: Attempt, after: Attempt) -> None:
    """Count an attempt that moved."""
    if after.state is not before.state:
        metrics.attempt_moved(after.bank, after.kind, after.state, after.reason or "")


async def resolve(gateway: Gateway, tenant: Tenant, attempt_id: str) -> bool:
    """Find out what became of a question in doubt; True once it is known."""
    standing = await standings.current(gateway, tenant.id, attempt_id)
    if standing.attempt.is_final:
        return True
    outcome = await inquire(gateway, standing.attempt)
    return await learn(gateway, tenant, attempt_id, outcome)


async def look(gateway: Gateway, tenant: Tenant, attempt_id: str) -> None:
    """Find out what became of a question for somebody who waits for it.

    What is no news is not written down, so that it changes nothing about when the bank is asked by itself.
    """
    standing = await standings.current(gateway, tenant.id, attempt_id)
    if standing.attempt.is_final:
        return
    outcome = await inquire(gateway, standing.attempt)
    moved = attempts.move(standing.attempt, outcome, gateway.occasion(system(tenant, "resolver")))
    if moved is not None and moved.state is not standing.attempt.state:
        await learn(gateway, tenant, attempt_id, outcome)


async def reverse(gateway: Gateway, tenant: Tenant, attempt_id: str) -> bool:
    """Give back what an attempt was granted though its payment had been granted before; True once that is done."""
    granted = await standings.current(gateway, tenant.id, attempt_id)
    surplus = next((one for one in granted.payment.surplus if one.attempt == attempt_id), None)
    if surplus is None:
        return True
    last = await find.record(gateway.store, Attempt, tenant.id, surplus.reversal) if surplus.reversal else None
    caller = system(tenant, "reversal")
    try:
        asking = reversals.reverse(granted.payment, surplus, last, gateway.occasion(caller))
        await gateway.store.commit(asking.decision)
    except (Refused, Conflict):
        return False
    log.warning("a payment was granted twice, and is given back", attempt=attempt_id)
    standing = Standing(asking.payment, asking.attempt)
    outcome = await put(gateway, tenant, standing, None)
    await learn(gateway, tenant, asking.attempt.id, outcome)
    return False


async def learn(gateway: Gateway, tenant: Tenant, attempt_id: str, outcome: Outcome) -> bool:
    """Conclude an attempt by an outcome that came without anybody waiting for it; True once it is final."""
    standing = await standings.current(gateway, tenant.id, attempt_id)
    final = False

    async def note(now: Any) -> Answer:
        nonlocal final
        final = now.attempt.is_final
        return Answer(200, b"")

    await conclude(gateway, system(tenant, "resolver"), standing, outcome, (), note)
    return final


async def _again(gateway: Gateway, claimed: tuple[IdempotencyKey, ...]) -> tuple[IdempotencyKey, ...]:
    found = [await find.record(gateway.store, IdempotencyKey, key.tenant, key.id) for key in claimed]
    return tuple(key for key in found if key is not None)
