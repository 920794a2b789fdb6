"""Order answers: what a buyer can do with an order now, what each does to the money, and doing it."""

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import structs

from tillgate.core import escrow_moves, escrow_orders
from tillgate.core.decisions import Decision
from tillgate.core.escrow_moves import Coming
from tillgate.core.escrows import Escrow, EscrowStatus, Move, Side
from tillgate.core.instants import Instant
from tillgate.core.payments import Payment
from tillgate.core.reasons import Reason, Refused
from tillgate.flows import escrow_orders as orders
from tillgate.flows import evidence
from tillgate.flows.escrow_orders import Made
from tillgate.flows.gateway import Answer, Caller, Gateway
from tillgate.flows.photographs import Picture
from tillgate.store import find

ANSWERS: Final = (Move.ACCEPT, Move.REDELIVER, Move.REJECT, Move.DISPUTE, Move.WITHDRAW, Move.CANCEL)
"""What buyers do, in the order in which they are asked."""


class Effect(msgspec.Struct, frozen=True):
    """What a move brings about: what of the money goes to the seller's side and back to the buyer, if that decides.

    In minor units of what was paid. `then` is what happens by itself next; `step` counts the history that it is for.
    """

    move: Move
    step: int
    is_final: bool
    kept: int
    back: int
    status: EscrowStatus
    then: Coming | None


class Seen(msgspec.Struct, frozen=True):
    """What a buyer was told before they chose: how long the history was, and what was to go back to them."""

    step: int
    back: int


def as_of(payment: Payment, now: Instant) -> Payment:
    """An order as it stands, though what is done by itself may not have been written down yet."""
    escrow = escrow_orders.of(payment)
    while escrow_moves.is_overdue(escrow, now):
        escrow, _ = escrow_moves.lapsed(escrow, escrow.due_at or now)
    return structs.replace(payment, escrow=escrow)


def effects(payment: Payment, now: Instant) -> list[Effect]:
    """What a buyer can do with an order that stands so."""
    found = []
    for what in ANSWERS:
        try:
            found.append(effect(payment, what, now))
        except Refused:
            continue
    return found


def effect(payment: Payment, what: Move, now: Instant) -> Effect:
    """What a buyer's move would bring about. Raises what core.escrow_moves.rule refuses."""
    escrow = escrow_orders.of(payment)
    after, _ = escrow_moves.made(escrow, what, Side.BUYER, now)
    back = escrow_moves.back(after)
    is_final = after.verdict is not None
    then = None if is_final else next(escrow_moves.calendar(after), None)
    return Effect(what, len(escrow.history), is_final, escrow.left - back if is_final else 0, back, after.status, then)


def is_too_late_to_cancel(escrow: Escrow, now: Instant) -> bool:
    """Whether a buyer who would cancel has to be told that they are late, where nothing was delivered yet."""
    return escrow.status is EscrowStatus.PENDING and now >= escrow.delivery.promised_by


async def version(gateway: Gateway, payment: Payment) -> int:
    """Something else than before wherever an order may stand otherwise; cheap."""
    return await find.version(gateway.store, Payment, payment.tenant, payment.id)


async def give(
    gateway: Gateway,
    caller: Caller,
    payment: Payment,
    what: Move,
    seen: Seen,
    comment: str = "",
    pictures: Sequence[Picture] = (),
) -> Payment:
    """Do something to an order for its buyer, with what shows why; done once more, it changes nothing.

    Raises what flows.escrow_orders.move does, and Refused(MOVE_NOT_ALLOWED) where what they saw is not so any more.
    """
    made: list[Made] = []

    async def render(now: Made) -> Answer:
        made.append(now)
        return Answer(200, b"")

    taken = evidence.taken(gateway, payment, pictures)

    def beside(moved: Payment) -> Decision:
        escrow = escrow_orders.of(moved)
        if (len(escrow.history) - 1, escrow_moves.back(escrow)) != (seen.step, seen.back):
            raise Refused(Reason.MOVE_NOT_ALLOWED, "order", status=escrow.status, move=what, side=Side.BUYER)
        return Decision(save=evidence.records(gateway, payment, taken))

    await orders.move(
        gateway,
        caller,
        None,
        payment.id,
        what,
        Side.BUYER,
        render,
        comment=comment,
        photographs=tuple(one.photograph for one in taken),
        beside=beside,
    )
    return made[-1].payment
