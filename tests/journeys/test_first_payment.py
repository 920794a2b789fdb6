"""The first steps of somebody new: serve, pay as the documents show, look, refund, audit, and stop."""

import contextlib
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from tests import servers
from tests.servers import Server
from tests.waiting import until
from tillgate import cli

SECRET_KEY = "sk_test_1234567890abcdef"
PUBLISHABLE_KEY = "pk_test_1234567890abcdef"
BEARER_TOKEN = "YOUR_API_KEY"

ANYWHERE = "0.0.0.0"

# payment_gateway.txt, Create Payment and Refund Payment.
CREATE_PAYMENT = """{
"amount": 5000,
"currency": "USD",
"payment_method": "card",
"customer": {
"email": "customer@example.com",
"name": "John Doe"
},
"card": {
"number": "4242424242424242",
"exp_month": 12,
"exp_year": 2025,
"cvc": "123"
},
"description": "Order #12345"
}"""
REFUND_PAYMENT = '{"amount": 2500, "reason": "customer_request"}'


class Answer(msgspec.Struct):
    """What curl brought back."""

    status: int
    body: dict[str, Any]


def curl(url: str, *arguments: str, key: str | None = SECRET_KEY) -> Answer:
    """`curl url …` with a bearer key."""
    key_given = ("-H", f"Authorization: Bearer {key}") if key else ()
    command = ["curl", "-sS", "--max-time", "60", "-w", "\n%{http_code}", *key_given, *arguments, url]
    body, _, status = subprocess.check_output(command, text=True).rpartition("\n")
    return Answer(int(status), json.loads(body))


def pay(server: Server, body: str = CREATE_PAYMENT, *arguments: str, key: str = SECRET_KEY) -> Answer:
    """`POST /v1/payments`."""
    return curl(f"{server.url}/v1/payments", "-H", "Content-Type: application/json", "-d", body, *arguments, key=key)


