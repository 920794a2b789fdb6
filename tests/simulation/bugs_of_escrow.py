"""Bugs to plant in escrow orders, for tests.simulation.bazaar."""

from typing import Any

import pytest
from msgspec import structs

from tests.simulation.bugs import Bug, bug
from tillgate.core import escrow_moves, escrow_orders, escrows, party_payouts, projects
from tillgate.core.decisions import Decision
from tillgate.core.escrows import Escrow, EscrowStatus, Move, Side
from tillgate.flows import escrow_settlement

BUGS: dict[str, Bug] = {}
"""Every bug of escrow orders, by its name."""


@bug(among=BUGS, first=5)
def sellers_accept_for_buyers(patch: pytest.MonkeyPatch) -> None:
    """A seller may say for the buyer that all is well."""
    buyers = escrows.MOVES[EscrowStatus.AWAITING_BUYER_RESPONSE, Move.ACCEPT, Side.BUYER]
    patch.setitem(escrows.MOVES, (EscrowStatus.AWAITING_BUYER_RESPONSE, Move.ACCEPT, Side.SELLER), buyers)


@bug(among=BUGS)
def dispute_takes_the_deadline_off(patch: pytest.MonkeyPatch) -> None:
    """What is in dispute stays so until somebody does something."""
    whole = escrow_moves.deadline

    def deadline(escrow: Escrow, at: int) -> int | None:
        return None if escrow.status is EscrowStatus.DISPUTE else whole(escrow, at)

    patch.setattr(escrow_moves, "deadline", deadline)


@bug({"bank refuses the connection": 0.5, "question lost on the way": 0.3}, BUGS, first=5)
def shared_once_more(patch: pytest.MonkeyPatch) -> None:
    """The seller's side has its shares again each time that the buyer's refund is tried."""
    whole = escrow_orders._released

    def released(*given: Any) -> Any:
        escrow, posted = whole(*given)
        return structs.replace(escrow, is_shared=False), posted

    patch.setattr(escrow_orders, "_released", released)


@bug({"bank: pending": 0.6}, BUGS, first=14)
def settlement_let_go_of(patch: pytest.MonkeyPatch) -> None:
    """While the bank is being asked for the buyer, an order's timer goes."""
    whole = escrow_settlement.proceed

    async def proceed(*given: Any) -> bool:
        await whole(*given)
        return True

    patch.setattr(escrow_settlement, "proceed", proceed)


@bug(among=BUGS)
def returned_share_forgotten(patch: pytest.MonkeyPatch) -> None:
    """What did not arrive at a party's account is not paid out again."""
    patch.setattr(party_payouts, "again", lambda payout, occasion: Decision())


@bug(among=BUGS)
def milestones_side_by_side(patch: pytest.MonkeyPatch) -> None:
    """A milestone begins while the one before it is held."""
    whole = projects.with_order

    def with_order(project: Any, last: Any, *given: Any) -> Any:
        return whole(project, None, *given)

    patch.setattr(projects, "with_order", with_order)
