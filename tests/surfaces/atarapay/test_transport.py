"""The three forms of bodies, the token in each, the envelope, and errors in either form."""

import base64
import io
import logging
from collections.abc import Iterator
from urllib.parse import quote, urlencode

import httpx2
import pytest

from tests.surfaces.atarapay import market
from tests.surfaces.atarapay.market import ABSENT, BANKS, FORM, JSON, PARTS, PAY, RATE, Market, done, error, written
from tests.surfaces.v1 import shop
from tests.surfaces.v1.shop import LOCAL
from tests.waiting import at_most
from tillgate import logs
from tillgate.assembly import Assembly
from tillgate.core import credentials as core
from tillgate.core.merchants import DEMO_SHOP, RateLimit
from tillgate.flows import credentials
from tillgate.flows.key_pairs import DEMO_KEYS
from tillgate.http.routing import Route
from tillgate.surfaces.atarapay import authtokens
from tillgate.surfaces.atarapay.errors import INVALID_TOKEN, PROBLEM
from tillgate.surfaces.atarapay.sandbox_keys import PLACEHOLDER, PRIVATE_KEY, PUBLIC_KEY
from tillgate.surfaces.atarapay.surface import OPERATIONS

pytestmark = pytest.mark.anyio

VECTOR = "YjhrUDdBMWU2N3MwamMzaDk4VDhwSDcxZHE2NkowczM6UEtwNnozalRjTGVRTmMxaDN1OWUwZmZYNzdOWTkxYWRFMTI="
REQUIRED = "The authtoken field is required."


@pytest.fixture
def log() -> Iterator[io.BytesIO]:
    """Everything that Tillgate logs; the client, which is here too, keeps quiet."""
    stream, client = io.BytesIO(), logging.getLogger("httpx2")
    logs.configure("debug", stream)
    client.setLevel(logging.ERROR)
    yield stream
    client.setLevel(logging.NOTSET)
    logs.flush()
    logs.configure("warning")


def test_the_token_of_the_printed_keys_is_the_one_that_is_printed() -> None:
    assert authtokens.of_pair(f"{PUBLIC_KEY}:{PRIVATE_KEY}") == VECTOR
    assert authtokens.read(VECTOR) == (PUBLIC_KEY, PRIVATE_KEY)


def test_a_notification_s_token_has_the_order_and_the_kobo_in_it() -> None:
    token = authtokens.of_notification("public:private", 7, 1_250_000)
    assert base64.b64decode(token) == b"public:private:7:1250000"


@pytest.mark.parametrize("media", [FORM, PARTS, JSON])
async def test_a_body_is_read_in_each_of_the_three_forms(seller: Market, media: str) -> None:
    banks = done(await seller.ask(BANKS, media=media), "Banks")
    assert {"name": "Zenith Bank", "code": "057", "nip_bank_code": "000015"} in banks


async def test_a_form_is_read_whatever_it_is_called(seller: Market) -> None:
    for media in ("", "application/x-www-form-urlencoded; charset=UTF-8", "text/plain"):
        done(await seller.ask(BANKS, media=media))


@pytest.mark.parametrize("media", [FORM, PARTS, JSON])
@pytest.mark.parametrize("token", [ABSENT, "", " "])
async def test_a_token_that_is_missing_is_the_first_thing_to_be_said(seller: Market, media: str, token: str) -> None:
    assert error(await seller.ask(BANKS, media=media, authtoken=token)) == REQUIRED


def spoiled(market: Market) -> list[object]:
    public, private = core.halves(market.pair)
    return [
        "nonsense",
        "Bearer x",
        "=",
        "x" * 5_000,
        VECTOR[:-1],
        market.token.rstrip("=") + "==="[: 1 + market.token.count("=")],
        market.token + "\n",
        base64.b64encode(market.pair.encode() + b"\xff").decode(),
        base64.urlsafe_b64encode(b"\xfb\xef\xbe" + market.pair.encode()).decode(),
        authtokens.of_pair(public),
        authtokens.of_pair(f"{public}:"),
        authtokens.of_pair(f":{private}"),
        authtokens.of_pair(f"{private}:{public}"),
        authtokens.of_pair(f"{public}:{private[:-1]}"),
        authtokens.of_pair(f"{public}:{private}:"),
        authtokens.of_pair(f"{public}:{PRIVATE_KEY}"),
        authtokens.of_pair(f"{PUBLIC_KEY}:{private}"),
        "tökén",
    ]


async def test_whatever_is_wrong_with_a_token_the_same_is_said(seller: Market) -> None:
    for token in spoiled(seller):
        if token == seller.token + "\n":
            continue
        assert error(await seller.ask(BANKS, authtoken=token)) == INVALID_TOKEN, token
    for token in (7, True, [], {}, [seller.token], {"a": seller.token}):
        assert error(await seller.ask(BANKS, media=JSON, authtoken=token)) == INVALID_TOKEN, token


