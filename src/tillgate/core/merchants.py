"""Merchants: a tenant is a merchant in one mode, with the terms that it is served on."""

import enum
from typing import ClassVar

from tillgate.core import phone_wallets
from tillgate.core.fees import FeePlan
from tillgate.core.instants import Instant
from tillgate.core.records import Record


class Mode(enum.StrEnum):
    """Test money or real money. A merchant's test and live tenants share nothing."""

    TEST = "test"
    LIVE = "live"


class RateLimit(enum.StrEnum):
    """How many requests a merchant may make in a minute."""

    STANDARD = "standard"
    PREMIUM = "premium"
    UNLIMITED = "unlimited"

    @property
    def a_minute(self) -> int | None:
        """The number; None for any (payment_gateway.txt, Rate Limiting)."""
        return {"standard": 100, "premium": 500}.get(self.value)


class Tenant(Record, frozen=True, kw_only=True, omit_defaults=True):
    """A merchant in one mode. A tenant's record belongs to itself: `tenant` equals `id`.

    `dispute_fees` is what a dispute costs, by currency in minor units (absent: nothing).
    What is captured can be paid out `settlement_days` later, from midnight (UTC) on.
    `parent` is the merchant that made this one as a sandbox of its own. Payments by phone have the terms of
    `phone_fee_plan`; `phone` is the business's own number, from which it pays itself nothing. Where `sends_receipts`,
    payers who asked for a receipt are sent one.
    """

    SHAPE: ClassVar[int] = 7

    created: Instant
    name: str
    mode: Mode
    fee_plan: FeePlan
    bank: str
    rate_limit: RateLimit = RateLimit.STANDARD
    dispute_fees: dict[str, int] = {}
    settlement_days: int = 2
    parent: str | None = None
    phone_fee_plan: FeePlan = phone_wallets.FEES
    phone: str = ""
    industry: str = "RETAIL"
    is_non_profit: bool = False
    sends_receipts: bool = True

    @property
    def is_live(self) -> bool:
        """Whether real money moves."""
        return self.mode is Mode.LIVE

    @property
    def counted_as(self) -> str:
        """Whose requests its own are counted with: a sandbox's with its maker's, so that many make no higher rate."""
        return self.parent or self.id


SANDBOX_FEES = FeePlan(290, {"USD": 30, "EUR": 25, "GBP": 20})
"""What the sandbox charges for processing: 2.9 % and a fixed part, like a card processor's usual terms."""

SANDBOX_DISPUTE_FEES = {"USD": 1500, "EUR": 1500, "GBP": 1500}
"""What the sandbox charges for a dispute: 15.00, like card processors, whoever wins."""

DEMO_SHOP = Tenant(
    tenant="ten_demoshop",
    id="ten_demoshop",
    created=0,
    name="Demo Shop",
    mode=Mode.TEST,
    fee_plan=SANDBOX_FEES,
    bank="sandbox",
    dispute_fees=SANDBOX_DISPUTE_FEES,
    phone="7870000000",
)
"""The one merchant of a sandbox that nobody configured. It exists by definition and is never live."""
