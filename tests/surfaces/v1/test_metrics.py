"""What Prometheus is told, and who is told nothing."""

import re
import shutil
from pathlib import Path

import httpx2
import pytest

from tests.surfaces.v1 import shop
from tests.surfaces.v1.shop import CARD, PAYMENT, Client
from tests.surfaces.v1.test_payment_intents import CHALLENGED, with_card
from tillgate import assembly
from tillgate.assembly import Assembly
from tillgate.connectors.contract import BankAnswer, BankRequest
from tillgate.core.instants import MINUTE, SECOND
from tillgate.core.payments import Payment
from tillgate.settings import Settings
from tillgate.store import audit, lists
from tillgate.store.engine import Point, Retry

pytestmark = pytest.mark.anyio

METRICS = "/metrics"


@pytest.fixture
def alone(migrated: Path, tmp_path: Path) -> Path:
    """A data directory that nobody else has open."""
    return shutil.copytree(migrated, tmp_path / "data")


async def read(client: Client) -> dict[str, float]:
    """Every series and its value."""
    answer = await client.ask("GET", METRICS)
    assert answer.status_code == 200, answer.text
    lines = [line for line in answer.text.splitlines() if not line.startswith("#")]
    return {series: float(value) for series, _, value in (line.rpartition(" ") for line in lines)}


async def risen(client: Client, before: dict[str, float]) -> dict[str, float]:
    """By how much which series rose since they were read, but for the buckets and sums of histograms."""
    now = await read(client)
    gains = {series: value - before.get(series, 0) for series, value in now.items()}
    return {series: gain for series, gain in gains.items() if gain and not re.search("_(bucket|sum)", series)}


async def test_a_payment_is_counted_once_by_what_came_of_it(app: Assembly) -> None:
    client = await shop.merchant(app)
    before = await read(client)
    await client.pay()
    declined = await client.post("/payments", {**PAYMENT, "card": {**CARD, "number": "4000000000009995"}})
    assert declined.status_code == 402
    gains = await risen(client, before)
    moved = {
        'tillgate_attempts_total{bank="sandbox",kind="charge",reason="",state="approved"}': 1,
        'tillgate_attempts_total{bank="sandbox",kind="charge",reason="insufficient_funds",state="declined"}': 1,
        'tillgate_bank_seconds_count{bank="sandbox",kind="charge",outcome="approved"}': 1,
        'tillgate_bank_seconds_count{bank="sandbox",kind="charge",outcome="declined"}': 1,
        'tillgate_http_request_seconds_count{operation="POST /v1/payments",status="200"}': 1,
        'tillgate_http_request_seconds_count{operation="POST /v1/payments",status="402"}': 1,
        "tillgate_outbox_events": gains["tillgate_outbox_events"],
        "tillgate_commit_batch_decisions_count": 4,
        "tillgate_commit_batch_seconds_count": 4,
    }
    assert {series: gains.get(series) for series in moved} == moved


async def test_a_repeat_is_a_request_and_no_payment(app: Assembly) -> None:
    client = await shop.merchant(app)
    await client.post("/payments", PAYMENT, key="once")
    before = await read(client)
    await client.post("/payments", PAYMENT, key="once")
    gains = await risen(client, before)
    assert gains['tillgate_http_request_seconds_count{operation="POST /v1/payments",status="200"}'] == 1
    assert not any(series.startswith(("tillgate_attempts", "tillgate_bank")) for series in gains)


async def test_lost_answers_doubt_and_transactions_that_run_again_are_told(alone: Path) -> None:
    struck = [Retry("once"), Retry("twice")]

    def strike(point: Point) -> None:
        if point is Point.BEFORE_COMMIT and struck:
            raise struck.pop()

    async def broken(request: BankRequest) -> BankAnswer:
        raise OSError

    async with assembly.assembled(Settings(data=alone), strike=strike) as parts:
        parts.gateway.transport._routes["sandbox"] = broken
        client = await shop.merchant(parts)
        before = await read(client)
        assert before['tillgate_commit_failures_total{how="again"}'] >= 2
        await client.post("/payments", PAYMENT)
        gains = await risen(client, before)
        assert gains['tillgate_bank_seconds_count{bank="sandbox",kind="charge",outcome="broken"}'] == 1
        assert gains['tillgate_attempts_total{bank="sandbox",kind="charge",reason="",state="unknown"}'] == 1
        assert gains["tillgate_in_doubt"] == 1
        assert (await read(client))["tillgate_in_doubt_oldest_seconds"] < MINUTE / SECOND
        await client.post("/setup_intents", {"confirm": True, **with_card()})
        assert (await risen(client, before))["tillgate_in_doubt"] == 2
        found = await audit.audit(None, alone)
        assert (found.counts["attempts in doubt"], found.differences) == (2, [])


