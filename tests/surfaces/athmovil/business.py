"""A business that asks through the phone wallet's API, and the phones of its customers."""

import itertools
import secrets
from typing import Any

import httpx2
import msgspec

from tests.surfaces.v1 import shop
from tests.surfaces.v1.shop import LOCAL, Client
from tillgate.assembly import Assembly
from tillgate.core.credentials import ALL_SCOPES, CredentialKind
from tillgate.core.merchants import Tenant
from tillgate.flows import directory
from tillgate.sandbox.phone_bank import Choice, Heard

BASE = "/api/business-transaction/ecommerce"
SEARCH = "/api/v4/searchTransaction"
REPORT = "/transactions/v4/transactionReport"
SUBSCRIBE = "/transactions/webhook/post"

ITEM: dict[str, Any] = {
    "name": "Guanabana ice",
    "description": "Two scoops",
    "quantity": "1",
    "price": "1.33",
    "tax": "1.00",
    "metadata": None,
}

_phones = itertools.count(7_871_000_001)

ABSENT: Any = object()
"""In the place of a field that is to be left out."""


class Ticket(msgspec.Struct, frozen=True):
    """A ticket that was opened: its number, its token, and the phone that rings."""

    id: str
    token: str
    phone: str


class Business:
    """A merchant with the tokens of this API, and a key of the other one."""

    def __init__(self, parts: Assembly, tenant: Tenant, public: str, private: str, key: str) -> None:
        self.parts = parts
        self.tenant = tenant
        self.public = public
        self.private = private
        self.v1 = Client(parts, key)
        transport = httpx2.ASGITransport(app=parts.application, client=("127.0.0.1", 50_000))
        self.http = httpx2.AsyncClient(transport=transport, base_url=LOCAL)

    @property
    def both(self) -> dict[str, Any]:
        """What proves who asks."""
        return {"publicToken": self.public, "privateToken": self.private}

    def order(self, **changes: Any) -> dict[str, Any]:
        """What opens a ticket; a field that is ABSENT is left out."""
        whole = {
            "publicToken": self.public,
            "timeout": "600",
            "total": "2.33",
            "tax": "1.00",
            "subtotal": "1.33",
            "metadata1": "Order 1",
            "metadata2": "Ponce",
            "items": [ITEM],
            "phoneNumber": str(next(_phones)),
            **changes,
        }
        return {name: value for name, value in whole.items() if value is not ABSENT}

    async def ask(
        self, path: str, body: Any = None, token: str | None = None, method: str = "POST", language: str = ""
    ) -> httpx2.Response:
        """The answer to a JSON body, or to bytes as they are."""
        headers = {"content-type": "application/json"}
        if token is not None:
            headers["authorization"] = f"Bearer {token}"
        if language:
            headers["accept-language"] = language
        content = body if isinstance(body, bytes) else b"" if body is None else msgspec.json.encode(body)
        return await self.http.request(method, path, content=content, headers=headers)

    async def open(self, **changes: Any) -> Ticket:
        """A ticket, its customer's phone ringing."""
        order = self.order(**changes)
        data = done(await self.ask(f"{BASE}/payment", order))
        return Ticket(data["ecommerceId"], data["auth_token"], str(order["phoneNumber"]))

    async def find(self, ticket: Ticket) -> dict[str, Any]:
        """How it stands."""
        found = await self.ask(f"{BASE}/business/findPayment", {"publicToken": self.public, "ecommerceId": ticket.id})
        return dict(done(found))

    async def confirm(self, ticket: Ticket) -> Heard:
        """Its customer confirms."""
        return await self.parts.phones.choose(ticket.phone, Choice.CONFIRM)

    async def decline(self, ticket: Ticket) -> Heard:
        """Its customer declines."""
        return await self.parts.phones.choose(ticket.phone, Choice.DECLINE)

    async def authorize(self, ticket: Ticket) -> httpx2.Response:
        """Take the money."""
        return await self.ask(f"{BASE}/authorization", {}, ticket.token)

    async def cancel(self, ticket: Ticket) -> httpx2.Response:
        """Give it up."""
        return await self.ask(f"{BASE}/business/cancel", {"publicToken": self.public, "ecommerceId": ticket.id})

    async def move(self, ticket: Ticket, phone: Any) -> httpx2.Response:
        """Ring another phone."""
        body = {"ecommerceId": ticket.id, "phoneNumber": phone}
        return await self.ask(f"{BASE}/business/updatePhoneNumber", body, ticket.token, "PUT")

    async def pay(self, **changes: Any) -> dict[str, Any]:
        """A ticket that was paid, as authorization shows it."""
        ticket = await self.open(**changes)
        assert await self.confirm(ticket) is Heard.DONE
        return dict(done(await self.authorize(ticket)))

    async def refund(self, reference: str, amount: Any, **more: Any) -> httpx2.Response:
        """Give money back."""
        return await self.ask(f"{BASE}/refund", {**self.both, "referenceNumber": reference, "amount": amount, **more})

    def balance(self, ticket: Ticket) -> int:
        """What is in the wallet of a ticket's customer, in cents."""
        return self.parts.phones.wallet(ticket.phone).balance

    async def let_time_work(self) -> None:
        """Have everything done that is due, as the workers do."""
        await shop.catch_up(self.parts)


async def opened(parts: Assembly, tenant: Tenant | None = None) -> Business:
    """A new business with tokens of its own, or a merchant that gets some."""
    tenant = tenant or await shop.new_tenant(parts, "Heladería Sol")
    issued = [
        await directory.issue(parts.gateway, tenant, kind, frozenset(), secrets.token_hex(20))
        for kind in (CredentialKind.PUBLIC_TOKEN, CredentialKind.PRIVATE_TOKEN)
    ]
    key = await shop.issue(parts, tenant, CredentialKind.SECRET_KEY, ALL_SCOPES)
    return Business(parts, tenant, issued[0], issued[1], key)


def done(answer: httpx2.Response) -> Any:
    """What went well."""
    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert (set(said), said["status"]) == ({"status", "data"}, "success"), said
    return said["data"]


def code(answer: httpx2.Response) -> str:
    """The code of an error, in the form that every error has."""
    said = answer.json()
    assert list(said) == ["status", "message", "errorcode", "data"], said
    assert (said["status"], said["data"]) == ("error", None)
    assert said["message"]
    assert "%s" not in said["message"]
    return str(said["errorcode"])
