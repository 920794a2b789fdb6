"""Every example of both documents as it is printed, run by curl, Node or Python; only host and ids are replaced."""

import ast
import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import receivers, servers
from tests.documents import excerpts
from tests.documents.excerpts import Excerpt
from tests.servers import Server
from tests.waiting import LONG_SECONDS
from tillgate.surfaces.v1.sandbox_keys import PUBLISHABLE_KEY

ATENI, GATEWAY = "ateni_pay", "payment_gateway"

HOST = "https://api.paymentgateway.com"

TABLE, JSON = "| Parameter | Type | Required | Description |", "{"
CREATE = Excerpt(
    ATENI, "Create a Payment", TABLE, "| customer | string | Optional | ID of the customer making the payment |"
)
INTENT = Excerpt(ATENI, "1. Create a Payment Intent", JSON, "2. Confirm the Payment")
CONFIRM = Excerpt(ATENI, "2. Confirm the Payment", "// Using Ateni.js", "Payments")
REFUND = Excerpt(ATENI, "Create a Refund", TABLE, "| reason | string | Optional | Reason for the refund |")
KEY = Excerpt(ATENI, "Authentication", *2 * ["Authorization: Bearer sk_test_1234567890abcdef"])
CURL = Excerpt(
    GATEWAY,
    "Authentication",
    "curl -X GET https://api.paymentgateway.com/v1/transactions \\",
    '-H "Content-Type: application/json"',
)
TOKEN = Excerpt(
    GATEWAY,
    "Generating an API Key",
    "const response = await fetch('https://api.paymentgateway.com/v1/auth/token', {",
    "console.log(data.access_token);",
)
PAYMENT = Excerpt(GATEWAY, "Create Payment", JSON, "Response:")
LISTED = Excerpt(GATEWAY, "List Transactions", TABLE, "| to_date | string | No | ISO 8601 date format (YYYY-MM-DD) |")
LIST = Excerpt(GATEWAY, "Example Request:", "import requests", "print(response.json())")
REFUND_OF_PAYMENT = Excerpt(GATEWAY, "Refund Payment", JSON, "Data Models")
SDK = Excerpt(GATEWAY, "Node.js Example", "const PaymentGateway = require('paymentgateway-node');", "Testing")

ATENIS_VERIFIER = Excerpt(ATENI, "Verifying Webhooks", "// Example webhook verification in Node.js", "}")
VERIFIER = Excerpt(GATEWAY, "Verifying Webhook Signatures", "const crypto = require('crypto');", "}")
DELIVERED = Excerpt(GATEWAY, "Webhook Payload Example", JSON, "Verifying Webhook Signatures")

RUN = (
    KEY,
    INTENT,
    CREATE,
    REFUND,
    PAYMENT,
    REFUND_OF_PAYMENT,
    SDK,
    ATENIS_VERIFIER,
    VERIFIER,
    DELIVERED,
    CURL,
    TOKEN,
    LISTED,
    LIST,
)

ANSWERS = (
    Excerpt(ATENI, "Example Response", JSON, "Refunds"),
    Excerpt(GATEWAY, "Response:", JSON, "List Transactions"),
    Excerpt(GATEWAY, "Error Response Format:", JSON, "Rate Limiting"),
    Excerpt(GATEWAY, "Rate Limiting", "X-RateLimit-Limit: 100", "X-RateLimit-Reset: 1699564800"),
)
"""What is answered: tests/surfaces/v1/test_documents.py holds it to that."""

WAITING = {
    CONFIRM: "the card element",
}
"""Examples of what does not exist yet, each with what it waits for."""


@pytest.mark.parametrize("document", [ATENI, GATEWAY])
def test_no_example_is_forgotten(document: str) -> None:
    covered = {number for one in (*RUN, *ANSWERS, *WAITING) if one.document == document for number in range(*one.span)}
    missed = set(excerpts.beginnings(document)) - covered
    assert not missed, [excerpts.lines(document)[number] for number in sorted(missed)]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all of them: they are read in the order in which they are printed."""
    with servers.serving(tmp_path_factory.mktemp("documents") / "data") as started:
        yield started


def here(text: str, server: Server) -> str:
    """The example with this server in the place of the documents' host."""
    return text.replace(HOST, server.url)


