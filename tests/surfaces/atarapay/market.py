"""A merchant that asks through the escrow API, and what its buyers do."""

import secrets
from typing import Any
from urllib.parse import urlencode

import httpx2
import msgspec

from tests.surfaces.v1 import shop
from tests.surfaces.v1.shop import LOCAL, Client
from tillgate.assembly import Assembly
from tillgate.core import credentials
from tillgate.core.cards import Card, CardNumber
from tillgate.core.conclusions import Standing
from tillgate.core.credentials import ALL_SCOPES, CredentialKind
from tillgate.core.escrows import Buyer, Delivery, Move, Product, Side
from tillgate.core.instants import DAY
from tillgate.core.merchants import Tenant
from tillgate.core.money import Money
from tillgate.core.payments import Payment
from tillgate.flows import checkouts, directory, escrow_numbers, escrow_orders
from tillgate.flows.escrow_orders import Wanted
from tillgate.flows.gateway import Answer as Answered
from tillgate.flows.gateway import Caller
from tillgate.flows.sources import NewCustomer, Source
from tillgate.http import multipart
from tillgate.surfaces.atarapay import authtokens, shapes
from tillgate.workers import timers

CREATE = "/api/project/createProject"
UPDATE = "/api/project/updateProject"
PROJECTS = "/api/project/getExternalProjects"
PROVIDER = "/api/serviceprovider/create"
PROVIDERS = "/api/serviceprovider"
DELETE = "/api/serviceprovider/delete"
COMMISSION = "/api/serviceprovider/order/update"
OPERATOR = "/api/serviceprovider/marketplaceOrder/update"
PAY = "/pay"
ORDER = "/api/callback/order"
BANKS = "/api/external/getBanks"
RATE = "/api/abokiExchangeRate"

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
PARTS = "multipart/form-data; boundary=aboundary"

ABSENT: Any = object()
"""In the place of a field that is to be left out."""

Answer = httpx2.Response


class Market:
    """A merchant with a pair of keys, and a key of the first API."""

    def __init__(self, parts: Assembly, tenant: Tenant, pair: str, key: str) -> None:
        self.parts = parts
        self.tenant = tenant
        self.pair = pair
        self.v1 = Client(parts, key)
        transport = httpx2.ASGITransport(app=parts.application, client=("127.0.0.1", 50_000))
        self.http = httpx2.AsyncClient(transport=transport, base_url=LOCAL)

    @property
    def token(self) -> str:
        """What proves who asks."""
        return authtokens.of_pair(self.pair)

    @property
    def public(self) -> str:
        """The half of its keys that is no secret."""
        return credentials.halves(self.pair)[0]

    async def ask(self, path: str, method: str = "POST", media: str = FORM, **fields: Any) -> Answer:
        """The answer to fields in one of the three forms, with the merchant's token unless another is given."""
        whole = {"authtoken": self.token, **fields}
        return await self.send(path, written({n: v for n, v in whole.items() if v is not ABSENT}, media), method, media)

    async def send(self, path: str, content: bytes, method: str = "POST", media: str = FORM, **headers: str) -> Answer:
        """The answer to a body as it is."""
        return await self.http.request(method, path, content=content, headers={"content-type": media, **headers})

    @property
    def caller(self) -> Caller:
        """The merchant itself, in flows."""
        return Caller(self.tenant, "key_test", "test", "req_test")

    async def bank_account(self) -> None:
        """Somewhere for the merchant to be paid out to."""
        body = {"account_number": "000123456789", "routing_number": "110000000", "account_holder_name": "Basira"}
        answer = await self.v1.post("/bank_accounts", {**body, "country": "US", "currency": "usd"})
        assert answer.status_code == 200, answer.text

    async def provider(self, **changes: Any) -> dict[str, Any]:
        """A service provider."""
        return dict(done(await self.ask(PROVIDER, **{**SERVICE_PROVIDER, **changes})))

    async def buys(self, **changes: Any) -> int:
        """An order that was paid by card, by its number."""
        made: list[Standing] = []

        async def render(now: Standing) -> Answered:
            made.append(now)
            return Answered(200, b"")

        now = self.parts.gateway.clock.now(self.tenant.id)
        wanted = Wanted(
            **{
                "price": Money(12_500_00, "NGN"),
                "product": Product(id="1001", name="Ankara", quantity=6),
                "delivery": Delivery(promised_by=now + 10 * DAY, location="7 Allen Avenue", city="Ikeja"),
                "buyer": BUYER,
                **changes,
            }
        )
        source = Source(card=Card(number=CardNumber("4242424242424242"), exp_month=12, exp_year=2034, cvc="123"))
        customer = NewCustomer(BUYER.email)
        await escrow_orders.create(self.parts.gateway, self.caller, None, wanted, source, customer, render)
        payment = await escrow_orders.fetch(self.parts.gateway, self.caller, made[-1].payment.id)
        return await self.number_of(payment)

    async def posts(self, *, accept: str = "*/*", speaks: str | None = None, **changes: Any) -> Answer:
        """What a buyer's browser is answered to the form of a shop; a field that is ABSENT is left out."""
        day = shapes.moment(self.parts.gateway.clock.now(self.tenant.id) + 10 * DAY)
        whole = {"token": self.public, **FORM_OF_SHOP, "delivery_date": str(day)[:10], **changes}
        fields = {name: value for name, value in whole.items() if value is not ABSENT}
        headers = {"accept": accept} if speaks is None else {"accept": accept, "accept-language": speaks}
        return await self.send(PAY, written(fields), **headers)

    async def pays(self, answer: Answer, number: str = "4242424242424242") -> Payment:
        """They pay by card on the page that they were sent to."""
        assert answer.status_code == 303, answer.text
        id = answer.headers["location"].partition("?")[0].rpartition("/")[2]
        payer = Caller(self.tenant, "checkout:test", "pages", "req_test")
        source = Source(card=Card(number=CardNumber(number), exp_month=12, exp_year=2034, cvc="123"))
        await checkouts.pay(self.parts.gateway, payer, id, 0, source)
        return await escrow_orders.fetch(self.parts.gateway, self.caller, id)

    async def number_of(self, payment: Payment) -> int:
        """An order's number."""
        return (await escrow_numbers.of_orders(self.parts.gateway, self.tenant.id, [payment]))[payment.id].order

    async def payment(self, order: int) -> Payment:
        """An order's payment."""
        return await escrow_orders.by_number(self.parts.gateway, self.caller, order)

    async def moves(self, order: int, move: Move, side: Side, **more: Any) -> None:
        """Somebody does something with an order, elsewhere than here."""

        async def render(now: escrow_orders.Made) -> Answered:
            return Answered(200, b"")

        payment = await self.payment(order)
        await escrow_orders.move(self.parts.gateway, self.caller, None, payment.id, move, side, render, **more)

    async def let_time_work(self) -> None:
        """Have everything done that is due, as the workers do."""
        for _ in range(6):
            await timers.run_due(self.parts.gateway, self.parts.directory)


