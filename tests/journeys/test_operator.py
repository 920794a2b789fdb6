"""What an operator does beside a running server, on both databases: in one process, and in several."""

import re

import anyio
import pytest

from tests.journeys.merchant import Merchant
from tests.servers import Server
from tillgate.workers import control

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


async def test_a_server_that_was_killed_leaves_nothing_in_a_commands_way(server: Server) -> None:
    server.start()
    server.kill()
    assert (server.data / control.SOCKET).exists()
    id, secret = made(server.tillgate("keys", "create").stdout)
    server.start()
    assert await statuses(server, secret) == {200}
    assert id in server.tillgate("keys", "list").stdout
