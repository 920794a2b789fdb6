"""Projects: escrow orders in sequence, each of which begins when the one before it is complete."""

from collections.abc import Iterable
from typing import Final

import msgspec

from tillgate.core import escrow_orders
from tillgate.core.decisions import Decision, Numbering
from tillgate.core.escrows import Buyer, EscrowStatus, Part
from tillgate.core.instants import Instant
from tillgate.core.occasions import Occasion
from tillgate.core.payments import Payment
from tillgate.core.reasons import Reason, Refused
from tillgate.core.records import Record, evolve

SERIES: Final = "projects"
"""The series in which a merchant's projects have whole numbers."""

MOST_ORDERS: Final = 200


class Project(Record, frozen=True, kw_only=True, omit_defaults=True):
    """A project of a seller's (none: the merchant's own) for a buyer. `orders` are payments, the first one first."""

    created: Instant
    updated: Instant
    name: str
    description: str
    buyer: Buyer = Buyer()
    customer: str | None = None
    seller: str | None = None
    started_by: str | None = None
    orders: tuple[str, ...] = ()


class Totals(msgspec.Struct, frozen=True):
    """What a project's orders have come to in one currency, in minor units of what was paid."""

    held: int = 0
    released: int = 0
    refunded: int = 0


def create(
    tenant: str,
    name: str,
    description: str,
    buyer: Buyer,
    occasion: Occasion,
    *,
    customer: str | None = None,
    seller: str | None = None,
) -> tuple[Project, Decision]:
    """A new project, with its number."""
    project = Project(
        tenant=tenant,
        id=occasion.mint("prj"),
        created=occasion.now,
        updated=occasion.now,
        name=name,
        description=description,
        buyer=buyer,
        customer=customer,
        seller=seller,
    )
    return project, Decision(save=(project,), number=(Numbering(tenant, SERIES, project.id),))


def update(project: Project, occasion: Occasion, *, name: str | None, description: str | None) -> Project:
    """The project under another name, or described in another way."""
    changed = evolve(project, name=name or project.name, description=description or project.description)
    return project if changed == project else evolve(changed, updated=occasion.now)


def with_order(project: Project, last: Payment | None, payment: Payment, occasion: Occasion) -> Project:
    """The project with one more milestone, after the `last` one, or in the place of one that nobody has paid.

    Otherwise whoever knows a project, without paying for anything, could fill it up. Raises Refused(MILESTONE_OPEN)
    where the last one is not complete, IN_PROGRESS where money may still come for it.
    """
    if last is not None and escrow_orders.of(last).is_held:
        raise Refused(Reason.MILESTONE_OPEN, "project", status=escrow_orders.of(last).status)
    if last is not None and escrow_orders.of(last).status is EscrowStatus.UNPAID and may_be_paid(last):
        raise Refused(Reason.IN_PROGRESS, "project", status=last.status)
    is_unpaid = last is not None and escrow_orders.of(last).status is EscrowStatus.UNPAID
    orders = project.orders[:-1] if is_unpaid else project.orders
    if len(orders) >= MOST_ORDERS:
        raise Refused(Reason.PARAMETER_INVALID, "project_id", problem=f"it has {MOST_ORDERS} milestones already")
    return evolve(project, orders=(*orders, payment.id), updated=occasion.now)


def may_be_paid(payment: Payment) -> bool:
    """Whether money may still come for an order that is not paid."""
    waits = payment.intent is not None or payment.transfer is not None
    return not payment.canceled and (payment.is_asking or bool(payment.authorized) or waits)


def totals(orders: Iterable[Payment]) -> dict[str, Totals]:
    """What the orders of a project have come to, by currency."""
    sums: dict[str, Totals] = {}
    for payment in orders:
        escrow, currency = escrow_orders.of(payment), payment.amount.currency
        before = sums.get(currency, Totals())
        # What a bank took back over a dispute of its own is with the buyer too.
        charged_back = sum(share.money.amount for share in escrow.shares if share.part is Part.CHARGED_BACK)
        sums[currency] = Totals(
            before.held + escrow.left,
            before.released + escrow.released - charged_back,
            before.refunded + sum(escrow.returns) + charged_back,
        )
    return sums
