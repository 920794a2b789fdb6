"""What their client in Python does with customers, payment methods, balances, events, disputes and payouts."""

from typing import Any

import stripe

from tests.clients.scenarios import Does, Shop, card, fails

DOES = Does()
"""What it does, by operation."""

KEPT = {"email": "ann@example.com", "name": "Ann", "metadata": {"shelf": "7"}}


def customer(shop: Shop) -> Any:
    """A new customer."""
    return shop.client().v1.customers.create(KEPT)


def kept_method(shop: Shop, customer: str) -> Any:
    """A card that is kept for a customer."""
    method = shop.client().v1.payment_methods.create(card())
    return shop.client().v1.payment_methods.attach(method.id, {"customer": customer})


def paid(shop: Shop, **more: Any) -> Any:
    """A payment intent that was paid."""
    given = {"amount": 2000, "currency": "usd", "payment_method_data": card(), "confirm": True, **more}
    return shop.client().v1.payment_intents.create(given)


def disputed(shop: Shop) -> Any:
    """A dispute over a payment."""
    answer = shop.client().raw_request("post", "/sandbox/disputes", payment=paid(shop).latest_payment)
    return shop.client().v1.disputes.retrieve(answer.data["id"])


@DOES("customers.create")
def create_customer(shop: Shop) -> None:
    made = customer(shop)
    assert isinstance(made, stripe.Customer)
    assert (made.email, made.name, made.metadata["shelf"], made.livemode) == ("ann@example.com", "Ann", "7", False)
    assert made.id.startswith("cus_")
    assert made.created > 1_700_000_000
    assert made.last_response.request_id.startswith("req_")


@DOES("customers.retrieve")
def retrieve_customer(shop: Shop) -> None:
    made = customer(shop)
    assert shop.client().v1.customers.retrieve(made.id).to_dict() == made.to_dict()


@DOES("customers.update")
def update_customer(shop: Shop) -> None:
    made = customer(shop)
    method = kept_method(shop, made.id)
    change = {
        "name": "",
        "address": {"line1": "1 High Street", "country": "GB"},
        "shipping": {"name": "Ann", "address": {"line1": "2 High Street"}},
        "metadata": {"shelf": "", "row": "2"},
        "invoice_settings": {"default_payment_method": method.id},
    }
    changed = shop.client().v1.customers.update(made.id, change)
    assert (changed.name, changed.metadata.to_dict()) == (None, {"row": "2"})
    assert (changed.address.country, changed.shipping.address.line1) == ("GB", "2 High Street")
    assert changed.invoice_settings.default_payment_method == method.id


@DOES("customers.list")
def list_customers(shop: Shop) -> None:
    made = customer(shop)
    page = shop.client().v1.customers.list({"limit": 3, "created": {"gte": made.created}})
    assert isinstance(page, stripe.ListObject)
    assert made.id in [one.id for one in shop.client().v1.customers.list({"limit": 100}).data]
    assert all(isinstance(one, stripe.Customer) for one in page.data)


@DOES("customers.search")
def search_customers(shop: Shop) -> None:
    made = customer(shop)
    page = shop.client().v1.customers.search({"query": "email:'ann@example.com' AND metadata['shelf']:'7'"})
    assert isinstance(page, stripe.SearchResultObject)
    assert made.id in [one.id for one in page.auto_paging_iter()]
    assert all(isinstance(one, stripe.Customer) for one in page.data)
    assert shop.client().v1.customers.search({"query": "email:'nobody@example.com'"}).data == []


@DOES("customers.delete")
def delete_customer(shop: Shop) -> None:
    made = customer(shop)
    assert shop.client().v1.customers.delete(made.id).deleted is True
    assert shop.client().v1.customers.retrieve(made.id).deleted is True


@DOES("payment_methods.create")
def create_method(shop: Shop) -> None:
    details = {"name": "Ann", "address": {"country": "GB", "postal_code": "N1"}}
    made = shop.client().v1.payment_methods.create(card(billing_details=details))
    assert isinstance(made, stripe.PaymentMethod)
    assert (made.type, made.card.brand, made.card.last4, made.customer) == ("card", "visa", "4242", None)
    assert made.billing_details.address.country == "GB"


