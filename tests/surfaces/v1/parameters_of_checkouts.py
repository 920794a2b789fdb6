"""Every parameter of what opens checkout sessions and makes payment links."""

from typing import Any

# What is sold, as sessions and payment links have it.
LINE: dict[str, Any] = {
    "price_data": {
        "currency": "usd",
        "unit_amount": 1200,
        "product_data": {"name": "Mug", "description": "White", "images": ["https://shop.example/mug.png"]},
    },
    "quantity": 2,
}

CHECKOUTS: dict[str, dict[str, Any]] = {
    "/v1/checkout/sessions": {
        "mode": "payment",
        "ui_mode": "hosted",
        "line_items": [LINE],
        "currency": "usd",
        "description": "Mugs",
        "success_url": "https://shop.example/paid",
        "cancel_url": "https://shop.example",
        "client_reference_id": "7",
        "customer_email": "a@example.com",
        "metadata": {"order": "7"},
        "payment_intent_data": {
            "description": "Tea",
            "metadata": {"order": "7"},
            "receipt_email": "b@example.com",
            "setup_future_usage": "on_session",
            "capture_method": "automatic",
        },
        "payment_method_types": ["card", "bank_transfer"],
        "locale": "es",
    },
    "/v1/checkout/sessions/{id}/expire": {},
    "/v1/payment_links": {
        "line_items": [LINE],
        "after_completion": {"type": "redirect", "redirect": {"url": "https://shop.example"}},
        "restrictions": {"completed_sessions": {"limit": 3}},
        "inactive_message": "Gone",
        "payment_method_types": ["card"],
        "payment_intent_data": {"description": "Tea", "metadata": {"order": "7"}, "capture_method": "automatic"},
        "metadata": {"order": "7"},
    },
    "/v1/payment_links/{id}": {
        "active": True,
        "after_completion": {"type": "hosted_confirmation"},
        "inactive_message": "Gone",
        "metadata": {"order": "7"},
    },
}
