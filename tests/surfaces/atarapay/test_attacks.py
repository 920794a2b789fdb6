"""What a stranger or a careless program may send: every id in every form, everything at once, and large bodies."""

import asyncio
from collections import Counter
from random import Random
from typing import Any
from urllib.parse import quote

import pytest

from tests.sizes import at_size
from tests.surfaces.atarapay import market
from tests.surfaces.atarapay.market import (
    BANKS,
    COMMISSION,
    CREATE,
    DELETE,
    FORM,
    JSON,
    OPERATOR,
    ORDER,
    PARTS,
    PROJECT,
    PROJECTS,
    PROVIDER,
    PROVIDERS,
    SERVICE_PROVIDER,
    UNKNOWN_PROVIDER,
    UPDATE,
    Market,
    done,
    error,
)
from tests.waiting import at_most
from tillgate.core import credentials
from tillgate.surfaces.atarapay import orders, pay_forms
from tillgate.surfaces.atarapay.errors import PROBLEM
from tillgate.surfaces.atarapay.surface import OPERATIONS

pytestmark = pytest.mark.anyio

MEBIBYTE = 2**20

STRANGE: tuple[Any, ...] = (
    *("0", "-1", "1.0", "1.5", "1e0", "+1", "01", "0x1", "１", "٣", "1;drop", "1 or 1", "9" * 15, "9" * 40, "x" * 255),
    *(-1, 1.5, 2**62, True, [1], {"id": 1}, {"$gt": 0}),
)
"""What is no number of anything."""


async def seller_with_everything(parts: Any) -> tuple[Market, dict[str, int]]:
    """A merchant, and a number of theirs of each kind."""
    shop = await market.opened(parts)
    await shop.bank_account()
    project = done(await shop.ask(CREATE, **PROJECT))["id"]
    return shop, {"order": await shop.buys(), "provider": (await shop.provider())["id"], "project": project}


def places(known: dict[str, int], id: Any) -> dict[str, tuple[str, dict[str, Any]]]:
    """Every place for a number: the path, and the body in which all else is right."""
    commission = {"commisson": "10", "sp_id": known["provider"], "order_id": known["order"]}
    return {
        "order": (ORDER, {"status": "order", "order": id}),
        "order that is canceled": (ORDER, {"status": "cancelled", "order": id}),
        "order that is delivered": (ORDER, {"status": "delivered", "order": id, "phone_number": "08030000001"}),
        "order with a commission": (COMMISSION, {**commission, "order_id": id}),
        "order with an operator": (OPERATOR, {"commisson": "10", "order_id": id}),
        "provider with a commission": (COMMISSION, {**commission, "sp_id": id}),
        "provider that is deleted": (DELETE, {"sp_id": id}),
        "project": (f"{UPDATE}/{known['project']}", {"project_name": "x", "project_id": id}),
    }


async def test_numbers_of_other_merchants_are_nobody_s(seller: Market) -> None:
    shop, mine = await seller_with_everything(seller.parts)
    other, theirs = await seller_with_everything(seller.parts)
    for _ in range(2):
        theirs["order"], theirs["provider"] = await other.buys(), (await other.provider())["id"]
        theirs["project"] = done(await other.ask(CREATE, **PROJECT))["id"]
    said = {"order": orders.UNKNOWN, "provider": UNKNOWN_PROVIDER, "project": "The selected project_id is invalid."}
    for kind, id in theirs.items():
        assert id not in (mine[kind], mine[kind] + 1)
        for name, (path, body) in places(mine, id).items():
            if name.startswith(kind):
                assert error(await shop.ask(path, **body)) == said[kind].format(id), name
    answer = await shop.ask(f"{UPDATE}/{theirs['project']}", project_name="x")
    assert error(answer) == f"Project with id ({theirs['project']}) does not exist"
    for name, answer in {
        "project": await shop.posts(project_id=theirs["project"]),
        "provider": await shop.posts(sp_id=theirs["provider"]),
    }.items():
        assert f"with id ({theirs[name]}) does not exist" in error(answer)
    # Theirs stand as they stood.
    shown = done(await other.ask(ORDER, status="order", order=theirs["order"]))
    assert (shown["status"]["title"], shown["sp_order_ref"]) == ("Pending", None)
    assert done(await other.ask(PROVIDERS))[0]["id"] == theirs["provider"]
    assert done(await other.ask(PROJECTS))[0]["project_name"] == PROJECT["project_name"]


