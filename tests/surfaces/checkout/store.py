"""A merchant that asks through the API of checkouts, its applications, its payers and their phones."""

import secrets
from typing import Any

import httpx2
import msgspec

from tests.surfaces.v1 import shop
from tests.surfaces.v1.shop import LOCAL, Client
from tillgate.assembly import Assembly
from tillgate.core import checkout_payments, credentials
from tillgate.core.cards import Card, CardNumber
from tillgate.core.credentials import ALL_SCOPES, PERSONS_SCOPES, Credential, CredentialKind, Scope
from tillgate.core.merchants import Tenant
from tillgate.core.payments import Payment
from tillgate.flows import checkouts
from tillgate.flows.gateway import Caller
from tillgate.flows.sources import Source
from tillgate.sandbox.phone_bank import Choice, Heard
from tillgate.store import credentials as kept
from tillgate.store import find
from tillgate.surfaces.checkout import shapes
from tillgate.workers import timers

ABSENT: Any = object()
"""In the place of a field that is to be left out."""

VISA = "4242424242424242"
DECLINED = "4000000000000002"
CHALLENGED = "4000002500003155"


class Store:
    """A merchant with an application, its client token, and what its dashboard asks with."""

    def __init__(self, parts: Assembly, tenant: Tenant, dashboard: str, key: str) -> None:
        self.parts = parts
        self.tenant = tenant
        self.dashboard = dashboard
        self.v1 = Client(parts, key)
        self.application: dict[str, Any] = {}
        self.token = ""
        transport = httpx2.ASGITransport(app=parts.application, client=("127.0.0.1", 50_000))
        self.http = httpx2.AsyncClient(transport=transport, base_url=LOCAL)

    @property
    def payer(self) -> Caller:
        """Who pays on the page."""
        return Caller(self.tenant, "checkout:test", "pages", "req_test")

    async def ask(
        self, method: str, path: str, body: Any = None, token: str | None = None, **headers: str
    ) -> httpx2.Response:
        """The answer to a JSON body, or to bytes as they are; without a token it is the application's that asks."""
        sent = {"content-type": "application/json", **headers}
        chosen = self.token if token is None else token
        if chosen:
            sent["authorization"] = f"Bearer {chosen}"
        content = body if isinstance(body, bytes) else b"" if body is None else msgspec.json.encode(body)
        return await self.http.request(method, path, content=content, headers=sent)

    async def manage(self, method: str, path: str, body: Any = None) -> httpx2.Response:
        """The dashboard's answer."""
        return await self.ask(method, path, body, self.dashboard)

    def order(self, **changes: Any) -> dict[str, Any]:
        """What opens a payment; a field that is ABSENT is left out."""
        whole = {
            "amount": 10_000,
            "currencyCode": "USD",
            "reference": f"ORDER-{secrets.token_hex(4)}",
            "referenceLabel": "Order #123",
            "clientId": self.application.get("clientId"),
            **changes,
        }
        return {name: value for name, value in whole.items() if value is not ABSENT}

    async def open(self, **changes: Any) -> dict[str, Any]:
        """A payment that waits for its payer, and where it is paid."""
        return dict(done(await self.ask("POST", "/api/payment/checkout", self.order(**changes))))

    async def find(self, id: str) -> dict[str, Any]:
        """How it stands."""
        return dict(done(await self.ask("GET", f"/api/payment/{id}")))

    async def status(self, id: str) -> str:
        """How it stands, in a word."""
        return str((await self.find(id))["status"])

    async def status_of(self, id: str) -> str:
        """How a payment of any application stands, in a word."""
        return str(done(await self.ask("GET", f"/api/payment/{id}", None, self.dashboard))["status"])

    async def record(self, id: str) -> Payment:
        """The payment itself."""
        found = await find.record(self.parts.gateway.store, Payment, self.tenant.id, id)
        assert found is not None
        return found

    async def pay(self, id: str, number: str = VISA, tried: int | None = None) -> Payment:
        """Its payer pays by card."""
        if tried is None:
            tried = checkout_payments.of(await self.record(id)).tries
        source = Source(card=Card(number=CardNumber(number), exp_month=12, exp_year=2034, cvc="123"))
        return await checkouts.pay(self.parts.gateway, self.payer, id, tried, source)

    async def ring(self, id: str, phone: str) -> dict[str, Any]:
        """Its payer's phone rings."""
        return dict(done(await self.ask("GET", f"/api/payment/{id}/provider/ath/method/phone?phone={phone}")))

    async def confirm(self, phone: str) -> Heard:
        """They confirm."""
        return await self.parts.phones.choose(phone, Choice.CONFIRM)

    async def decline(self, phone: str) -> Heard:
        """They decline."""
        return await self.parts.phones.choose(phone, Choice.DECLINE)

    async def create(self, **changes: Any) -> dict[str, Any]:
        """A new application."""
        return dict(done(await self.manage("POST", "/api/payment-applications", {"name": "Web shop", **changes})))

    async def mint(self, application: str, scopes: list[str], **more: Any) -> dict[str, Any]:
        """A new token of an application's."""
        path = f"/api/payment-applications/{application}/tokens"
        return dict(done(await self.manage("POST", path, {"label": "Server", "scopes": scopes, **more})))

    async def let_time_work(self) -> None:
        """Have everything done that is due, as the workers do."""
        while await timers.run_due(self.parts.gateway, self.parts.directory):
            continue


async def persons_token(parts: Assembly, tenant: Tenant, scopes: frozenset[Scope] = PERSONS_SCOPES) -> str:
    """What a person's program asks with in their place."""
    secret = "at_test_" + secrets.token_urlsafe(24)
    credential = Credential(
        digest=credentials.digest(secret),
        id=parts.gateway.ids.new("key", parts.gateway.clock.wall()),
        tenant=tenant.id,
        kind=CredentialKind.ACCESS_TOKEN,
        mode=tenant.mode,
        scopes=scopes,
        created=0,
        is_fleeting=True,
    )
    await kept.add(parts.gateway.store, credential)
    return secret


async def opened(parts: Assembly, **application: Any) -> Store:
    """A new merchant with an application and a token that may do everything."""
    tenant = await shop.new_tenant(parts, "Panadería Luz")
    key = await shop.issue(parts, tenant, CredentialKind.SECRET_KEY, ALL_SCOPES)
    store = Store(parts, tenant, await persons_token(parts, tenant), key)
    store.application = await store.create(**application)
    store.token = (await store.mint(store.application["id"], ["*"]))["token"]
    return store


def done(answer: httpx2.Response) -> Any:
    """What went well."""
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def errors(answer: httpx2.Response) -> dict[str, list[str]]:
    """By field what is wrong, in the form that every such error has."""
    assert answer.status_code == 422, answer.text
    said = answer.json()
    assert list(said) == ["message", "errors"], said
    told = [text for texts in said["errors"].values() for text in texts]
    assert told
    assert said["message"].startswith(told[0])
    assert all(text and "{" not in text and len(text) < 500 for text in told)
    return dict(said["errors"])


def message(answer: httpx2.Response, status: int) -> str:
    """The sentence of an error that is nothing else."""
    assert answer.status_code == status, answer.text
    said = answer.json()
    assert list(said) == ["message"], said
    return str(said["message"])


def moment(instant: int) -> str:
    """A time as requests have it."""
    return str(shapes.moment(instant))