async def test_the_token_counts_in_the_body_alone(seller: Market) -> None:
    for place in (f"?authtoken={quote(seller.token)}", ""):
        headers = {"authorization": f"Bearer {seller.token}", "authtoken": seller.token}
        answer = await seller.send(BANKS + place, b"x=1", "POST", FORM, **headers)
        assert error(answer) == REQUIRED


async def test_keys_are_good_here_and_nowhere_else(seller: Market) -> None:
    public, private = core.halves(seller.pair)
    for secret in (public, private, seller.pair, seller.token):
        headers = {"authorization": f"Bearer {secret}"}
        for path in ("/v1/balance", "/api/payments", "/api/payment-applications"):
            assert (await seller.http.get(path, headers=headers)).status_code == 401
        asked = {"publicToken": secret, "ecommerceId": "x"}
        answer = await seller.http.post("/api/business-transaction/ecommerce/business/findPayment", json=asked)
        assert answer.json()["errorcode"] == "BTRA_0401"
    for other in (seller.v1.key, "your_client_token", "a66ce73d04f2087615f6320b724defc5b4eedc55"):
        assert error(await seller.ask(BANKS, authtoken=authtokens.of_pair(f"{other}:{private}"))) == INVALID_TOKEN
        assert error(await seller.ask(BANKS, authtoken=other)) == INVALID_TOKEN


async def test_the_printed_keys_and_the_printed_placeholder_are_demo_shop_s_on_this_machine(seller: Market) -> None:
    for token in (VECTOR, PLACEHOLDER):
        done(await seller.ask(BANKS, authtoken=token))
        elsewhere = await seller.send(BANKS, written({"authtoken": token}), "POST", FORM, **{"x-forwarded-for": "::2"})
        assert error(elsewhere) == INVALID_TOKEN


async def test_whoever_asks_for_problems_gets_them_under_their_status(seller: Market) -> None:
    wants = {"accept": f"text/html;q=0.1, {PROBLEM};q=0.9"}
    for body, status, detail in (
        (b"", 401, REQUIRED),
        (written({"authtoken": "x"}), 401, INVALID_TOKEN),
        (b"%zz", 400, "Invalid request. A percent sign is not followed by two hexadecimal digits."),
    ):
        answer = await seller.send(BANKS, body, "POST", FORM, **wants)
        assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM)
        said = answer.json()
        assert (set(said), said["status"], said["detail"]) == ({"type", "title", "status", "detail"}, status, detail)
        assert error(await seller.send(BANKS, body, "POST", FORM, accept=f"*/*, {PROBLEM};q=0.0")) == detail
    assert done(await seller.send(BANKS, written({"authtoken": seller.token}), "POST", FORM, **wants))


BROKEN: dict[str, tuple[bytes, str]] = {
    "broken escape": (b"authtoken=%zz", FORM),
    "not UTF-8": (b"authtoken=%ff", FORM),
    "U+0000": (b"authtoken=a%00b", FORM),
    "twice": (b"authtoken=a&authtoken=b", FORM),
    "a list and a text": (b"authtoken=a&authtoken[]=b", FORM),
    "brackets": (b"authtoken[=a", FORM),
    "deep": (b"a" + b"[b]" * 100 + b"=1", FORM),
    "pairs": (b"a=1&" * 5_000, FORM),
    "no boundary": (b"--x", "multipart/form-data"),
    "another boundary": (written({"authtoken": "a"}, PARTS), "multipart/form-data; boundary=z"),
    "cut": (written({"authtoken": "a"}, PARTS)[:-8], PARTS),
    "twice in parts": (written({"authtoken": "a"}, PARTS)[:-15] + written({"authtoken": "b"}, PARTS), PARTS),
    "no JSON": (b"{", JSON),
    "not an object": (b"[]", JSON),
    "null": (b"null", JSON),
    "NaN": (b'{"authtoken":NaN}', JSON),
    "a key twice": (b'{"authtoken":"a","authtoken":"b"}', JSON),
    "deep JSON": (b'{"a":' * 100 + b"1" + b"}" * 100, JSON),
    "many values": (b'{"a":[' + b"1," * 20_000 + b"1]}", JSON),
    "half of a pair": (b'{"a":"\\ud800"}', JSON),
    "a huge number": (b'{"a":' + b"9" * 10_000 + b"}", JSON),
}


@pytest.mark.parametrize("name", BROKEN)
async def test_what_cannot_be_read_is_said_to_be_so_at_once(seller: Market, name: str) -> None:
    body, media = BROKEN[name]
    with at_most(1):
        assert error(await seller.send(BANKS, body, "POST", media)).startswith("Invalid request. ")


ASKED = [route for route in OPERATIONS if route.method != "GET" and route.path != PAY]


