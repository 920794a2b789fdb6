"""Changes that ask no bank: decide, commit, and give the rendered answer; once per key."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from tillgate.core.decisions import Decision
from tillgate.core.idempotency import IdempotencyKey
from tillgate.core.occasions import Occasion
from tillgate.core.reasons import Reason, Refused
from tillgate.flows import idempotency as keys
from tillgate.flows.gateway import Answer, Caller, Gateway
from tillgate.flows.idempotency import Key

T = TypeVar("T")

Decide = Callable[[Occasion], Awaitable[tuple[T, Decision]]]
"""Loads what is needed and asks core, for what is to be shown and the decision. Called again when overtaken."""

Render = Callable[[T], Awaitable[Answer]]
"""How the surface that was asked shows what came of it."""


def _nobody(changed: object) -> None:
    return None


async def make(
    gateway: Gateway,
    caller: Caller,
    key: Key | None,
    decide: Decide[T],
    render: Render[T],
    person: Callable[[T], str | None] = _nobody,
) -> Answer:
    """Carry out what `decide` decides. Raises what it refuses.

    `person` says of whom the answer tells, so that it can be erased (see core.idempotency).
    """
    return await keys.once(gateway, caller, key, lambda: _make(gateway, caller, key, decide, render, person))


async def repeated(gateway: Gateway, caller: Caller, key: Key | None) -> Answer | None:
    """The answer that was given under this key before, if there was one.

    Raises Refused(IDEMPOTENCY_KEY_REUSED) where it stands for another request, IDEMPOTENCY_KEY_IN_USE where it is not
    answered yet.
    """
    kept = await keys.claimed_before(gateway, caller, key) if key else None
    return await _kept(gateway, kept) if kept else None


async def _make(
    gateway: Gateway,
    caller: Caller,
    key: Key | None,
    decide: Decide[T],
    render: Render[T],
    person: Callable[[T], str | None],
) -> Answer:
    async def work() -> Answer:
        changed, decision = await decide(gateway.occasion(caller))
        answer = await render(changed)
        claimed = keys.answered(gateway, keys.claim(gateway, caller, key, "", person(changed)), answer)
        await gateway.store.commit(decision.also(*claimed))
        return answer

    begun = await keys.begin(gateway, caller, key, work)
    return await _kept(gateway, begun) if isinstance(begun, IdempotencyKey) else begun


async def _kept(gateway: Gateway, key: IdempotencyKey) -> Answer:
    if answer := await keys.kept_answer(gateway, key):
        return answer
    raise Refused(Reason.IDEMPOTENCY_KEY_IN_USE)
