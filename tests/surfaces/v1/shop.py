"""The whole of Tillgate in this process, asked over HTTP, and merchants with keys of their own."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest

from tests.surfaces.v1 import conformance
from tillgate import assembly
from tillgate.assembly import Assembly
from tillgate.clock import Clock
from tillgate.core.credentials import ALL_SCOPES, MANAGERS_SCOPES, CredentialKind, Scope
from tillgate.core.decisions import Decision
from tillgate.core.merchants import SANDBOX_DISPUTE_FEES, SANDBOX_FEES, Mode, RateLimit, Tenant
from tillgate.flows import directory
from tillgate.settings import Settings
from tillgate.surfaces.v1.operations import Operation
from tillgate.surfaces.v1.sandbox_keys import SECRET_KEY
from tillgate.workers import schedule, timers

LOCAL = "http://127.0.0.1:8000"

Headers = dict[str, str] | dict[bytes, bytes]

CARD: dict[str, Any] = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2034, "cvc": "123"}
PAYMENT: dict[str, Any] = {"amount": 5000, "currency": "usd", "payment_method": "card", "card": CARD}


def rooted(path: str) -> str:
    """A path of the API from the root; the sandbox's own are from there."""
    return path if path.startswith("/sandbox/") else f"/v1{path}"


class Client:
    """Asks with one key, or with none."""

    def __init__(self, parts: Assembly, key: str | None, base_url: str = LOCAL, peer: str = "127.0.0.1") -> None:
        self.parts = parts
        self.key = key
        transport = httpx2.ASGITransport(app=parts.application, client=(peer, 50_000))
        headers = {"authorization": f"Bearer {key}"} if key is not None else {}
        self._http = httpx2.AsyncClient(transport=transport, base_url=base_url, headers=headers)

    async def ask(
        self, method: str, path: str | httpx2.URL, content: bytes | None = None, headers: Headers | None = None
    ) -> httpx2.Response:
        """The answer to exactly this, which must be one that the description foresees; `path` from the root."""
        answer = await self._http.request(method, path, content=content, headers=headers)
        asked = answer.request.url.raw_path.decode("ascii").partition("?")[0]
        conformance.assert_described(method, asked, answer.status_code, answer.headers, answer.content)
        return answer

    async def get(self, path: str) -> httpx2.Response:
        """`GET /v1…`; the path may have a query."""
        return await self.ask("GET", rooted(path))

    async def post(self, path: str, body: Any = None, *, key: str | None = None) -> httpx2.Response:
        """`POST /v1…`, or `/sandbox/…`, with a JSON body, or none; `key` is the Idempotency-Key."""
        headers = {"content-type": "application/json"}
        if key is not None:
            headers["idempotency-key"] = key
        content = b"" if body is None else msgspec.json.encode(body)
        return await self.ask("POST", rooted(path), content, headers)

    async def delete(self, path: str) -> httpx2.Response:
        """`DELETE /v1…`."""
        return await self.ask("DELETE", rooted(path))

    async def pay(self, **changes: Any) -> dict[str, Any]:
        """A payment that went well; `changes` to PAYMENT."""
        answer = await self.post("/payments", {**PAYMENT, **changes})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def listed(self, path: str) -> list[dict[str, Any]]:
        """What a list shows."""
        answer = await self.get(path)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["data"])


@asynccontextmanager
async def open_shop(
    data: Path,
    database: str | None = None,
    clock: Clock | None = None,
    rate_limit: RateLimit = RateLimit.UNLIMITED,
    *,
    keeps_time: bool = True,
) -> AsyncIterator[Assembly]:
    """Everything, on a database that was migrated; what is due is left to the test where it does not keep time."""
    settings = Settings(data=data, database=database, rate_limit=rate_limit, bank_faults="dispute_seconds=0")
    with pytest.MonkeyPatch.context() as patched:
        if not keeps_time:
            patched.setattr(schedule, "jobs", lambda *parts: ())
        async with assembly.assembled(settings, clock=clock) as parts:
            yield parts


