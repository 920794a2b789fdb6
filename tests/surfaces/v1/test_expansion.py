"""Expansion: what `expand` shows as objects, what it refuses, and that a repeat is answered to the byte."""

from typing import Any

import msgspec
import pytest

from tests.surfaces.v1 import shop
from tests.surfaces.v1.shop import CARD, PAYMENT, Client
from tillgate.assembly import Assembly
from tillgate.core.credentials import CredentialKind, Scope
from tillgate.surfaces.v1 import expansion
from tillgate.surfaces.v1.refunds import RefundShown
from tillgate.surfaces.v1.surface import OPERATIONS

pytestmark = pytest.mark.anyio


async def refunded(client: Client, **more: Any) -> dict[str, Any]:
    paid = await client.pay()
    answer = await client.post("/refunds", {"payment": paid["id"], "amount": 1000, **more})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_an_id_is_shown_as_its_object_as_it_is_after_what_was_asked(anyones: Client) -> None:
    refund = await refunded(anyones, expand=["payment"])
    payment = refund["payment"]
    assert payment == (await anyones.get(f"/payments/{payment['id']}")).json()
    assert payment["amount_refunded"] == 1000


async def test_without_being_asked_for_an_id_stays_an_id(merchant: Client) -> None:
    assert isinstance((await refunded(merchant))["payment"], str)
    assert isinstance((await refunded(merchant, expand=[]))["payment"], str)


async def test_a_repeat_is_answered_with_the_same_objects_to_the_byte(anyones: Client) -> None:
    paid = await anyones.pay()
    body = {"payment": paid["id"], "amount": 1000, "expand": ["payment"]}
    first = await anyones.post("/refunds", body, key="once")
    await anyones.post("/refunds", {"payment": paid["id"], "amount": 500})
    repeat = await anyones.post("/refunds", body, key="once")
    assert (repeat.status_code, repeat.content) == (200, first.content)
    assert repeat.headers["idempotent-replayed"] == "true"
    other = await anyones.post("/refunds", {**body, "expand": []}, key="once")
    shop.error(other, 400, "idempotency_error", "idempotency_key_reused")


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: f"{one.method} {one.path}")
def test_what_can_be_expanded_may_be_asked_for(operation: Any) -> None:
    takes = {field.encode_name for field in msgspec.structs.fields(operation.takes)}
    # What is streamed is written as it is found, ids as ids.
    assert ("expand" in takes) == (expansion.is_possible(operation.gives) and not operation.media)


def test_every_path_that_there_is_can_be_listed() -> None:
    paths = expansion.paths(RefundShown)
    assert paths["payment"] == (Scope.PAYMENTS_READ,)
    assert all(len(path.split(".")) <= expansion.MAX_DEPTH for path in paths)


@pytest.mark.parametrize(
    "path", ["paymnt", "payment.amount", "amount", "", ".", "payment.", "payment..customer", "data"]
)
async def test_a_path_to_no_id_is_refused_before_anything_happens(merchant: Client, path: str) -> None:
    paid = await merchant.pay()
    answer = await merchant.post("/refunds", {"payment": paid["id"], "expand": ["payment", path]})
    shop.error(answer, 400, "invalid_request_error", "parameter_invalid", "expand[1]")
    assert await merchant.listed("/refunds") == []


async def test_the_nearest_path_is_suggested_and_no_number_repeated(demo: Client) -> None:
    answer = await demo.post("/refunds", {"payment": "pay_x", "expand": ["paymnt"]})
    assert answer.json()["error"]["message"].endswith("paymnt cannot be expanded, the nearest that can is payment.")
    answer = await demo.post("/refunds", {"payment": "pay_x", "expand": [CARD["number"]]})
    assert CARD["number"] not in answer.text


@pytest.mark.parametrize(
    ("expand", "param"),
    [
        ("payment", "expand"),
        (7, "expand"),
        ({}, "expand"),
        ([7], "expand[0]"),
        (["x"] * 11, "expand"),
        (["x" * 81], "expand[0]"),
    ],
)
async def test_what_is_no_list_of_paths_is_refused_by_name(demo: Client, expand: Any, param: str) -> None:
    answer = await demo.post("/refunds", {"payment": "pay_x", "expand": expand})
    shop.error(answer, 400, "invalid_request_error", "parameter_invalid", param)


async def test_an_operation_with_nothing_to_expand_does_not_take_it(demo: Client) -> None:
    answer = await demo.post("/tokens", {"card": CARD, "expand": ["card"]})
    shop.error(answer, 400, "invalid_request_error", "parameter_unknown", "expand")


