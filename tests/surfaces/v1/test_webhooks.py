"""Webhooks as a merchant meets them: an endpoint is made, something happens, and it is told, signed, once."""

import asyncio
from collections import Counter
from typing import Any

import pytest
from standardwebhooks import Webhook

from tests.receivers import Receiver
from tests.surfaces.v1 import shop
from tests.surfaces.v1.books import US
from tests.surfaces.v1.shop import Client
from tillgate.core.events import EventType

pytestmark = pytest.mark.anyio


async def test_what_happens_to_a_payment_arrives_in_order(anyones: Client, receiver: Receiver) -> None:
    made = await anyones.post("/webhook_endpoints", {"url": receiver.url + "/hook"})
    assert made.status_code == 200, made.text
    payment = await anyones.pay()
    await receiver.until(lambda: len(receiver.got) >= 2)
    assert [got.event["type"] for got in receiver.got] == ["payment.created", "payment.succeeded"]
    assert receiver.got[1].event["data"] == {"object": payment}


async def test_what_happens_to_disputes_and_payouts_arrives_in_order(anyones: Client, receiver: Receiver) -> None:
    wanted = [type.value for type in EventType if type.value.startswith(("dispute.", "payout."))]
    made = await anyones.post("/webhook_endpoints", {"url": receiver.url + "/hook", "enabled_events": wanted})
    assert made.status_code == 200, made.text
    payment = await anyones.pay(amount=50_000, card={**shop.CARD, "number": "4000000000000077"})
    asked = {"payment": payment["id"], "amount": 700}
    dispute = (await anyones.post("/sandbox/disputes", asked)).json()["id"]
    evidence = {"evidence": {"uncategorized_text": "winning_evidence"}}
    assert (await anyones.post(f"/disputes/{dispute}", evidence)).status_code == 200
    await anyones.post("/bank_accounts", US)
    payout = (await anyones.post("/payouts", {"currency": "usd", "amount": 400})).json()["id"]
    assert (await anyones.post(f"/sandbox/payouts/{payout}/send")).json()["status"] == "paid"
    last = {"dispute.closed", "payout.paid"}
    await receiver.until(lambda: last <= {got.event["type"] for got in receiver.got})
    events: list[Any] = [got.event for got in receiver.got]
    told = [(event["data"]["object"]["id"], event["type"], event["sequence"]) for event in events]
    of_dispute = [(type, number) for about, type, number in told if about == dispute]
    assert [number for _, number in of_dispute] == sorted({number for _, number in of_dispute})
    types = [type.removeprefix("dispute.") for type, _ in of_dispute]
    assert (types[:2], types[-2:]) == (["created", "funds_withdrawn"], ["funds_reinstated", "closed"])
    assert set(types[2:-2]) == {"updated"}
    assert [(type, number) for about, type, number in told if about == payout] == [
        ("payout.created", 1),
        ("payout.paid", 2),
    ]


async def endpoint(client: Client, **changes: Any) -> dict[str, Any]:
    answer = await client.post("/webhook_endpoints", {"url": "https://shop.example/hook", **changes})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_a_secret_is_shown_when_it_is_made_and_never_again(merchant: Client) -> None:
    made = await endpoint(merchant)
    path = f"/webhook_endpoints/{made['id']}"
    rotated = (await merchant.post(f"{path}/rotate_secret")).json()
    assert made["secret"].startswith("whsec_")
    assert rotated["secret"].startswith("whsec_")
    assert made["secret"] != rotated["secret"]
    shown = [(await merchant.get(path)).text, (await merchant.get("/webhook_endpoints")).text]
    shown.append((await merchant.post(path, {"description": "Books"})).text)
    assert all("whsec_" not in text and '"secret"' not in text for text in shown)


