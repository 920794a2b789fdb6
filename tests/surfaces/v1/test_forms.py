"""Forms: every operation takes its parameters as a form too, in every spelling, and means the same by them."""

from typing import Any
from urllib.parse import urlencode

import httpx2
import msgspec
import pytest

from tests.surfaces.v1 import shop
from tests.surfaces.v1.parameters import BODIES, POSTS
from tests.surfaces.v1.shop import CARD, PAYMENT, Client
from tillgate.surfaces.v1 import texts
from tillgate.surfaces.v1.forms import Metadata, Text
from tillgate.surfaces.v1.operations import Operation

pytestmark = pytest.mark.anyio

FORM = "application/x-www-form-urlencoded"


async def send(
    client: Client, path: str, form: str | list[tuple[str, Any]], key: str | None = None, content_type: str = FORM
) -> httpx2.Response:
    content = form if isinstance(form, str) else urlencode(form)
    headers = {"content-type": content_type, **({"idempotency-key": key} if key else {})}
    return await client.ask("POST", shop.rooted(path), content.encode(), headers)


def spelled(value: Any, name: str = "") -> list[tuple[str, Any]]:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [pair for place, item in enumerate(value) for pair in spelled(item, f"{name}[{place}]")]
    if isinstance(value, list):
        return [(f"{name}[]", item) for item in value]
    if not isinstance(value, dict):
        return [(name, value)]
    return [pair for key, inner in value.items() for pair in spelled(inner, f"{name}[{key}]" if name else key)]


@pytest.mark.parametrize("operation", POSTS, ids=lambda one: one.path)
async def test_a_form_is_understood_as_json_is(demo: Client, operation: Operation) -> None:
    path, body = operation.path.replace("{id}", "pay_x").removeprefix("/v1"), BODIES[operation.path]
    form, json = await send(demo, path, spelled(body)), await demo.post(path, body)
    assert form.status_code == json.status_code
    if form.status_code == 200:
        assert form.json().keys() == json.json().keys()
    else:
        assert shop.any_error(form)["code"] == shop.any_error(json)["code"]


async def test_a_form_and_json_that_say_the_same_are_the_same_request(merchant: Client) -> None:
    first = await send(merchant, "/payments", spelled(PAYMENT), key="once")
    assert first.status_code == 200, first.text
    card = {**CARD, "exp_month": "12", "exp_year": "2034"}
    repeat = await merchant.post("/payments", {**PAYMENT, "card": card}, key="once")
    assert (repeat.content, repeat.headers["idempotent-replayed"]) == (first.content, "true")


@pytest.mark.parametrize("expand", ["expand[]=payment", "expand[0]=payment", "expand=payment", "expand%5B%5D=payment"])
async def test_expand_is_spelled_in_any_way(merchant: Client, expand: str) -> None:
    paid = await merchant.pay()
    answer = await send(merchant, "/refunds", f"payment={paid['id']}&amount=100&{expand}")
    refund = answer.json()
    assert refund["payment"]["id"] == paid["id"]
    shown = (await merchant.get(f"/refunds/{refund['id']}?{expand}")).json()
    assert shown == refund
    listed = await merchant.listed(f"/refunds?{expand.replace('payment', 'data.payment')}&limit=5")
    assert listed == [refund]


async def test_what_a_form_leaves_empty_is_nothing(merchant: Client) -> None:
    form = [*spelled(PAYMENT), ("description", ""), ("metadata", ""), ("return_url", "")]
    paid = (await send(merchant, "/payments", form)).json()
    assert (paid["description"], paid["metadata"]) == (None, {})


async def test_an_empty_amount_is_not_all_that_is_left(merchant: Client) -> None:
    paid = await merchant.pay()
    answer = await send(merchant, f"/payments/{paid['id']}/refund", "amount=")
    shop.error(answer, 400, "invalid_request_error", "amount_invalid", "amount")