@DOES("payment_methods.retrieve")
def retrieve_method(shop: Shop) -> None:
    made = shop.client().v1.payment_methods.create(card())
    assert shop.client().v1.payment_methods.retrieve(made.id).card.fingerprint == made.card.fingerprint


@DOES("payment_methods.update")
def update_method(shop: Shop) -> None:
    made = shop.client().v1.payment_methods.create(card())
    changed = shop.client().v1.payment_methods.update(made.id, {"card": {"exp_month": 11, "exp_year": 2035}})
    assert (changed.card.exp_month, changed.card.exp_year) == (11, 2035)


@DOES("payment_methods.attach")
def attach_method(shop: Shop) -> None:
    owner = customer(shop)
    assert kept_method(shop, owner.id).customer == owner.id


@DOES("payment_methods.list")
def list_methods(shop: Shop) -> None:
    owner = customer(shop)
    method = kept_method(shop, owner.id)
    by_filter = shop.client().v1.payment_methods.list({"customer": owner.id, "type": "card"})
    of_customer = shop.client().v1.customers.payment_methods.list(owner.id)
    assert [one.id for one in by_filter.data] == [one.id for one in of_customer.data] == [method.id]


@DOES("payment_methods.detach")
def detach_method(shop: Shop) -> None:
    method = kept_method(shop, customer(shop).id)
    assert shop.client().v1.payment_methods.detach(method.id).customer is None


@DOES("tokens.create")
def create_token(shop: Shop) -> None:
    token = shop.client(key=shop.publishable_key).v1.tokens.create({"card": card()["card"]})
    assert isinstance(token, stripe.Token)
    method = shop.client().v1.payment_methods.create({"type": "card", "card": {"token": token.id}})
    assert method.card.last4 == "4242"


@DOES("balance.retrieve")
def retrieve_balance(shop: Shop) -> None:
    paid(shop)
    balance = shop.client().v1.balance.retrieve()
    assert isinstance(balance, stripe.Balance)
    assert {"usd"} <= {one.currency for one in balance.pending}
    assert all(isinstance(one.amount, int) for one in (*balance.available, *balance.pending))


@DOES("balance_transactions.retrieve")
def retrieve_movement(shop: Shop) -> None:
    (moved,) = shop.client().v1.balance_transactions.list({"source": paid(shop).latest_charge}).data
    again = shop.client().v1.balance_transactions.retrieve(moved.id)
    assert isinstance(again, stripe.BalanceTransaction)
    assert (again.type, again.amount, again.net, again.status) == ("charge", 2000, 2000 - again.fee, "pending")
    assert again.fee_details[0].amount == again.fee


@DOES("balance_transactions.list")
def list_movements(shop: Shop) -> None:
    paid(shop)
    page = shop.client().v1.balance_transactions.list({"type": "charge", "limit": 1})
    assert (len(page.data), page.data[0].object) == (1, "balance_transaction")


@DOES("events.list")
def list_events(shop: Shop) -> None:
    intent = paid(shop)
    events = shop.client().v1.events.list({"type": "payment_intent.succeeded", "limit": 100})
    assert intent.id in [event.data.object.id for event in events.data]
    assert all(event.type == "payment_intent.succeeded" for event in events.data)


@DOES("events.retrieve")
def retrieve_event(shop: Shop) -> None:
    paid(shop)
    listed = shop.client().v1.events.list({"type": "payment_intent.succeeded", "limit": 1}).data[0]
    event = shop.client().v1.events.retrieve(listed.id)
    assert isinstance(event, stripe.Event)
    assert isinstance(event.data.object, stripe.PaymentIntent)
    assert (event.data.object.status, event.livemode) == ("succeeded", False)
    assert event.api_version


@DOES("disputes.retrieve")
def retrieve_dispute(shop: Shop) -> None:
    dispute = disputed(shop)
    assert isinstance(dispute, stripe.Dispute)
    assert (dispute.status, dispute.amount, dispute.currency) == ("needs_response", 2000, "usd")
    assert (dispute.charge[:3], dispute.payment_intent[:3]) == ("ch_", "pi_")
    assert dispute.evidence_details.due_by > dispute.created


