"""Projects and parties under /v1: an order opened whole, with whoever shares it, as a milestone of a project."""

from typing import Any

from tests.surfaces.v1 import shop
from tests.surfaces.v1.books import Books
from tests.surfaces.v1.story_of_escrow_orders import ready
from tests.surfaces.v1.test_escrow_moves import does
from tests.surfaces.v1.test_escrow_orders import ORDER, opened, paid, shown
from tillgate.core.instants import DAY
from tillgate.core.parties import Destination, Named, Party, PartyKind
from tillgate.flows import parties
from tillgate.flows.gateway import Answer, Caller
from tillgate.store import audit


async def seller(books: Books, *, is_associated: bool) -> str:
    made: list[str] = []

    async def render(party: Party) -> Answer:
        made.append(party.id)
        return Answer(200, b"")

    caller = Caller(await books.tenant(), "key_test", "v1", "req_test")
    account = Destination(bank_code="044", number="0123456784", holder="Bisi Ade")
    named, gateway = Named(first_name="Bisi", phone="0803000002"), books.parts.gateway
    await parties.create(gateway, caller, None, PartyKind.SELLER, named, account, render, is_associated=is_associated)
    return made[0]


async def test_an_order_is_opened_with_whoever_shares_it_as_a_milestone(books: Books) -> None:
    there, sells = await ready(books.client), await seller(books, is_associated=True)
    shared: dict[str, Any] = {
        **{
            "seller": sells,
            "operator_basis_points": 700,
            "provider": there["provider"],
            "provider_basis_points": 1_000,
        },
        "project": there["project"],
    }
    first = await paid(books, **shared)
    assert {name: first[name] for name in shared} == shared
    early = await books.client.post("/escrow_orders", {**ORDER, **shared})
    shop.error(early, 400, "invalid_request_error", "milestone_open", "project")
    first = await does(books, first, "deliver", "buyer accept")
    assert [step["by"] for step in first["history"]] == ["operator", "buyer"]
    await books.passes(DAY)
    first = await shown(books, first["id"], "?expand[]=project")
    amounts = {share["part"]: (share["amount"], share["party"]) for share in first["shares"]}
    assert (amounts["provider"], amounts["operator"]) == ((10_000, there["provider"]), (7_000, None))
    assert amounts["seller"][1] == sells
    second = await opened(books, **shared)
    project = (await books.client.get(f"/projects/{there['project']}")).json()
    assert project["orders"] == [first["id"], second["id"]]
    (total,) = project["totals"]
    assert (total["held"], total["released"], total["refunded"]) == (0, first["amount"], 0)
    assert first["project"]["totals"] == project["totals"]
    assert [one["id"] for one in await books.client.listed("/projects")] == [project["id"]]
    listed = [await books.client.listed(f"/parties{query}") for query in ("", "?kind=provider", "?kind=operator")]
    assert [[one["id"] for one in page] for page in listed] == [[sells], [there["provider"]], []]
    assert (await books.client.get(f"/parties/{sells}")).json() == listed[0][0]
    assert "0123456784" not in str(listed)
    assert (await audit.audit(*books.place)).differences == []


async def test_who_cannot_have_a_share_is_named(books: Books) -> None:
    there, alone = await ready(books.client), await seller(books, is_associated=False)
    for given, status, code, param in (
        ({"seller": "pty_x"}, 404, "resource_missing", "seller"),
        ({"seller": there["provider"]}, 404, "resource_missing", "seller"),
        ({"provider": "pty_x"}, 404, "resource_missing", "provider"),
        ({"project": "prj_x"}, 404, "resource_missing", "project"),
        ({"seller": alone, "operator_basis_points": 1}, 400, "seller_not_associated", "seller"),
        ({"operator_basis_points": 1}, 400, "parameter_missing", "seller"),
        ({"provider_basis_points": 1}, 400, "parameter_missing", "provider"),
        (
            {"provider": there["provider"], "provider_basis_points": 10_001},
            400,
            "parameter_invalid",
            "provider_basis_points",
        ),
    ):
        answer = await books.client.post("/escrow_orders", {**ORDER, **given})
        shop.error(answer, status, "invalid_request_error", code, param)
