"""What is kept of projects, providers, keys and orders, on either database, and at once."""

import asyncio

import pytest

from tests.surfaces.atarapay import market
from tests.surfaces.atarapay.market import (
    BANKS,
    COMMISSION,
    CREATE,
    DELETE,
    ORDER,
    PROJECT,
    PROJECTS,
    PROVIDERS,
    UNKNOWN_PROVIDER,
    UPDATE,
    Market,
    done,
    error,
)
from tillgate.core import credentials as core
from tillgate.core.credentials import CredentialKind
from tillgate.core.escrows import EscrowStatus, Move, Part, Side
from tillgate.flows import credentials, projects
from tillgate.surfaces.atarapay import authtokens
from tillgate.surfaces.atarapay.errors import INVALID_TOKEN

pytestmark = pytest.mark.anyio


async def test_a_pair_is_rolled_and_revoked_like_any_key(anyones: Market) -> None:
    gateway, tenant = anyones.parts.gateway, anyones.tenant
    pair = await credentials.of_secret(gateway, anyones.pair)
    assert (pair.kind, pair.public) == (CredentialKind.ESCROW_KEYS, anyones.public)
    assert core.halves(anyones.pair)[1] not in repr(pair)
    rolled = Market(
        anyones.parts, tenant, await credentials.roll(gateway, tenant, pair, 0, "r" * 43), anyones.v1.key or ""
    )
    done(await rolled.ask(BANKS))
    await credentials.revoke(gateway, await credentials.of_secret(gateway, rolled.pair))
    for market_ in (anyones, rolled):
        assert error(await market_.ask(BANKS)) == INVALID_TOKEN, "at once"


async def test_a_sandbox_is_given_a_pair_of_its_own(anyones: Market) -> None:
    made = (await anyones.v1.post("/sandbox/merchants", {})).json()
    pair = f"{made['escrow_public_key']}:{made['escrow_private_key']}"
    done(await anyones.ask(BANKS, authtoken=authtokens.of_pair(pair)))
    assert made["escrow_public_key"] not in (await anyones.v1.get(f"/sandbox/merchants/{made['id']}")).text


async def test_a_project_is_called_by_another_name_by_either_verb(anyones: Market) -> None:
    made = done(await anyones.ask(CREATE, **PROJECT))
    for method, name in (("PUT", "Roof"), ("POST", "Walls")):
        changed = done(await anyones.ask(f"{UPDATE}/{made['id']}", method, project_name=name), "project_updated")
        assert list(changed) == [
            *("id", "seller_id", "customer_id", "project_name", "description", "started_by", "status"),
            *("created_at", "updated_at", "transaction"),
        ]
        assert (changed["id"], changed["project_name"], changed["description"]) == (
            *(made["id"], name),
            PROJECT["description"],
        )
        assert (changed["status"], changed["transaction"]) == (0, [])
    described = done(await anyones.ask(f"{UPDATE}/{made['id']}", project_id=made["id"], description="Tiles"))
    assert (described["project_name"], described["description"]) == ("Walls", "Tiles")


async def test_a_project_that_is_not_there_cannot_be_changed(anyones: Market) -> None:
    other = await market.opened(anyones.parts)
    made = done(await anyones.ask(CREATE, **PROJECT))
    for id in (made["id"] + 1, made["id"]):
        asked = anyones if id != made["id"] else other
        assert error(await asked.ask(f"{UPDATE}/{id}", project_name="x")) == f"Project with id ({id}) does not exist"
    for id in ("0", "-1", "abc", "9" * 30, "1.0"):
        assert error(await anyones.ask(f"{UPDATE}/{id}", project_name="x")).startswith("Project with id (")
    mismatch = await anyones.ask(f"{UPDATE}/{made['id']}", project_id=made["id"] + 1)
    assert error(mismatch) == "The selected project_id is invalid."
    assert done(await other.ask(PROJECTS), "project_data") == []


async def test_projects_are_numbered_for_each_merchant_and_buyers_are_known_again(anyones: Market) -> None:
    made = [done(await anyones.ask(CREATE, **PROJECT)) for _ in range(3)]
    assert [each["id"] for each in made] == [1, 2, 3]
    assert len({each["customer_id"] for each in made}) == 1
    other = done(await anyones.ask(CREATE, **{**PROJECT, "customer_email": "bisi@example.com"}))
    assert other["customer_id"] == made[0]["customer_id"] + 1
    shouted = done(await anyones.ask(CREATE, **{**PROJECT, "customer_email": "ADA@example.com"}))
    assert shouted["customer_id"] == made[0]["customer_id"]


async def test_of_projects_made_at_once_each_has_a_number_of_its_own(anyones: Market) -> None:
    made = await asyncio.gather(*[anyones.ask(CREATE, **PROJECT) for _ in range(16)])
    assert sorted(done(each)["id"] for each in made) == list(range(1, 17))
    assert len({done(each)["customer_id"] for each in made}) == 1


