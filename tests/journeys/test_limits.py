"""The rate limit over the wire: a hundred a minute, whichever of a host's processes they reach."""

import asyncio
from collections import defaultdict

import pytest

from tests.journeys.merchant import Answer, Merchant
from tests.servers import Server

pytestmark = pytest.mark.anyio

CONNECTIONS = 23
EACH = 10


@pytest.fixture
def environment() -> dict[str, str]:
    return {"TILLGATE_RATE_LIMIT": "standard"}


async def ask_on(server: Server) -> list[Answer]:
    merchant = Merchant(server.url)
    answers = [await merchant.ask("GET", "/v1/balance") for _ in range(EACH)]
    merchant.hang_up()
    return answers


async def test_a_hundred_are_answered_in_a_minute_by_all_processes_together(server: Server) -> None:
    server.start()
    asked = await asyncio.gather(*[ask_on(server) for _ in range(CONNECTIONS)])
    minutes: defaultdict[str, list[Answer]] = defaultdict(list)
    for answer in (answer for answers in asked for answer in answers):
        minutes[answer.headers["x-ratelimit-reset"]].append(answer)
    # A minute may have ended in between: with more than twice the limit, one of them was used up all the same.
    assert max(map(len, minutes.values())) > 100
    for answers in minutes.values():
        allowed = [answer for answer in answers if answer.status == 200]
        refused = [answer for answer in answers if answer.status == 429]
        assert len(allowed) == min(len(answers), 100)
        assert len(allowed) + len(refused) == len(answers)
        left = sorted(int(answer.headers["x-ratelimit-remaining"]) for answer in allowed)
        assert left == list(range(100 - len(allowed), 100)), "each was counted once"
        assert {answer.headers["x-ratelimit-remaining"] for answer in refused} <= {"0"}
        assert all(1 <= int(answer.headers["retry-after"]) <= 60 for answer in refused)
