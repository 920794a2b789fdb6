"""Projects: escrow orders in sequence."""

from tillgate.core import escrow_orders, payment_intents, projects
from tillgate.core.decisions import Decision
from tillgate.core.escrows import Buyer, EscrowStatus
from tillgate.core.occasions import Occasion
from tillgate.core.payments import Payment
from tillgate.core.projects import Project, Totals
from tillgate.flows import changes, numbering, payments, records, sources
from tillgate.flows.gateway import Answer, Caller, Gateway
from tillgate.flows.idempotency import Key
from tillgate.flows.sources import NewCustomer
from tillgate.store import find, lists, numbers
from tillgate.store.lists import Cursor, Page


async def create(
    gateway: Gateway,
    caller: Caller,
    key: Key | None,
    name: str,
    description: str,
    buyer: Buyer,
    customer: str | NewCustomer | None,
    render: changes.Render[Project],
    *,
    seller: str | None = None,
) -> Answer:
    """Begin a project for a buyer."""

    async def decide(occasion: Occasion) -> tuple[Project, Decision]:
        known, introduction = await sources.customer(gateway, caller, occasion, customer)
        id = known.id if known else None
        project, decision = projects.create(
            caller.tenant.id, name, description, buyer, occasion, customer=id, seller=seller
        )
        decision = introduction.merged(decision)
        for series, subject in ((numbering.MERCHANTS, caller.tenant.id), (numbering.CUSTOMERS, id)):
            if subject is not None:
                decision = decision.merged(await numbering.numbered(gateway, caller.tenant.id, series, subject))
        return project, decision

    return await changes.make(gateway, caller, key, decide, render, lambda project: project.customer)


async def update(
    gateway: Gateway,
    caller: Caller,
    key: Key | None,
    project_id: str,
    render: changes.Render[Project],
    *,
    name: str | None = None,
    description: str | None = None,
) -> Answer:
    """Call a project by another name, or describe it in another way. Raises Refused(NOT_FOUND)."""

    async def decide(occasion: Occasion) -> tuple[Project, Decision]:
        project = await fetch(gateway, caller, project_id)
        changed = projects.update(project, occasion, name=name, description=description)
        return changed, Decision(save=(changed,)) if changed is not project else Decision()

    return await changes.make(gateway, caller, key, decide, render, lambda project: project.customer)


async def with_order(
    gateway: Gateway, caller: Caller, project_id: str, payment: Payment, occasion: Occasion
) -> Decision:
    """What is written beside a milestone: the project with it. One before it that waits to be paid is given up.

    Raises Refused(NOT_FOUND, MILESTONE_OPEN, IN_PROGRESS).
    """
    project = await fetch(gateway, caller, project_id)
    last = await payments.fetch(gateway, caller, project.orders[-1]) if project.orders else None
    decision = Decision()
    is_unpaid = last is not None and escrow_orders.of(last).status is EscrowStatus.UNPAID
    if last is not None and is_unpaid and last.intent is not None and not last.canceled:
        last, decision = payment_intents.cancel(last, None, occasion)
    return decision.also(projects.with_order(project, last, payment, occasion))


async def fetch(gateway: Gateway, caller: Caller, project_id: str) -> Project:
    """A merchant's project. Raises Refused(NOT_FOUND)."""
    return await records.fetch(gateway, caller, Project, project_id, "project")


async def by_number(gateway: Gateway, caller: Caller, number: int) -> Project:
    """The project with a whole number. Raises Refused(NOT_FOUND)."""
    id = await numbers.subject(gateway.store, caller.tenant.id, projects.SERIES, number)
    return await fetch(gateway, caller, id or "")


async def page(gateway: Gateway, caller: Caller, cursor: Cursor) -> Page[Project]:
    """A merchant's projects, newest first."""
    return await lists.page(gateway.store, Project, caller.tenant.id, cursor)


async def orders(gateway: Gateway, project: Project) -> list[Payment]:
    """The milestones of a project, the first one first."""
    found = await find.every(gateway.store, Payment, project.tenant, project.orders)
    return [found[id] for id in project.orders if id in found]


async def totals(gateway: Gateway, project: Project) -> dict[str, Totals]:
    """What the orders of a project have come to, by currency."""
    return projects.totals(await orders(gateway, project))
