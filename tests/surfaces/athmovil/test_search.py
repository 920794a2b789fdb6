"""Search: what was paid is found by whatever is known of it, all of which has to fit."""

from typing import Any

import pytest

from tests.surfaces.athmovil.business import SEARCH, Business

pytestmark = pytest.mark.anyio


async def found(seller: Business, **sought: Any) -> list[str]:
    """The references of what a search finds."""
    said = (await seller.ask(SEARCH, {**seller.both, **sought})).json()
    return [one["referenceNumber"] for one in (said if isinstance(said, list) else [said])]


async def test_everything_that_is_said_has_to_fit(anyones: Business) -> None:
    one, other = [await anyones.pay(metadata1=f"Order {number}", total=f"{number}.00") for number in (1, 2)]
    shown = (await anyones.ask(SEARCH, {**anyones.both, "referenceNumber": one["referenceNumber"]})).json()
    by = {
        "referenceNumber": one["referenceNumber"],
        "dailyTransactionID": "0001",
        "name": shown["name"],
        "email": shown["email"],
        "phoneNumber": shown["phoneNumber"],
        "total": "1.00",
        "metadata1": "Order 1",
        "metadata2": "Ponce",
    }
    for name, value in by.items():
        assert one["referenceNumber"] in await found(anyones, **{name: value}), name
    assert await found(anyones, **by) == [one["referenceNumber"]]
    wrong = {**by, "total": "2.00", "dailyTransactionID": "0002", "referenceNumber": other["referenceNumber"]}
    wrong |= {"name": "Nobody", "email": "nobody@example.com", "phoneNumber": "7870000000", "metadata2": "x"}
    for name in by:
        assert await found(anyones, **{**by, name: wrong[name] if name != "metadata1" else "Order 2"}) == [], name


async def test_what_is_not_paid_is_not_found(anyones: Business) -> None:
    waiting, confirmed = await anyones.open(), await anyones.open()
    await anyones.confirm(confirmed)
    (first, second) = await anyones.v1.listed("/payments")
    for ticket in (waiting, confirmed):
        assert await found(anyones, phoneNumber=ticket.phone) == []
    assert await found(anyones, metadata2="Ponce") == []
    assert {first["status"], second["status"]} == {"requires_action", "authorized"}
