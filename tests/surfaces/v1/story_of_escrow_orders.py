"""The part of the story that is about escrow orders."""

from tests.surfaces.v1.steps import Step

ESCROW_ORDERS = (
    Step(
        "createEscrowOrder",
        {
            "price": 2_500_000,
            "currency": "ngn",
            "product": {"id": "42", "name": "Standing lamp", "quantity": 1},
            "delivery": {
                # The story is told at any time: it is far off.
                "promised_by": 4_070_908_800,
                "location": "12 Marina Road",
                "city": "Lagos",
                "country": "NG",
            },
            "buyer": {"email": "bisi@example.com", "phone": "+2348012345678", "first_name": "Bisi", "last_name": "Ade"},
        },
        name="order",
    ),
    Step(
        "confirmPaymentIntent",
        {"payment_method": "pm_card_visa"},
        id="@order.payment_intent",
        told=False,
    ),
    Step("getEscrowOrder", id="@order"),
    Step("listEscrowOrderCalendar", id="@order"),
    Step("listEscrowOrders", query="?limit=2&status=pending"),
)

ESCROW_SETTINGS = (
    Step(
        "updateEscrowSettings",
        {
            "callback_url": "https://shop.example.com/orders",
            "exchange_rates": {"USDNGN": "1550.25"},
            "days": {"response": 5},
        },
    ),
    Step("getEscrowSettings"),
)
