"""Orders on the wire: what a seller's own system says of them, for either side, and how they stand."""

import re
from typing import Any, Final

from tillgate.core import escrow_moves
from tillgate.core import escrow_orders as core
from tillgate.core.escrows import Escrow, EscrowStatus, Move, Side
from tillgate.core.payments import Payment
from tillgate.core.reasons import Reason, Refused
from tillgate.flows import escrow_numbers
from tillgate.flows import escrow_orders as flows
from tillgate.flows.escrow_orders import Made
from tillgate.flows.gateway import Caller, Gateway
from tillgate.http.exchange import Reply
from tillgate.http.routing import Route
from tillgate.surfaces.atarapay import messages, shapes
from tillgate.surfaces.atarapay.calls import Asker, Call, Noted, under
from tillgate.surfaces.atarapay.errors import Wrong
from tillgate.surfaces.atarapay.messages import LONGEST_TEXT

UNKNOWN: Final = "No such order exists for the seller."
UNKNOWN_STATUS: Final = "Invalid status sent."
REPEATED: Final = "Invalid action. This request has already been processed"
DECIDED: Final = "Invalid request to Process, Order has been already Processed"
TOO_LATE: Final = (
    "Invalid action. This cancel request by the buyer isn't allowed because it's past time eligible for a refund. "
    "The seller shall however provide full product replacement. Please contact seller for same."
)
NOT_PAID: Final = "Invalid action. This order has not been paid yet"

_NUMBER: Final = re.compile(r"[1-9][0-9]{0,14}")
_IN_DISPUTE: Final = (EscrowStatus.DISPUTE, EscrowStatus.DISPUTED)

_REFUSED: Final = {
    Reason.NOT_FOUND: (404, UNKNOWN),
    Reason.MOVE_NOT_ALLOWED: (409, REPEATED),
    Reason.ORDER_DECIDED: (409, DECIDED),
    Reason.CANCELED_TOO_LATE: (409, TOO_LATE),
}


async def _callback(call: Call) -> Reply:
    """Do to an order what the status says, or tell how it stands."""
    asker = await call.merchant("status", "order")
    status = asker.fields.text("status")
    if status == "delivered":
        return await _delivered(call, asker)
    if status == "cancelled":
        return await _canceled(call, asker, Side.SELLER)
    if status in ("buyer_cancel", "rejected"):
        return await _canceled(call, asker, Side.BUYER)
    if status != "order":
        raise Wrong(UNKNOWN_STATUS)
    payment = await find(call.gateway, asker.caller, asker.fields.text("order"))
    return messages.success("Order Fetched", await shown(call.gateway, payment))


async def _delivered(call: Call, asker: Asker) -> Reply:
    fields = asker.fields
    fields.require("phone_number")
    phone, email = fields.phone("phone_number"), fields.email("email")
    payment = await find(call.gateway, asker.caller, fields.text("order"))
    moved = await _moved(call, asker, payment, Move.DELIVER, Side.SELLER)
    data = await shown(call.gateway, moved)
    return messages.success("pod_created", {"phone": phone, "email": email or data["buyer_email"], "order": data["id"]})


async def _canceled(call: Call, asker: Asker, side: Side) -> Reply:
    """A seller who cancels what is disputed lets its buyer be right. What a seller says for a buyer ends no dispute.

    Otherwise the seller's own key would give the seller the money that is disputed.
    """
    payment = await find(call.gateway, asker.caller, asker.fields.text("order"))
    gives_way = side is Side.SELLER and _is_about_dispute(core.of(payment))
    moved = await _moved(call, asker, payment, Move.WITHDRAW if gives_way else Move.CANCEL, side)
    message = "Dispute is cancelled, Buyer Refunded" if gives_way else "Transaction is canceled"
    return messages.success(message, await shown(call.gateway, moved))


def _is_about_dispute(escrow: Escrow) -> bool:
    return escrow.status in _IN_DISPUTE or escrow_moves.is_repeat(escrow, Move.WITHDRAW, Side.SELLER)


async def _moved(call: Call, asker: Asker, payment: Payment, move: Move, side: Side) -> Payment:
    if payment.escrow is not None and payment.escrow.status is EscrowStatus.UNPAID:
        raise Wrong(NOT_PAID, 409)
    comment = asker.fields.text("comment", LONGEST_TEXT, lines=True)
    noted = Noted[Made]()
    try:
        await flows.move(call.gateway, asker.caller, None, payment.id, move, side, noted, comment=comment)
    except Refused as refused:
        raise _wrong(refused) from None
    if noted.made.is_repeat:
        raise Wrong(REPEATED, 409)
    return noted.made.payment


def _wrong(refused: Refused) -> Wrong | Refused:
    status, message = _REFUSED.get(refused.reason, (0, ""))
    return Wrong(message, status) if message else refused


async def find(gateway: Gateway, caller: Caller, written: str) -> Payment:
    """A merchant's order by its number. Raises Wrong where it has none such."""
    try:
        return await flows.by_number(gateway, caller, number(written))
    except Refused:
        raise Wrong(UNKNOWN, 404) from None


def number(written: str) -> int:
    """A number as it was written; 0, which nothing has, for what is none."""
    return int(written) if _NUMBER.fullmatch(written) else 0


async def shown(gateway: Gateway, payment: Payment) -> dict[str, Any]:
    """An order, complete."""
    numbers = await escrow_numbers.of_orders(gateway, payment.tenant, [payment])
    return shapes.order(payment, numbers[payment.id])


OPERATIONS: tuple[Route, ...] = under(_callback, ("POST", "/api/callback/order"), ("POST", "/api/api/callback/order"))
