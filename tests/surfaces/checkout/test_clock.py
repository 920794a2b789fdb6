"""Checkouts, transfers and requests on the phone end at their own time when their merchant's clock is moved."""

import pytest

from tests.surfaces.athmovil import business
from tests.surfaces.checkout.store import Store
from tests.surfaces.checkout.test_transfers import IBAN
from tests.surfaces.v1.life import advance, told
from tillgate.clock import ManualClock
from tillgate.core.checkouts import LASTS
from tillgate.core.instants import DAY, HOUR, SECOND
from tillgate.core.phone_wallets import MOST_TIMEOUT
from tillgate.sandbox.phone_bank import Heard

pytestmark = pytest.mark.anyio


async def test_what_nobody_paid_is_given_up_when_its_time_is_over(punctual: tuple[Store, ManualClock]) -> None:
    seller, clock = punctual
    begun = clock.wall() // SECOND
    unpaid, partly = await seller.open(), await seller.open(currencyCode="EUR")
    instructions = await seller.ask("GET", f"/api/payment/{partly['id']}/provider/bank/method/transfer")
    assert instructions.status_code == 200, instructions.text
    sent = {"amount": 4_000, "currency": "eur", "payment": partly["id"], "debtor_iban": IBAN, "debtor_name": "Ann"}
    assert (await seller.v1.post("/sandbox/bank/transfers", sent)).json()["amount_held"] == 4_000
    await advance(seller.v1, advance_by=(LASTS - HOUR) // SECOND)
    assert [await seller.status(one["id"]) for one in (unpaid, partly)] == ["OPEN", "UNDERPAID"]
    answer = await advance(seller.v1, advance_by=DAY // SECOND)
    lasts = LASTS // SECOND
    assert {at for at, _ in told(answer, begun)} == {lasts}
    assert [await seller.status(one["id"]) for one in (unpaid, partly)] == ["CANCELLED", "CANCELLED"]
    held = (await seller.v1.get("/balance")).json()
    assert sum(one["amount"] for name in ("available", "pending") for one in held[name]) == 0


async def test_a_request_on_the_phone_ends_at_the_wallets_bank_too(punctual: tuple[Store, ManualClock]) -> None:
    seller, _ = punctual
    shop = await business.opened(seller.parts, seller.tenant)
    ticket = await shop.open()
    assert (await shop.find(ticket))["ecommerceStatus"] == "OPEN"
    await advance(seller.v1, advance_by=MOST_TIMEOUT // SECOND + 60)
    assert (await shop.find(ticket))["ecommerceStatus"] == "CANCEL"
    assert await shop.confirm(ticket) is Heard.NOTHING_PENDING, "nobody is asked any more"
    assert (await shop.find(ticket))["ecommerceStatus"] == "CANCEL"
