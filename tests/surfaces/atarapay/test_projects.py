"""Projects: what the document prints, then every operation, its errors, and whose projects they are."""

import re
from typing import Any

import pytest

from tests.surfaces.atarapay.market import ABSENT, CREATE, FORM, JSON, PARTS, PROJECT, Market, done, error
from tillgate.surfaces.atarapay.sandbox_keys import PLACEHOLDER

pytestmark = pytest.mark.anyio

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
