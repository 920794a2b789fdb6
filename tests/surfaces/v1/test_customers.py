"""Customers: written down, changed, listed, found again by e-mail address, and told of."""

import asyncio
from typing import Any

import pytest

from tests.store.places import rows
from tests.surfaces.v1 import shop
from tests.surfaces.v1.shop import Client
from tillgate.core.events import EventType

pytestmark = pytest.mark.anyio

ANN: dict[str, Any] = {
    "email": "Ann@Example.com",
    "name": "Ann",
    "phone": "+4915112345678",
    "description": "Regular",
    "metadata": {"shelf": "7", "row": "b"},
}


async def written(client: Client, **changes: Any) -> dict[str, Any]:
    answer = await client.post("/customers", {**ANN, **changes})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def changed(client: Client, customer: str, **changes: Any) -> dict[str, Any]:
    answer = await client.post(f"/customers/{customer}", changes)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def told(client: Client, stream: str) -> list[tuple[int, str]]:
    """What was announced about a customer, by sequence."""
    found = await rows(
        client.parts.gateway.store, f"select sequence, type from events where stream = '{stream}' order by sequence"
    )
    return [(int(sequence), type) for sequence, type in found]


async def test_a_customer_is_what_was_written_down(anyones: Client) -> None:
    made = await written(anyones)
    assert made == {
        "id": made["id"],
        "object": "customer",
        **ANN,
        "address": None,
        "shipping": None,
        "default_payment_method": None,
        "invoice_settings": {"default_payment_method": None},
        "created": made["created"],
        "livemode": False,
    }
    assert made["id"].startswith("cus_")
    assert (await anyones.get(f"/customers/{made['id']}")).json() == made
    nobody = (await anyones.post("/customers")).json()
    assert (nobody["email"], nobody["name"], nobody["metadata"]) == (None, None, {})
    assert await anyones.listed("/customers") == [nobody, made]


async def test_a_change_changes_what_it_names_and_nothing_else(anyones: Client) -> None:
    made = await written(anyones)
    after = await changed(anyones, made["id"], name="Anna")
    assert after == {**made, "name": "Anna"}
    after = await changed(anyones, made["id"], phone="", description=None)
    assert after == {**made, "name": "Anna", "phone": None, "description": None}
    assert (await anyones.get(f"/customers/{made['id']}")).json() == after


@pytest.mark.parametrize(
    ("change", "after"),
    [
        ({"row": "c"}, {"shelf": "7", "row": "c"}),
        ({"size": "m"}, {"shelf": "7", "row": "b", "size": "m"}),
        ({"row": ""}, {"shelf": "7"}),
        ({"row": None, "unknown": None}, {"shelf": "7"}),
        ({}, {"shelf": "7", "row": "b"}),
        ("", {}),
        (None, {}),
    ],
    ids=repr,
)
async def test_metadata_is_changed_name_by_name(merchant: Client, change: Any, after: dict[str, str]) -> None:
    made = await written(merchant)
    assert (await changed(merchant, made["id"], metadata=change))["metadata"] == after


async def test_metadata_does_not_grow_beyond_its_bounds(merchant: Client) -> None:
    made = await written(merchant, metadata={str(number): "x" for number in range(50)})
    answer = await merchant.post(f"/customers/{made['id']}", {"metadata": {"one more": "x"}})
    shop.error(answer, 400, "invalid_request_error", "parameter_invalid", "metadata")
    assert len((await changed(merchant, made["id"], metadata={"0": "", "one more": "x"}))["metadata"]) == 50


NOWHERE: dict[str, Any] = dict.fromkeys(("line1", "line2", "city", "state", "postal_code", "country"))
TO_ANN: dict[str, Any] = {"name": "Ann", "address": {"line1": "1 High Street", "country": "GB"}}
SHOWN_TO_ANN: dict[str, Any] = {
    **TO_ANN,
    "address": {**NOWHERE, **TO_ANN["address"]},
    **dict.fromkeys(("phone", "carrier", "tracking_number")),
}


async def test_a_customer_lives_somewhere_and_has_things_sent_elsewhere(anyones: Client) -> None:
    nobody = await written(anyones)
    assert (nobody["address"], nobody["shipping"]) == (None, None)
    made = await written(anyones, address={"city": "York", "state": ""}, shipping=TO_ANN)
    assert made["address"] == {**NOWHERE, "city": "York"}
    assert made["shipping"] == SHOWN_TO_ANN
    moved = await changed(anyones, made["id"], address={"city": "Hull"})
    assert (moved["address"]["city"], moved["shipping"]) == ("Hull", SHOWN_TO_ANN)
    gone = await changed(anyones, made["id"], address=None, shipping=None)
    assert (gone["address"], gone["shipping"]) == (None, None)


