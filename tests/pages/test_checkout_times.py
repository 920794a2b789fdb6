"""The payment page and time: what it counts down to, what then ends, and what can still be looked at."""

import pytest

from tests.pages.guest import CARD, opened
from tests.pages.test_receipts import Reader
from tests.pages.test_receipts import opened as session
from tests.surfaces.checkout.store import Store, moment
from tillgate.clock import ManualClock
from tillgate.core.instants import DAY, HOUR, MINUTE

pytestmark = pytest.mark.anyio


async def test_time_counts_down_when_it_is_near_and_is_over_at_last(punctual: tuple[Store, ManualClock]) -> None:
    store, clock = punctual
    now = clock.now(store.tenant.id)
    far, near = [await opened(store, expiresAt=moment(now + time)) for time in (2 * DAY, HOUR)]
    assert "data-until" not in (await far.see()).html
    assert f'data-until="{(now + HOUR) // 1_000}"' in (await near.see()).html
    form = {"tried": "0", **CARD}
    clock.advance(HOUR)
    over = await near.see()
    assert (over.status, over.heading, over.forms) == (200, "The time to pay is over", [])
    assert (await near.send("card", form)).status_code == 303
    assert await store.status(near.id) == "CANCELLED"
    assert (await far.pay()).heading == "Paid"
    clock.advance(30 * DAY)
    # Who paid can look later what became of it.
    assert (await far.see()).heading == "Paid"


async def test_the_phones_time_ends_before_the_checkouts(punctual: tuple[Store, ManualClock]) -> None:
    store, clock = punctual
    guest = await opened(store)
    await guest.press("phone", phone="7875550441")
    clock.advance(11 * MINUTE)
    await store.let_time_work()
    late = await guest.see()
    assert "Nobody confirmed on the phone in time." in late.text
    assert (await guest.pay()).heading == "Paid"


async def test_a_receipt_is_read_for_years(punctual: tuple[Store, ManualClock]) -> None:
    seller, clock = punctual
    id, url = await session(seller)
    await seller.pay(id)
    first = (await Reader(seller, url).print()).content
    clock.advance(3 * 365 * DAY)
    assert (await Reader(seller, url).read()).status_code == 200
    assert (await Reader(seller, url).print()).content == first, "the same receipt is the same bytes"
