"""What their client in Python does with setup intents."""

from typing import Any

import stripe

from tests.clients.python_objects import customer
from tests.clients.scenarios import Does, Shop, card, fails

DOES = Does()
"""What it does, by operation."""


def opened(shop: Shop, **more: Any) -> Any:
    """A setup intent without a card."""
    return shop.client().v1.setup_intents.create({"usage": "off_session", **more})


@DOES("setup_intents.create")
def create(shop: Shop) -> None:
    intent = opened(shop, metadata={"order": "7"}, automatic_payment_methods={"enabled": True})
    assert isinstance(intent, stripe.SetupIntent)
    assert (intent.status, intent.usage, intent.metadata["order"]) == ("requires_payment_method", "off_session", "7")
    assert intent.client_secret.startswith(f"{intent.id}_secret_")
    assert intent.automatic_payment_methods.enabled is True


@DOES("setup_intents.retrieve")
def retrieve(shop: Shop) -> None:
    intent = opened(shop)
    assert shop.client().v1.setup_intents.retrieve(intent.id).to_dict() == intent.to_dict()


@DOES("setup_intents.update")
def update(shop: Shop) -> None:
    assert shop.client().v1.setup_intents.update(opened(shop).id, {"description": "Tea"}).description == "Tea"


@DOES("setup_intents.list")
def list_all(shop: Shop) -> None:
    owner = customer(shop)
    intent = opened(shop, customer=owner.id)
    assert [one.id for one in shop.client().v1.setup_intents.list({"customer": owner.id}).data] == [intent.id]


@DOES("setup_intents.confirm")
def confirm(shop: Shop) -> None:
    owner = customer(shop)
    given = {"payment_method_data": card(), "expand": ["payment_method"]}
    intent = shop.client().v1.setup_intents.confirm(opened(shop, customer=owner.id).id, given)
    assert (intent.status, intent.payment_method.customer, intent.payment_method.card.last4) == (
        *("succeeded", owner.id, "4242"),
    )
    # What was set up is charged without the customer.
    charged = {"amount": 500, "currency": "usd", "customer": owner.id, "payment_method": intent.payment_method.id}
    again = shop.client().v1.payment_intents.create({**charged, "off_session": True, "confirm": True})
    assert again.status == "succeeded"


@DOES("setup_intents.confirm of a card that is declined")
def confirm_declined(shop: Shop) -> None:
    intent = opened(shop, customer=customer(shop).id)
    with fails(stripe.CardError) as failed:
        shop.client().v1.setup_intents.confirm(intent.id, {"payment_method_data": card("4000000000000002")})
    error = failed.value.error
    assert (error.code, error.setup_intent.id, error.setup_intent.status) == (
        *("card_declined", intent.id, "requires_payment_method"),
    )
    assert error.setup_intent.last_setup_error.decline_code == "generic_decline"


@DOES("setup_intents.cancel")
def cancel(shop: Shop) -> None:
    intent = shop.client().v1.setup_intents.cancel(opened(shop).id, {"cancellation_reason": "abandoned"})
    assert (intent.status, intent.cancellation_reason) == ("canceled", "abandoned")
