"""Mails of escrow orders: their buyers are told once of what concerns them, as it is by then, with a link to act by."""

import pytest

from tests.flows.market import Market
from tillgate.core import escrow_orders as core
from tillgate.core.escrows import Buyer, Escrow, EscrowStatus, Move, Side
from tillgate.core.instants import DAY
from tillgate.core.mails import Content
from tillgate.core.payments import Payment
from tillgate.core.reasons import Reason, Refused
from tillgate.flows import mails, order_links

pytestmark = pytest.mark.anyio


async def written(market: Market) -> list[Content]:
    """What was written to the merchant's buyers, oldest first."""
    while await mails.send_due(market.gateway, market.parts.directory, market.parts.post):
        pass
    return [one.content for one in reversed(await mails.inbox(market.gateway, market.tenant.id))]


def subjects(found: list[Content]) -> list[str]:
    return [content.letter.subject for content in found]


async def follow(market: Market, path: str) -> tuple[str, Payment]:
    place, _, query = path.partition("?")
    id, signature = place.removeprefix("/orders/"), query.removeprefix("signature=")
    caller, payment = await order_links.follow(market.gateway, market.parts.directory, id, signature, "pages", "req")
    return caller.tenant.id, payment


async def test_who_has_paid_is_mailed_a_link_that_opens_their_order(market: Market) -> None:
    payment = await market.buys(market.wanted(buyer=Buyer(email="ada@example.com")))
    (mail,) = await written(market)
    assert mail.to == "ada@example.com"
    assert mail.letter.subject == "Your order from Bookshop: Lamp"
    path = order_links.path(market.gateway, payment)
    assert f"http://127.0.0.1:8000{path}" in mail.letter.text
    assert await follow(market, path) == (market.tenant.id, payment)


async def test_a_link_opens_nothing_once_it_is_changed_or_its_order_over_for_90_days(market: Market) -> None:
    payment, another = await market.buys(), await market.buys()
    path = order_links.path(market.gateway, payment)
    changed = path[:-1] + ("0" if path[-1] != "0" else "1")
    of_another = path.replace(payment.id.removeprefix("pay_"), another.id.removeprefix("pay_"))
    for wrong in (changed, of_another, path[:-1], path.replace("/eo_", "/pay_"), f"{path}0"):
        with pytest.raises(Refused) as refused:
            await follow(market, wrong)
        assert refused.value.reason is Reason.LINK_INVALID
    await market.does(payment, Move.ACCEPT, Side.BUYER)
    await market.settles()
    market.clock.advance(80 * DAY)
    assert core.of((await follow(market, path))[1]).status is EscrowStatus.COMPLETED
    market.clock.advance(10 * DAY)
    with pytest.raises(Refused):
        await follow(market, path)


async def test_each_news_is_told_once_and_says_what_comes_by_itself(market: Market) -> None:
    payment = await market.buys()
    await written(market)
    await market.does(payment, Move.DELIVER, Side.SELLER)
    delivered = (await written(market))[-1]
    assert delivered.letter.subject == "Has it arrived? Please answer: Lamp"
    assert "If you do not answer by" in delivered.letter.text
    await market.does(payment, Move.REJECT, Side.BUYER)
    await market.does(payment, Move.CONTEST, Side.SELLER)
    contested = (await written(market))[-1]
    assert "the dispute manager takes it over" in contested.letter.text
    assert "If the dispute manager has not decided by" in contested.letter.text
    await market.does(payment, Move.AWARD, Side.MANAGER, amount=400_00)
    decided = (await written(market))[-1]
    assert "₦600.00 is on its way back to you" in decided.letter.text
    await market.settles()
    over = (await written(market))[-1]
    assert "₦600.00 went back to you" in over.letter.text
    assert "₦400.00 to the seller" in over.letter.text
    assert len(subjects(await written(market))) == 5


async def test_a_mail_that_would_not_be_true_any_more_is_not_written(market: Market) -> None:
    payment = await market.buys()
    await market.does(payment, Move.DELIVER, Side.SELLER)
    await market.does(payment, Move.ACCEPT, Side.BUYER)
    await market.settles()
    assert subjects(await written(market)) == ["Your order from Bookshop: Lamp", "Your order is complete: Lamp"]
    first = (await written(market))[0].letter.text
    assert "The money was paid out to the seller." in first
    assert "by itself" not in first


async def test_nobody_is_told_of_a_dispute_that_they_began_themselves(market: Market) -> None:
    payment = await market.buys()
    await market.does(payment, Move.DELIVER, Side.SELLER)
    await market.does(payment, Move.DISPUTE, Side.BUYER)
    assert len(await written(market)) == 1
    escrow: Escrow = await market.escrow(payment)
    assert escrow.status is EscrowStatus.DISPUTED
    await market.passes(30 * DAY)
    assert subjects(await written(market))[1:] == ["The dispute is over: Lamp", "Your order is complete: Lamp"]
