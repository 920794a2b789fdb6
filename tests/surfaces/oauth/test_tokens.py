"""Access tokens: what they say, who gets them for itself, where they are good, and what is said to bad requests."""

import base64
from typing import Any

import httpx2
import msgspec
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from tests.surfaces.oauth import person
from tests.surfaces.oauth.person import CALLBACK, FORM, Client, Person, wrong
from tests.surfaces.v1 import shop
from tests.surfaces.v1.shop import LOCAL
from tillgate.assembly import Assembly
from tillgate.clock import ManualClock
from tillgate.core.credentials import ALL_SCOPES, CredentialKind, Scope
from tillgate.core.instants import HOUR, SECOND
from tillgate.core.merchants import Mode, RateLimit
from tillgate.core.oauth import OAuthScope
from tillgate.flows import credentials, directory, oauth_clients
from tillgate.flows.oauth_access import TYP, USE
from tillgate.flows.signing_keys import Signer
from tillgate.surfaces.v1.sandbox_keys import CLIENT_ID, CLIENT_SECRET, SECRET_KEY

pytestmark = pytest.mark.anyio


@pytest.fixture
async def client(app: Assembly) -> Client:
    """A client of a new merchant's, on SQLite."""
    return await person.registered(app, await shop.new_tenant(app))


