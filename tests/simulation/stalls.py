"""Those who have to do with a bazaar: its sellers, operator and provider, their bank accounts, and its projects."""

from typing import Any

from msgspec import structs

from tillgate.core.escrows import Buyer
from tillgate.core.merchants import DEMO_SHOP
from tillgate.core.parties import Destination, Named, Party, PartyKind
from tillgate.core.projects import Project
from tillgate.flows import parties, projects
from tillgate.flows.gateway import Answer, Caller, Gateway, system
from tillgate.flows.sources import NewCustomer

BUYER = "bisi@example.com"
TAKES = Destination(bank_code="058", number="0123456785", holder="Ada Obi")
REFUSES, RETURNS = (structs.replace(TAKES, number=number) for number in ("0111111139", "0111111146"))
"""Where money arrives, where it does not, and where it comes back from."""


def us() -> Caller:
    """Demo Shop, setting up."""
    return system(DEMO_SHOP, "bazaar")


async def nothing(made: object) -> Answer:
    """What is answered where nobody reads it."""
    return Answer(200, b"")


async def party(gateway: Gateway, kind: PartyKind, account: Destination, phone: str = "", **more: Any) -> Party:
    """Introduce somebody."""
    made: list[Party] = []

    async def render(party: Party) -> Answer:
        made.append(party)
        return Answer(200, b"")

    named = Named(first_name="Ada", last_name="Obi", phone=phone)
    await parties.create(gateway, us(), None, kind, named, account, render, **more)
    return made[-1]


async def project(gateway: Gateway) -> Project:
    """Begin a project."""
    made: list[Project] = []

    async def render(project: Project) -> Answer:
        made.append(project)
        return Answer(200, b"")

    buyer = Buyer(email=BUYER)
    await projects.create(gateway, us(), None, "House", "All of it", buyer, NewCustomer(BUYER), render)
    return made[-1]
