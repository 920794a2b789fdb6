"""Escrow orders on either database: paid, delivered, disputed, settled and paid out, and never twice."""

import asyncio

import pytest
from msgspec import structs

from tests.flows.market import CLOSED, DECLINED, GTBANK, Market
from tests.sizes import at_size
from tillgate.core import accounts, collecting_accounts, escrow_orders
from tillgate.core.arrivals import Debtor
from tillgate.core.escrow_settings import CommissionMeans
from tillgate.core.escrows import Buyer, Escrow, EscrowStatus, Kept, Move, Part, Patience, Side
from tillgate.core.instants import DAY, HOUR
from tillgate.core.money import Money
from tillgate.core.parties import PartyKind
from tillgate.core.payments import Payment
from tillgate.core.payouts import PayoutState
from tillgate.core.rates import Rate
from tillgate.core.reasons import Reason, Refused
from tillgate.core.transfers import Booked
from tillgate.flows import erasures, escrow_settings, escrow_settlement, numbering, parties, projects, transfers
from tillgate.flows import escrow_orders as flows
from tillgate.flows.gateway import Answer
from tillgate.flows.idempotency import Key
from tillgate.store import events
from tillgate.store.lists import Cursor

ACCEPTED = ((Move.DELIVER, Side.SELLER), (Move.ACCEPT, Side.BUYER))


async def does(market: Market, payment: Payment, *steps: tuple[Move, Side]) -> None:
    for move, side in steps:
        await market.does(payment, move, side)


def shares(escrow: Escrow) -> dict[Part, int]:
    return {share.part: share.money.amount for share in escrow.shares}


async def test_what_is_accepted_is_the_merchants(market: Market) -> None:
    payment = await market.buys()
    assert await market.balance(accounts.ESCROW) == 1_000_00
    await does(market, payment, *ACCEPTED)
    await market.settles()
    escrow = await market.escrow(payment)
    assert (escrow.status, shares(escrow)) == (EscrowStatus.COMPLETED, {Part.ESCROW_FEE: 500_00, Part.SELLER: 500_00})
    assert await market.balance(accounts.ESCROW) == 0
    assert await market.balance(accounts.PAYABLE) == 500_00 - payment.fees
    assert await market.told(payment) == ["paid", "delivered", "accepted", "completed"]
    assert [(step.move, step.side, step.comment) for step in escrow.history] == [
        (move, side, "so it is") for move, side in ACCEPTED
    ]
    await market.assert_right()


async def test_a_market_pays_everybody_their_share(market: Market) -> None:
    seller = await market.party(PartyKind.SELLER, phone="+234 801", is_associated=True)
    provider = await market.party(PartyKind.PROVIDER)
    wanted = market.wanted(
        price=Money(100_000_00, "NGN"),
        seller=seller.id,
        is_marketplace=True,
        operator_commission=700,
        provider=provider.id,
        commission=1_000,
    )
    payment = await market.buys(wanted)
    await does(market, payment, *ACCEPTED)
    await market.settles()
    escrow = await market.escrow(payment)
    assert shares(escrow) == {
        Part.ESCROW_FEE: 1_500_00,
        Part.PROVIDER: 10_000_00,
        Part.PROVIDER_FEE: 50_00,
        Part.PROCESSING: payment.fees,
        Part.OPERATOR: 7_000_00,
        Part.SELLER: 81_450_00 - payment.fees,
    }
    paid = {payout.party: payout for payout in await market.payouts()}
    assert {payout.state for payout in paid.values()} == {PayoutState.PAID}
    assert paid[seller.id].amount.amount == shares(escrow)[Part.SELLER]
    assert paid[provider.id].amount.amount == 10_000_00
    assert {share.payout for share in escrow.shares if share.party} == {payout.id for payout in paid.values()}
    assert await market.balance(accounts.party(seller.id)) == 0
    assert await market.balance(accounts.PAYABLE) == 7_000_00
    await market.assert_right()


async def test_what_a_bank_does_not_take_is_paid_out_to_the_next_account(market: Market) -> None:
    seller = await market.party(PartyKind.SELLER, CLOSED)
    payment = await market.buys(market.wanted(seller=seller.id))
    await does(market, payment, *ACCEPTED)
    await market.settles()
    assert [payout.state for payout in await market.payouts()] == [PayoutState.FAILED]
    owed = await market.balance(accounts.party(seller.id))
    assert owed > 0
    await parties.pay_to(market.gateway, market.caller, seller.id, GTBANK)
    await market.passes(DAY)
    await market.passes(HOUR)
    assert [payout.state for payout in await market.payouts()] == [PayoutState.PAID, PayoutState.FAILED]
    assert await market.balance(accounts.party(seller.id)) == 0
    await market.assert_right()


