"""Tickets over several processes: they are paid once, end once, and are counted without gaps, whoever asks which."""

import asyncio
from typing import Any

import httpx2
import pytest

from tests.servers import Server
from tests.sizes import at_size

pytestmark = pytest.mark.anyio

BASE = "/api/business-transaction/ecommerce"
BUSINESS = {"publicToken": "a66ce73d04f2087615f6320b724defc5b4eedc55"}
ITEM = {"name": "Ice", "description": "Two scoops", "quantity": 1, "price": "10.00"}
ORDER = {**BUSINESS, "total": "10.00", "metadata1": "a", "metadata2": "b", "items": [ITEM]}


async def opened(client: httpx2.AsyncClient, phone: str) -> tuple[str, dict[str, str]]:
    """A ticket: its number, and the header with which it is paid."""
    answer = (await client.post(f"{BASE}/payment", json={**ORDER, "phoneNumber": phone})).json()
    return answer["data"]["ecommerceId"], {"authorization": f"Bearer {answer['data']['auth_token']}"}


async def found(client: httpx2.AsyncClient, id: str) -> dict[str, Any]:
    """How it stands."""
    answer = await client.post(f"{BASE}/business/findPayment", json={**BUSINESS, "ecommerceId": id})
    return dict(answer.json()["data"])


async def balance(client: httpx2.AsyncClient, phone: str) -> int:
    """What is in a wallet, in cents."""
    return int((await client.get(f"/sandbox/wallet/{phone}")).json()["balance"])


async def test_tickets_are_paid_once_and_end_once_over_several_processes(server: Server) -> None:
    server.start()
    limits = httpx2.Limits(max_connections=32)
    async with httpx2.AsyncClient(base_url=server.url, timeout=60, limits=limits) as client:
        # One ticket, many that ask.
        _, header = await opened(client, "7873000001")
        await client.post("/sandbox/wallet/7873000001/confirm")
        asked = [client.post(f"{BASE}/authorization", headers=header) for _ in range(at_size(30, 1_000))]
        answers = await asyncio.gather(*asked)
        assert {answer.status_code for answer in answers} == {200}, {answer.text for answer in answers}
        assert len({answer.text for answer in answers}) == 1
        assert await balance(client, "7873000001") == 990_00

        # Many tickets, each confirmed, canceled and paid at once.
        phones = [f"787400{number:04}" for number in range(at_size(5, 200))]
        tickets = {phone: await opened(client, phone) for phone in phones}

        async def race(phone: str) -> None:
            number, token = tickets[phone]
            cancel = {**BUSINESS, "ecommerceId": number}
            await asyncio.gather(
                client.post(f"/sandbox/wallet/{phone}/confirm"),
                client.post(f"{BASE}/business/cancel", json=cancel),
                client.post(f"{BASE}/authorization", headers=token),
            )
            # Whatever won: what is not paid by now is given up.
            await client.post(f"{BASE}/business/cancel", json=cancel)

        await asyncio.gather(*map(race, phones))
        numbers = ["0001"]
        for phone in phones:
            end = await found(client, tickets[phone][0])
            assert end["ecommerceStatus"] in ("COMPLETED", "CANCEL")
            paid = end["ecommerceStatus"] == "COMPLETED"
            assert await balance(client, phone) == (990_00 if paid else 1_000_00)
            numbers += [end["dailyTransactionId"]] if paid else []
        assert sorted(numbers) == [f"{number:04}" for number in range(1, len(numbers) + 1)]
    audit = server.tillgate("audit")
    assert audit.returncode == 0, audit.stdout
