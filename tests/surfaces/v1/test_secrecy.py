"""Card numbers, CVCs and keys are nowhere to be read: not on disk, not in the log, not in an answer."""

import base64
import io
import logging
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests import postgres
from tests.surfaces.v1 import shop
from tests.surfaces.v1.shop import Client
from tillgate import logs
from tillgate.assembly import Assembly
from tillgate.connectors.contract import BankAnswer, BankRequest
from tillgate.core.credentials import ALL_SCOPES, CredentialKind
from tillgate.core.merchants import DEMO_SHOP
from tillgate.core.payment_methods import Token
from tillgate.store import find

pytestmark = pytest.mark.anyio

# Numbers that no other test uses: PostgreSQL's own files are shared by all of them.
NUMBER = "371144371144376"
GROUPED = "3711 443711 44376"
MISTYPED = "371144371144377"
CVC = "7391"
CVC_ALONE = re.compile(rb"(?<![0-9A-Za-z])7391(?![0-9A-Za-z])")
CARD: dict[str, Any] = {"number": NUMBER, "exp_month": 7, "exp_year": 2031, "cvc": CVC, "name": "Ann"}
BODY: dict[str, Any] = {"amount": 5000, "currency": "usd", "payment_method": "card", "card": CARD}


@pytest.fixture
def log() -> Iterator[io.BytesIO]:
    """Everything that Tillgate logs; the client, which is here too, keeps quiet."""
    stream, client = io.BytesIO(), logging.getLogger("httpx2")
    logs.configure("debug", stream)
    client.setLevel(logging.ERROR)
    yield stream
    client.setLevel(logging.NOTSET)
    logs.flush()
    logs.configure("warning")


def forms(digits: str) -> list[bytes]:
    """Digits as they might be written down: as they are, in hexadecimal, in base64 wherever they begin."""
    plain = digits.encode()
    encoded = [base64.b64encode(b"x" * shift + plain)[4 if shift else 0 : -4] for shift in range(3)]
    return [plain, plain.hex().encode(), *encoded]


def readable(text: bytes) -> list[str]:
    """What of the card can be read in a text. A CVC is too short to mean anything unless it stands alone."""
    found = numbers(text)
    found += [repr(alone) for alone in CVC_ALONE.findall(text)] if CVC.encode() in text else []
    return found


def numbers(text: bytes) -> list[str]:
    """The card's numbers alone: among the figures of all other tests there are any four digits."""
    found = [form.decode() for digits in (NUMBER, MISTYPED) for form in forms(digits) if form in text]
    return found + ([GROUPED] if GROUPED.encode() in text else [])


