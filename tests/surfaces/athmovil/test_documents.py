"""Every example of `ath_movil.txt` that can run is asked as it is printed, with ids that an earlier answer minted."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.surfaces.athmovil.business import BASE, Business, code, done
from tests.surfaces.v1.shop import LOCAL
from tillgate.assembly import Assembly
from tillgate.core.merchants import DEMO_SHOP
from tillgate.sandbox.phone_bank import Choice
from tillgate.surfaces.athmovil.business_keys import PRIVATE_TOKEN, PUBLIC_TOKENS
from tillgate.surfaces.v1.sandbox_keys import SECRET_KEY

pytestmark = pytest.mark.anyio

DOCUMENT = Path(__file__).parents[2] / "documents" / "ath_movil.txt"


def objects() -> Iterator[dict[str, Any]]:
    """Every JSON object that the document prints and that can be read as one."""
    text, place = DOCUMENT.read_text(encoding="utf-8"), 0
    while (start := text.find("{", place)) >= 0:
        try:
            found, place = json.JSONDecoder().raw_decode(text, start)
        except ValueError:
            place = start + 1
            continue
        if found:
            yield found


OBJECTS = list(objects())
ORDERS = [found for found in OBJECTS if "total" in found and "publicToken" in found]
TRANSACTIONS = [found["data"] for found in OBJECTS if "ecommerceStatus" in (found.get("data") or {})]
ERRORS = [found for found in OBJECTS if found.get("status") == "error"]
LOOKS = [found for found in OBJECTS if set(found) == {"ecommerceId", "publicToken"}]
MOVES = [found for found in OBJECTS if set(found) == {"ecommerceId", "phoneNumber"}]
REFUNDS = [found for found in OBJECTS if "referenceNumber" in found and "privateToken" in found]


@pytest.fixture
async def demo(app: Assembly) -> Business:
    """Demo Shop, with the tokens that the document prints."""
    return Business(app, DEMO_SHOP, PUBLIC_TOKENS[0], PRIVATE_TOKEN, SECRET_KEY)


def test_the_document_has_examples_of_everything() -> None:
    assert all((ORDERS, TRANSACTIONS, ERRORS, LOOKS, MOVES, REFUNDS))
    assert LOCAL


async def test_every_order_is_taken_but_those_whose_items_lack_what_they_need(demo: Business) -> None:
    for order in ORDERS:
        answer = await demo.ask(f"{BASE}/payment", order)
        if all({"name", "price"} <= set(item) for item in order["items"]):
            assert set(done(answer)) == {"ecommerceId", "auth_token"}
        else:
            assert code(answer) in ("BTRA_0019", "BTRA_0006")


async def test_every_transaction_shows_no_more_than_ours_do_and_in_the_same_types(demo: Business) -> None:
    ticket = await demo.open()
    opened = await demo.find(ticket)
    await demo.confirm(ticket)
    confirmed = await demo.find(ticket)
    ours = {"OPEN": opened, "CONFIRM": confirmed, "COMPLETED": done(await demo.authorize(ticket))}
    canceled = await demo.open()
    await demo.cancel(canceled)
    ours["CANCEL"] = await demo.find(canceled)
    for printed in TRANSACTIONS:
        mine = ours[printed["ecommerceStatus"]]
        assert set(printed) <= set(mine), set(printed) - set(mine)
        for name, value in printed.items():
            assert _sort(mine[name]) == _sort(value), name
        for item in printed.get("items") or []:
            assert set(item) <= set(mine["items"][0])


def _sort(value: Any) -> type:
    return float if isinstance(value, int | float) and not isinstance(value, bool) else type(value)


async def test_ids_that_another_answer_minted_are_good_in_place_of_those_printed(demo: Business) -> None:
    for look in LOOKS:
        assert code(await demo.ask(f"{BASE}/business/findPayment", look)) in ("BTRA_0031", "BTRA_0401")
        ticket = await demo.open()
        ours = {**look, "ecommerceId": ticket.id}
        assert done(await demo.ask(f"{BASE}/business/findPayment", ours))["ecommerceStatus"] == "OPEN"
        assert done(await demo.ask(f"{BASE}/business/cancel", ours)) == "Payment Cancelled."
    for move in MOVES:
        ticket = await demo.open()
        body = {**move, "ecommerceId": ticket.id}
        path = f"{BASE}/business/updatePhoneNumber"
        assert done(await demo.ask(path, body, ticket.token, "PUT")) == "Update Phone Number"
        assert (await demo.parts.phones.choose(str(move["phoneNumber"]), Choice.CONFIRM)).value == "done"
    for refund in REFUNDS:
        assert code(await demo.ask(f"{BASE}/refund", refund)) == "BTRA_0053"
        paid = await demo.pay()
        ours = {**refund, "referenceNumber": paid["referenceNumber"]}
        made = done(await demo.ask(f"{BASE}/refund", ours))
        assert set(made) == {"refund", "originalTransaction"}
        assert made["refund"]["status"] == "COMPLETED"


async def test_every_error_is_said_as_it_is_printed(demo: Business) -> None:
    said = {
        "BTRA_0001": await demo.ask(f"{BASE}/payment", demo.order(total="0.10")),
        "BTRA_0006": await demo.ask(f"{BASE}/payment", b""),
        "token.invalid.header": await demo.ask(f"{BASE}/authorization", b""),
    }
    for error in ERRORS:
        if error["errorcode"] == "token.expired":
            assert re.fullmatch(r"The Token has expired on \w{3} \w{3} \d\d [\d:]{8} AST \d{4}\.", error["message"])
            continue
        if error["errorcode"] in said:
            assert said[error["errorcode"]].json() == error
    assert {error["errorcode"] for error in ERRORS} >= said.keys()
