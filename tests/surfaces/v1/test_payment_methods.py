"""Payment methods: made of cards and tokens, kept for customers, charged, detached and destroyed."""

import asyncio
from typing import Any

import pytest

from tests.store.places import rows
from tests.surfaces.v1 import shop
from tests.surfaces.v1.shop import CARD, Client
from tillgate.assembly import Assembly
from tillgate.core.instants import DAY
from tillgate.core.payment_methods import PaymentMethod
from tillgate.flows import retention
from tillgate.store import find
from tillgate.surfaces.v1.sandbox_keys import PUBLISHABLE_KEY

pytestmark = pytest.mark.anyio

BILLING: dict[str, Any] = {
    "name": "Ann",
    "email": "ann@example.com",
    "phone": "1",
    "address": {
        "line1": "1 High Street",
        "line2": None,
        "city": "London",
        "state": None,
        "postal_code": "N1",
        "country": "GB",
    },
}


async def made(client: Client, **changes: Any) -> dict[str, Any]:
    answer = await client.post("/payment_methods", {"type": "card", "card": CARD, **changes})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def customer(client: Client, **fields: Any) -> str:
    return str((await client.post("/customers", fields)).json()["id"])


async def attached(client: Client, to: str, **changes: Any) -> dict[str, Any]:
    method = await made(client, **changes)
    answer = await client.post(f"/payment_methods/{method['id']}/attach", {"customer": to})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def kept(client: Client, method: str) -> PaymentMethod:
    tenant = (await rows(client.parts.gateway.store, f"select tenant from payment_methods where id = '{method}'"))[0][0]
    found = await find.record(client.parts.gateway.store, PaymentMethod, tenant, method)
    assert found
    return found


async def test_a_method_shows_of_its_card_what_may_be_shown(anyones: Client) -> None:
    method = await made(anyones, billing_details=BILLING, metadata={"shelf": "7"})
    assert method == {
        "id": method["id"],
        "object": "payment_method",
        "type": "card",
        "card": {
            "brand": "visa",
            "last4": "4242",
            "exp_month": 12,
            "exp_year": 2034,
            "funding": "unknown",
            "country": None,
            "fingerprint": method["card"]["fingerprint"],
        },
        "billing_details": BILLING,
        "customer": None,
        "metadata": {"shelf": "7"},
        "created": method["created"],
        "livemode": False,
    }
    assert (await anyones.get(f"/payment_methods/{method['id']}")).json() == method
    same, other = await made(anyones), await made(anyones, card={**CARD, "number": "5555555555554444"})
    assert same["card"]["fingerprint"] == method["card"]["fingerprint"] != other["card"]["fingerprint"]