async def test_what_is_challenged_is_in_no_doubt_for_the_audit_either(alone: Path) -> None:
    async with assembly.assembled(Settings(data=alone)) as parts:
        client = await shop.merchant(parts)
        asked = await client.post("/payments", {**PAYMENT, "card": CHALLENGED})
        verified = await client.post("/setup_intents", {"confirm": True, **with_card(CHALLENGED)})
        assert asked.json()["status"] == verified.json()["status"] == "requires_action"
        found = await audit.audit(None, alone)
    assert (found.counts["attempts"], found.counts["attempts of setup intents"]) == (1, 1)
    assert found.counts["attempts in doubt"] == 0


async def test_nothing_in_them_is_an_id_a_clients_word_or_about_a_person(app: Assembly) -> None:
    client = await shop.merchant(app)
    await client.pay(customer={"email": "ann@example.com", "name": "Ann"}, description="blue socks")
    await client.get("/payments/pay_secretly?limit=hidden")
    await client.ask("GET", "/nowhere/at-all")
    await client.ask("BREW", "/v1/payments")
    # Without the figures and the versions of scripts, whose digits may be anybody's.
    said = re.sub(r" [0-9.e+-]+$|-[0-9a-f]{20}(?=\.)", "", (await client.ask("GET", METRICS)).text, flags=re.MULTILINE)
    payment, *_ = await lists.every(app.gateway.store, Payment)
    for word in (
        payment.id,
        payment.tenant,
        "secretly",
        "hidden",
        "nowhere",
        "BREW",
        "ann",
        "socks",
        "4242",
        client.key,
    ):
        assert str(word) not in said
    assert 'operation="",status="404"' in said


OUTSIDE, INSIDE = "203.0.113.9", "10.1.2.3"


async def status(parts: Assembly, peer: str, headers: dict[str, str] | None = None) -> int:
    return (await Client(parts, None, peer=peer).ask("GET", METRICS, headers=headers)).status_code


async def test_only_this_machine_reads_them_unless_said_otherwise(app: Assembly) -> None:
    assert [await status(app, peer) for peer in ("127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1")] == [200] * 4
    assert [await status(app, peer) for peer in (OUTSIDE, INSIDE, "2001:db8::1", "", "localhost")] == [404] * 5


@pytest.mark.parametrize("header", ["x-forwarded-for", "forwarded", "x-forwarded-proto"])
async def test_a_proxy_that_nobody_told_of_lets_nobody_read_them(app: Assembly, header: str) -> None:
    assert await status(app, "127.0.0.1", {header: "127.0.0.1"}) == 404


async def test_those_who_may_read_them_may_be_named_also_behind_a_trusted_proxy(alone: Path) -> None:
    told = Settings(data=alone, metrics_from=("10.0.0.0/8",), trusted_proxies=("127.0.0.1",))
    async with assembly.assembled(told) as parts:
        assert await status(parts, INSIDE) == 200
        assert await status(parts, "127.0.0.1") == 404
        assert await status(parts, "127.0.0.1", {"x-forwarded-for": INSIDE}) == 200
        assert await status(parts, "127.0.0.1", {"x-forwarded-for": f"{INSIDE}, {OUTSIDE}"}) == 404
        assert await status(parts, INSIDE, {"x-forwarded-for": INSIDE}) == 404
    async with assembly.assembled(Settings(data=alone, metrics_from=())) as parts:
        assert await status(parts, "127.0.0.1") == 404


async def test_a_probe_names_what_is_not_ready(app: Assembly, monkeypatch: pytest.MonkeyPatch) -> None:
    async def probe(path: str) -> httpx2.Response:
        return await Client(app, None).ask("GET", path)

    async def broken(*_: object) -> list[tuple[int, int]]:
        raise OSError

    async def old(*_: object) -> list[tuple[int, int]]:
        return [(1, 1)]

    async def new(*_: object) -> list[tuple[int, int]]:
        return [(999, 999)]

    for fetch, said in ((broken, "does not answer"), (old, "is not migrated"), (new, "is too new for this release")):
        monkeypatch.setattr(app.gateway.store.engine, "fetch", fetch)
        ready = await probe("/ready")
        assert (ready.status_code, ready.json()) == (503, {"status": f"the database {said}"})
        told = await probe(METRICS)
        assert told.status_code == 200
        assert "tillgate_database_ready 0.0" in told.text
        assert "tillgate_in_doubt" not in told.text
        assert (await probe("/health")).status_code == 200
