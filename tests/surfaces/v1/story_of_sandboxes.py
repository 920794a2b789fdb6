"""The part of the story that is about what the sandbox is told to do."""

from tests.surfaces.v1.steps import Step

SANDBOXES = (
    Step("createPaymentIntent", {"amount": 10_000, "currency": "eur"}, name="owed", told=False),
    Step("createBankTransfer", {"amount": 10_000, "currency": "eur", "payment": "@owed", "debtor_name": "Ann Lee"}),
    Step("createFault", {"kind": "timeout_after", "operation": "charge", "seconds": 0, "seed": 7}, name="fault"),
    Step("createPayment", {"amount": 2000, "currency": "usd", "payment_method": "card"}, name="met", told=False),
    Step("getFault", id="@fault"),
    Step("listFaults", query="?limit=2"),
    Step("deleteFault", id="@fault"),
    Step("deleteFaults"),
    Step("updateClock", {"advance_by": 259_200}),
    Step("getClock"),
    Step("createMerchant", {"name": "Checkout tests", "settlement_days": 0, "expires_in": 3600}, name="sandbox"),
    Step("getMerchant", id="@sandbox"),
    Step("listMerchants", query="?limit=2"),
    Step("deleteMerchant", id="@sandbox"),
)
