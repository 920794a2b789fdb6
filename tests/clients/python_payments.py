"""What their client in Python does with payment intents, refunds and charges."""

from typing import Any

import stripe

from tests.clients.python_objects import customer, kept_method, paid
from tests.clients.scenarios import Does, Shop, card

DOES = Does()
"""What it does, by operation."""

AUTOMATIC = {"amount": 2000, "currency": "usd", "automatic_payment_methods": {"enabled": True}}


def opened(shop: Shop, **more: Any) -> Any:
    """A payment intent without a card."""
    return shop.client().v1.payment_intents.create({"amount": 2000, "currency": "usd", **more})


@DOES("payment_intents.create")
def create_intent(shop: Shop) -> None:
    intent = shop.client().v1.payment_intents.create({**AUTOMATIC, "metadata": {"order_id": "12345"}})
    assert isinstance(intent, stripe.PaymentIntent)
    assert (intent.status, intent.amount, intent.currency) == ("requires_payment_method", 2000, "usd")
    assert (intent.amount_received, intent.latest_charge, intent.metadata["order_id"]) == (0, None, "12345")
    assert intent.client_secret.startswith(f"{intent.id}_secret_")
    assert intent.automatic_payment_methods.enabled is True


@DOES("payment_intents.retrieve")
def retrieve_intent(shop: Shop) -> None:
    intent = opened(shop)
    assert shop.client().v1.payment_intents.retrieve(intent.id).to_dict() == intent.to_dict()


@DOES("payment_intents.update")
def update_intent(shop: Shop) -> None:
    changed = shop.client().v1.payment_intents.update(opened(shop).id, {"amount": 2100, "description": "Tea"})
    assert (changed.amount, changed.description) == (2100, "Tea")


@DOES("payment_intents.list")
def list_intents(shop: Shop) -> None:
    owner = customer(shop)
    intent = opened(shop, customer=owner.id)
    assert [one.id for one in shop.client().v1.payment_intents.list({"customer": owner.id}).data] == [intent.id]


@DOES("payment_intents.search")
def search_intents(shop: Shop) -> None:
    order = customer(shop).id
    held, _ = paid(shop, capture_method="manual", metadata={"order": order}), paid(shop, metadata={"order": order})
    given = {"query": f"status:'requires_capture' AND metadata['order']:'{order}'"}
    found = shop.client().v1.payment_intents.search(given)
    assert isinstance(found, stripe.SearchResultObject)
    assert [(one.id, one.status) for one in found.data] == [(held.id, "requires_capture")]


@DOES("payment_intents.confirm")
def confirm_intent(shop: Shop) -> None:
    owner = customer(shop)
    method = kept_method(shop, owner.id)
    intent = opened(shop, customer=owner.id)
    intent = shop.client().v1.payment_intents.confirm(intent.id, {"payment_method": method.id})
    assert (intent.status, intent.amount_received, intent.customer) == ("succeeded", 2000, owner.id)
    assert (intent.payment_method, intent.latest_charge) == (method.id, intent.id.replace("pi_", "ch_"))


@DOES("payment_intents.confirm with a test card by name")
def confirm_named(shop: Shop) -> None:
    intent = shop.client().v1.payment_intents.confirm(opened(shop).id, {"payment_method": "pm_card_visa"})
    assert (intent.status, intent.amount_received) == ("succeeded", 2000)


@DOES("payment_intents.confirm by the payer's browser")
def confirm_with_client_secret(shop: Shop) -> None:
    intent = opened(shop)
    browser = shop.client(key=shop.publishable_key).v1.payment_intents
    given = {"client_secret": intent.client_secret, "payment_method_data": card()}
    assert browser.confirm(intent.id, given).status == "succeeded"
    assert browser.retrieve(intent.id, {"client_secret": intent.client_secret}).amount_received == 2000


@DOES("payment_intents.confirm with 3-D Secure")
def confirm_challenged(shop: Shop) -> None:
    given = {"payment_method_data": card("4000002500003155"), "return_url": "https://shop.example/paid"}
    intent = shop.client().v1.payment_intents.confirm(opened(shop).id, given)
    assert (intent.status, intent.next_action.type) == ("requires_action", "redirect_to_url")
    assert intent.next_action.redirect_to_url.url.startswith("http")
    assert intent.next_action.redirect_to_url.return_url == "https://shop.example/paid"


