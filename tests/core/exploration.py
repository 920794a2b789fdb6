"""The worlds that a payment can get into: searched breadth first, until there is none that was not seen."""

from collections import Counter, deque
from collections.abc import Hashable, Iterator

from tests.core import claims, progress
from tests.core.claims import BY_CARD
from tests.core.happenings import Answer, AskAgain, Decide, Happening, Retract, Reverse, Withdraw
from tests.core.world import World, happenings, tried
from tillgate.core.attempts import Attempt, Contradiction, Kind, State
from tillgate.core.disputes import Dispute
from tillgate.core.reasons import Refused
from tillgate.core.reservations import REVERSALS
from tillgate.core.timers import TimerKind

Step = tuple[World, Happening, World | Refused | Contradiction]


def steps(start: World, never_seen: int) -> Iterator[Step]:
    """Every step from every world, with what came of it, where at most so many questions were never seen at a time.

    The claims are held against each world and each step on the way. Worlds of one essence are searched once, so the
    search ends.
    """
    seen = {essence(start)}
    ahead = deque([start])
    while ahead:
        world = ahead.popleft()
        claims.hold(world)
        for what, after in _tried(world):
            yield world, what, after
            if not isinstance(after, World):
                claims.refused(world, what, after)
            elif after is not world:
                progress.follow(world, what, after)
                if _left_open(after) <= never_seen and (what_may_come := essence(after)) not in seen:
                    seen.add(what_may_come)
                    ahead.append(after)


def essence(world: World) -> Hashable:
    """All that tells what may come: two worlds of one essence differ in ids, times and what is over."""
    payment = world.payment
    return (
        frozenset(Counter(_alive(world, one) for one in world.attempts.values() if _counts(world, one)).items()),
        (payment.authorized, payment.captured, payment.voided, payment.refunded, payment.fees),
        (payment.disputed, payment.overdrawn),
        tuple(sorted((one.kind, one.amount, one.reversal is None) for one in payment.surplus)),
        (payment.failure is None, payment.action is None, payment.canceled is None, world.attempts == {}),
        (payment.events == 0, sum(_is_own(world, entry.id) for entry in world.entries)),
        (TimerKind.EXPIRE_AUTHORIZATION, payment.id) in world.timers,
        frozenset(Counter(map(_objection, world.disputes.values())).items()),
    )


def future(world: World) -> set[Hashable]:
    """What may come of a world: each step by its essence, what it leads to, and what it tells."""
    return {(_step(world, what), _outcome(world, after)) for what, after in _tried(world)}


def _tried(world: World) -> Iterator[tuple[Happening, World | Refused | Contradiction]]:
    for what in happenings(world):
        # Nothing is new of what is over, whatever the payment: see test_attempts.
        if not isinstance(what, Answer) or not _is_over(world.attempts[what.attempt]):
            yield what, tried(world, what)


def _is_over(attempt: Attempt) -> bool:
    return attempt.state in (State.APPROVED, State.DECLINED)


def _left_open(world: World) -> int:
    """How many questions a bank may come back to, never seen or given up while in doubt, and what is to go back."""
    return len(world.payment.surplus) + sum(
        attempt.state is State.NEVER_SEEN or (not attempt.is_final and claims.is_left_behind(world, attempt))
        for attempt in world.attempts.values()
    )


def _counts(world: World, attempt: Attempt) -> bool:
    """Whether anything may come of an attempt, or follows from it; not of what was given up or back, and is over."""
    if attempt.state is State.APPROVED:
        return not (attempt.kind in (Kind.WITHDRAW, *REVERSALS) or claims.is_left_behind(world, attempt))
    return attempt.state is not State.DECLINED


def _is_own(world: World, entry: str) -> bool:
    """Whether an entry is of the payment itself, and not of what was given up or back."""
    attempt = world.attempts.get(entry.partition(":")[0])
    return attempt is None or _counts(world, attempt)


def _alive(world: World, attempt: Attempt) -> Hashable:
    """What may come of an attempt. A lost answer leaves open what the first one did, and so do, but for the card, a
    pending one and a challenge."""
    state = State.SENDING if attempt.state is State.UNKNOWN else attempt.state
    left_behind = claims.is_left_behind(world, attempt)
    to_withdraw = not attempt.is_final and (TimerKind.WITHDRAW_CHALLENGE, attempt.id) in world.timers
    if state is State.CHALLENGED and (attempt.kind not in BY_CARD or (left_behind and not to_withdraw)):
        state = State.PENDING
    if left_behind and attempt.kind in (Kind.VOID, Kind.WITHDRAW):
        return attempt.kind, state
    return (
        (attempt.kind, attempt.amount.amount, state, attempt.cause),
        sum(held.amount for held in world.payment.in_flight if held.attempt == attempt.id),
        attempt.id == world.payment.authorization,
        attempt.target and _alive(world, world.attempts[attempt.target]),
        (left_behind, to_withdraw),
        [one.reversal is not None for one in world.payment.surplus if attempt.id in (one.attempt, one.reversal)] != [],
        attempt.refund is not None and world.refunds[attempt.refund].announced,
    )


def _objection(dispute: Dispute) -> Hashable:
    """What may come of a dispute; nothing of one that is closed."""
    return "closed" if dispute.is_closed else (dispute.amount.amount, dispute.status)


def _step(world: World, what: Happening) -> Hashable:
    match what:
        case Answer(attempt, verdict, early):
            return _alive(world, world.attempts[attempt]), verdict, early
        case AskAgain(attempt) | Withdraw(attempt) | Retract(attempt) | Reverse(attempt):
            return type(what), _alive(world, world.attempts[attempt])
        case Decide(dispute, status):
            return _objection(world.disputes[dispute]), status
        case _:
            return what


def _outcome(before: World, after: World | Refused | Contradiction) -> Hashable:
    match after:
        case World():
            return essence(after), tuple(event.type for event in after.events[len(before.events) :])
        case Refused():
            return after.reason
        case Contradiction():
            return Contradiction
