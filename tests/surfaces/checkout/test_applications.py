"""Applications, their settings, their secrets and their ends; the account; lists by page."""

import asyncio
import base64
from typing import Any

import pytest

from tests.surfaces.checkout import store
from tests.surfaces.checkout.store import Store, done, errors, message
from tests.surfaces.v1 import shop
from tillgate.core import applications
from tillgate.core.merchants import RateLimit
from tillgate.flows import profiles

pytestmark = pytest.mark.anyio

PATH = "/api/payment-applications"


async def test_an_application_is_shown_with_its_secrets_once(anyones: Store) -> None:
    made = await anyones.create(
        name="Tienda",
        url="https://shop.example/",
        callbackUrl="http://127.0.0.1:9999/hook",
        currencyWhitelist=["usd", "EUR"],
    )
    assert len(made["clientId"]) == 32
    assert made["clientId"].isalnum()
    assert len(made.pop("secret")) == 64
    assert made.pop("listenerSecret").startswith("whsec_")
    assert made == {
        "id": made["id"],
        "name": "Tienda",
        "clientId": made["clientId"],
        "userId": anyones.tenant.id,
        "currencyWhitelist": ["USD", "EUR"],
        "site": {
            "id": made["site"]["id"],
            "title": "Tienda",
            "url": "https://shop.example/",
            "callbackUrl": "http://127.0.0.1:9999/hook",
            "setting": {
                "id": made["site"]["setting"]["id"],
                "title": "Tienda",
                "allowOverpay": False,
                "allowUnderpay": False,
            },
        },
        "createdAt": made["createdAt"],
        "deletedAt": None,
    }
    assert done(await anyones.manage("GET", f"{PATH}/{made['id']}")) == made
    changed = done(await anyones.manage("PATCH", f"{PATH}/{made['id']}", {"allowUnderpay": True, "name": "Tienda 2"}))
    assert (changed["name"], changed["site"]["setting"]["allowUnderpay"]) == ("Tienda 2", True)
    assert changed["site"]["callbackUrl"] == made["site"]["callbackUrl"]
    assert done(await anyones.manage("PATCH", f"{PATH}/{made['id']}", {"url": None}))["site"]["url"] is None


async def test_a_deleted_application_takes_nothing_any_more(anyones: Store) -> None:
    opened = await anyones.open()
    path = f"{PATH}/{anyones.application['id']}"
    gone = done(await anyones.manage("DELETE", path))
    assert gone["deletedAt"] >= gone["createdAt"]
    assert message(await anyones.ask("GET", f"/api/payment/{opened['id']}"), 401) == "Unauthenticated"
    for method in ("GET", "PATCH", "DELETE"):
        assert message(await anyones.manage(method, path), 404) == "Not found"
    answer = await anyones.ask("POST", "/api/payment/checkout", anyones.order(), anyones.dashboard)
    assert list(errors(answer)) == ["clientId"]
    with pytest.raises(Exception, match="checkout_over"):
        await anyones.pay(opened["id"])
    proof = opened["checkoutUrl"].partition("?")[2]
    assert done(await anyones.ask("GET", f"/api/checkout/{opened['id']}/payment-methods?{proof}", token="")) == []
    transfer = f"/api/checkout/payment/{opened['id']}/provider/bank/method/transfer?{proof}"
    assert list(errors(await anyones.ask("GET", transfer, token=""))) == ["method"]
    assert done(await anyones.manage("GET", PATH)) == []


