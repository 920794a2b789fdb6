"""Links to checkouts: whoever holds one may pay, and nobody else; changed in any place it is nothing."""

from typing import Any

import msgspec
import pytest

from tests.surfaces.checkout import store
from tests.surfaces.checkout.store import CHALLENGED, Store, done, errors, message
from tillgate.assembly import Assembly
from tillgate.vault.data_keys import Purpose

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def shared(app: Assembly) -> Store:
    """A merchant that nothing happens to."""
    return await store.opened(app)


def proof(opened: dict[str, Any]) -> str:
    return str(opened["checkoutUrl"]).partition("?")[2]


def methods(opened: dict[str, Any], query: str | None = None) -> str:
    return f"/api/checkout/{opened['id']}/payment-methods?{proof(opened) if query is None else query}"


async def test_who_holds_the_link_is_told_how_to_pay(anyones: Store) -> None:
    opened = await anyones.open()
    offered = done(await anyones.ask("GET", methods(opened), token=""))
    assert [(one["provider"], one["method"]) for one in offered] == [
        ("card", "card"),
        ("wallet", "apple_pay"),
        ("wallet", "google_pay"),
        ("ath", "phone"),
        ("bank", "transfer"),
    ]
    for one in offered:
        path = f"/api/checkout/payment/{opened['id']}/provider/{one['provider']}/method/{one['method']}?{proof(opened)}"
        told = done(await anyones.ask("GET", path, token=""))
        assert set(told) - {"request"} == {
            *("provider", "method", "title", "steps", "fields", "qr", "amount", "expiresAt", "poll", "status"),
        }
        assert told["steps"]
        assert told["amount"] == {"value": 100.0, "amount": 10_000, "formatted": "$100.00"}
        again = await anyones.http.get(told["poll"]["url"])
        assert done(again)["status"] == "OPEN"
        if one["method"] == "apple_pay":
            assert told["request"]["total"]["amount"] == "100.00"
        if one["method"] == "google_pay":
            assert told["request"]["transactionInfo"]["totalPrice"] == "100.00"
    await anyones.pay(opened["id"])
    assert done(await anyones.ask("GET", methods(opened), token="")) == []


async def test_a_method_takes_what_it_can(shared: Store) -> None:
    euros, little = await shared.open(currencyCode="EUR"), await shared.open(amount=99)
    for opened in (euros, little):
        offered = done(await shared.ask("GET", methods(opened), token=""))
        assert "ath" not in {one["provider"] for one in offered}
        for provider, method in (("ath", "phone"), ("bank", "phone"), ("card", "phone"), ("x" * 200, "y")):
            answer = await shared.ask("GET", f"/api/payment/{opened['id']}/provider/{provider}/method/{method}")
            assert list(errors(answer)) == ["method"]


async def test_a_link_with_one_character_changed_is_refused(shared: Store) -> None:
    opened, other = await shared.open(), await shared.open()
    query = proof(opened)
    assert done(await shared.ask("GET", methods(opened), token=""))
    for place, character in enumerate(query):
        name, _, _ = query[place:].partition("=")
        changed = query[:place] + ("0" if character != "0" else "1") + query[place + 1 :]
        answer = await shared.ask("GET", methods(opened, changed), token="")
        assert answer.status_code in ((403, 422) if "=" in name or character in "=&" else (403,)), (name, answer.text)
    spoiled = ["", "expires=1", query.upper(), query.replace("expires=", "expires=0"), query + "0", proof(other)]
    spoiled += [f"expires=99999999999999999999&{query.partition('&')[2]}", query.replace("expires=", "expires=-")]
    for changed in spoiled:
        answer = await shared.ask("GET", methods(opened, changed), token="")
        assert answer.status_code in (403, 422), changed
    another = opened["id"][:-1] + ("1" if opened["id"].endswith("0") else "0")
    for id in (another, other["id"], "pay_x", opened["id"].upper()):
        answer = await shared.ask("GET", methods({**opened, "id": id}), token="")
        assert message(answer, 403) == "Invalid signature"


async def test_a_link_stays_good_when_the_key_is_turned_over(anyones: Store) -> None:
    keys = anyones.parts.office.data_keys
    before = await anyones.open()
    known = keys.in_use(Purpose.LINK)
    await keys.renew(anyones.parts.gateway.clock.wall())
    assert keys.in_use(Purpose.LINK) > known
    after = await anyones.open(reference="other")
    assert proof(before).partition("&")[2] != proof(after).partition("&")[2]
    for opened in (before, after):
        assert done(await anyones.ask("GET", methods(opened), token=""))


async def test_who_is_asked_by_their_bank_comes_back_to_the_page(anyones: Store) -> None:
    opened = await anyones.open()
    challenged = await anyones.pay(opened["id"], CHALLENGED)
    assert challenged.action is not None
    assert challenged.asked is not None
    (attempt,) = [held.attempt for held in challenged.in_flight]
    found = await anyones.http.get(f"/returns/{anyones.tenant.id}/{attempt}/wrong")
    assert found.status_code == 404
    secrets = anyones.parts.gateway.secrets
    back = f"/returns/{anyones.tenant.id}/{attempt}/{secrets.return_proof(anyones.tenant.id, attempt)}"
    goes = (await anyones.http.get(back, follow_redirects=False)).headers["location"]
    assert goes == opened["checkoutUrl"].removeprefix("http://127.0.0.1:8000")


async def test_the_phone_that_is_asked_is_said_and_another_can_be(anyones: Store) -> None:
    opened = await anyones.open()
    path = f"/api/checkout/payment/{opened['id']}/provider/ath/method/phone?{proof(opened)}"
    waits = done(await anyones.ask("GET", path, token=""))
    assert "Phone number" not in {field["label"] for field in waits["fields"]}
    for phone in ("7875550401", "7875550402"):
        told = done(await anyones.ask("GET", f"{path}&phone={phone}", token=""))
        assert told["expiresAt"] == waits["expiresAt"]
        assert phone[-4:] in told["fields"][0]["value"]
    record = await anyones.record(opened["id"])
    assert (record.attempts_made, record.ticket and record.ticket.phone) == (1, "7875550402")
    for bad in ("123", "78755504011", "+17875550401", "phone", "７８７５５５０４０１"):
        assert list(errors(await anyones.ask("GET", f"{path}&phone={bad}", token=""))) == ["phone"]
    blocked = await anyones.open(reference="blocked")
    asked = f"/api/payment/{blocked['id']}/provider/ath/method/phone?phone=7870000003"
    assert errors(await anyones.ask("GET", asked)) == {"phone": ["This phone cannot pay at the moment."]}
    assert await anyones.status(blocked["id"]) == "OPEN"
    assert msgspec.json.encode(told)
