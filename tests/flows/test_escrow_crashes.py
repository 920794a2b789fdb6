"""A process that dies at any step with an escrow order's money: whoever goes on comes to the same end."""

from collections.abc import Awaitable, Callable

import msgspec
import pytest
from msgspec import structs

from tests.flows.market import Market
from tests.mortal import Died, Mortal
from tests.sizes import at_size
from tillgate.core import accounts, collecting_accounts, escrow_orders
from tillgate.core.arrivals import Debtor
from tillgate.core.clocks import Wanted as Moved
from tillgate.core.escrows import EscrowStatus, Move, Side
from tillgate.core.instants import DAY, MINUTE
from tillgate.core.money import Money
from tillgate.core.parties import Party, PartyKind
from tillgate.core.payments import Payment
from tillgate.core.payouts import PayoutState
from tillgate.core.reasons import Reason, Refused
from tillgate.core.transfers import Booked
from tillgate.flows import clocks, transfers
from tillgate.flows.escrow_orders import Wanted
from tillgate.flows.gateway import Answer
from tillgate.flows.idempotency import Key
from tillgate.sandbox.operations import Kind, Result

PRICE = 10_000_00
COSTS = 500_00 + 290_00
"""The escrow fee, and what processing costs."""

MOST_STEPS = 120
EVERY = at_size(5, 1)
"""Of all steps each so many-th, from another one on in each scene."""


class Ended(msgspec.Struct, frozen=True):
    """How an order ended: its status, what went back, what its seller was paid out, and what was told of it."""

    status: EscrowStatus
    back: int
    paid_out: int
    told: tuple[str, ...]


class Scene:
    """An order with which something is about to happen: `acts` may be done again by whoever comes after."""

    def __init__(self, market: Market, seller: Party, number: int) -> None:
        self.market, self.seller, self.number = market, seller, number
        self.payment: Payment | None = None

    def wanted(self) -> Wanted:
        """Something of the seller's."""
        return self.market.wanted(price=Money(PRICE, "NGN"), seller=self.seller.id)

    async def bought(self, *moves: tuple[Move, Side]) -> Payment:
        """It is paid, and then this was done."""
        self.payment = await self.market.buys(self.wanted())
        for move, side in moves:
            await self.market.does(self.payment, move, side)
        return self.payment

    async def works(self) -> None:
        """What is due is done."""
        await self.market.passes()

    async def moves_on(self, by: int) -> None:
        """The merchant's clock is moved."""

        async def render(happened: object) -> Answer:
            return Answer(200, b"")

        await clocks.move(self.market.gateway, self.market.caller, None, Moved(by=by), render)

    async def ends(self) -> Ended:
        """How it stands, when it is over; the books say the same as the bank."""
        assert self.payment is not None
        market, payment = self.market, await self.market.order(self.payment.id)
        escrow = escrow_orders.of(payment)
        assert not payment.in_flight
        assert not escrow.left
        assert await market.balance(accounts.ESCROW) == await market.balance(accounts.party(self.seller.id)) == 0
        assert market.parts.bank is not None
        attempts = [one for one in market.parts.bank.statement() if one.result is Result.APPROVED]
        target = payment.authorization
        back = sum(one.amount for one in attempts if one.kind is Kind.REFUND and one.target == target)
        assert back == sum(escrow.returns) or payment.transfer is not None
        payouts = [one for one in await market.payouts() if one.payment == payment.id and one.state is PayoutState.PAID]
        references = {f"att_{payout.id}" for payout in payouts}
        assert len([one for one in attempts if one.reference in references]) == len(payouts)
        return Ended(
            escrow.status,
            sum(escrow.returns),
            sum(payout.amount.amount for payout in payouts),
            tuple(await market.told(payment)),
        )


Act = Callable[[], Awaitable[object]]
Staged = Callable[[Scene], Awaitable[Act]]

DELIVERED, ACCEPTED = (Move.DELIVER, Side.SELLER), (Move.ACCEPT, Side.BUYER)


