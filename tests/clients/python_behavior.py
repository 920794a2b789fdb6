"""What their client in Python does in the way of paging, expansion, retries, errors and the check of webhooks."""

import time
from unittest import mock

import stripe

from tests.clients.python_objects import customer, paid
from tests.clients.scenarios import Does, Shop, card, fails

DOES = Does()
"""What it does, by operation."""

TOLERANCE_SECONDS = 300
INTENT = {"amount": 2000, "currency": "usd"}


@DOES("base address.of the whole client")
def point_here(shop: Shop) -> None:
    with mock.patch.multiple(stripe, api_base=shop.url, api_key=shop.key, max_network_retries=0):
        made = stripe.Customer.create(email="ann@example.com", metadata={"shelf": "7"})
        assert stripe.Customer.retrieve(made.id).metadata["shelf"] == "7"
        assert stripe.Customer.modify(made.id, name="Ann").name == "Ann"


@DOES("lists.auto-paging over 250 objects")
def page_by_itself(shop: Shop) -> None:
    listed = shop.client().v1.customers.list({"email": shop.crowd, "limit": 100})
    assert (len(listed.data), listed.has_more) == (100, True)
    walked = [one.id for one in listed.auto_paging_iter()]
    assert len(walked) == shop.many > 250
    assert walked == sorted(set(walked), reverse=True)


@DOES("lists.auto-paging backward")
def page_backward(shop: Shop) -> None:
    everyone = shop.client().v1.customers.list({"email": shop.crowd, "limit": 100})
    newest = everyone.data[0].id
    oldest = [one.id for one in everyone.auto_paging_iter()][-1]
    back = shop.client().v1.customers.list({"email": shop.crowd, "limit": 100, "ending_before": oldest})
    walked = [one.id for one in back.auto_paging_iter()]
    assert (len(walked), walked[-1]) == (shop.many - 1, newest)


@DOES("lists.auto-paging of what a search finds")
def page_through_found(shop: Shop) -> None:
    found = shop.client().v1.customers.search({"query": f"email:'{shop.crowd}'", "limit": 100})
    assert (len(found.data), found.has_more) == (100, True)
    walked = [one.id for one in found.auto_paging_iter()]
    assert len(walked) == shop.many > 250
    assert walked == sorted(set(walked), reverse=True)


@DOES("expansion.of what a request makes")
def expand_made(shop: Shop) -> None:
    owner = customer(shop)
    intent = paid(shop, customer=owner.id, expand=["customer", "latest_charge.balance_transaction", "payment_method"])
    assert isinstance(intent.customer, stripe.Customer)
    assert isinstance(intent.payment_method, stripe.PaymentMethod)
    assert isinstance(intent.latest_charge, stripe.Charge)
    assert isinstance(intent.latest_charge.balance_transaction, stripe.BalanceTransaction)
    assert (intent.latest_charge.paid, intent.latest_charge.balance_transaction.amount) == (True, 2000)


@DOES("expansion.in a list")
def expand_listed(shop: Shop) -> None:
    intent = paid(shop)
    refund = shop.client().v1.refunds.create({"payment_intent": intent.id, "expand": ["charge"]})
    assert (refund.charge.id, refund.charge.refunded) == (intent.latest_charge, True)
    listed = shop.client().v1.refunds.list(
        {"charge": refund.charge.id, "expand": ["data.payment_intent.latest_charge"]}
    )
    assert listed.data[0].payment_intent.latest_charge.amount_refunded == 2000


def retried(shop: Shop, force: str) -> None:
    """A payment that took a second try, by which nothing was taken twice."""
    owner = customer(shop)
    client = shop.client(shop.forced[force], retries=2)
    given = {**INTENT, "customer": owner.id, "payment_method_data": card(), "confirm": True}
    intent = client.v1.payment_intents.create(given)
    assert intent.status == "succeeded"
    assert shop.tries(intent.last_response.idempotency_key) == 2
    assert [one.id for one in shop.client().v1.charges.list({"customer": owner.id}).data] == [intent.latest_charge]


@DOES("retries.after 409")
def retry_conflict(shop: Shop) -> None:
    retried(shop, "conflict")


@DOES("retries.after 500 for what was done")
def retry_lost(shop: Shop) -> None:
    retried(shop, "lost")


@DOES("retries.after a connection was cut")
def retry_dropped(shop: Shop) -> None:
    retried(shop, "dropped")


@DOES("retries.with a key of one's own")
def repeat(shop: Shop) -> None:
    options = {"idempotency_key": f"python-{time.time_ns()}"}
    first = shop.client().v1.payment_intents.create(INTENT, options)
    again = shop.client().v1.payment_intents.create(INTENT, options)
    assert again.to_dict() == first.to_dict()
    assert again.last_response.headers["idempotent-replayed"] == "true"


@DOES("errors.card error")
def card_error(shop: Shop) -> None:
    with fails(stripe.CardError) as failed:
        paid(shop, payment_method_data=card("4000000000009995"))
    error = failed.value
    assert (error.code, error.error.decline_code, error.http_status) == (
        "insufficient_funds",
        "insufficient_funds",
        402,
    )
    assert error.error.payment_intent.status == "requires_payment_method"
    assert error.error.payment_intent.last_payment_error.code == "insufficient_funds"
    assert error.error.charge == error.error.payment_intent.latest_charge
    assert "insufficient funds" in error.user_message
    assert error.request_id.startswith("req_")


