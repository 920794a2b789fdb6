"""Addresses: queries, ids, paths and methods that are wrong, and which of them browsers may call."""

import pytest

from tests.surfaces.v1 import shop
from tests.surfaces.v1.parameters import MISTYPED, QUERIES, each_get
from tests.surfaces.v1.shop import CARD, Client
from tillgate.surfaces.v1.operations import Operation

pytestmark = pytest.mark.anyio


@each_get
async def test_an_unknown_query_parameter_is_named(demo: Client, operation: Operation) -> None:
    path = operation.path.replace("{id}", "pay_x").removeprefix("/v1")
    answer = await demo.get(f"{path}?limits=5")
    said = shop.error(answer, 400, "invalid_request_error", "parameter_unknown", "limits")
    assert ("Did you mean limit?" in said["message"]) == ("limit" in QUERIES.get(operation.path, ()))


@pytest.mark.parametrize(
    ("query", "code", "param"),
    [
        ("limit=0", "parameter_invalid", "limit"),
        ("limit=101", "parameter_invalid", "limit"),
        ("limit=-1", "parameter_invalid", "limit"),
        ("limit=", "parameter_invalid", "limit"),
        ("limit=ten", "parameter_invalid", "limit"),
        ("limit=1.5", "parameter_invalid", "limit"),
        ("limit=true", "parameter_invalid", "limit"),
        ("limit=NaN", "parameter_invalid", "limit"),
        ("limit=99999999999999999999", "parameter_invalid", "limit"),
        ("limit=" + "9" * 5_000, "parameter_invalid", "limit"),
        ("limit=5&limit=6", "request_malformed", "limit"),
        ("starting_after=", "parameter_invalid", "starting_after"),
        ("starting_after=x", "parameter_invalid", "starting_after"),
        ("ending_before=req_01m7z215jeew98jd99h86awkg6", "parameter_invalid", "ending_before"),
        ("ending_before=" + "9" * 5_000, "parameter_invalid", "ending_before"),
        ("starting_after=%00", "request_malformed", None),
        ("starting_after=%", "request_malformed", None),
        ("starting_after=%ff", "request_malformed", None),
        ("Limit=5", "parameter_unknown", "Limit"),
        ("limit[]=5", "parameter_invalid", "limit"),
        ("limit=1e1", "parameter_invalid", "limit"),
        ("limit=1_0", "parameter_invalid", "limit"),
        ("limit=%D9%A1", "parameter_invalid", "limit"),
        (f"{MISTYPED}=1", "parameter_unknown", "…"),
        ("=5", "request_malformed", "…"),
    ],
    ids=lambda value: value[:24] if isinstance(value, str) else "",
)
@pytest.mark.parametrize("path", ["/payments", "/refunds"])
async def test_a_bad_query_is_refused_by_name(
    demo: Client, path: str, query: str, code: str, param: str | None
) -> None:
    said = shop.error(await demo.get(f"{path}?{query}"), 400, "invalid_request_error", code, param)
    if (code, param) == ("parameter_invalid", "limit"):
        assert said["message"] == "Invalid value for limit: it takes a whole number from 1 to 100."


async def test_a_page_lies_in_one_direction(demo: Client) -> None:
    paid = await demo.pay()
    answer = await demo.get(f"/payments?starting_after={paid['id']}&ending_before={paid['id']}")
    shop.error(answer, 400, "invalid_request_error", "parameter_invalid", "ending_before")


STRANGE_IDS = [
    "x",
    "re_01m7z215jeew98jd99h86awkg6",
    "PAY_01M7Z215JEEW98JD99H86AWKG6",
    "pay_" + "x" * 1_900,
    MISTYPED,
    "null",
    "%20",
    "%C3%A9",
    "pay_%F0%9F%92%B3",
    "'%20or%201=1--",
    "capture%3Fx",
    "..;",
    "*",
    "~",
    "pay_x@y:z",
]


