"""Parameters of what is said of escrow orders."""

from typing import Any

ESCROW_DAYS = ("delivery", "response", "inspection", "second_delivery", "dispute", "decision")

ESCROW_ORDER: dict[str, Any] = {
    "price": 100_000,
    "currency": "ngn",
    "product": {
        "id": "7",
        "name": "Lamp",
        "description": "Tall",
        "category": "Home",
        "quantity": 2,
        "is_virtual": False,
        "refund_policy": "money",
    },
    "delivery": {
        "promised_by": 4_070_908_800,
        "sla_days": 3,
        "method": "Van",
        "courier": "Post",
        "recipient": "Ann",
        "location": "1 High Street",
        "city": "Lagos",
        "state": "Lagos",
        "country": "NG",
    },
    "buyer": {"email": "a@example.com", "phone": "1", "first_name": "Ann", "last_name": "Lee"},
    "shipping": 5_000,
    "shipping_bearer": "seller",
    "escrow_fee_bearer": "buyer",
    "processing_bearer": "buyer",
    "cancellation_fee": 1_000,
}

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
