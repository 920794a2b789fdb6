"""Parameters of what is said of escrow orders."""

from typing import Any

ESCROW_DAYS = ("delivery", "response", "inspection", "second_delivery", "dispute", "decision")

ESCROW_SETTINGS: dict[str, Any] = {
    "callback_url": "",
    "notification_format": "json",
    "commission_means": "seller",
    "exchange_rates": {"USDNGN": "1550.25"},
    "days": dict.fromkeys(ESCROW_DAYS, 5),
}
