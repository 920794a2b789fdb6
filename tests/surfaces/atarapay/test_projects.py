"""Projects: what the document prints, then every operation, its errors, and whose projects they are."""

import asyncio
import re
from typing import Any

import pytest

from tests.surfaces.atarapay import market
from tests.surfaces.atarapay.market import ABSENT, CREATE, FORM, JSON, PARTS, PROJECTS, UPDATE, Market, done, error
from tillgate.core.escrows import Move, Side
from tillgate.flows import projects
from tillgate.surfaces.atarapay.sandbox_keys import PLACEHOLDER

pytestmark = pytest.mark.anyio

PROJECT = {
    "project_name": "Escrow payment",
    "description": "This project provides details on escrow payment creation.",
    "customer_email": "ada@example.com",
    "customer_phone": "08030000001",
}
FIELDS = ("authtoken", *PROJECT)
PLACEHOLDERS = {
    "project_name": "__project_name__",
    "description": "__project_description__",
    "customer_email": "__customer_email__",
    "customer_phone": "__customer_phone__",
}
MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}")


async def test_the_document_s_programs_make_a_project(seller: Market) -> None:
    sent = "&".join(f"{name}={value}" for name, value in PLACEHOLDERS.items())
    headers = {"cache-control": "no-cache"}
    assert error(await seller.send(CREATE, sent.encode(), **headers)) == "The authtoken field is required."
    made = done(await seller.send(CREATE, f"{sent}&authtoken={PLACEHOLDER}".encode(), **headers), "project_created")
    assert made["project_name"] == "__project_name__"


@pytest.mark.parametrize("media", [FORM, PARTS, JSON])
async def test_a_project_is_made_and_shown_as_it_is_printed(seller: Market, media: str) -> None:
    answer = await seller.ask(CREATE, media=media, **PROJECT)
    made = done(answer, "project_created")
    assert list(made) == [
        *("project_name", "description", "started_by", "seller_id", "customer_id", "updated_at", "created_at", "id"),
    ]
    assert (made["project_name"], made["description"]) == (PROJECT["project_name"], PROJECT["description"])
    assert made["started_by"] is None
    assert all(type(made[name]) is int for name in ("seller_id", "customer_id", "id"))
    assert all(MOMENT.fullmatch(made[name]) for name in ("updated_at", "created_at"))


@pytest.mark.parametrize("missing", range(len(FIELDS)))
async def test_the_first_field_that_is_missing_is_named(seller: Market, missing: int) -> None:
    for nothing in (ABSENT, "", "  "):
        asked = {**PROJECT, **dict.fromkeys(FIELDS[missing:], nothing)}
        assert error(await seller.ask(CREATE, **asked)) == f"The {FIELDS[missing]} field is required."


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("project_name", ["x"], "must be a string"),
        ("project_name", {"a": 1}, "must be a string"),
        ("project_name", True, "must be a string"),
        ("project_name", "x" * 256, "may not be greater than 255 characters"),
        ("project_name", "a\x1bb", "must be printable"),
        ("description", "x" * 4_001, "may not be greater than 4000 characters"),
        ("customer_email", "ada", "must be a valid email address"),
        ("customer_email", 7, "must be a valid email address"),
        ("customer_phone", "call me", "must be a valid phone number"),
        ("customer_phone", "9" * 40, "must be a valid phone number"),
    ],
)
async def test_what_is_wrong_is_said_of_its_field(seller: Market, field: str, value: Any, said: str) -> None:
    answer = await seller.ask(CREATE, media=JSON, **{**PROJECT, field: value})
    assert error(answer) == f"The {field} {said}."


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