async def merchant(parts: Assembly, name: str = "Bookshop", mode: Mode = Mode.TEST) -> Client:
    """A new merchant, asking with its secret key."""
    tenant = await new_tenant(parts, name, mode)
    return Client(parts, await issue(parts, tenant, CredentialKind.SECRET_KEY, ALL_SCOPES))


async def new_tenant(
    parts: Assembly, name: str = "Bookshop", mode: Mode = Mode.TEST, rate_limit: RateLimit = RateLimit.UNLIMITED
) -> Tenant:
    """A new merchant in one mode."""
    id = parts.gateway.ids.new("ten", parts.gateway.clock.wall())
    tenant = Tenant(
        tenant=id,
        id=id,
        created=0,
        name=name,
        mode=mode,
        fee_plan=SANDBOX_FEES,
        bank="sandbox",
        rate_limit=rate_limit,
        dispute_fees=SANDBOX_DISPUTE_FEES,
    )
    await parts.gateway.store.commit(Decision(save=(tenant,)))
    return tenant


async def issue(parts: Assembly, tenant: Tenant, kind: CredentialKind, scopes: frozenset[Scope]) -> str:
    """A new key of a merchant's."""
    return await directory.issue(parts.gateway, tenant, kind, scopes, secrets.token_urlsafe(24))


async def manager(client: Client) -> Client:
    """Whoever decides disputes about a merchant's orders, asking with a key of their own."""
    _, tenant = await client.parts.directory.identify(client.key or "", on_this_machine=True)
    key = await issue(client.parts, tenant, CredentialKind.MANAGER_KEY, MANAGERS_SCOPES)
    return Client(client.parts, key)


async def acting(client: Client, operation: Operation) -> Client:
    """The merchant themselves, or where it is not theirs to ask, their manager."""
    return await manager(client) if operation.is_managers else client


async def catch_up(parts: Assembly) -> None:
    """Have everything done that is due, as the workers do, who do not run here."""
    while await timers.run_due(parts.gateway, parts.directory):
        pass


def demo_shop(parts: Assembly) -> Client:
    """Demo Shop, asking with the secret key that the documents print."""
    return Client(parts, SECRET_KEY)


def error(answer: httpx2.Response, status: int, type: str, code: str, param: str | None = None) -> dict[str, Any]:
    """The error in an answer, which must be this one, in the form that every error has."""
    assert answer.status_code == status, answer.text
    said = any_error(answer)
    assert (said["type"], said["code"], said.get("param")) == (type, code, param), said
    return said


def any_error(answer: httpx2.Response) -> dict[str, Any]:
    """The error in an answer, whichever it is, in the form that every error has."""
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert list(body) == ["error"], body
    said: dict[str, Any] = body["error"]
    assert said.keys() <= {
        *("type", "code", "message", "param", "decline_code", "doc_url", "request_id"),
        *("payment", "payment_intent", "setup_intent", "charge"),
    }, said
    assert said["request_id"] == answer.headers["x-request-id"] or "idempotent-replayed" in answer.headers
    assert said["doc_url"] == f"{answer.request.url.scheme}://{answer.request.url.netloc.decode()}" + (
        f"/docs/errors#{said['code']}"
    )
    assert said["type"] in _TYPES[answer.status_code], said
    assert 0 < len(said["message"]) < 500, said
    assert "{" not in said["message"], "a detail of the sentence was left out"
    return said


_TYPES = {
    400: {"invalid_request_error", "idempotency_error"},
    401: {"authentication_error"},
    402: {"card_error"},
    403: {"permission_error"},
    404: {"invalid_request_error"},
    405: {"invalid_request_error"},
    408: {"invalid_request_error"},
    409: {"invalid_request_error", "idempotency_error"},
    429: {"rate_limit_error"},
    413: {"invalid_request_error"},
}
