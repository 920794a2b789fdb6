"""Search finds what fits a query, page by page, whatever way it takes."""

import json
from typing import Any
from urllib.parse import quote

import pytest

from tests.surfaces.v1 import shop
from tests.surfaces.v1.shop import CARD, Client
from tillgate.assembly import Assembly
from tillgate.flows import search as flows

pytestmark = pytest.mark.anyio

DECLINED = {**CARD, "number": "4000000000000002"}


@pytest.fixture(scope="module")
async def stocked(either: Assembly) -> tuple[Client, dict[str, str]]:
    """A merchant with customers and payments, by names of the test's own."""
    client = await shop.merchant(either)
    made: dict[str, str] = {}
    for name, given in {
        "ann": {"email": "Ann.Smith@example.com", "name": "Ann Smith", "metadata": {"tier": "gold"}},
        "bob": {"email": "bob@example.com", "name": "Robert Smithson", "phone": "+1 555 0100"},
        "eve": {"name": "Eve", "description": "Smith's neighbor"},
    }.items():
        made[name] = (await client.post("/customers", given)).json()["id"]
    for name, given in {
        "tea": {"amount": 1_000, "description": "Tea for Ann", "metadata": {"order": "it's 1"}},
        "cake": {"amount": 2_000, "customer": made["ann"], "metadata": {"order": "2"}},
        "declined": {"amount": 3_000, "card": DECLINED, "customer": made["bob"]},
        "held": {"amount": 4_000, "capture_method": "manual", "currency": "eur", "description": "Cake"},
    }.items():
        answer = (await client.post("/payments", {**shop.PAYMENT, **given})).json()
        made[name] = (answer["error"]["payment"] if "error" in answer else answer)["id"]
    return client, made


async def found(client: Client, path: str, query: str, **more: Any) -> list[str]:
    """The ids on all pages of one each, and on one page of all, which must be the same."""
    url = f"/{path}?query={quote(query)}" + "".join(f"&{name}={value}" for name, value in more.items())
    answer = await client.get(url)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body.keys() == {"object", "url", "has_more", "next_page", "data"}
    assert (body["object"], body["url"], body["has_more"], body["next_page"]) == (
        *("search_result", f"/v1/{path}", False, None),
    )
    whole = [each["id"] for each in body["data"]]
    pages: list[str] = []
    page = ""
    for _ in range(20):
        one = (await client.get(f"{url}&limit=1{page}")).json()
        pages += [each["id"] for each in one["data"]]
        assert one["has_more"] is (one["next_page"] is not None)
        if not one["has_more"]:
            break
        page = f"&page={one['next_page']}"
    assert pages == whole
    return whole


PAYMENTS = {
    "status:'succeeded'": "cake tea",
    "status:'succeeded' AND amount>1000": "cake",
    "-status:'succeeded'": "held declined",
    "NOT status:'succeeded' -status:'failed'": "held",
    "status:'failed' OR amount<2000": "declined tea",
    "amount>=2000 AND amount<=3000": "declined cake",
    "amount:2000 OR amount:2000 OR currency:'USD'": "declined cake tea",
    "currency:'eur'": "held",
    "-currency:'eur' amount>1000": "declined cake",
    "customer:'{ann}'": "cake",
    "email:'ann.smith@example.com'": "cake",
    "name~'smith'": "declined cake",
    r"metadata['order']:'it\'s 1'": "tea",
    "metadata['order']:'2' AND status:'succeeded'": "cake",
    "-metadata['order']:'2'": "held declined tea",
    "metadata['order']~'T\\'S'": "tea",
    "last4:'4242' AND status:'authorized'": "held",
    "brand:'visa' AND disputed:'false' AND refunded:'false'": "held declined cake tea",
    "description~'cake'": "held",
    "created>1 AND created<99999999999": "held declined cake tea",
    "created<1": "",
    "status:'nice'": "",
    "id:'{tea}'": "tea",
    "ann": "cake tea",
    "ann smith": "cake",
    "smith": "declined cake",
    "ann.smith@example.com": "cake",
    "cake": "held",
    "4242": "held cake tea",
    "0002": "declined",
    "smith 0002": "declined",
    "{tea}": "tea",
    "nobody": "",
    "%_": "",
}


@pytest.mark.parametrize("query", PAYMENTS)
async def test_payments_are_found(stocked: tuple[Client, dict[str, str]], query: str) -> None:
    client, made = stocked
    asked = query.format(**made) if "{" in query else query
    wanted = [made[name] for name in PAYMENTS[query].split()]
    assert await found(client, "payments/search", asked) == wanted
    assert await found(client, "search", asked) == wanted


