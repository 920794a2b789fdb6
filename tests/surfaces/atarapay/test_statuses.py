"""What each call of the order automation does wherever an order stands: done, done before, too late, or decided."""

import pytest

from tests.surfaces.atarapay.market import ORDER, Market, done, error
from tillgate.core.escrows import Move, Side
from tillgate.surfaces.atarapay.orders import DECIDED, NOT_PAID, REPEATED, TOO_LATE

pytestmark = pytest.mark.anyio

Steps = tuple[tuple[Move, Side], ...]

_DELIVERED = (Move.DELIVER, Side.SELLER)
_REJECTED = (_DELIVERED, (Move.REJECT, Side.BUYER))
_AGAIN = (_DELIVERED, (Move.REDELIVER, Side.BUYER))

STEPS: dict[str, Steps] = {
    "Pending": (),
    "Awaiting Buyer Response": (_DELIVERED,),
    "Rejected": _REJECTED,
    "Rejected, confirmed": (*_REJECTED, (Move.CONFIRM, Side.SELLER)),
    "Pending II": _AGAIN,
    "Awaiting Buyer Response II": (*_AGAIN, _DELIVERED),
    "Dispute": (*_REJECTED, (Move.CONTEST, Side.SELLER)),
    "Disputed": (_DELIVERED, (Move.DISPUTE, Side.BUYER)),
    "Accepted": (_DELIVERED, (Move.ACCEPT, Side.BUYER)),
    "Canceled by the buyer": ((Move.CANCEL, Side.BUYER),),
    "Canceled by the seller": ((Move.CANCEL, Side.SELLER),),
    "Dispute Resolved": (_DELIVERED, (Move.DISPUTE, Side.BUYER), (Move.WITHDRAW, Side.BUYER)),
    "Dispute Resolved by the seller": (_DELIVERED, (Move.DISPUTE, Side.BUYER), (Move.WITHDRAW, Side.SELLER)),
}
"""How an order comes to stand so."""

POD = "pod_created"
CANCELED = "Transaction is canceled"
REFUNDED = "Dispute is cancelled, Buyer Refunded"

SAID: dict[str, tuple[str, str, str]] = {
    "Unpaid": (NOT_PAID, NOT_PAID, NOT_PAID),
    "Pending": (POD, CANCELED, CANCELED),
    "Awaiting Buyer Response": (REPEATED, CANCELED, TOO_LATE),
    "Rejected": (REPEATED, CANCELED, TOO_LATE),
    "Rejected, confirmed": (DECIDED, DECIDED, DECIDED),
    "Pending II": (POD, CANCELED, TOO_LATE),
    "Awaiting Buyer Response II": (REPEATED, CANCELED, TOO_LATE),
    # A seller's key says nothing for a buyer that gives the seller the money.
    "Dispute": (REPEATED, REFUNDED, TOO_LATE),
    "Disputed": (REPEATED, REFUNDED, TOO_LATE),
    "Accepted": (DECIDED, DECIDED, DECIDED),
    "Canceled by the buyer": (DECIDED, DECIDED, REPEATED),
    "Canceled by the seller": (DECIDED, REPEATED, DECIDED),
    "Dispute Resolved": (DECIDED, DECIDED, DECIDED),
    "Dispute Resolved by the seller": (DECIDED, REPEATED, DECIDED),
}
"""What is then said to `delivered`, `cancelled` and `buyer_cancel`."""

CALLS = ("delivered", "cancelled", "buyer_cancel")


@pytest.mark.parametrize("stands", SAID)
async def test_every_call_is_answered_wherever_an_order_stands(seller: Market, stands: str) -> None:
    for call, said in zip(CALLS, SAID[stands], strict=True):
        order = await standing(seller, stands)
        answer = await seller.ask(ORDER, status=call, order=order, phone_number="08030000001")
        assert answer.json()["message"] == said, (stands, call)
        if said in (POD, CANCELED, REFUNDED):
            done(answer)
            # Once more, and from the other side: nothing is done twice.
            for again in CALLS:
                if (call, again) != ("delivered", "cancelled"):
                    assert error(await seller.ask(ORDER, status=again, order=order, phone_number="08030000001"))
        else:
            error(answer)


async def standing(seller: Market, stands: str) -> int:
    """An order that stands so, by its number."""
    if stands == "Unpaid":
        return int(done(await seller.posts(accept="application/json"))["order"])
    order = await seller.buys()
    for move, side in STEPS[stands]:
        await seller.moves(order, move, side)
    shown = done(await seller.ask(ORDER, status="order", order=order))
    assert stands.startswith(shown["status"]["title"])
    return order
