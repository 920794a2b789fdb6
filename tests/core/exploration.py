"""The worlds that a payment can get into: searched breadth first, until there is none that was not seen."""

from collections import Counter, deque
from collections.abc import Hashable, Iterator

from tests.core import claims
from tests.core.claims import BY_CARD
from tests.core.world import Answer, Happening, World, happenings, tried
from tillgate.core.attempts import Attempt, Contradiction, State
from tillgate.core.reasons import Refused
from tillgate.core.timers import TimerKind

Step = tuple[World, Happening, World | Refused | Contradiction]


def steps(start: World, never_seen: int) -> Iterator[Step]:
    """Every step from every world, with what came of it, where at most so many questions were never seen at a time.

    The claims are held against each world and each step on the way. Declined attempts, which nothing comes of any more,
    do not tell worlds apart, so the search ends.
    """
    seen = {_essence(start)}
    ahead = deque([start])
    while ahead:
        world = ahead.popleft()
        claims.hold(world)
        for what in happenings(world):
            if isinstance(what, Answer) and world.attempts[what.attempt].state in (State.APPROVED, State.DECLINED):
                # Nothing is new of these, whatever the payment: see test_attempts.
                continue
            after = tried(world, what)
            yield world, what, after
            if not isinstance(after, World):
                claims.refused(world, what, after)
                continue
            if after is world:
                continue
            claims.follow(world, what, after)
            if sum(attempt.state is State.NEVER_SEEN for attempt in after.attempts.values()) > never_seen:
                continue
            essence = _essence(after)
            if essence not in seen:
                seen.add(essence)
                ahead.append(after)


def _essence(world: World) -> Hashable:
    """All that tells what may come: two worlds of one essence differ in ids, times and what is over."""
    payment = world.payment
    return (
        frozenset(Counter(_alive(world, attempt) for attempt in world.attempts.values() if _counts(attempt)).items()),
        (payment.authorized, payment.captured, payment.voided, payment.refunded, payment.fees),
        (payment.failure is None, payment.action is None, payment.canceled is None),
        (payment.events == 0, len(world.entries)),
        (TimerKind.EXPIRE_AUTHORIZATION, payment.id) in world.timers,
    )


def _counts(attempt: Attempt) -> bool:
    return attempt.state is not State.DECLINED


def _alive(world: World, attempt: Attempt) -> Hashable:
    """What may come of an attempt. A lost answer leaves open what the first one did, and so do, but for the card, a
    pending one and a challenge; the table of moves is held to that."""
    state = State.SENDING if attempt.state is State.UNKNOWN else attempt.state
    if state is State.CHALLENGED and attempt.kind not in BY_CARD:
        state = State.PENDING
    announced = attempt.refund is not None and world.refunds[attempt.refund].announced
    is_granted = attempt.id == world.payment.authorization
    reserved = sum(held.amount for held in world.payment.in_flight if held.attempt == attempt.id)
    return attempt.kind, attempt.amount.amount, reserved, state, attempt.cause or "", is_granted, announced
