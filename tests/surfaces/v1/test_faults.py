"""Faults that a test merchant plants: each happens as often as it was to, to its merchant alone, and is told of."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.receivers import Receiver
from tests.surfaces.v1 import shop
from tests.surfaces.v1.shop import PAYMENT, Client
from tillgate.assembly import Assembly
from tillgate.core.instants import SECOND
from tillgate.core.merchants import Mode
from tillgate.flows import payouts
from tillgate.flows.gateway import system

pytestmark = pytest.mark.anyio


async def plant(client: Client, kind: str, **more: Any) -> dict[str, Any]:
    answer = await client.post("/sandbox/faults", {"kind": kind, **more})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def happened(client: Client, fault: dict[str, Any]) -> list[dict[str, Any]]:
    return list((await client.get(f"/sandbox/faults/{fault['id']}")).json()["happened"])


async def pay(client: Client, **changes: Any) -> dict[str, Any]:
    """The payment that came of it, whatever became of it."""
    said: dict[str, Any] = (await client.post("/payments", {**PAYMENT, **changes})).json()
    return dict(said.get("error", {}).get("payment") or said)


async def until_status(client: Client, payment: dict[str, Any], status: str) -> dict[str, Any]:
    async with asyncio.timeout(60):
        while True:
            now: dict[str, Any] = (await client.get(f"/payments/{payment['id']}")).json()
            if now["status"] == status:
                return now
            await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    ("kind", "more", "statuses"),
    [
        ("timeout_after", {"seconds": 0}, ["succeeded"]),
        ("timeout_before", {"seconds": 0}, ["pending"]),
        ("unknown", {}, ["pending"]),
        ("slow", {"seconds": 0}, ["succeeded"]),
        ("duplicate", {}, ["succeeded"]),
        ("garbage", {"seed": 3}, ["succeeded"]),
        ("pending", {"seconds": 3600}, ["pending"]),
        ("card_declined", {}, ["failed"]),
        ("insufficient_funds", {}, ["failed"]),
        ("expired_card", {}, ["failed"]),
        ("incorrect_cvc", {}, ["failed"]),
        ("processing_error", {}, ["failed"]),
    ],
)
async def test_a_fault_happens_to_the_next_payment_alone(
    anyones: Client, kind: str, more: dict[str, Any], statuses: list[str]
) -> None:
    fault = await plant(anyones, kind, **more)
    assert (fault["remaining"], fault["happened"], fault["livemode"]) == (1, [], False)
    met, spared = await pay(anyones), await pay(anyones)
    assert met["status"] in statuses
    assert met["sandbox_faults"] == [kind]
    assert (spared["status"], "sandbox_faults" in spared) == ("succeeded", False)
    (once,) = await happened(anyones, fault)
    assert (once["operation"], once["payment"], once["event"]) == ("charge", met["id"], None)
    if met["status"] == "failed":
        wanted = {"processing_error": "processing_error", "incorrect_cvc": "incorrect_cvc"}.get(kind, kind)
        assert met["failure_code"] == wanted
    # Told wherever the payment is.
    assert (await anyones.get(f"/payments/{met['id']}")).json()["sandbox_faults"] == [kind]
    assert (await anyones.get(f"/payment_intents/{met['payment_intent']}")).json()["sandbox_faults"] == [kind]


async def test_what_is_pending_for_a_second_is_known_then(anyones: Client) -> None:
    await plant(anyones, "pending", seconds=0)
    assert (await until_status(anyones, await pay(anyones), "succeeded"))["sandbox_faults"] == ["pending"]


async def test_a_fault_is_for_the_operation_that_it_names(merchant: Client) -> None:
    for operation in ("authorize", "capture", "void", "refund"):
        await plant(merchant, "processing_error", operation=operation)
    charged = await merchant.pay()
    refund = (await merchant.post("/refunds", {"payment": charged["id"], "amount": 100})).json()
    assert (charged["status"], refund["status"]) == ("succeeded", "failed")
    assert (await merchant.post("/refunds", {"payment": charged["id"], "amount": 100})).json()["status"] == "succeeded"
    assert (await pay(merchant, capture_method="manual"))["status"] == "failed"
    held = await pay(merchant, capture_method="manual")
    for what in ("capture", "cancel"):
        assert (await merchant.post(f"/payments/{held['id']}/{what}")).status_code == 402
    assert (await merchant.post(f"/payments/{held['id']}/capture")).json()["status"] == "succeeded"
    planted = await merchant.listed("/sandbox/faults")
    assert [(one["operation"], one["remaining"]) for one in planted] == [
        ("refund", 0),
        ("void", 0),
        ("capture", 0),
        ("authorize", 0),
    ]


async def test_a_declined_capture_leaves_the_intent_as_it_was(merchant: Client) -> None:
    await plant(merchant, "card_declined", operation="charge")
    intent = {"amount": 2000, "currency": "usd", "confirm": True, "payment_method_data": {"type": "card"}}
    intent["payment_method_data"]["card"] = shop.CARD  # type: ignore[index]
    refused = await merchant.post("/payment_intents", intent)
    said = shop.error(refused, 402, "card_error", "card_declined")
    assert said["payment_intent"]["status"] == "requires_payment_method"
    assert said["payment_intent"]["sandbox_faults"] == ["card_declined"]


async def test_a_fault_happens_exactly_as_often_as_it_was_to_however_many_ask_at_once(anyones: Client) -> None:
    fault = await plant(anyones, "card_declined", count=5)
    met = await asyncio.gather(*[pay(anyones) for _ in range(16)])
    assert Counter(payment["status"] for payment in met) == {"failed": 5, "succeeded": 11}
    named = {one["payment"] for one in await happened(anyones, fault)}
    assert named == {payment["id"] for payment in met if payment["status"] == "failed"}
    assert len(named) == 5


async def test_a_fault_happens_as_often_in_several_processes(
    migrated_url: str, tmp_path: Path, anyio_backend: object
) -> None:
    async with shop.open_shop(tmp_path, migrated_url) as one, shop.open_shop(tmp_path, migrated_url) as other:
        here = await shop.merchant(one)
        there = Client(other, here.key)
        fault = await plant(here, "card_declined", count=5)
        met = await asyncio.gather(*[pay(client) for client in (here, there) for _ in range(8)])
        assert Counter(payment["status"] for payment in met) == {"failed": 5, "succeeded": 11}
        assert (await there.get(f"/sandbox/faults/{fault['id']}")).json()["remaining"] == 0


async def test_the_same_seed_has_the_same_payments_go_wrong(merchant: Client) -> None:
    async def met(seed: int) -> list[str]:
        fault = await plant(merchant, "card_declined", count=100, probability=40, seed=seed)
        statuses = [(await pay(merchant))["status"] for _ in range(20)]
        assert (await merchant.delete(f"/sandbox/faults/{fault['id']}")).json()["deleted"]
        return statuses

    first, again, other = await met(7), await met(7), await met(8)
    assert first == again != other
    assert set(first) == {"failed", "succeeded"}


async def test_the_oldest_fault_happens_first_and_one_at_a_time(merchant: Client) -> None:
    for kind in ("card_declined", "insufficient_funds"):
        await plant(merchant, kind)
    assert [(await pay(merchant)).get("failure_code") for _ in range(3)] == [
        "card_declined",
        "insufficient_funds",
        None,
    ]


async def test_a_repeat_is_answered_as_the_first_was_and_uses_nothing_up(merchant: Client) -> None:
    fault = await plant(merchant, "card_declined", count=2)
    first, again = [await merchant.post("/payments", PAYMENT, key="once") for _ in range(2)]
    assert (again.content, first.status_code) == (first.content, 402)
    assert len(await happened(merchant, fault)) == 1
    planted = [await merchant.post("/sandbox/faults", {"kind": "slow"}, key="planted") for _ in range(2)]
    assert planted[0].content == planted[1].content
    assert len(await merchant.listed("/sandbox/faults")) == 2


async def test_faults_are_their_merchants_own(app: Assembly, merchant: Client) -> None:
    fault, other = await plant(merchant, "card_declined"), await shop.merchant(app)
    assert (await pay(other))["status"] == "succeeded"
    for ask in (other.get, other.delete):
        shop.error(await ask(f"/sandbox/faults/{fault['id']}"), 404, "invalid_request_error", "resource_missing", "id")
    assert (await other.delete("/sandbox/faults")).json()["count"] == 0
    assert await other.listed("/sandbox/faults") == []
    assert (await pay(merchant))["status"] == "failed"


async def test_what_is_deleted_or_over_does_not_happen(
    app: Assembly, merchant: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for kind in ("slow", "garbage", "card_declined"):
        await plant(merchant, kind, count=9)
    assert (await merchant.delete("/sandbox/faults")).json() == {"object": "fault", "deleted": True, "count": 3}
    assert "sandbox_faults" not in await merchant.pay()
    fault = await plant(merchant, "card_declined", expires_in=1)
    assert fault["expires_at"] - fault["created"] == 1
    wall = app.gateway.clock.wall
    monkeypatch.setattr(app.gateway.clock, "wall", lambda: wall() + SECOND)
    assert "sandbox_faults" not in await merchant.pay()


async def test_there_are_a_hundred_faults_at_most_and_what_is_over_makes_room(merchant: Client) -> None:
    answers = [await merchant.post("/sandbox/faults", {"kind": "card_declined"}) for _ in range(101)]
    assert [answer.status_code for answer in answers] == [200] * 100 + [400]
    shop.error(answers[-1], 400, "invalid_request_error", "faults_exhausted")
    await pay(merchant)
    assert (await merchant.post("/sandbox/faults", {"kind": "slow"})).status_code == 200
    assert len(await merchant.listed("/sandbox/faults?limit=100")) == 100
    shop.error(await merchant.get(f"/sandbox/faults/{answers[0].json()['id']}"), 404, *MISSING)


MISSING = ("invalid_request_error", "resource_missing", "id")


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"kind": "earthquake"}, "kind"),
        ({"kind": "slow", "count": 0}, "count"),
        ({"kind": "slow", "count": 101}, "count"),
        ({"kind": "slow", "probability": 0}, "probability"),
        ({"kind": "slow", "probability": 101}, "probability"),
        ({"kind": "slow", "seed": -1}, "seed"),
        ({"kind": "slow", "seed": 2**53}, "seed"),
        ({"kind": "slow", "seconds": 26}, "seconds"),
        ({"kind": "timeout_after", "seconds": 31}, "seconds"),
        ({"kind": "duplicate", "seconds": 1}, "seconds"),
        ({"kind": "webhook_slow", "seconds": 11}, "seconds"),
        ({"kind": "webhook_lost", "operation": "charge"}, "operation"),
        ({"kind": "slow", "event_type": "payment.created"}, "event_type"),
        ({"kind": "webhook_lost", "event_type": "payment.exploded"}, "event_type"),
        ({"kind": "slow", "operation": "return"}, "operation"),
        ({"kind": "slow", "expires_in": 0}, "expires_in"),
        ({"kind": "slow", "expires_in": 2_592_001}, "expires_in"),
    ],
)
async def test_what_cannot_be_planted_is_refused_by_name(demo: Client, body: dict[str, Any], param: str) -> None:
    answer = await demo.post("/sandbox/faults", body)
    shop.error(answer, 400, "invalid_request_error", "parameter_invalid", param)


async def test_nothing_is_planted_in_live_mode(app: Assembly, monkeypatch: pytest.MonkeyPatch) -> None:
    live = await shop.merchant(app, mode=Mode.LIVE)
    monkeypatch.setattr(app.gateway, "require_live", lambda bank: None)
    shop.error(await live.post("/sandbox/faults", {"kind": "slow"}), 403, "permission_error", "test_mode_only")
    assert await live.listed("/sandbox/faults") == []


async def test_a_payout_meets_its_fault(merchant: Client) -> None:
    fault = await plant(merchant, "processing_error", operation="payout")
    await merchant.pay(amount=50_000, card={**shop.CARD, "number": "4000000000000077"})
    account = {"country": "US", "currency": "usd", "routing_number": "110000000", "account_number": "000123456789"}
    made = await merchant.post("/bank_accounts", {**account, "account_holder_name": "Bookshop"})
    assert made.status_code == 200, made.text
    payout = (await merchant.post("/payouts", {"currency": "usd", "amount": 2000})).json()
    assert payout["status"] == "pending", payout
    # It is sent a minute later, unless somebody sees to it.
    tenant = await merchant.parts.directory.tenant(await tenant_of(merchant))
    await payouts.send(merchant.parts.gateway, system(tenant, "test"), payout["id"])
    shown = (await merchant.get(f"/payouts/{payout['id']}")).json()
    assert shown["status"] == "failed"
    assert [once["payout"] for once in await happened(merchant, fault)] == [payout["id"]]


async def tenant_of(client: Client) -> str:
    assert client.key is not None
    principal, _ = await client.parts.directory.identify(client.key, on_this_machine=True)
    return principal.tenant


# Webhooks.


async def endpoint(client: Client, receiver: Receiver, **more: Any) -> dict[str, Any]:
    made = await client.post("/webhook_endpoints", {"url": receiver.url + "/hook", **more})
    assert made.status_code == 200, made.text
    return dict(made.json())


async def tries(client: Client, endpoint: dict[str, Any], count: int) -> dict[str, list[dict[str, Any]]]:
    """What was tried by the type of the event, once so many deliveries are over."""
    async with asyncio.timeout(60):
        while True:
            sent = await client.listed(f"/webhook_endpoints/{endpoint['id']}/deliveries")
            if sum(one["status"] == "succeeded" for one in sent) >= count:
                return {one["type"]: one["tries"] for one in sent}
            await asyncio.sleep(0.05)


async def test_a_lost_webhook_counts_as_sent_and_can_be_sent_again(anyones: Client, receiver: Receiver) -> None:
    made = await endpoint(anyones, receiver)
    fault = await plant(anyones, "webhook_lost", event_type="payment.succeeded")
    await anyones.pay()
    log = await tries(anyones, made, 2)
    assert [got.event["type"] for got in receiver.got] == ["payment.created"]
    (lost,) = log["payment.succeeded"]
    assert (lost["status"], lost["sandbox_fault"]) == (None, "webhook_lost")
    assert ["sandbox_fault" in one for one in log["payment.created"]] == [False]
    (event,) = await anyones.listed("/events?type=payment.succeeded")
    (once,) = await happened(anyones, fault)
    assert (once["event"], once["webhook_endpoint"]) == (event["id"], made["id"])
    await anyones.post(f"/events/{event['id']}/resend")
    await receiver.until(lambda: len(receiver.got) == 2)
    assert receiver.got[1].event["id"] == event["id"]


async def test_a_webhook_comes_twice_under_one_id(anyones: Client, receiver: Receiver) -> None:
    made = await endpoint(anyones, receiver)
    await plant(anyones, "webhook_duplicate")
    await anyones.pay()
    log = await tries(anyones, made, 2)
    names = [got.headers["webhook-id"] for got in receiver.got]
    assert sorted(Counter(names).values()) == [1, 2]
    assert [(one["status"], one.get("sandbox_fault")) for one in log["payment.created"]] == [
        (200, "webhook_duplicate"),
        (200, "webhook_duplicate"),
    ]
    assert len(log["payment.succeeded"]) == 1


@pytest.mark.parametrize("ordering", ["default", "strict"])
async def test_a_webhook_comes_after_the_next_one(anyones: Client, receiver: Receiver, ordering: str) -> None:
    made = await endpoint(anyones, receiver, ordering=ordering)
    await plant(anyones, "webhook_reordered", event_type="payment.created", seconds=10)
    await anyones.pay()
    await tries(anyones, made, 2)
    assert [got.event["type"] for got in receiver.got] == ["payment.succeeded", "payment.created"]


async def test_a_webhook_that_nothing_follows_is_not_held_for_good(anyones: Client, receiver: Receiver) -> None:
    made = await endpoint(anyones, receiver, enabled_events=["customer.created"])
    await plant(anyones, "webhook_reordered", seconds=0)
    await anyones.post("/customers", {"name": "Ann"})
    log = await tries(anyones, made, 1)
    assert [(one["status"], one["sandbox_fault"]) for one in log["customer.created"]] == [(200, "webhook_reordered")]
    assert len(receiver.got) == 1


async def test_a_slow_webhook_arrives(anyones: Client, receiver: Receiver) -> None:
    made = await endpoint(anyones, receiver, enabled_events=["payment.succeeded"])
    await plant(anyones, "webhook_slow", seconds=0)
    await anyones.pay()
    log = await tries(anyones, made, 1)
    assert [one["sandbox_fault"] for one in log["payment.succeeded"]] == ["webhook_slow"]


async def test_webhooks_are_lost_exactly_as_often_as_they_were_to(anyones: Client, receiver: Receiver) -> None:
    made = await endpoint(anyones, receiver, enabled_events=["payment.succeeded"])
    await plant(anyones, "webhook_lost", count=5)
    paid = await asyncio.gather(*[anyones.pay() for _ in range(12)])
    async with asyncio.timeout(60):
        while True:
            sent = await anyones.listed(f"/webhook_endpoints/{made['id']}/deliveries?limit=100")
            if [one["status"] for one in sent] == ["succeeded"] * len(paid):
                break
            await asyncio.sleep(0.05)
    assert len(receiver.got) == len(paid) - 5
    assert sum("sandbox_fault" in one["tries"][0] for one in sent) == 5