async def test_there_are_so_many_applications_and_tokens_and_no_more(
    anyones: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(applications, "MOST", 5)
    monkeypatch.setattr(applications, "MOST_TOKENS", 2)
    wanted = [anyones.manage("POST", PATH, {"name": f"Shop {n}"}) for n in range(8)]
    answers = await asyncio.gather(*wanted)
    assert sorted(answer.status_code for answer in answers) == [200] * 3 + [422] * 5
    tokens = f"{PATH}/{anyones.application['id']}/tokens"
    second, third = [await anyones.manage("POST", tokens, {"label": "x", "scopes": ["*"]}) for _ in range(2)]
    assert (second.status_code, list(errors(third))) == (200, ["body"])
    made = next(done(answer) for answer in answers if answer.is_success)
    assert (await anyones.manage("DELETE", f"{PATH}/{made['id']}")).status_code == 200
    assert (await anyones.manage("POST", PATH, {"name": "In its place"})).status_code == 200


async def test_payments_are_listed_by_page_and_by_what_they_are(anyones: Store) -> None:
    other = await anyones.create(name="Other")
    made = [(await anyones.open(reference=f"L-{number}"))["id"] for number in range(5)]
    token = (await anyones.mint(other["id"], ["*"]))["token"]
    order = anyones.order(clientId=other["clientId"], reference="L-0")
    made.append(done(await anyones.ask("POST", "/api/payment/checkout", order, token))["id"])
    await anyones.v1.pay()
    await anyones.pay(made[1])
    await anyones.ask("POST", f"/api/payment/{made[2]}/cancel")

    async def listed(query: str) -> list[str]:
        answer = await anyones.manage("GET", f"/api/payments?{query}")
        assert answer.json()["meta"]["total"] >= len(done(answer))
        return [one["id"] for one in done(answer)]

    assert await listed("") == made[::-1]
    assert await listed("per_page=2&page=2") == made[::-1][2:4]
    assert await listed("per_page=4&page=3") == []
    assert await listed("status=CONFIRMED") == [made[1]]
    assert await listed("status=CANCELLED") == [made[2]]
    assert await listed("reference=L-0") == [made[5], made[0]]
    assert await listed(f"reference=L-0&clientId={other['clientId']}") == [made[5]]
    assert await listed(f"clientId={other['clientId']}&status=OPEN") == [made[5]]
    meta = (await anyones.manage("GET", "/api/payments?per_page=4")).json()["meta"]
    assert meta == {"current_page": 1, "per_page": 4, "last_page": 2, "total": 6}


async def test_several_checkouts_of_one_reference_where_that_is_wanted(anyones: Store) -> None:
    await anyones.manage("PATCH", f"{PATH}/{anyones.application['id']}", {"allowSeveral": True})
    order = anyones.order(reference="twice")
    ids = {done(await anyones.ask("POST", "/api/payment/checkout", order))["id"] for _ in range(2)}
    assert len(ids) == 2


async def test_an_account_is_how_those_who_pay_see_a_merchant(anyones: Store) -> None:
    found = done(await anyones.manage("GET", "/api/account"))
    assert (found["id"], found["name"], found["displayName"]) == (anyones.tenant.id, "Panadería Luz", None)
    logo = "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(100)).decode()
    said: dict[str, Any] = {
        "displayName": "Luz",
        "website": "https://luz.example/",
        "supportEmail": "hola@luz.example",
        "supportPhone": "+1 787 555 0100",
        "color": "#0a7d55",
        "logo": logo,
        "origins": ["https://luz.example", "http://localhost:3000"],
    }
    changed = done(await anyones.manage("PATCH", "/api/account", said))
    assert {name: changed[name] for name in said} == said
    assert done(await anyones.manage("PATCH", "/api/account", {"logo": None, "color": None}))["displayName"] == "Luz"
    assert done(await anyones.manage("GET", "/api/account"))["logo"] is None
    assert await profiles.frames(anyones.parts.gateway, anyones.tenant) == (
        "https://luz.example",
        "http://localhost:3000",
    )
    assert done(await anyones.manage("PATCH", "/api/account", {"origins": None}))["origins"] == []
    told = done(await anyones.ask("GET", f"/api/payment/{(await anyones.open())['id']}/provider/card/method/card"))
    assert {"label": "Pay to", "value": "Luz", "copyable": False} in told["fields"]


async def test_who_asks_too_often_is_told_in_the_same_form(anyones: Store) -> None:
    tenant = await shop.new_tenant(anyones.parts, "Busy", rate_limit=RateLimit.STANDARD)
    busy = Store(anyones.parts, tenant, await store.persons_token(anyones.parts, tenant), "")
    answer = await busy.manage("GET", "/api/account")
    # A minute may end in between.
    for _ in range(1_000):
        if answer.status_code == 429:
            break
        answer = await busy.manage("GET", "/api/account")
    assert message(answer, 429) == "Too many requests"
    assert int(answer.headers["retry-after"]) <= 60
