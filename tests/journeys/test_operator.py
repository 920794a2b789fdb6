"""What an operator does beside a running server, on both databases: in one process, and in several."""

import asyncio
import base64
import contextlib
import os
import re
import signal
from pathlib import Path

import anyio
import pytest

from tests.journeys.merchant import CARD_PAYMENT, Answer, Merchant
from tests.servers import Server, serving
from tests.sizes import at_size
from tests.waiting import LONG_SECONDS
from tillgate import assembly
from tillgate.core.payment_methods import PaymentMethod
from tillgate.settings import Settings
from tillgate.store import lists
from tillgate.vault import envelope
from tillgate.vault.data_keys import Purpose
from tillgate.workers import control, schedule

pytestmark = pytest.mark.anyio

FELT_WITHIN_SECONDS = at_size(LONG_SECONDS, 1.5)
"""A second is promised; the rest is for the command to end and requests to begin, every day on a busy machine."""

PAUSE_SECONDS = at_size(0.05, 0.0)
"""Between two purchases of a shopper."""


def made(said: str) -> tuple[str, str]:
    """The id and the secret of a key that a command made."""
    found = re.search(r"^(key_\w+) .*\n +(\S+)$", said, re.MULTILINE)
    assert found, said
    return found[1], found[2]


async def statuses(server: Server, key: str) -> set[int]:
    """What requests with a key get, over connections enough to meet every process."""
    merchants = [Merchant(server.url, key) for _ in range(12)]
    found = {(await merchant.ask("GET", "/v1/balance")).status for merchant in merchants}
    for merchant in merchants:
        merchant.hang_up()
    return found


@pytest.mark.parametrize("server", at_size(["sqlite"], ["sqlite", "postgres"]), indirect=True)
async def test_keys_are_made_rolled_and_revoked_beside_a_running_server(server: Server) -> None:
    server.start()
    tenant = server.tillgate("merchants", "create", "Bookshop").stdout.split()[0]
    said = server.tillgate("keys", "create", "--merchant", tenant)
    id, secret = made(said.stdout)
    assert await statuses(server, secret) == {200}

    rolled_id, rolled = made(server.tillgate("keys", "roll", id, "--overlap", "1h").stdout)
    assert await statuses(server, secret) == await statuses(server, rolled) == {200}
    server.tillgate("keys", "revoke", id)
    with anyio.fail_after(FELT_WITHIN_SECONDS):
        while await statuses(server, secret) != {401}:
            continue
    assert await statuses(server, rolled) == {200}

    listed = server.tillgate("keys", "list", "--merchant", tenant).stdout
    assert id in listed
    assert rolled_id in listed
    assert secret not in listed + server.errors()
    assert rolled not in listed + server.errors()

    assert server.stop() == 0
    assert not (server.data / control.SOCKET).exists()
    assert server.tillgate("keys", "list", "--merchant", tenant).stdout == listed


async def pays(url: str, key: str, refused: list[Answer], stop: asyncio.Event) -> int:
    """Token after token, paid for and paid with; how many until told to stop, or until the server is gone."""
    merchant, count = Merchant(url), 0
    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
        while not stop.is_set():
            token = await merchant.ask("POST", "/v1/tokens", {"card": CARD_PAYMENT["card"]}, key=f"{key}-t{count}")
            body = {"amount": 1_600, "currency": "usd", "payment_method": token.told["id"]}
            paid = await merchant.ask("POST", "/v1/payments", body, key=f"{key}-p{count}")
            refused += [answer for answer in (token, paid) if answer.status != 200]
            count += 1
            await anyio.sleep(PAUSE_SECONDS)
    merchant.hang_up()
    return count


@pytest.mark.parametrize("server", at_size(["postgres"], ["sqlite", "postgres"]), indirect=True)
async def test_the_vault_is_rotated_under_load_and_a_kill_in_the_middle_leaves_everything_readable(
    server: Server,
) -> None:
    server.start()
    refused: list[Answer] = []
    for attempt in ("killed", "finished"):
        stop = asyncio.Event()
        shoppers = [asyncio.create_task(pays(server.url, f"{attempt}-{number}", refused, stop)) for number in range(4)]
        await anyio.sleep(0.5)
        rotating = asyncio.create_task(asyncio.to_thread(server.tillgate, "vault", "rotate", "--reseal"))
        if attempt == "killed":
            await anyio.sleep(2 * schedule.KEYS_LEARNED_SECONDS + 0.8)
            server.kill()
            await asyncio.gather(rotating, *shoppers)
            server.start()
        else:
            rotated = await rotating
            assert rotated.returncode == 0, rotated.stderr
            assert "sealed again under the new keys" in rotated.stdout
        stop.set()
        assert sum(await asyncio.gather(*shoppers)) > 0
    assert refused == []
    assert server.stop() == 0
    async with assembly.opened(Settings(data=server.data, database=server.database)) as parts:
        methods = await lists.every(parts.gateway.store, PaymentMethod)
        in_use = envelope.beginnings(parts.office.data_keys.in_use(Purpose.CARD))
        for method in methods:
            assert method.sealed is not None
            assert base64.b64encode(method.sealed).decode().startswith(in_use)
            assert (await parts.gateway.cards.reveal(method, None)).number.digits == "4242424242424242"
    assert (await server.audit()).differences == []


async def series(url: str) -> dict[str, float]:
    """The metrics, as whichever process is met tells them."""
    merchant = Merchant(url)
    lines = (await merchant.ask("GET", "/metrics")).body.decode().splitlines()
    merchant.hang_up()
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")}


async def test_several_processes_answer_for_the_metrics_as_one_also_after_one_was_killed(
    tmp_path: Path, migrated_url: str
) -> None:
    approved = 'tillgate_attempts_total{bank="sandbox",kind="charge",reason="",state="approved"}'
    with serving(tmp_path / "data", database=migrated_url, workers=2) as server:
        for _ in range(12):
            merchant = Merchant(server.url)
            assert (await merchant.ask("POST", "/v1/payments", CARD_PAYMENT)).status == 200
            merchant.hang_up()
        told = [await series(server.url) for _ in range(6)]
        assert {(one[approved], one["tillgate_workers"]) for one in told} <= {(12, 2), (12, 1)}
        await until_all_work(server, besides=0)
        killed, *_ = processes_of(server)
        os.kill(killed, signal.SIGKILL)
        await until_all_work(server, besides=killed)
        told = [await series(server.url) for _ in range(6)]
        assert {(one[approved], one["tillgate_workers"]) for one in told} == {(12, 2)}
        assert server.stop() == 0
        assert list(server.data.glob("metrics-*")) == []


def processes_of(server: Server) -> list[int]:
    """The processes that serve, behind the one that keeps them."""
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children")
    return [int(pid) for pid in children.read_text().split()]


async def until_all_work(server: Server, besides: int) -> None:
    """Wait for two processes that serve, one that was killed not among them."""
    for _ in range(400):
        running = processes_of(server)
        if len(running) == 2 and besides not in running and (await series(server.url))["tillgate_workers"] == 2:
            return
        await anyio.sleep(0.05)
    raise AssertionError(server.errors())