async def test_a_token_becomes_a_method_once(anyones: Client) -> None:
    token = (await anyones.post("/tokens", {"card": CARD})).json()["id"]
    method = await made(anyones, card={"token": token}, billing_details={"name": "Ann"})
    assert (method["card"]["last4"], method["billing_details"]["name"]) == ("4242", "Ann")
    answer = await anyones.post("/payment_methods", {"type": "card", "card": {"token": token}})
    shop.error(answer, 400, "invalid_request_error", "token_already_used", "card.token")
    answer = await anyones.post("/payments", {"amount": 500, "currency": "usd", "payment_method": token})
    shop.error(answer, 400, "invalid_request_error", "token_already_used", "payment_method")
    assert (await anyones.pay(payment_method=method["id"], card=None))["payment_method"] == method["id"]


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        ({"type": "card"}, "parameter_missing", "card"),
        ({"card": CARD}, "parameter_missing", "type"),
        ({"type": "card", "card": {}}, "parameter_missing", "card.number"),
        ({"type": "card", "card": {"number": CARD["number"]}}, "parameter_missing", "card.exp_month"),
        ({"type": "card", "card": {**CARD, "token": "tok_x"}}, "parameter_invalid", "card.number"),
        ({"type": "apple_pay", "card": CARD}, "parameter_invalid", "card"),
        ({"type": "apple_pay"}, "parameter_missing", "apple_pay"),
        ({"type": "google_pay", "google_pay": {}}, "parameter_missing", "google_pay.token"),
        ({"type": "phone_pay", "card": CARD}, "parameter_invalid", "type"),
        (
            {"type": "card", "card": CARD, "billing_details": {"email": "nobody"}},
            "parameter_invalid",
            "billing_details.email",
        ),
        (
            {"type": "card", "card": CARD, "billing_details": {"address": {"country": "Germany"}}},
            "parameter_invalid",
            "billing_details.address.country",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_what_makes_no_method_is_refused_by_name(
    demo: Client, body: dict[str, Any], code: str, param: str
) -> None:
    shop.error(await demo.post("/payment_methods", body), 400, "invalid_request_error", code, param)


async def test_a_token_that_is_none_makes_no_method(demo: Client) -> None:
    answer = await demo.post("/payment_methods", {"type": "card", "card": {"token": "tok_none"}})
    shop.error(answer, 404, "invalid_request_error", "resource_missing", "card.token")


async def test_a_browser_may_make_a_method_and_do_nothing_with_it(app: Assembly) -> None:
    browser, secret = Client(app, PUBLISHABLE_KEY), shop.demo_shop(app)
    method = await made(browser)
    for answer in (
        await browser.get(f"/payment_methods/{method['id']}"),
        await browser.post(f"/payment_methods/{method['id']}/attach", {"customer": "cus_x"}),
        await browser.post(f"/payment_methods/{method['id']}", {"metadata": {}}),
    ):
        shop.error(answer, 403, "permission_error", "permission_missing")
    assert (await secret.pay(payment_method=method["id"], card=None))["status"] == "succeeded"


async def test_an_attached_card_is_kept_and_the_others_are_not(anyones: Client) -> None:
    ann = await customer(anyones)
    method, passing = (
        await attached(anyones, ann, billing_details=BILLING),
        await made(anyones, billing_details=BILLING),
    )
    assert method["customer"] == ann
    assert (await kept(anyones, method["id"])).destroy_at is None
    gateway = anyones.parts.gateway
    wall = gateway.clock.wall
    gateway.clock.wall = lambda: wall() + 2 * DAY  # type: ignore[method-assign]
    try:
        await retention.erase_cards(gateway)
    finally:
        gateway.clock.wall = wall  # type: ignore[method-assign]
    assert (await kept(anyones, method["id"])).sealed
    gone = await kept(anyones, passing["id"])
    assert (gone.sealed, gone.billing_details.email) == (None, None)
    answer = await anyones.post(f"/payment_methods/{passing['id']}/attach", {"customer": ann})
    shop.error(answer, 400, "invalid_request_error", "payment_method_unusable", "payment_method")


async def test_a_method_is_one_customers(anyones: Client) -> None:
    ann, bob = await customer(anyones), await customer(anyones)
    method = await attached(anyones, ann)
    again = await anyones.post(f"/payment_methods/{method['id']}/attach", {"customer": ann})
    assert again.json() == method
    answer = await anyones.post(f"/payment_methods/{method['id']}/attach", {"customer": bob})
    shop.error(answer, 400, "invalid_request_error", "payment_method_attached", "customer")
    assert await anyones.listed(f"/customers/{ann}/payment_methods") == [method]
    assert await anyones.listed(f"/customers/{bob}/payment_methods") == []


async def test_of_two_customers_who_are_given_a_card_at_once_one_gets_it(anyones: Client) -> None:
    people = [await customer(anyones) for _ in range(4)]
    method = await made(anyones)
    path = f"/payment_methods/{method['id']}/attach"
    answers = await asyncio.gather(*[anyones.post(path, {"customer": person}) for person in people])
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400]
    owner = (await anyones.get(f"/payment_methods/{method['id']}")).json()["customer"]
    assert [owner] == [answer.json()["customer"] for answer in answers if answer.status_code == 200]