async def test_an_intent_says_where_to_send_what_is_paid_for(anyones: Client) -> None:
    intent = (await anyones.post("/payment_intents", {"amount": 500, "currency": "usd", "shipping": TO_ANN})).json()
    assert intent["shipping"] == SHOWN_TO_ANN
    path = f"/payment_intents/{intent['id']}"
    card = {"payment_method_data": {"type": "card", "card": shop.CARD}}
    paid = (await anyones.post(f"{path}/confirm", {**card, "shipping": {**TO_ANN, "carrier": "Post"}})).json()
    sent = {**SHOWN_TO_ANN, "carrier": "Post"}
    assert (paid["status"], paid["shipping"]) == ("succeeded", sent)
    tracked = (await anyones.post(path, {"shipping": {**TO_ANN, "carrier": "Post", "tracking_number": "RM 7"}})).json()
    assert tracked["shipping"] == {**sent, "tracking_number": "RM 7"}
    assert (await anyones.get(f"/charges/{paid['latest_charge']}")).json()["shipping"] == tracked["shipping"]
    assert (await anyones.post(path, {"shipping": None})).json()["shipping"] is None


async def test_what_becomes_of_a_customer_is_told_in_order(anyones: Client) -> None:
    made = await written(anyones)
    await changed(anyones, made["id"], name="Anna")
    await changed(anyones, made["id"], name="Anna")
    assert await told(anyones, made["id"]) == [(1, EventType.CUSTOMER_CREATED), (2, EventType.CUSTOMER_UPDATED)]


async def test_no_change_is_lost_when_many_come_at_once(anyones: Client) -> None:
    made = await written(anyones, metadata={})
    changes = [{"metadata": {f"name {number}": "x"}} for number in range(12)]
    answers = await asyncio.gather(*[anyones.post(f"/customers/{made['id']}", each) for each in changes])
    assert {answer.status_code for answer in answers} == {200}
    after = (await anyones.get(f"/customers/{made['id']}")).json()
    assert after["metadata"] == {f"name {number}": "x" for number in range(12)}
    assert [sequence for sequence, _ in await told(anyones, made["id"])] == list(range(1, 14))


async def test_a_repeat_under_a_key_gets_the_first_answer_and_does_nothing(anyones: Client) -> None:
    first = await anyones.post("/customers", ANN, key="k")
    again = await anyones.post("/customers", ANN, key="k")
    assert (again.content, again.headers["idempotent-replayed"]) == (first.content, "true")
    assert len(await anyones.listed("/customers")) == 1
    path = f"/customers/{first.json()['id']}"
    first = await anyones.post(path, {"name": "Anna"}, key="l")
    await changed(anyones, first.json()["id"], name="Annette")
    assert (await anyones.post(path, {"name": "Anna"}, key="l")).content == first.content
    assert (await anyones.get(path)).json()["name"] == "Annette"
    answers = await asyncio.gather(*[anyones.post("/customers", ANN, key="m") for _ in range(8)])
    assert len({answer.content for answer in answers}) == 1


async def test_an_inline_address_finds_the_newest_who_bears_it(anyones: Client) -> None:
    async def payer(email: str) -> str:
        return str((await anyones.pay(customer={"email": email}))["customer"]["id"])

    first = await written(anyones)
    assert await payer(" ann@EXAMPLE.com") == first["id"]
    second = await written(anyones)
    assert await payer("ann@example.com") == second["id"]
    await changed(anyones, second["id"], email="second@example.com")
    assert await payer("ann@example.com") == first["id"]
    assert await payer("second@example.com") == second["id"]
    await changed(anyones, first["id"], email="")
    third = await payer("ann@example.com")
    assert third not in (first["id"], second["id"])
    await changed(anyones, third, email="third@example.com")
    fourth = await payer("ann@example.com")
    assert fourth != third


async def test_payments_at_once_introduce_one_customer(anyones: Client) -> None:
    buyer = {"email": "new@example.com", "name": "New"}
    paid = await asyncio.gather(*[anyones.pay(customer=buyer) for _ in range(8)])
    assert len({payment["customer"]["id"] for payment in paid}) == 1
    await changed(anyones, paid[0]["customer"]["id"], email="other@example.com")
    paid = await asyncio.gather(*[anyones.pay(customer=buyer) for _ in range(8)])
    assert len({payment["customer"]["id"] for payment in paid}) == 1


async def test_customers_are_listed_by_address(anyones: Client) -> None:
    one, other = await written(anyones), await written(anyones)
    await written(anyones, email="bob@example.com")
    assert await anyones.listed("/customers?email=ANN@example.com") == [other, one]
    assert await anyones.listed(f"/customers?email=ann@example.com&limit=1&starting_after={other['id']}") == [one]
    assert await anyones.listed("/customers?email=nobody@example.com") == []


async def test_another_merchants_customer_does_not_exist(either: Any) -> None:
    one, other = await shop.merchant(either), await shop.merchant(either)
    made = await written(one)
    for answer in (
        await other.get(f"/customers/{made['id']}"),
        await other.post(f"/customers/{made['id']}", {"name": "Mine"}),
        await other.get(f"/customers/{made['id']}/payment_methods"),
    ):
        shop.error(answer, 404, "invalid_request_error", "resource_missing", "id")
    assert (await one.get(f"/customers/{made['id']}")).json() == made


@pytest.mark.parametrize("email", ["nobody", "a b@example.com", "a@b\r\nBcc: all@example.com", "@"])
async def test_what_is_no_address_is_refused(demo: Client, email: str) -> None:
    made = (await demo.post("/customers")).json()
    for path in ("/customers", f"/customers/{made['id']}"):
        answer = await demo.post(path, {"email": email})
        shop.error(answer, 400, "invalid_request_error", "parameter_invalid", "email")
