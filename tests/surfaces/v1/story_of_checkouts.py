"""The part of the story that is about checkout sessions and payment links."""

from tests.surfaces.v1.steps import Step

CHECKOUTS = (
    Step(
        "createCheckoutSession",
        {
            "mode": "payment",
            "line_items": [
                {
                    "price_data": {
                        "currency": "usd",
                        "unit_amount": 1200,
                        "product_data": {"name": "Mug", "description": "White, 0.3 l"},
                    },
                    "quantity": 2,
                }
            ],
            "success_url": "https://shop.example.com/paid?session={CHECKOUT_SESSION_ID}",
            "cancel_url": "https://shop.example.com/basket",
            "client_reference_id": "order-1234",
            "customer_email": "jane@example.com",
        },
        name="session",
    ),
    Step("getCheckoutSession", id="@session"),
    Step("listCheckoutSessionLineItems", id="@session"),
    Step("listCheckoutSessions", query="?limit=2&status=open"),
    Step("expireCheckoutSession", id="@session"),
)
