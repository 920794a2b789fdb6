"""Moves of escrow orders: what may be done by whom, what comes of it, and what happens by itself and when."""

from collections.abc import Iterator

import msgspec
from msgspec import structs

from tillgate.core.escrows import (
    BY_ITSELF,
    MOVES,
    REPLACING,
    Bearer,
    Escrow,
    EscrowStatus,
    Kept,
    Move,
    Pause,
    Rule,
    Side,
    Step,
    Verdict,
)
from tillgate.core.evidence import Photograph
from tillgate.core.instants import DAY, Instant
from tillgate.core.money import Money
from tillgate.core.reasons import Reason, Refused

_IN_DISPUTE = (EscrowStatus.DISPUTE, EscrowStatus.DISPUTED)
_SELLERS = frozenset({Side.SELLER, Side.OPERATOR})


class Coming(msgspec.Struct, frozen=True):
    """What happens by itself: when, by which move (none: the money gets to whose it is), and the order afterwards.

    `back` is what goes to the buyer once it is decided, in minor units of what was paid.
    """

    at: Instant
    move: Move | None
    status: EscrowStatus
    kept: Kept | None
    back: int = 0


def rule(escrow: Escrow, what: Move, side: Side, at: Instant) -> Rule:
    """What would come of a move.

    Raises Refused(ORDER_DECIDED) where the money is somebody's already, CANCELED_TOO_LATE for a buyer who cancels after
    the promised day or once it was delivered, and MOVE_NOT_ALLOWED for whatever else is not theirs to do, or not now.
    """
    if escrow.verdict is not None or escrow.status is EscrowStatus.COMPLETED:
        raise Refused(Reason.ORDER_DECIDED, "order", status=escrow.status)
    known = _known(escrow, what, side)
    is_theirs = side is Side.BUYER and what is Move.CANCEL and escrow.is_held
    if is_theirs and (known is None or at >= escrow.delivery.promised_by):
        raise Refused(Reason.CANCELED_TOO_LATE, "order", status=escrow.status)
    is_second = what is Move.REDELIVER and escrow.deliveries > 1
    is_early = side is Side.CLOCK and (escrow.due_at is None or at < escrow.due_at)
    if known is None or is_second or is_early:
        raise Refused(Reason.MOVE_NOT_ALLOWED, "order", status=escrow.status, move=what, side=side)
    return known


def _known(escrow: Escrow, what: Move, side: Side) -> Rule | None:
    way = (escrow.status, what, side)
    return REPLACING.get(way, MOVES.get(way)) if escrow.owes_replacement else MOVES.get(way)


def made(
    escrow: Escrow,
    what: Move,
    side: Side,
    at: Instant,
    *,
    amount: int | None = None,
    comment: str = "",
    photographs: tuple[Photograph, ...] = (),
) -> tuple[Escrow, Rule]:
    """The order after a move; `amount` is what the manager leaves to the seller's side, in minor units as paid.

    Raises what `rule` refuses, and Refused(AMOUNT_INVALID, AMOUNT_TOO_LARGE) for an award of more than is held.
    """
    # A process that has not heard yet how far a clock was moved writes nothing into the past.
    at = max([at, *(step.at for step in escrow.history[-1:])])
    known = rule(escrow, what, side, at)
    status, paused, disputed_at = known.status, escrow.paused, escrow.disputed_at
    due_at: Instant | None = None
    if status is None:
        assert paused is not None, what
        status, due_at, paused, disputed_at = paused.status, at + paused.left, None, None
    elif status in _IN_DISPUTE and escrow.status not in _IN_DISPUTE:
        paused, disputed_at = Pause(escrow.status, max((escrow.due_at or at) - at, 0)), at
    after = structs.replace(
        escrow,
        status=status,
        verdict=None if known.kept is None else _verdict(escrow, known.kept, amount, at),
        paused=paused,
        disputed_at=disputed_at,
        deliveries=escrow.deliveries + (what is Move.DELIVER),
        rejections=escrow.rejections + (what in (Move.REJECT, Move.REDELIVER)),
        history=(*escrow.history, Step(at, what, side, status, comment, photographs)),
    )
    return structs.replace(after, due_at=deadline(after, at) if due_at is None else due_at), known


def is_repeat(escrow: Escrow, what: Move, side: Side, amount: int | None = None) -> bool:
    """Whether a move is the last that anybody has made."""
    last = next((step for step in reversed(escrow.history) if step.side is not Side.CLOCK), None)
    if last is None or last.move is not what or (last.side is not side and not {last.side, side} <= _SELLERS):
        return False
    return what is not Move.AWARD or (escrow.verdict is not None and escrow.verdict.amount == amount)


