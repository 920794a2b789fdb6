"""A project of three milestones, from the shop's forms to the money: told as a seller and a buyer live it."""

from pathlib import Path
from typing import Any

import pytest

from tests.surfaces.atarapay.market import COMMISSION, CREATE, ORDER, PROJECT, PROJECTS, Market, done, error
from tillgate.clock import ManualClock
from tillgate.core.escrows import Move, Part, Side
from tillgate.core.instants import DAY, MINUTE
from tillgate.store import audit

pytestmark = pytest.mark.anyio

PRICE = 1_250_000
FEE = 50_000
PHONE = "08030000001"


class Journey:
    """What is asked and done, and the time that passes."""

    def __init__(self, shop: Market, clock: ManualClock, project: int) -> None:
        self.shop = shop
        self.clock = clock
        self.project = project

    async def buys(self, **changes: Any) -> int:
        """The buyer's next milestone, paid, by its number."""
        return await self.shop.number_of(
            await self.shop.pays(await self.shop.posts(project_id=self.project, **changes))
        )

    async def delivers(self, order: int) -> None:
        """The seller's system says so."""
        done(await self.shop.ask(ORDER, status="delivered", order=order, phone_number=PHONE), "pod_created")

    async def passes(self, duration: int) -> None:
        """Time, and what happens by itself in it."""
        self.clock.advance(duration)
        await self.shop.let_time_work()

    async def order(self, number: int) -> dict[str, Any]:
        """How an order stands."""
        return dict(done(await self.shop.ask(ORDER, status="order", order=number)))

    async def title(self, number: int) -> str:
        """In a word."""
        return str((await self.order(number))["status"]["title"])


async def test_three_milestones(punctual: tuple[Market, ManualClock], database: str | None, home: Path) -> None:
    shop, clock = punctual
    await shop.bank_account()
    journey = Journey(shop, clock, done(await shop.ask(CREATE, **PROJECT))["id"])
    provider = await shop.provider()

    # The first is rejected, delivered once more, and accepted by silence; who has provided is paid.
    first = await journey.buys()
    assert error(await shop.posts(project_id=journey.project)) == "The milestone before this one is not complete."
    done(await shop.ask(COMMISSION, "PUT", commisson="10", sp_id=provider["id"], order_id=first))
    await journey.delivers(first)
    await shop.moves(first, Move.REDELIVER, Side.BUYER, comment="The wrong color")
    assert await journey.title(first) == "Pending II"
    await journey.delivers(first)
    await journey.passes(3 * DAY)
    shown = await journey.order(first)
    assert (shown["status"]["title"], shown["attempts"], shown["seller_attempts"]) == ("Complete", 1, 2)
    assert shown["payout"]["amount"] == PRICE - FEE - PRICE // 10 - 5_000

    # The second comes back, its seller says not as it was, and the manager gives each a half.
    second = await journey.buys()
    await journey.delivers(second)
    await shop.moves(second, Move.REJECT, Side.BUYER)
    await shop.moves(second, Move.CONTEST, Side.SELLER)
    assert await journey.title(second) == "Dispute"
    await journey.passes(14 * DAY)
    assert await journey.title(second) == "Disputed"
    await shop.moves(second, Move.AWARD, Side.MANAGER, amount=PRICE // 2)
    await journey.passes(2 * MINUTE)
    shown = await journey.order(second)
    assert shown["status"]["title"] == "Complete"
    assert shown["refund"]["amount"] == PRICE // 2
    assert shown["payout"]["amount"] == PRICE // 2 - FEE

    # The third is canceled too late, and disputed until nobody has decided.
    third = await journey.buys(cancellation_fee="100000", sla="3")
    await journey.delivers(third)
    late = await shop.ask(ORDER, status="buyer_cancel", order=third)
    assert error(late).startswith("Invalid action. This cancel request by the buyer isn't allowed")
    await shop.moves(third, Move.DISPUTE, Side.BUYER)
    await journey.passes(30 * DAY)
    await journey.passes(2 * MINUTE)
    shown = await journey.order(third)
    assert (shown["status"]["title"], shown["refund"]["amount"]) == ("Complete", PRICE)

    (project,) = done(await shop.ask(PROJECTS))
    assert [each["id"] for each in project["transaction"]] == [first, second, third]
    assert project["status"] == 1
    payment = await shop.payment(first)
    assert payment.escrow is not None
    assert sum(share.money.amount for share in payment.escrow.shares) == PRICE
    assert {share.part for share in payment.escrow.shares} == {
        *(Part.ESCROW_FEE, Part.PROVIDER, Part.PROVIDER_FEE),
        Part.SELLER,
    }
    assert (await audit.audit(database, home)).differences == []
