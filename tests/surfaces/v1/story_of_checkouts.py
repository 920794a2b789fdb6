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
    Step(
        "createPaymentLink",
        {
            "line_items": [
                {
                    "price_data": {"currency": "usd", "unit_amount": 2500, "product_data": {"name": "Workshop ticket"}},
                    "adjustable_quantity": {"enabled": True, "minimum": 1, "maximum": 5},
                }
            ],
            "restrictions": {"completed_sessions": {"limit": 20}},
            "after_completion": {"type": "redirect", "redirect": {"url": "https://shop.example.com/thanks"}},
            "metadata": {"event": "workshop"},
        },
        name="link",
    ),
    Step("getPaymentLink", id="@link"),
    Step("updatePaymentLink", {"active": False, "inactive_message": "Sold out. See you next year!"}, id="@link"),
    Step("listPaymentLinkLineItems", id="@link"),
    Step("listPaymentLinks", query="?limit=2&active=false"),
)