async def test_an_attached_card_pays_again_and_again_for_its_customer(anyones: Client) -> None:
    ann, bob = await customer(anyones, email="ann@example.com"), await customer(anyones)
    method = await attached(anyones, ann)
    unnamed = await anyones.pay(payment_method=method["id"], card=None)
    named = await anyones.pay(payment_method=method["id"], card=None, customer=ann)
    inline = await anyones.pay(payment_method=method["id"], card=None, customer={"email": "ANN@example.com"})
    assert (unnamed["customer"], named["customer"], inline["customer"]["id"]) == (ann, ann, ann)
    at_once = await asyncio.gather(*[anyones.pay(payment_method=method["id"], card=None) for _ in range(6)])
    assert {payment["status"] for payment in at_once} == {"succeeded"}
    answer = await anyones.post(
        "/payments", {"amount": 500, "currency": "usd", "payment_method": method["id"], "customer": bob}
    )
    shop.error(answer, 400, "invalid_request_error", "payment_method_customer_mismatch", "payment_method")


async def test_the_word_card_alone_charges_the_customers_default(anyones: Client) -> None:
    ann = await customer(anyones, email="ann@example.com")
    assert (await anyones.pay(customer=ann, card=None))["card"]["last4"] == "4242"
    method = await attached(anyones, ann, card={**CARD, "number": "5555555555554444"})
    assert (await anyones.pay(customer=ann, card=None))["card"]["last4"] == "4242", "attaching is not choosing"
    answer = await anyones.post(f"/customers/{ann}", {"default_payment_method": method["id"]})
    assert answer.json()["default_payment_method"] == method["id"]
    assert (await anyones.pay(customer=ann, card=None))["payment_method"] == method["id"]
    assert (await anyones.pay(customer={"email": "ann@example.com"}, card=None))["payment_method"] == method["id"]
    assert (await anyones.pay(customer=ann))["card"]["last4"] == "4242", "a card that comes along is charged"
    await anyones.post(f"/payment_methods/{method['id']}/detach")
    assert (await anyones.get(f"/customers/{ann}")).json()["default_payment_method"] is None
    assert (await anyones.pay(customer=ann, card=None))["card"]["last4"] == "4242"


async def test_only_a_customers_own_method_can_be_their_default(anyones: Client) -> None:
    ann, bob = await customer(anyones), await customer(anyones)
    bobs, nobodys = await attached(anyones, bob), await made(anyones)
    for method in (bobs, nobodys):
        for path in ("/customers", f"/customers/{ann}"):
            answer = await anyones.post(path, {"default_payment_method": method["id"]})
            shop.error(answer, 400, "invalid_request_error", "payment_method_not_attached", "default_payment_method")
    answer = await anyones.post(f"/customers/{ann}", {"default_payment_method": "pm_none"})
    shop.error(answer, 404, "invalid_request_error", "resource_missing", "default_payment_method")
    await anyones.post(f"/customers/{bob}", {"default_payment_method": bobs["id"]})
    assert (await anyones.post(f"/customers/{bob}", {"default_payment_method": ""})).json()[
        "default_payment_method"
    ] is None


async def test_a_detached_card_is_destroyed_with_all_that_it_told_of_a_person(anyones: Client) -> None:
    ann = await customer(anyones)
    method = await attached(anyones, ann, billing_details=BILLING, metadata={"nick": "Annie"})
    gone = (await anyones.post(f"/payment_methods/{method['id']}/detach")).json()
    assert (gone["customer"], gone["metadata"], gone["card"]["last4"]) == (None, {}, "4242")
    assert {**gone["billing_details"], "address": None} == dict.fromkeys(BILLING)
    assert gone["billing_details"]["address"] == dict.fromkeys(BILLING["address"])
    assert (await kept(anyones, method["id"])).sealed is None
    answer = await anyones.post(f"/payment_methods/{method['id']}/attach", {"customer": ann})
    shop.error(answer, 400, "invalid_request_error", "payment_method_unusable", "payment_method")
    pays = {"amount": 500, "currency": "usd", "payment_method": method["id"]}
    shop.error(
        await anyones.post("/payments", pays), 400, "invalid_request_error", "payment_method_unusable", "payment_method"
    )
    answer = await anyones.post(f"/payment_methods/{method['id']}/detach")
    shop.error(answer, 400, "invalid_request_error", "payment_method_not_attached", "payment_method")


