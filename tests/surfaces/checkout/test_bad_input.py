"""Bad input: every field of every operation wrong in each way, told by its name and within milliseconds."""

from typing import Any

import msgspec
import pytest

from tests.surfaces.checkout import store
from tests.surfaces.checkout.store import ABSENT, Store, done, errors
from tests.waiting import at_most
from tillgate.assembly import Assembly

pytestmark = pytest.mark.anyio

NOT_TEXTS: tuple[Any, ...] = (7, 1.5, True, [], {}, ["x"])
BLANK = ("", "   ")
NOT_PRINTABLE = ("a\nb", "a\u0007b", "\u202eb")
NOT_WHOLE: tuple[Any, ...] = ("10000", 100.0, 1.5, True, [], {}, 0, -1, -(10**18))
NOT_ADDRESSES: tuple[Any, ...] = (
    *(
        "shop.example",
        "javascript:alert(1)",
        "ftp://shop.example/",
        "https://",
        "http://a b/",
        "https://u:p@shop.example/",
    ),
    *("https:\\\\shop.example", "https://shöp.example/", "https://shop.example/" + "x" * 2_048),
    *(7, True, [], {}),
)
NOT_MOMENTS: tuple[Any, ...] = (
    *("tomorrow", "2099-13-01", "2099-02-30T00:00:00Z", "2099-01-01T25:00:00Z", "4102444800", "2001-01-01T00:00:00Z"),
    *("2099-01-01T00:00:00+99:00", "９９９９-01-01", "+2099-01-01"),
    *(4_102_444_800, True, [], {}),
)

NUMBERS: tuple[Any, ...] = ("4242424242424242", "Card 4242 4242 4242 4242")

NOT_FLAGS: tuple[Any, ...] = ("true", 1, [], {})
NOT_WHITELISTS: tuple[Any, ...] = ("USD", 7, True, {}, [7], [None], ["ZZZ"], [[]])
NOT_SCOPES: tuple[Any, ...] = (
    *(ABSENT, None, "*", 7, True, {}, [], [7]),
    *(["payments"], ["applications"], ["*", "x"]),
)


class Raw(str):
    """A value as it is to be in the body, to the byte."""


def written(body: dict[str, Any]) -> bytes:
    members = [
        msgspec.json.encode(name) + b":" + (value.encode() if isinstance(value, Raw) else msgspec.json.encode(value))
        for name, value in body.items()
    ]
    return b"{" + b",".join(members) + b"}"


ORDERS: list[tuple[dict[str, Any], str]] = [
    *(
        ({name: bad}, name)
        for name in ("amount", "currencyCode", "reference", "referenceLabel")
        for bad in (ABSENT, None)
    ),
    ({"clientId": ABSENT}, "clientId"),
    *(({"amount": bad}, "amount") for bad in NOT_WHOLE),
    *(({"amount": Raw(bad)}, "amount") for bad in ("1e4", "1.0", "10000.00")),
    ({"amount": Raw("NaN")}, "amount"),
    ({"amount": Raw("1" * 400)}, "amount"),
    ({"amount": 49}, "amount"),
    ({"amount": 10**18}, "amount"),
    *(({"currencyCode": bad}, "currencyCode") for bad in (*NOT_TEXTS, *BLANK, "US", "USDT", "ZZZ", "XAU", "ＵＳＤ")),
    ({"currencyCode": "GBP"}, "currencyCode"),
    *(
        ({name: bad}, name)
        for name in ("reference", "referenceLabel")
        for bad in (*NOT_TEXTS, *BLANK, *NOT_PRINTABLE, *NUMBERS, "x" * 256)
    ),
    ({"reference": Raw('"\\u0000"')}, "reference"),
    ({"reference": Raw('"\\ud800"')}, "reference"),
    *(({"clientId": bad}, "clientId") for bad in (*NOT_TEXTS, "nobody's", "x" * 256, "your_client_id")),
    *(({"siteId": bad}, "siteId") for bad in (*NOT_TEXTS, "site_nobody", "app_x")),
    ({"siteId": "site_nobody", "clientId": ABSENT}, "siteId"),
    *(({"redirectUrl": bad}, "redirectUrl") for bad in NOT_ADDRESSES),
    *(({"settlementCurrencyCode": bad}, "settlementCurrencyCode") for bad in (*NOT_TEXTS, "EUR", "ZZZ")),
    *(({"expiresAt": bad}, "expiresAt") for bad in (*NOT_MOMENTS, "2999-01-01T00:00:00Z")),
    ({"redirectURL": "https://shop.example/"}, "redirectURL"),
    ({"4242424242424242": 1}, "body"),
    ({"card_4242424242424242": 1}, "body"),
    ({"redirectUrl": "https://shop.example/?card=4242424242424242"}, "redirectUrl"),
]

