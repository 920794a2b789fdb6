"""Escrow orders on a clock that is moved: what the calendar foretells is what happens, each thing when it is due."""

import asyncio
from random import Random
from typing import Any

import pytest
from msgspec import structs

from tests.flows.market import CLOSED, DISPUTES, GTBANK, VISA, Market
from tests.sizes import at_size
from tillgate.core import accounts
from tillgate.core.bank_accounts import parse_ng
from tillgate.core.clocks import Wanted
from tillgate.core.escrow_moves import Coming
from tillgate.core.escrows import MOVES, Escrow, EscrowStatus, Move, Part, RefundPolicy, Side
from tillgate.core.instants import DAY, HOUR, MINUTE, SECOND, Duration, Instant
from tillgate.core.money import Money
from tillgate.core.parties import PartyKind
from tillgate.core.payments import Payment
from tillgate.core.payout_settings import Change, Interval
from tillgate.core.payouts import Payout, PayoutState
from tillgate.core.reasons import Refused
from tillgate.flows import bank_accounts, clocks, parties, payout_settings, payouts
from tillgate.flows import escrow_orders as flows
from tillgate.flows.clocks import Happened
from tillgate.flows.gateway import Answer
from tillgate.sandbox import rules
from tillgate.sandbox.dispute_desk import DisputeDesk
from tillgate.sandbox.operations import Code, Kind, Order
from tillgate.store import events, find

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


async def foretold(market: Market, payment: Payment) -> list[Coming]:
    return await flows.calendar(market.gateway, market.caller, payment.id)


def happened(before: Escrow, after: Escrow) -> list[Coming]:
    """What has happened to an order by itself, in the words of the calendar."""
    steps = after.history[len(before.history) :]
    assert {step.side for step in steps} <= {Side.CLOCK}
    if before.completed_at is not None or after.completed_at is None or after.verdict is None:
        return []
    kept, back = after.verdict.kept, sum(after.returns) - sum(before.returns)
    lines = [Coming(step.at, step.move, step.status, None) for step in steps]
    if steps:
        lines[-1] = structs.replace(lines[-1], kept=kept, back=back)
    return [*lines, Coming(after.completed_at, None, EscrowStatus.COMPLETED, kept, back)]


async def assert_as_foretold(market: Market, payment: Payment) -> None:
    """That what was foretold happens when that was said, and nothing else, however far the clock is moved at once."""
    before, coming = await market.escrow(payment), await foretold(market, payment)
    await moves(market, ENOUGH)
    after = await market.escrow(payment)
    # What the bank took for the buyer, against the merchant, does not go back to them once more.
    lost = sum(share.money.amount for share in after.shares if share.part is Part.CHARGED_BACK)
    assert [structs.replace(one, back=max(one.back - lost, 0)) for one in coming] == happened(before, after)
    assert await foretold(market, payment) == []


@pytest.mark.parametrize("seed", range(at_size(3, 60)))
async def test_from_wherever_people_have_brought_an_order_what_is_foretold_happens(market: Market, seed: int) -> None:
    random = Random(seed)
    seller = await market.party(PartyKind.SELLER)
    wanted = market.wanted(seller=random.choice((None, seller.id)))
    product = structs.replace(wanted.product, refund_policy=random.choice(list(RefundPolicy)))
    payment = await market.buys(structs.replace(wanted, product=product), random.choice((VISA, DISPUTES)))
    for _ in range(random.randrange(7)):
        await moves(market, random.choice((SECOND, HOUR, DAY, 5 * DAY)) * random.randint(1, 3))
        status = (await market.escrow(payment)).status
        move, side = random.choice([one for one in BY_PEOPLE if (status, *one) in MOVES] or BY_PEOPLE)
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


async def paid_out(market: Market) -> list[tuple[Instant, Instant | None, str | None]]:
    """When payouts were made, when they were paid, and to whom, oldest first."""
    return [(one.created, one.paid_at, one.party) for one in reversed(await market.payouts())]


async def test_shares_are_paid_out_on_the_way_each_when_it_is_due(market: Market) -> None:
    """To parties as soon as the charge is available, to the merchant by its schedule, to the closed account daily."""
    seller = await market.party(PartyKind.SELLER)
    provider = await market.party(PartyKind.PROVIDER, CLOSED)
    await has_daily_payouts(market)
    wanted = market.wanted(price=Money(100_000_00, "NGN"), seller=seller.id, provider=provider.id, commission=1_000)
    payment, begun = await market.buys(wanted), market.now
    own = await market.buys(market.wanted(price=Money(20_000_00, "NGN")))
    for one in (payment, own):
        await market.does(one, Move.DELIVER, Side.SELLER)
    coming = await foretold(market, own)
    await moves(market, 6 * DAY)
    accepted = begun + 3 * DAY
    assert [one.at for one in coming] == [accepted, accepted]
    midnight = accepted - accepted % DAY + DAY
    tries = [(accepted + MINUTE) + number * (DAY + MINUTE) for number in range(3)]
    made = [
        (accepted, accepted + MINUTE, seller.id),
        (accepted, None, provider.id),
        (midnight, midnight + MINUTE, None),
        *[(again + DAY, None, provider.id) for again in tries[:2]],
    ]
    assert set(await paid_out(market)) == set(made)
    assert len(await market.payouts()) == len(made)
    await parties.pay_to(market.gateway, market.caller, provider.id, GTBANK)
    await moves(market, 2 * DAY)
    last = (await paid_out(market))[-1]
    assert last == (tries[2] + DAY, tries[2] + DAY + MINUTE, provider.id)
    assert {one.state for one in await market.payouts()} == {PayoutState.PAID, PayoutState.FAILED}
    assert await market.balance(accounts.party(seller.id)) == await market.balance(accounts.party(provider.id)) == 0
    await market.assert_right()


