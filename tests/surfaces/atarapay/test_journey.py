"""From a shop's form to everybody's money, as a shop, its buyer and its manager live it, in this process."""

from pathlib import Path

import pytest

from tests.receivers import Receiver
from tests.surfaces.atarapay import journeys, trade
from tests.surfaces.atarapay.market import Market
from tests.surfaces.atarapay.trade import Trade
from tillgate.core.projects import Totals
from tillgate.flows import projects
from tillgate.store import audit

pytestmark = pytest.mark.anyio


def trading(market: Market) -> Trade:
    """The merchant, over HTTP alone."""
    return Trade(market.http, market.tenant.id, market.pair, market.v1.key or "")


async def test_a_house_in_three_milestones(
    anyones: Market, receiver: Receiver, database: str | None, home: Path
) -> None:
    asked = trading(anyones)
    await journeys.shop(asked, f"{receiver.url}/parts")
    built = await journeys.house(asked)
    await journeys.sums_are_right(asked, built)
    project = await projects.by_number(anyones.parts.gateway, anyones.caller, built.project)
    half = journeys.PRICE // 2
    whole = Totals(held=0, released=journeys.PRICE + half, refunded=2 * journeys.PRICE + half)
    assert await projects.totals(anyones.parts.gateway, project) == {"NGN": whole}
    await journeys.provider_is_paid(asked)
    await told(receiver, "/parts", anyones, built.notified)
    assert (await audit.audit(database, home)).differences == []


async def test_a_street_of_orders_that_end_in_every_way(
    anyones: Market, receiver: Receiver, database: str | None, home: Path
) -> None:
    asked = trading(anyones)
    await journeys.shop(asked, f"{receiver.url}/json", notification_format="json")
    await told(receiver, "/json", anyones, await journeys.street(asked))
    assert {got.headers["content-type"] for got in receiver.got} == {"application/json"}
    assert (await audit.audit(database, home)).differences == []


async def told(receiver: Receiver, path: str, market: Market, expected: journeys.Notified) -> None:
    """Everything that was to be told has come in, of each order in its order, and nothing else."""
    await receiver.until(lambda: len(receiver.at(path)) >= sum(map(len, expected.values())))
    assert trade.notified(receiver, path, market.pair) == expected
