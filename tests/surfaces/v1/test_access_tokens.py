"""Access tokens and HTTP Basic: who gets a token, what it is good for and how long, and errors in both forms."""

import base64
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx2
import msgspec
import pytest

from tests.surfaces.v1 import shop
from tests.surfaces.v1.shop import PAYMENT, Client
from tillgate.assembly import Assembly
from tillgate.clock import ManualClock
from tillgate.core import credentials as core
from tillgate.core.credentials import ALL_SCOPES, Credential, CredentialKind, Scope
from tillgate.core.instants import HOUR, SECOND
from tillgate.core.merchants import Mode, Tenant
from tillgate.flows import credentials, directory, retention
from tillgate.store import credentials as kept
from tillgate.surfaces.v1.sandbox_keys import CLIENT_ID, CLIENT_SECRET, PUBLISHABLE_KEY, SECRET_KEY

pytestmark = pytest.mark.anyio

FORM = "application/x-www-form-urlencoded"
SANDBOX = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(1_767_225_600 * SECOND)


@pytest.fixture
async def timed(tmp_path: Path, migrated: Path, clock: ManualClock) -> AsyncIterator[Assembly]:
    """Tillgate on a clock that is moved."""
    async with shop.open_shop(shutil.copytree(migrated, tmp_path / "data"), clock=clock) as parts:
        yield parts


