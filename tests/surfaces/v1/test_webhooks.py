"""Webhooks as a merchant meets them: an endpoint is made, something happens, and it is told, signed, once."""

from collections.abc import AsyncIterator

import pytest

from tests import receivers
from tests.receivers import Receiver
from tests.surfaces.v1.shop import Client

pytestmark = pytest.mark.anyio


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """What takes the merchant's webhooks."""
    async with receivers.receiving() as listening:
        yield listening


async def test_what_happens_to_a_payment_arrives_in_order(anyones: Client, receiver: Receiver) -> None:
    made = await anyones.post("/webhook_endpoints", {"url": receiver.url + "/hook"})
    assert made.status_code == 200, made.text
    payment = await anyones.pay()
    await receiver.until(lambda: len(receiver.got) >= 2)
    assert [got.event["type"] for got in receiver.got] == ["payment.created", "payment.succeeded"]
    assert receiver.got[1].event["data"] == {"object": payment}
