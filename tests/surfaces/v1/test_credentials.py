"""Keys in every spelling, where they are good, and what belongs to somebody else; test_matrix.py has the operations."""

import re

import httpx2
import pytest

from tests.surfaces.v1 import shop
from tests.surfaces.v1.shop import CARD, PAYMENT, Client
from tillgate.assembly import Assembly
from tillgate.core.credentials import ALL_SCOPES, PUBLISHABLE_SCOPES, CredentialKind
from tillgate.core.merchants import Mode
from tillgate.surfaces.v1.sandbox_keys import BEARER_TOKEN, PUBLISHABLE_KEY, SECRET_KEY

pytestmark = pytest.mark.anyio

NOBODYS = "0" * 9 + "1" + "e" + "0" * 2 + "8" + "0" * 12


@pytest.mark.parametrize(
    "key",
    ["sk_test_wrong", "sk_live_1234567890abcdef", SECRET_KEY.upper(), SECRET_KEY + "0", "null", "0" * 8_000],
    ids=lambda key: key[:24],
)
async def test_with_a_wrong_key_nothing_is_told(app: Assembly, key: str) -> None:
    answer = await Client(app, key).get("/payments")
    said = shop.error(answer, 401, "authentication_error", "api_key_invalid")
    assert key not in said["message"]


async def test_a_key_of_other_letters_is_a_wrong_key(app: Assembly) -> None:
    headers = {b"authorization": b"Bearer sk_test_\xff\xfe\xc3\xa9"}
    answer = await Client(app, None).ask("GET", "/v1/payments", None, headers)
    shop.error(answer, 401, "authentication_error", "api_key_invalid")


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", f"Token {SECRET_KEY}", SECRET_KEY, "Basic"])
async def test_another_scheme_is_no_key(app: Assembly, header: str) -> None:
    answer = await Client(app, None).ask("GET", "/v1/payments", None, {"authorization": header})
    shop.error(answer, 401, "authentication_error", "api_key_missing")


async def test_the_scheme_may_be_written_in_any_case(app: Assembly) -> None:
    answer = await Client(app, None).ask("GET", "/v1/payments", None, {"authorization": f"bEARER  {SECRET_KEY}"})
    assert answer.status_code == 200


async def test_the_key_is_asked_for_before_the_body_is_understood(app: Assembly) -> None:
    answer = await Client(app, "sk_test_wrong").ask("POST", "/v1/payments", b"{")
    shop.error(answer, 401, "authentication_error", "api_key_invalid")
    answer = await Client(app, PUBLISHABLE_KEY).ask("POST", "/v1/payments", b"{")
    shop.error(answer, 403, "permission_error", "permission_missing")


async def test_a_live_key_is_refused_where_no_bank_moves_real_money(app: Assembly) -> None:
    live = await shop.merchant(app, mode=Mode.LIVE)
    assert live.key
    assert live.key.startswith("sk_live_")
    shop.error(await live.post("/payments", PAYMENT), 403, "permission_error", "live_mode_unavailable")


FORWARDED = [
    {"forwarded": "for=127.0.0.1"},
    {"x-forwarded-for": "127.0.0.1"},
    {"x-forwarded-proto": "http"},
    {"X-Forwarded-Anything": ""},
]


@pytest.mark.parametrize("key", [SECRET_KEY, PUBLISHABLE_KEY, BEARER_TOKEN])
async def test_the_documents_keys_are_good_on_this_machine_only(app: Assembly, key: str) -> None:
    body = b'{"card":{"number":"4242424242424242","exp_month":12,"exp_year":2034,"cvc":"123"}}'

    async def status(client: Client, headers: dict[str, str] | None = None) -> int:
        return (await client.ask("POST", "/v1/tokens", body, headers)).status_code

    for host in (
        "http://127.0.0.1:8000",
        "http://localhost",
        "http://LOCALHOST:1",
        "http://[::1]:9",
        "http://127.9.9.9",
    ):
        assert await status(Client(app, key, host)) == 200, host
    for host in ("http://tillgate.example", "http://10.0.0.1", "http://localhost.example", "http://127.0.0.1.example"):
        assert await status(Client(app, key, host)) == 401, host
    for headers in FORWARDED:
        assert await status(Client(app, key), headers) == 401, headers
    assert await status(Client(app, key), {"host": "rebound.example"}) == 401
    assert await status(Client(app, key, peer="192.0.2.7")) == 401