def basic(user: str, password: str) -> dict[str, str]:
    return {"authorization": f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"}


async def api(client: Client, token: str, path: str = "/api/payments") -> int:
    answer = await client.http.get(path, headers={"authorization": f"Bearer {token}"})
    return answer.status_code


async def test_a_token_says_what_rfc_9068_wants_and_is_signed_by_a_key_that_is_shown(
    punctual: tuple[Person, ManualClock],
) -> None:
    ann, clock = punctual
    client = await ann.client()
    tokens = (await client.exchange((await ann.agree(client))["code"])).json()
    keys = KeySet.import_key_set((await client.http.get("/.well-known/jwks.json")).json())
    token = jwt.decode(tokens["access_token"], keys, algorithms=["RS256"])
    now = clock.wall() // SECOND
    assert (token.header["typ"], token.header["alg"], set(token.header)) == ("at+jwt", "RS256", {"typ", "alg", "kid"})
    assert token.claims.pop("jti").startswith("gra_")
    assert token.claims == {
        "iss": LOCAL,
        "aud": f"{LOCAL}/api",
        "sub": ann.id,
        "client_id": client.id,
        "iat": now,
        "exp": now + 3600,
        "scope": "payments offline_access",
    }
    clock.advance(HOUR - SECOND)
    assert await api(client, tokens["access_token"]) == 200
    clock.advance(SECOND)
    assert await api(client, tokens["access_token"]) == 401


async def test_the_server_says_where_everything_is(client: Client) -> None:
    for host in ("http://127.0.0.1:8000", "http://localhost:8000"):
        said = (await client.http.get(f"{host}/.well-known/oauth-authorization-server")).json()
        assert said["issuer"] == host
        assert said["code_challenge_methods_supported"] == ["S256"]
        assert said["authorization_response_iss_parameter_supported"] is True
        for name in ("token_endpoint", "revocation_endpoint", "introspection_endpoint"):
            wrong(await client.http.post(said[name], headers={"content-type": FORM}), 401, "invalid_client")
        assert (await client.http.get(said["jwks_uri"])).json()["keys"]
    spoofed = {"host": "evil.example"}
    elsewhere = await client.http.get("/.well-known/oauth-authorization-server", headers=spoofed)
    assert elsewhere.json()["issuer"] == LOCAL


@pytest.mark.parametrize("scope", ["", "payments", "applications account"])
async def test_a_client_gets_tokens_for_itself(client: Client, scope: str) -> None:
    tokens = (await client.own(**({"scope": scope} if scope else {}))).json()
    assert tokens["scope"] == (scope or "applications payments account")
    assert "refresh_token" not in tokens
    assert await api(client, tokens["access_token"]) == (200 if "payments" in tokens["scope"] else 403)
    said = await client.look_at(tokens["access_token"])
    assert (said["active"], said["sub"], said["token_type"]) == (True, client.id, "Bearer")


async def test_any_client_of_the_first_api_is_one_of_oauth_as_far_as_it_may_do_everything(app: Assembly) -> None:
    tenant = await shop.new_tenant(app)
    for scopes, expected in ((ALL_SCOPES, 200), (frozenset({Scope.PAYMENTS_READ}), 400)):
        secret = await shop.issue(app, tenant, CredentialKind.OAUTH_CLIENT, scopes)
        id = (await credentials.of_secret(app.gateway, secret)).id
        proof = {"grant_type": "client_credentials", "client_id": id, "client_secret": secret}
        asker = await person.registered(app, tenant)
        answer = await asker.ask("/oauth/token", proof)
        assert answer.status_code == expected, answer.text
        if expected == 200:
            assert await api(asker, answer.json()["access_token"]) == 200
        else:
            wrong(answer, 400, "invalid_scope")
        # It asks nobody for leave.
        page = await asker.http.get(f"/oauth/authorize?client_id={id}&redirect_uri={CALLBACK}&response_type=code")
        assert (page.status_code, "unknown" in page.text) == (400, True)


async def test_a_registered_client_gets_nothing_of_the_first_api(client: Client) -> None:
    body = msgspec.json.encode(client.proof)
    answer = await client.http.post("/v1/auth/token", content=body)
    shop.error(answer, 403, "permission_error", "permission_missing")
    wrong(
        await client.ask("/v1/auth/token", {"grant_type": "client_credentials", **client.proof}), 400, "invalid_scope"
    )


async def test_no_token_works_on_another_surface(ann: Person) -> None:
    client = await ann.client()
    mine = (await client.exchange((await ann.agree(client))["code"])).json()["access_token"]
    bearer = {"authorization": f"Bearer {mine}"}
    shop.error(await client.http.get("/v1/balance", headers=bearer), 401, "authentication_error", "api_key_invalid")
    ticket = await client.http.post("/api/business-transaction/ecommerce/authorization", json={}, headers=bearer)
    assert ticket.json()["errorcode"] == "BTRA_0017"
    proof = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    first = (await client.http.post("/v1/auth/token", content=msgspec.json.encode(proof))).json()["access_token"]
    session = ann.http.cookies["tillgate-session"]
    for token in (first, SECRET_KEY, session, client.secret or "", client.id):
        assert await api(client, token) == 401
        assert await client.look_at(token) == {"active": False}


async def test_what_is_not_signed_by_us_for_this_use_is_no_token(ann: Person) -> None:
    client = await ann.client()
    token = (await client.exchange((await ann.agree(client))["code"])).json()["access_token"]
    head, body, signature = token.split(".")
    header, said = [msgspec.json.decode(base64.urlsafe_b64decode(part + "==")) for part in (head, body)]
    mine = RSAKey.generate_key(2048)

    def b64(value: Any) -> str:
        return base64.urlsafe_b64encode(msgspec.json.encode(value)).decode().rstrip("=")

    forged = jwt.encode(header, said, mine)
    tampered = b64({**said, "scope": "account"})
    none = b64({**header, "alg": "none"})
    for other in (
        forged,
        f"{head}.{tampered}.{signature}",
        f"{none}.{body}.",
        f"{none}.{body}.{signature}",
        f"{head}.{body}.",
        f"{head}.{body}.{signature[:-4]}AAAA",
        "a.b.c",
        "..",
        "x" * 5_000,
        f"{head}.{body}.{signature}" + "." * 2,
    ):
        assert await client.look_at(other) == {"active": False}
        assert await api(client, other) == 401
    assert await api(client, token) == 200


async def test_signed_claims_are_checked_one_by_one(ann: Person, app: Assembly) -> None:
    client = await ann.client()
    token = (await client.exchange((await ann.agree(client))["code"])).json()["access_token"]
    said = msgspec.json.decode(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    signer = Signer(app.gateway, USE, TYP)
    assert await api(client, await signer.sign(said)) == 200
    for change in (
        {"iss": "https://evil.example"},
        {"iss": "http://127.0.0.1:9000", "aud": "http://127.0.0.1:9000/api"},
        {"aud": f"{LOCAL}/v1"},
        {"aud": [f"{LOCAL}/api"]},
        {"aud": None},
        {"exp": said["iat"]},
        {"exp": None},
        {"exp": str(said["exp"])},
        {"exp": True},
        {"jti": "gra_x.1"},
        {"jti": said["jti"].rpartition(".")[0]},
        {"jti": 7},
        {"client_id": "your_client_id"},
        {"scope": None},
    ):
        other = await signer.sign({**said, **change})
        assert await api(client, other) == 401, change
    for use, typ in ((USE, "JWT"), ("athmovil", TYP), ("athmovil", "JWT")):
        assert await api(client, await Signer(app.gateway, use, typ).sign(said)) == 401, (use, typ)
    local = {"iss": "http://localhost:8000", "aud": "http://localhost:8000/api"}
    assert await api(client, await signer.sign({**said, **local})) == 200


async def test_a_client_that_is_removed_has_nothing_any_more(punctual: tuple[Person, ManualClock]) -> None:
    ann, clock = punctual
    client = await ann.client()
    code = (await ann.agree(client))["code"]
    tokens = (await client.exchange(code)).json()
    own = (await client.own()).json()
    pending = (await ann.agree(client))["code"]
    await oauth_clients.remove(ann.parts.gateway, client.id)
    clock.advance(directory.KNOWN_FOR)
    other = await ann.client()
    for token in (tokens["access_token"], own["access_token"]):
        assert await api(other, token) == 401
    wrong(await client.refresh(tokens["refresh_token"]), 401, "invalid_client")
    wrong(await client.exchange(pending), 401, "invalid_client")
    assert (await ann.get(client.address())).status_code == 400


async def test_a_client_is_known_by_the_same_id_with_another_secret(timed: tuple[Assembly, ManualClock]) -> None:
    parts, clock = timed
    tenant = await shop.new_tenant(parts)
    client = await person.registered(parts, tenant)
    before = (await client.own()).json()["access_token"]
    former = client.secret
    clock.advance(SECOND)
    credential = await credentials.fetch(parts.gateway, client.id)
    client.secret = await credentials.roll(parts.gateway, tenant, credential, HOUR // 2, "x" * 40)
    after = (await client.own()).json()["access_token"]
    assert (await client.own(client_secret=former or "")).status_code == 200
    clock.advance(HOUR // 2)
    wrong(await client.own(client_secret=former or ""), 401, "invalid_client")
    # A token ends with the secret for which it was given.
    assert (await api(client, before), await api(client, after)) == (401, 200)
    await credentials.revoke(parts.gateway, await credentials.fetch(parts.gateway, client.id))
    clock.advance(directory.KNOWN_FOR)
    wrong(await client.own(), 401, "invalid_client")
    assert await api(client, after) == 401


async def test_a_client_that_is_revoked_has_no_secret_that_is_good(timed: tuple[Assembly, ManualClock]) -> None:
    parts, clock = timed
    tenant = await shop.new_tenant(parts)
    client = await person.registered(parts, tenant)
    former = client.secret or ""
    clock.advance(SECOND)
    credential = await credentials.fetch(parts.gateway, client.id)
    client.secret = await credentials.roll(parts.gateway, tenant, credential, HOUR, "y" * 40)
    await credentials.revoke(parts.gateway, await credentials.fetch(parts.gateway, client.id))
    clock.advance(directory.KNOWN_FOR)
    for secret in (former, client.secret):
        wrong(await client.own(client_secret=secret), 401, "invalid_client")


async def test_the_sandboxs_client_is_one_on_this_machine_only(app: Assembly) -> None:
    asker = await person.registered(app, await shop.new_tenant(app))
    proof = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    token = (await asker.ask("/oauth/token", proof)).json()["access_token"]
    assert await api(asker, token) == 200
    there = httpx2.ASGITransport(app=app.application, client=("192.0.2.7", 50_000))
    async with httpx2.AsyncClient(transport=there, base_url=LOCAL) as stranger:
        answer = await stranger.post("/oauth/token", data=proof)
        wrong(answer, 401, "invalid_client")
        assert (await stranger.get("/api/payments", headers={"authorization": f"Bearer {token}"})).status_code == 401
        page = await stranger.get(
            f"/oauth/authorize?client_id={CLIENT_ID}&redirect_uri=http://127.0.0.1/&response_type=code"
        )
        assert (page.status_code, "location" in page.headers) == (400, False)


BAD: list[tuple[bytes, dict[str, str], int, str]] = [
    (b"", {}, 401, "invalid_client"),
    (b"grant_type=client_credentials", {}, 401, "invalid_client"),
    (b"{}", {"content-type": "application/json"}, 400, "invalid_request"),
    (b"grant_type=client_credentials", {"content-type": "text/plain"}, 400, "invalid_request"),
    (b"%", {}, 400, "invalid_request"),
    (b"client_id=%ff", {}, 400, "invalid_request"),
    (b"client_id=a%00b", {}, 400, "invalid_request"),
    (b"client_id=a&client_id=a", {}, 400, "invalid_request"),
    (b"a=b&" * 1_001, {}, 400, "invalid_request"),
    (b"client_id=" + b"x" * 500_000, {}, 401, "invalid_client"),
    (b"client_id=x&client_secret=%F0%9F%92%B6", {}, 401, "invalid_client"),
    (b"", {"authorization": "Basic !!!"}, 401, "invalid_client"),
    (b"", {"authorization": "Basic //79"}, 401, "invalid_client"),
    (b"", {"authorization": "Bearer x"}, 401, "invalid_client"),
    (b"client_secret=x", basic("a", "b"), 400, "invalid_request"),
    (b"client_id=x", basic("a", "b"), 400, "invalid_request"),
]


@pytest.mark.parametrize(("body", "headers", "status", "code"), BAD)
@pytest.mark.parametrize("path", ["/oauth/token", "/oauth/revoke", "/oauth/introspect"])
async def test_what_cannot_be_read_gets_an_error_in_oauths_form(
    client: Client, path: str, body: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    answer = await client.http.post(path, content=body, headers={"content-type": FORM, **headers})
    wrong(answer, status, code)


async def test_other_methods_and_other_paths_get_an_error_in_oauths_form(client: Client) -> None:
    for method, path, status in (
        ("GET", "/oauth/token", 405),
        ("POST", "/oauth/x", 404),
        ("PUT", "/oauth/revoke", 405),
    ):
        answer = await client.http.request(method, path)
        assert (answer.status_code, answer.json()["error"]) == (status, "invalid_request")
    answer = await client.http.post("/oauth/token", content=b"x" * 2_000_000, headers={"content-type": FORM})
    assert (answer.status_code, answer.json()["error"]) == (413, "invalid_request")


@pytest.mark.parametrize("scope", ["openid", "offline_access", "v1", "payments,account", "payments  account"])
async def test_a_client_gets_no_scope_that_there_is_not(client: Client, scope: str) -> None:
    wrong(await client.own(scope=scope), 400, "invalid_scope")


async def test_a_client_gets_no_more_than_it_is_registered_for(app: Assembly) -> None:
    tenant = await shop.new_tenant(app)
    narrow = await person.registered(app, tenant, scopes=frozenset({OAuthScope.PAYMENTS}))
    wrong(await narrow.own(scope="payments account"), 400, "invalid_scope")
    assert (await narrow.own()).json()["scope"] == "payments"
    asks = await person.registered(app, tenant, is_machine=False)
    wrong(await asks.own(), 400, "unauthorized_client")
    machine = await person.registered(app, tenant, redirect_uris=())
    wrong(await machine.refresh("rt_x.1.x"), 400, "unauthorized_client")
    wrong(await machine.exchange("ac_x.x"), 400, "unauthorized_client")


async def test_a_live_client_gets_nothing_where_no_bank_moves_real_money(app: Assembly) -> None:
    client = await person.registered(app, await shop.new_tenant(app, mode=Mode.LIVE))
    wrong(await client.own(), 400, "unauthorized_client")


async def test_tokens_count_against_the_limit_of_the_merchant(timed: tuple[Assembly, ManualClock]) -> None:
    tenant = await shop.new_tenant(timed[0], rate_limit=RateLimit.STANDARD)
    client = await person.registered(timed[0], tenant)
    answer = await client.ask("/oauth/revoke", {"token": "x", **client.proof})
    assert (answer.status_code, answer.headers["x-ratelimit-limit"]) == (200, "100")
    for _ in range(99):
        await client.ask("/oauth/revoke", {"token": "x", **client.proof})
    answer = await client.ask("/oauth/revoke", {"token": "x", **client.proof})
    assert (answer.status_code, answer.json()["error"]) == (429, "temporarily_unavailable")
    assert answer.headers["retry-after"]
