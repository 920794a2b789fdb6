"""One server for the folder, with all that the clients need on it, and the table of what they did."""

import asyncio
import json
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests import receivers, servers
from tests.clients import forcing, table
from tests.clients.scenarios import MANY, PUBLISHABLE_KEY, SECRET_KEY, Delivery, Shop
from tests.journeys.merchant import Merchant
from tests.servers import Server

RUN = Path(__file__).parents[1] / "node" / "run.js"
CROWD = "crowd@example.com"
AT_ONCE = 8

CARD = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2034, "cvc": "123"}
INTENT = {
    "amount": 2000,
    "currency": "usd",
    "confirm": True,
    "description": "Zoë’s order, 20 $",
    "payment_method_data": {"type": "card", "card": CARD},
}
AVAILABLE = {
    "amount": 50_000,
    "currency": "usd",
    "payment_method": "card",
    "card": {**CARD, "number": "4000000000000077"},
}
"""What can be paid out at once."""

ACCOUNT = {
    "account_holder_name": "Demo Shop",
    "country": "US",
    "currency": "usd",
    "routing_number": "110000000",
    "account_number": "000123456789",
}


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A real server."""
    with servers.serving(tmp_path_factory.mktemp("clients") / "data") as started:
        yield started


@pytest.fixture(scope="session")
def shop(server: Server) -> Iterator[Shop]:
    """Demo Shop on the server."""
    with forcing.forcing(server.url) as proxy:
        delivery = asyncio.run(prepared(server.url))
        yield Shop(
            url=server.url,
            key=SECRET_KEY,
            publishable_key=PUBLISHABLE_KEY,
            busy_key=busy_key(server),
            nobody=f"http://127.0.0.1:{unused_port()}",
            forced={force.value: url for force, url in proxy.urls.items()},
            crowd=CROWD,
            many=MANY,
            delivery=delivery,
        )


async def prepared(url: str) -> Delivery:
    """What the scenarios find there: many customers, money and an account to pay out; and a real delivery."""
    merchant = Merchant(url)
    assert (await merchant.ask("POST", "/v1/bank_accounts", ACCOUNT)).status == 200
    assert (await merchant.ask("POST", "/v1/payments", AVAILABLE)).status == 200
    async with receivers.receiving() as receiver:
        wanted = {"url": receiver.url, "enabled_events": ["payment_intent.succeeded"]}
        endpoint = (await merchant.ask("POST", "/v1/webhook_endpoints", wanted)).told
        assert (await merchant.ask("POST", "/v1/payment_intents", INTENT)).status == 200
        await receiver.until(lambda: len(receiver.got) > 0)
        await merchant.ask("DELETE", f"/v1/webhook_endpoints/{endpoint['id']}")
    merchant.hang_up()
    await asyncio.gather(*[crowd(url, share) for share in range(AT_ONCE)])
    got = receiver.got[0]
    return Delivery(got.headers["stripe-signature"], got.body.decode(), endpoint["secret"])


async def crowd(url: str, share: int) -> None:
    merchant = Merchant(url)
    for _ in range(share, MANY, AT_ONCE):
        assert (await merchant.ask("POST", "/v1/customers", {"email": CROWD})).status == 200
    merchant.hang_up()


def busy_key(server: Server) -> str:
    """The key of a merchant who may make a hundred requests a minute."""
    made = server.tillgate("merchants", "create", "Busy", "--rate-limit", "standard")
    key = server.tillgate("keys", "create", "--merchant", made.stdout.split()[0])
    return next(word for word in key.stdout.split() if word.startswith("sk_test_"))


def unused_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def node(shop: Shop) -> dict[str, str | None]:
    """What came of the client in Node, by scenario: None, or what went wrong."""
    given = msgspec.json.encode(shop)
    ran = subprocess.run(["node", RUN], input=given, check=False, capture_output=True, timeout=120)
    assert ran.returncode == 0, f"{ran.stderr.decode()}\nmake test installs what is missing"
    said: dict[str, str | None] = json.loads(ran.stdout)
    return said


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note what came of a scenario."""
    table.note(report)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print the table: operation, client, result."""
    if lines := table.results():
        terminalreporter.section("clients that exist")
        for line in lines:
            terminalreporter.write_line(line)