async def test_what_is_no_number_names_nothing_in_any_place(seller: Market) -> None:
    shop, known = await seller_with_everything(seller.parts)
    for id in STRANGE:
        for name, (path, body) in places(known, id).items():
            media = FORM if isinstance(id, str) else JSON
            with at_most(1):
                said = error(await shop.ask(path, media=media, **body))
            assert not any(sign in said for sign in ("drop", "$gt", "x" * 20)), (name, said)
        if isinstance(id, str):
            path = f"{UPDATE}/{quote(id, safe='')}"
            assert error(await shop.ask(path, project_name="x")).startswith("Project with id (")
    shown = done(await shop.ask(ORDER, status="order", order=known["order"]))
    assert (shown["status"]["title"], shown["sp_order_ref"]) == ("Pending", None)
    assert [each["id"] for each in done(await shop.ask(PROVIDERS))] == [known["provider"]]


async def test_nobody_fills_a_project_up_with_what_they_do_not_pay(seller: Market) -> None:
    project = done(await seller.ask(CREATE, **PROJECT))["id"]
    first = await seller.number_of(await seller.pays(await seller.posts(project_id=project)))
    done(await seller.ask(ORDER, status="cancelled", order=first))
    await seller.let_time_work()
    for product in range(5):
        assert (await seller.posts(project_id=project, order_product_id=product)).status_code == 303
    (shown,) = done(await seller.ask(PROJECTS))
    assert (len(shown["transaction"]), shown["status"]) == (2, 0)
    paid = await seller.number_of(await seller.pays(await seller.posts(project_id=project, order_product_id=4)))
    assert [each["id"] for each in done(await seller.ask(PROJECTS))[0]["transaction"]] == [first, paid]


