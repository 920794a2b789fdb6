"""Everything that can happen to an escrow order, in every order, is searched: no money is lost, frozen or misled."""

from collections import deque
from collections.abc import Iterator

import pytest

from tests.core import escrow_world
from tests.core.escrow_world import PRICINGS, Clock, Happening, Made, Order, Outcome
from tests.core.world import FEES
from tests.sizes import at_size
from tillgate.core import accounts
from tillgate.core.disputes import DisputeStatus
from tillgate.core.escrows import MOVES, REPLACING, EscrowStatus, Kept, Move, Part, RefundPolicy, Side, Verdict
from tillgate.core.reasons import Reason, Refused


def steps(start: Order) -> Iterator[tuple[Order, Happening, Outcome]]:
    """Every step from every world, with what came of it, until there is no world that was not seen."""
    seen, ahead = {escrow_world.essence(start)}, deque([start])
    while ahead:
        order = ahead.popleft()
        escrow_world.hold(order)
        for what in escrow_world.happenings(order):
            after = escrow_world.tried(order, what)
            yield order, what, after
            if isinstance(after, Order) and (what_may_come := escrow_world.essence(after)) not in seen:
                seen.add(what_may_come)
                ahead.append(after)


MONEY, REPLACEMENT = RefundPolicy

SEARCHED = at_size(
    [
        *(("the merchant sells", 0, MONEY), ("a marketplace", 1, MONEY), ("another currency", 0, MONEY)),
        ("the merchant sells", 0, REPLACEMENT),
    ],
    [(kind, most_disputes, policy) for kind in PRICINGS for most_disputes in (0, 1, 2) for policy in RefundPolicy],
)
"""Orders, how often the bank takes the money back over a dispute of its own, and what who sends it back is owed."""


@pytest.mark.parametrize(("kind", "most_disputes", "policy"), SEARCHED)
def test_from_every_state_the_money_reaches_seller_or_buyer_by_time_alone(
    kind: str, most_disputes: int, policy: RefundPolicy
) -> None:
    made, statuses = set(), set()
    for order, what, after in steps(escrow_world.paid(PRICINGS[kind], FEES, most_disputes, policy)):
        statuses.add(order.escrow.status)
        if isinstance(what, Made):
            _holds_of_a_move(order, what, after)
            made |= {(order.escrow.status, what.move, what.side)} if isinstance(after, Order) else set()
        assert isinstance(after, Order) or not isinstance(what, Clock), "time is never refused anything"
        if isinstance(after, Order) and after is not order:
            for verdict in (DisputeStatus.LOST, DisputeStatus.WON):
                _reached_somebody(escrow_world.by_itself(after, verdict))
    assert statuses == set(EscrowStatus) - {EscrowStatus.UNPAID}
    assert made == {way for way in MOVES if way[2] is not Side.CLOCK}, "a move that nobody can ever make"


def _holds_of_a_move(order: Order, what: Made, after: Outcome) -> None:
    if not escrow_world.may(order, what):
        assert isinstance(after, Refused), (order.escrow.status, what)
    if isinstance(after, Order):
        way = (order.escrow.status, what.move, what.side)
        table = {**MOVES, **REPLACING} if order.escrow.owes_replacement else MOVES
        assert after.escrow.status in (table[way].status, order.escrow.paused and order.escrow.paused.status)
        assert after.escrow.left == order.escrow.left, "a move decides, and moves nothing"


def _reached_somebody(order: Order) -> None:
    """All of what was paid is with the buyer, the seller's side or the gateway, and nothing is anywhere else."""
    escrow_world.hold(order)
    escrow, currency = order.escrow, order.payment.amount.currency
    assert escrow.left == 0
    assert order.balance(accounts.ESCROW, currency) == 0
    buyers = sum(escrow.returns)
    covered = sum(share.money.amount for share in escrow.shares if share.part is Part.CHARGED_BACK)
    shared = sum(share.money.amount for share in escrow.shares if share.part is not Part.CHARGED_BACK)
    if escrow.pricing.rate is None:
        assert buyers + covered + shared == order.payment.captured
    else:
        assert buyers + escrow.released == order.payment.captured


def test_what_is_replaced_is_not_paid_back_before_it_came_a_second_time() -> None:
    sent_back, replaced = 0, 0
    for _, _, after in steps(escrow_world.paid(PRICINGS["a marketplace"], policy=REPLACEMENT)):
        if isinstance(after, Refused) or not after.escrow.history:
            continue
        escrow, last = after.escrow, after.escrow.history[-1]
        if last.move is Move.CONFIRM:
            is_second = escrow.deliveries == 2
            assert (last.status is EscrowStatus.PENDING_II) is not is_second
            assert (escrow.verdict is None) is not is_second
            sent_back, replaced = sent_back + is_second, replaced + (not is_second)
        if last.move is Move.CANCEL and last.side is Side.CLOCK and last.status is EscrowStatus.CANCELED:
            assert escrow.verdict == Verdict(Kept.NOTHING), "what does not come in time is paid back whole"
    assert min(sent_back, replaced) > 0


def test_what_may_not_be_done_is_told_apart_from_what_was_decided() -> None:
    order = escrow_world.paid(PRICINGS["the merchant sells"])
    why: dict[Reason, set[bool]] = {}
    for before, what, after in steps(order):
        if isinstance(after, Refused) and isinstance(what, Made):
            why.setdefault(after.reason, set()).add(before.escrow.verdict is not None)
    assert why[Reason.ORDER_DECIDED] == {True}
    assert why[Reason.MOVE_NOT_ALLOWED] == {False}
    assert why[Reason.CANCELED_TOO_LATE] == {False}
