"""What must be true of every step of a payment from one world to the next: there was room, each fact is told once."""

from collections.abc import Iterator

from tests.core import claims
from tests.core.claims import BY_CARD
from tests.core.happenings import Answer, Happening
from tests.core.world import World
from tillgate.core.attempts import Attempt, Kind, State, Verdict
from tillgate.core.disputes import Dispute, DisputeStatus
from tillgate.core.events import Event, EventType
from tillgate.core.payments import Payment
from tillgate.core.refunds import Refund, RefundState


def follow(before: World, what: Happening, after: World) -> None:
    """Everything that is claimed of a step: there was room for it, and each fact is told once, as it is then."""
    assert claims.has_room(before, what) or (isinstance(what, Answer) and what.verdict is not Verdict.APPROVED)
    told = after.events[len(before.events) :]
    assert after.events[: len(before.events)] == before.events
    assert after.entries[: len(before.entries)] == before.entries
    expected = list(_news(before, after))
    assert [event.type for event in told] == expected
    for event in told:
        _is_of_its_time(event, before, after)
    for entry in after.entries[len(before.entries) :]:
        if entry.id.startswith("dp_"):
            assert entry.id in _entries_of_disputes(before, after)
            continue
        attempt = after.attempts[entry.id.partition(":")[0]]
        assert attempt.state is State.APPROVED
        assert before.attempts[attempt.id].state is not State.APPROVED


def _entries_of_disputes(before: World, after: World) -> Iterator[str]:
    for dispute in after.disputes.values():
        if dispute.id not in before.disputes:
            yield f"{dispute.id}:opened"
        elif dispute.status is DisputeStatus.WON is not before.disputes[dispute.id].status:
            yield f"{dispute.id}:won"


def _is_of_its_time(event: Event, before: World, after: World) -> None:
    match event.view:
        case Payment() as payment:
            assert payment == (before if event.type is EventType.PAYMENT_CREATED else after).payment
        case Refund() as refund:
            assert refund == after.refunds[refund.id]
        case Dispute() as dispute:
            assert dispute == after.disputes[dispute.id]
        case other:
            raise AssertionError(other)


def _news(before: World, after: World) -> Iterator[EventType]:
    """What a step brings to tell, by the attempt or dispute that moved."""
    yield from _news_of_disputes(before, after)
    for attempt in after.attempts.values():
        known = before.attempts.get(attempt.id)
        if known is None or known == attempt or attempt.asked > known.asked:
            continue
        if not before.events:
            yield EventType.PAYMENT_CREATED
        if attempt.refund:
            yield from _news_of_refund(before.refunds[attempt.refund], attempt)
        elif claims.is_left_behind(after, attempt):
            # It is told of no more.
            pass
        elif attempt.state is State.APPROVED:
            yield from _success(before.payment, attempt)
        elif attempt.is_final and not known.is_final:
            yield from _failure(before.payment, attempt)


def _news_of_disputes(before: World, after: World) -> Iterator[EventType]:
    for dispute in after.disputes.values():
        known = before.disputes.get(dispute.id)
        if known is None:
            if not before.events:
                yield EventType.PAYMENT_CREATED
            yield from (EventType.DISPUTE_CREATED, EventType.DISPUTE_FUNDS_WITHDRAWN)
        elif known.evidence != dispute.evidence:
            yield EventType.DISPUTE_UPDATED
        elif known.status is not dispute.status:
            yield from {
                DisputeStatus.UNDER_REVIEW: (EventType.DISPUTE_UPDATED,),
                DisputeStatus.WON: (EventType.DISPUTE_FUNDS_REINSTATED, EventType.DISPUTE_CLOSED),
                DisputeStatus.LOST: (EventType.DISPUTE_CLOSED,),
            }[dispute.status]


def _news_of_refund(before: Refund, attempt: Attempt) -> Iterator[EventType]:
    states = {State.APPROVED: RefundState.SUCCEEDED, State.DECLINED: RefundState.FAILED}
    states[State.NEVER_SEEN] = RefundState.FAILED
    if not before.announced:
        yield EventType.REFUND_CREATED
    elif before.state is not states.get(attempt.state, RefundState.PENDING):
        yield EventType.REFUND_UPDATED


def _success(before: Payment, attempt: Attempt) -> Iterator[EventType]:
    match attempt.kind:
        case Kind.CHARGE | Kind.AUTHORIZE if before.authorized:
            # It is nobody's payment, and goes back.
            pass
        case Kind.RETURN | Kind.RELEASE | Kind.WITHDRAW:
            pass
        case Kind.AUTHORIZE:
            yield EventType.PAYMENT_AUTHORIZED
        case Kind.VOID if not (before.captured or before.canceled):
            yield EventType.PAYMENT_CANCELED
        case Kind.VOID if before.authorized:
            yield EventType.PAYMENT_RELEASED
        case Kind.VOID:
            # Given up once more: nothing is released, and nobody is told again.
            pass
        case _:
            yield EventType.PAYMENT_CAPTURED if before.captured else EventType.PAYMENT_SUCCEEDED


def _failure(before: Payment, attempt: Attempt) -> Iterator[EventType]:
    if attempt.kind is Kind.CAPTURE:
        yield EventType.PAYMENT_CAPTURE_FAILED
    elif attempt.kind in BY_CARD and not (before.canceled or before.authorized):
        yield EventType.PAYMENT_FAILED
