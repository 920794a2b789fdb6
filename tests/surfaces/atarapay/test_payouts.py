"""How far the payout to an order's seller is, as the order tells it."""

import pytest

from tests.surfaces.atarapay.market import ORDER, Market, done
from tillgate.clock import ManualClock
from tillgate.core.escrows import Move, Side
from tillgate.core.instants import DAY, MINUTE
from tillgate.core.parties import Destination, Named, Party, PartyKind
from tillgate.flows import parties
from tillgate.flows.gateway import Answer

pytestmark = pytest.mark.anyio


async def party(market: Market, account: str) -> Party:
    made: list[Party] = []

    async def render(party: Party) -> Answer:
        made.append(party)
        return Answer(200, b"")

    destination = Destination(bank_code="058", number=account, holder="Bisi Ade")
    named = Named(first_name="Bisi", email="bisi@example.com", phone="08030000022")
    await parties.create(market.parts.gateway, market.caller, None, PartyKind.SELLER, named, destination, render)
    return made[0]


@pytest.mark.parametrize(("account", "ends"), [("0123456785", "Paid"), ("0111111139", "Failed")])
async def test_an_order_says_how_far_the_payout_to_its_seller_is(
    punctual: tuple[Market, ManualClock], account: str, ends: str
) -> None:
    market, clock = punctual
    order = await market.buys(seller=(await party(market, account)).id)
    await market.moves(order, Move.DELIVER, Side.SELLER)
    await market.moves(order, Move.ACCEPT, Side.BUYER)
    told = []
    for passing in (0, 3 * DAY, 2 * MINUTE):
        clock.advance(passing)
        await market.let_time_work()
        payout = done(await market.ask(ORDER, status="order", order=order))["payout"]
        assert (payout["payout_date"] is None) is (payout["status"] != "Paid")
        told.append(payout["status"])
    assert told == ["Pending", "Pending", ends]


async def test_what_is_the_merchants_own_is_released_to_its_balance(punctual: tuple[Market, ManualClock]) -> None:
    market, _ = punctual
    order = await market.buys()
    await market.moves(order, Move.DELIVER, Side.SELLER)
    await market.moves(order, Move.ACCEPT, Side.BUYER)
    await market.let_time_work()
    assert done(await market.ask(ORDER, status="order", order=order))["payout"]["status"] == "Released"