@DOES("disputes.list")
def list_disputes(shop: Shop) -> None:
    dispute = disputed(shop)
    for named in ({"charge": dispute.charge}, {"payment_intent": dispute.payment_intent}):
        assert [one.id for one in shop.client().v1.disputes.list(named).data] == [dispute.id]


@DOES("disputes.update")
def update_dispute(shop: Shop) -> None:
    evidence = {"evidence": {"uncategorized_text": "It was delivered."}, "submit": False, "metadata": {"case": "7"}}
    changed = shop.client().v1.disputes.update(disputed(shop).id, evidence)
    assert (changed.evidence.uncategorized_text, changed.evidence_details.has_evidence) == ("It was delivered.", True)
    assert (changed.status, changed.metadata["case"]) == ("needs_response", "7")


@DOES("disputes.close")
def close_dispute(shop: Shop) -> None:
    assert shop.client().v1.disputes.close(disputed(shop).id).status == "lost"


def payout(shop: Shop) -> Any:
    """A payout of what is available."""
    return shop.client().v1.payouts.create({"amount": 100, "currency": "usd", "metadata": {"month": "7"}})


@DOES("payouts.create")
def create_payout(shop: Shop) -> None:
    made = payout(shop)
    assert isinstance(made, stripe.Payout)
    assert (made.amount, made.currency, made.status, made.automatic) == (100, "usd", "pending", False)
    assert (made.type, made.method, made.metadata["month"]) == ("bank_account", "standard", "7")
    assert made.arrival_date >= made.created


@DOES("payouts.retrieve")
def retrieve_payout(shop: Shop) -> None:
    made = payout(shop)
    again = shop.client().v1.payouts.retrieve(made.id, {"expand": ["balance_transaction"]})
    assert (again.id, again.balance_transaction.amount) == (made.id, -100)


@DOES("payouts.list")
def list_payouts(shop: Shop) -> None:
    made = payout(shop)
    assert made.id in [one.id for one in shop.client().v1.payouts.list({"limit": 100}).data]


@DOES("payouts.cancel")
def cancel_payout(shop: Shop) -> None:
    assert shop.client().v1.payouts.cancel(payout(shop).id).status == "canceled"


HOOK = {"url": "http://127.0.0.1:9999/hook", "enabled_events": ["webhook_endpoint.disabled"]}


@DOES("webhook_endpoints.create")
def create_endpoint(shop: Shop) -> None:
    made = shop.client().v1.webhook_endpoints.create(HOOK)
    assert isinstance(made, stripe.WebhookEndpoint)
    assert (made.status, made.secret[:6], made.enabled_events) == ("enabled", "whsec_", HOOK["enabled_events"])
    shop.client().v1.webhook_endpoints.delete(made.id)


@DOES("webhook_endpoints.retrieve")
def retrieve_endpoint(shop: Shop) -> None:
    made = shop.client().v1.webhook_endpoints.create(HOOK)
    assert shop.client().v1.webhook_endpoints.retrieve(made.id).url == HOOK["url"]
    shop.client().v1.webhook_endpoints.delete(made.id)


@DOES("webhook_endpoints.update")
def update_endpoint(shop: Shop) -> None:
    made = shop.client().v1.webhook_endpoints.create(HOOK)
    changed = shop.client().v1.webhook_endpoints.update(made.id, {"enabled_events": ["*"], "description": "Books"})
    assert (changed.enabled_events, changed.description) == (["*"], "Books")
    shop.client().v1.webhook_endpoints.delete(made.id)


@DOES("webhook_endpoints.list")
def list_endpoints(shop: Shop) -> None:
    made = shop.client().v1.webhook_endpoints.create(HOOK)
    assert made.id in [one.id for one in shop.client().v1.webhook_endpoints.list({"limit": 100}).data]
    shop.client().v1.webhook_endpoints.delete(made.id)


@DOES("webhook_endpoints.delete")
def delete_endpoint(shop: Shop) -> None:
    made = shop.client().v1.webhook_endpoints.create(HOOK)
    assert shop.client().v1.webhook_endpoints.delete(made.id).deleted is True
    with fails(stripe.InvalidRequestError) as failed:
        shop.client().v1.webhook_endpoints.retrieve(made.id)
    assert failed.value.http_status == 404