def members(session: int) -> set[int]:
    """The processes of a session, dead ones that nobody has waited for left out."""
    found = set()
    for process in filter(str.isdigit, os.listdir("/proc")):
        try:
            state, _, _, of = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[:4]
        except OSError:
            continue
        if int(of) == session and state not in "ZX":
            found.add(int(process))
    return found


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that nobody configured, but for where it lies."""
    with servers.serving(tmp_path_factory.mktemp("shop") / "data", environment={"TILLGATE_LOG": "debug"}) as server:
        yield server


def test_what_it_prints_when_it_is_ready_makes_a_payment(server: Server) -> None:
    said = server.output()
    assert said.startswith(f"Tillgate is ready on {server.url}\n")
    assert SECRET_KEY in said
    assert PUBLISHABLE_KEY in said
    command = said[said.index("  curl ") :]
    paid = json.loads(subprocess.check_output(command.replace("curl", "curl -sS", 1), shell=True, text=True))  # noqa: S602
    assert (paid["status"], paid["amount"], paid["currency"]) == ("succeeded", 2000, "usd")


def test_the_gateway_documents_examples_run_by_curl(server: Server) -> None:
    paid = pay(server, key=BEARER_TOKEN)
    assert paid.status == 200
    assert paid.body["id"].startswith("pay_")
    assert (paid.body["status"], paid.body["amount"], paid.body["currency"]) == ("succeeded", 5000, "USD")
    assert paid.body["customer"]["email"] == "customer@example.com"
    refund_at = f"{server.url}/v1/payments/{paid.body['id']}/refund"
    refund = curl(refund_at, "-H", "Content-Type: application/json", "-d", REFUND_PAYMENT, key=BEARER_TOKEN)
    assert (refund.status, refund.body["amount"], refund.body["reason"]) == (200, 2500, "customer_request")
    after = curl(f"{server.url}/v1/payments/{paid.body['id']}", "-H", "Content-Type: application/json")
    assert (after.body["amount_refunded"], after.body["refunded"]) == (2500, False)


def test_atenis_examples_run_by_curl(server: Server) -> None:
    card = '{"card": {"number": "4242424242424242", "exp_month": 12, "exp_year": 2034, "cvc": "123"}}'
    token = curl(f"{server.url}/v1/tokens", "-d", card, key=PUBLISHABLE_KEY)
    assert token.status == 200
    body = {"amount": 2000, "currency": "usd", "payment_method": token.body["id"]}
    paid = pay(server, json.dumps(body))
    assert (paid.status, paid.body["object"], paid.body["status"]) == (200, "payment", "succeeded")
    reason = json.dumps({"payment": paid.body["id"], "reason": "Came broken"})
    refund = curl(f"{server.url}/v1/refunds", "-d", reason)
    assert (refund.status, refund.body["amount"], refund.body["status"]) == (200, 2000, "succeeded")


def test_a_decline_and_a_mistake_are_told_in_the_documents_form(server: Server) -> None:
    declined = pay(server, CREATE_PAYMENT.replace("4242424242424242", "4000000000000002"))
    assert declined.status == 402
    error = declined.body["error"]
    assert (error["type"], error["code"], error["payment"]["status"]) == ("card_error", "card_declined", "failed")
    small = pay(server, CREATE_PAYMENT.replace("5000", "10"))
    assert small.status == 400
    error = small.body["error"]
    assert (error["code"], error["message"]) == ("amount_too_small", "Amount must be at least $0.50 USD")
    assert (error["type"], error["param"]) == ("invalid_request_error", "amount")


def test_what_happened_is_listed_and_adds_up(server: Server) -> None:
    before = curl(f"{server.url}/v1/balance").body["pending"]
    paid = pay(server).body
    listed = curl(f"{server.url}/v1/payments?limit=1").body
    assert (listed["object"], listed["has_more"], listed["data"]) == ("list", True, [paid])
    after = curl(f"{server.url}/v1/balance").body["pending"]
    assert after[0]["amount"] - before[0]["amount"] == 5000 - 175


def test_a_repeat_under_the_same_key_is_one_payment(server: Server) -> None:
    answers = [pay(server, CREATE_PAYMENT, "-H", "Idempotency-Key: order-12345") for _ in range(2)]
    assert answers[0] == answers[1]


@pytest.mark.parametrize("header", ["Forwarded: for=127.0.0.1", "X-Forwarded-For: 127.0.0.1", "Host: shop.example"])
def test_the_documents_keys_are_refused_to_what_came_from_elsewhere(server: Server, header: str) -> None:
    for key in (SECRET_KEY, PUBLISHABLE_KEY, BEARER_TOKEN):
        answer = curl(f"{server.url}/v1/payments", "-H", header, key=key)
        assert (answer.status, answer.body["error"]["code"]) == (401, "api_key_invalid")


def test_it_is_alive_and_ready(server: Server) -> None:
    assert curl(f"{server.url}/health", key=None) == Answer(200, {"status": "alive"})
    assert curl(f"{server.url}/ready", key=None) == Answer(200, {"status": "ready"})


def test_a_second_server_on_the_same_data_is_told_so(server: Server) -> None:
    second = server.tillgate("serve", "--port", "0")
    assert second.returncode == 2
    assert "is served by another process" in second.stderr
    assert "Traceback" not in second.stderr
    assert pay(server).status == 200


def test_a_port_that_is_taken_is_named(server: Server, tmp_path: Path) -> None:
    port = server.url.rpartition(":")[2]
    second = servers.tillgate("serve", "--port", port, data=tmp_path / "other")
    assert second.returncode == 2
    assert f"127.0.0.1:{port} (TILLGATE_HOST, TILLGATE_PORT)" in second.stderr


def test_no_card_number_and_no_key_is_logged_or_kept(server: Server) -> None:
    curl(f"{server.url}/v1/payments/4242424242424242")
    pay(server, '{"card": {"number": "4242424242424242"')
    log = server.errors()
    assert '"event":"request"' in log
    places = {"log": log.encode(), **{str(p): p.read_bytes() for p in server.data.rglob("*") if p.is_file()}}
    assert any(name.endswith("tillgate.sqlite3") for name in places)
    for secret in (b"4242424242424242", b"4000000000000002", SECRET_KEY.encode()):
        assert [name for name, text in places.items() if secret in text] == []


def test_the_audit_finds_the_books_right_beside_the_server_and_after_it(server: Server) -> None:
    beside = server.tillgate("audit")
    assert (beside.returncode, beside.stderr) == (0, "")
    assert "The books are right." in beside.stdout
    assert re.search(r"^ +[1-9]\d*  payments$", beside.stdout, re.MULTILINE)


CORRUPTIONS = {
    "a balance": "update balances set amount = amount + 1 where rowid = (select min(rowid) from balances)",
    "a posting": "update postings set amount = amount + 1 where rowid = (select min(rowid) from postings)",
    "a posting to elsewhere": "update postings set destination = 'fees' where line = 0",
    "a posting gone": "delete from postings where rowid = (select max(rowid) from postings)",
    "an entry gone": "delete from entries where rowid = (select max(rowid) from entries)",
    "a payment's total": "update payments set body = json_set(body, '$.captured', 1)",
    "a payment's refunds": "update payments set body = json_set(body, '$.refunded', 7)",
    "a payment gone": "delete from payments where id = (select max(id) from payments)",
    "a refund's amount": "update refunds set body = json_set(body, '$.amount.amount', 1)",
    "a refund gone": "delete from refunds",
    "an attempt gone": "delete from attempts where id = (select max(id) from attempts)",
    "an event gone": "delete from events where rowid = (select max(rowid) from events where stream like 'pay_%')",
}


def test_the_audit_finds_what_was_tampered_with(tmp_path: Path) -> None:
    with servers.serving(tmp_path / "data") as server:
        paid = [pay(server).body for _ in range(2)]
        refund_at = f"{server.url}/v1/payments/{paid[0]['id']}/refund"
        assert curl(refund_at, "-d", REFUND_PAYMENT).status == 200
        assert server.stop() == 0
    assert servers.tillgate("audit", data=tmp_path / "data").returncode == 0
    for what, statement in CORRUPTIONS.items():
        copy = shutil.copytree(tmp_path / "data", tmp_path / what)
        with contextlib.closing(sqlite3.connect(copy / "tillgate.sqlite3")) as database, database:
            assert database.execute(statement).rowcount >= 1, what
        found = CliRunner().invoke(cli.main, ["audit", "--data", str(copy)], env={"TILLGATE_DATABASE": ""})
        assert (found.exit_code, "DIFFERENCE" in found.stderr) == (1, True), (what, found.output)
        assert "The books are right." not in found.stdout
    audit = servers.tillgate("audit", data=tmp_path / "a balance")
    assert (audit.returncode, audit.stderr.count("DIFFERENCE")) == (1, 1)


@pytest.mark.parametrize("workers", [1, 2])
def test_it_finishes_what_it_took_in_before_it_stops(
    tmp_path: Path, workers: int, request: pytest.FixtureRequest
) -> None:
    database = request.getfixturevalue("migrated_url") if workers > 1 else None
    slow = {"TILLGATE_BANK_FAULTS": "latency_seconds=2"}
    serving = servers.serving(tmp_path / "data", database=database, workers=workers, environment=slow)
    with serving as server, ThreadPoolExecutor(4) as threads:
        payments = [threads.submit(pay, server) for _ in range(4)]
        taken_in = f"{server.url}/v1/payments"
        until(lambda: len(curl(taken_in).body["data"]) == 4, "four payments were taken in")
        assert server.stop() == 0
        assert [payment.result().body["status"] for payment in payments] == ["succeeded"] * 4
        audit = server.tillgate("audit")
    assert audit.returncode == 0, audit.stderr
    assert re.search(r"^ +4  payments$", audit.stdout, re.MULTILINE)
    assert re.search(r"^ +0  attempts in doubt$", audit.stdout, re.MULTILINE)


def test_a_server_for_everybody_gives_out_keys_of_its_own_once(tmp_path: Path) -> None:
    server = Server(tmp_path / "data", environment={"TILLGATE_HOST": ANYWHERE})
    try:
        said = server.start().output()
        local = server.url.replace(ANYWHERE, "127.0.0.1")
        for key in (SECRET_KEY, PUBLISHABLE_KEY, BEARER_TOKEN):
            assert key not in said
            assert curl(f"{local}/v1/balance", key=key).status == 401
        secret, publishable = re.findall(r"([sp]k_test_[\w-]{40,})", said)
        assert curl(f"{local}/v1/balance", key=secret).status == 200
        assert curl(f"{local}/v1/balance", key=publishable).status == 403
        server.stop()
        said = server.start().output()
        assert "_test_" not in said
        local = server.url.replace(ANYWHERE, "127.0.0.1")
        assert curl(f"{local}/v1/balance", key=secret).status == 200
        assert secret not in server.errors()
    finally:
        server.kill()


def workers_of(server: Server) -> set[int]:
    """The processes that serve, behind the one that keeps them."""
    return members(server.pid) - {server.pid}


def test_several_workers_on_postgresql_serve_as_one_and_fall_as_one(tmp_path: Path, postgres_url: str) -> None:
    with servers.serving(tmp_path / "data", database=postgres_url, workers=2) as server:
        until(lambda: len(workers_of(server)) == 2, "two workers")
        keyed = ("-H", "Idempotency-Key: order-12345")
        with ThreadPoolExecutor(8) as threads:
            same = list(threads.map(lambda _: pay(server, CREATE_PAYMENT, *keyed), range(8)))
            others = list(threads.map(lambda _: pay(server), range(16)))
        assert {answer.body["id"] for answer in same} == {same[0].body["id"]}
        assert {answer.status for answer in others} == {200}
        assert len(curl(f"{server.url}/v1/payments?limit=100").body["data"]) == 17
        assert len({answer.body["customer"]["id"] for answer in same + others}) == 1
        audit = server.tillgate("audit")
        assert audit.returncode == 0, audit.stderr

        fallen = min(workers_of(server))
        os.kill(fallen, signal.SIGKILL)
        until(lambda: len(workers_of(server) - {fallen}) == 2, "a worker in place of the one that fell")
        assert pay(server).status == 200

        # The new one has hardly begun, the other one is at work: neither outlives what started it.
        session = server.pid
        os.kill(session, signal.SIGKILL)
        until(lambda: not members(session), "nothing left of a server that was killed")