APPLICATIONS: list[tuple[dict[str, Any], str]] = [
    *(({"name": bad}, "name") for bad in (ABSENT, None, *NOT_TEXTS, *BLANK, "ab", "x" * 256, *NOT_PRINTABLE, *NUMBERS)),
    *(({"secret": bad}, "secret") for bad in (*NOT_TEXTS, "short", "x" * 256)),
    *(({name: bad}, name) for name in ("url", "callbackUrl") for bad in NOT_ADDRESSES),
    *(({"callbackUrl": bad}, "callbackUrl") for bad in ("http://169.254.169.254/", "http://10.0.0.1/hook")),
    *(({"currencyWhitelist": bad}, "currencyWhitelist") for bad in NOT_WHITELISTS),
    ({"currencyWhitelist": ["USD"] * 256}, "currencyWhitelist"),
    *(({name: bad}, name) for name in ("allowUnderpay", "allowOverpay", "allowSeveral") for bad in NOT_FLAGS),
    ({"clientId": "mine"}, "clientId"),
]

TOKENS: list[tuple[dict[str, Any], str]] = [
    *(({"label": bad}, "label") for bad in (ABSENT, None, *NOT_TEXTS, *BLANK, *NUMBERS, "x" * 256)),
    *(({"scopes": bad}, "scopes") for bad in NOT_SCOPES),
    *(({"expiresAt": bad}, "expiresAt") for bad in NOT_MOMENTS),
    ({"token": "mine"}, "token"),
]

ACCOUNTS: list[tuple[dict[str, Any], str]] = [
    *(({"displayName": bad}, "displayName") for bad in (*NOT_TEXTS, *NUMBERS, "x" * 101)),
    *(({"website": bad}, "website") for bad in NOT_ADDRESSES),
    *(({"supportEmail": bad}, "supportEmail") for bad in (*NOT_TEXTS, "ann", "a@b", "a b@c.de", "@c.de")),
    *(({"supportPhone": bad}, "supportPhone") for bad in (*NOT_TEXTS, "call me", "1")),
    *(({"color": bad}, "color") for bad in (*NOT_TEXTS, "red", "#12345", "#1234567", "#xyzxyz")),
    *(
        ({"logo": bad}, "logo")
        for bad in (*NOT_TEXTS, "https://shop.example/logo.png", "data:image/svg+xml;base64,PHN2Zz4=")
    ),
    ({"logo": "data:image/png;base64,AAAA"}, "logo"),
    ({"logo": "data:image/png;base64," + "iVBORw0KGgo=" * 20_000}, "logo"),
    *(({"origins": bad}, "origins") for bad in ("https://a.example", 7)),
    *(({"origins": [bad]}, "origins") for bad in (7, None, "https://a.example/")),
    ({"origins": [f"https://{number}.example" for number in range(21)]}, "origins"),
    ({"name": "Another"}, "name"),
]

