"""Milestone projects on the wire: created, changed, listed with their orders."""

from collections.abc import Sequence
from typing import Any, Final

from tillgate.core import escrow_orders
from tillgate.core import projects as core
from tillgate.core.escrows import Buyer, EscrowStatus
from tillgate.core.parties import SERIES as PARTIES
from tillgate.core.payments import Payment
from tillgate.core.projects import SERIES, Project
from tillgate.core.reasons import Refused
from tillgate.flows import escrow_numbers
from tillgate.flows import projects as flows
from tillgate.flows.gateway import Gateway
from tillgate.flows.numbering import CUSTOMERS
from tillgate.flows.sources import NewCustomer
from tillgate.http.exchange import Reply
from tillgate.http.routing import Route
from tillgate.store.lists import Cursor
from tillgate.surfaces.atarapay import messages, orders, shapes
from tillgate.surfaces.atarapay.calls import Call, Noted, operation, under
from tillgate.surfaces.atarapay.errors import Wrong
from tillgate.surfaces.atarapay.messages import LONGEST_TEXT, Fields

_AT_ONCE: Final = 100

OPEN: Final = 0
COMPLETE: Final = 1
"""The status of a project: whether there is something that is not complete, or can still be paid."""


@operation("POST", "/api/project/createProject")
async def create(call: Call) -> Reply:
    """Begin a project for a buyer."""
    asker = await call.merchant("project_name", "description", "customer_email", "customer_phone")
    name, description = _texts(asker.fields)
    buyer = Buyer(email=asker.fields.email("customer_email"), phone=asker.fields.phone("customer_phone"))
    noted = Noted[Project]()
    customer = NewCustomer(buyer.email, None, buyer.phone)
    await flows.create(call.gateway, asker.caller, None, name, description, buyer, customer, noted)
    (shown,) = await _shown(call.gateway, asker.tenant.id, [noted.made])
    return messages.success("project_created", {name: shown[name] for name in _CREATED})


_CREATED: Final = (
    *("project_name", "description", "started_by", "seller_id", "customer_id", "updated_at", "created_at", "id"),
)
"""What is shown of a new one, in the document's order."""


async def _update(call: Call) -> Reply:
    """Call a project by another name, or describe it in another way."""
    asker = await call.merchant()
    name, description = _texts(asker.fields)
    named, given = call.request.parameters["id"], asker.fields.text("project_id")
    if given and given != named:
        raise Wrong("The selected project_id is invalid.")
    try:
        known = await flows.by_number(call.gateway, asker.caller, orders.number(named))
    except Refused:
        raise Wrong(f"Project with id ({shapes.named(named)}) does not exist", 404) from None
    noted = Noted[Project]()
    await flows.update(
        call.gateway, asker.caller, None, known.id, noted, name=name or None, description=description or None
    )
    (shown,) = await _shown(call.gateway, asker.tenant.id, [noted.made])
    return messages.success("project_updated", shown)


@operation("POST", "/api/project/getExternalProjects")
async def every(call: Call) -> Reply:
    """All projects, newest first, with their orders."""
    asker = await call.merchant()
    found: list[Project] = []
    cursor = Cursor(_AT_ONCE)
    while True:
        page = await flows.page(call.gateway, asker.caller, cursor)
        found += page.records
        if not page.has_more:
            break
        cursor = Cursor(_AT_ONCE, after=page.records[-1].id)
    return messages.success("project_data", await _shown(call.gateway, asker.tenant.id, found))


def _texts(fields: Fields) -> tuple[str, str]:
    return fields.text("project_name"), fields.text("description", LONGEST_TEXT, lines=True)


async def _shown(gateway: Gateway, tenant: str, found: Sequence[Project]) -> list[dict[str, Any]]:
    numbers = await escrow_numbers.of(gateway, tenant, SERIES, [project.id for project in found])
    sellers = await escrow_numbers.of(gateway, tenant, PARTIES, [project.seller or tenant for project in found])
    people = [project.customer for project in found if project.customer]
    customers = await escrow_numbers.of(gateway, tenant, CUSTOMERS, people)
    milestones = {project.id: await flows.orders(gateway, project) for project in found}
    everyone = [payment for each in milestones.values() for payment in each]
    told = await escrow_numbers.of_orders(gateway, tenant, everyone)
    return [
        {
            "id": numbers[project.id],
            "seller_id": sellers[project.seller or tenant],
            "customer_id": customers.get(project.customer or "", 0),
            "project_name": project.name,
            "description": project.description,
            "started_by": project.started_by,
            "status": _status(milestones[project.id]),
            "created_at": shapes.moment(project.created),
            "updated_at": shapes.moment(project.updated),
            "transaction": [shapes.order(payment, told[payment.id]) for payment in milestones[project.id]],
        }
        for project in found
    ]


def _status(milestones: Sequence[Payment]) -> int:
    statuses = [escrow_orders.of(each).status for each in milestones if each.captured or core.may_be_paid(each)]
    return COMPLETE if statuses and set(statuses) == {EscrowStatus.COMPLETED} else OPEN


OPERATIONS: tuple[Route, ...] = (
    create,
    *under(_update, ("PUT", "/api/project/updateProject/{id}"), ("POST", "/api/project/updateProject/{id}")),
    every,
)