def run(*command: str, home: Path | None = None) -> str:
    """What a program prints that must end well."""
    environment = {**os.environ, **({"CURL_HOME": str(home)} if home else {})}
    ran = subprocess.run(command, check=False, capture_output=True, text=True, env=environment, timeout=LONG_SECONDS)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def ask(server: Server, path: str, body: Any = None, *headers: str) -> dict[str, Any]:
    """What a path answers, with a success; with the documents' key unless `headers` bear another."""
    given = headers or (KEY.text,)
    command = ["curl", "-sS", "--fail-with-body", *(part for header in given for part in ("-H", header))]
    if body is not None:
        text = body if isinstance(body, str) else json.dumps(body)
        command += ["-H", "Content-Type: application/json", "-d", text]
    answer: dict[str, Any] = json.loads(run(*command, server.url + "/v1" + path))
    return answer


def test_atenis_key_opens_the_api(server: Server) -> None:
    assert ask(server, "/payments", None, KEY.text)["object"] == "list"


def test_atenis_quick_start_is_paid_by_the_api(server: Server) -> None:
    intent = ask(server, "/payment_intents", INTENT.json)
    assert (intent["amount"], intent["currency"], intent["payment_method_types"]) == (2000, "usd", ["card"])
    assert intent["metadata"] == {"order_id": "12345"}
    # What the library sends on the client side, of what the second step gives it.
    assert "name: 'John Doe'" in CONFIRM.text
    card = {"type": "card", "card": PAYMENT.json["card"], "billing_details": {"name": "John Doe"}}
    body = {"client_secret": intent["client_secret"], "payment_method_data": card}
    browser = f"Authorization: Bearer {PUBLISHABLE_KEY}"
    paid = ask(server, f"/payment_intents/{intent['id']}/confirm", body, browser)
    assert (paid["status"], paid["amount_received"]) == ("succeeded", 2000)
    assert ask(server, f"/payments/{paid['latest_payment']}")["status"] == "succeeded"


def test_atenis_parameters_make_a_payment_and_a_refund(server: Server) -> None:
    introduced = ask(server, "/payments", PAYMENT.json)
    token = ask(server, "/tokens", {"card": PAYMENT.json["card"]})
    values = {
        "amount": 2000,
        "currency": "usd",
        "payment_method": token["id"],
        "customer": introduced["customer"]["id"],
        "reason": "Came broken",
    }
    paid = ask(server, "/payments", {name: values[name] for name in CREATE.parameters})
    assert (paid["status"], paid["customer"]) == ("succeeded", values["customer"])
    values |= {"payment": paid["id"], "amount": 500}
    refund = ask(server, "/refunds", {name: values[name] for name in REFUND.parameters})
    assert (refund["amount"], refund["reason"], refund["status"]) == (500, "Came broken", "succeeded")


@pytest.mark.parametrize("table", [CREATE, REFUND], ids=["create", "refund"])
def test_what_atenis_tables_require_is_required(server: Server, table: Excerpt) -> None:
    path = "/payments" if table is CREATE else "/refunds"
    description = ask(server, "/openapi.json")["paths"]["/v1" + path]["post"]["requestBody"]["content"]
    name = description["application/json"]["schema"]["$ref"].rpartition("/")[2]
    schema = ask(server, "/openapi.json")["components"]["schemas"][name]
    assert table.parameters.keys() <= schema["properties"].keys()
    required = {field for field, (_, required) in table.parameters.items() if required == "Yes"}
    # A refund may name its payment by the id of its intent instead.
    assert required - {"payment"} == set(schema.get("required", ())) & table.parameters.keys()


def test_the_gateways_payment_and_refund_run_as_printed(server: Server) -> None:
    key = "Authorization: Bearer YOUR_API_KEY"
    paid = ask(server, "/payments", json.dumps(PAYMENT.json), key)
    assert (paid["status"], paid["amount"], paid["currency"]) == ("succeeded", 5000, "USD")
    refund = ask(server, f"/payments/{paid['id']}/refund", REFUND_OF_PAYMENT.json, key)
    assert (refund["amount"], refund["reason"]) == (2500, "customer_request")


