"""What must be true of every world of a payment, and of every step from one to the next, derived a second time."""

from tests.core.happenings import (
    Answer,
    AskAgain,
    Capture,
    Charge,
    Decide,
    Expire,
    GiveBack,
    Happening,
    Object,
    Respond,
    Retract,
    Reverse,
    Swap,
    Void,
    Withdraw,
)
from tests.core.world import DISPUTE_FEE, World
from tillgate.core import accounts, fees, ledger, reconciliation
from tillgate.core.attempts import Attempt, Contradiction, Kind, State, Verdict
from tillgate.core.disputes import DisputeStatus
from tillgate.core.events import EventType
from tillgate.core.money import Money
from tillgate.core.payments import Payment, Status
from tillgate.core.reasons import Reason, Refused
from tillgate.core.reservations import REVERSALS, Reservation
from tillgate.core.timers import TimerKind

BY_CARD = (Kind.CHARGE, Kind.AUTHORIZE)

REFUSALS: dict[type[Happening], set[Reason]] = {
    Charge: {Reason.IN_PROGRESS, Reason.ALREADY_CONFIRMED},
    Swap: {Reason.IN_PROGRESS, Reason.ALREADY_CONFIRMED},
    Capture: {Reason.IN_PROGRESS, Reason.NOTHING_TO_CAPTURE, Reason.CAPTURE_EXCEEDS_AUTHORIZED},
    Void: {Reason.IN_PROGRESS, Reason.NOTHING_TO_CANCEL},
    Withdraw: {Reason.IN_PROGRESS},
    GiveBack: {Reason.IN_PROGRESS, Reason.NOTHING_TO_REFUND, Reason.REFUND_EXCEEDS_CAPTURED, Reason.DISPUTED},
    Respond: {Reason.IN_PROGRESS, Reason.DISPUTE_CLOSED},
    AskAgain: {Reason.IN_PROGRESS},
    Reverse: {Reason.IN_PROGRESS},
}


def hold(world: World) -> None:
    """Everything that is claimed of a world."""
    _nothing_is_lost(world)
    _nothing_is_set_aside_for_nothing(world)
    _the_books_agree(world)
    _events_are_gapless(world)
    _timers_fit(world)
    assert world.payment.status is status(world)
    assert list(reconciliation.differences(world.story())) == []


def _nothing_is_lost(world: World) -> None:
    payment = world.payment
    assert 0 <= payment.refunded + payment.disputed <= payment.captured <= payment.authorized
    assert 0 <= payment.voided <= payment.authorized - payment.captured
    assert payment.authorized in (0, payment.amount.amount)
    assert payment.capturable.amount >= 0 <= payment.refundable.amount
    assert payment.canceled is not None or not payment.voided
    # What banks took over disputes is covered by what is left of the payment, as far as that goes.
    taken = objected(world)
    assert payment.disputed == min(taken, payment.captured - payment.refunded)
    assert payment.overdrawn == taken - payment.disputed
    assert payment.dispute == (list(world.disputes)[-1] if world.disputes else None)


def objected(world: World) -> int:
    """What banks took over disputes and have not returned."""
    return sum(one.amount.amount for one in world.disputes.values() if one.status is not DisputeStatus.WON)


def _nothing_is_set_aside_for_nothing(world: World) -> None:
    payment = world.payment
    in_doubt = {attempt.id: attempt for attempt in world.attempts.values() if not attempt.is_final}
    for given_up in [one.id for one in in_doubt.values() if is_left_behind(world, one)]:
        # What was given up for another card sets nothing aside, whatever becomes of it.
        del in_doubt[given_up]
    assert len(payment.in_flight) == len(in_doubt)
    for held in payment.in_flight:
        attempt = in_doubt[held.attempt]
        # Giving up a challenge sets nothing aside, for nothing is held yet.
        gives_up = Reservation(attempt.id, Kind.VOID, 0) if attempt.kind is Kind.VOID else None
        takes_nothing = attempt.kind in (Kind.WITHDRAW, *REVERSALS)
        expected = Reservation(attempt.id, attempt.kind, 0 if takes_nothing else attempt.amount.amount)
        assert held in (expected, gives_up)
    if not in_doubt:
        assert payment.capturable.amount == payment.authorized - payment.captured - payment.voided
        assert payment.refundable.amount == max(0, payment.captured - payment.refunded - objected(world))