@DOES("payment_intents.confirm off session")
def confirm_off_session(shop: Shop) -> None:
    owner = customer(shop)
    first = paid(shop, customer=owner.id, setup_future_usage="off_session")
    again = {"amount": 500, "currency": "usd", "customer": owner.id, "payment_method": first.payment_method}
    intent = shop.client().v1.payment_intents.create({**again, "off_session": True, "confirm": True})
    assert (intent.status, intent.amount_received) == ("succeeded", 500)


@DOES("payment_intents.capture")
def capture_intent(shop: Shop) -> None:
    intent = paid(shop, capture_method="manual")
    assert (intent.status, intent.amount_capturable) == ("requires_capture", 2000)
    intent = shop.client().v1.payment_intents.capture(intent.id, {"amount_to_capture": 1500})
    assert (intent.status, intent.amount_received) == ("succeeded", 1500)


@DOES("payment_intents.cancel")
def cancel_intent(shop: Shop) -> None:
    intent = paid(shop, capture_method="manual")
    intent = shop.client().v1.payment_intents.cancel(intent.id, {"cancellation_reason": "requested_by_customer"})
    assert (intent.status, intent.cancellation_reason) == ("canceled", "requested_by_customer")
    assert intent.canceled_at >= intent.created


@DOES("refunds.create")
def create_refund(shop: Shop) -> None:
    intent = paid(shop)
    refund = shop.client().v1.refunds.create(
        {"payment_intent": intent.id, "amount": 500, "reason": "requested_by_customer"}
    )
    assert isinstance(refund, stripe.Refund)
    assert (refund.status, refund.amount, refund.reason) == ("succeeded", 500, "requested_by_customer")
    assert (refund.payment_intent, refund.charge) == (intent.id, intent.latest_charge)
    assert shop.client().v1.refunds.create({"charge": intent.latest_charge}).amount == 1500


@DOES("refunds.retrieve")
def retrieve_refund(shop: Shop) -> None:
    refund = shop.client().v1.refunds.create({"payment_intent": paid(shop).id})
    assert shop.client().v1.refunds.retrieve(refund.id).to_dict() == refund.to_dict()


@DOES("refunds.update")
def update_refund(shop: Shop) -> None:
    refund = shop.client().v1.refunds.create({"payment_intent": paid(shop).id})
    assert shop.client().v1.refunds.update(refund.id, {"metadata": {"case": "7"}}).metadata["case"] == "7"


@DOES("refunds.list")
def list_refunds(shop: Shop) -> None:
    intent = paid(shop)
    refund = shop.client().v1.refunds.create({"payment_intent": intent.id, "amount": 100})
    for named in ({"charge": intent.latest_charge}, {"payment_intent": intent.id}):
        assert [one.id for one in shop.client().v1.refunds.list(named).data] == [refund.id]


@DOES("charges.retrieve")
def retrieve_charge(shop: Shop) -> None:
    intent = paid(shop, receipt_email="ann@example.com")
    charge = shop.client().v1.charges.retrieve(intent.latest_charge)
    assert isinstance(charge, stripe.Charge)
    assert (charge.amount, charge.amount_captured, charge.status) == (2000, 2000, "succeeded")
    assert (charge.paid, charge.captured, charge.refunded, charge.disputed) == (True, True, False, False)
    assert (charge.payment_intent, charge.payment_method_details.card.last4) == (intent.id, "4242")
    assert (charge.outcome.type, charge.receipt_email) == ("authorized", "ann@example.com")


@DOES("charges.list")
def list_charges(shop: Shop) -> None:
    owner = customer(shop)
    intents = [paid(shop, customer=owner.id) for _ in range(2)]
    listed = shop.client().v1.charges.list({"customer": owner.id})
    assert [charge.payment_intent for charge in listed.data] == [intent.id for intent in reversed(intents)]
    (charge,) = shop.client().v1.charges.list({"payment_intent": intents[0].id}).data
    assert charge.id == intents[0].latest_charge


@DOES("charges.search")
def search_charges(shop: Shop) -> None:
    order = customer(shop).id
    one, _ = paid(shop, metadata={"order": order}), opened(shop, metadata={"order": order})
    found = shop.client().v1.charges.search({"query": f"status:'succeeded' AND metadata['order']:'{order}'"})
    assert isinstance(found, stripe.SearchResultObject)
    assert [(charge.id, charge.payment_intent) for charge in found.data] == [(one.latest_charge, one.id)]


@DOES("charges.update")
def update_charge(shop: Shop) -> None:
    charge = shop.client().v1.charges.update(paid(shop).latest_charge, {"metadata": {"order": "7"}})
    assert shop.client().v1.payment_intents.retrieve(charge.payment_intent).metadata["order"] == "7"