@pytest.mark.parametrize("route", ASKED, ids=lambda route: f"{route.method} {route.path}")
async def test_every_operation_finds_out_who_asks_first(seller: Market, route: Route) -> None:
    path = route.path.replace("{id}", "1")
    assert error(await seller.ask(path, route.method, authtoken=ABSENT)) == REQUIRED
    assert error(await seller.ask(path, route.method, authtoken="x")) == INVALID_TOKEN
    with at_most(2):
        for name in ("twice", "twice in parts", "NaN", "deep JSON", "a huge number"):
            body, media = BROKEN[name]
            assert error(await seller.send(path, body, route.method, media)).startswith("Invalid request. ")
        odd = {
            "status": {"a": []},
            "order": [1],
            "sp_id": 1.5,
            "order_id": {},
            "commisson": [],
            "type": 7,
            "project_id": [],
        }
        assert error(await seller.ask(path, route.method, JSON, **odd)) if needs_fields(route) else True


def needs_fields(route: Route) -> bool:
    """Whether an operation takes more than a token."""
    return not route.path.endswith(("getBanks", "getExternalProjects", "serviceprovider"))


async def test_what_is_too_large_is_refused_under_its_status(seller: Market) -> None:
    answer = await seller.send(BANKS, b"a" * (2**20 + 1))
    assert "larger than" in error(answer, 413)


async def test_fields_that_nobody_knows_are_passed_over(seller: Market) -> None:
    done(await seller.ask(BANKS, platform="Woocommerce", **{"x[y][]": "1", "4242": "1"}))


async def test_another_method_and_another_path_are_told_in_this_api_s_form(seller: Market) -> None:
    answer = await seller.http.get(BANKS)
    assert error(answer, 405) == "This address takes OPTIONS, POST."
    assert error(await seller.http.post("/api/external/getBank"), 404)


async def test_a_merchant_s_requests_are_counted_with_those_of_its_other_surfaces(app: Assembly) -> None:
    limited = await market.opened(app, await shop.new_tenant(app, rate_limit=RateLimit.STANDARD))
    assert (await limited.v1.get("/balance")).headers["x-ratelimit-remaining"] == "99"
    answer = await limited.ask(BANKS)
    assert answer.headers["x-ratelimit-limit"] == "100"
    assert int(answer.headers["x-ratelimit-remaining"]) in (98, 99)
    # A minute may end in between.
    for _ in range(1_000):
        if answer.status_code == 429:
            break
        answer = await limited.ask(BANKS)
    assert error(answer, 429).startswith("Too many requests")
    assert int(answer.headers["retry-after"]) <= 60


async def test_neither_token_nor_keys_reach_the_log(seller: Market, log: io.BytesIO) -> None:
    public, private = core.halves(seller.pair)
    done(await seller.ask(BANKS))
    await seller.ask(BANKS + "?authtoken=" + quote(seller.token), authtoken=seller.token[:-4] + "AAA=")
    logs.log.warning("form", body=urlencode({"authtoken": seller.token}), given={"authtoken": seller.token})
    logs.log.warning("said " + repr({"authtoken": seller.token, "private_key": private}))
    logs.flush()
    written_down = log.getvalue().decode()
    assert public not in written_down
    assert private not in written_down
    assert seller.token[:40] not in written_down
    assert "[redacted]" in written_down


async def test_a_rate_is_exact_and_anybody_s(seller: Market) -> None:
    answer = await seller.http.get(f"{RATE}?base=USD&currency=NGN")
    assert '"data":{"USDNGN":1550.25}' in answer.text
    inverse = done(await seller.http.get(f"{RATE}?base=ngn&currency=usd"))
    assert inverse == {"NGNUSD": 0.000645057249}


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("", "The base field is required."),
        ("base=USD", "The currency field is required."),
        ("currency=USD", "The base field is required."),
        ("base=&currency=NGN", "The base field is required."),
        ("base=US&currency=NGN", "The selected base is invalid."),
        ("base=USD&currency=NG1", "The selected currency is invalid."),
        ("base=USD&currency=JPY", "There is no exchange rate from USD to JPY."),
        ("base=USD&currency=USD", "There is no exchange rate from USD to USD."),
        ("base=USD&base=USD&currency=NGN", "Invalid request. A parameter is given twice."),
        ("base=%ff&currency=NGN", "Invalid request. A parameter is not UTF-8."),
        ("base=" + "U" * 2_000 + "&currency=NGN", "The base may not be greater than 255 characters."),
    ],
)
async def test_a_rate_that_cannot_be_told(seller: Market, query: str, said: str) -> None:
    assert error(await seller.http.get(f"{RATE}?{query}")) == said


async def test_demo_shop_s_pair_is_printed_and_kept_nowhere(app: Assembly) -> None:
    assert core.halves(DEMO_KEYS) == (PUBLIC_KEY, PRIVATE_KEY)
    kept = await credentials.of(app.gateway, DEMO_SHOP)
    assert not [one for one in kept if one.public == PUBLIC_KEY]
    assert httpx2.URL(LOCAL).host == "127.0.0.1"
