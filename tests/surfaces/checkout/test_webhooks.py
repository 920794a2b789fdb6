"""Webhooks as an application meets them: its own payments alone, signed in two ways, and confirmed by its answer."""

import asyncio
import hmac
from typing import Any

import pytest
from aiohttp import web
from standardwebhooks import Webhook

from tests.receivers import Got, Receiver
from tests.surfaces.checkout.store import Store, done
from tests.waiting import eventually

pytestmark = pytest.mark.anyio


def names(got: list[Got]) -> list[str]:
    return [each.headers["x-paymentservice-event"] for each in got]


def verify(got: Got, secret: str, listener: str) -> dict[str, Any]:
    """The payment that was told, once either signature fits."""
    stamped = got.headers["x-paymentservice-timestamp"].encode() + b"." + got.body
    expected = hmac.digest(secret.encode(), stamped, "sha256").hex()
    assert hmac.compare_digest(expected, got.headers["x-paymentservice-signature"])
    Webhook(listener).verify(got.body, got.headers)
    assert list(got.event) == ["payment"]
    told = got.event["payment"]
    assert isinstance(told, dict)
    return told


async def test_a_payment_goes_from_the_card_to_its_confirmation_and_back(anyones: Store, receiver: Receiver) -> None:
    secret = "the shop's own secret"
    made = await anyones.create(name="Listening", secret=secret, callbackUrl=receiver.url + "/hook")
    assert "secret" not in made
    token = (await anyones.mint(made["id"], ["*"]))["token"]
    silent = await anyones.create(name="Silent")

    answers = asyncio.Event()

    async def think(got: Got) -> web.Response:
        await answers.wait()
        return web.Response()

    receiver.answers["/hook"] = think
    order = anyones.order(clientId=made["clientId"])
    id = done(await anyones.ask("POST", "/api/payment/checkout", order, token))["id"]
    other = done(
        await anyones.ask(
            "POST", "/api/payment/checkout", anyones.order(clientId=silent["clientId"]), anyones.dashboard
        )
    )["id"]
    await anyones.pay(id)
    await anyones.pay(other)
    path = f"/api/payment/{id}"
    await receiver.until(lambda: "payment.received" in names(receiver.got))
    assert done(await anyones.ask("GET", path, None, token))["status"] == "RECEIVED"
    answers.set()

    async def is_confirmed() -> bool:
        return bool(done(await anyones.ask("GET", path, None, token))["status"] == "CONFIRMED")

    await eventually(is_confirmed)
    assert done(await anyones.ask("POST", f"{path}/refund", {"amount": 2_500}, token))["status"] == "CONFIRMED"
    assert done(await anyones.ask("POST", f"{path}/refund", None, token))["status"] == "REFUND"
    await receiver.until(lambda: "payment.refunded" in names(receiver.got))
    told = [verify(got, secret, made["listenerSecret"]) for got in receiver.got]
    assert {one["id"] for one in told} == {id}
    assert set(names(receiver.got)) == {"payment.received", "payment.completed", "payment.refunded"}
    by_name = dict(zip(names(receiver.got), told, strict=True))
    assert by_name["payment.completed"]["status"] == "RECEIVED"
    assert by_name["payment.refunded"]["status"] == "REFUND"
    assert await anyones.status_of(other) == "CONFIRMED"


async def test_what_the_listener_has_not_taken_is_not_confirmed(anyones: Store, receiver: Receiver) -> None:
    path = f"/api/payment-applications/{anyones.application['id']}"
    await anyones.manage("PATCH", path, {"callbackUrl": receiver.url + "/hook"})

    async def refuse_the_end(got: Got) -> web.Response:
        return web.Response(status=500 if names([got]) == ["payment.completed"] else 200)

    receiver.answers["/hook"] = refuse_the_end
    id = (await anyones.open())["id"]
    await anyones.pay(id)
    (listener,) = await anyones.v1.listed("/webhook_endpoints")

    async def is_tried() -> bool:
        sent = await anyones.v1.listed(f"/webhook_endpoints/{listener['id']}/deliveries")
        return any(one["tries"] for one in sent if one["type"] == "checkout.completed")

    await eventually(is_tried)
    assert await anyones.status(id) == "RECEIVED"


async def test_what_is_found_on_a_phone_and_what_is_cancelled_is_told(anyones: Store, receiver: Receiver) -> None:
    changed = {"callbackUrl": receiver.url + "/hook"}
    path = f"/api/payment-applications/{anyones.application['id']}"
    listener = done(await anyones.manage("PATCH", path, changed))["listenerSecret"]
    id, phone = (await anyones.open())["id"], "7875550501"
    await anyones.ring(id, phone)
    await anyones.confirm(phone)
    await receiver.until(lambda: "payment.completed" in names(receiver.got))
    assert names(receiver.got) == ["payment.found", "payment.received", "payment.completed"]
    assert verify(receiver.got[0], anyones.application["secret"], listener)["status"] == "FOUND"
    canceled = (await anyones.open())["id"]
    await anyones.ask("POST", f"/api/payment/{canceled}/cancel")
    await receiver.until(lambda: "payment.cancelled" in names(receiver.got))
    assert verify(receiver.got[-1], anyones.application["secret"], listener)["status"] == "CANCELLED"


async def test_without_a_listener_any_more_what_was_to_be_told_counts_as_told(
    anyones: Store, receiver: Receiver
) -> None:
    path = f"/api/payment-applications/{anyones.application['id']}"
    await anyones.manage("PATCH", path, {"callbackUrl": receiver.url + "/hook"})
    id = (await anyones.open())["id"]
    assert done(await anyones.manage("PATCH", path, {"callbackUrl": None}))["site"]["callbackUrl"] is None
    await anyones.pay(id)

    async def is_confirmed() -> bool:
        return await anyones.status(id) == "CONFIRMED"

    await eventually(is_confirmed)
    assert receiver.got == []
