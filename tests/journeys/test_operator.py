"""What an operator does beside a running server, on both databases: in one process, and in several."""

import asyncio
import base64
import contextlib
import re

import anyio
import pytest

from tests.journeys.merchant import CARD_PAYMENT, Answer, Merchant
from tests.servers import Server
from tillgate import assembly
from tillgate.core.payment_methods import PaymentMethod
from tillgate.settings import Settings
from tillgate.store import lists
from tillgate.vault import envelope
from tillgate.vault.data_keys import Purpose
from tillgate.workers import control, schedule

pytestmark = pytest.mark.anyio

FELT_WITHIN_SECONDS = 1.5
"""A second is promised; the rest is for the command to end and a request to begin on a machine that is busy."""


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


async def test_keys_are_made_rolled_and_revoked_beside_a_running_server(server: Server) -> None:
    server.start()
    tenant = server.tillgate("merchants", "create", "Bookshop").stdout.split()[0]
    said = server.tillgate("keys", "create", "--merchant", tenant)
    id, secret = made(said.stdout)
    assert await statuses(server, secret) == {200}

    rolled_id, rolled = made(server.tillgate("keys", "roll", id, "--overlap", "1h").stdout)
    assert await statuses(server, secret) == await statuses(server, rolled) == {200}
    server.tillgate("keys", "revoke", id)
    await anyio.sleep(FELT_WITHIN_SECONDS)
    assert await statuses(server, secret) == {401}
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
    merchant.hang_up()
    return count


async def test_the_vault_is_rotated_under_load_and_a_kill_in_the_middle_leaves_everything_readable(
    server: Server,
) -> None:
    server.start()
    refused: list[Answer] = []
    for attempt in ("killed", "finished"):
        stop = asyncio.Event()
        shoppers = [asyncio.create_task(pays(server.url, f"{attempt}-{number}", refused, stop)) for number in range(4)]
        await anyio.sleep(1)
        rotating = asyncio.create_task(asyncio.to_thread(server.tillgate, "vault", "rotate", "--reseal"))
        if attempt == "killed":
            await anyio.sleep(2 * schedule.KEYS_LEARNED_SECONDS + 1.2)
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
    audit = server.tillgate("audit")
    assert audit.returncode == 0, audit.stderr
