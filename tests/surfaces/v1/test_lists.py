"""Lists: newest first, page by page in both directions, of one customer or payment only."""

import asyncio
from typing import Any

import pytest

from tests.surfaces.v1.shop import Client

pytestmark = pytest.mark.anyio

COUNT = 27


async def filled(client: Client) -> list[str]:
    """The ids of many payments, newest first."""
    paid = await asyncio.gather(*[client.pay(amount=1000 + number) for number in range(COUNT)])
    return sorted([payment["id"] for payment in paid], reverse=True)


async def page(client: Client, path: str, **parameters: object) -> dict[str, Any]:
    query = "&".join(f"{name}={value}" for name, value in parameters.items())
    answer = await client.get(f"{path}?{query}")
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    assert body.keys() == {"object", "url", "has_more", "data"}
    assert (body["object"], body["url"]) == ("list", f"/v1{path}")
    return body


def ids(body: dict[str, Any]) -> list[str]:
    return [shown["id"] for shown in body["data"]]


async def test_a_list_is_walked_forward_and_backward(anyones: Client) -> None:
    everything = await filled(anyones)
    walked: list[str] = []
    body = await page(anyones, "/payments", limit=10)
    while True:
        walked += ids(body)
        if not body["has_more"]:
            break
        body = await page(anyones, "/payments", limit=10, starting_after=walked[-1])
    assert walked == everything
    assert len(ids(body)) == COUNT % 10
    back = [walked[-1]]
    while True:
        body = await page(anyones, "/payments", limit=10, ending_before=back[0])
        back = ids(body) + back
        if not body["has_more"]:
            break
    assert back == everything


async def test_what_comes_in_meanwhile_does_not_shift_pages(anyones: Client) -> None:
    everything = await filled(anyones)
    first = ids(await page(anyones, "/payments", limit=20))
    newest = (await anyones.pay())["id"]
    rest = await page(anyones, "/payments", limit=20, starting_after=first[-1])
    assert first + ids(rest) == everything
    newer = await page(anyones, "/payments", ending_before=first[0])
    assert (ids(newer), newer["has_more"]) == ([newest], False)


async def test_the_edges_of_a_list(anyones: Client) -> None:
    assert await page(anyones, "/payments") == {"object": "list", "url": "/v1/payments", "has_more": False, "data": []}
    everything = await filled(anyones)
    assert ids(await page(anyones, "/payments")) == everything[:10]
    assert ids(await page(anyones, "/payments", limit=1)) == everything[:1]
    whole = await page(anyones, "/payments", limit=100)
    assert (ids(whole), whole["has_more"]) == (everything, False)
    exact = await page(anyones, "/payments", limit=COUNT)
    assert (ids(exact), exact["has_more"]) == (everything, False)
    nearly = await page(anyones, "/payments", limit=COUNT - 1)
    assert (ids(nearly), nearly["has_more"]) == (everything[:-1], True)
    past = await page(anyones, "/payments", starting_after=everything[-1])
    assert (ids(past), past["has_more"]) == ([], False)
    before = await page(anyones, "/payments", ending_before=everything[0])
    assert (ids(before), before["has_more"]) == ([], False)


async def test_a_customers_payments_are_listed_alone(anyones: Client) -> None:
    ann = [await anyones.pay(customer={"email": "ann@example.com"}) for _ in range(3)][::-1]
    bob = await anyones.pay(customer={"email": "bob@example.com"})
    await anyones.pay()
    customer = ann[0]["customer"]["id"]
    assert (await page(anyones, "/payments", customer=customer))["data"] == ann
    assert ids(await page(anyones, "/payments", customer=bob["customer"]["id"])) == [bob["id"]]
    assert ids(await page(anyones, "/payments", customer="cus_nobody")) == []
    first = await page(anyones, "/payments", customer=customer, limit=2)
    assert (ids(first), first["has_more"]) == ([ann[0]["id"], ann[1]["id"]], True)
    rest = await page(anyones, "/payments", customer=customer, limit=2, starting_after=ann[1]["id"])
    assert (ids(rest), rest["has_more"]) == ([ann[2]["id"]], False)


async def test_a_payments_refunds_are_listed_alone(anyones: Client) -> None:
    one, other = await anyones.pay(), await anyones.pay()
    refunds: list[dict[str, Any]] = []
    for payment in (one, other, one, one):
        answer = await anyones.post("/refunds", {"payment": payment["id"], "amount": 100})
        refunds.insert(0, answer.json())
    assert (await page(anyones, "/refunds"))["data"] == refunds
    of_one = [refund for refund in refunds if refund["payment"] == one["id"]]
    assert (await page(anyones, "/refunds", payment=one["id"]))["data"] == of_one
    assert ids(await page(anyones, "/refunds", payment="pay_none")) == []
    middle = await page(anyones, "/refunds", payment=one["id"], limit=1, starting_after=of_one[0]["id"])
    assert (ids(middle), middle["has_more"]) == ([of_one[1]["id"]], True)


async def test_lists_show_what_looking_one_by_one_shows(merchant: Client) -> None:
    await filled(merchant)
    for shown in (await page(merchant, "/payments", limit=5))["data"]:
        assert (await merchant.get(f"/payments/{shown['id']}")).json() == shown
