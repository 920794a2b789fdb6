"""`kill -9` under load: what was acknowledged is there, nothing is there twice, and the books are right."""

import asyncio
import itertools
import random

import pytest

from tests.journeys.merchant import CARD_PAYMENT, Merchant
from tests.servers import Server
from tests.sizes import at_size
from tests.waiting import LONG_SECONDS, eventually
from tillgate.core import attempts, idempotency
from tillgate.core.instants import SECOND
from tillgate.sandbox.operations import Operation, Result
from tillgate.sandbox.register import Register

pytestmark = pytest.mark.anyio

KILLS = at_size(2, 20)
CLIENTS = 24
READY_WITHIN_SECONDS = at_size(LONG_SECONDS, 5.0)
"""Five seconds are for a machine that does nothing else; every day other tests and builds run beside this one."""

FOUND_OUT_SECONDS = max(attempts.PATIENCE + attempts.MARGIN, idempotency.LEASE) / SECOND + 15
"""After this long a repeat may take over what a dead process left, and ask again what the bank never saw."""

PATIENCE_SECONDS = 2 * FOUND_OUT_SECONDS
"""How long orders that were cut short are repeated."""


class Shop:
    """What a merchant knows: which orders were sent, and which were acknowledged as which payment."""

    def __init__(self) -> None:
        self.sent: set[str] = set()
        self.acknowledged: dict[str, bytes] = {}
        self._numbers = itertools.count()

    async def order(self, url: str) -> None:
        """Order after order, until the server is gone."""
        merchant = Merchant(url)
        while True:
            key = f"order-{next(self._numbers)}"
            self.sent.add(key)
            try:
                answer = await merchant.ask("POST", "/v1/payments", CARD_PAYMENT, key=key)
            except (OSError, asyncio.IncompleteReadError):
                return
            assert answer.status == 200, answer.told
            self.acknowledged[key] = answer.body

    async def repeat(self, url: str, key: str, patience_seconds: float = 60.0) -> bytes | None:
        """Send an order until there is an answer, or patience is over."""
        merchant = Merchant(url)
        try:
            async with asyncio.timeout(patience_seconds):
                while True:
                    answer = await merchant.ask("POST", "/v1/payments", CARD_PAYMENT, key=key)
                    if answer.status == 200:
                        return answer.body
                    assert answer.status == 409, answer.told
                    await asyncio.sleep(min(int(answer.headers["retry-after"]), 2))
        except TimeoutError:
            return None
        finally:
            merchant.hang_up()


async def kill_under_load(server: Server, shop: Shop, after_seconds: float) -> None:
    """Load, a kill some time after it has led to something, and a new start."""
    before = len(shop.acknowledged)
    clients = [asyncio.create_task(shop.order(server.url)) for _ in range(CLIENTS)]
    await eventually(lambda: len(shop.acknowledged) > before)
    await asyncio.sleep(after_seconds)
    server.kill()
    await asyncio.gather(*clients)
    server.start()
    assert server.took_seconds < READY_WITHIN_SECONDS


def charges_of(server: Server) -> list[Operation]:
    """What the bank took, by its own register."""
    everything = Register.onlooker(server.data / "bank").everything()
    return [charge for charge in everything if charge.result is Result.APPROVED]


async def test_a_kill_loses_no_acknowledged_payment_and_doubles_none(server: Server) -> None:
    chance = random.Random(11)
    shop = Shop()
    server.start()
    for _ in range(KILLS):
        await kill_under_load(server, shop, chance.uniform(0.2, 1.1))
        assert (await server.audit()).differences == []
    assert shop.sent - shop.acknowledged.keys(), "no kill hit a request"
    # Each acknowledged order is repeated word for word, and the bank was asked for it once.
    everyday = random.Random(3).sample(sorted(shop.acknowledged), min(200, len(shop.acknowledged)))
    for key in at_size(everyday, sorted(shop.acknowledged)):
        assert await shop.repeat(server.url, key) == shop.acknowledged[key]
    charged = [charge.reference for charge in charges_of(server)]
    assert len(charged) == len(set(charged))
    assert len(shop.acknowledged) <= len(charged) <= len(shop.sent)


@pytest.mark.parametrize("server", at_size(["postgres"], ["sqlite", "postgres"]), indirect=True)
async def test_what_a_kill_cut_short_is_found_out_or_asked_again_and_charged_once(server: Server) -> None:
    shop = Shop()
    server.start()
    await kill_under_load(server, shop, 0.7)
    cut_short = sorted(shop.sent - shop.acknowledged.keys())
    assert cut_short, "the kill hit no request"
    taken_unheard = len(charges_of(server)) - len(shop.acknowledged)
    unwritten = len(shop.sent) - (await server.audit()).counts["payments"]
    repeats = [asyncio.create_task(shop.repeat(server.url, key, PATIENCE_SECONDS)) for key in cut_short]
    answered = asyncio.as_completed(repeats)
    answers: list[bytes | None] = []
    # What was written down and never seen by the bank is asked again much later.
    while len(answers) < at_size(taken_unheard + unwritten, len(cut_short)):
        answers.append(await next(answered))
    for repeat in repeats:
        repeat.cancel()
    assert None not in answers
    assert len(set(answers)) == len(answers)
    assert len(charges_of(server)) == len(shop.acknowledged) + len(answers)
    assert (await server.audit()).differences == []