async def test_a_key_sees_only_objects_that_it_may_read(app: Assembly) -> None:
    tenant = await shop.new_tenant(app)
    refunds_only = frozenset({Scope.REFUNDS_WRITE})
    client = Client(app, await shop.issue(app, tenant, CredentialKind.RESTRICTED_KEY, refunds_only))
    answer = await client.post("/refunds", {"payment": "pay_x", "expand": ["payment"]})
    said = shop.error(answer, 403, "permission_error", "permission_missing")
    assert "'payments.read'" in said["message"]


async def test_a_declined_payment_is_not_changed_by_being_expanded(merchant: Client) -> None:
    declined = {**PAYMENT, "card": {**CARD, "number": "4000000000000002"}, "expand": []}
    answer = await merchant.post("/payments", declined)
    assert answer.json()["error"]["payment"]["status"] == "failed"


@pytest.mark.parametrize("how", ["id", "inline"])
async def test_a_customer_who_is_expanded_is_always_the_whole_object(anyones: Client, how: str) -> None:
    made = (await anyones.post("/customers", {"email": "a@example.com", "name": "Ann"})).json()
    given = made["id"] if how == "id" else {"email": "a@example.com"}
    paid = await anyones.pay(customer=given, expand=["customer"])
    assert paid["customer"] == made
    assert (await anyones.get(f"/payments/{paid['id']}?expand[]=customer")).json() == paid
    plain = (await anyones.get(f"/payments/{paid['id']}")).json()["customer"]
    assert plain == (made["id"] if how == "id" else {"id": made["id"], "email": made["email"]})


async def test_a_customer_who_comes_with_the_payment_is_expanded_at_once(merchant: Client) -> None:
    paid = await merchant.pay(customer={"email": "new@example.com", "name": "Ann"}, expand=["customer"])
    assert (paid["customer"]["object"], paid["customer"]["name"]) == ("customer", "Ann")


async def test_where_there_is_nobody_nothing_is_expanded(merchant: Client) -> None:
    assert (await merchant.pay(expand=["customer", "customer.default_payment_method"]))["customer"] is None


async def test_a_declined_payment_is_expanded_in_its_error(merchant: Client) -> None:
    card = {**CARD, "number": "4000000000000002"}
    answer = await merchant.post(
        "/payments", {**PAYMENT, "card": card, "customer": {"email": "a@example.com"}, "expand": ["customer"]}
    )
    assert answer.status_code == 402
    assert answer.json()["error"]["payment"]["customer"]["object"] == "customer"


async def test_objects_are_expanded_within_objects(anyones: Client) -> None:
    customer = (await anyones.post("/customers", {"email": "a@example.com"})).json()["id"]
    method = (await anyones.post("/payment_methods", {"type": "card", "card": CARD})).json()["id"]
    await anyones.post(f"/payment_methods/{method}/attach", {"customer": customer})
    await anyones.post(f"/customers/{customer}", {"default_payment_method": method})
    paid = await anyones.pay(customer=customer)
    path = "payment.customer.default_payment_method.customer"
    refund = (await anyones.post("/refunds", {"payment": paid["id"], "amount": 100, "expand": [path]})).json()
    found = refund
    for name, prefix in (
        ("payment", "pay"),
        ("customer", "cus"),
        ("default_payment_method", "pm"),
        ("customer", "cus"),
    ):
        found = found[name]
        assert found["id"].startswith(prefix + "_")
    listed = await anyones.listed(
        "/refunds?expand[]=data.payment.customer.default_payment_method&expand[]=data.payment"
    )
    assert listed[0]["payment"]["customer"]["default_payment_method"]["id"] == method
    answer = await anyones.get(f"/refunds?expand[]=data.{path}")
    shop.error(answer, 400, "invalid_request_error", "parameter_invalid", "expand[0]")


async def test_what_many_name_is_fetched_once(merchant: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    customer = (await merchant.post("/customers", {"email": "a@example.com"})).json()["id"]
    for _ in range(5):
        await merchant.pay(customer=customer)
    fetched: list[str] = []
    kind = expansion.KINDS["cus"]

    async def counted(call: Any, id: str) -> Any:
        fetched.append(id)
        return await kind.fetch(call, id)

    monkeypatch.setitem(expansion.KINDS, "cus", msgspec.structs.replace(kind, fetch=counted))
    listed = await merchant.listed("/payments?expand[]=data.customer")
    assert {payment["customer"]["id"] for payment in listed} == {customer}
    assert fetched == [customer]
