"""Whatever is sent, nothing breaks: each answer is the thing asked for or an error in the documented form."""

import json
from typing import Any

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sizes import at_size
from tests.surfaces.v1 import shop
from tests.surfaces.v1.parameters import BODIES, POSTS, QUERIES, changed, fields
from tests.surfaces.v1.shop import LOCAL, Client
from tillgate.assembly import Assembly
from tillgate.surfaces.v1.operations import Operation

pytestmark = pytest.mark.anyio

EXAMPLES = settings(max_examples=at_size(75, 5_000))

# Surrogates too: JSON can escape them.
texts = st.text(st.characters(exclude_categories=[]), max_size=40)
numbers = st.integers() | st.floats() | st.sampled_from([0, 1, 50, 2**31, 2**53, 2**63 - 1, -(2**63), 2**64, 10**30])
leaves = (
    st.none() | st.booleans() | numbers | texts | st.sampled_from(["card", "usd", "4242424242424242", "pay_x", "🔑"])
)
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=8
)


@st.composite
def asked(draw: st.DrawFn) -> tuple[Operation, dict[str, Any]]:
    """An operation and its body with some parameters changed, and some added."""
    operation = draw(st.sampled_from(POSTS))
    body = BODIES[operation.path]
    for field in draw(st.lists(st.sampled_from([*fields(body)] or ["x"]), max_size=3, unique=True)):
        if isinstance(body.get(field.partition(".")[0]), dict) or "." not in field:
            body = changed(body, field, draw(values))
    return operation, {**body, **draw(st.dictionaries(texts, values, max_size=1))}


def assert_in_form(answer: httpx2.Response) -> None:
    assert answer.status_code in (200, 400, 401, 402, 404, 405, 409, 413), answer.text
    if answer.status_code == 200 and answer.headers["content-type"] == "application/json":
        assert "object" in answer.json()
    elif answer.status_code == 200:
        assert answer.headers["content-type"].startswith(("text/csv", "application/x-ndjson"))
    else:
        shop.any_error(answer)


@EXAMPLES
@given(asked())
async def test_any_body_is_answered(app: Assembly, asked: tuple[Operation, dict[str, Any]]) -> None:
    operation, body = asked
    path = operation.path.replace("{id}", "pay_x")
    asker = await shop.acting(shop.demo_shop(app), operation)
    assert_in_form(await asker.ask("POST", path, json.dumps(body).encode()))


@EXAMPLES
@given(st.sampled_from(POSTS), st.binary(max_size=200) | values.map(lambda value: json.dumps(value).encode()))
async def test_any_bytes_are_answered(app: Assembly, operation: Operation, body: bytes) -> None:
    asker = await shop.acting(shop.demo_shop(app), operation)
    assert_in_form(await asker.ask("POST", operation.path.replace("{id}", "pay_x"), body))


PERCENT = st.binary(max_size=12).map(lambda raw: "".join(f"%{byte:02x}" for byte in raw))
WORDS = st.sampled_from(["limit", "starting_after", "customer", "payment", "=", "&", "%", "+", "10", "pay_x", ";"])


@EXAMPLES
@given(st.sampled_from(sorted(QUERIES)), st.lists(WORDS | PERCENT, max_size=6).map("".join))
async def test_any_query_is_answered(app: Assembly, path: str, query: str) -> None:
    assert_in_form(await get(shop.demo_shop(app), f"{path}?{query}"))


@EXAMPLES
@given(st.lists(st.sampled_from(["v1", "payments", "pay_x", "refunds", "..", ".", "", "%2f", "%00", "%"]) | PERCENT))
async def test_any_path_is_answered(app: Assembly, segments: list[str]) -> None:
    answer = await get(shop.demo_shop(app), "/v1/" + "/".join(segments))
    assert_in_form(answer)


async def get(client: Client, target: str) -> httpx2.Response:
    """Exactly this target: clients tidy up the paths that they are given."""
    path, _, query = target.partition("?")
    return await client.ask("GET", httpx2.URL(LOCAL).copy_with(raw_path=f"{path}?{query}".encode()))


@EXAMPLES
@given(st.binary(max_size=60), st.binary(max_size=60))
async def test_any_key_and_any_idempotency_key_are_answered(app: Assembly, key: bytes, once: bytes) -> None:
    headers = {b"authorization": b"Bearer " + key, b"idempotency-key": once}
    assert_in_form(await Client(app, None).ask("POST", "/v1/payments", b"{}", headers))
    headers = {b"authorization": b"Bearer sk_test_1234567890abcdef", b"idempotency-key": once}
    assert_in_form(await Client(app, None).ask("POST", "/v1/payments", b"{}", headers))
