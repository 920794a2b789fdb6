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
from tillgate.core.credentials import ALL_SCOPES, CredentialKind
from tillgate.core.merchants import Tenant
from tillgate.flows import directory
from tillgate.http import multipart
from tillgate.surfaces.atarapay import authtokens

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
