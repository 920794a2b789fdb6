"""Every example of `ath_movil.txt` that can run is asked as it is printed, with ids that an earlier answer minted."""

import base64
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.surfaces.athmovil.business import BASE, Business, code, done
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


def blocks() -> Iterator[tuple[str, str]]:
    """Every fenced block of the document, those within others too: its language, and what is in it."""
    text, opened = DOCUMENT.read_text(encoding="utf-8"), list[re.Match[str]]()
    for fence in re.finditer(r"```(\w*)", text):
        if fence[1]:
            opened.append(fence)
        else:
            begun = opened.pop()
            yield begun[1], text[begun.end() : fence.start()].strip()
    assert not opened


BLOCKS = list(blocks())


def sort_of(language: str, written: str) -> str:
    """What a block is: a request that can be asked, the shape of an answer or of a part of it, or neither."""
    if language in ("APIDOC", "javascript", "typescript", "text"):
        return {"APIDOC": "section", "javascript": "program", "typescript": "definition", "text": "token"}[language]
    if "/authorization" in written:
        return "authorization"
    found = json.JSONDecoder().raw_decode(written, written.index("{"))[0]
    for sort, of_this_sort in (("order", ORDERS), ("look", LOOKS), ("move", MOVES), ("refund", REFUNDS)):
        if found in of_this_sort:
            return sort
    if found.get("status") in ("success", "error"):
        return "answer"
    return "of a token" if found.keys() & {"kid", "sub"} else "part of an answer"


def test_every_block_of_the_document_is_of_a_sort_that_is_tested() -> None:
    assert len(BLOCKS) == 53 == DOCUMENT.read_text(encoding="utf-8").count("```") // 2
    assert Counter(sort_of(*block) for block in BLOCKS) == {
        "order": 7,
        "look": 5,
        "move": 1,
        "refund": 2,
        "authorization": 3,
        "answer": 16,
        "part of an answer": 2,
        "of a token": 2,
        "token": 1,
        "definition": 4,
        "program": 1,
        "section": 9,
    }


async def test_the_token_that_is_printed_is_a_business(demo: Business) -> None:
    (printed,) = [written for language, written in BLOCKS if language == "text"]
    assert "auth_token" in done(await demo.ask(f"{BASE}/payment", demo.order(publicToken=printed)))


async def test_an_authorization_with_a_placeholder_for_its_token_is_refused_as_one(demo: Business) -> None:
    asked = [written for language, written in BLOCKS if sort_of(language, written) == "authorization"]
    for written in asked:
        (token,) = re.findall(r"Bearer (\S+)", written)
        assert code(await demo.ask(f"{BASE}/authorization", b"", token.strip("\"'"))) == "BTRA_0017"


async def test_tokens_have_the_parts_that_are_printed(demo: Business) -> None:
    printed = [json.loads(written) for language, written in BLOCKS if sort_of(language, written) == "of a token"]
    ours = [_decoded(part) for part in (await demo.open()).token.split(".")[:2]]
    assert [part.keys() for part in printed] == [part.keys() for part in ours]


def _decoded(part: str) -> dict[str, Any]:
    return dict(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))))


@pytest.mark.parametrize(("name", "path"), [("PaymentRequest", "payment"), ("RefundRequest", "refund")])
async def test_what_a_definition_demands_is_demanded_and_nothing_else(demo: Business, name: str, path: str) -> None:
    (defined,) = [written for _, written in BLOCKS if written.startswith(f"interface {name} ")]
    fields = {field: not optional for field, optional in re.findall(r"(\w+)(\??):", defined)}
    paid = await demo.pay()
    refund = {**demo.both, "referenceNumber": paid["referenceNumber"], "amount": "0.01", "message": "x"}
    whole = {**demo.order(env="production"), **(refund if path == "refund" else {})}
    for field, is_demanded in fields.items():
        answer = await demo.ask(f"{BASE}/{path}", {key: value for key, value in whole.items() if key != field})
        # The button fills the number in later.
        if is_demanded and field != "phoneNumber":
            assert code(answer) == "BTRA_0019", field
        else:
            assert answer.status_code == 200, (field, answer.text)


async def test_refunds_show_what_is_printed_and_dates_as_texts(demo: Business) -> None:
    printed = [found["data"] for found in OBJECTS if "originalTransaction" in (found.get("data") or {})]
    paid = await demo.pay()
    ours = done(await demo.refund(paid["referenceNumber"], "1.00"))
    assert len(printed) == 2
    for shown in printed:
        for part in ("refund", "originalTransaction"):
            assert shown[part].keys() == ours[part].keys()
    assert ours["refund"]["date"].isdigit()
    assert ours["originalTransaction"]["date"].isdigit()


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
