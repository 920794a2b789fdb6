"""A person with a browser, and clients that want something of them."""

import base64
import hashlib
import html
import itertools
import re
import secrets
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2
import msgspec

from tests.surfaces.v1 import shop
from tests.surfaces.v1.shop import LOCAL
from tillgate.assembly import Assembly
from tillgate.core.credentials import digest
from tillgate.core.decisions import Alias, Decision
from tillgate.core.merchants import Tenant
from tillgate.core.oauth import Client as Registered
from tillgate.core.oauth import OAuthScope
from tillgate.core.people import EVERYBODYS, Membership, Role
from tillgate.core.people import Person as Record
from tillgate.core.sessions import begun
from tillgate.flows import oauth_clients, people

PASSWORD = "correct horse battery"
CALLBACK = "https://app.example/callback"

_FIELD = re.compile(r'<(?:input|button)[^>]* name="([^"]*)"[^>]* value="([^"]*)"')
_numbers = itertools.count(1)

FORM = "application/x-www-form-urlencoded"


class Browser:
    """A browser: it keeps cookies, and follows nothing by itself."""

    def __init__(self, parts: Assembly, peer: str = "127.0.0.1", base_url: str = LOCAL, **headers: str) -> None:
        self.parts = parts
        transport = httpx2.ASGITransport(app=parts.application, client=(peer, 50_000))
        self.http = httpx2.AsyncClient(transport=transport, base_url=base_url, headers=headers)

    async def get(self, path: str, **headers: str) -> httpx2.Response:
        """Open a page."""
        return await self.http.get(path, headers=headers)

    async def send(self, path: str, fields: dict[str, str], **headers: str) -> httpx2.Response:
        """Send a form."""
        said = {"content-type": FORM, **headers}
        return await self.http.post(path, content=urlencode(fields).encode(), headers=said)

    async def sign_in(self, email: str, password: str, goes_on: str = "/account") -> httpx2.Response:
        """Sign in by the page."""
        page = await self.get(f"/sign-in?{urlencode({'next': goes_on})}")
        assert page.status_code == 200, page.text
        return await self.send("/sign-in", {**fields(page), "email": email, "password": password})


class Person(Browser):
    """Somebody with an account, in a browser of their own."""

    email: str
    tenant: Tenant
    id: str

    async def client(self, **changes: Any) -> "Client":
        """A client that their merchant registers."""
        return await registered(self.parts, self.tenant, **changes)

    async def agree(self, client: "Client", **changes: str) -> dict[str, str]:
        """Open the page of a request and allow it: what the client gets back."""
        page = await self.get(client.address(**changes))
        assert page.status_code == 200, page.text
        answer = await self.send(client.address(**changes), {**fields(page), "decision": "allow"})
        return back(answer)


class Client:
    """A client as a program has it: it makes requests of people, and of the server."""

    def __init__(self, parts: Assembly, registered: Registered, secret: str | None, redirect_uri: str) -> None:
        self.parts = parts
        self.registered = registered
        self.id = registered.id
        self.secret = secret
        self.redirect_uri = redirect_uri
        self.verifier = secrets.token_urlsafe(48)
        transport = httpx2.ASGITransport(app=parts.application, client=("127.0.0.1", 50_000))
        self.http = httpx2.AsyncClient(transport=transport, base_url=LOCAL)

    @property
    def request(self) -> dict[str, str]:
        """An authorization request that is in order."""
        challenge = base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).decode().rstrip("=")
        return {
            "response_type": "code",
            "client_id": self.id,
            "redirect_uri": self.redirect_uri,
            "scope": "payments offline_access",
            "state": "xyz",
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }

    def address(self, **changes: str) -> str:
        """Where people are sent with it; what is changed to nothing is left out."""
        said = {name: value for name, value in {**self.request, **changes}.items() if value}
        return f"/oauth/authorize?{urlencode(said)}"

    async def ask(self, path: str, pairs: Any, **headers: str) -> httpx2.Response:
        """Send a form to the server, with the proof of the client where it has none of its own."""
        return await self.http.post(path, content=urlencode(pairs).encode(), headers={"content-type": FORM, **headers})

    @property
    def proof(self) -> dict[str, str]:
        """What the client proves itself with."""
        return {"client_id": self.id, **({"client_secret": self.secret} if self.secret else {})}

    async def exchange(self, code: str, /, **changes: str) -> httpx2.Response:
        """Get tokens for a code."""
        said = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": self.verifier,
            **self.proof,
            **changes,
        }
        return await self.ask("/oauth/token", {name: value for name, value in said.items() if value})

    async def refresh(self, token: str, /, **changes: str) -> httpx2.Response:
        """Get further tokens."""
        said = {"grant_type": "refresh_token", "refresh_token": token, **self.proof, **changes}
        return await self.ask("/oauth/token", said)

    async def own(self, **changes: str) -> httpx2.Response:
        """Get a token for itself."""
        return await self.ask("/oauth/token", {"grant_type": "client_credentials", **self.proof, **changes})

    async def look_at(self, token: str) -> dict[str, Any]:
        """What the server says of a token."""
        answer = await self.ask("/oauth/introspect", {"token": token, **self.proof})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def give_back(self, token: str, /, **changes: str) -> httpx2.Response:
        """Take a token back."""
        return await self.ask("/oauth/revoke", {"token": token, **self.proof, **changes})