def status(world: World) -> Status:
    """Where a payment stands, by its attempts alone."""
    count = [attempt for attempt in world.attempts.values() if not is_left_behind(world, attempt)]
    by_state = {(attempt.kind, attempt.state) for attempt in count}
    by_card = [attempt.state for attempt in count if attempt.kind in BY_CARD]
    if by_state & {(Kind.CHARGE, State.APPROVED), (Kind.CAPTURE, State.APPROVED)}:
        return Status.SUCCEEDED
    if (Kind.VOID, State.APPROVED) in by_state:
        return Status.CANCELED
    if State.APPROVED in by_card:
        return Status.AUTHORIZED
    if State.CHALLENGED in by_card:
        return Status.REQUIRES_ACTION
    failed = by_card and all(state in (State.DECLINED, State.NEVER_SEEN) for state in by_card)
    return Status.FAILED if failed else Status.PENDING


def is_left_behind(world: World, attempt: Attempt) -> bool:
    """Whether another card took an attempt's place, or it is only about the challenge of such a one."""
    if attempt.kind in (Kind.VOID, Kind.WITHDRAW):
        return attempt.target is not None and is_left_behind(world, world.attempts[attempt.target])
    return attempt.kind in BY_CARD and int(attempt.id.split("_")[-1]) <= world.payment.abandoned


def surplus(world: World, *kinds: Kind) -> list[Attempt]:
    """What banks granted after the yes that counts, or to a card that was given up, and have not taken back."""
    given_back = {
        one.target for one in world.attempts.values() if one.kind in REVERSALS and one.state is State.APPROVED
    }
    return [yes for yes in _too_many(world) if yes.kind in kinds and yes.id not in given_back]


def _too_many(world: World) -> list[Attempt]:
    counts = [yes.id for yes in _yeses(world) if not is_left_behind(world, yes)][:1]
    return [yes for yes in _yeses(world) if yes.id not in counts]


def _yeses(world: World) -> list[Attempt]:
    """What was granted by card, in the order in which we heard of it."""
    approved = [one for one in world.attempts.values() if one.kind in BY_CARD and one.state is State.APPROVED]
    order = [entry.id.partition(":")[0] for entry in world.entries]
    return sorted(approved, key=lambda one: order.index(one.id))


def _the_books_agree(world: World) -> None:
    payment, currency = world.payment, world.payment.amount.currency
    held = payment.authorized - payment.captured - payment.voided
    charged, granted = (sum(one.amount.amount for one in surplus(world, kind)) for kind in BY_CARD)
    assert world.balance(accounts.SURPLUS) == charged
    assert world.balance(accounts.SURPLUS_HELD) == granted
    assert world.balance(accounts.receivable("sandbox")) == payment.refunded - payment.captured - charged
    taken, handled = objected(world), DISPUTE_FEE * len(world.disputes)
    assert world.balance(accounts.PAYABLE) == payment.captured - payment.fees - payment.refunded - taken - handled
    assert world.balance(accounts.disputed("sandbox")) == taken
    assert world.balance(accounts.DISPUTE_FEES) == handled
    assert world.balance(accounts.FEES) == payment.fees
    assert world.balance(accounts.AUTHORIZED) == held == -world.balance(accounts.holds("sandbox")) - granted
    assert sum(ledger.movements(world.entries).values()) == 0
    at_once = fees.fee(payment.fee_plan, Money(0, currency), Money(payment.captured, currency))
    assert payment.fees == at_once.amount


