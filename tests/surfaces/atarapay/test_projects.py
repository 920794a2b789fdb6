"""Projects: what the document prints, then every operation, its errors, and whose projects they are."""

import re
from typing import Any

import pytest

from tests.surfaces.atarapay.market import ABSENT, CREATE, FORM, JSON, PARTS, PROJECT, Market, done, error
from tillgate.surfaces.atarapay.errors import INVALID_TOKEN
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


async def test_what_shops_write_is_kept_as_it_is(seller: Market) -> None:
    written = "Ankara\u00a06 yards, \u06a9\u062a\u0627\u0628\u200c\u0647\u0627, \U0001f468\u200d\U0001f469"
    made = done(await seller.ask(CREATE, **{**PROJECT, "project_name": written, "description": f"{written}\r\n\tso"}))
    assert (made["project_name"], made["description"]) == (written, f"{written}\r\n\tso")


def uploaded(token: str, name: str) -> bytes:
    """A body in parts, of which one is a file."""
    parts = [
        f'name="{field}"\r\n\r\n{value}' for field, value in {**PROJECT, "authtoken": token}.items() if field != name
    ]
    parts.append(f'name="{name}"; filename="{name}.txt"\r\nContent-Type: text/plain\r\n\r\n{token}')
    return "".join(f"--aboundary\r\nContent-Disposition: form-data; {part}\r\n" for part in parts).encode() + (
        b"--aboundary--\r\n"
    )


async def test_a_file_is_no_text_and_nobody_minds_one_that_no_field_takes(seller: Market) -> None:
    for name in PROJECT:
        said = error(await seller.send(CREATE, uploaded(seller.token, name), media=PARTS))
        assert said == f"The {name} must be a string."
    assert error(await seller.send(CREATE, uploaded(seller.token, "authtoken"), media=PARTS)) == INVALID_TOKEN
    done(await seller.send(CREATE, uploaded(seller.token, "brochure"), media=PARTS), "project_created")


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
        *(("project_name", f"a{bad}b", "must be printable") for bad in "\x1b\n\x85\u2028\u202e\u2067"),
        ("customer_email", "ada\u200d@example.com", "must be a valid email address"),
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
