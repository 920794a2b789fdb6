"""One key, one request: a repeat gets the first answer, whatever happened to the process that gave it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec

from tillgate.core import idempotency
from tillgate.core.idempotency import IdempotencyKey
from tillgate.core.instants import SECOND
from tillgate.core.reasons import Reason, Refused
from tillgate.core.records import evolve
from tillgate.flows import patience
from tillgate.flows.gateway import Answer, Caller, Gateway, Running
from tillgate.store import find
from tillgate.store.batches import Conflict, Taken

T = TypeVar("T")

Finish = Callable[[IdempotencyKey], Awaitable[Answer | None]]
"""Gives the answer that a request under a key has not been given; None while it may still be running."""

WAIT_SECONDS = 5.0
"""How long a repeat waits for a request that runs in another process, before it is told to come back."""


class Key(msgspec.Struct, frozen=True):
    """A client's key on one request: its keyed digest, and the fingerprint of what is asked."""

    id: str
    fingerprint: str


async def once(gateway: Gateway, caller: Caller, key: Key | None, work: Callable[[], Awaitable[Answer]]) -> Answer:
    """Do `work`, unless the same request runs in this process: then wait for its answer.

    Another request under the same key is waited for too, and then `work` finds out which of them the key stands for.
    """
    if key is None:
        return await work()
    name = (caller.tenant.id, key.id)
    while running := gateway.running.get(name):
        await asyncio.wait([running.reply])
        if running.fingerprint == key.fingerprint and running.reply.exception() is None:
            return msgspec.structs.replace(running.reply.result(), replayed=True)
    future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
    gateway.running[name] = Running(key.fingerprint, future)
    try:
        reply = await work()
        future.set_result(reply)
        return reply
    except BaseException as failure:
        future.set_exception(failure if isinstance(failure, Exception) else Refused(Reason.IDEMPOTENCY_KEY_IN_USE))
        future.exception()
        raise
    finally:
        del gateway.running[name]


def claim(
    gateway: Gateway, caller: Caller, key: Key | None, subject: str, person: str | None = None
) -> tuple[IdempotencyKey, ...]:
    """What to save with a first question, so that repeats find it; nothing without a key."""
    if key is None:
        return ()
    claimed = idempotency.claim(caller.tenant.id, key.id, key.fingerprint, gateway.clock.wall())
    return (evolve(claimed, subject=subject, person=person),)


def answered(gateway: Gateway, claimed: tuple[IdempotencyKey, ...], answer: Answer) -> tuple[IdempotencyKey, ...]:
    """What to save with the conclusion: the answer, sealed, under the key that was claimed."""
    return tuple(
        evolve(key, reply=gateway.secrets.seal_reply(key.tenant, key.id, answer.status, answer.body)) for key in claimed
    )


async def kept_answer(gateway: Gateway, key: IdempotencyKey) -> Answer | None:
    """The first answer, to the byte, if there is one. Raises Refused(IDEMPOTENCY_REPLY_ERASED) where there was."""
    idempotency.assert_not_erased(key)
    if key.reply is None:
        return None
    status, body = await gateway.secrets.open_reply(key.tenant, key.id, key.reply)
    return Answer(status, body, replayed=True)


async def claimed_before(gateway: Gateway, caller: Caller, key: Key) -> IdempotencyKey | None:
    """The key as it was claimed, if it was.

    Raises Refused(IDEMPOTENCY_KEY_REUSED) where it stands for another request.
    """
    found = await find.record(gateway.store, IdempotencyKey, caller.tenant.id, key.id)
    if found is not None:
        idempotency.assert_same_request(found, key.fingerprint)
    return found


async def led_to_question(gateway: Gateway, caller: Caller, key: Key | None) -> bool:
    """Whether a request under this key had a bank asked, whatever its repeat would need now. Raises as above."""
    kept = await claimed_before(gateway, caller, key) if key else None
    return kept is not None and bool(kept.subject)


async def begin(
    gateway: Gateway, caller: Caller, key: Key | None, work: Callable[[], Awaitable[T]]
) -> T | IdempotencyKey:
    """What `work` commits as the first request under a key; the key as it was claimed, where this is a repeat.

    `work` is called again when somebody else was quicker. Raises what it refuses a first request.
    """
    while True:
        try:
            return await work()
        except Conflict:
            continue
        except (Taken, Refused) as failed:
            # What a first request changed may be the very reason why its repeat is refused.
            if key and (kept := await claimed_before(gateway, caller, key)):
                return kept
            if isinstance(failed, Refused):
                raise


async def repeat(gateway: Gateway, kept: IdempotencyKey, finish: Finish) -> Answer:
    """The answer to a request that was made before: kept, waited for, or given in place of a process that died.

    Raises Refused(IDEMPOTENCY_KEY_IN_USE) once it has been waited for long enough.
    """
    waited_seconds = 0.0
    while True:
        if answer := await kept_answer(gateway, kept) or await finish(kept):
            return answer
        if waited_seconds >= WAIT_SECONDS:
            left = kept.lease_until - gateway.clock.wall()
            raise Refused(Reason.IDEMPOTENCY_KEY_IN_USE, retry_after_seconds=max(1, -(-left // SECOND)))
        waited_seconds = await patience.pause(waited_seconds)
        found = await find.record(gateway.store, IdempotencyKey, kept.tenant, kept.id)
        if found is None:
            raise Refused(Reason.IDEMPOTENCY_KEY_IN_USE)
        idempotency.assert_same_request(found, kept.fingerprint)
        kept = found
