"""Journeys of escrow orders, told over HTTP alone, so that any server can be asked to take part."""

from typing import Any

import msgspec

from tests.surfaces.atarapay.market import CREATE, ORDER, PROJECT, PROJECTS, PROVIDER, SERVICE_PROVIDER, done, error
from tests.surfaces.atarapay.trade import Told, Trade
from tests.surfaces.v1.pictures import photograph
from tests.waiting import eventually
from tillgate.surfaces.atarapay import orders

PRICE = 1_250_000
FEE = 50_000
SHARE = PRICE // 10
PAYOUT_FEE = 5_000

DELIVERED = ("Delivered", "Order is marked completed")
ACCEPTED = ("Accepted", "Buyer Accepts Order")
REJECTED = ("Rejected", "Buyer Rejects Order")
BUYER_CANCELS = ("Rejected", "Transaction is canceled")
BUYER_GIVES_WAY = ("Complete", "Dispute is cancelled, Transaction Completed")
SELLER_CANCELS = ("Canceled", "Transaction is canceled")
SELLER_GIVES_WAY = ("Refunded", "Dispute is cancelled, Buyer Refunded")
SECOND_DELIVERY = ("Pending II", "Second Delivery Attempt")

Notified = dict[int, list[Told]]
"""What a merchant is to be notified of, by the order's number."""


class Built(msgspec.Struct, frozen=True):
    """A project that is complete: its number, its orders as they came, and what was to be told of them."""

    project: int
    orders: tuple[int, ...]
    notified: Notified


async def shop(trade: Trade, callback_url: str, **settings: Any) -> None:
    """A merchant who is paid out somewhere, and notified."""
    account = {"account_number": "000123456789", "routing_number": "110000000", "account_holder_name": "Basira"}
    await trade.api("/v1/bank_accounts", {**account, "country": "US", "currency": "usd"})
    await trade.api("/v1/escrow_settings", {"callback_url": callback_url, **settings})


