"""What becomes of an escrow order is what its page says: who may do what, when time decides, and who has the money."""

import msgspec
import pytest

from tests.core import escrow_world
from tests.core.escrow_world import PRICINGS, PROMISED, Clock, Made, Order
from tillgate.core import accounts, escrow_moves, escrow_orders
from tillgate.core.attempts import Verdict
from tillgate.core.escrows import MOVES, EscrowStatus, Kept, Move, Part, Pricing, Side
from tillgate.core.events import EventType
from tillgate.core.instants import DAY, HOUR, SECOND
from tillgate.core.money import Money
from tillgate.core.reasons import Reason, Refused
from tillgate.core.timers import TimerKind

MARKET = PRICINGS["a marketplace"]


def after(*steps: tuple[Move, Side] | Clock, pricing: Pricing = MARKET) -> Order:
    """An order that was paid, and with which then this was done."""
    order = escrow_world.paid(pricing)
    for step in steps:
        order = escrow_world.happen(order, step if isinstance(step, Clock) else Made(*step))
    return order


DELIVERED = (Move.DELIVER, Side.SELLER)
REJECTED = (Move.REJECT, Side.BUYER)
CONTESTED = (Move.CONTEST, Side.SELLER)
DISPUTED = (Move.DISPUTE, Side.SELLER)


def told(order: Order) -> list[EventType]:
    return [event.type for event in order.events if event.type.value.startswith("escrow_order")]


def shares(order: Order) -> dict[Part, int]:
    return {share.part: share.money.amount for share in order.escrow.shares}


def test_what_is_paid_is_held_at_once_and_none_of_the_merchants() -> None:
    order = escrow_world.paid(MARKET)
    assert order.escrow.status is EscrowStatus.PENDING
    assert order.balance(accounts.ESCROW, "NGN") == order.payment.captured
    assert order.balance(accounts.PAYABLE, "NGN") == -order.payment.fees
    assert told(order) == [EventType.ESCROW_ORDER_PAID]
    held = next(entry for entry in order.entries if entry.id == "eo_1:held:1")
    charged = next(entry for entry in order.entries if entry.id.endswith(":captured"))
    assert held.available_at == charged.available_at, "nobody is paid out what is held, not for a day"


@pytest.mark.parametrize(
    ("steps", "due_at", "becomes"),
    [
        ((), PROMISED + 7 * DAY, EscrowStatus.CANCELED),
        ((DELIVERED,), 3 * DAY, EscrowStatus.ACCEPTED),
        ((DELIVERED, REJECTED), 3 * DAY, EscrowStatus.REJECTED),
        ((DELIVERED, (Move.REDELIVER, Side.BUYER)), 7 * DAY, EscrowStatus.CANCELED),
        ((DELIVERED, REJECTED, CONTESTED), 14 * DAY, EscrowStatus.DISPUTED),
        ((DELIVERED, REJECTED, CONTESTED, DISPUTED), 30 * DAY, EscrowStatus.DISPUTE_RESOLVED),
    ],
)
def test_every_status_has_its_deadline_and_what_is_done_then(
    steps: tuple[tuple[Move, Side], ...], due_at: int, becomes: EscrowStatus
) -> None:
    order = after(*steps)
    assert order.escrow.due_at is not None
    expected = order.now + due_at if steps else due_at
    assert abs(order.escrow.due_at - expected) < 10 * SECOND
    lapsed = escrow_world.happen(order, Clock.DUE)
    assert lapsed.escrow.status is becomes
    coming = next(escrow_moves.calendar(order.escrow))
    assert (coming.at, coming.status) == (order.escrow.due_at, becomes)


def test_the_calendar_says_everything_that_will_happen() -> None:
    order = after(DELIVERED, REJECTED, CONTESTED)
    coming = list(escrow_moves.calendar(order.escrow))
    assert [one.status for one in coming] == [
        *(EscrowStatus.DISPUTED, EscrowStatus.DISPUTE_RESOLVED, EscrowStatus.COMPLETED)
    ]
    assert coming[-1].kept is Kept.NOTHING
    seen = []
    while order.escrow.verdict is None:
        order = escrow_world.happen(order, Clock.DUE)
        seen.append((order.escrow.history[-1].at, order.escrow.status))
    assert seen == [(one.at, one.status) for one in coming[:-1]]
    assert list(escrow_moves.calendar(escrow_world.by_itself(order).escrow)) == []
    assert list(escrow_moves.calendar(escrow_orders.of(escrow_world.opened(MARKET)))) == []