BODIES: list[tuple[bytes, str]] = [
    *((body, "body") for body in (b"{", b"null", b"[]", b'"x"', b"7", b"\xff", b"NaN", b"\xef\xbb\xbf{}")),
    (b'{"reference":"a","reference":"b"}', "body"),
    (b'{"reference":' * 100 + b"1" + b"}" * 100, "reference.reference"),
    (b'{"reference":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "body"),
    (b'{"reference":[' + b"1," * 20_000 + b"1]}", "body"),
]

REFUNDS: list[tuple[dict[str, Any], str]] = [
    *(({"amount": bad}, "amount") for bad in NOT_WHOLE),
    ({"amount": 10_001}, "amount"),
    ({"reason": "broken"}, "reason"),
]

QUERIES = [
    *((f"page={bad}", "page") for bad in ("0", "-1", "x", "1.5", "10001", "9" * 30, "")),
    *((f"per_page={bad}", "per_page") for bad in ("0", "101", "x")),
    *((f"status={bad}", "status") for bad in ("open", "PAID", "x")),
    ("clientId=nobody", "clientId"),
    ("page=1&page=2", "page"),
    ("sort=asc", "sort"),
    ("reference=%zz", "body"),
    ("reference=%00", "body"),
]


@pytest.fixture(scope="module")
async def shared(app: Assembly) -> Store:
    """A merchant that nothing happens to; its application takes dollars and euros."""
    return await store.opened(app, currencyWhitelist=["USD", "EUR"])


def without_absent(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if value is not ABSENT}


async def assert_wrong(seller: Store, method: str, path: str, token: str, wrongs: Any, usual: dict[str, Any]) -> None:
    """That each is told by the name of its field; it is slow to say so nowhere."""
    for changes, field in wrongs:
        with at_most(0.5):
            answer = await seller.ask(method, path, written(without_absent({**usual, **changes})), token)
        found = errors(answer)
        assert any(name == field or name.startswith(f"{field}.") for name in found), (changes, field, found)


async def test_orders(shared: Store) -> None:
    await assert_wrong(shared, "POST", "/api/payment/checkout", shared.token, ORDERS, shared.order())


async def test_everything_that_is_wrong_is_said_at_once(shared: Store) -> None:
    answer = await shared.ask("POST", "/api/payment/checkout", {"amount": "x", "extra": 1})
    assert set(errors(answer)) == {"amount", "extra", "currencyCode", "reference", "referenceLabel", "clientId"}
    assert answer.json()["message"].endswith("(and 5 more errors)")


@pytest.mark.parametrize(("body", "field"), BODIES, ids=range(len(BODIES)))
async def test_bodies(shared: Store, body: bytes, field: str) -> None:
    with at_most(0.5):
        answers = [
            await shared.ask("POST", "/api/payment/checkout", body),
            await shared.manage("POST", "/api/payment-applications", body),
        ]
    for answer in answers:
        assert any(name.startswith(field) for name in errors(answer)), answer.text


async def test_applications(shared: Store) -> None:
    path = "/api/payment-applications"
    await assert_wrong(shared, "POST", path, shared.dashboard, APPLICATIONS, {"name": "Web shop"})
    mine = f"{path}/{shared.application['id']}"
    changes = [each for each in APPLICATIONS if each[0].get("name", "") not in (ABSENT, None)]
    await assert_wrong(shared, "PATCH", mine, shared.dashboard, changes, {})


async def test_tokens(shared: Store) -> None:
    path = f"/api/payment-applications/{shared.application['id']}/tokens"
    await assert_wrong(shared, "POST", path, shared.dashboard, TOKENS, {"label": "Till", "scopes": ["*"]})


async def test_account(shared: Store) -> None:
    await assert_wrong(shared, "PATCH", "/api/account", shared.dashboard, ACCOUNTS, {})


async def test_refunds(shared: Store) -> None:
    id = (await shared.open())["id"]
    await shared.pay(id)
    await assert_wrong(shared, "POST", f"/api/payment/{id}/refund", shared.token, REFUNDS, {})
    assert "why" in errors(await shared.ask("POST", f"/api/payment/{id}/cancel", {"why": "x"}))
    for key in ("x" * 256, "\x07"):
        answer = await shared.ask("POST", f"/api/payment/{id}/refund", None, **{"idempotency-key": key})
        assert "Idempotency-Key" in errors(answer)


@pytest.mark.parametrize(("query", "field"), QUERIES)
async def test_queries(shared: Store, query: str, field: str) -> None:
    assert field in errors(await shared.manage("GET", f"/api/payments?{query}"))


async def test_what_is_accepted_and_ignored(shared: Store) -> None:
    order = shared.order(productId=7, blockchainSlug="ethereum", siteId=shared.application["site"]["id"])
    assert done(await shared.ask("POST", "/api/payment/checkout", order))["id"]
    by_site = {**order, "reference": "by site", "expiresAt": "2099-01-01"[:0] or None}
    by_site.pop("clientId")
    assert done(await shared.ask("POST", "/api/payment/checkout", by_site))["id"]
    answer = await shared.http.get("/api/account", headers={"authorization": f"bearer {shared.dashboard}"})
    assert answer.status_code == 200, "a GET that says it is JSON and has no body is fine"


async def test_unknown_paths_and_methods_are_told_in_the_same_form(shared: Store) -> None:
    assert store.message(await shared.ask("GET", "/api/payment/x/y/z"), 404) == "Not found"
    assert store.message(await shared.ask("DELETE", "/api/payments"), 405) == "Method not allowed"
    assert store.message(await shared.ask("POST", "/api/payment/checkout", b"x" * 1_100_000), 413)