async def has_daily_payouts(market: Market) -> None:
    """The merchant is paid out daily, in naira."""

    async def render(kept: object) -> Answer:
        return Answer(200, b"")

    coordinates = parse_ng("0123456785", "058")
    await bank_accounts.create(market.gateway, market.caller, None, coordinates, "Ada Obi", "NGN", {}, render)
    change = Change(interval=Interval.DAILY)
    await payout_settings.update(market.gateway, market.caller, None, change, render)


@pytest.mark.parametrize("seed", range(at_size(2, 30)))
async def test_two_who_move_the_clock_and_a_buyer_who_answers_meanwhile_come_to_one_truth(
    market: Market, seed: int
) -> None:
    random = Random(seed)
    orders = [await market.buys() for _ in range(3)]
    for payment in orders:
        await market.does(payment, Move.DELIVER, Side.SELLER)
    asked = [
        (payment, *move)
        for payment in orders
        for move in ((Move.REJECT, Side.BUYER), (Move.CONTEST, Side.SELLER), (Move.ACCEPT, Side.BUYER))
    ]
    random.shuffle(asked)

    async def answers(payment: Payment, move: Move, side: Side) -> None:
        for _ in range(random.randrange(60)):
            await asyncio.sleep(0)
        try:
            await market.does(payment, move, side)
        except Refused:
            return

    begun = market.now
    jumps = [moves(market, days * DAY) for days in (2, 3, 60)]
    await asyncio.gather(*jumps, *[answers(*one) for one in asked])
    assert market.now == begun + 65 * DAY
    for payment in orders:
        escrow = await market.escrow(payment)
        assert escrow.status is EscrowStatus.COMPLETED
        at = [step.at for step in escrow.history]
        assert at == sorted(at)
        status = EscrowStatus.PENDING
        for step in escrow.history:
            assert MOVES[status, step.move, step.side].status is step.status
            status = step.status
        told = await market.told(payment)
        assert (told[0], told[-1], len(told)) == ("paid", "completed", len(escrow.history) + 2)
    assert await market.balance(accounts.ESCROW) == 0
    await market.assert_right()


async def test_a_refund_that_the_bank_refuses_is_asked_for_again_on_the_way(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ever more rarely, and each time when that was foretold."""
    payment = await market.buys()
    whole, refusals = rules.refusal, 3

    def refusal(order: Order, kind: Kind, *given: Any) -> Code | None:
        nonlocal refusals
        if kind is not Kind.REFUND or not refusals:
            return whole(order, kind, *given)
        refusals -= 1
        return Code.EXCEEDS_CAPTURED

    monkeypatch.setattr(rules, "refusal", refusal)
    await market.does(payment, Move.CANCEL, Side.SELLER)
    seen: list[Instant] = []
    while coming := await foretold(market, payment):
        seen.append(coming[-1].at)
        await moves(market, max(coming[-1].at - market.now, SECOND))
    escrow = await market.escrow(payment)
    assert (escrow.completed_at, escrow.tries, sum(escrow.returns)) == (seen[-1], 4, 1_000_00)
    await market.assert_right()


async def test_what_a_bank_disputes_is_settled_when_that_is_decided_and_no_day_later(market: Market) -> None:
    payment = await market.buys(number=DISPUTES)
    await moves(market, SECOND)
    await market.does(payment, Move.DELIVER, Side.SELLER)
    await moves(market, HOUR)
    await market.does(payment, Move.ACCEPT, Side.BUYER)
    decided = market.now - HOUR - SECOND + 7 * DAY
    assert [one.at for one in await foretold(market, payment)] == [decided]
    await assert_as_foretold(market, payment)
    assert [share.part for share in (await market.escrow(payment)).shares] == [Part.CHARGED_BACK]


async def test_a_payout_that_fails_while_others_are_looked_after_is_made_anew(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    seller = await market.party(PartyKind.SELLER)
    payment = await market.buys(market.wanted(seller=seller.id))
    await market.does(payment, Move.DELIVER, Side.SELLER)
    await moves(market, 3 * DAY)
    (payout,) = await market.payouts()
    whole = find.every

    async def every(*given: Any) -> Any:
        found = await whole(*given)
        if payout.state is PayoutState.PENDING:
            await payouts.cancel(market.gateway, market.caller, None, payout.id, _nobody)
        return found

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(find, "every", every)
        await parties.pay_out(market.gateway, market.tenant, payment.id)
    await moves(market, 2 * DAY)
    assert [one.state for one in await market.payouts()] == [PayoutState.PAID, PayoutState.CANCELED]
    assert await market.balance(accounts.party(seller.id)) == 0


async def _nobody(payout: Payout) -> Answer:
    return Answer(200, b"")