SERVICE_PROVIDER: dict[str, Any] = {
    "type": "1",
    "bank_code": "058",
    "nip_bank_code": "000013",
    "bank_account_number": "0123456789",
    "bank_account_name": "Tunde Bello",
    "bank_name": "GTBank",
    "email": "tunde@example.com",
    "phone": "08030000009",
    "firstname": "Tunde",
    "lastname": "Bello",
}

FORM_OF_SHOP: dict[str, Any] = {
    "email": "ada@example.com",
    "phone_number": "08030000001",
    "currency": "NGN",
    "amount": "1250000",
    "customer_firstname": "Ada",
    "customer_lastname": "Obi",
    "order_product_id": "1001",
    "order_product_name": "Ankara",
    "delivery_location": "7 Allen Avenue",
    "recipient": "Ada Obi",
}

PROJECT = {
    "project_name": "Escrow payment",
    "description": "This project provides details on escrow payment creation.",
    "customer_email": "ada@example.com",
    "customer_phone": "08030000001",
}

UNKNOWN_PROVIDER = "Service Provider with id ({}) does not exist, Please add Service Provider then try"

BUYER = Buyer(email="ada@example.com", phone="08030000001", first_name="Ada", last_name="Obi")


def written(fields: dict[str, Any], media: str = FORM) -> bytes:
    """A body of one of the three forms."""
    if media == JSON:
        return msgspec.json.encode(fields)
    if media == PARTS:
        return multipart.encode({name: str(value) for name, value in fields.items()}, "aboundary")
    return urlencode(fields, doseq=True).encode()


async def opened(parts: Assembly, tenant: Tenant | None = None) -> Market:
    """A new merchant with keys of its own, or one that gets some."""
    tenant = tenant or await shop.new_tenant(parts, "Iya Basira")
    pair = await directory.issue(
        parts.gateway, tenant, CredentialKind.ESCROW_KEYS, frozenset(), secrets.token_urlsafe(32)
    )
    key = await shop.issue(parts, tenant, CredentialKind.SECRET_KEY, ALL_SCOPES)
    return Market(parts, tenant, pair, key)


def done(answer: Answer, message: str | None = None) -> Any:
    """What went well, in the envelope that everything has."""
    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert list(said) == ["status", "message", "data"], said
    assert said["status"] == "success", said
    if message is not None:
        assert said["message"] == message
    return said["data"]


def error(answer: Answer, status: int = 200) -> str:
    """What an error says, in the form that every error has."""
    assert answer.status_code == status, answer.text
    said = answer.json()
    assert list(said) == ["status", "message"], said
    assert said["status"] == "error"
    assert said["message"]
    assert "{" not in said["message"]
    return str(said["message"])