def files(directory: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def dumped(database: str) -> bytes:
    """A whole PostgreSQL database as text."""
    programs = Path(subprocess.check_output([postgres.ENSURE], text=True).strip())
    return subprocess.check_output([programs / "pg_dump", "--inserts", database])


class Garbled:
    """A bank whose connection breaks with what was sent in the error."""

    async def send(self, request: BankRequest) -> BankAnswer:
        raise RuntimeError(f"could not send {request!r} {request.body.decode()}")


async def hand_in_everywhere(client: Client, monkeypatch: pytest.MonkeyPatch) -> list[httpx2.Response]:
    """The card, handed in wherever one can be, rightly and wrongly."""
    answers = [
        await client.post("/payments", BODY, key="once"),
        await client.post("/payments", BODY, key="once"),
        await client.post("/payments", {**BODY, "card": {**CARD, "number": GROUPED}}),
        await client.post("/payments", {**BODY, "amount": 1}),
        await client.post("/payments", {**BODY, "card": {**CARD, "number": MISTYPED}}),
        await client.post("/payments", {**BODY, "card": {**CARD, "cvc": f"{CVC}0"}}),
        await client.post("/payments", {**BODY, "card": NUMBER}),
        await client.post("/payments", {**BODY, "payment_method": MISTYPED, "card": None}),
        await client.post("/payments", {**BODY, "customer": NUMBER}),
        await client.post("/payments", {**BODY, MISTYPED: CVC}),
        await client.post("/payments", {**BODY, "capture_method": "manual"}),
        await client.ask("POST", "/v1/payments", f'{{"card":{{"number":"{NUMBER}","cvc":"{CVC}"'.encode()),
        await client.get(f"/payments/{MISTYPED}"),
        await client.get(f"/payments?customer={NUMBER}&number={CVC}"),
        await client.ask("GET", f"/{NUMBER}/{CVC}"),
        await client.post("/tokens", {"card": CARD}, key="token"),
        await client.post("/tokens", {"card": CARD}, key="token"),
        await client.post("/tokens", {"card": CARD}),
    ]
    token = answers[-1].json()["id"]
    spent = {"amount": 5000, "currency": "usd", "payment_method": token}
    answers += [await client.post("/payments", spent), await client.post("/payments", spent)]
    with monkeypatch.context() as patch:
        patch.setattr(client.parts.gateway, "transport", Garbled())
        answers.append(await client.post("/payments", BODY))
    assert {answer.status_code for answer in answers} == {200, 400, 402, 404, 500}
    return answers


async def test_a_card_can_be_read_nowhere(
    either: Assembly,
    database: str | None,
    home: Path,
    log: io.BytesIO,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    client = await shop.merchant(either)
    for answer in await hand_in_everywhere(client, monkeypatch):
        said = answer.content.replace(answer.request.url.raw_path, b"")
        assert readable(said) == [], answer.text
    for path in ("/payments", "/refunds", "/balance"):
        assert readable((await client.get(path)).content) == []
    logs.flush()
    assert b"request_failed" in log.getvalue(), "the broken connection was logged"
    assert readable(log.getvalue()) == []
    places = files(home)
    if database is not None:
        cluster: postgres.Cluster = request.getfixturevalue("postgres_cluster")
        places["pg_dump"] = dumped(database)
        assert b"INSERT INTO public.payments" in places["pg_dump"]
        assert {name: found for name, text in files(cluster.directory).items() if (found := numbers(text))} == {}
    else:
        assert any(name.endswith("-wal") for name in places)
    assert {name: found for name, text in places.items() if (found := readable(text))} == {}


@pytest.mark.parametrize("number", [NUMBER, "4000000000000002"], ids=["approved", "declined"])
async def test_a_cvc_waits_under_seal_until_the_first_attempt_and_no_longer(app: Assembly, number: str) -> None:
    client, tenant = shop.demo_shop(app), DEMO_SHOP.id
    card = {**CARD, "number": number, "cvc": CVC if number == NUMBER else CVC[:3]}
    made = (await client.post("/tokens", {"card": card})).json()["id"]
    token = await find.record(app.gateway.store, Token, tenant, made)
    assert token
    assert token.sealed_cvc
    assert card["cvc"].encode() not in token.sealed_cvc
    assert await app.gateway.cards.reveal_cvc(token) == card["cvc"]
    await client.post("/payments", {"amount": 5000, "currency": "usd", "payment_method": made})
    token = await find.record(app.gateway.store, Token, tenant, made)
    assert token
    assert token.sealed_cvc is None


async def test_a_key_can_be_read_nowhere_once_it_was_shown(
    either: Assembly, database: str | None, home: Path, log: io.BytesIO
) -> None:
    tenant = await shop.new_tenant(either)
    key = await shop.issue(either, tenant, CredentialKind.SECRET_KEY, ALL_SCOPES)
    client = Client(either, key)
    answers = [
        await client.get("/balance"),
        await client.post("/payments", BODY),
        await Client(either, key + "x").get("/"),
    ]
    logs.flush()
    for text in (log.getvalue(), *[answer.content for answer in answers], *files(home).values()):
        assert key.encode() not in text


def test_what_is_looked_for_would_be_found() -> None:
    for text in (NUMBER, GROUPED, MISTYPED, f'"{CVC}"', NUMBER.encode().hex(), f"cvc={CVC}&"):
        assert readable(text.encode()), text
    for before in ("", "a", "ab"):
        assert readable(base64.b64encode(f"{before}{NUMBER} and more".encode())), before
    assert readable(f"{CVC}0 1{CVC} a{CVC}b".encode()) == []