async def house(trade: Trade) -> Built:
    """A house in three milestones: each is disputed, and each dispute is decided otherwise."""
    project = done(await trade.ask(CREATE, **PROJECT), "project_created")["id"]
    provider = done(await trade.ask(PROVIDER, **SERVICE_PROVIDER))["id"]

    # Who has built the foundations rejected says that they are good: nobody comes to terms, and the manager agrees.
    first = await trade.buys("1", project_id=project, sp_id=provider, sp_commission="10")
    await trade.link(first, "order_paid")
    early = await trade.posts("2", project_id=project)
    assert "The milestone before this one is not complete." in early.text
    await trade.delivers(first)
    await trade.answers(first, "order_delivered", "reject", "A crack in it", photograph())
    await trade.sells(first, "contest", comment="It was there before")
    await trade.link(first, "order_contested")
    await trade.passes(14)
    await trade.becomes(first, "Disputed")
    await trade.plays(first, "award", amount=PRICE)
    shown = await trade.becomes(first, "Complete")
    await trade.link(first, "order_decided")
    assert shown["payout"]["amount"] == shown["amount_net"] == PRICE - FEE - SHARE - PAYOUT_FEE
    assert "refund" not in shown

    # The walls are delivered twice, and still disputed: each has a half of what they cost.
    second = await trade.buys("2", project_id=project)
    await trade.delivers(second)
    await trade.answers(second, "order_delivered", "redeliver")
    assert (await trade.order(second))["status"]["title"] == "Pending II"
    await trade.passes(6)
    await trade.delivers(second)
    await trade.answers(second, "order_delivered", "dispute", "They still lean")
    await trade.plays(second, "award", amount=PRICE // 2)
    shown = await trade.becomes(second, "Complete")
    assert (shown["refund"]["amount"], shown["payout"]["amount"]) == (PRICE // 2, PRICE // 2 - FEE)
    assert (shown["attempts"], shown["seller_attempts"]) == (1, 2)

    # The roof is canceled by its seller. Ordered again, it is late for its buyer to cancel, and right to dispute it.
    sold_out = await trade.buys("3", project_id=project)
    assert await trade.cancels(sold_out) == SELLER_CANCELS[1]
    await trade.link(sold_out, "order_canceled")
    assert (await trade.becomes(sold_out, "Complete"))["refund"]["amount"] == PRICE
    third = await trade.buys("3", project_id=project)
    await trade.delivers(third)
    assert await trade.cancels(third, "buyer_cancel") == orders.TOO_LATE
    await trade.answers(third, "order_delivered", "dispute", "It leaks")
    await trade.plays(third, "award", amount=0)
    shown = await trade.becomes(third, "Complete")
    assert (shown["refund"]["amount"], "payout" in shown) == (PRICE, False)

    said = error(await trade.ask(ORDER, status="delivered", order=third, phone_number="08030000001"))
    assert said == orders.DECIDED
    return Built(
        project,
        (first, second, sold_out, third),
        {
            first: [DELIVERED, REJECTED],
            second: [DELIVERED, SECOND_DELIVERY, DELIVERED],
            sold_out: [SELLER_CANCELS],
            third: [DELIVERED],
        },
    )


async def sums_are_right(trade: Trade, built: Built) -> None:
    """What became of the project's money, in either API: nothing is held, and the parts are the whole."""
    (shown,) = [each for each in done(await trade.ask(PROJECTS), "project_data") if each["id"] == built.project]
    assert shown["status"] == 1
    milestones = shown["transaction"]
    assert [each["id"] for each in milestones] == list(built.orders)
    assert {each["project_id"] for each in milestones} == {built.project}
    assert sum(each["amount_payed"] for each in milestones) == 4 * PRICE
    assert sum(each.get("refund", {"amount": 0})["amount"] for each in milestones) == 2 * PRICE + PRICE // 2
    released = 0
    for number in built.orders:
        order = await trade.api(f"/v1/escrow_orders/{await trade.id(number)}")
        assert order["amount_held"] == 0
        assert order["amount_released"] + order["amount_refunded"] == order["amount"] == PRICE
        assert sum(share["amount"] for share in order["shares"]) == order["amount_released"]
        released += order["amount_released"]
        assert (await trade.api(f"/v1/escrow_orders/{order['id']}/calendar"))["data"] == []
    assert released == PRICE + PRICE // 2


async def provider_is_paid(trade: Trade) -> None:
    """The provider's share gets to their bank account once the charge could be paid out, and to nobody else's."""
    await trade.passes(14)
    paid = (SHARE, "ngn", "paid")

    async def is_paid() -> bool:
        payouts = [each for each in (await trade.api("/v1/payouts"))["data"] if each["destination"].startswith("pty_")]
        return [(each["amount"], each["currency"], each["status"]) for each in payouts] == [paid]

    await eventually(is_paid, "the provider is not paid")


async def street(trade: Trade) -> Notified:
    """Orders that end in every other way that there is a notification of."""
    silent, prompt, given_up, gives_way = [await trade.buys(f"{product}") for product in range(11, 15)]
    for number in (silent, given_up, gives_way):
        await trade.delivers(number)
    calendar = (await trade.api(f"/v1/escrow_orders/{await trade.id(silent)}/calendar"))["data"]
    assert [line["status"] for line in calendar] == ["accepted", "completed"]
    assert await trade.cancels(prompt, "rejected") == BUYER_CANCELS[1]
    await trade.answers(given_up, "order_delivered", "dispute", "It is another one")
    assert await trade.cancels(given_up, "buyer_cancel") == orders.TOO_LATE
    await trade.answers(given_up, "order_delivered", "withdraw")
    await trade.answers(gives_way, "order_delivered", "dispute", "It is broken")
    assert await trade.cancels(gives_way) == SELLER_GIVES_WAY[1]
    await trade.passes(3)
    for number, part in ((silent, "payout"), (prompt, "refund"), (given_up, "payout"), (gives_way, "refund")):
        assert (await trade.becomes(number, "Complete"))[part]["amount"] == PRICE - (FEE if part == "payout" else 0)
    return {
        silent: [DELIVERED, ACCEPTED],
        prompt: [BUYER_CANCELS],
        given_up: [DELIVERED, BUYER_GIVES_WAY],
        gives_way: [DELIVERED, SELLER_GIVES_WAY],
    }