async def test_a_repeat_is_answered_with_the_same_secret_and_makes_no_second_endpoint(merchant: Client) -> None:
    body = {"url": "https://shop.example/hook"}
    first, again = [await merchant.post("/webhook_endpoints", body, key="once") for _ in range(2)]
    assert (again.content, again.headers["idempotent-replayed"]) == (first.content, "true")
    assert len(await merchant.listed("/webhook_endpoints")) == 1
    path = f"/webhook_endpoints/{first.json()['id']}/rotate_secret"
    rotated = [(await merchant.post(path, key="rotate")).json()["secret"] for _ in range(2)]
    assert rotated[0] == rotated[1]


async def test_an_endpoint_is_changed_by_what_is_named_and_deleted(anyones: Client) -> None:
    made = await endpoint(anyones, description="Books", metadata={"a": "1"}, enabled_events=["payment.failed"])
    path = f"/webhook_endpoints/{made['id']}"
    changed = (await anyones.post(path, {"metadata": {"b": "2"}, "ordering": "strict", "status": "disabled"})).json()
    del made["secret"]
    off = {"ordering": "strict", "status": "disabled", "disabled_reason": "requested"}
    assert changed == {**made, **off, "metadata": {"a": "1", "b": "2"}}
    shop.error(await anyones.post(f"{path}/test"), 400, "invalid_request_error", "webhook_endpoint_disabled")
    assert (await anyones.post(path, {"status": "enabled", "description": None})).json()["disabled_reason"] is None
    gone = await anyones.delete(path)
    assert gone.json() == {"id": made["id"], "object": "webhook_endpoint", "deleted": True}
    for answer in (await anyones.get(path), await anyones.delete(path), await anyones.get(f"{path}/deliveries")):
        shop.error(answer, 404, "invalid_request_error", "resource_missing", "id")


@pytest.mark.parametrize(
    ("changes", "code", "param", "said"),
    [
        ({"enabled_events": ["payment.succeded"]}, "event_unknown", "enabled_events", "payment.succeeded?"),
        ({"enabled_events": ["webhook_endpoint.test"]}, "event_unknown", "enabled_events", "names of events"),
        ({"enabled_events": []}, "parameter_invalid", "enabled_events", "takes"),
        ({"url": "ftp://shop.example"}, "parameter_invalid", "url", "url"),
        ({"url": "http://169.254.169.254/"}, "parameter_invalid", "url", "url"),
        ({"url": "http://10.0.0.1/"}, "parameter_invalid", "url", "url"),
        ({"secret": "whsec_mine"}, "parameter_unknown", "secret", "Unknown"),
    ],
)
async def test_what_cannot_be_is_refused_by_name(
    demo: Client, changes: dict[str, Any], code: str, param: str, said: str
) -> None:
    answer = await demo.post("/webhook_endpoints", {"url": "https://shop.example/hook", **changes})
    assert said in shop.error(answer, 400, "invalid_request_error", code, param)["message"]


async def test_there_are_sixteen_endpoints_at_most(merchant: Client) -> None:
    given = {"url": "https://shop.example/hook"}
    answers = await asyncio.gather(*[merchant.post("/webhook_endpoints", given) for _ in range(20)])
    assert Counter(answer.status_code for answer in answers) == {200: 16, 400: 4}
    answer = await merchant.post("/webhook_endpoints", given)
    shop.error(answer, 400, "invalid_request_error", "webhook_endpoints_exhausted")
    deleted = [answer.json()["id"] for answer in answers if answer.status_code == 200][::8]
    for id in deleted:
        assert (await merchant.ask("DELETE", f"/v1/webhook_endpoints/{id}")).status_code == 200
    answers = await asyncio.gather(*[merchant.post("/webhook_endpoints", given) for _ in range(5)])
    assert Counter(answer.status_code for answer in answers) == {200: 2, 400: 3}
    assert len(await merchant.listed("/webhook_endpoints?limit=100")) == 16


