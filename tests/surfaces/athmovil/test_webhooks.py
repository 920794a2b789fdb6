"""Webhooks in the vendor's forms, as a business meets them, and as the client that exists reads them."""

from typing import Any

import pytest
from athm.webhooks import parse_webhook
from standardwebhooks import Webhook

from tests.receivers import Receiver
from tests.surfaces.athmovil.business import SUBSCRIBE, Business, done

pytestmark = pytest.mark.anyio

EVERYTHING = {
    "paymentReceivedEvent": True,
    "refundSentEvent": True,
    "donationReceivedEvent": True,
    "ecommercePaymentReceivedEvent": True,
    "ecommercePaymentCancelledEvent": True,
    "ecommercePaymentExpiredEvent": True,
}


async def subscribe(seller: Business, url: str, **flags: bool) -> str:
    """The secret with which a listener is told."""
    answer = await seller.ask(SUBSCRIBE, {**seller.both, "listenerURL": url, **(flags or EVERYTHING)})
    return str(done(answer)["secret"])


async def test_what_happens_to_tickets_arrives_in_the_vendors_forms(anyones: Business, receiver: Receiver) -> None:
    secret = await subscribe(anyones, receiver.url + "/athm")
    paid = await anyones.pay()
    refunded = done(await anyones.refund(paid["referenceNumber"], "1.00", message="Melted"))["refund"]
    ticket = await anyones.open()
    await anyones.cancel(ticket)
    await anyones.v1.pay()
    await receiver.until(lambda: len(receiver.got) >= 3)
    by_form: dict[Any, dict[str, Any]] = {
        (got.event["transactionType"], got.event["status"]): got.event for got in receiver.got
    }
    assert set(by_form) == {("ECOMMERCE", "COMPLETED"), ("ECOMMERCE", "CANCEL"), ("refund", "completed")}
    for got in receiver.got:
        Webhook(secret).verify(got.body, got.headers)
        assert got.event["date"]
        assert isinstance(got.event["items"], list)
        parse_webhook(dict(got.event))
    completed = by_form["ECOMMERCE", "COMPLETED"]
    assert completed["ecommerceId"] == paid["ecommerceId"]
    assert completed["dailyTransactionId"] == "0001"
    assert (completed["total"], completed["fee"], completed["netAmount"]) == (2.33, 0.06, 2.27)
    assert completed["referenceNumber"] == paid["referenceNumber"]
    assert len(completed["referenceTransactionId"]) == 32
    assert isinstance(completed["phoneNumber"], int)
    refund = by_form["refund", "completed"]
    assert (refund["total"], refund["message"], refund["dailyTransactionID"]) == ("1.00", "Melted", "0002")
    assert refund["referenceNumber"] == refunded["referenceNumber"] != paid["referenceNumber"]
    canceled = by_form["ECOMMERCE", "CANCEL"]
    assert (canceled["ecommerceId"], canceled["referenceNumber"], canceled["dailyTransactionId"]) == (ticket.id, "", "")


async def test_a_listener_that_subscribes_again_is_told_once_and_with_a_new_secret(
    anyones: Business, receiver: Receiver
) -> None:
    first = await subscribe(anyones, receiver.url + "/athm", refundSentEvent=True)
    second = await subscribe(anyones, receiver.url + "/athm", ecommercePaymentReceivedEvent=True)
    assert first != second
    (listed,) = await anyones.v1.listed("/webhook_endpoints")
    assert listed["enabled_events"] == ["payment.succeeded"]
    await anyones.pay()
    await receiver.until(lambda: len(receiver.got) >= 1)
    Webhook(second).verify(receiver.got[0].body, receiver.got[0].headers)
    assert len(receiver.got) == 1


async def test_send_test_sends_a_simulated_payment(anyones: Business, receiver: Receiver) -> None:
    await subscribe(anyones, receiver.url + "/athm")
    (listed,) = await anyones.v1.listed("/webhook_endpoints")
    assert (await anyones.v1.post(f"/webhook_endpoints/{listed['id']}/test")).status_code == 200
    await receiver.until(lambda: len(receiver.got) >= 1)
    said: dict[str, Any] = receiver.got[0].event
    assert (said["transactionType"], said["status"]) == ("simulated", "completed")
    assert parse_webhook(dict(said)).transaction_type.value == "simulated"
