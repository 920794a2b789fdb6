"""Projects on the wire: escrow orders in sequence, and what all of them have come to."""

from collections.abc import Sequence
from typing import Final

import msgspec

from tillgate.core import escrow_orders
from tillgate.core.credentials import Scope
from tillgate.core.instants import unix_seconds
from tillgate.core.projects import Project
from tillgate.flows import projects
from tillgate.http.exchange import Reply
from tillgate.surfaces.v1 import expansion
from tillgate.surfaces.v1.escrow_order_forms import BuyerShown
from tillgate.surfaces.v1.forms import ListGiven, ListShown
from tillgate.surfaces.v1.operations import Call, Nothing, operation, shown

PATH: Final = "/v1/projects"


class ProjectTotalShown(msgspec.Struct, frozen=True, kw_only=True):
    """What a project's orders have come to in one currency, in its smallest unit."""

    currency: str
    held: int
    released: int
    refunded: int


class ProjectShown(msgspec.Struct, frozen=True, kw_only=True):
    """Orders of which each may begin when the one before it is complete."""

    id: str
    object: str = "project"
    name: str
    description: str
    buyer: BuyerShown
    seller: str | None
    orders: Sequence[str]
    totals: Sequence[ProjectTotalShown]
    updated: int
    created: int
    livemode: bool


async def _shown(call: Call, project: Project) -> ProjectShown:
    totals = await projects.totals(call.gateway, project)
    return ProjectShown(
        id=project.id,
        name=project.name,
        description=project.description,
        buyer=msgspec.convert(project.buyer, BuyerShown, from_attributes=True),
        seller=project.seller,
        orders=[escrow_orders.order_id(id) for id in project.orders],
        totals=[
            ProjectTotalShown(
                currency=currency.lower(), held=total.held, released=total.released, refunded=total.refunded
            )
            for currency, total in sorted(totals.items())
        ],
        updated=unix_seconds(project.updated),
        created=unix_seconds(project.created),
        livemode=call.tenant.is_live,
    )


@operation("GET", PATH, Scope.PAYMENTS_READ, ListGiven, ListShown[ProjectShown])
async def page(call: Call) -> Reply:
    """Projects, newest first, with what is held, released and refunded of each. AtaraPay's API begins them."""
    given: ListGiven = call.given
    found = await projects.page(call.gateway, call.caller, given.cursor("prj"))
    data = [await _shown(call, project) for project in found.records]
    return await shown(call, ListShown(url=PATH, has_more=found.has_more, data=data))


@operation("GET", PATH + "/{id}", Scope.PAYMENTS_READ, Nothing, ProjectShown)
async def fetch(call: Call) -> Reply:
    """One project, with what is held, released and refunded of it."""
    return await shown(call, await _fetch(call, call.id))


@expansion.kind("prj", ProjectShown, Scope.PAYMENTS_READ)
async def _fetch(call: Call, id: str) -> ProjectShown:
    return await _shown(call, await projects.fetch(call.gateway, call.caller, id))


OPERATIONS = (page, fetch)