async def registered(
    parts: Assembly,
    tenant: Tenant,
    redirect_uris: tuple[str, ...] = (CALLBACK,),
    scopes: frozenset[OAuthScope] = frozenset(OAuthScope),
    *,
    is_public: bool = False,
    is_machine: bool = True,
    name: str = "Ledger App",
) -> Client:
    """A new client of a merchant's."""
    made, secret = await oauth_clients.add(
        parts.gateway,
        tenant,
        name,
        redirect_uris,
        scopes,
        secrets.token_urlsafe(24),
        is_public=is_public,
        is_machine=is_machine and not is_public,
    )
    return Client(parts, made, secret, redirect_uris[0] if redirect_uris else "")


async def somebody(parts: Assembly, role: Role = Role.OWNER, tenant: Tenant | None = None) -> Person:
    """Somebody new with a password, not signed in."""
    person = await _named(parts, tenant)
    belonging, _ = await people.add(parts.gateway, person.tenant, person.email, role, PASSWORD)
    person.id = belonging.person.id
    return person


async def signed_in(parts: Assembly, role: Role = Role.OWNER, tenant: Tenant | None = None) -> Person:
    """Somebody new who is signed in, without a password: hashing takes its time."""
    person = await _named(parts, tenant)
    gateway, wall = parts.gateway, parts.gateway.clock.wall()
    person.id = gateway.ids.new("usr", wall)
    secret = secrets.token_urlsafe(32)
    made = Record(tenant=EVERYBODYS, id=person.id, created=wall, email=person.email)
    membership = Membership(tenant=person.tenant.id, id=person.id, created=wall, role=role)
    name = Alias(EVERYBODYS, "person_email", people.digest(gateway, person.email), person.id)
    session = begun(digest(secret), person.id, "127.0.0.1", "Firefox/1 Linux", wall)
    await gateway.store.commit(Decision(save=(made, membership, session), name=(name,)))
    person.http.cookies.set("tillgate-session", secret)
    return person


async def _named(parts: Assembly, tenant: Tenant | None) -> Person:
    person = Person(parts)
    person.tenant = tenant or await shop.new_tenant(parts)
    person.email = f"ann{next(_numbers)}.{secrets.token_hex(4)}@example.com"
    return person


def fields(page: Any) -> dict[str, str]:
    """What the forms of a page say, the first of each; buttons are not pressed."""
    said: dict[str, str] = {}
    for name, value in _FIELD.findall(page.text):
        said.setdefault(name, html.unescape(value))
    for button in ("decision", "session", "client"):
        said.pop(button, None)
    return said


def back(answer: httpx2.Response, to: str = CALLBACK) -> dict[str, str]:
    """With what somebody is sent back to a client."""
    assert answer.status_code == 303, answer.text
    uri = answer.headers["location"]
    assert uri.partition("?")[0] == to.partition("?")[0], uri
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    said = dict(parse_qsl(urlsplit(uri).query, keep_blank_values=True))
    assert said["iss"] == LOCAL
    return said


def wrong(answer: httpx2.Response, status: int, code: str) -> str:
    """An error in OAuth's form, which must be this one; what it says."""
    said: dict[str, str] = msgspec.json.decode(answer.content, type=dict[str, str])
    assert (answer.status_code, said["error"]) == (status, code), answer.text
    assert said.keys() == {"error", "error_description"}
    assert re.fullmatch(r"[ !#-\[\]-~]+", said["error_description"])
    assert answer.headers["cache-control"] == "no-store"
    assert ("www-authenticate" in answer.headers) == (status == 401)
    return said["error_description"]