LARGE: dict[str, tuple[bytes, str]] = {
    "escapes": (b"a=" + b"%41" * (MEBIBYTE // 3 - 1), FORM),
    "names": (b"&".join(b"a%d[b][c][d][e][]=1" % number for number in range(999)), FORM),
    "a long name": (b"a" * MEBIBYTE, FORM),
    "brackets": (b"a" + b"[" * (MEBIBYTE - 1), FORM),
    "lines in a part": (market.written({"a": "\r\n" * (MEBIBYTE // 2 - 200)}, PARTS), PARTS),
    "boundaries that are none": (market.written({"a": "\r\n--aboundarx" * (MEBIBYTE // 14)}, PARTS), PARTS),
    "headers": (b"--aboundary\r\n" + b"a: b\r\n" * (MEBIBYTE // 6 - 9), PARTS),
    "a boundary of one letter": (b"--a\r\n" * (MEBIBYTE // 5), "multipart/form-data; boundary=a"),
    "lists": (b'{"a":' + b"[" * (MEBIBYTE // 2 - 9) + b"]" * (MEBIBYTE // 2 - 9) + b"}", JSON),
    "escapes in JSON": (b'{"a":"' + b"\\u0041" * (MEBIBYTE // 6 - 9) + b'"}', JSON),
    "a token": (b'{"authtoken":"' + b"A" * (MEBIBYTE - 30) + b'"}', JSON),
    "a compressed body": (b"\x1f\x8b\x08\x00" * 9, FORM),
    "another alphabet": ('{"authtoken":"a"}'.encode("utf-16"), "application/json; charset=utf-16"),
    "another charset": ("authtoken=é".encode("latin-1"), FORM + "; charset=iso-8859-1"),
    "another type": (b"<authtoken>a</authtoken>", "application/xml"),
}


@pytest.mark.parametrize("name", LARGE)
async def test_a_large_or_strange_body_is_answered_at_once(seller: Market, name: str) -> None:
    body, media = LARGE[name]
    assert len(body) <= MEBIBYTE
    with at_most(0.5):
        assert error(await seller.send(CREATE, body, media=media))


ODD: tuple[Any, ...] = (
    *(
        "",
        " ",
        "0",
        "1",
        "-1",
        "1.5",
        "1e9",
        "NaN",
        "true",
        "null",
        "2027-02-30",
        "9999-12-31",
        "__x__",
        "a@b.c",
        "é",
        "\u202e",
    ),
    *(
        "x" * 256,
        "9" * 40,
        "08030000001",
        "\U0001f468\u200d\U0001f469",
        "\r\n",
        "%00",
        "{}",
        "[]",
        "'--",
        "<b>",
        "\ufeff",
    ),
    *(0, 1, -1, 1.5, 2**62, True, False, None, [], ["a"], [[]], {}, {"a": "b"}, {"a": {"b": [None]}}),
)
"""What may stand in any field."""

FIELDS = (
    *("status", "order", "phone_number", "email", "comment", "project_name", "description", "project_id", "products"),
    *("customer_email", "customer_phone", "sp_id", "order_id", "commisson", "commission", "platform", "type"),
    *("bank_code", "nip_bank_code", "bank_account_number", "bank_account_name", "bank_name", "account_id", "phone"),
    *("firstname", "lastname", *pay_forms.REQUIRED, "amount_fx", "order_product_quantity", "callback_url", "sla"),
    *("is_marketplace", "seller_phone", "shipping_cost", "cancellation_fee", "tx_fee_bearer", "sp_commission"),
    *("delivery_city", "max_delivery_days", "product_type", "refund_policy", "alt_recipient", "order_product_desc"),
)


async def test_whatever_stands_in_the_fields_there_is_an_answer(seller: Market) -> None:
    shop, known = await seller_with_everything(seller.parts)
    draw = Random(7)
    good: dict[str, Any] = {**market.FORM_OF_SHOP, **SERVICE_PROVIDER, **PROJECT, "delivery_date": "2030-01-31"}
    good |= {"status": "order", "order": known["order"], "order_id": known["order"], "sp_id": known["provider"]}
    for _ in range(at_size(200, 20_000)):
        route = draw.choice(OPERATIONS)
        path = route.path.replace("{id}", str(draw.choice([known["project"], 0, "x", "1" * 300])))
        body = {**good, **{name: draw.choice(ODD) for name in draw.sample(FIELDS, draw.randrange(6))}}
        body |= {"token": shop.public} if route.path == market.PAY else {"authtoken": shop.token}
        media = draw.choice([FORM, PARTS, JSON])
        answer = await shop.send(path, market.written(body, media), route.method, media)
        assert answer.status_code in (200, 303), (path, body, answer.text)
        if answer.status_code == 200:
            said = answer.json()
            assert said["status"] in ("success", "error"), said
            assert said["message"], said


async def test_everything_at_once_is_done_as_if_one_came_after_the_other(anyones: Market) -> None:
    await anyones.bank_account()
    made = await asyncio.gather(*[anyones.ask(PROVIDER, **SERVICE_PROVIDER) for _ in range(8)])
    ids = [done(each)["id"] for each in made]
    assert len(set(ids)) == 8
    deleted = await asyncio.gather(*[anyones.ask(DELETE, sp_id=ids[0]) for _ in range(8)])
    assert Counter(each.json()["status"] for each in deleted) == {"success": 1, "error": 7}
    assert {each.json()["message"] for each in deleted if each.json()["status"] == "error"} == {
        UNKNOWN_PROVIDER.format(ids[0])
    }
    order = await anyones.buys()
    shares = [anyones.ask(COMMISSION, commisson=number, sp_id=ids[1], order_id=order) for number in range(8)]
    shared = await asyncio.gather(*shares)
    assert {done(each)[0]["commisson"] for each in shared} == set(range(8))
    project = done(await anyones.ask(CREATE, **PROJECT))["id"]
    renamed = [anyones.ask(f"{UPDATE}/{project}", project_name=f"House {number}") for number in range(8)]
    names = {done(each)["project_name"] for each in await asyncio.gather(*renamed)}
    assert done(await anyones.ask(PROJECTS))[0]["project_name"] in names
    statuses = ["delivered", "cancelled", "buyer_cancel", "rejected"] * 3
    phone = {"phone_number": "08030000001"}
    answers = await asyncio.gather(*[anyones.ask(ORDER, status=each, order=order, **phone) for each in statuses])
    said = Counter(each.json()["message"] for each in answers if each.json()["status"] == "success")
    assert sum(said.values()) in (1, 2), "nobody cancels twice, nor delivers what is canceled"
    assert said["Transaction is canceled"] <= 1


async def test_every_error_has_a_status_for_whoever_asks_for_problems(seller: Market) -> None:
    shop, known = await seller_with_everything(seller.parts)

    async def status(path: str, **fields: Any) -> int:
        content = market.written({"authtoken": shop.token, **fields})
        answer = await shop.send(path, content, accept=PROBLEM)
        said = answer.json()
        assert (answer.headers["content-type"], list(said)) == (PROBLEM, ["type", "title", "status", "detail"])
        assert said["status"] == answer.status_code
        assert error(await shop.send(path, content)) == said["detail"], "the same is said in either form"
        return answer.status_code

    assert await status(CREATE) == 422
    assert await status(f"{UPDATE}/99", project_name="x") == 404
    assert await status(ORDER, status="order", order=99) == 404
    assert await status(ORDER, status="shipped", order=1) == 422
    assert await status(DELETE, sp_id=99) == 404
    assert await status(COMMISSION, commisson="101", sp_id=1, order_id=1) == 422
    assert await status(OPERATOR, commisson="1", order_id=known["order"]) == 409
    done(await shop.ask(ORDER, status="cancelled", order=known["order"]))
    assert await status(ORDER, status="cancelled", order=known["order"]) == 409
    assert await status(ORDER, status="delivered", order=known["order"], phone_number="08030000001") == 409
    assert await status(market.PAY, token=shop.public) == 422
    assert await status(market.PAY, token="x") == 401


async def test_keys_that_are_put_in_the_wrong_place_are_told_to_nobody(seller: Market) -> None:
    public, private = credentials.halves(seller.pair)
    token = seller.token
    answers = [
        await seller.http.post(f"{BANKS}?authtoken={quote(token)}"),
        await seller.http.post(f"/api/external/{quote(private)}", content=token.encode()),
        await seller.http.post(f"{UPDATE}/{quote(token, safe='')}", content=b""),
        await seller.send(BANKS, f"{token}[=1".encode()),
        await seller.send(BANKS, market.written({token: "1", private: "2"}, JSON), media=JSON),
        await seller.send(BANKS, b'{"authtoken":"' + token.encode() + b'"', media=JSON),
        *[await seller.ask(path, **{name: token}) for path, name in ((ORDER, "status"), (ORDER, "order"))],
        await seller.ask(PROVIDER, **{**SERVICE_PROVIDER, "type": private}),
        await seller.ask(COMMISSION, commisson=private, sp_id=private, order_id=private),
        await seller.ask(DELETE, sp_id=private),
        await seller.ask(CREATE, **{**PROJECT, "customer_email": token}),
        await seller.posts(currency=private),
        await seller.posts(delivery_date=token[:200], sp_id=private),
        await seller.posts(token=token, accept="text/html"),
    ]
    answers.append(await seller.http.get("/metrics"))
    for answer in answers:
        for secret in (private, token, token[:48], public):
            assert secret not in answer.text, answer.request.url
            assert secret not in str(answer.headers), answer.request.url