def was_disputed(escrow: Escrow) -> bool:
    """Whether it is, or ever was, in dispute: that is what the manager sees of a merchant's orders."""
    return any(step.status in _IN_DISPUTE for step in escrow.history)


def sellers_side(escrow: Escrow) -> Side:
    """As whom the merchant acts for the seller's side: as the operator where another sells in its marketplace."""
    is_operator = escrow.is_marketplace and escrow.pricing.seller is not None and escrow.pricing.operator is None
    return Side.OPERATOR if is_operator else Side.SELLER


def deadline(escrow: Escrow, at: Instant) -> Instant | None:
    """When something is done by itself with an order that stands so since `at`."""
    patience, disputed_at = escrow.patience, escrow.disputed_at or at
    if escrow.verdict is not None:
        return None if escrow.status is EscrowStatus.COMPLETED else at
    match escrow.status:
        case EscrowStatus.PENDING:
            return max(escrow.delivery.promised_by, at) + patience.delivery
        case EscrowStatus.AWAITING_BUYER_RESPONSE:
            return at + patience.response
        case EscrowStatus.REJECTED:
            return at + patience.inspection
        case EscrowStatus.PENDING_II:
            return at + patience.second_delivery
        case EscrowStatus.DISPUTE:
            return disputed_at + patience.dispute
        case EscrowStatus.DISPUTED:
            return max(disputed_at + patience.decision, at)
        case _:
            return None


def is_overdue(escrow: Escrow, at: Instant) -> bool:
    """Whether nobody did anything in time, and what is then done by itself is still to be done."""
    return escrow.is_held and escrow.verdict is None and escrow.due_at is not None and escrow.due_at <= at


def lapsed(escrow: Escrow, at: Instant) -> tuple[Escrow, Rule]:
    """The order after what is done with it by itself."""
    return made(escrow, BY_ITSELF[escrow.status], Side.CLOCK, at)


def calendar(escrow: Escrow, settled_from: Instant = 0) -> Iterator[Coming]:
    """What will happen by itself, in order, if nobody does anything; no money goes anywhere before `settled_from`."""
    while escrow.is_held and escrow.due_at is not None:
        at = escrow.due_at
        if escrow.verdict is not None:
            yield Coming(max(at, settled_from), None, EscrowStatus.COMPLETED, escrow.verdict.kept, back(escrow))
            return
        what = BY_ITSELF[escrow.status]
        escrow, _ = lapsed(escrow, at)
        yield Coming(at, what, escrow.status, escrow.verdict.kept if escrow.verdict else None, back(escrow))


def back(escrow: Escrow) -> int:
    """What goes back to the buyer by the verdict, of what is held still; nothing before there is one."""
    verdict = escrow.verdict
    if verdict is None or verdict.kept is Kept.ALL:
        return 0
    return escrow.left if escrow.is_shared else max(escrow.left - verdict.amount, 0)


def paid_for(escrow: Escrow, amount: int) -> int:
    """What an amount of the price is in what was paid, in minor units."""
    pricing = escrow.pricing
    if pricing.rate is None:
        return amount
    return pricing.rate.inverse().convert(Money(amount, pricing.price.currency)).amount


def _verdict(escrow: Escrow, kept: Kept, amount: int | None, at: Instant) -> Verdict:
    pricing, delivery = escrow.pricing, escrow.delivery
    match kept:
        case Kept.PART:
            if amount is None or amount < 0:
                raise Refused(Reason.AMOUNT_INVALID, "amount")
            if amount > escrow.left:
                currency = pricing.rate.selling if pricing.rate else pricing.price.currency
                raise Refused(Reason.AMOUNT_TOO_LARGE, "amount", largest=Money(escrow.left, currency))
            return Verdict(kept, amount)
        case Kept.SHIPPING if pricing.shipping and pricing.shipping_bearer is Bearer.BUYER and escrow.deliveries:
            return Verdict(kept, paid_for(escrow, pricing.shipping))
        case Kept.CANCELLATION_FEE if pricing.cancellation_fee and at >= delivery.promised_by - delivery.sla_days * DAY:
            return Verdict(kept, paid_for(escrow, pricing.cancellation_fee))
        case Kept.ALL:
            return Verdict(kept)
        case _:
            return Verdict(Kept.NOTHING)
