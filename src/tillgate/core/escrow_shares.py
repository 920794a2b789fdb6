"""Shares: what a buyer has to pay for an escrow order, and who has how much of it, so that the parts are the whole."""

from typing import Final

import msgspec

from tillgate.core import fees, money
from tillgate.core.escrows import Bearer, EscrowFee, Part, Pricing
from tillgate.core.fees import FeePlan
from tillgate.core.money import Money
from tillgate.core.reasons import Reason, Refused

_LARGEST: Final = 10**15
"""No payment is larger, in minor units."""


class Parcel(msgspec.Struct, frozen=True):
    """A part of the money, in minor units of the currency of the price, and whose it is."""

    part: Part
    amount: int
    party: str | None = None


def to_pay(pricing: Pricing, plan: FeePlan) -> Money:
    """What the buyer pays, in the currency in which they do: the price, and what they bear of all else.

    `plan` is what processing costs the merchant; where the buyer bears that, they pay so much that the rest is left.
    Raises Refused(PARAMETER_INVALID, "tx_fee_bearer") where nothing would ever be left.
    """
    due = pricing.price.amount
    if pricing.shipping_bearer is Bearer.BUYER:
        due += pricing.shipping
    if pricing.escrow_fee_bearer is Bearer.BUYER:
        due += escrow_fee(pricing.escrow_fee, pricing.price)
    whole = Money(due, pricing.price.currency)
    paid = pricing.rate.inverse().convert(whole) if pricing.rate else whole
    return _with_processing(paid, plan) if pricing.processing_bearer is Bearer.BUYER else paid


def _with_processing(left: Money, plan: FeePlan) -> Money:
    """The least of which so much is left once processing is paid."""
    nothing = Money(0, left.currency)

    def leaves(amount: int) -> int:
        return amount - fees.fee(plan, nothing, Money(amount, left.currency)).amount

    low, high = left.amount, max(left.amount, 1)
    while leaves(high) < left.amount:
        if high > _LARGEST:
            raise Refused(Reason.PARAMETER_INVALID, "tx_fee_bearer", problem="processing costs all that is paid")
        high *= 2
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if leaves(middle) >= left.amount else (middle + 1, high)
    return Money(low, left.currency)


def escrow_fee(fee: EscrowFee, base: Money) -> int:
    """What holding `base` costs, in minor units: a percentage, with a least and a most, and never more than it is."""
    if base.amount <= 0:
        return 0
    share = base.portion(fee.basis_points).amount
    share = max(share, fee.least.get(base.currency, 0))
    return min(share, fee.most.get(base.currency, share), base.amount)


def provider_basis_points(commission: int, *, means_provider: bool) -> int:
    """A service provider's share by what a merchant's commission means: that share, or the seller's.

    Raises Refused(PARAMETER_INVALID, "commission") for less than nothing or more than everything.
    """
    if not 0 <= commission <= money.WHOLE:
        raise Refused(Reason.PARAMETER_INVALID, "commission", problem="it takes a percentage from 0 to 100")
    return commission if means_provider else money.WHOLE - commission


def of_sale(pricing: Pricing, released: int, processing: int) -> tuple[Parcel, ...]:
    """Who has how much of what is released for goods that were accepted: each what is theirs, as far as there is any.

    `released` and `processing`, what it cost to have the money, are minor units of the currency of the price. The
    percentages are of the price, or of what is released where that is less. The rest is the seller's.
    """
    base = Money(min(pricing.price.amount, released), pricing.price.currency)
    provided = base.portion(pricing.provider_basis_points).amount
    operated = base.portion(pricing.operator_basis_points).amount
    wanted = (
        Parcel(Part.ESCROW_FEE, escrow_fee(pricing.escrow_fee, base)),
        Parcel(Part.PROVIDER, provided, pricing.provider),
        Parcel(Part.PROVIDER_FEE, pricing.provider_fee if provided else 0),
        # Where the merchant is the seller, what processing cost has been theirs to pay from the beginning.
        Parcel(Part.PROCESSING, processing if pricing.seller else 0),
        Parcel(Part.OPERATOR, operated, pricing.operator),
    )
    left, parcels = released, []
    for parcel in wanted:
        amount = min(parcel.amount, left)
        left -= amount
        parcels.append(msgspec.structs.replace(parcel, amount=amount))
    parcels.append(Parcel(Part.SELLER, left, pricing.seller))
    return tuple(parcel for parcel in parcels if parcel.amount)


def undiminished(part: Part, pricing: Pricing, released: int) -> tuple[Parcel, ...]:
    """What is the seller's alone: a fee for canceling too late, or the shipping that took place."""
    return (Parcel(part, released, pricing.seller),) if released else ()
