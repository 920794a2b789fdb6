"""Webhooks of tickets that expire, and who is told of them."""

from typing import Any

import msgspec
import pytest
from athm.webhooks import parse_webhook

from tests.surfaces.athmovil.business import Business
from tillgate.clock import ManualClock
from tillgate.core.events import Event, EventType
from tillgate.core.instants import MINUTE
from tillgate.store import events as kept
from tillgate.store.events import Asked
from tillgate.surfaces.athmovil import events

pytestmark = pytest.mark.anyio


async def _ending(seller: Business) -> Event:
    """How the newest ticket ended."""
    asked = Asked(1, type=EventType.PAYMENT_CANCELED)
    (event,) = await kept.page(seller.parts.gateway.store, seller.tenant.id, asked)
    return event


def _told(event: Event, seller: Business, version: str) -> dict[str, Any] | None:
    body = events.RENDERERS[f"athmovil:{version}"](event, seller.tenant)
    return None if body is None else dict(msgspec.json.decode(body))


@pytest.mark.parametrize("after", ["open", "confirm"])
async def test_an_expired_ticket_is_told_in_the_older_form(punctual: tuple[Business, ManualClock], after: str) -> None:
    seller, clock = punctual
    ticket = await seller.open(timeout="120")
    if after == "confirm":
        await seller.confirm(ticket)
    clock.advance(2 * MINUTE)
    await seller.let_time_work()
    event = await _ending(seller)
    said = _told(event, seller, events.ENDINGS)
    assert said is not None
    assert (said["transactionType"], said["status"], said["ecommerceId"]) == ("ecommerce", "expired", ticket.id)
    assert (said["total"], said["subtotal"], said["tax"]) == ("2.33", "1.33", "1.00")
    assert parse_webhook(dict(said)).status.value == "expired"
    assert _told(event, seller, events.EXPIRED_ONLY) == said
    assert _told(event, seller, events.CANCELED_ONLY) is None


async def test_a_ticket_that_never_had_a_phone_is_told_in_forms_that_can_be_read(
    punctual: tuple[Business, ManualClock],
) -> None:
    seller, clock = punctual
    for status in ("cancelled", "expired"):
        ticket = await seller.open(phoneNumber="", timeout="120")
        if status == "cancelled":
            await seller.cancel(ticket)
        clock.advance(2 * MINUTE)
        await seller.let_time_work()
        said = _told(await _ending(seller), seller, events.ENDINGS)
        assert said is not None
        assert (parse_webhook(dict(said)).status.value, said["ecommerceId"]) == (status, ticket.id)
        assert said["date"]


async def test_who_asked_for_expired_ones_alone_is_not_told_of_canceled_ones(
    punctual: tuple[Business, ManualClock],
) -> None:
    seller, _ = punctual
    ticket = await seller.open()
    await seller.cancel(ticket)
    event = await _ending(seller)
    told = [_told(event, seller, version) for version in (events.ENDINGS, events.CANCELED_ONLY, events.EXPIRED_ONLY)]
    assert told[0] == told[1]
    assert told[0] is not None
    assert (told[0]["status"], told[2]) == ("CANCEL", None)