CUSTOMERS = {
    "email:'ann.smith@example.com'": "ann",
    "email~'example'": "bob ann",
    "name:'Ann Smith'": "ann",
    "name:'ann'": "",
    "name~'smith'": "bob ann",
    "phone~'0100'": "bob",
    "metadata['tier']:'gold'": "ann",
    "-email~'example'": "eve",
    "description:'smith\\'s neighbor'": "eve",
    "smith": "eve bob ann",
    "smith ann": "ann",
    "smithson": "bob",
    "0100": "bob",
    "ann.smith@example.com": "ann",
    "{eve}": "eve",
    "son": "",
}


@pytest.mark.parametrize("query", CUSTOMERS)
async def test_customers_are_found(stocked: tuple[Client, dict[str, str]], query: str) -> None:
    client, made = stocked
    asked = query.format(**made) if "{" in query else query
    wanted = [made[name] for name in CUSTOMERS[query].split()]
    assert await found(client, "customers/search", asked) == wanted
    assert await found(client, "search", asked, type="customers") == wanted


async def test_intents_are_found_by_statuses_of_their_own(stocked: tuple[Client, dict[str, str]]) -> None:
    client, made = stocked
    for status, name in (("requires_capture", "held"), ("requires_payment_method", "declined")):
        ids = await found(client, "payment_intents/search", f"status:'{status}'")
        assert ids == ["pi_" + made[name].removeprefix("pay_")]


CHARGES = {
    "status:'succeeded'": "held cake tea",
    "-status:'succeeded'": "declined",
    "status:'pending'": "",
    "amount>=2000 AND customer:'{ann}'": "cake",
    "smith": "declined cake",
    "{tea}": "tea",
}


@pytest.mark.parametrize("query", CHARGES)
async def test_charges_are_found_but_no_drafts(stocked: tuple[Client, dict[str, str]], query: str) -> None:
    client, made = stocked
    await client.post("/payment_intents", {"amount": 2_000, "currency": "usd", "customer": made["ann"]})
    wanted = ["ch_" + made[name].removeprefix("pay_") for name in CHARGES[query].split()]
    asked = query.format(**made) if "{" in query else query
    assert await found(client, "charges/search", asked) == wanted
    assert await found(client, "search", asked, type="charges") == wanted


async def test_a_search_that_looked_enough_says_where_to_go_on(
    stocked: tuple[Client, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    client, made = stocked
    monkeypatch.setattr(flows, "LOOKS", 1)
    monkeypatch.setattr(flows, "_AT_ONCE", 1)
    ids: list[str] = []
    page, pages, asked = "", 0, quote("description~'tea'")
    while pages < 20:
        answer = (await client.get(f"/payments/search?query={asked}{page}")).json()
        ids += [each["id"] for each in answer["data"]]
        pages += 1
        if not answer["has_more"]:
            break
        page = f"&page={answer['next_page']}"
    assert ids == [made["tea"]]
    assert pages >= 4


async def test_another_merchants_are_not_found(either: Assembly, stocked: tuple[Client, dict[str, str]]) -> None:
    stranger, (_, made) = await shop.merchant(either), stocked
    for query in ("amount>0", "tea", made["tea"], f"id:'{made['tea']}'", f"customer:'{made['ann']}'"):
        assert await found(stranger, "payments/search", query) == []
    assert await found(stranger, "customers/search", "smith") == []


async def test_who_is_deleted_is_found_no_more(anyones: Client) -> None:
    given = {"email": "gone@example.com", "name": "Gone Soon"}
    customer = (await anyones.post("/customers", given)).json()["id"]
    await anyones.pay(customer=customer)
    assert await found(anyones, "customers/search", "gone") == [customer]
    assert len(await found(anyones, "payments/search", "gone")) == 1
    assert (await anyones.delete(f"/customers/{customer}")).status_code == 200
    for query in ("gone", "email~'gone'"):
        assert await found(anyones, "customers/search", query) == []
        assert await found(anyones, "payments/search", query) == []


WRONG = {
    "payments/search": "query",
    "payments/search?query=": "query",
    "payments/search?query=" + "x" * 2_001: "query",
    "payments/search?query=phone:1": "query",
    "customers/search?query=amount:1": "query",
    "payments/search?query=status:%27x": "query",
    "payments/search?query=x&limit=101": "limit",
    "payments/search?query=x&page=2": "page",
    "payments/search?query=x&page=0.pay_1": "page",
    "payments/search?query=x&type=payments": "type",
    "search?query=x&type=everything": "type",
}


@pytest.mark.parametrize("asked", WRONG)
async def test_what_makes_no_sense_is_refused_by_name(demo: Client, asked: str) -> None:
    answer = await demo.get(f"/{asked}")
    assert answer.status_code == 400, answer.text
    assert shop.any_error(answer)["param"] == WRONG[asked]
    assert json.dumps("x" * 100) not in answer.text