@pytest.mark.parametrize(
    ("steps", "told", "kept"),
    [
        ((), ["canceled"], Kept.NOTHING),
        ((ACCEPTED[0],), ["delivered", "accepted"], Kept.ALL),
        (
            (ACCEPTED[0], (Move.REJECT, Side.BUYER)),
            ["delivered", "rejected", "rejection_confirmed"],
            Kept.NOTHING,
        ),
        (
            (ACCEPTED[0], (Move.REJECT, Side.BUYER), (Move.CONTEST, Side.SELLER)),
            ["delivered", "rejected", "contested", "disputed", "dispute_resolved"],
            Kept.NOTHING,
        ),
    ],
)
async def test_time_alone_ends_every_order(
    market: Market, steps: tuple[tuple[Move, Side], ...], told: list[str], kept: Kept
) -> None:
    payment = await market.buys()
    await does(market, payment, *steps)
    foretold = await flows.calendar(market.gateway, market.caller, payment.id)
    for coming in foretold:
        await market.passes(max(coming.at - market.now, 0))
        assert (await market.escrow(payment)).status in (coming.status, EscrowStatus.COMPLETED)
    await market.settles()
    escrow = await market.escrow(payment)
    assert escrow.status is EscrowStatus.COMPLETED
    assert escrow.verdict is not None
    assert escrow.verdict.kept is kept
    assert await market.told(payment) == ["paid", *told, "completed"]
    assert await market.balance(accounts.ESCROW) == 0
    assert [(step.at, step.status) for step in escrow.history[len(steps) :]] == [
        (coming.at, coming.status) for coming in foretold[:-1]
    ]
    await market.assert_right()


async def test_time_that_passes_at_once_does_everything_in_order(market: Market) -> None:
    payment = await market.buys()
    await does(market, payment, ACCEPTED[0], (Move.REJECT, Side.BUYER), (Move.CONTEST, Side.SELLER))
    await market.passes(100 * DAY)
    assert (await market.escrow(payment)).status is EscrowStatus.COMPLETED
    assert await market.told(payment) == [
        *("paid", "delivered", "rejected", "contested", "disputed", "dispute_resolved", "completed")
    ]


async def test_a_manager_splits_what_is_held(market: Market) -> None:
    payment = await market.buys()
    await does(market, payment, ACCEPTED[0], (Move.DISPUTE, Side.BUYER))
    await market.does(payment, Move.AWARD, Side.MANAGER, amount=600_00)
    await market.settles()
    escrow = await market.escrow(payment)
    assert (sum(escrow.returns), shares(escrow)) == (400_00, {Part.ESCROW_FEE: 500_00, Part.SELLER: 100_00})
    await market.assert_right()


async def test_a_move_is_made_once_however_often_it_is_asked_for(market: Market) -> None:
    payment = await market.buys()
    key = Key("key_digest", "fingerprint")
    first = await market.does(payment, *ACCEPTED[0], key=key)
    again = await market.does(payment, *ACCEPTED[0])
    assert (first.is_repeat, again.is_repeat) == (False, True)
    assert again.payment == await market.order(payment.id)
    assert await market.told(payment) == ["paid", "delivered"]
    with pytest.raises(Refused) as refused:
        await market.does(payment, Move.ACCEPT, Side.SELLER)
    assert refused.value.reason is Reason.MOVE_NOT_ALLOWED


async def test_accept_against_cancel_against_time_has_one_outcome(market: Market) -> None:
    """Sixteen at once, at the very moment at which time decides too."""

    async def tries(payment: Payment, move: Move, side: Side) -> bool:
        try:
            return not (await market.does(payment, move, side)).is_repeat
        except Refused as refused:
            if refused.reason not in (Reason.ORDER_DECIDED, Reason.MOVE_NOT_ALLOWED):
                raise
            return False

    async def races(payment: Payment) -> Kept:
        asked = [(Move.ACCEPT, Side.BUYER), (Move.CANCEL, Side.SELLER), (Move.REJECT, Side.BUYER)]
        clock = [escrow_settlement.proceed(market.gateway, market.tenant, payment.id) for _ in range(4)]
        made, _ = await asyncio.gather(
            asyncio.gather(*[tries(payment, *asked[number % 3]) for number in range(12)]), asyncio.gather(*clock)
        )
        escrow = await market.escrow(payment)
        deciding = [step for step in escrow.history if step.status is not EscrowStatus.AWAITING_BUYER_RESPONSE]
        assert sum(made) == sum(step.side is not Side.CLOCK for step in deciding)
        assert escrow.verdict is None or len(deciding) <= 2, "rejected, and then let go by the other side"
        return escrow.verdict.kept if escrow.verdict else Kept.PART

    for number in range(at_size(3, 500)):
        payment = await market.buys()
        await does(market, payment, ACCEPTED[0])
        due_at = (await market.escrow(payment)).due_at or 0
        # Just before it is due, or just then: by turns the sides decide among themselves, or time does.
        market.clock.advance(due_at - market.now - (number % 2))
        await races(payment)
    await market.passes()
    await market.passes(60 * DAY)
    assert await market.balance(accounts.ESCROW) == 0
    await market.assert_right()