def test_an_accepted_order_is_shared_out() -> None:
    order = escrow_world.by_itself(after(DELIVERED, (Move.ACCEPT, Side.BUYER)))
    paid, processing = order.payment.captured, order.payment.fees
    # The price is 1000, the buyer bears 40 of shipping, 15 of escrow fee, and processing.
    assert shares(order) == {
        Part.ESCROW_FEE: 15,
        Part.PROVIDER: 100,
        Part.PROVIDER_FEE: 5,
        Part.PROCESSING: processing,
        Part.OPERATOR: 70,
        Part.SELLER: paid - 15 - 100 - 5 - processing - 70,
    }
    assert shares(order)[Part.SELLER] in (865, 866)
    assert order.balance(accounts.party("pty_seller"), "NGN") == shares(order)[Part.SELLER]
    assert order.balance(accounts.party("pty_provider"), "NGN") == 100
    assert order.balance(accounts.ESCROW_FEES, "NGN") == 15
    assert order.balance(accounts.PAYABLE, "NGN") == 70, "the operator's commission; processing is made up for"
    assert order.timers[TimerKind.PAY_PARTIES, "pay_1"] >= order.now
    assert told(order)[-1] is EventType.ESCROW_ORDER_COMPLETED


@pytest.mark.parametrize(
    ("waits", "kept"), [(None, {}), (Clock.TO_SLA, {Part.CANCELLATION_FEE: 30})], ids=["early", "late"]
)
def test_a_buyer_who_cancels_near_the_promised_day_pays_the_fee(waits: Clock | None, kept: dict[Part, int]) -> None:
    steps = (waits,) if waits else ()
    order = escrow_world.by_itself(after(*steps, (Move.CANCEL, Side.BUYER)))
    assert shares(order) == kept
    assert sum(order.escrow.returns) == order.payment.captured - sum(kept.values())


@pytest.mark.parametrize("steps", [(Clock.TO_PROMISED,), (DELIVERED,), (DELIVERED, (Move.REDELIVER, Side.BUYER))])
def test_a_buyer_cannot_cancel_after_the_promised_day_or_what_was_delivered(
    steps: tuple[tuple[Move, Side] | Clock, ...],
) -> None:
    with pytest.raises(Refused) as refused:
        after(*steps, (Move.CANCEL, Side.BUYER))
    assert refused.value.reason is Reason.CANCELED_TOO_LATE


def test_a_buyer_bears_the_shipping_of_what_they_send_back() -> None:
    order = escrow_world.by_itself(after(DELIVERED, REJECTED, (Move.CONFIRM, Side.SELLER)))
    assert shares(order) == {Part.SHIPPING: 40}
    assert sum(order.escrow.returns) == order.payment.captured - 40


def test_a_second_delivery_is_agreed_on_once() -> None:
    again = (Move.REDELIVER, Side.BUYER)
    order = after(DELIVERED, again, DELIVERED)
    assert (order.escrow.status, order.escrow.deliveries) == (EscrowStatus.AWAITING_BUYER_RESPONSE, 2)
    with pytest.raises(Refused) as refused:
        escrow_world.happen(order, Made(*again))
    assert refused.value.reason is Reason.MOVE_NOT_ALLOWED


def test_a_dispute_pauses_what_it_interrupts() -> None:
    order = after(DELIVERED)
    order = msgspec.structs.replace(order, now=order.now + DAY)
    due_at = order.escrow.due_at
    assert due_at is not None
    left = due_at - order.now
    order = escrow_world.happen(order, Made(Move.DISPUTE, Side.BUYER))
    order = msgspec.structs.replace(order, now=order.now + 20 * DAY)
    order = escrow_world.happen(order, Made(Move.RESUME, Side.MANAGER))
    assert order.escrow.status is EscrowStatus.AWAITING_BUYER_RESPONSE
    assert order.escrow.due_at == order.now - SECOND + left
    assert (order.escrow.paused, order.escrow.disputed_at) == (None, None)


@pytest.mark.parametrize(("side", "kept"), [(Side.BUYER, Kept.ALL), (Side.SELLER, Kept.NOTHING)])
def test_whoever_withdraws_a_dispute_lets_the_other_be_right(side: Side, kept: Kept) -> None:
    order = after(DELIVERED, REJECTED, CONTESTED, DISPUTED, (Move.WITHDRAW, side))
    assert order.escrow.status is EscrowStatus.DISPUTE_RESOLVED
    assert order.escrow.verdict is not None
    assert order.escrow.verdict.kept is kept


