"""What is written down about payments and refunds can be changed, and is told of; lists are cut by time."""

import asyncio
from typing import Any

import pytest

from tests.store.places import rows
from tests.surfaces.v1 import shop
from tests.surfaces.v1.shop import Client

pytestmark = pytest.mark.anyio


async def told(client: Client, payment: str) -> list[tuple[int, str]]:
    query = f"select sequence, type from events where stream = '{payment}' order by sequence"
    return [(int(sequence), type) for sequence, type in await rows(client.parts.gateway.store, query)]


async def test_a_payments_description_and_metadata_can_be_changed(anyones: Client) -> None:
    paid = await anyones.pay(description="Tea", metadata={"order": "7", "table": "2"})
    path = f"/payments/{paid['id']}"
    after = (await anyones.post(path, {"description": "Coffee", "metadata": {"order": "8", "table": ""}})).json()
    assert after == {**paid, "description": "Coffee", "metadata": {"order": "8"}}
    assert (await anyones.get(path)).json() == after
    assert (await anyones.post(path, {"metadata": {"order": "8"}})).json() == after
    assert (await anyones.post(path, {"description": None, "metadata": ""})).json()["metadata"] == {}
    assert await told(anyones, paid["id"]) == [
        (1, "payment.created"),
        (2, "payment.succeeded"),
        (3, "payment.updated"),
        (4, "payment.updated"),
    ]


async def test_a_refunds_metadata_can_be_changed(anyones: Client) -> None:
    paid = await anyones.pay()
    refund = (await anyones.post("/refunds", {"payment": paid["id"], "metadata": {"case": "7"}})).json()
    after = (await anyones.post(f"/refunds/{refund['id']}", {"metadata": {"desk": "2"}})).json()
    assert after == {**refund, "metadata": {"case": "7", "desk": "2"}}
    assert (await anyones.get(f"/refunds/{refund['id']}")).json() == after
    assert (await told(anyones, paid["id"]))[-1] == (4, "refund.updated")


async def test_changes_and_money_do_not_get_lost_in_each_other(anyones: Client) -> None:
    held = await anyones.pay(capture_method="manual", metadata={})
    path = f"/payments/{held['id']}"
    asked: list[tuple[str, dict[str, Any]]] = []
    for number in range(5):
        asked += [(path, {"metadata": {f"n{number}": "x"}}), (f"{path}/capture", {"amount": 100})]
    answers = await asyncio.gather(*[anyones.post(*each) for each in asked])
    assert {answer.status_code for answer in answers} == {200}
    after = (await anyones.get(path)).json()
    assert (after["amount_captured"], len(after["metadata"])) == (500, 5)
    assert [sequence for sequence, _ in await told(anyones, held["id"])] == list(range(1, 13))


async def test_another_merchants_payment_cannot_be_changed(anyones: Client) -> None:
    paid = await anyones.pay()
    other = await shop.merchant(anyones.parts)
    answer = await other.post(f"/payments/{paid['id']}", {"description": "Mine"})
    shop.error(answer, 404, "invalid_request_error", "resource_missing", "id")


async def test_lists_are_cut_by_the_time_of_creation(anyones: Client) -> None:
    paid = await anyones.pay()
    at = paid["created"]
    for query, there in {
        f"created={at}": True,
        f"created[gte]={at}": True,
        f"created[gt]={at}": False,
        f"created[gt]={at - 1}": True,
        f"created[lte]={at}": True,
        f"created[lt]={at}": False,
        f"created[lt]={at + 1}&created[gte]={at}": True,
        f"created[gte]={at + 1}": False,
        f"created[gte]={at}&created[gt]={at}": False,
        "created[lt]=0": False,
        f"created[gte]={10**11}": False,
    }.items():
        for path in ("/payments", "/payment_methods", "/balance_transactions"):
            found = await anyones.listed(f"{path}?{query}")
            assert bool(found) == there, (path, query)
    for query, param in {
        "created[gte]=x": "created.gte",
        "created[since]=1": "created.since",
        "created=-1": "created",
    }.items():
        answer = await anyones.get(f"/payments?{query}")
        assert (answer.status_code, shop.any_error(answer)["param"]) == (400, param)