async def test_a_declined_order_is_paid_by_nobody_and_due_to_nobody(market: Market) -> None:
    payment = await market.buys(number=DECLINED)
    escrow = await market.escrow(payment)
    assert (escrow.status, escrow.due_at, escrow.holds) == (EscrowStatus.UNPAID, None, ())
    with pytest.raises(Refused):
        await market.does(payment, *ACCEPTED[0])
    await market.assert_right()


async def test_orders_are_found_by_number_and_by_what_they_are_about(market: Market) -> None:
    first, second = await market.buys(), await market.buys()
    gateway, caller = market.gateway, market.caller
    assert await flows.numbers_of(gateway, caller, [first.id, second.id]) == {first.id: 1, second.id: 2}
    assert (await flows.by_number(gateway, caller, 2)).id == second.id
    newest = await flows.by_product(gateway, caller, escrow_orders.of(first).product.id)
    assert newest is not None
    assert newest.id == first.id
    await does(market, first, ACCEPTED[0])
    found = await flows.page(gateway, caller, Cursor(10), status=EscrowStatus.AWAITING_BUYER_RESPONSE)
    assert ([one.id for one in found.records], found.has_more) == ([first.id], False)
    assert (await flows.page(gateway, caller, Cursor(1))).has_more
    with pytest.raises(Refused):
        await flows.by_number(gateway, caller, 3)
    assert first.customer is not None
    tenant, customer = market.tenant.id, first.customer.id
    assert await numbering.of(gateway, tenant, numbering.CUSTOMERS, [customer, "cus_other"]) == {customer: 1}
    assert await numbering.of(gateway, tenant, numbering.MERCHANTS, [tenant]) == {tenant: 1}


async def test_milestones_begin_when_the_one_before_is_complete(market: Market) -> None:
    project = await market.project()
    first = await market.buys(market.wanted(project=project.id))
    with pytest.raises(Refused) as refused:
        await market.buys(market.wanted(project=project.id))
    assert refused.value.reason is Reason.MILESTONE_OPEN
    await does(market, first, *ACCEPTED)
    await market.settles()
    second = await market.buys(market.wanted(project=project.id))
    await does(market, second, (Move.CANCEL, Side.SELLER))
    await market.settles()
    await market.buys(market.wanted(project=project.id), number=DECLINED)
    third = await market.buys(market.wanted(project=project.id))
    project = await projects.fetch(market.gateway, market.caller, project.id)
    assert project.orders == (first.id, second.id, third.id), "what nobody paid gives its place up"
    totals = (await projects.totals(market.gateway, project))["NGN"]
    assert (totals.held, totals.released, totals.refunded) == (1_000_00, 1_000_00, 1_000_00)
    await market.assert_right()


async def test_milestones_that_are_opened_at_once_are_one(market: Market) -> None:
    project = await market.project()
    wanted = [market.wanted(project=project.id) for _ in range(8)]
    made = await asyncio.gather(*[market.buys(one) for one in wanted], return_exceptions=True)
    paid = [one for one in made if isinstance(one, Payment)]
    assert len(paid) == 1 or all(escrow_orders.of(one).status is EscrowStatus.PENDING for one in paid)
    refused = [one for one in made if isinstance(one, Refused)]
    assert len(paid) + len(refused) == len(made)
    assert len(paid) == 1


async def test_a_provider_and_its_share_may_be_named_until_the_money_is_somebodys(market: Market) -> None:
    payment, provider = await market.buys(), await market.party(PartyKind.PROVIDER)

    async def render(changed: Payment) -> Answer:
        return Answer(200, b"")

    async def named(means: CommissionMeans | None = None) -> None:
        await flows.share_with(
            *(market.gateway, market.caller, None, payment.id, PartyKind.PROVIDER, provider.id, 9_000, render), means
        )

    await named(CommissionMeans.SELLER)
    assert (await market.escrow(payment)).pricing.provider_basis_points == 1_000
    await named()
    assert (await market.escrow(payment)).pricing.provider_basis_points == 9_000
    await does(market, payment, *ACCEPTED)
    with pytest.raises(Refused) as refused:
        await named()
    assert refused.value.reason is Reason.ORDER_DECIDED