async def test_the_answer_to_a_detached_methods_creation_is_not_given_again(anyones: Client) -> None:
    ann = await customer(anyones)
    body = {"type": "card", "card": CARD, "billing_details": BILLING}
    method = (await anyones.post("/payment_methods", body, key="k")).json()
    await anyones.post(f"/payment_methods/{method['id']}/attach", {"customer": ann})
    assert (await anyones.post("/payment_methods", body, key="k")).json() == method
    await anyones.post(f"/payment_methods/{method['id']}/detach")
    answer = await anyones.post("/payment_methods", body, key="k")
    shop.error(answer, 400, "idempotency_error", "idempotency_reply_erased")


async def test_what_is_known_of_a_method_can_be_changed(anyones: Client) -> None:
    ann = await customer(anyones)
    method = await attached(anyones, ann, metadata={"shelf": "7"})
    path = f"/payment_methods/{method['id']}"
    after = (
        await anyones.post(
            path, {"billing_details": BILLING, "card": {"exp_month": 1, "exp_year": 2040}, "metadata": {"row": "b"}}
        )
    ).json()
    assert after == {
        **method,
        "billing_details": BILLING,
        "card": {**method["card"], "exp_month": 1, "exp_year": 2040},
        "metadata": {"shelf": "7", "row": "b"},
    }
    assert (await anyones.pay(payment_method=method["id"], card=None))["card"]["exp_year"] == 2040
    assert (await anyones.post(path, {"billing_details": None})).json()["billing_details"] == method["billing_details"]


async def test_what_becomes_of_methods_is_told_in_the_customers_order_and_never_what_is_sealed(anyones: Client) -> None:
    ann = await customer(anyones)
    method = await attached(anyones, ann, billing_details=BILLING)
    await anyones.post(f"/customers/{ann}", {"default_payment_method": method["id"]})
    await anyones.post(f"/payment_methods/{method['id']}", {"metadata": {"row": "b"}})
    await anyones.post(f"/payment_methods/{method['id']}/detach")
    query = f"select sequence, type, view from events where stream = '{ann}' order by sequence"
    found = await rows(anyones.parts.gateway.store, query)
    assert [(sequence, type) for sequence, type, _ in found] == [
        (1, "customer.created"),
        (2, "payment_method.attached"),
        (3, "customer.updated"),
        (4, "payment_method.updated"),
        (5, "customer.updated"),
        (6, "payment_method.detached"),
    ]
    assert not any("sealed" in view for _, _, view in found)


async def test_methods_are_listed_all_and_by_customer(anyones: Client) -> None:
    ann = await customer(anyones)
    one, other, nobodys = await attached(anyones, ann), await attached(anyones, ann), await made(anyones)
    assert await anyones.listed("/payment_methods") == [nobodys, other, one]
    assert await anyones.listed(f"/payment_methods?customer={ann}&type=card") == [other, one]
    assert await anyones.listed(f"/customers/{ann}/payment_methods?limit=1&starting_after={other['id']}") == [one]
    answer = await anyones.get("/payment_methods?type=cash")
    shop.error(answer, 400, "invalid_request_error", "parameter_invalid", "type")


async def test_an_object_takes_the_place_of_its_id_where_that_is_asked_for(anyones: Client) -> None:
    ann = await customer(anyones, email="ann@example.com")
    method = await attached(anyones, ann)
    await anyones.post(f"/customers/{ann}", {"default_payment_method": method["id"]})
    shown = (await anyones.get(f"/customers/{ann}?expand[]=default_payment_method.customer")).json()
    assert shown["default_payment_method"]["customer"]["email"] == "ann@example.com"
    paid = await anyones.pay(customer=ann, card=None, expand=["customer", "payment_method"])
    assert (paid["customer"]["email"], paid["payment_method"]["id"]) == ("ann@example.com", method["id"])