@pytest.mark.parametrize(
    ("amount", "reason"),
    [(None, Reason.AMOUNT_INVALID), (-1, Reason.AMOUNT_INVALID), (10**6, Reason.AMOUNT_TOO_LARGE)],
)
def test_a_manager_awards_what_is_held_and_no_more(amount: int | None, reason: Reason) -> None:
    order = after(DELIVERED, (Move.DISPUTE, Side.BUYER))
    with pytest.raises(Refused) as refused:
        escrow_orders.move(order.payment, Move.AWARD, Side.MANAGER, order.occasion(), amount=amount)
    assert refused.value.reason is reason


def test_whoever_comes_too_late_finds_what_was_done_by_itself() -> None:
    order = after(DELIVERED)
    late = msgspec.structs.replace(order, now=(order.escrow.due_at or 0) + HOUR)
    with pytest.raises(Refused) as refused:
        escrow_world.happen(late, Made(*REJECTED))
    assert refused.value.reason is Reason.ORDER_DECIDED
    assert refused.value.detail["status"] is EscrowStatus.ACCEPTED


def test_everything_due_happens_in_order_however_late_it_is_looked_at() -> None:
    order = after(DELIVERED, REJECTED, CONTESTED)
    began = order.escrow.disputed_at or 0
    late = msgspec.structs.replace(order, now=began + 100 * DAY)
    lapsed, _ = escrow_orders.lapse(late.payment, late.occasion())
    assert [(step.at, step.status) for step in escrow_orders.of(lapsed).history[-2:]] == [
        (began + 14 * DAY, EscrowStatus.DISPUTED),
        (began + 30 * DAY, EscrowStatus.DISPUTE_RESOLVED),
    ]


def test_what_the_merchant_gives_back_of_their_own_accord_ends_it() -> None:
    order = after(pricing=PRICINGS["the merchant sells"])
    order = escrow_world.happen(order, escrow_world.GiveBack(order.payment.captured))
    assert order.asked is not None
    order = escrow_world.answered(order, order.asked, Verdict.APPROVED)
    assert order.escrow.status is EscrowStatus.COMPLETED
    escrow_world.hold(order)


def test_the_table_has_a_way_for_every_side() -> None:
    assert {side for _, _, side in MOVES} == set(Side)
    assert not any(status in (EscrowStatus.UNPAID, EscrowStatus.COMPLETED) for status, _, _ in MOVES)


def test_an_order_is_promised_for_a_day_to_come() -> None:
    payment = escrow_world.opened(MARKET)
    late = msgspec.structs.replace(escrow_world.Order(payment), now=PROMISED)
    with pytest.raises(Refused) as refused:
        escrow_orders.opened(payment, late.occasion())
    assert refused.value.field == "delivery_date"


def test_an_order_and_its_payment_are_one_under_two_names() -> None:
    assert escrow_orders.payment_id(escrow_orders.order_id("pay_1")) == "pay_1"
    order = after()
    assert ("escrow.status", "pending") in escrow_orders.terms(order.payment)
    assert escrow_orders.terms(msgspec.structs.replace(order.payment, escrow=None)) == frozenset()


def test_money_in_another_currency_goes_back_as_it_came_and_is_sold_at_the_agreed_rate() -> None:
    pricing = PRICINGS["another currency"]
    order = escrow_world.by_itself(after(DELIVERED, (Move.ACCEPT, Side.BUYER), pricing=pricing))
    assert pricing.rate is not None
    assert order.payment.amount.currency == "USD"
    bought = pricing.rate.convert(Money(order.payment.captured, "USD"))
    assert sum(shares(order).values()) == bought.amount
    assert order.balance(accounts.exchange("USD"), "USD") == order.payment.captured
    assert order.balance(accounts.exchange("NGN"), "NGN") == -bought.amount
    canceled = escrow_world.by_itself(after((Move.CANCEL, Side.SELLER), pricing=pricing))
    assert sum(canceled.escrow.returns) == canceled.payment.captured
    assert canceled.balance(accounts.exchange("USD"), "USD") == 0


def test_whoever_has_not_heard_that_a_clock_was_moved_writes_nothing_into_the_past() -> None:
    escrow = after(DELIVERED, REJECTED).escrow
    later, _ = escrow_moves.made(escrow, Move.CONTEST, Side.SELLER, escrow.history[-1].at - DAY)
    assert later.history[-1].at == later.disputed_at == escrow.history[-1].at
    assert later.due_at == escrow.history[-1].at + 14 * DAY