def test_the_gateways_curl_lists_transactions(server: Server, tmp_path: Path) -> None:
    ask(server, "/payments", PAYMENT.json)
    (tmp_path / ".curlrc").write_text("silent\nfail-with-body\n")
    listed = json.loads(run("bash", "-c", here(CURL.text, server), home=tmp_path))
    assert (listed["object"], listed["data"][0]["object"]) == ("list", "transaction")


def test_the_gateways_javascript_gets_an_access_token_that_is_good(server: Server) -> None:
    token = run("node", "--input-type=module", "-e", here(TOKEN.text, server)).strip()
    assert ask(server, "/transactions", None, f"Authorization: Bearer {token}")["object"] == "list"


def test_the_gateways_python_lists_transactions(server: Server) -> None:
    ask(server, "/payments", PAYMENT.json)
    # What it prints is a Python dictionary.
    listed = ast.literal_eval(run(sys.executable, "-c", here(LIST.text, server)))
    assert listed["limit"] == 20
    assert listed["data"]
    assert {one["status"] for one in listed["data"]} == {"succeeded"}


def test_every_parameter_of_the_gateways_list_is_heard(server: Server) -> None:
    values = {"limit": "1", "offset": "0", "status": "succeeded", "from_date": "2020-01-01", "to_date": "2020-01-02"}
    assert values.keys() == LISTED.parameters.keys()
    for name, value in values.items():
        assert ask(server, f"/transactions?{name}={value}")["object"] == "list"
    assert ask(server, "/transactions?from_date=2020-01-01&to_date=2020-01-02")["data"] == []
    assert len(ask(server, "/transactions?limit=1")["data"]) == 1


SDK_OF_OURS = """
function Sdk(key) {
  const create = async (body) => {
    const headers = {"Content-Type": "application/json", Authorization: `Bearer ${key}`};
    const answer = await fetch("%s/v1/payments", {method: "POST", headers, body: JSON.stringify(body)});
    return JSON.stringify(await answer.json());
  };
  this.payments = {create};
}
"""


def test_what_the_gateways_sdk_is_asked_for_is_done(server: Server) -> None:
    """Their package is theirs; what their example hands to it is sent as it is."""
    example = SDK.text.replace("require('paymentgateway-node')", "Sdk").removesuffix("Testing")
    paid = json.loads(run("node", "-e", SDK_OF_OURS % server.url + example + "\ncreatePayment();"))
    assert (paid["status"], paid["customer"]["email"]) == ("succeeded", "customer@example.com")


@pytest.mark.anyio
async def test_the_documents_verify_what_is_delivered(server: Server, tmp_path: Path) -> None:
    async with receivers.receiving() as receiver:
        wanted = {"url": receiver.url, "enabled_events": ["*"]}
        endpoint = await asyncio.to_thread(ask, server, "/webhook_endpoints", wanted)
        await asyncio.to_thread(ask, server, "/payments", PAYMENT.json)
        await receiver.until(lambda: any(got.event["type"] == "payment.succeeded" for got in receiver.got))
    got = next(got for got in receiver.got if got.event["type"] == "payment.succeeded")
    assert_like(got.event, DELIVERED.json)
    (tmp_path / "body").write_bytes(got.body)
    for verifier in (ATENIS_VERIFIER, VERIFIER):
        for secret, expected in ((endpoint["secret"], "true"), (endpoint["secret"] + "x", "false")):
            payload = f"require('fs').readFileSync({json.dumps(str(tmp_path / 'body'))})"
            asked = f"({payload}, {json.dumps(got.headers['x-signature'])}, {json.dumps(secret)})"
            program = f"{verifier.text}\nconsole.log(verifyWebhookSignature{asked})"
            assert (await asyncio.to_thread(run, "node", "-e", program)).strip() == expected


def assert_like(delivered: Any, example: Any) -> None:
    """Everything that the example has, in its form: ids by their prefix, times by their type, the rest exactly."""
    for name, value in example.items():
        if isinstance(value, dict):
            assert_like(delivered[name], value)
        elif name == "id":
            assert delivered[name].partition("_")[0] == value.partition("_")[0]
        else:
            assert type(delivered[name]) is type(value)
            assert name == "created" or delivered[name] == value
