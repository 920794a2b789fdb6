"""Expansion: what `expand` shows as objects, what it refuses, and that a repeat is answered to the byte."""

from typing import Any

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
    takes = {field.encode_name for field in expansion.inspect.type_info(operation.takes).fields}  # type: ignore[attr-defined]
    assert ("expand" in takes) == expansion.is_possible(operation.gives)


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
    [("payment", "expand"), (7, "expand"), ({}, "expand"), ([7], "expand[0]"), (["x"] * 21, "expand")],
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