def basic(user: str, password: str = "") -> dict[str, str]:
    return {"authorization": f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"}


async def fetch(parts: Assembly, body: Any, headers: dict[str, str] | None = None, **client: Any) -> httpx2.Response:
    """Ask for a token: as JSON where the body is an object, as a form where it is a list of pairs."""
    asker = Client(parts, None, **client)
    if isinstance(body, dict):
        content = msgspec.json.encode(body)
        return await asker.ask(
            "POST", "/v1/auth/token", content, {"content-type": "application/json", **(headers or {})}
        )
    form = urlencode(body).encode()
    return await asker.ask("POST", "/v1/auth/token", form, {"content-type": FORM, **(headers or {})})


async def client_of(parts: Assembly, tenant: Tenant, scopes: frozenset[Scope] = ALL_SCOPES) -> dict[str, str]:
    """A client of a merchant's: what it proves itself with."""
    secret = await shop.issue(parts, tenant, CredentialKind.OAUTH_CLIENT, scopes)
    return {"client_id": (await credentials.of_secret(parts.gateway, secret)).id, "client_secret": secret}


def contents(data: Path) -> list[bytes]:
    """Everything in a data directory."""
    return [path.read_bytes() for path in data.rglob("*") if path.is_file()]


def pairs(proof: dict[str, str], **more: str) -> list[tuple[str, str]]:
    return [("grant_type", "client_credentials"), *proof.items(), *more.items()]


def oauth_error(answer: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    said: dict[str, Any] = answer.json()
    assert (answer.status_code, said["error"]) == (status, code), answer.text
    assert said.keys() == {"error", "error_description"}
    assert said["error_description"].isascii()
    assert answer.headers["cache-control"] == "no-store"
    return said


async def test_the_documents_request_is_answered_with_a_token_that_is_good(app: Assembly) -> None:
    answer = await fetch(app, SANDBOX)
    token = answer.json()
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert {**token, "access_token": ""} == {
        "access_token": "",
        "token_type": "Bearer",
        "expires_in": 3600,
        "scope": "v1",
    }
    assert token["access_token"].startswith("at_test_")
    client = Client(app, token["access_token"])
    paid = await client.pay()
    assert (await shop.demo_shop(app).get(f"/payments/{paid['id']}")).status_code == 200
    assert (await fetch(app, SANDBOX)).json()["access_token"] != token["access_token"]


@pytest.mark.parametrize("key", [SECRET_KEY, PUBLISHABLE_KEY])
async def test_a_key_may_come_as_the_user_name_of_basic(app: Assembly, key: str) -> None:
    card = msgspec.json.encode({"card": shop.CARD})
    answer = await Client(app, None).ask("POST", "/v1/tokens", card, basic(key))
    assert answer.status_code == 200
    answer = await Client(app, None).ask(
        "POST", "/v1/tokens", card, {"authorization": basic(key)["authorization"].lower()}
    )
    assert answer.status_code == 401


@pytest.mark.parametrize(
    "authorization",
    [
        basic("sk_test_wrong")["authorization"],
        basic(SECRET_KEY, "x")["authorization"],
        basic("", SECRET_KEY)["authorization"],
        basic("")["authorization"],
        "Basic " + base64.b64encode(SECRET_KEY.encode()).decode(),
        "Basic !!!",
        "Basic //79",
        "Basic ä",
    ],
)
async def test_basic_that_proves_nothing_is_refused(app: Assembly, authorization: str) -> None:
    answer = await Client(app, None).ask(
        "GET", "/v1/balance", None, {b"authorization": authorization.encode("latin-1")}
    )
    shop.error(answer, 401, "authentication_error", "api_key_invalid")


@pytest.mark.parametrize("proof", ["json", "form", "basic"])
async def test_a_client_proves_itself_in_any_of_three_ways(either: Assembly, proof: str) -> None:
    tenant = await shop.new_tenant(either)
    client = await client_of(either, tenant)
    if proof == "json":
        answer = await fetch(either, client)
    elif proof == "form":
        answer = await fetch(either, pairs(client))
    else:
        grant = [("grant_type", "client_credentials")]
        answer = await fetch(either, grant, basic(client["client_id"], client["client_secret"]))
    assert answer.status_code == 200, answer.text
    assert (await Client(either, answer.json()["access_token"]).pay())["status"] == "succeeded"


@pytest.mark.parametrize(
    ("asked", "scope"),
    [(None, "payments.read refunds.write"), ("", "payments.read refunds.write"), ("payments.read", "payments.read")],
)
async def test_a_token_may_do_what_was_asked_for_of_what_its_client_may(
    app: Assembly, asked: str | None, scope: str
) -> None:
    tenant = await shop.new_tenant(app)
    client = await client_of(app, tenant, frozenset({Scope.PAYMENTS_READ, Scope.REFUNDS_WRITE}))
    answer = await fetch(app, {**client, "scope": asked})
    assert answer.json()["scope"] == scope
    token = Client(app, answer.json()["access_token"])
    assert (await token.get("/payments")).status_code == 200
    refund = await token.post("/refunds", {"payment": "pay_x"})
    assert refund.status_code == (404 if "refunds.write" in scope else 403)
    shop.error(await token.post("/payments", PAYMENT), 403, "permission_error", "permission_missing")


@pytest.mark.parametrize(
    ("scope", "json", "status", "oauth"),
    [
        ("payments.write", "permission_missing", 403, "invalid_scope"),
        ("v1", "permission_missing", 403, "invalid_scope"),
        ("payments.read nonsense", "parameter_invalid", 400, "invalid_scope"),
        ("*", "parameter_invalid", 400, "invalid_scope"),
    ],
)
async def test_more_than_a_client_may_is_not_granted(
    app: Assembly, scope: str, json: str, status: int, oauth: str
) -> None:
    client = await client_of(app, await shop.new_tenant(app), frozenset({Scope.PAYMENTS_READ}))
    answer = await fetch(app, {**client, "scope": scope})
    assert (answer.status_code, shop.any_error(answer)["code"]) == (status, json)
    oauth_error(await fetch(app, pairs(client, scope=scope)), 400, oauth)


@pytest.mark.parametrize(
    ("change", "status", "type", "code", "param"),
    [
        ({"client_secret": "wrong"}, 401, "authentication_error", "client_invalid", None),
        ({"client_id": "wrong"}, 401, "authentication_error", "client_invalid", None),
        ({"client_secret": SECRET_KEY}, 401, "authentication_error", "client_invalid", None),
        ({"client_secret": None}, 400, "invalid_request_error", "parameter_missing", "client_secret"),
        ({"client_id": 7}, 400, "invalid_request_error", "parameter_invalid", "client_id"),
        ({"client_idd": "x"}, 400, "invalid_request_error", "parameter_unknown", "client_idd"),
        ({"grant_type": "password"}, 400, "invalid_request_error", "parameter_invalid", "grant_type"),
    ],
)
async def test_json_is_answered_with_errors_of_this_api(
    app: Assembly, change: dict[str, Any], status: int, type: str, code: str, param: str | None
) -> None:
    shop.error(await fetch(app, {**SANDBOX, **change}), status, type, code, param)


GRANT = [("grant_type", "client_credentials")]


@pytest.mark.parametrize(
    ("form", "headers", "status", "code"),
    [
        (pairs({**SANDBOX, "client_secret": "wrong"}), {}, 401, "invalid_client"),
        (GRANT, basic(CLIENT_ID, "wrong"), 401, "invalid_client"),
        (GRANT, {"authorization": "Basic !!!"}, 401, "invalid_client"),
        (GRANT, {}, 400, "invalid_request"),
        (list(SANDBOX.items()), {}, 400, "invalid_request"),
        ([("grant_type", "password"), *SANDBOX.items()], {}, 400, "unsupported_grant_type"),
        ([*GRANT, *GRANT, *SANDBOX.items()], {}, 400, "invalid_request"),
        ([*pairs(SANDBOX), ("x", 'é"\\')], {}, 400, "invalid_request"),
        (pairs(SANDBOX, **{"a[": "1"}), {}, 400, "invalid_request"),
        (pairs(SANDBOX), basic(CLIENT_ID, CLIENT_SECRET), 400, "invalid_request"),
        ([*GRANT, ("client_id", "other")], basic(CLIENT_ID, CLIENT_SECRET), 400, "invalid_request"),
    ],
)
async def test_a_form_or_basic_is_answered_with_errors_of_oauth(
    app: Assembly, form: list[tuple[str, str]], headers: dict[str, str], status: int, code: str
) -> None:
    answer = await fetch(app, form, headers)
    oauth_error(answer, status, code)
    if status == 401:
        assert answer.headers["www-authenticate"] == 'Basic realm="Tillgate"'


async def test_basic_with_json_speaks_oauth_too(app: Assembly) -> None:
    assert (await fetch(app, dict(GRANT), basic(CLIENT_ID, CLIENT_SECRET))).status_code == 200
    oauth_error(await fetch(app, {}, basic(CLIENT_ID, CLIENT_SECRET)), 400, "invalid_request")
    answer = await Client(app, None).ask("POST", "/v1/auth/token", b"{", basic(CLIENT_ID, CLIENT_SECRET))
    oauth_error(answer, 400, "invalid_request")


async def test_the_sandbox_client_and_its_tokens_are_good_on_this_machine_only(app: Assembly) -> None:
    token = (await fetch(app, SANDBOX)).json()["access_token"]
    assert (await Client(app, token).get("/balance")).status_code == 200
    shop.error(await fetch(app, SANDBOX, peer="192.0.2.1"), 401, "authentication_error", "client_invalid")
    forwarded = {"x-forwarded-for": "127.0.0.1"}
    shop.error(await fetch(app, SANDBOX, forwarded), 401, "authentication_error", "client_invalid")
    elsewhere = Client(app, token, peer="192.0.2.1")
    shop.error(await elsewhere.get("/balance"), 401, "authentication_error", "api_key_invalid")


async def test_a_clients_secret_is_no_key(app: Assembly) -> None:
    client = await client_of(app, await shop.new_tenant(app))
    for secret in (client["client_secret"], CLIENT_SECRET):
        shop.error(await Client(app, secret).get("/balance"), 401, "authentication_error", "api_key_invalid")


async def test_a_token_is_good_for_an_hour_and_then_forgotten(timed: Assembly, clock: ManualClock) -> None:
    tenant = await shop.new_tenant(timed)
    token = (await fetch(timed, await client_of(timed, tenant))).json()["access_token"]
    clock.advance(HOUR - SECOND)
    assert (await Client(timed, token).get("/balance")).status_code == 200
    await retention.prune(timed.gateway)
    assert await kept.by_digest(timed.gateway.store, core.digest(token))
    clock.advance(SECOND)
    shop.error(await Client(timed, token).get("/balance"), 401, "authentication_error", "api_key_invalid")
    assert await retention.prune(timed.gateway) == 1
    assert await kept.by_digest(timed.gateway.store, core.digest(token)) is None
    left = [credential.kind for credential in await kept.of_tenant(timed.gateway.store, tenant.id)]
    assert left == [CredentialKind.OAUTH_CLIENT]


async def test_a_token_ends_with_its_client(timed: Assembly, clock: ManualClock) -> None:
    tenant = await shop.new_tenant(timed)
    client = await client_of(timed, tenant)
    token = (await fetch(timed, client)).json()["access_token"]
    assert (await Client(timed, token).get("/balance")).status_code == 200
    await credentials.revoke(timed.gateway, await credentials.of_secret(timed.gateway, client["client_secret"]))
    clock.advance(directory.KNOWN_FOR)
    shop.error(await Client(timed, token).get("/balance"), 401, "authentication_error", "api_key_invalid")
    shop.error(await fetch(timed, client), 401, "authentication_error", "client_invalid")


async def test_a_repeat_under_a_new_token_of_the_same_client_is_the_same_request(app: Assembly) -> None:
    client = await client_of(app, await shop.new_tenant(app))
    first, second = [Client(app, (await fetch(app, client)).json()["access_token"]) for _ in range(2)]
    paid = await first.post("/payments", PAYMENT, key="once")
    repeat = await second.post("/payments", PAYMENT, key="once")
    assert (repeat.content, repeat.headers["idempotent-replayed"]) == (paid.content, "true")


async def test_neither_token_nor_secret_is_kept(app: Assembly, data: Path) -> None:
    client = await client_of(app, await shop.new_tenant(app))
    token = (await fetch(app, client)).json()["access_token"]
    for content in contents(data):
        assert token.encode() not in content
        assert client["client_secret"].encode() not in content


async def test_tokens_are_not_among_the_keys_that_an_operator_lists(app: Assembly) -> None:
    tenant = await shop.new_tenant(app)
    await fetch(app, await client_of(app, tenant))
    listed: list[Credential] = await credentials.of(app.gateway, tenant)
    assert [credential.kind for credential in listed] == [CredentialKind.OAUTH_CLIENT]


async def test_a_live_client_gets_no_token_where_no_bank_moves_real_money(app: Assembly) -> None:
    client = await client_of(app, await shop.new_tenant(app, mode=Mode.LIVE))
    assert client["client_secret"].startswith("ocs_live_")
    shop.error(await fetch(app, client), 403, "permission_error", "live_mode_unavailable")
    oauth_error(await fetch(app, pairs(client)), 400, "unauthorized_client")
