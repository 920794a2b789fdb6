"""A house built in three milestones, asked of a server that runs as people run it: nothing lost, nothing given away."""

import base64
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from aiohttp import web

from tests import ports, receivers
from tests.receivers import Got
from tests.servers import Server
from tests.surfaces.atarapay import journeys, trade
from tests.surfaces.atarapay.trade import Trade
from tillgate.core import credentials
from tillgate.core.merchants import DEMO_SHOP
from tillgate.flows.key_pairs import DEMO_KEYS
from tillgate.surfaces.v1.sandbox_keys import SECRET_KEY

pytestmark = pytest.mark.anyio


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server that says all that it has to say, at a port that the links in its mails name."""
    made = Server(tmp_path / "data", port=ports.free(), environment={"TILLGATE_LOG": "debug"})
    yield made.start()
    made.kill()


async def test_a_house_is_built_and_paid_for_and_every_notification_arrives(server: Server) -> None:
    async with receivers.receiving() as receiver, httpx2.AsyncClient(base_url=server.url) as http:
        failed: dict[int, str] = {}

        async def fail_once(got: Got) -> web.Response:
            """The first notification of each order does not get through at once."""
            number = trade.read(got)["data"]["id"]
            if number in failed:
                return web.Response()
            failed[number] = got.headers["webhook-id"]
            return web.Response(status=503, text=got.body.decode())

        receiver.answers["/told"] = fail_once
        asked = Trade(http, DEMO_SHOP.id, DEMO_KEYS, SECRET_KEY)
        await journeys.shop(asked, f"{receiver.url}/told")
        built = await journeys.house(asked)
        await journeys.sums_are_right(asked, built)
        await journeys.provider_is_paid(asked)
        most = sum(map(len, built.notified.values()))

        def is_all() -> bool:
            came = Counter(got.headers["webhook-id"] for got in receiver.got)
            return len(came) >= most and all(came[id] > 1 for id in failed.values())

        await receiver.until(is_all)
        assert trade.notified(receiver, "/told", DEMO_KEYS) == built.notified
        for id in {got.headers["webhook-id"] for got in receiver.got}:
            assert len({got.body for got in receiver.got if got.headers["webhook-id"] == id}) == 1
    assert server.stop() == 0
    assert (await server.audit()).differences == []
    assert_nobody_was_told(server)


def assert_nobody_was_told(server: Server) -> None:
    """The keys stand neither in the log nor on disk, though a receiver has sent back what it was told."""
    private = credentials.halves(DEMO_KEYS)[1]
    token = base64.b64encode(DEMO_KEYS.encode()).decode().rstrip("=")
    places = [server.errors().encode(), *(file.read_bytes() for file in server.data.rglob("*") if file.is_file())]
    # Tokens of notifications begin as the merchant's own token does.
    for secret in (private, token[:60], token[60:-2]):
        assert not any(secret.encode() in place for place in places)
