"""What buyers read of their orders: what happens by itself is told as it will happen."""

import pytest

from tests.core import escrow_world
from tests.core.escrow_world import PRICINGS, Made
from tillgate.core.escrows import Move, RefundPolicy, Side
from tillgate.core.payments import Payment
from tillgate.pages import order_texts


def rejected(policy: RefundPolicy) -> Payment:
    order = escrow_world.paid(PRICINGS["the merchant sells"], policy=policy)
    for move, side in ((Move.DELIVER, Side.SELLER), (Move.REJECT, Side.BUYER)):
        order = escrow_world.happen(order, Made(move, side))
    return order.payment


@pytest.mark.parametrize(
    ("policy", "says"), [(RefundPolicy.MONEY, "goes back to you"), (RefundPolicy.REPLACEMENT, "a second delivery")]
)
def test_a_buyer_who_rejects_reads_what_they_are_owed(policy: RefundPolicy, says: str) -> None:
    first = order_texts.coming(rejected(policy), "en")[0]
    assert first.startswith("If the seller says nothing by ")
    assert says in first
