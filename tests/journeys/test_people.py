"""The first login, a client, and what is taken back, at a real server of several processes."""

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests

from tests.pages.test_consent_in_a_browser import CHALLENGE, VERIFIER
from tests.servers import Server
from tests.surfaces.oauth.person import fields

CALLBACK = "https://app.example/callback"


@pytest.fixture
def server(migrated_url: str, tmp_path: Path) -> Iterator[Server]:
    """A server of two processes, which takes connections from beyond this machine: the documents' login is not good."""
    made = Server(tmp_path / "data", database=migrated_url, workers=2, environment={"TILLGATE_HOST": "0.0.0.0"})
    yield made
    made.kill()


def signed_in(url: str, email: str, password: str) -> requests.Session | None:
    person = requests.Session()
    page: Any = person.get(f"{url}/sign-in", timeout=60)
    entered = {**fields(page), "email": email, "password": password}
    answer = person.post(f"{url}/sign-in", entered, allow_redirects=False, timeout=60)
    return person if answer.status_code == 303 else None


def eventually(holds: Callable[[], bool]) -> None:
    """Processes go by what they read for a second at most; nobody waits for longer than the test lasts."""
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_first_login_leads_to_tokens_and_every_process_knows_what_is_taken_back(server: Server) -> None:
    url = server.start().url.replace("0.0.0.0", "127.0.0.1")
    found = re.search(r"demo@example\.com with the password (\S{16})\n", server.output())
    assert found, server.output()
    assert signed_in(url, "demo@example.com", "demo") is None
    person = signed_in(url, "demo@example.com", found[1])
    assert person
    made = server.tillgate("clients", "add", "Ledger App", "--redirect-uri", CALLBACK, "--scope", "payments").stdout
    id, secret = made.split()[0], next(word for word in made.split() if word.startswith("ocs_test_"))
    asked = {
        "response_type": "code",
        "client_id": id,
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    address = f"{url}/oauth/authorize?{urlencode(asked)}"
    page: Any = person.get(address, timeout=60)
    answer = person.post(address, {**fields(page), "decision": "allow"}, allow_redirects=False, timeout=60)
    code = parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]

    exchange = {"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER}
    answer = requests.post(f"{url}/oauth/token", exchange, auth=(id, secret), timeout=60)
    assert answer.status_code == 200, answer.text
    shown = {"authorization": f"Bearer {answer.json()['access_token']}"}

    def statuses() -> set[int]:
        return {requests.get(f"{url}/api/payments", headers=shown, timeout=60).status_code for _ in range(8)}

    assert statuses() == {200}
    assert person.get(f"{url}/account", allow_redirects=False, timeout=60).status_code == 200
    assert server.tillgate("people", "remove", "demo@example.com").returncode == 0
    eventually(lambda: statuses() == {401})
    assert person.get(f"{url}/account", allow_redirects=False, timeout=60).status_code == 303
    for secret_of_ours in (found[1], secret, code, answer.json()["access_token"], "demo@example.com"):
        assert secret_of_ours not in server.errors()
