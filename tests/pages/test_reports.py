"""What browsers report: counted and logged in words of ours, and nothing of what they quote."""

import itertools
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest
import structlog

from tests.surfaces.oauth.person import Browser
from tests.surfaces.v1 import shop
from tillgate.assembly import Assembly
from tillgate.http import policy
from tillgate.pages import reports
from tillgate.store import migrate

pytestmark = pytest.mark.anyio

TYPE = "application/csp-report"
PAGE = "https://ann:pw@pay.example/sandbox/challenges/att_1/c0ffee?signature=5ec2e7&expires=1#4242424242424242"
EVIL = "https://ann:pw@evil.example:8443/x.js?card=4242424242424242"

_peers = (f"198.51.{high}.{low}" for high, low in itertools.product(range(256), range(1, 255)))


@pytest.fixture(scope="module")
async def parts(tmp_path_factory: pytest.TempPathFactory, anyio_backend: object) -> AsyncIterator[Assembly]:
    home: Path = tmp_path_factory.mktemp("home")
    migrate.migrate(None, home)
    async with shop.open_shop(home, keeps_time=False) as made:
        yield made


async def report(parts: Assembly, body: Any, peer: str = "", type: str = TYPE) -> httpx2.Response:
    content = body if isinstance(body, bytes) else msgspec.json.encode(body)
    browser = Browser(parts, peer=peer or next(_peers))
    return await browser.http.post(policy.REPORTS, content=content, headers={"content-type": type})


def said(**changes: Any) -> dict[str, Any]:
    whole = {"document-uri": PAGE, "effective-directive": "script-src-elem", "blocked-uri": EVIL, **changes}
    return {"csp-report": {**whole, "script-sample": "steal('4242424242424242')", "referrer": EVIL}}


async def test_a_report_is_logged_by_the_kind_of_page_and_the_origin_alone(parts: Assembly) -> None:
    with structlog.testing.capture_logs() as logged:
        answer = await report(parts, said())
    assert (answer.status_code, answer.content) == (204, b"")
    assert logged[0] == {
        "event": "browser_report",
        "log_level": "warning",
        "page": "/sandbox/challenges",
        "directive": "script-src-elem",
        "blocked": "https://evil.example:8443",
    }
    counted = (await Browser(parts).get("/metrics")).text
    assert 'tillgate_browser_reports_total{directive="script-src-elem"}' in counted


@pytest.mark.parametrize(
    ("body", "page", "directive", "blocked"),
    [
        (said(**{"blocked-uri": "inline"}), "/sandbox/challenges", "script-src-elem", "inline"),
        (
            said(**{"effective-directive": "sk_test_1234567890"}),
            "/sandbox/challenges",
            "other",
            "https://evil.example:8443",
        ),
        (said(**{"document-uri": "https://pay.example/checkout/pay_01?x"}), "/checkout", "script-src-elem", None),
        (
            said(**{"document-uri": "/9/\x00", "blocked-uri": "data:text/html,4242424242424242"}),
            "",
            "script-src-elem",
            "",
        ),
        (said(**{"document-uri": "https://[", "blocked-uri": "http://["}), "", "script-src-elem", ""),
        (said(**{"document-uri": None, "effective-directive": None, "blocked-uri": None}), "", "other", ""),
        ({"csp-report": {"violated-directive": "script-src 'self' https://x"}}, "", "script-src", ""),
    ],
)
async def test_what_a_report_says_becomes_words_that_are_known(
    parts: Assembly, body: Any, page: str, directive: str, blocked: str | None
) -> None:
    with structlog.testing.capture_logs() as logged:
        assert (await report(parts, body)).status_code == 204
    assert (logged[0]["page"], logged[0]["directive"]) == (page, directive)
    assert blocked is None or logged[0]["blocked"] == blocked


@pytest.mark.parametrize(
    ("type", "body", "status"),
    [
        *((TYPE, body, 400) for body in (b"", b"{", b"7", b"\xff", b'{"csp-report":7}', b"[7]", b"{}")),
        (TYPE, {"csp-report": {"document-uri": 7}}, 400),
        ("application/json", said(), 400),
        ("text/plain", said(), 400),
        (TYPE, b"[" * 16_000, 400),
        (TYPE, {"csp-report": {"sample": "x" * 16_384}}, 413),
    ],
)
async def test_what_is_no_report_is_refused_and_logged_nowhere(
    parts: Assembly, type: str, body: Any, status: int
) -> None:
    with structlog.testing.capture_logs() as logged:
        assert (await report(parts, body, type=type)).status_code == status
    assert [line for line in logged if line["event"] == "browser_report"] == []


async def test_so_many_are_taken_from_a_network_in_a_minute(parts: Assembly) -> None:
    peer = next(_peers)
    # A minute may begin in between.
    statuses = [(await report(parts, said(), peer)).status_code for _ in range(2 * reports.A_MINUTE + 1)]
    assert statuses.count(429) >= 1
    assert (await report(parts, said())).status_code == 204


async def test_reports_are_asked_for_by_every_page(parts: Assembly) -> None:
    page = await Browser(parts).get("/sign-in")
    assert page.headers["content-security-policy"].endswith(f"; report-uri {policy.REPORTS}")


@pytest.mark.parametrize(
    ("public_url", "told"), [("https://pay.example", b"max-age=63072000"), ("http://pay.example", None), ("", None)]
)
def test_browsers_are_told_to_come_by_https_where_that_is_where_we_are(public_url: str, told: bytes | None) -> None:
    assert dict(policy.of_transport(public_url)).get(b"strict-transport-security") == told