@DOES("errors.invalid request")
def invalid_request(shop: Shop) -> None:
    with fails(stripe.InvalidRequestError) as failed:
        shop.client().v1.payment_intents.create({**INTENT, "amount": 1})
    assert (failed.value.code, failed.value.param, failed.value.http_status) == ("amount_too_small", "amount", 400)
    with fails(stripe.InvalidRequestError) as failed:
        shop.client().v1.payment_intents.create({**INTENT, "surprise": 1})
    assert (failed.value.code, failed.value.param) == ("parameter_unknown", "surprise")
    with fails(stripe.InvalidRequestError) as failed:
        shop.client().v1.charges.retrieve("ch_none")
    assert (failed.value.code, failed.value.http_status) == ("resource_missing", 404)


@DOES("errors.a query that cannot be read")
def query_error(shop: Shop) -> None:
    with fails(stripe.InvalidRequestError) as failed:
        shop.client().v1.customers.search({"query": "email:'ann@example.com' AND"})
    assert (failed.value.param, failed.value.http_status) == ("query", 400)


@DOES("errors.authentication")
def authentication(shop: Shop) -> None:
    with fails(stripe.AuthenticationError) as failed:
        shop.client(key="sk_test_wrong").v1.balance.retrieve()
    assert (failed.value.http_status, failed.value.error.code) == (401, "api_key_invalid")


@DOES("errors.permission")
def permission(shop: Shop) -> None:
    with fails(stripe.PermissionError) as failed:
        shop.client(key=shop.publishable_key).v1.balance.retrieve()
    assert failed.value.http_status == 403
    # To act for the key's own merchant instead would move the wrong one's money.
    with fails(stripe.PermissionError) as failed:
        shop.client().v1.payment_intents.create(INTENT, {"stripe_account": "acct_1"})
    assert failed.value.error.code == "account_invalid"


@DOES("errors.rate limit")
def rate_limit(shop: Shop) -> None:
    busy = shop.client(key=shop.busy_key)
    with fails(stripe.RateLimitError) as failed:
        # A minute may end meanwhile, once.
        for _ in range(202):
            busy.v1.balance.retrieve()
    assert failed.value.http_status == 429
    assert int(failed.value.headers["retry-after"]) > 0


@DOES("errors.idempotency")
def idempotency(shop: Shop) -> None:
    options = {"idempotency_key": f"python-{time.time_ns()}"}
    shop.client().v1.payment_intents.create(INTENT, options)
    with fails(stripe.IdempotencyError) as failed:
        shop.client().v1.payment_intents.create({**INTENT, "amount": 2001}, options)
    assert (failed.value.http_status, failed.value.error.code) == (400, "idempotency_key_reused")


@DOES("errors.connection")
def connection(shop: Shop) -> None:
    with fails(stripe.APIConnectionError):
        shop.client(shop.nobody).v1.balance.retrieve()


@DOES("errors.api error")
def api_error(shop: Shop) -> None:
    with fails(stripe.APIError) as failed:
        shop.client(shop.forced["broken"]).v1.balance.retrieve()
    assert failed.value.http_status == 500


@DOES("webhooks.a delivery is accepted")
def accept(shop: Shop) -> None:
    delivery = shop.delivery
    event = stripe.Webhook.construct_event(delivery.body, delivery.signature, delivery.secret)
    assert event.type == "payment_intent.succeeded"
    assert isinstance(event.data.object, stripe.PaymentIntent)
    assert shop.client().v1.events.retrieve(event.id).data.object.id == event.data.object.id


@DOES("webhooks.an altered delivery is refused")
def refuse_altered(shop: Shop) -> None:
    delivery = shop.delivery
    altered = delivery.body.replace("2000", "2001")
    assert altered != delivery.body
    with fails(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(altered, delivery.signature, delivery.secret)


@DOES("webhooks.a delivery replayed later is refused")
def refuse_replayed(shop: Shop) -> None:
    delivery, soon, late = shop.delivery, TOLERANCE_SECONDS // 2, 2 * TOLERANCE_SECONDS
    now = time.time()
    with mock.patch("stripe._webhook.time.time", return_value=now + soon):
        stripe.Webhook.construct_event(delivery.body, delivery.signature, delivery.secret)
    with mock.patch("stripe._webhook.time.time", return_value=now + late):
        with fails(stripe.SignatureVerificationError) as failed:
            stripe.Webhook.construct_event(delivery.body, delivery.signature, delivery.secret)
        assert "tolerance" in str(failed.value)
        # A time that is written anew is not what was signed.
        stamp = delivery.signature.partition(",")[0]
        anew = delivery.signature.replace(stamp, f"t={int(now) + late}")
        with fails(stripe.SignatureVerificationError):
            stripe.Webhook.construct_event(delivery.body, anew, delivery.secret)


@DOES("webhooks.another secret is refused")
def refuse_other_secret(shop: Shop) -> None:
    with fails(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(shop.delivery.body, shop.delivery.signature, "whsec_other")