@pytest.mark.parametrize("problem", ["no account", "not associated", "another kind", "deleted", "another currency"])
async def test_who_cannot_be_paid_has_no_share(market: Market, problem: str) -> None:
    account = None if problem == "no account" else GTBANK
    account = structs.replace(GTBANK, currency="USD") if problem == "another currency" else account
    kind = PartyKind.PROVIDER if problem == "another kind" else PartyKind.SELLER
    seller = await market.party(kind, account, is_associated=problem != "not associated")
    if problem == "deleted":
        await parties.delete(market.gateway, market.caller, seller.id)
    with pytest.raises(Refused) as refused:
        await market.buys(market.wanted(seller=seller.id, is_marketplace=True))
    assert (
        refused.value.reason
        is {
            "no account": Reason.BANK_ACCOUNT_MISSING,
            "not associated": Reason.SELLER_NOT_ASSOCIATED,
            "another kind": Reason.NOT_FOUND,
            "deleted": Reason.NOT_FOUND,
            "another currency": Reason.PARAMETER_INVALID,
        }[problem]
    )


async def test_an_order_keeps_the_terms_on_which_it_was_opened(market: Market) -> None:
    payment = await market.buys()
    await escrow_settings.update(market.gateway, market.caller, {"patience": Patience(delivery=HOUR)})
    after = await market.buys()
    assert (await market.escrow(payment)).patience == Patience()
    assert (await market.escrow(after)).patience.delivery == HOUR


async def test_an_order_in_another_currency_keeps_its_rate(market: Market) -> None:
    rate = Rate("agreed", 1_543_21, 100, "USD", "NGN", market.now)
    payment = await market.buys(market.wanted(price=Money(100_000_00, "NGN"), rate=rate))
    assert payment.amount == Money(64_80, "USD")
    await does(market, payment, *ACCEPTED)
    await market.settles()
    escrow = await market.escrow(payment)
    assert sum(shares(escrow).values()) == rate.convert(payment.amount).amount
    assert await market.balance(accounts.ESCROW, "USD") == await market.balance(accounts.ESCROW) == 0
    await market.assert_right()


async def test_what_arrives_by_transfer_is_held_and_goes_back_as_it_came(market: Market) -> None:
    payment = await transfers.begin(market.gateway, market.caller, (await market.opens()).id)
    assert payment.transfer is not None
    iban, debtor = collecting_accounts.SANDBOX_IBAN, Debtor("Bisi", "DE89370400440532013000")
    for number, amount in enumerate((300_00, 700_00, 5_00)):
        line = Booked(
            reference=f"line{number} {payment.id}",
            amount=Money(amount, "NGN"),
            booked_at=market.now,
            debtor=debtor,
            remittance=payment.transfer.reference,
        )
        await transfers.take(market.gateway, market.caller, iban, line)
        held = 0 if number == 0 else 1_000_00
        assert await market.balance(accounts.ESCROW) == held, "all of it, and no more than that"
    await does(market, payment, (Move.CANCEL, Side.SELLER))
    await market.settles()
    escrow = await market.escrow(payment)
    assert (escrow.status, sum(escrow.returns)) == (EscrowStatus.COMPLETED, 1_000_00)
    await market.assert_right()


async def test_an_order_that_was_opened_is_superseded_by_the_next_milestone(market: Market) -> None:
    project = await market.project()
    first = await market.opens(market.wanted(project=project.id))
    second = await market.buys(market.wanted(project=project.id))
    assert (await market.order(first.id)).canceled is not None
    assert (await market.escrow(second)).status is EscrowStatus.PENDING


async def test_an_erased_buyer_is_known_to_no_order_and_no_project(market: Market) -> None:
    buyer = Buyer(email="bisi@example.com", phone="+234801", first_name="Bisi")
    project = await market.project()
    payment = await market.buys(market.wanted(buyer=buyer, project=project.id))
    await does(market, payment, *ACCEPTED)
    assert payment.customer is not None
    customer = payment.customer.id

    async def render(erased: object) -> Answer:
        return Answer(200, b"")

    await erasures.begin(market.gateway, market.caller, None, customer, render)
    await market.passes()
    escrow = await market.escrow(payment)
    assert escrow.buyer == Buyer()
    assert {step.comment for step in escrow.history} == {""}
    assert (await projects.fetch(market.gateway, market.caller, project.id)).buyer == Buyer()
    told = await events.page(market.gateway.store, market.tenant.id, events.Asked(100, object=payment.id))
    assert len(told) > 4
    assert not any(known in repr(event.view) for event in told for known in ("bisi@", "Bisi", "234801", "so it is"))
    await market.settles()
    await market.assert_right()