@pytest.mark.parametrize(
    ("form", "code", "param"),
    [
        ("amount=5e3&currency=usd&payment_method=card", "amount_invalid", "amount"),
        ("amount=5000.0&currency=usd&payment_method=card", "amount_invalid", "amount"),
        ("amount=+5000&currency=usd&payment_method=card", "amount_invalid", "amount"),
        ("amount[]=5000&currency=usd&payment_method=card", "amount_invalid", "amount"),
        ("amount=5000&amount=5000&currency=usd&payment_method=card", "request_malformed", "amount"),
        ("card[number]=4&card[number]=5", "request_malformed", "card.number"),
        ("card[number=4", "request_malformed", "card.number"),
        ("card[nmber]=4&amount=1&currency=usd&payment_method=card", "parameter_unknown", "card.nmber"),
        ("amout=1", "parameter_unknown", "amout"),
        ("metadata[a][b]=1&amount=5000&currency=usd&payment_method=card", "parameter_invalid", "metadata.a"),
        ("expand[1]=customer", "request_malformed", "expand"),
        ("expand[a]=customer", "request_malformed", "expand"),
        ("a=%zz", "request_malformed", None),
        ("&".join(f"metadata[a{n}]=1" for n in range(1_001)), "request_malformed", None),
    ],
    ids=lambda value: value[:24] if isinstance(value, str) else "",
)
async def test_a_bad_form_is_refused_by_name(demo: Client, form: str, code: str, param: str | None) -> None:
    shop.error(await send(demo, "/payments", form), 400, "invalid_request_error", code, param)


async def test_the_nearest_known_parameter_is_suggested_inside_too(demo: Client) -> None:
    answer = await send(demo, "/tokens", "card[nmber]=4")
    assert answer.json()["error"]["message"] == "Unknown parameter: card.nmber. Did you mean card.number?"


async def test_a_charset_does_not_make_it_another_form(merchant: Client) -> None:
    answer = await send(merchant, "/payments", spelled(PAYMENT), content_type=f"{FORM}; charset=utf-8")
    assert answer.status_code == 200


class Taken(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One parameter of every type."""

    confirm: bool = False
    count: int | None = None
    text: Text | None = None
    metadata: Metadata | None = None
    items: list[dict[str, int]] = []
    names: tuple[str, ...] | None = None
    month: int | str = 1


@pytest.mark.parametrize(
    ("given", "typed"),
    [
        ({"confirm": "true"}, {"confirm": True}),
        ({"confirm": "False"}, {"confirm": False}),
        ({"confirm": "1"}, {"confirm": True}),
        ({"confirm": "yes"}, {"confirm": "yes"}),
        ({"confirm": ""}, {"confirm": ""}),
        ({"count": "-7"}, {"count": -7}),
        ({"count": "٣"}, {"count": "٣"}),
        ({"count": "null"}, {"count": "null"}),
        ({"count": ""}, {"count": ""}),
        ({"text": "null"}, {"text": "null"}),
        ({"text": "7"}, {"text": "7"}),
        ({"text": ""}, {"text": None}),
        ({"metadata": ""}, {"metadata": None}),
        ({"metadata": {"0": "1", "a": ""}}, {"metadata": {"0": "1", "a": ""}}),
        ({"items": {"1": {"n": "2"}, "0": {"n": "1"}}}, {"items": [{"n": 1}, {"n": 2}]}),
        ({"items": ""}, {"items": []}),
        ({"names": "one"}, {"names": ["one"]}),
        ({"names": ["1", "2"]}, {"names": ["1", "2"]}),
        ({"month": "12"}, {"month": "12"}),
        ({"other": {"x": "1"}}, {"other": {"x": "1"}}),
    ],
)
def test_texts_take_the_types_of_what_they_are_given_for(given: dict[str, Any], typed: dict[str, Any]) -> None:
    assert texts.typed(given, Taken, unsets=True) == typed
