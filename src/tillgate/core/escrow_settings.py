"""Escrow settings: on which terms a merchant's orders are held, copied into each when it is opened."""

import enum
from typing import Final

import msgspec

from tillgate.core.escrows import EscrowFee, Patience
from tillgate.core.records import Record

ID: Final = "escrow_settings"


class CommissionMeans(enum.StrEnum):
    """Whose share a commission is."""

    PROVIDER = "provider"
    SELLER = "seller"


class EscrowSettings(Record, frozen=True, kw_only=True, omit_defaults=True):
    """What is said of a merchant's orders; `provider_fee` (minor units by currency) is for each payout to a provider.

    `callback_url` is where its notifications go, as JSON if `is_json`. `rates` are decimals by the two currencies:
    `{"USDNGN": "1550.25"}`.
    """

    patience: Patience = Patience()
    escrow_fee: EscrowFee = EscrowFee(basis_points=150, least={"NGN": 500_00}, most={"NGN": 2_000_00})
    provider_fee: dict[str, int] = msgspec.field(default_factory=lambda: {"NGN": 50_00})
    commission_means: CommissionMeans = CommissionMeans.PROVIDER
    callback_url: str | None = None
    is_json: bool = False
    rates: dict[str, str] = {}


def of(tenant: str) -> EscrowSettings:
    """Those of a merchant who has set nothing (`../shared/apis/atarapay.md`, Fees and deadlines)."""
    return EscrowSettings(tenant=tenant, id=ID)
