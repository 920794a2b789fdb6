"""Moves of escrow orders on the wire: what the seller's side does with one; in the sandbox, any other side too."""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from tillgate.core import escrow_moves, escrow_orders
from tillgate.core.credentials import Scope
from tillgate.core.escrows import Move, Side
from tillgate.core.payments import Payment
from tillgate.core.reasons import Refused
from tillgate.flows import changes
from tillgate.flows import escrow_orders as flows
from tillgate.flows.escrow_orders import Made
from tillgate.flows.gateway import Answer
from tillgate.http.exchange import Reply
from tillgate.logs import log
from tillgate.surfaces.v1.escrow_order_forms import EscrowOrderShown
from tillgate.surfaces.v1.escrow_orders import PATH, found, show
from tillgate.surfaces.v1.forms import Text
from tillgate.surfaces.v1.operations import Call, Handler, Operation, answer, answered, assert_test_mode, operation

SANDBOX: Final = "/sandbox/escrow_orders"


class MoveGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What whoever does it has to say; the other side reads it."""

    comment: Text | None = None


class AwardGiven(MoveGiven, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How much of what is held is the seller's; the rest is the buyer's."""

    amount: Annotated[int, Meta(ge=0, le=10**15)]


async def _move(call: Call, payment: Payment, what: Move, side: Side) -> Reply:
    """Do something to an order for a side; done once more, the order is shown as it stands, marked as a repeat."""
    given: MoveGiven = call.given
    amount = given.amount if isinstance(given, AwardGiven) else None
    comment = given.comment or ""
    gateway, caller, render = call.gateway, call.caller, _render(call)
    try:
        made = await flows.move(
            gateway, caller, call.key, payment.id, what, side, render, amount=amount, comment=comment
        )
    except Refused as refused:
        # What the core calls the order is here the id in the path.
        raise Refused(refused.reason, _FIELDS.get(refused.field or "", refused.field), **refused.detail) from None
    return answered(made)


_FIELDS: Final = {"order": "id"}


def _render(call: Call) -> changes.Render[Made]:
    async def rendered(made: Made) -> Answer:
        shown = await answer(call.leaving(made.payment), show(made.payment, livemode=call.tenant.is_live))
        return msgspec.structs.replace(shown, replayed=made.is_repeat)

    return rendered


def _sellers(what: Move, says: str) -> Operation:
    """What a merchant does with its own key: as the seller, or as the operator of the seller's marketplace."""

    async def handler(call: Call) -> Reply:
        payment = await found(call, call.id)
        return await _move(call, payment, what, escrow_moves.sellers_side(escrow_orders.of(payment)))

    return _bound(f"{PATH}/{{id}}/{what}", Scope.PAYMENTS_WRITE, what, handler, says)


def _played(what: Move, side: Side, says: str) -> Operation:
    """What a test merchant does in the place of somebody else."""

    async def handler(call: Call) -> Reply:
        payment = await found(call, call.id)
        assert_test_mode(call)
        return await _move(call, payment, what, side)

    return _bound(f"{SANDBOX}/{{id}}/{what}", Scope.PAYMENTS_WRITE, what, handler, says)


def _decided(what: Move, says: str) -> Operation:
    """What the manager does."""

    async def handler(call: Call) -> Reply:
        payment = await found(call, call.id)
        reply = await _move(call, payment, what, Side.MANAGER)
        log.info("a manager decided", tenant=call.tenant.id, order=call.id, move=what, by=call.principal.credential)
        return reply

    return _bound(f"{PATH}/{{id}}/{what}", Scope.ESCROW_DECIDE, what, handler, says)


def _bound(path: str, scope: Scope, what: Move, handler: Handler, says: str) -> Operation:
    handler.__doc__ = says
    takes = AwardGiven if what is Move.AWARD else MoveGiven
    return operation("POST", path, scope, takes, EscrowOrderShown)(handler)


OPERATIONS: tuple[Operation, ...] = (
    _sellers(Move.DELIVER, "Say that an order was delivered, for the first or the second time: its buyer answers."),
    _sellers(Move.CANCEL, "Cancel an order that its buyer has not accepted: they get all their money back."),
    _sellers(Move.CONFIRM, "Confirm that what the buyer sent back is in good condition: they get their money back."),
    _sellers(Move.CONTEST, "Say that what the buyer sent back is not in good condition. What was running out waits."),
    _sellers(Move.DISPUTE, "Have the manager decide about an order that its buyer has rejected."),
    _sellers(Move.WITHDRAW, "End a dispute by letting the buyer be right: they get all their money back."),
    _decided(Move.AWARD, "Decide a dispute: so much of what is held is the seller's, and the rest is the buyer's."),
    _decided(Move.RESUME, "Decide nothing: the order goes on where it was when the dispute began, with the time left."),
    _played(Move.ACCEPT, Side.BUYER, "Accept an order, as its buyer would. Test mode only."),
    _played(Move.REJECT, Side.BUYER, "Reject an order that was delivered, as its buyer would. Test mode only."),
    _played(Move.REDELIVER, Side.BUYER, "Ask for a second delivery, as the buyer would. Test mode only."),
    _played(Move.CANCEL, Side.BUYER, "Cancel an order before it is delivered, as its buyer would. Test mode only."),
    _played(Move.DISPUTE, Side.BUYER, "Have the manager decide, as the buyer would. Test mode only."),
    _played(Move.WITHDRAW, Side.BUYER, "End a dispute, as a buyer lets the seller be right. Test mode only."),
    _played(Move.AWARD, Side.MANAGER, "Decide a dispute, as the manager would. Test mode only."),
    _played(Move.RESUME, Side.MANAGER, "Have an order go on, as the manager would. Test mode only."),
)
