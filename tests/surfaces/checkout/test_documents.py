"""The examples of client_tokens.txt, with Demo Shop's credentials as they are printed there."""

import hmac
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest

from tests.receivers import Receiver
from tests.surfaces.checkout.store import done, message
from tests.surfaces.v1.shop import LOCAL
from tillgate.assembly import Assembly
from tillgate.surfaces.checkout import sandbox_tokens

pytestmark = pytest.mark.anyio

DOCUMENT = (Path(__file__).parents[2] / "documents" / "client_tokens.txt").read_text()


def http(app: Assembly, base: str = LOCAL, peer: str = "127.0.0.1") -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(app=app.application, client=(peer, 50_000))
    return httpx2.AsyncClient(transport=transport, base_url=base)


@pytest.fixture
async def client(app: Assembly) -> AsyncIterator[httpx2.AsyncClient]:
    async with http(app) as opened:
        yield opened


def create_example() -> tuple[str, dict[str, str], bytes]:
    """The request of "Creating a Payment (Client Token)"."""
    (curl,) = re.findall(r"curl -X POST .*?}'", DOCUMENT, re.DOTALL)
    (url,) = re.findall(r"https://api\.yourdomain\.com(\S+)", curl)
    headers = dict(re.findall(r'-H "([^:]+): ([^"]+)"', curl))
    (body,) = re.findall(r"-d '(.*)'", curl, re.DOTALL)
    return url, headers, body.encode()


async def test_the_payment_of_the_document_is_created(client: httpx2.AsyncClient) -> None:
    url, headers, body = create_example()
    made = done(await client.post(url, headers=headers, content=body))
    assert set(made) == {"id", "checkoutUrl"}
    assert made["checkoutUrl"].startswith(f"{LOCAL}/checkout/{made['id']}?expires=")
    assert done(await client.post(url, headers=headers, content=body)) == made
    asked = {"Authorization": headers["Authorization"]}
    found = done(await client.get(f"/api/payment/{made['id']}", headers=asked))
    assert (found["amount"]["formatted"], found["reference"]) == ("$100.00", "ORDER-123")
    card = done(await client.get(f"/api/payment/{made['id']}/provider/card/method/card", headers=asked))
    assert card["title"] == "Pay by card"


async def test_every_client_id_and_client_token_of_the_document_is_good(client: httpx2.AsyncClient) -> None:
    url, headers, body = create_example()
    order = msgspec.json.decode(body)
    made = set()
    for token in ("YOUR_CLIENT_TOKEN", "your_client_token"):
        assert token in DOCUMENT
        for client_id in ("a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5p6", "your_client_id", "your_32_char_client_id"):
            assert client_id in DOCUMENT
            sent = {**headers, "Authorization": f"Bearer {token}"}
            answer = await client.post(url, headers=sent, json={**order, "clientId": client_id})
            made.add(done(answer)["id"])
    assert len(made) == 1


async def test_applications_are_managed_as_the_document_does(client: httpx2.AsyncClient) -> None:
    (path,) = re.findall(r"^GET (\S+)$", DOCUMENT, re.MULTILINE)
    for token in ("YOUR_OAUTH_TOKEN", "YOUR_OAUTH_ACCESS_TOKEN", "YOUR_TOKEN"):
        assert token in DOCUMENT
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "Accept": "application/json"}
        listed: list[dict[str, Any]] = done(await client.get(path, headers=headers))
        assert [one["clientId"] for one in listed] == ["a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5p6"]
        assert listed[0]["currencyWhitelist"] == ["USD", "EUR"]


async def test_the_errors_of_the_document_are_told(client: httpx2.AsyncClient) -> None:
    told = dict(re.findall(r"^(40[13])(Unauthenticated|Insufficient permissions)", DOCUMENT, re.MULTILINE))
    nobody = await client.get("/api/payments", headers={"Authorization": "Bearer wrong"})
    assert message(nobody, 401) == told["401"]
    lacking = await client.get("/api/payments", headers={"Authorization": "Bearer YOUR_CLIENT_TOKEN"})
    assert message(lacking, 403) == told["403"]


async def test_what_the_application_is_told_is_signed_with_the_secret_of_the_document(
    client: httpx2.AsyncClient, app: Assembly, receiver: Receiver
) -> None:
    (secret,) = re.findall(r"^WEBHOOK_SECRET=(\S+)$", DOCUMENT, re.MULTILINE)
    managing = {"Authorization": "Bearer YOUR_OAUTH_TOKEN"}
    (path,) = [f"/api/payment-applications/{one['id']}" for one in await applications(client)]
    listening = await client.patch(path, headers=managing, json={"callbackUrl": receiver.url + "/hook"})
    assert done(listening)["listenerSecret"].startswith("whsec_")
    url, headers, body = create_example()
    id = done(await client.post(url, headers=headers, content=body.replace(b"ORDER-123", b"ORDER-124")))["id"]
    done(await client.post(f"/api/payment/{id}/cancel", headers=headers))
    await receiver.until(lambda: bool(receiver.got))
    got = receiver.got[0]
    stamped = got.headers["x-paymentservice-timestamp"].encode() + b"." + got.body
    assert got.headers["x-paymentservice-event"] == "payment.cancelled"
    assert got.headers["x-paymentservice-signature"] == hmac.digest(secret.encode(), stamped, "sha256").hex()
    assert done(await client.patch(path, headers=managing, json={"callbackUrl": None}))["site"]["callbackUrl"] is None
    assert [one["clientId"] for one in await applications(client)] == ["a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5p6"]


async def applications(client: httpx2.AsyncClient) -> list[dict[str, Any]]:
    answer = await client.get("/api/payment-applications", headers={"Authorization": "Bearer YOUR_OAUTH_TOKEN"})
    return list(done(answer))


async def test_an_access_token_of_the_client_that_is_printed_is_good(client: httpx2.AsyncClient) -> None:
    form = {"grant_type": "client_credentials", "client_id": "your_client_id", "client_secret": "your_client_secret"}
    granted = (await client.post("/oauth/token", data={**form, "scope": "applications"})).json()
    headers = {"Authorization": f"Bearer {granted['access_token']}"}
    assert done(await client.get("/api/payment-applications", headers=headers))
    assert message(await client.get("/api/payments", headers=headers), 403) == "Insufficient permissions"
    spoiled = {"Authorization": f"Bearer {granted['access_token'][:-8]}AAAAAAAA"}
    assert message(await client.get("/api/payment-applications", headers=spoiled), 401) == "Unauthenticated"


@pytest.mark.parametrize(
    ("base", "peer", "headers"),
    [
        ("http://pay.example.com", "127.0.0.1", {}),
        (LOCAL, "203.0.113.7", {}),
        (LOCAL, "127.0.0.1", {"Forwarded": "for=203.0.113.7"}),
        (LOCAL, "127.0.0.1", {"X-Forwarded-For": "203.0.113.7"}),
    ],
)
async def test_what_the_document_prints_is_nothing_to_anybody_else(
    app: Assembly, base: str, peer: str, headers: dict[str, str]
) -> None:
    async with http(app, base, peer) as client:
        for token in sandbox_tokens.SANDBOX_TOKENS:
            answer = await client.get("/api/payment/pay_x", headers={**headers, "Authorization": f"Bearer {token}"})
            assert message(answer, 401) == "Unauthenticated"