async def test_a_key_of_ones_own_is_good_from_anywhere(app: Assembly) -> None:
    tenant = await shop.new_tenant(app)
    key = await shop.issue(app, tenant, CredentialKind.SECRET_KEY, ALL_SCOPES)
    far = Client(app, key, "https://pay.example", peer="192.0.2.7")
    answer = await far.ask("GET", "/v1/balance", None, {"forwarded": "for=192.0.2.9"})
    assert answer.status_code == 200


async def test_publishable_keys_of_ones_own_make_tokens_for_their_merchant(merchant: Client) -> None:
    tenant = await shop.new_tenant(merchant.parts)
    public = await shop.issue(merchant.parts, tenant, CredentialKind.PUBLISHABLE_KEY, PUBLISHABLE_SCOPES)
    secret = await shop.issue(merchant.parts, tenant, CredentialKind.SECRET_KEY, ALL_SCOPES)
    token = (await Client(merchant.parts, public).post("/tokens", {"card": CARD})).json()
    body = {"amount": 5000, "currency": "usd", "payment_method": token["id"]}
    shop.error(
        await merchant.post("/payments", body), 404, "invalid_request_error", "resource_missing", "payment_method"
    )
    assert (await Client(merchant.parts, secret).post("/payments", body)).status_code == 200


def without_ids(answer: httpx2.Response) -> tuple[int, str, list[str]]:
    """All that could tell one answer from another, but for the ids in it."""
    text = re.sub(r"\b(req|pay|pi|re|cus|pm|tok)_[0-9a-z]{26}", r"\1_…", answer.text)
    return answer.status_code, text, sorted(answer.headers)


@pytest.mark.parametrize(
    "path", ["/payments/{}", "/payments/{}/capture", "/payments/{}/cancel", "/payments/{}/refund", "/refunds/{}"]
)
async def test_anothers_is_like_what_does_not_exist(either: Assembly, path: str) -> None:
    owner, stranger = await shop.merchant(either), await shop.merchant(either)
    paid = await owner.pay(capture_method="manual")
    id, kind = paid["id"], "payment"
    if path.startswith("/refunds"):
        settled = await owner.pay()
        id, kind = (await owner.post("/refunds", {"payment": settled["id"]})).json()["id"], "refund"
    nobodys = f"{id.partition('_')[0]}_{NOBODYS}"
    ask = stranger.get if path in ("/payments/{}", "/refunds/{}") else stranger.post
    answer = await ask(path.format(id))
    assert without_ids(answer) == without_ids(await ask(path.format(nobodys)))
    said = shop.error(answer, 404, "invalid_request_error", "resource_missing", "id")
    assert said["message"] == f"No such {kind}: '{id}'"


async def test_what_a_body_names_of_anothers_is_like_what_does_not_exist(either: Assembly) -> None:
    owner, stranger = await shop.merchant(either), await shop.merchant(either)
    paid = await owner.pay(customer={"email": "eve@example.com"})
    token = (await owner.post("/tokens", {"card": CARD})).json()["id"]
    body = {"amount": 5000, "currency": "usd", "payment_method": "card"}
    asked = [
        ("/refunds", "payment", {}, paid["id"]),
        ("/refunds", "payment_intent", {}, paid["id"].replace("pay_", "pi_")),
        ("/payments", "customer", body, paid["customer"]["id"]),
        ("/payments", "payment_method", body, paid["payment_method"]),
        ("/payments", "payment_method", body, token),
    ]
    for path, field, rest, id in asked:
        answer = await stranger.post(path, {**rest, field: id})
        nobodys = f"{id.partition('_')[0]}_{NOBODYS}"
        assert without_ids(answer) == without_ids(await stranger.post(path, {**rest, field: nobodys}))
        said = shop.error(answer, 404, "invalid_request_error", "resource_missing", field)
        assert id in said["message"]


async def test_lists_and_balances_show_nothing_of_anothers(either: Assembly) -> None:
    owner, stranger = await shop.merchant(either), await shop.merchant(either)
    paid = await owner.pay(customer={"email": "eve@example.com"})
    await owner.post("/refunds", {"payment": paid["id"], "amount": 100})
    customer = paid["customer"]["id"]
    for path in (
        "/payments",
        f"/payments?customer={customer}",
        f"/payments?ending_before={paid['id']}",
        "/refunds",
        f"/refunds?payment={paid['id']}",
    ):
        assert await stranger.listed(path) == [], path
    assert (await stranger.get("/balance")).json()["available"] == []
    mine = await stranger.pay(customer={"email": "eve@example.com"})
    assert mine["customer"]["id"] != customer
