"""Rate limits: a hundred requests a minute, the headers on every answer, and nobody held up by another."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from tests.surfaces.v1 import shop
from tests.surfaces.v1.shop import PAYMENT, Client
from tillgate.assembly import Assembly
from tillgate.clock import ManualClock
from tillgate.core.credentials import ALL_SCOPES, PUBLISHABLE_SCOPES, CredentialKind
from tillgate.core.instants import MINUTE, SECOND
from tillgate.core.merchants import Mode, RateLimit

pytestmark = pytest.mark.anyio

NOW = 1_699_564_800 * SECOND


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
async def limited(tmp_path: Path, migrated: Path, clock: ManualClock) -> AsyncIterator[Assembly]:
    """Tillgate with the limits that it has by default, at the beginning of a minute that does not end by itself."""
    data = shutil.copytree(migrated, tmp_path / "data")
    async with shop.open_shop(data, clock=clock, rate_limit=RateLimit.STANDARD) as parts:
        yield parts


def window(answer: httpx2.Response) -> tuple[int, int, int]:
    names = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")
    limit, remaining, reset = (int(answer.headers[name]) for name in names)
    return limit, remaining, reset


RESET = 1_699_564_860


async def test_a_hundred_are_answered_in_a_minute_and_no_more(limited: Assembly, clock: ManualClock) -> None:
    demo = shop.demo_shop(limited)
    for number in range(100):
        answer = await demo.get("/balance")
        assert (answer.status_code, window(answer)) == (200, (100, 99 - number, RESET))
    clock.advance(20 * SECOND)
    for path in ("/balance", "/payments/x", "/nowhere"):
        answer = await demo.get(path)
        said = shop.error(answer, 429, "rate_limit_error", "rate_limit_exceeded")
        assert (window(answer), answer.headers["retry-after"]) == ((100, 0, RESET), "40")
        assert "40 s" in said["message"]
    clock.advance(40 * SECOND)
    assert window(await demo.get("/balance")) == (100, 99, RESET + 60)


async def test_what_is_refused_for_its_number_leaves_nothing_behind(limited: Assembly, clock: ManualClock) -> None:
    demo = shop.demo_shop(limited)
    for _ in range(100):
        await demo.get("/balance")
    assert (await demo.post("/payments", PAYMENT, key="once")).status_code == 429
    clock.advance(MINUTE)
    answer = await demo.post("/payments", PAYMENT, key="once")
    assert answer.status_code == 200
    assert "idempotent-replayed" not in answer.headers
    assert len(await demo.listed("/payments")) == 1


async def test_every_answer_to_a_caller_says_how_many_are_left(limited: Assembly) -> None:
    demo = shop.demo_shop(limited)
    answers = [
        await demo.get("/balance"),
        await demo.post("/payments", PAYMENT, key="k"),
        await demo.post("/payments", PAYMENT, key="k"),
        await demo.post("/payments", {**PAYMENT, "amount": 700}, key="k"),
        await demo.post("/payments", {}),
        await demo.get("/payments/pay_x"),
        await demo.get("/payments?limit=x"),
        await demo.get("/nowhere"),
        await demo.ask("GET", "/"),
        await demo.ask("DELETE", "/v1/balance"),
        await demo.ask("HEAD", "/v1/balance"),
        await demo.ask("POST", "/v1/payments", b"{"),
        await demo.ask("POST", "/v1/payments", b" " * 2_000_000),
        await demo.post("/payments", {**PAYMENT, "card": {**shop.CARD, "number": "4000000000000002"}}),
    ]
    statuses = [200, 200, 200, 400, 400, 404, 400, 404, 404, 405, 200, 400, 413, 402]
    assert [answer.status_code for answer in answers] == statuses
    assert [window(answer) for answer in answers] == [(100, 99 - n, RESET) for n in range(len(answers))]


async def test_a_failure_of_ours_says_it_too(limited: Assembly, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limited.gateway.store, "engine", None)
    answer = await shop.demo_shop(limited).get("/balance")
    assert (answer.status_code, window(answer)) == (500, (100, 99, RESET))


async def test_all_keys_of_a_merchant_share_one_limit(limited: Assembly) -> None:
    tenant = await shop.new_tenant(limited, rate_limit=RateLimit.STANDARD)
    secret = Client(limited, await shop.issue(limited, tenant, CredentialKind.SECRET_KEY, ALL_SCOPES))
    publishable = Client(limited, await shop.issue(limited, tenant, CredentialKind.PUBLISHABLE_KEY, PUBLISHABLE_SCOPES))
    assert window(await secret.get("/balance"))[1] == 99
    assert window(await publishable.get("/balance"))[1] == 98
    assert window(await shop.demo_shop(limited).get("/balance"))[1] == 99


async def test_sandboxes_are_counted_with_whoever_made_them(limited: Assembly) -> None:
    tenant = await shop.new_tenant(limited, rate_limit=RateLimit.STANDARD)
    maker = Client(limited, await shop.issue(limited, tenant, CredentialKind.SECRET_KEY, ALL_SCOPES))
    made = [(await maker.post("/sandbox/merchants", {})).json() for _ in range(2)]
    sandboxes = [Client(limited, one["secret_key"]) for one in made]
    assert [window(await one.get("/balance"))[1] for one in (*sandboxes, maker)] == [97, 96, 95]


async def test_a_premium_merchant_has_five_hundred_and_one_without_limit_no_headers(limited: Assembly) -> None:
    for rate_limit, headers in ((RateLimit.PREMIUM, ("500", "499")), (RateLimit.UNLIMITED, (None, None))):
        tenant = await shop.new_tenant(limited, rate_limit=rate_limit)
        client = Client(limited, await shop.issue(limited, tenant, CredentialKind.SECRET_KEY, ALL_SCOPES))
        answer = await client.get("/balance")
        assert (answer.headers.get("x-ratelimit-limit"), answer.headers.get("x-ratelimit-remaining")) == headers


async def test_wrong_keys_are_held_to_a_limit_by_address_that_right_ones_do_not_feel(limited: Assembly) -> None:
    wrong = Client(limited, "sk_test_wrong")
    statuses = []
    for number in range(103):
        answer = await (wrong if number % 2 else Client(limited, None)).get("/balance")
        statuses.append(answer.status_code)
        assert window(answer) == (100, max(99 - number, 0), RESET)
    assert statuses == [401] * 100 + [429] * 3
    assert (await shop.demo_shop(limited).get("/balance")).status_code == 200
    elsewhere = Client(limited, "sk_test_wrong", peer="192.0.2.7")
    assert (await elsewhere.get("/balance")).status_code == 401


async def test_a_refused_live_key_and_an_unknown_path_count_as_a_strangers(limited: Assembly) -> None:
    live = await shop.merchant(limited, mode=Mode.LIVE)
    assert window(await live.get("/balance")) == (100, 99, RESET)
    answer = await Client(limited, None).get("/nowhere")
    assert (answer.status_code, window(answer)) == (404, (100, 98, RESET))


async def test_pages_probes_and_preflights_are_not_counted(limited: Assembly) -> None:
    demo = shop.demo_shop(limited)
    for path in ("/health", "/ready", "/docs/errors"):
        assert "x-ratelimit-limit" not in (await demo.ask("GET", path)).headers
    assert "x-ratelimit-limit" not in (await demo.ask("OPTIONS", "/v1/tokens")).headers
    assert window(await demo.get("/balance"))[1] == 99


async def test_tokens_are_asked_for_at_the_expense_of_the_client_or_of_the_address(limited: Assembly) -> None:
    stranger, demo = Client(limited, None), shop.demo_shop(limited)
    right = {"client_id": "your_client_id", "client_secret": "your_client_secret"}
    token = await stranger.post("/auth/token", right)
    assert (token.status_code, window(token)) == (200, (100, 99, RESET))
    assert window(await demo.get("/balance"))[1] == 98
    answers = [await stranger.post("/auth/token", {**right, "client_secret": "wrong"}) for _ in range(101)]
    assert [answer.status_code for answer in answers] == [401] * 100 + [429]
    assert window(answers[0]) == (100, 99, RESET)
    assert (await stranger.post("/auth/token", right)).status_code == 200