def _events_are_gapless(world: World) -> None:
    assert [event.sequence for event in world.events] == list(range(1, world.payment.events + 1))
    assert {event.stream for event in world.events} <= {world.payment.id}
    if world.events:
        first = world.events[0]
        assert first.type is EventType.PAYMENT_CREATED
        assert isinstance(first.view, Payment)
        assert (first.view.status, first.view.authorized, first.view.events) == (Status.PENDING, 0, 0)


def _timers_fit(world: World) -> None:
    in_doubt = {attempt.id for attempt in world.attempts.values() if not attempt.is_final}
    assert {subject for kind, subject in world.timers if kind is TimerKind.INQUIRE} == in_doubt
    undecided = {dispute.id for dispute in world.disputes.values() if not dispute.is_closed}
    assert {subject for kind, subject in world.timers if kind is TimerKind.FOLLOW_DISPUTE} == undecided
    for subject in (subject for kind, subject in world.timers if kind is TimerKind.WITHDRAW_CHALLENGE):
        assert is_left_behind(world, world.attempts[subject])
    payment = world.payment
    waiting = {payment.asked.attempt} if payment.action and payment.asked else set()
    assert {subject for kind, subject in world.timers if kind is TimerKind.EXPIRE_CHALLENGE} == waiting
    going_back = {subject for kind, subject in world.timers if kind is TimerKind.REVERSE}
    assert going_back == {one.id for one in surplus(world, *BY_CARD)} == {one.attempt for one in payment.surplus}
    held = payment.authorized - payment.captured - payment.voided
    expiring = any(
        attempt.kind is Kind.VOID and attempt.cause == "expired" and not attempt.is_final
        for attempt in world.attempts.values()
    )
    expires = (TimerKind.EXPIRE_AUTHORIZATION, payment.id) in world.timers
    # The timer that was followed is gone while its void is on its way.
    assert expires == bool(held) or (expiring and not expires)


def refused(world: World, what: Happening, no: Refused | Contradiction) -> None:
    """What is claimed where something is refused: that there was no room for it, and why in the words laid down."""
    assert not has_room(world, what), no
    if isinstance(no, Refused):
        assert no.reason in REFUSALS[type(what)]
    else:
        assert isinstance(what, Answer)
        assert what.verdict is Verdict.APPROVED


def has_room(world: World, what: Happening) -> bool:
    """Whether there is enough left for something, by the attempts alone; an answer does not heed what is in flight."""
    open = [one for one in world.attempts.values() if not (one.is_final or is_left_behind(world, one))]
    flight = [attempt.kind for attempt in open]
    is_idle = not {Kind.CAPTURE, Kind.VOID, Kind.WITHDRAW} & set(flight)
    match what:
        case Charge() | Swap():
            return _may_swap(world)
        case Retract():
            return True
        case Void() | Expire():
            return is_idle and (_held(world) > 0 or status(world) is Status.REQUIRES_ACTION)
        case Withdraw():
            return is_idle
        case Capture(amount):
            return amount <= _held(world) - _on_the_way(world, Kind.CAPTURE, Kind.VOID) and not _is_canceled(world)
        case GiveBack(amount):
            return amount <= _taken(world) - objected(world) - _on_the_way(world, Kind.REFUND)
        case Reverse(attempt):
            on_the_way = [one for one in world.attempts.values() if one.target == attempt and one.kind in REVERSALS]
            return not any(one.state not in (State.NEVER_SEEN, State.DECLINED) for one in on_the_way)
        case Object() | Decide():
            # A bank need not ask whether there is room.
            return True
        case Respond(dispute):
            known = world.disputes[dispute]
            return known.status is DisputeStatus.NEEDS_RESPONSE and known.response is None
        case AskAgain(attempt):
            return has_room(world, _as_asked(world.attempts[attempt])) and _still_fits(world, world.attempts[attempt])
        case Answer(attempt):
            return _leaves_room(world, world.attempts[attempt])


