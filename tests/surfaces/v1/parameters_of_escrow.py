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

ESCROW_MOVES: dict[str, Any] = {
    **{
        f"/v1/escrow_orders/{{id}}/{move}": {"comment": "So it is"}
        for move in ("deliver", "cancel", "confirm", "contest", "dispute", "withdraw")
    },
    **{
        f"/sandbox/escrow_orders/{{id}}/{move}": {"comment": "So it is"}
        for move in ("accept", "reject", "redeliver", "cancel", "dispute", "withdraw", "resume")
    },
    "/v1/escrow_orders/{id}/award": {"amount": 1_000, "comment": "So it is"},
    "/v1/escrow_orders/{id}/resume": {"comment": "So it is"},
    "/sandbox/escrow_orders/{id}/award": {"amount": 1_000, "comment": "So it is"},
}
