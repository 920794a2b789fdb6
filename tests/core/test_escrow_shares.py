"""What a buyer pays for an order is shared to the unit, whatever the fees, shares and currencies."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core import escrow_world
from tests.core.world import START
from tillgate.core import accounts, escrow_orders, escrow_shares, fees
from tillgate.core.disputes import DisputeStatus
from tillgate.core.escrows import Bearer, EscrowFee, Kept, Move, Part, Pricing, Side
from tillgate.core.fees import FeePlan
from tillgate.core.money import Money
from tillgate.core.rates import Rate
from tillgate.core.reasons import Reason, Refused

basis_points = st.integers(0, 10_000)
small = st.integers(0, 300_000)
party = st.sampled_from([None, "pty_1", "pty_2"])
bearer = st.sampled_from(Bearer)
rates = st.none() | st.builds(
    lambda numerator, denominator: Rate("test", numerator, denominator, "USD", "NGN", START),
    st.integers(1, 10**7),
    st.integers(1, 10**4),
)


@st.composite
def escrow_fees(draw: st.DrawFn) -> EscrowFee:
    least = draw(small)
    return EscrowFee(
        basis_points=draw(basis_points),
        least=draw(st.just({}) | st.just({"NGN": least})),
        most=draw(st.just({}) | st.just({"NGN": least + draw(small)})),
    )


pricings = st.builds(
    Pricing,
    price=st.builds(Money, st.integers(1, 10**9), st.just("NGN")),
    shipping=small,
    shipping_bearer=bearer,
    escrow_fee=escrow_fees(),
    escrow_fee_bearer=bearer,
    processing_bearer=bearer,
    cancellation_fee=small,
    rate=rates,
    seller=party,
    operator=party,
    operator_basis_points=basis_points,
    provider=party,
    provider_basis_points=basis_points,
    provider_fee=small,
)
plans = st.builds(
    lambda percent, fixed: FeePlan(percent, {"NGN": fixed, "USD": fixed}), st.integers(0, 9_000), st.integers(0, 5_000)
)


@given(pricing=pricings, released=st.integers(0, 10**9), processing=small)
def test_the_parts_are_the_whole(pricing: Pricing, released: int, processing: int) -> None:
    parcels = escrow_shares.of_sale(pricing, released, processing)
    assert sum(parcel.amount for parcel in parcels) == released
    assert all(parcel.amount > 0 for parcel in parcels)
    assert len({parcel.part for parcel in parcels}) == len(parcels)


@given(pricing=pricings, plan=plans)
def test_a_buyer_who_bears_processing_leaves_what_is_due_and_not_a_unit_too_much(
    pricing: Pricing, plan: FeePlan
) -> None:
    alone = msgspec.structs.replace(pricing, processing_bearer=Bearer.SELLER)
    whole = msgspec.structs.replace(pricing, processing_bearer=Bearer.BUYER)
    due, paid = escrow_shares.to_pay(alone, plan), escrow_shares.to_pay(whole, plan)
    nothing, less = Money(0, paid.currency), Money(max(paid.amount - 1, 0), paid.currency)
    assert paid.amount - fees.fee(plan, nothing, paid).amount >= due.amount
    assert paid == due or less.amount - fees.fee(plan, nothing, less).amount < due.amount


def test_processing_that_costs_everything_cannot_be_borne() -> None:
    pricing = Pricing(price=Money(100, "NGN"), processing_bearer=Bearer.BUYER)
    with pytest.raises(Refused) as refused:
        escrow_shares.to_pay(pricing, FeePlan(10_000))
    assert refused.value.reason is Reason.PARAMETER_INVALID


@pytest.mark.parametrize(
    ("price", "fee"), [(1_000_00, 500_00), (100_000_00, 1_500_00), (1_000_000_00, 2_000_00), (300_00, 300_00), (0, 0)]
)
def test_an_escrow_fee_has_a_least_and_a_most_and_never_exceeds_what_is_held(price: int, fee: int) -> None:
    terms = EscrowFee(basis_points=150, least={"NGN": 500_00}, most={"NGN": 2_000_00})
    assert escrow_shares.escrow_fee(terms, Money(price, "NGN")) == fee


@pytest.mark.parametrize(("commission", "means_provider", "share"), [(1_500, True, 1_500), (8_500, False, 1_500)])
def test_a_commission_is_the_providers_share_or_the_sellers(commission: int, means_provider: bool, share: int) -> None:
    assert escrow_shares.provider_basis_points(commission, means_provider=means_provider) == share


@pytest.mark.parametrize("commission", [-1, 10_001])
def test_a_commission_is_from_nothing_to_everything(commission: int) -> None:
    with pytest.raises(Refused):
        escrow_shares.provider_basis_points(commission, means_provider=True)


ENDS = {
    "accepted": ((Move.DELIVER, Side.SELLER), (Move.ACCEPT, Side.BUYER)),
    "rejected": ((Move.DELIVER, Side.SELLER), (Move.REJECT, Side.BUYER), (Move.CONFIRM, Side.SELLER)),
    "canceled": ((Move.CANCEL, Side.SELLER),),
    "given up": ((Move.CANCEL, Side.BUYER),),
    "awarded": ((Move.DELIVER, Side.SELLER), (Move.DISPUTE, Side.BUYER), (Move.AWARD, Side.MANAGER)),
}


@given(pricing=pricings, plan=plans, end=st.sampled_from(sorted(ENDS)), objects=st.booleans(), waits=st.booleans())
def test_every_end_shares_out_what_was_paid(
    pricing: Pricing, plan: FeePlan, end: str, objects: bool, waits: bool
) -> None:
    if escrow_world.opened(pricing, plan).amount.amount <= 0:
        return
    order = escrow_world.paid(pricing, plan, most_disputes=1)
    order = escrow_world.happen(order, escrow_world.Clock.TO_SLA) if waits else order
    for move, side in ENDS[end]:
        order = escrow_world.happen(order, escrow_world.Made(move, side))
    order = escrow_world.happen(order, escrow_world.Object(is_whole=True)) if objects else order
    order = escrow_world.by_itself(order, DisputeStatus.WON)
    escrow_world.hold(order)
    escrow, currency = order.escrow, order.payment.amount.currency
    if pricing.rate is not None:
        sold = Money(escrow.released, currency)
        shared = sum(share.money.amount for share in escrow.shares)
        assert shared == (pricing.rate.convert(sold).amount if sold.amount else 0)
    else:
        assert sum(escrow.returns) + sum(share.money.amount for share in escrow.shares) == order.payment.captured
    by_account: dict[tuple[str, str], int] = {}
    for share in escrow.shares:
        key = (escrow_orders.account(share), share.money.currency)
        by_account[key] = by_account.get(key, 0) + share.money.amount
    for (account, of), amount in by_account.items():
        if account != accounts.PAYABLE:
            assert order.balance(account, of) == amount
    if escrow.verdict is not None and escrow.verdict.kept is Kept.NOTHING:
        assert [share for share in escrow.shares if share.part is not Part.CHARGED_BACK] == []
