"""OAuth clients that exist, unmodified, at a real server: Authlib, requests-oauthlib, and openid-client in Node."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
import requests
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session as AuthlibSession
from joserfc import jwt
from joserfc.jwk import KeySet
from oauthlib.oauth2 import BackendApplicationClient, OAuth2Error
from requests_oauthlib import OAuth2Session

from tests.servers import Server
from tests.surfaces.oauth.person import fields

SCRIPT = Path(__file__).parents[1] / "node" / "oauth.js"
CALLBACK = "http://127.0.0.1:4711/callback"
ID, SECRET = "your_client_id", "your_client_secret"


@pytest.fixture(autouse=True)
def _by_http(monkeypatch: pytest.MonkeyPatch) -> None:
    """The libraries take https only, unless they are told that this is a test."""
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")


def agreed(server: Server, authorize: str) -> str:
    """A person follows a client's link, signs in, and allows what it asks for: where they are sent back to."""
    with requests.Session() as person:
        page: Any = person.get(authorize, timeout=60)
        entered = {**fields(page), "email": "demo@example.com", "password": "demo"}
        page = person.post(f"{server.url}/sign-in", entered, timeout=60)
        assert "Allow Demo Client?" in page.text
        answer = person.post(page.url, {**fields(page), "decision": "allow"}, allow_redirects=False, timeout=60)
        return str(answer.headers["location"])


def metadata(server: Server) -> dict[str, Any]:
    """What the server says of itself."""
    return dict(requests.get(f"{server.url}/.well-known/oauth-authorization-server", timeout=60).json())


def claims(server: Server, token: str) -> dict[str, Any]:
    """What an access token says, whose signature is checked by the keys that the server shows."""
    keys = requests.get(metadata(server)["jwks_uri"], timeout=60).json()
    read = jwt.decode(token, KeySet.import_key_set(keys), algorithms=["RS256"])
    assert read.header["typ"] == "at+jwt"
    return dict(read.claims)


def status(server: Server, token: str) -> int:
    """What the API of checkouts answers to a token."""
    shown = {"authorization": f"Bearer {token}"}
    return int(requests.get(f"{server.url}/api/payments", headers=shown, timeout=60).status_code)


def refusal(ask: Callable[[], object]) -> str:
    """With which error a client is refused, as its library has it."""
    with pytest.raises((OAuthError, OAuth2Error)) as refused:
        ask()
    return str(refused.value.error)


def until_refused(server: Server, token: str) -> None:
    """What is taken back is good for a second at most; nobody waits for longer than the test lasts."""
    deadline = time.monotonic() + 20
    while status(server, token) != 401:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_authlib_gets_tokens_by_code_refreshes_and_takes_back(server: Server) -> None:
    said = metadata(server)
    verifier = "v" * 64
    with AuthlibSession(
        ID,
        SECRET,
        redirect_uri=CALLBACK,
        scope="payments offline_access",
        code_challenge_method="S256",
        token_endpoint=said["token_endpoint"],
    ) as client:
        authorize, state = client.create_authorization_url(said["authorization_endpoint"], code_verifier=verifier)
        back = agreed(server, authorize)
        exchange = {"authorization_response": back, "state": state}
        assert refusal(lambda: client.fetch_token(**exchange, code_verifier="w" * 64)) == "invalid_grant"
        token = client.fetch_token(**exchange, code_verifier=verifier)
        assert (token["scope"], claims(server, token["access_token"])["sub"]) == (
            "payments offline_access",
            "usr_sandbox",
        )
        assert client.get(f"{server.url}/api/payments").status_code == 200
        first = dict(token)
        second = client.refresh_token(said["token_endpoint"], first["refresh_token"])
        seen = client.introspect_token(said["introspection_endpoint"], second["access_token"]).json()
        assert (seen["active"], seen["client_id"]) == (True, ID)
        assert client.revoke_token(said["revocation_endpoint"], second["refresh_token"]).status_code == 200
        until_refused(server, second["access_token"])
        again = client.refresh_token
        assert refusal(lambda: again(said["token_endpoint"], second["refresh_token"])) == "invalid_grant"


def test_authlib_acts_for_itself_and_not_with_another_secret(server: Server) -> None:
    endpoint = metadata(server)["token_endpoint"]
    for method in ("client_secret_basic", "client_secret_post"):
        with AuthlibSession(ID, SECRET, token_endpoint_auth_method=method, scope="payments") as client:
            token = client.fetch_token(endpoint, grant_type="client_credentials")
            assert token["scope"] == "payments"
            assert status(server, token["access_token"]) == 200
        with AuthlibSession(ID, "wrong", token_endpoint_auth_method=method) as client:
            refused = refusal(lambda: client.fetch_token(endpoint, grant_type="client_credentials"))
            assert refused == "invalid_client"


def test_requests_oauthlib_gets_tokens_by_code_and_reuse_takes_them_back(server: Server) -> None:
    said = metadata(server)
    with OAuth2Session(ID, redirect_uri=CALLBACK, scope=["payments", "offline_access"], pkce="S256") as client:
        authorize, _ = client.authorization_url(said["authorization_endpoint"])
        back = agreed(server, authorize)
        exchange = {"authorization_response": back, "client_secret": SECRET}
        token = client.fetch_token(said["token_endpoint"], **exchange)
        assert status(server, token["access_token"]) == 200
        proof = {"client_id": ID, "client_secret": SECRET}
        used = token["refresh_token"]
        token = client.refresh_token(said["token_endpoint"], used, **proof)
        assert refusal(lambda: client.refresh_token(said["token_endpoint"], used, **proof)) == "invalid_grant"
        until_refused(server, token["access_token"])
        assert refusal(lambda: client.fetch_token(said["token_endpoint"], **exchange)) == "invalid_grant"


def test_requests_oauthlib_acts_for_itself(server: Server) -> None:
    with OAuth2Session(client=BackendApplicationClient(ID, scope=["applications"])) as client:
        token = client.fetch_token(metadata(server)["token_endpoint"], client_secret=SECRET)
        said = claims(server, token["access_token"])
    assert (said["sub"], said["client_id"], said["scope"]) == (ID, ID, "applications")
    assert (said["iss"], said["aud"]) == (server.url, f"{server.url}/api")


def test_openid_client_finds_its_way_and_is_refused_as_the_standards_say(server: Server) -> None:
    with subprocess.Popen(
        ["node", SCRIPT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as node:
        assert node.stdin
        assert node.stdout
        assert node.stderr
        try:
            node.stdin.write(msgspec.json.encode({"url": server.url, "callback": CALLBACK}).decode() + "\n")
            node.stdin.flush()
            line = node.stdout.readline()
            assert line, node.stderr.read()
            back = agreed(server, msgspec.json.decode(line)["authorize"])
            told, errors = node.communicate(back + "\n", timeout=60)
        finally:
            node.kill()
    assert told, errors
    came = msgspec.json.decode(told)
    assert came["own"]["scope"] == "applications payments"
    assert came["tokens"]["scope"] == "payments offline_access"
    assert (came["seen"]["active"], came["seen"]["sub"]) == (True, "usr_sandbox")
    assert came["refused"] == {
        "mixedUp": 'OAUTH_INVALID_RESPONSE unexpected "iss" (issuer) response parameter value',
        "secret": "OAUTH_WWW_AUTHENTICATE_CHALLENGE 401",
        "verifier": "invalid_grant",
        "refreshed": "invalid_grant",
        "family": "invalid_grant",
        "code": "invalid_grant",
    }
