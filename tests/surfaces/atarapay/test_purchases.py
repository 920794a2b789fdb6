"""Purchases: a form that is sent twice opens one order, and another one once that is paid or can be paid no more."""

import asyncio

import pytest

from tests.surfaces.atarapay.market import ABSENT, Market, done
from tillgate.clock import ManualClock
from tillgate.core.instants import DAY
from tillgate.flows import escrow_checkouts

pytestmark = pytest.mark.anyio

BACK = "https://shop.example/back?a=1#top"


async def test_a_form_that_is_sent_twice_opens_one_order(punctual: tuple[Market, ManualClock]) -> None:
    seller, _ = punctual
    answers = await asyncio.gather(*(seller.posts(callback_url=BACK) for _ in range(4)))
    assert len({answer.headers["location"] for answer in answers}) == 1
    told = done(await seller.posts(accept="application/json", callback_url=BACK))
    assert told["order"] == 1
    # Whatever else is said is another purchase, of the same product, too.
    for place, changes in enumerate(({"email": "ann@example.com"}, {"amount": "1250001"}, {"callback_url": ABSENT})):
        other = await seller.posts(accept="application/json", **{"callback_url": BACK, **changes})
        assert done(other)["order"] == place + 2
    # What was declined still waits, what is paid does not: who buys it again has another order, once.
    payment = await seller.pays(answers[0], "4000000000000002")
    assert payment.captured == 0
    assert done(await seller.posts(accept="application/json", callback_url=BACK))["order"] == 1
    id = payment.id
    assert payment.checkout is not None
    assert payment.checkout.redirect_url == "https://shop.example/back?a=1&product=1001&order=1#top"
    again = await seller.http.post(
        answers[0].headers["location"].replace("?", "/card?"),
        content=b"tried=1&number=4242424242424242&expiry=12/34&cvc=123&name=",
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    assert again.status_code == 303
    assert (await seller.payment(1)).captured == 1_250_000
    later = await asyncio.gather(*(seller.posts(accept="application/json", callback_url=BACK) for _ in range(4)))
    assert {done(answer)["order"] for answer in later} == {5}
    assert id not in later[0].text


async def test_what_nobody_paid_in_time_is_another_order_later(punctual: tuple[Market, ManualClock]) -> None:
    seller, clock = punctual
    day = {"delivery_date": "2099-01-01", "accept": "application/json"}
    assert done(await seller.posts(**day))["order"] == 1
    clock.advance(6 * DAY)
    assert done(await seller.posts(**day))["order"] == 1
    clock.advance(DAY)
    assert done(await seller.posts(**day))["order"] == 2


async def test_who_dies_before_it_is_known_where_the_buyer_goes_on_to_is_made_up_for(
    punctual: tuple[Market, ManualClock],
) -> None:
    """The order was opened, its buyer was not answered, and sends the form again."""
    seller, _ = punctual
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(escrow_checkouts, "lead_back", dies)
        assert (await seller.posts(callback_url=BACK)).status_code == 500
    payment = await seller.payment(1)
    assert payment.checkout is not None
    assert payment.checkout.redirect_url is None
    assert done(await seller.posts(accept="application/json", callback_url=BACK))["order"] == 1
    payment = await seller.payment(1)
    assert payment.checkout is not None
    assert payment.checkout.redirect_url == "https://shop.example/back?a=1&product=1001&order=1#top"


async def dies(*asked: object) -> None:
    raise SystemError
