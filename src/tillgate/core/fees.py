"""Fees: what processing costs a merchant, the same in however many steps a payment is captured."""

import msgspec

from tillgate.core import currencies, money
from tillgate.core.money import Money, Rounding


class FeePlan(msgspec.Struct, frozen=True, omit_defaults=True):
    """`basis_points` of what is captured, and once per payment `fixed[currency]` minor units (absent: none).

    Raises ValueError for less than nothing, more than everything, or a fixed part in no currency.
    """

    basis_points: int
    fixed: dict[str, int] = {}
    rounding: Rounding = Rounding.HALF_EVEN

    def __post_init__(self) -> None:
        if not 0 <= self.basis_points <= money.WHOLE or any(amount < 0 for amount in self.fixed.values()):
            raise ValueError("a fee is between nothing and all of what is captured")
        if not all(map(currencies.recorded, self.fixed)):
            raise ValueError("the fixed part of a fee is in currencies")


def fee(plan: FeePlan, captured_before: Money, captured_now: Money) -> Money:
    """What falls due with `captured_now`, after `captured_before` of the same payment.

    The fees of all steps add up to what one step would cost, the fixed part in them once; no step costs more
    than it captures. Raises CurrencyMismatch, and ValueError for a negative amount.
    """
    if captured_before.amount < 0 or captured_now.amount < 0:
        raise ValueError("nothing negative is ever captured")
    captured = captured_before + captured_now
    due = _due(plan, captured.currency, captured.amount) - _due(plan, captured.currency, captured_before.amount)
    return Money(due, captured.currency)


def _due(plan: FeePlan, currency: str, captured: int) -> int:
    """The whole fee on a total, in minor units."""
    share = money.rounded(captured * plan.basis_points, money.WHOLE, plan.rounding)
    return min(captured, share + plan.fixed.get(currency, 0))
