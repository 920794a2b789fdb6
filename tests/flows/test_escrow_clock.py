"""Escrow orders on a clock that is moved: what the calendar foretells is what happens, each thing when it is due."""

import asyncio
from collections.abc import Iterator
from random import Random

import pytest
from msgspec import structs

from tests.flows.market import CLOSED, DISPUTES, GTBANK, VISA, Market
from tests.sizes import at_size
from tillgate.core import accounts, escrow_orders
from tillgate.core.clocks import Wanted
from tillgate.core.escrow_moves import Coming
from tillgate.core.escrows import MOVES, Escrow, EscrowStatus, Kept, Move, Part, Side, Step
from tillgate.core.instants import DAY, HOUR, MINUTE, SECOND, Duration, Instant
from tillgate.core.parties import PartyKind
from tillgate.core.payments import Payment
from tillgate.core.payouts import PayoutState
from tillgate.core.reasons import Refused
from tillgate.flows import clocks, parties
from tillgate.flows import escrow_orders as flows
from tillgate.flows.clocks import Happened
from tillgate.flows.gateway import Answer
from tillgate.sandbox.dispute_desk import DisputeDesk
from tillgate.store import events

ENOUGH: Duration = 200 * DAY
"""More than every deadline there is, one after the other."""

BY_PEOPLE = sorted({(move, side) for _, move, side in MOVES if side is not Side.CLOCK})


@pytest.fixture(autouse=True)
def the_bank_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing happens at the bank but when it is told what time it is."""
    monkeypatch.setattr(DisputeDesk, "advance", lambda desk: [])


async def moves(market: Market, by: Duration) -> None:
    """The merchant's clock is moved."""

    async def render(happened: Happened) -> Answer:
        return Answer(200, b"")

    await clocks.move(market.gateway, market.caller, None, Wanted(by=by), render)


def now(market: Market) -> Instant:
    """What the merchant's clock says."""
    return market.gateway.clock.now(market.tenant.id)


async def foretold(market: Market, payment: Payment) -> list[Coming]:
    return await flows.calendar(market.gateway, market.caller, payment.id)


def happened(before: Escrow, after: Escrow) -> list[Coming]:
    """What has happened to an order by itself, in the words of the calendar."""
    steps = after.history[len(before.history) :]
    assert {step.side for step in steps} <= {Side.CLOCK}
    seen = [(step.at, step.move, step.status) for step in steps]
    if after.completed_at is not None and before.completed_at is None:
        seen.append((after.completed_at, None, EscrowStatus.COMPLETED))
    decided = after.verdict.kept if after.verdict and not before.verdict else None
    kept = after.verdict.kept if after.verdict else None
    return [
        Coming(at, move, status, kept if move is None else (decided if number == len(steps) - 1 else None))
        for number, (at, move, status) in enumerate(seen)
    ]


async def assert_as_foretold(market: Market, payment: Payment) -> None:
    """That what was foretold happens when that was said, and nothing else, however far the clock is moved at once."""
    before, coming = await market.escrow(payment), await foretold(market, payment)
    await moves(market, ENOUGH)
    after = await market.escrow(payment)
    # What a shipping or a fee is kept for is nothing where there is none.
    assert [structs.replace(one, kept=_plain(one)) for one in coming] == happened(before, after)
    assert await foretold(market, payment) == []


def _plain(coming: Coming) -> Kept | None:
    return Kept.NOTHING if coming.move and coming.kept in (Kept.SHIPPING, Kept.CANCELLATION_FEE) else coming.kept


@pytest.mark.parametrize("seed", range(at_size(6, 60)))
async def test_from_wherever_people_have_brought_an_order_what_is_foretold_happens(market: Market, seed: int) -> None:
    random = Random(seed)
    seller = await market.party(PartyKind.SELLER)
    payment = await market.buys(market.wanted(seller=random.choice((None, seller.id))), random.choice((VISA, DISPUTES)))
    for _ in range(random.randrange(7)):
        await moves(market, random.choice((SECOND, HOUR, DAY, 5 * DAY)) * random.randint(1, 3))
        move, side = random.choice([one for one in BY_PEOPLE if (await _status(market, payment), *one) in MOVES] or BY_PEOPLE)
        amount = random.randint(0, payment.amount.amount) if move is Move.AWARD else None
        try:
            await market.does(payment, move, side, amount=amount)
        except Refused:
            continue
    await moves(market, SECOND)
    await assert_as_foretold(market, payment)
    assert (await market.escrow(payment)).status is EscrowStatus.COMPLETED
    assert await market.balance(accounts.ESCROW) == await market.balance(accounts.party(seller.id)) == 0
    told = await events.page(market.gateway.store, market.tenant.id, events.Asked(100, object=payment.id))
    assert [event.created for event in sorted(told, key=lambda event: event.sequence)] == sorted(
        event.created for event in told
    )
    await market.assert_right()


async def _status(market: Market, payment: Payment) -> EscrowStatus:
    return (await market.escrow(payment)).status
