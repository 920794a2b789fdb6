"""Notifications as a merchant meets them: the eight of the page, in order, in either form, proven in two ways."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from standardwebhooks import Webhook

from tests.receivers import Got, Receiver
from tests.surfaces.atarapay.market import ORDER, Market, done
from tillgate.core.escrows import Move, Side
from tillgate.http import multipart

pytestmark = pytest.mark.anyio


async def listen(asked: Market, url: str | None, **more: Any) -> dict[str, Any]:
    """The merchant's settings, once it is to be told there."""
    answer = await asked.v1.post("/escrow_settings", {"callback_url": url, **more})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def read(got: Got) -> dict[str, Any]:
    """What was told, with the order as an object."""
    if got.headers["content-type"] == "application/json":
        return dict(json.loads(got.body))
    told = dict(multipart.pairs(multipart.parts(got.headers["content-type"], got.body)))
    return {**told, "data": json.loads(told["data"])}


def is_signed(got: Got, secret: str) -> bool:
    """Whether it is signed as Standard Webhooks has it; their own reader takes JSON alone."""
    at = datetime.fromtimestamp(int(got.headers["webhook-timestamp"]), tz=UTC)
    return Webhook(secret).sign(got.headers["webhook-id"], at, got.body.decode()) == got.headers["webhook-signature"]


async def test_the_eight_are_told_in_parts_with_the_token_and_in_order(anyones: Market, receiver: Receiver) -> None:
    secret = (await listen(anyones, receiver.url + "/hook"))["notification_secret"]

    async def deliver(order: int) -> None:
        done(await anyones.ask(ORDER, status="delivered", order=order, phone_number="08030000001"))

    accepted = await anyones.buys()
    await deliver(accepted)
    await anyones.moves(accepted, Move.ACCEPT, Side.BUYER)
    again = await anyones.buys()
    await deliver(again)
    await anyones.moves(again, Move.REDELIVER, Side.BUYER)
    await deliver(again)
    await anyones.moves(again, Move.REJECT, Side.BUYER)
    await anyones.moves(again, Move.DISPUTE, Side.SELLER)
    await anyones.moves(again, Move.WITHDRAW, Side.BUYER)
    lost = await anyones.buys()
    await deliver(lost)
    await anyones.moves(lost, Move.DISPUTE, Side.BUYER)
    done(await anyones.ask(ORDER, status="cancelled", order=lost))
    theirs, ours = await anyones.buys(), await anyones.buys()
    done(await anyones.ask(ORDER, status="rejected", order=theirs))
    done(await anyones.ask(ORDER, status="cancelled", order=ours))

    expected = {
        accepted: [("Delivered", "Order is marked completed"), ("Accepted", "Buyer Accepts Order")],
        again: [
            ("Delivered", "Order is marked completed"),
            ("Pending II", "Second Delivery Attempt"),
            ("Delivered", "Order is marked completed"),
            ("Rejected", "Buyer Rejects Order"),
            ("Complete", "Dispute is cancelled, Transaction Completed"),
        ],
        lost: [
            ("Delivered", "Order is marked completed"),
            ("Refunded", "Dispute is cancelled, Buyer Refunded"),
        ],
        theirs: [("Rejected", "Transaction is canceled")],
        ours: [("Canceled", "Transaction is canceled")],
    }
    await receiver.until(lambda: len(receiver.got) >= sum(map(len, expected.values())))
    told: dict[int, list[tuple[str, str]]] = {order: [] for order in expected}
    for got in receiver.got:
        said = read(got)
        order = said["data"]
        assert list(said) == ["status", "message", "data", "token"]
        proof = f"{anyones.pair}:{order['id']}:{order['amount_payed']}"
        assert base64.b64decode(said["token"]).decode() == proof
        assert order["amount_payed"] == 1_250_000
        assert is_signed(got, secret)
        told[order["id"]].append((said["status"], said["message"]))
    assert told == expected


async def test_it_is_json_by_setting_and_the_keys_are_written_down_nowhere(anyones: Market, receiver: Receiver) -> None:
    made = await listen(anyones, receiver.url + "/parts")
    changed = await listen(anyones, receiver.url + "/parts", notification_format="json")
    assert ("notification_secret" in made, "notification_secret" in changed) == (True, False)
    order = await anyones.buys()
    done(await anyones.ask(ORDER, status="cancelled", order=order, comment="Sold out"))
    await receiver.until(lambda: bool(receiver.got))
    (got,) = receiver.got
    assert got.headers["content-type"] == "application/json"
    said = read(got)
    shown = done(await anyones.ask(ORDER, status="order", order=order))
    assert said["data"].keys() == shown.keys() - {"refund"}
    assert said["data"]["comment"] == "Sold out"
    Webhook(made["notification_secret"]).verify(got.body, got.headers)
    (endpoint,) = (await anyones.v1.get("/webhook_endpoints")).json()["data"]
    deliveries = (await anyones.v1.get(f"/webhook_endpoints/{endpoint['id']}/deliveries")).text
    assert said["token"] not in deliveries


async def test_who_moves_or_wants_nothing_any_more_is_told_there_and_nowhere(
    anyones: Market, receiver: Receiver
) -> None:
    first = await listen(anyones, receiver.url + "/first")
    second = await listen(anyones, receiver.url + "/second")
    assert first["notification_secret"] != second["notification_secret"]
    done(await anyones.ask(ORDER, status="cancelled", order=await anyones.buys()))
    await receiver.until(lambda: bool(receiver.got))
    assert {got.path for got in receiver.got} == {"/second"}
    gone = await listen(anyones, None)
    assert gone["callback_url"] is None
    assert (await anyones.v1.get("/webhook_endpoints")).json()["data"] == []
    assert (await anyones.v1.post("/escrow_settings", {"callback_url": "ftp://x"})).json()["error"][
        "param"
    ] == "callback_url"
    for pair, rate in (("USDNGN", "1e3"), ("USDNGN", "0.00"), ("USDUSD", "1"), ("AAAAAA", "1"), ("NGNUSD", "1" * 20)):
        bad = await anyones.v1.post("/escrow_settings", {"exchange_rates": {pair: rate}})
        assert bad.json()["error"]["param"] == f"exchange_rates.{pair}"


async def test_a_test_event_comes_in_the_same_form(anyones: Market, receiver: Receiver) -> None:
    await listen(anyones, receiver.url + "/hook")
    (endpoint,) = (await anyones.v1.get("/webhook_endpoints")).json()["data"]
    await anyones.v1.post(f"/webhook_endpoints/{endpoint['id']}/test")
    await receiver.until(lambda: bool(receiver.got))
    assert read(receiver.got[0])["status"] == "Test"