def _may_swap(world: World) -> bool:
    """Nothing is being asked, but to give back; a challenge may be open."""
    flight = [held.kind for held in world.payment.in_flight if held.kind not in REVERSALS]
    if status(world) is Status.REQUIRES_ACTION:
        return len(flight) == 1
    return not flight and status(world) in (Status.PENDING, Status.FAILED)


def _as_asked(attempt: Attempt) -> Happening:
    match attempt.kind:
        case Kind.CHARGE | Kind.AUTHORIZE:
            return Charge()
        case Kind.CAPTURE:
            return Capture(attempt.amount.amount)
        case Kind.VOID:
            return Void()
        case Kind.WITHDRAW:
            assert attempt.target is not None
            return Withdraw(attempt.target)
        case Kind.REFUND:
            return GiveBack(attempt.amount.amount)
        case Kind.RETURN | Kind.RELEASE:
            assert attempt.target is not None
            return Reverse(attempt.target)
        case Kind.PAYOUT | Kind.VERIFY:
            raise AssertionError(attempt)


def _still_fits(world: World, attempt: Attempt) -> bool:
    """A void is of all that is held, or of the challenge that is open."""
    if attempt.kind in BY_CARD:
        return not is_left_behind(world, attempt) and status(world) is not Status.REQUIRES_ACTION
    if attempt.kind in REVERSALS:
        same = [one for one in world.attempts.values() if one.kind in REVERSALS and one.target == attempt.target]
        return attempt.id == same[-1].id and attempt.target in _going_back(world)
    if attempt.kind is not Kind.VOID or is_left_behind(world, attempt):
        return attempt.kind not in (Kind.VOID, Kind.WITHDRAW)
    if held := _held(world):
        return attempt.amount.amount == held
    target = world.attempts[attempt.target] if attempt.target else None
    return target is not None and target.state is State.CHALLENGED


def _going_back(world: World) -> set[str]:
    return {one.id for one in surplus(world, *BY_CARD)}


def _leaves_room(world: World, attempt: Attempt) -> bool:
    """Whether a yes to an attempt fits what is known."""
    match attempt.kind:
        case Kind.CHARGE | Kind.AUTHORIZE | Kind.WITHDRAW:
            # What a bank grants after another yes is given back.
            return True
        case Kind.RETURN | Kind.RELEASE:
            return attempt.target in _going_back(world)
        case Kind.CAPTURE:
            return attempt.amount.amount <= _held(world)
        case Kind.VOID if is_left_behind(world, attempt):
            # The challenge that it was to end is of no matter any more.
            return True
        case Kind.VOID:
            return attempt.amount.amount <= _held(world) or not _approved(world, *BY_CARD)
        case Kind.REFUND:
            return attempt.amount.amount <= _taken(world)
        case Kind.PAYOUT | Kind.VERIFY:
            raise AssertionError(attempt)


def _approved(world: World, *kinds: Kind) -> int:
    too_many = {yes.id for yes in _too_many(world)}
    found = world.attempts.values()
    approved = [attempt for attempt in found if attempt.state is State.APPROVED and attempt.id not in too_many]
    return sum(attempt.amount.amount for attempt in approved if attempt.kind in kinds)


def _held(world: World) -> int:
    """What issuers hold: granted, neither taken nor released."""
    released = [entry.postings for entry in world.entries if entry.id.endswith(":voided")]
    taken = _approved(world, Kind.CHARGE, Kind.CAPTURE)
    return _approved(world, *BY_CARD) - taken - sum(posting.money.amount for (posting,) in released)


def _taken(world: World) -> int:
    """What was taken and not given back."""
    return _approved(world, Kind.CHARGE, Kind.CAPTURE) - _approved(world, Kind.REFUND)


def _on_the_way(world: World, *kinds: Kind) -> int:
    return sum(held.amount for held in world.payment.in_flight if held.kind in kinds)


def _is_canceled(world: World) -> bool:
    return any(
        one.kind is Kind.VOID and one.state is State.APPROVED and not is_left_behind(world, one)
        for one in world.attempts.values()
    )
