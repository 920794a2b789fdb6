"""The part of the story that is about escrow orders."""

from collections.abc import Iterator
from typing import Any

from tests import waiting
from tests.surfaces.v1 import pictures, shop
from tests.surfaces.v1.shop import Client
from tests.surfaces.v1.steps import Step
from tillgate.core.escrows import Buyer, Move
from tillgate.core.parties import Destination, Named, Party, PartyKind
from tillgate.core.projects import Project
from tillgate.flows import escrow_orders, order_answers, parties, photographs, projects
from tillgate.flows.gateway import Answer, Caller
from tillgate.flows.order_answers import Seen

ORDER: dict[str, Any] = {
    "price": 2_500_000,
    "currency": "ngn",
    "product": {"id": "42", "name": "Standing lamp", "quantity": 1},
    "delivery": {
        # The story is told at any time: it is far off.
        "promised_by": 4_070_908_800,
        "location": "12 Marina Road",
        "city": "Lagos",
        "country": "NG",
    },
    "buyer": {"email": "bisi@example.com", "phone": "+2348012345678", "first_name": "Bisi", "last_name": "Ade"},
}


def _paid(name: str, *, told: bool = False) -> Iterator[Step]:
    yield Step("createEscrowOrder", ORDER, name=name, told=told)
    yield Step("confirmPaymentIntent", {"payment_method": "pm_card_visa"}, id=f"@{name}.payment_intent", told=False)


def _delivered(name: str) -> Iterator[Step]:
    yield from _paid(name)
    yield Step("deliverEscrowOrder", {}, id=f"@{name}", told=False)


def _rejected(name: str) -> Iterator[Step]:
    yield from _delivered(name)
    yield Step("rejectTestEscrowOrder", {"comment": "It is broken."}, id=f"@{name}", told=False)


async def _rejects(client: Client, order: str) -> None:
    """On the order's page, by the link that was mailed."""
    _, tenant = await client.parts.directory.identify(client.key or "", on_this_machine=True)
    caller = Caller(tenant, "buyer", "pages", "")
    payment = await escrow_orders.fetch(client.parts.gateway, caller, f"pay_{order.removeprefix('eo_')}")
    picture = await photographs.drawn(pictures.photograph())
    seen = Seen(step=1, back=0)
    await order_answers.give(client.parts.gateway, caller, payment, Move.REJECT, seen, "The shade is torn.", [picture])


def _moves() -> Iterator[Step]:
    yield from _paid("kept")
    yield Step("deliverEscrowOrder", {"comment": "Left with the porter."}, id="@kept")
    yield Step("acceptTestEscrowOrder", {"comment": "As described."}, id="@kept")
    yield from _paid("given_up_by_seller")
    yield Step("cancelEscrowOrder", {"comment": "Out of stock."}, id="@given_up_by_seller")
    yield from _paid("given_up_by_buyer")
    yield Step("cancelTestEscrowOrder", {"comment": "Changed my mind."}, id="@given_up_by_buyer")
    yield from _delivered("broken")
    yield Step("rejectTestEscrowOrder", {"comment": "It is broken."}, id="@broken")
    yield Step("confirmEscrowOrder", {"comment": "It came back whole."}, id="@broken")
    yield from _delivered("scratched")
    yield Step("redeliverTestEscrowOrder", {"comment": "Another one, please."}, id="@scratched")
    yield from _delivered("shown")
    yield from _rejected("worn")
    yield Step("contestEscrowOrder", {"comment": "It came back worn."}, id="@worn")
    yield Step("listEscrowOrderEvidence", id="@shown", name="evidence", meanwhile=_rejects)
    yield Step("getEscrowOrderEvidence", id="@shown")
    yield Step("disputeEscrowOrder", {}, id="@worn")
    yield Step("resumeTestEscrowOrder", {"comment": "Look at it together."}, id="@worn")
    yield Step("disputeEscrowOrder", {}, id="@worn", told=False)
    yield Step("withdrawEscrowOrder", {"comment": "They are right."}, id="@worn")
    yield from _delivered("late")
    yield Step("disputeTestEscrowOrder", {"comment": "It is not what I have bought."}, id="@late")
    yield Step("awardTestEscrowOrder", {"amount": 1_000_000, "comment": "Both are right."}, id="@late")
    yield from _delivered("misunderstood")
    yield Step("disputeTestEscrowOrder", {}, id="@misunderstood", told=False)
    yield Step("resumeEscrowOrder", {"comment": "Talk to each other first."}, id="@misunderstood")
    yield Step("disputeTestEscrowOrder", {}, id="@misunderstood", told=False)
    yield Step("awardEscrowOrder", {"amount": 1_500_000, "comment": "Most of it is as described."}, id="@misunderstood")
    yield from _delivered("in_doubt")
    yield Step("disputeTestEscrowOrder", {}, id="@in_doubt", told=False)
    yield Step("withdrawTestEscrowOrder", {"comment": "I was wrong."}, id="@in_doubt")


ESCROW_ORDERS = (
    *_paid("order", told=True),
    Step("getEscrowOrder", id="@order"),
    Step("listEscrowOrderCalendar", id="@order"),
    Step("listEscrowOrders", query="?limit=2&status=pending"),
)

ESCROW_SETTINGS = (
    Step(
        "updateEscrowSettings",
        {
            "callback_url": "https://shop.example.com/orders",
            "exchange_rates": {"USDNGN": "1550.25"},
            "days": {"response": 5},
        },
    ),
    Step("getEscrowSettings"),
)

PARTIES_AND_PROJECTS = (
    Step("listParties", query="?limit=2&kind=provider"),
    Step("getParty", id="@provider"),
    Step("listProjects", query="?limit=2"),
    Step("getProject", id="@project"),
)


async def ready(client: Client) -> dict[str, Any]:
    """What the story finds there: a service provider and a project, which other APIs add."""
    _, tenant = await client.parts.directory.identify(client.key or "", on_this_machine=True)
    gateway, caller, made = client.parts.gateway, Caller(tenant, "key_test", "v1", "req_test"), dict[str, Any]()

    async def met(party: Party) -> Answer:
        made["provider"] = party.id
        return Answer(200, b"")

    async def begun(project: Project) -> Answer:
        made["project"] = project.id
        return Answer(200, b"")

    named = Named(first_name="Ada", last_name="Obi", email="ada@example.com", phone="+2348012345679")
    account = Destination(bank_code="058", number="0123456785", holder="Ada Obi")
    await parties.create(gateway, caller, None, PartyKind.PROVIDER, named, account, met)
    buyer = Buyer(email="bisi@example.com", first_name="Bisi", last_name="Ade")
    await projects.create(gateway, caller, None, "House", "From the ground up", buyer, None, begun)
    return made


ESCROW_MOVES = tuple(_moves())
"""What comes last: money that is decided on gets to whose it is by itself, while other things are listed."""


async def settled(client: Client) -> None:
    """Once the money of every order that is decided is with whose it is."""

    async def are_completed() -> bool:
        await shop.catch_up(client.parts)
        orders = await client.listed("/escrow_orders?limit=100")
        return all(order["status"] == "completed" for order in orders if order["seller_keeps"])

    await waiting.eventually(are_completed, "orders that are decided")