async def test_what_was_tried_can_be_seen_and_sent_again(anyones: Client, receiver: Receiver) -> None:
    made = await endpoint(anyones, url=receiver.url + "/one", enabled_events=["payment.succeeded"])
    other = await endpoint(anyones, url=receiver.url + "/other", enabled_events=["refund.created"])
    await anyones.pay()
    await receiver.until(lambda: len(receiver.at("/one")) == 1)
    (event,) = await anyones.listed("/events?type=payment.succeeded")
    sent = await until_finished(anyones, made["id"])
    assert (sent["event"], sent["status"], sent["next_try_at"]) == (event["id"], "succeeded", None)
    assert [(each["status"], each["error"]) for each in sent["tries"]] == [(200, None)]

    again = await anyones.post(f"/events/{event['id']}/resend", {"webhook_endpoint": other["id"]}, key="once")
    assert again.json() == event
    await receiver.until(lambda: len(receiver.at("/other")) == 1)
    repeat = await anyones.post(f"/events/{event['id']}/resend", {"webhook_endpoint": other["id"]}, key="once")
    assert repeat.headers["idempotent-replayed"] == "true"
    assert (await anyones.post(f"/events/{event['id']}/resend")).status_code == 200
    await receiver.until(lambda: len(receiver.at("/one")) == 2)
    assert len(receiver.at("/other")) == 1
    assert len({(got.headers["webhook-id"], got.body) for got in receiver.got}) == 1


async def until_finished(client: Client, endpoint_id: str) -> dict[str, Any]:
    """The only delivery to an endpoint, once it is over."""
    while True:
        (sent,) = await client.listed(f"/webhook_endpoints/{endpoint_id}/deliveries")
        if sent["status"] != "pending":
            return sent
        await asyncio.sleep(0.02)


async def test_a_test_goes_to_one_endpoint_alone_whatever_it_wants(merchant: Client, receiver: Receiver) -> None:
    tested = await endpoint(merchant, url=receiver.url + "/tested", enabled_events=["payment.failed"])
    await endpoint(merchant, url=receiver.url + "/other")
    assert (await merchant.post(f"/webhook_endpoints/{tested['id']}/test")).status_code == 200
    await merchant.pay()
    await receiver.until(lambda: len(receiver.at("/other")) == 2 and len(receiver.at("/tested")) == 1)
    (got,) = receiver.at("/tested")
    assert (got.event["type"], got.event["sequence"]) == ("webhook_endpoint.test", 1)
    secret = tested.pop("secret")
    assert got.event["data"] == {"object": tested}
    assert Webhook(secret).verify(got.body, got.headers) == got.event


async def test_events_are_listed_by_type_object_and_time(anyones: Client) -> None:
    first, second = await anyones.pay(), await anyones.pay()
    refund = (await anyones.post(f"/payments/{first['id']}/refund", {"amount": 100})).json()
    everything = await anyones.listed("/events?limit=100")
    assert [event["type"] for event in everything] == [
        *("refund.created", "payment.succeeded", "payment.created", "payment.succeeded", "payment.created")
    ]
    assert await anyones.listed(f"/events?object={first['id']}") == everything[3:]
    assert await anyones.listed(f"/events?object={refund['id']}") == everything[:1]
    assert await anyones.listed(f"/events?type=payment.created&object={second['id']}") == everything[2:3]
    assert (await anyones.get(f"/events/{everything[0]['id']}")).json() == everything[0]
    now = everything[0]["created"]
    for span, found in (
        (f"created[gte]={now - 60}", everything),
        (f"created[gt]={now}", []),
        (f"created[lte]={now}&created[gt]={now - 60}", everything),
        (f"created[lt]={now - 60}", []),
        ("created[gte]=99999999999", []),
    ):
        assert await anyones.listed(f"/events?limit=100&{span}") == found, span
    one = (await anyones.get(f"/events?limit=2&starting_after={everything[0]['id']}")).json()
    assert (one["data"], one["has_more"]) == (everything[1:3], True)
    before = (await anyones.get(f"/events?limit=2&ending_before={everything[3]['id']}")).json()
    assert (before["data"], before["has_more"]) == (everything[1:3], True)
