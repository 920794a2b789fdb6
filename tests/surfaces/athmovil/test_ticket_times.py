"""Tickets and time: when they expire, and the day in which they are counted."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.sizes import at_size
from tests.surfaces.athmovil import books
from tests.surfaces.athmovil.business import Business, Ticket, code, done
from tillgate.clock import ManualClock
from tillgate.core.instants import MINUTE, SECOND

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("after", ["open", "confirm"])
@pytest.mark.parametrize("by", ["look", "timer"])
async def test_past_its_timeout_a_ticket_is_canceled_and_holds_nothing(
    punctual: tuple[Business, ManualClock], after: str, by: str
) -> None:
    seller, clock = punctual
    ticket = await seller.open(timeout="120")
    before = seller.balance(ticket)
    if after == "confirm":
        await seller.confirm(ticket)
    clock.advance(2 * MINUTE - SECOND)
    await seller.let_time_work()
    assert (await seller.find(ticket))["ecommerceStatus"] == {"open": "OPEN", "confirm": "CONFIRM"}[after]
    clock.advance(SECOND)
    if by == "timer":
        await seller.let_time_work()
        (shown,) = await seller.v1.listed("/payments")
        assert shown["status"] == "canceled"
    assert code(await seller.authorize(ticket)) == "BTRA_0039"
    assert (await seller.find(ticket))["ecommerceStatus"] == "CANCEL"
    assert seller.balance(ticket) == before


async def test_a_day_begins_at_midnight_in_puerto_rico(punctual: tuple[Business, ManualClock]) -> None:
    seller, clock = punctual
    first = await seller.pay()
    day = 24 * 60 * MINUTE
    # Four in the morning in UTC, all year.
    clock.advance(-(seller.parts.gateway.clock.wall() - 4 * 60 * MINUTE) % day - SECOND)
    last_of_day = await seller.pay()
    clock.advance(SECOND)
    next_day = await seller.pay()
    assert [one["dailyTransactionId"] for one in (first, last_of_day, next_day)] == ["0001", "0002", "0001"]
    assert (last_of_day["transactionDate"][11:], next_day["transactionDate"][11:]) == ("23:59:59", "00:00:00")


@pytest.mark.parametrize("first", ["confirm", "cancel", "expire"])
async def test_confirm_cancel_and_expiry_at_once_leave_one_end_and_no_hold(
    punctual: tuple[Business, ManualClock], first: str, home: Path, database: str | None
) -> None:
    seller, clock = punctual
    tickets = [await seller.open(timeout="120") for _ in range(at_size(5, 50))]
    balances_before = [seller.balance(ticket) for ticket in tickets]

    async def confirm(ticket: Ticket) -> None:
        await seller.confirm(ticket)
        await seller.authorize(ticket)

    moves: dict[str, Any] = {
        "confirm": confirm,
        "cancel": seller.cancel,
        "expire": lambda ticket: seller.let_time_work(),
    }
    order = [first, *(name for name in moves if name != first)]
    clock.advance(2 * MINUTE - SECOND // 2)
    racing = [asyncio.ensure_future(moves[name](ticket)) for ticket in tickets for name in order]
    clock.advance(SECOND // 2)
    await asyncio.gather(*racing)
    clock.advance(MINUTE)
    await seller.let_time_work()
    ends = [(await seller.find(ticket))["ecommerceStatus"] for ticket in tickets]
    assert set(ends) <= {"COMPLETED", "CANCEL"}
    for ticket, before, end in zip(tickets, balances_before, ends, strict=True):
        assert seller.balance(ticket) == before - (233 if end == "COMPLETED" else 0)
        assert (await seller.find(ticket))["ecommerceStatus"] == end
    (shown, *_) = await seller.v1.listed("/payments")
    assert shown["amount_capturable"] == 0
    assert books.held(seller) == 0
    await books.assert_in_order(seller, home, database)


async def test_the_numbers_of_a_day_are_gapless_across_midnight_however_many_pay_at_once(
    punctual: tuple[Business, ManualClock],
) -> None:
    seller, clock = punctual
    day, count = 24 * 60 * MINUTE, at_size(10, 200)
    clock.advance(-(seller.parts.gateway.clock.wall() - 4 * 60 * MINUTE) % day - SECOND)
    tickets = [await seller.open() for _ in range(2 * count)]
    for ticket in tickets:
        await seller.confirm(ticket)
    before = [asyncio.ensure_future(seller.authorize(ticket)) for ticket in tickets[:count]]
    await asyncio.wait(before, return_when=asyncio.FIRST_COMPLETED)
    clock.advance(SECOND)
    after = [asyncio.ensure_future(seller.authorize(ticket)) for ticket in tickets[count:]]
    paid = [done(answer) for answer in await asyncio.gather(*before, *after)]
    days = {one["transactionDate"][:10] for one in paid}
    assert len(days) == 2
    for date in days:
        numbers = sorted(one["dailyTransactionId"] for one in paid if one["transactionDate"].startswith(date))
        assert numbers == [f"{number:04}" for number in range(1, len(numbers) + 1)]
