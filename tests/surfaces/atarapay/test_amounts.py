"""Amounts on the wire are whole kobo, and what an order's money became is what was paid, to the unit, at any rate."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.core import escrow_world
from tests.core.test_escrow_shares import ENDS, plans, pricings
from tillgate.core.disputes import DisputeStatus
from tillgate.core.escrow_numbers import Numbers
from tillgate.core.escrows import Escrow, Kept, Part, Pricing
from tillgate.core.fees import FeePlan
from tillgate.core.payments import Payment
from tillgate.surfaces.atarapay import shapes

_SELLERS = {Part.SELLER, Part.SHIPPING, Part.CANCELLATION_FEE}


def shown(payment: Payment) -> dict[str, Any]:
    """An order on the wire."""
    return shapes.order(payment, Numbers(order=7, customer=3, seller=1))


def amount(order: dict[str, Any], part: str) -> int:
    """What a part of the order says that it comes to, nothing where there is none."""
    return int(order.get(part, {"amount": 0})["amount"])


@given(pricing=pricings, plan=plans, end=st.sampled_from(sorted(ENDS)), waits=st.booleans())
def test_what_is_paid_is_what_everybody_has(pricing: Pricing, plan: FeePlan, end: str, waits: bool) -> None:
    if escrow_world.opened(pricing, plan).amount.amount <= 0:
        return
    order = escrow_world.paid(pricing, plan)
    promised = shown(order.payment)
    order = escrow_world.happen(order, escrow_world.Clock.TO_SLA) if waits else order
    for move, side in ENDS[end]:
        order = escrow_world.happen(order, escrow_world.Made(move, side))
    order = escrow_world.by_itself(order, DisputeStatus.WON)
    escrow: Escrow = order.escrow
    told = shown(order.payment)
    assert told["payment"]["amount"] == told["amount_payed"] == promised["amount_payed"]
    assert all(type(told[name]) is int for name in ("amount_payed", "amount_net", "product_cost", "shipping_cost"))
    shares = {share.part: share.money.amount for share in escrow.shares}
    assert amount(told, "refund") + sum(shares.values()) == told["amount_payed"]
    assert {told[part]["currency"] for part in ("payout", "refund") if part in told} <= {"NGN"}, "kobo are of naira"
    assert amount(told, "payout") == sum(shares[part] for part in _SELLERS & set(shares))
    if escrow.verdict is not None and escrow.verdict.kept is Kept.ALL:
        assert told["amount_net"] == promised["amount_net"] == amount(told, "payout"), "what was promised is kept"
