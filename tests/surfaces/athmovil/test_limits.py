"""How many tickets may ring one phone, and that nothing of who pays reaches the log."""

import io
import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.surfaces.athmovil import business
from tests.surfaces.athmovil.business import BASE, Business, code, done
from tests.surfaces.v1 import shop
from tests.surfaces.v1.books import WEDNESDAY
from tillgate import logs
from tillgate.assembly import Assembly
from tillgate.clock import ManualClock
from tillgate.core.instants import MINUTE
from tillgate.core.merchants import RateLimit
from tillgate.surfaces.athmovil.calls import TICKETS_A_MINUTE

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def still(data: Path, anyio_backend: object) -> AsyncIterator[tuple[Assembly, ManualClock]]:
    """Tillgate whose minute does not end by itself."""
    clock = ManualClock(WEDNESDAY)
    async with shop.open_shop(data, clock=clock, keeps_time=False) as parts:
        yield parts, clock


@pytest.fixture
def log() -> Iterator[io.BytesIO]:
    """Everything that Tillgate logs; the client, which is here too, keeps quiet."""
    stream, client = io.BytesIO(), logging.getLogger("httpx2")
    logs.configure("debug", stream)
    client.setLevel(logging.ERROR)
    yield stream
    client.setLevel(logging.NOTSET)
    logs.flush()
    logs.configure("warning")


async def test_a_phone_is_rung_so_often_in_a_minute_whoever_rings_it(still: tuple[Assembly, ManualClock]) -> None:
    parts, clock = still
    sellers = [
        await business.opened(parts, await shop.new_tenant(parts, rate_limit=RateLimit.STANDARD)) for _ in range(2)
    ]
    phone = "7877770001"
    for number in range(TICKETS_A_MINUTE - 1):
        await sellers[number % 2].open(phoneNumber=phone)
    moved = await sellers[0].open(phoneNumber="")
    assert done(await sellers[0].move(moved, phone)) == "Update Phone Number"
    for seller in sellers:
        answer = await seller.ask(f"{BASE}/payment", seller.order(phoneNumber=phone))
        assert (answer.status_code, code(answer)) == (429, "BTRA_9998")
        assert int(answer.headers["retry-after"]) <= 60
        assert answer.headers["x-ratelimit-limit"] == str(TICKETS_A_MINUTE)
    assert (await sellers[0].move(moved, phone)).status_code == 429
    other = await sellers[1].ask(f"{BASE}/payment", sellers[1].order(phoneNumber="7877770002"))
    # What is left is said of the merchant's own requests otherwise, of which there are many more.
    assert (other.status_code, other.headers["x-ratelimit-limit"]) == (200, "100")
    clock.advance(MINUTE)
    await sellers[1].open(phoneNumber=phone)


async def test_who_pays_is_not_told_to_the_log(still: tuple[Assembly, ManualClock], log: io.BytesIO) -> None:
    parts, clock = still
    seller: Business = await business.opened(parts)
    ticket = await seller.open(phoneNumber="7879990123", timeout="120")
    lost = await seller.open(phoneNumber="7879990123", timeout="120")
    await seller.confirm(ticket)
    await seller.find(ticket)
    paid = done(await seller.authorize(ticket))
    assert done(await seller.refund(paid["referenceNumber"], "1.00"))["refund"]["name"] == "Wallet 0123"
    await seller.move(lost, "7879990124")
    await seller.move(lost, "787")
    for path in ("/sandbox/wallet/7879990124/confirm", "/sandbox/wallet/7879990124"):
        await seller.ask(path, method="POST" if path.endswith("confirm") else "GET")
    clock.advance(2 * MINUTE)
    await seller.let_time_work()
    logs.flush()
    written = log.getvalue()
    assert b"/sandbox/wallet/{phone}/confirm" in written
    for told in (b"787999", b"Wallet 01", b"wallet.787", ticket.token.encode()):
        assert told not in written, told