async def it_is_paid_by_card(scene: Scene) -> Act:
    wanted, key = scene.wanted(), Key(f"key {scene.number}", "it")

    async def pays() -> None:
        try:
            scene.payment = await scene.market.buys(wanted, key=key)
        except Refused as refused:
            if refused.reason is not Reason.IDEMPOTENCY_KEY_IN_USE:
                raise
            scene.market.clock.advance(3 * MINUTE)
            scene.payment = await scene.market.buys(wanted, key=key)

    return pays


async def it_is_paid_by_transfer(scene: Scene) -> Act:
    market = scene.market
    scene.payment = await transfers.begin(market.gateway, market.caller, (await market.opens(scene.wanted())).id)
    assert scene.payment.transfer is not None
    line = Booked(
        reference=f"line {scene.payment.id}",
        amount=Money(PRICE, "NGN"),
        booked_at=market.now,
        debtor=Debtor("Bisi", "DE89370400440532013000"),
        remittance=scene.payment.transfer.reference,
    )
    return lambda: transfers.take(market.gateway, market.caller, collecting_accounts.SANDBOX_IBAN, line)


async def it_is_accepted(scene: Scene) -> Act:
    payment = await scene.bought(DELIVERED)
    return lambda: scene.market.does(payment, *ACCEPTED)


async def its_seller_has_the_money(scene: Scene) -> Act:
    await scene.bought(DELIVERED, ACCEPTED)
    return scene.works


async def its_buyer_has_it_back(scene: Scene) -> Act:
    await scene.bought((Move.CANCEL, Side.SELLER))
    return scene.works


async def each_has_a_part(scene: Scene) -> Act:
    payment = await scene.bought(DELIVERED, (Move.DISPUTE, Side.BUYER))
    await scene.market.does(payment, Move.AWARD, Side.MANAGER, amount=6_000_00)
    return scene.works


async def its_seller_is_paid_out(scene: Scene) -> Act:
    await scene.bought(DELIVERED, ACCEPTED)
    await scene.works()
    scene.market.clock.advance(3 * DAY)

    async def is_paid_out() -> None:
        await scene.works()
        scene.market.clock.advance(2 * MINUTE)
        await scene.works()

    return is_paid_out


async def the_clock_is_moved_beyond_all_of_it(scene: Scene) -> Act:
    await scene.bought(DELIVERED, (Move.REJECT, Side.BUYER), (Move.REDELIVER, Side.BUYER), DELIVERED)
    return lambda: scene.moves_on(5 * DAY)


_SOLD = Ended(EscrowStatus.COMPLETED, 0, PRICE - COSTS, ("paid", "delivered", "accepted", "completed"))
_PENDING = structs.replace(_SOLD, back=PRICE, paid_out=0, told=("paid", "canceled", "completed"))

ENDS: dict[Staged, Ended] = {
    it_is_paid_by_card: _PENDING,
    it_is_paid_by_transfer: _PENDING,
    it_is_accepted: _SOLD,
    its_seller_has_the_money: _SOLD,
    its_buyer_has_it_back: _PENDING,
    each_has_a_part: Ended(
        EscrowStatus.COMPLETED,
        4_000_00,
        6_000_00 - COSTS,
        ("paid", "delivered", "disputed", "dispute_resolved", "completed"),
    ),
    its_seller_is_paid_out: _SOLD,
    the_clock_is_moved_beyond_all_of_it: structs.replace(
        _SOLD, told=("paid", "delivered", "rejected", "second_delivery", "delivered", "accepted", "completed")
    ),
}


@pytest.mark.parametrize("staged", ENDS, ids=lambda staged: staged.__name__)
async def test_wherever_a_process_dies_the_end_is_the_same(market: Market, staged: Staged) -> None:
    seller = await market.party(PartyKind.SELLER)
    first = list(ENDS).index(staged) % EVERY
    for steps in range(first, MOST_STEPS, EVERY):
        scene = Scene(market, seller, steps)
        act, died = await staged(scene), False
        with pytest.MonkeyPatch.context() as monkeypatch:
            Mortal(market.parts, steps, monkeypatch)
            try:
                await act()
            except Died:
                died = True
        market.clock.advance(3 * MINUTE)
        await act()
        await market.settles()
        for _ in range(4):
            await market.passes(9 * DAY)
        assert await scene.ends() == ENDS[staged], steps
        if not died:
            assert steps > 1, "it takes some steps"
            break
    assert not died
    await market.assert_right()
