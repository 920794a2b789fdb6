"""Every example of `atarapay.txt` is asked as it is printed, with the host replaced."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest

from tests.surfaces.atarapay import page
from tests.surfaces.atarapay.market import (
    BANKS,
    COMMISSION,
    CREATE,
    DELETE,
    FORM,
    OPERATOR,
    ORDER,
    PROJECTS,
    PROVIDER,
    PROVIDERS,
    UPDATE,
    Market,
    done,
    error,
)
from tillgate.surfaces.atarapay.surface import OPERATIONS

pytestmark = pytest.mark.anyio

DOCUMENT = (Path(__file__).parents[2] / "documents" / "atarapay.txt").read_text(encoding="utf-8")

OBJECTS = [json.loads(found) for found in re.findall(r"^\{$.*?^\}$", DOCUMENT, re.MULTILINE | re.DOTALL)]
TABLE = re.findall(r"^([a-z_]+?)Yes[A-Z]", DOCUMENT.replace("authtokenYesThis", "\nauthtokenYesThis"), re.MULTILINE)
URLS = sorted(set(re.findall(r"https?://[a-z-]+\.atarapay\.com(/[\w/]+)", DOCUMENT)))


def programs() -> dict[str, dict[str, str]]:
    """By language, the fields that a sample program sends."""
    names = ("C#", "PHP", "Node Js", "← Overview")
    starts = [DOCUMENT.index(f"\n{name}") for name in names]
    parts = {name: DOCUMENT[start:end] for name, start, end in zip(names, starts, starts[1:], strict=False)}
    (written,) = re.findall(r'"application/x-www-form-urlencoded", "([^"]+)"', parts["C#"])
    return {
        "C#": dict(parse_qsl(written)),
        "PHP": dict(re.findall(r"'(\w+)' => '(__\w+__)'", parts["PHP"])),
        "Node Js": dict(re.findall(r'"(\w+)": "(__\w+__)"', parts["Node Js"])),
    }


HEADINGS = {
    "AtaraPay Docs": "menu",
    "Create Project": "operation",
    "Field nameRequiredDescription": "table",
    "Successfull Response": "answer",
    "Failure Response": "answer",
    "Sample codes": "program",
    "← OverviewUpdate Project →": "site",
}
"""The lines with which the parts of the document begin, and what each is."""

MENU = {
    "site": {
        *("Integration", "API Reference", "Overview", "Get Started", "Ground-up Development", "Framework Development"),
        *("WooCommerce Payment Plugin", "Magento Payment Extension", "Shopify Payment Plugin", "Go Live"),
        *("Marketplace Integration", "Product Features List", "Status Definition"),
    },
    "token": {"Calculation of Auth Token", "Generation of Security Token"},
    "paying": {"Inline Integration", "Standard Integration"},
    CREATE: {"Create Project"},
    UPDATE + "/{id}": {"Update Project"},
    PROJECTS: {"Get Project"},
    PROVIDERS: {"Service Provider API", "Get Service Provider"},
    PROVIDER: {"Create Service Provider"},
    DELETE: {"Delete Service Provider"},
    COMMISSION: {"Update Order Commission (Business Seller)"},
    OPERATOR: {"Update Order Commission (Marketplace Operator)"},
    BANKS: {"Get Bank Details"},
    ORDER: {
        *("Delivery Completed API.", "Seller Cancels Order API", "Buyer Cancels Order API", "Order Status API"),
    },
}
"""What each entry of the menu is about; entries that end in Notification are notifications."""

NOTIFICATIONS = {
    "Delivery Complete": "delivery complete",
    "Buyer Accepts Order": "buyer accepts",
    "Buyer Rejects Order": "buyer rejects",
    "Buyer Cancels Order": "buyer cancels",
    "Buyer Cancels Disputed Order": "buyer cancels disputed",
    "Seller Cancels Order": "seller cancels",
    "Seller Cancels Disputed Order": "seller cancels disputed",
    "Second Delivery Attempt": "second delivery attempt",
}
"""By the menu, how the page calls them."""


def test_every_line_of_the_document_is_in_a_part_that_is_tested() -> None:
    sorts: Counter[str] = Counter()
    sort = ""
    for line in DOCUMENT.splitlines():
        sort = HEADINGS.get(line, sort)
        sorts[sort] += bool(line.strip())
    assert sorts == {"menu": 53, "operation": 4, "table": 6, "answer": 20, "program": 48, "site": 10}


def test_everything_that_the_menu_names_is_there() -> None:
    entries = re.findall(r"^  • (.+)$", DOCUMENT, re.MULTILINE)
    notifications = {entry.removesuffix(" Notification") for entry in entries if entry.endswith(" Notification")}
    assert notifications == set(NOTIFICATIONS)
    assert set(NOTIFICATIONS.values()) == {cells[0] for cells in page.rows(page.section("Notifications"))}
    others = {entry for entry in entries if not entry.endswith("Notification")}
    assert others == set().union(*MENU.values())
    assert {path for path in MENU if path.startswith("/")} <= {route.path for route in OPERATIONS}


def test_everything_that_the_document_prints_is_looked_at() -> None:
    assert URLS == [CREATE]
    assert TABLE == ["authtoken", "project_name", "description", "customer_email", "customer_phone"]
    assert [found["status"] for found in OBJECTS] == ["success", "error"]
    assert DOCUMENT.count("POST") == 4


async def test_the_programs_with_a_token_make_a_project_and_the_one_without_gets_the_error(seller: Market) -> None:
    success, failure = OBJECTS
    for language, fields in programs().items():
        answer = await seller.send(CREATE, urlencode(fields).encode(), "POST", FORM, **{"cache-control": "no-cache"})
        if "authtoken" not in fields:
            assert language == "C#"
            assert answer.json() == failure
        else:
            made = done(answer, success["message"])
            assert _shape(made) == _shape(success["data"])


async def test_each_field_of_the_table_is_required_in_its_order(seller: Market) -> None:
    fields = {**programs()["PHP"], "authtoken": seller.token}
    for place, name in enumerate(TABLE):
        left = {known: fields[known] for known in TABLE[:place]}
        assert error(await seller.send(CREATE, urlencode(left).encode())) == f"The {name} field is required."


def _shape(shown: dict[str, Any]) -> dict[str, str]:
    """Names, in their order, and types; times by their form."""
    return {
        name: "time" if isinstance(value, str) and re.fullmatch(r"[\d-]{10} [\d:]{8}", value) else type(value).__name__
        for name, value in shown.items()
    }
