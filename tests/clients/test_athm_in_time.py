"""The client that exists for the phone wallet's API, and time: a real server whose clock is moved by hand."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from athm import ATHMovilClient
from athm.exceptions import ATHMovilError, AuthenticationError, TransactionError
from athm.models import TransactionStatus
from athm.webhooks import WebhookSubscriptionRequest

from tests.clients.test_athm import PRIVATE, PUBLIC, choose, opened, phone
from tests.surfaces.v1 import shop
from tests.waiting import LONG_SECONDS
from tillgate import asgi
from tillgate.clock import ManualClock, SystemClock
from tillgate.core.instants import MINUTE
from tillgate.store import migrate


class Server:
    """A server in a thread of this process, on a port of its own; its time stands still until it is moved."""

    def __init__(self, data: Path) -> None:
        self.clock = ManualClock(SystemClock().wall())
        self.url = ""
        self._data = data
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    def start(self) -> None:
        """Serve, until the process of the tests ends at the latest."""
        self._thread.start()
        assert self._ready.wait(LONG_SECONDS)

    def stop(self) -> None:
        """Serve no more."""
        self._loop.call_soon_threadsafe(self._serving.cancel)
        self._thread.join(LONG_SECONDS)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._serving = asyncio.ensure_future(self._run())
        await asyncio.wait([self._serving])

    async def _run(self) -> None:
        async with shop.open_shop(self._data, clock=self.clock) as parts:
            with asgi.listen("127.0.0.1", 0) as listener:
                self.url = asgi.address_of(listener)
                await asgi.run(parts.application, listener, self._ready.set)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data = tmp_path_factory.mktemp("timed")
    migrate.migrate(None, data)
    made = Server(data)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def client(server: Server) -> Iterator[ATHMovilClient]:
    """Demo Shop."""
    with ATHMovilClient(PUBLIC, PRIVATE, base_url=server.url, verify_ssl=False) as asking:
        yield asking


@pytest.mark.parametrize("is_confirmed", [False, True])
def test_a_ticket_past_its_timeout_is_canceled(server: Server, client: ATHMovilClient, *, is_confirmed: bool) -> None:
    customer = phone()
    payment = opened(client, customer)
    if is_confirmed:
        choose(server, customer, "confirm")
    server.clock.advance(10 * MINUTE)
    with pytest.raises(TransactionError) as late:
        client.authorize_payment(payment.data.ecommerce_id)
    assert late.value.error_code == "BTRA_0039"
    found = client.find_payment(payment.data.ecommerce_id)
    assert found.data is not None
    assert found.data.ecommerce_status is TransactionStatus.CANCEL
    with pytest.raises(TransactionError):
        client.wait_for_confirmation(payment.data.ecommerce_id, timeout=60, polling_interval=0.05)
    with pytest.raises(ATHMovilError) as over:
        client.cancel_payment(payment.data.ecommerce_id)
    assert over.value.error_code == "BTRA_0035"


def test_a_token_past_its_time_is_refused_and_says_when_it_expired(server: Server, client: ATHMovilClient) -> None:
    customer = phone()
    payment = opened(client, customer)
    choose(server, customer, "confirm")
    paid = client.authorize_payment(payment.data.ecommerce_id)
    server.clock.advance(15 * MINUTE)
    with pytest.raises(AuthenticationError) as late:
        client.authorize_payment(payment.data.ecommerce_id)
    assert late.value.error_code == "token.expired"
    assert str(late.value).count(" AST 20") == 1
    assert client.find_payment(payment.data.ecommerce_id).data == paid.data


def test_what_the_client_subscribes_with_is_taken(server: Server, client: ATHMovilClient) -> None:
    """It posts to the vendor's own address, whatever it was told; so only its body is asked here."""
    wanted = WebhookSubscriptionRequest(
        public_token=PUBLIC,
        private_token=PRIVATE,
        listener_url="https://shop.example/athm",
        payment_received_event=True,
        refund_sent_event=True,
        donation_received_event=False,
        ecommerce_payment_received_event=True,
        ecommerce_payment_cancelled_event=True,
        ecommerce_payment_expired_event=True,
    )
    answer = client.sync_client.post("/transactions/webhook/post", json=wanted.model_dump(by_alias=True))
    assert answer.status_code == 200, answer.text
    assert answer.json()["data"]["secret"].startswith("whsec_")
