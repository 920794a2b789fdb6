"""The payout to an order's seller: how far it is, as the order tells it; who has it can be erased."""

import pytest
import sqlalchemy as sa

from tests.surfaces.atarapay.market import ORDER, Market, done
from tillgate.clock import ManualClock
from tillgate.core.escrows import Move, Side
from tillgate.core.instants import DAY, MINUTE
from tillgate.core.parties import Destination, Named, Party, PartyKind
from tillgate.core.reasons import Reason, Refused
from tillgate.flows import deliveries, parties, party_erasures
from tillgate.flows.gateway import Answer
from tillgate.store import schema

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


async def test_a_seller_is_erased_once_they_have_all_that_is_theirs(punctual: tuple[Market, ManualClock]) -> None:
    market, clock = punctual
    gateway, caller, seller = market.parts.gateway, market.caller, await party(market, "0123456785")
    told = await market.v1.post("/escrow_settings", {"callback_url": "https://shop.example/hook"})
    assert told.status_code == 200, told.text
    order = await market.buys(seller=seller.id)

    async def bodies() -> str:
        while await deliveries.fan_out(gateway, market.parts.directory):
            pass
        return str(list(await gateway.store.engine.fetch(sa.select(schema.bodies), {})))

    async def refused() -> str:
        with pytest.raises(Refused) as why:
            await party_erasures.erase(gateway, caller, seller.id)
        assert why.value.reason is Reason.IN_PROGRESS
        return str(why.value.detail["problem"])

    assert "which is pending" in await refused()
    await market.moves(order, Move.DELIVER, Side.SELLER)
    await market.moves(order, Move.ACCEPT, Side.BUYER)
    await market.let_time_work()
    assert await refused() == "money is owed to it"
    for passing in (3 * DAY, 2 * MINUTE):
        clock.advance(passing)
        await market.let_time_work()
        assert "may come back" in await refused()
    assert (await parties.fetch(gateway, caller, seller.id)).named.email == "bisi@example.com"
    for _ in range(6):
        clock.advance(DAY)
        await market.let_time_work()
    before = done(await market.ask(ORDER, status="order", order=order))
    assert "bisi@example.com" in await bodies()
    erased = await party_erasures.erase(gateway, caller, seller.id)
    assert (erased.named, erased.holder, erased.last4, erased.sealed) == (Named(), "", "", None)
    after = done(await market.ask(ORDER, status="order", order=order))
    assert (before["seller_email"], after["seller_email"], after["seller_phone"]) == ("bisi@example.com", "", "")
    assert after["payout"] == before["payout"]
    assert "bisi@example.com" not in str(after) + await bodies()