@pytest.mark.parametrize("id", STRANGE_IDS, ids=lambda id: id[:24])
async def test_an_id_that_nothing_has_is_not_found(demo: Client, id: str) -> None:
    for ask, path in (
        (demo.get, f"/payments/{id}"),
        (demo.get, f"/refunds/{id}"),
        (demo.post, f"/payments/{id}/capture"),
        (demo.post, f"/payments/{id}/cancel"),
        (demo.post, f"/payments/{id}/refund"),
    ):
        said = shop.error(await ask(path), 404, "invalid_request_error", "resource_missing", "id")
        assert MISTYPED not in said["message"]


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/payment",
        "/payments/",
        "/payments/pay_x/",
        "/payments/pay_x/void",
        "/payments//refund",
        "/payments/%2e%2e",
        "/payments/%00",
        "/payments/%ff",
        "/payments/pay%2Fx",
        "/refunds/re_x/cancel",
        "/payments/" + "x" * 3_000,
        "/Payments",
    ],
    ids=lambda path: path[:24],
)
async def test_a_path_that_is_not_there_is_not_found(demo: Client, path: str) -> None:
    for answer in (await demo.get(path), await demo.post(path, {})):
        shop.error(answer, 404, "invalid_request_error", "resource_missing")


@pytest.mark.parametrize(
    ("path", "allow"),
    [
        ("/payments", "GET, HEAD, OPTIONS, POST"),
        ("/payments/pay_x", "GET, HEAD, OPTIONS, POST"),
        ("/payments/pay_x/capture", "OPTIONS, POST"),
        ("/payments/pay_x/cancel", "OPTIONS, POST"),
        ("/payments/pay_x/refund", "OPTIONS, POST"),
        ("/refunds", "GET, HEAD, OPTIONS, POST"),
        ("/refunds/re_x", "GET, HEAD, OPTIONS, POST"),
        ("/transactions", "GET, HEAD, OPTIONS"),
        ("/customers/cus_x", "DELETE, GET, HEAD, OPTIONS, POST"),
        ("/payment_methods/pm_x/attach", "OPTIONS, POST"),
        ("/tokens", "OPTIONS, POST"),
        ("/balance", "GET, HEAD, OPTIONS"),
    ],
)
async def test_a_method_that_a_path_does_not_take_is_answered_with_those_it_does(
    demo: Client, path: str, allow: str
) -> None:
    taken = set(allow.split(", "))
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW"} - taken:
        answer = await demo.ask(method, f"/v1{path}")
        shop.error(answer, 405, "invalid_request_error", "method_not_allowed")
        assert answer.headers["allow"] == allow
    assert (await demo.ask("OPTIONS", f"/v1{path}")).headers["allow"] == allow


async def test_browsers_may_make_tokens_from_any_page_and_do_nothing_else(demo: Client) -> None:
    preflight = {"origin": "https://shop.example", "access-control-request-method": "POST"}
    answer = await demo.ask("OPTIONS", "/v1/tokens", None, preflight)
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-allow-methods"] == "POST"
    assert "Authorization" in answer.headers["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in answer.headers
    for body in ({"card": CARD}, {"card": {**CARD, "number": MISTYPED}}, {}):
        assert (await demo.post("/tokens", body)).headers["access-control-allow-origin"] == "*"
    for path in ("/payments", "/refunds", "/balance", "/payments/pay_x/refund"):
        for method in ("POST", "GET"):
            asked = {**preflight, "access-control-request-method": method}
            answer = await demo.ask("OPTIONS", f"/v1{path}", None, asked)
            assert "access-control-allow-origin" not in answer.headers
        assert "access-control-allow-origin" not in (await demo.get(path)).headers


async def test_head_is_get_without_the_body(demo: Client) -> None:
    got, head = await demo.get("/balance"), await demo.ask("HEAD", "/v1/balance")
    assert head.status_code == got.status_code == 200
    assert head.headers["content-length"] == str(len(got.content))