async def test_a_project_shows_its_orders_one_after_the_other(anyones: Market) -> None:
    made = done(await anyones.ask(CREATE, **PROJECT))
    project = await projects.by_number(anyones.parts.gateway, anyones.caller, made["id"])
    first = await anyones.buys(project=project.id)
    await anyones.moves(first, Move.DELIVER, Side.SELLER)
    await anyones.moves(first, Move.ACCEPT, Side.BUYER)
    (shown,) = done(await anyones.ask(PROJECTS))
    assert [each["id"] for each in shown["transaction"]] == [first]
    assert shown["transaction"][0]["project_id"] == made["id"]
    assert shown["transaction"][0]["customer_id"] == made["customer_id"]
    assert shown["status"] == 0
    await anyones.let_time_work()
    (shown,) = done(await anyones.ask(PROJECTS))
    assert shown["transaction"][0]["status"]["title"] == "Complete"
    assert shown["status"] == 1


async def test_service_providers_are_listed_and_deleted_by_either_verb(anyones: Market) -> None:
    await anyones.bank_account()
    made = [await anyones.provider(firstname=name) for name in ("Ada", "Bisi", "Chidi")]
    assert done(await anyones.ask(PROVIDERS), "Service providers") == made[::-1]
    left = done(await anyones.ask(DELETE, sp_id=made[1]["id"]), "Service Provider Deleted successfully")
    assert left == [made[2], made[0]]
    assert done(await anyones.ask(DELETE, "DELETE", sp_id=made[2]["id"])) == [made[0]]
    other = await market.opened(anyones.parts)
    for id in (made[1]["id"], 77, "abc"):
        assert error(await anyones.ask(DELETE, sp_id=id)) == UNKNOWN_PROVIDER.format(id if id != "abc" else "…")
    assert error(await other.ask(DELETE, sp_id=made[0]["id"])) == UNKNOWN_PROVIDER.format(made[0]["id"])
    assert done(await other.ask(PROVIDERS)) == []
    assert error(await anyones.ask(DELETE)) == "The sp_id field is required."


async def test_a_provider_is_paid_their_share_and_it_costs_fifty_naira(anyones: Market) -> None:
    await anyones.bank_account()
    provider, order = await anyones.provider(), await anyones.buys()
    done(await anyones.ask(COMMISSION, commisson="10", sp_id=provider["id"], order_id=order))
    await anyones.moves(order, Move.DELIVER, Side.SELLER)
    await anyones.moves(order, Move.ACCEPT, Side.BUYER)
    await anyones.let_time_work()
    payment = await anyones.payment(order)
    assert payment.escrow is not None
    shares = {share.part: share.money.amount for share in payment.escrow.shares}
    assert shares == {
        Part.ESCROW_FEE: 500_00,
        Part.PROVIDER: 1_250_00,
        Part.PROVIDER_FEE: 50_00,
        Part.SELLER: 12_500_00 - 500_00 - 1_250_00 - 50_00,
    }
    again = await anyones.ask(COMMISSION, commisson="20", sp_id=provider["id"], order_id=order)
    assert error(again) == "Invalid request to Process, Order has been already Processed"


async def test_a_buyer_pays_on_the_page_and_goes_back_with_product_and_order(anyones: Market) -> None:
    answer = await anyones.posts(callback_url="https://shop.example/thanks?lang=en#top")
    assert answer.status_code == 303
    page = await anyones.http.get(answer.headers["location"], headers={"accept": "text/html"})
    assert (page.status_code, "Ankara" in page.text) == (200, True)
    payment = await anyones.pays(answer)
    assert payment.escrow is not None
    assert payment.escrow.status is EscrowStatus.PENDING
    number = await anyones.number_of(payment)
    assert payment.checkout is not None
    assert payment.checkout.redirect_url == f"https://shop.example/thanks?lang=en&product=1001&order={number}#top"
    shown = done(await anyones.ask(ORDER, status="order", order=number))
    assert (shown["product_id"], shown["status"]["title"], shown["amount_payed"]) == ("1001", "Pending", 1_250_000)
    assert (shown["started_by"], shown["type"], shown["buyer_email"]) == ("buyer", 1, "ada@example.com")
    assert shown["callback_url"] == "https://shop.example/thanks?lang=en#top"
    assert shown["delivery_date"].endswith(" 00:00:00")


async def test_a_milestone_is_added_by_its_buyer_when_the_one_before_is_complete(anyones: Market) -> None:
    fields = {"project_name": "House", "description": "Of stone", "customer_email": "ADA@example.com"}
    project = done(await anyones.ask(CREATE, **fields, customer_phone="08030000001"))["id"]
    other = await market.opened(anyones.parts)
    assert error(await other.posts(project_id=project)) == f"Project with id ({project}) does not exist"
    stranger = await anyones.posts(project_id=project, email="bisi@example.com")
    assert error(stranger) == "Only the buyer of the project adds milestones to it."
    first = await anyones.number_of(await anyones.pays(await anyones.posts(project_id=project)))
    assert error(await anyones.posts(project_id=project)) == "The milestone before this one is not complete."
    done(await anyones.ask(ORDER, status="cancelled", order=first))
    await anyones.let_time_work()
    assert (await anyones.posts(project_id=project)).status_code == 303
