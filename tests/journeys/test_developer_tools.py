"""What a merchant's developer has at hand: events shown as they happen, forwarded, made to happen, and sent again."""

import asyncio
import contextlib
import http.server
import json
import os
import queue
import re
import subprocess
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from standardwebhooks.webhooks import Webhook

from tests.journeys.merchant import SECRET_KEY
from tests.servers import TILLGATE, Server
from tests.waiting import LONG_SECONDS
from tillgate import cli
from tillgate.cli import happenings
from tillgate.cli.api import Answer, Api
from tillgate.cli.listen import Follower
from tillgate.core.events import EventType

Came = tuple[str, dict[str, str], bytes]
"""A path, the headers in lower case, and the body."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all of this."""
    running = Server(tmp_path_factory.mktemp("tools") / "data")
    yield running.start()
    running.kill()


@contextlib.contextmanager
def shop() -> Iterator[tuple[str, "queue.Queue[Came]"]]:
    """A merchant's server under development, and what comes in there."""
    came: queue.Queue[Came] = queue.Queue()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            came.put((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *arguments: Any) -> None:
            """Say nothing."""

    listening = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=listening.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.server_port}", came
    finally:
        listening.shutdown()
        thread.join()
        listening.server_close()


def happen(server: Server, event: str) -> list[str]:
    """Make an event happen; its type, its id, and the id of what it is about."""
    return asyncio.run(happenings.happen(Api(server.url, SECRET_KEY), event)).split()


def run(server: Server, *arguments: str) -> Result:
    return CliRunner().invoke(cli.main, arguments, env={"TILLGATE_URL": server.url, "TILLGATE_KEY": SECRET_KEY})


def asked(server: Server, path: str, body: bytes | None = None) -> urllib.request.Request:
    headers = {"Authorization": f"Bearer {SECRET_KEY}", "Content-Type": "application/json"}
    return urllib.request.Request(server.url + path, body, headers)  # noqa: S310


def post(server: Server, path: str, **given: object) -> dict[str, Any]:
    """Ask the API for something."""
    with urllib.request.urlopen(asked(server, path, json.dumps(given).encode())) as answer:  # noqa: S310
        told: dict[str, Any] = json.load(answer)
        return told


def test_every_event_can_be_triggered_or_needs_more_than_calls(server: Server) -> None:
    assert set(EventType) == happenings.HAPPENINGS.keys() | happenings.NEED_MORE_THAN_CALLS
    assert not happenings.HAPPENINGS.keys() & happenings.NEED_MORE_THAN_CALLS
    for event in happenings.HAPPENINGS:
        kind, id, about = happen(server, event)
        assert kind == event
        assert id.startswith("evt_")
        assert about.partition("_")[0] in {"pay", "pi", "seti", "re", "dp", "po", "cus", "pm"}


def test_events_are_forwarded_as_they_happen_signed_and_to_the_byte_like_deliveries(server: Server) -> None:
    happen(server, "payment.succeeded")
    with shop() as (url, came):
        endpoint = post(server, "/v1/webhook_endpoints", url=f"{url}/delivered", enabled_events=["refund.created"])
        with subprocess.Popen(
            [TILLGATE, "listen", "--forward-to", f"{url}/forwarded", "--events", "refund.*"],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "TILLGATE_URL": server.url},
        ) as listening:
            assert listening.stdout is not None
            secret = re.fullmatch(r"Signing secret: (whsec_\S+)\n", listening.stdout.readline())
            assert secret is not None
            assert url in listening.stdout.readline()
            try:
                sent = _until_heard(server, came)
                line = listening.stdout.readline()
            finally:
                listening.terminate()
        delivered, forwarded = sent["/delivered"], sent["/forwarded"]
        assert delivered[1] == forwarded[1]
        assert delivered[0].keys() == forwarded[0].keys()
        same = ("user-agent", "content-type", "webhook-id", "content-length")
        assert [delivered[0][name] for name in same] == [forwarded[0][name] for name in same]
        for (headers, body), key in ((delivered, endpoint["secret"]), (forwarded, secret[1])):
            assert Webhook(key).verify(body, headers)["type"] == "refund.created"
        assert forwarded[0]["webhook-id"] in line
        assert "refund.created" in line


def _until_heard(server: Server, came: "queue.Queue[Came]") -> dict[str, tuple[dict[str, str], bytes]]:
    """Refund until one refund's event came both ways: what listens says so a moment before it does."""
    by_event: dict[str, dict[str, tuple[dict[str, str], bytes]]] = {}
    for _ in range(int(LONG_SECONDS)):
        happen(server, "refund.created")
        with contextlib.suppress(queue.Empty):
            while True:
                path, headers, body = came.get(timeout=1)
                ways = by_event.setdefault(headers["webhook-id"], {})
                ways[path] = headers, body
                if len(ways) == 2:
                    return ways
    raise AssertionError(f"{by_event} came")


def test_events_are_listed_and_sent_again_to_one_endpoint(server: Server) -> None:
    with shop() as (url, came):
        endpoint = post(server, "/v1/webhook_endpoints", url=url, enabled_events=["payment.failed"])
        _, event, payment = happen(server, "payment.failed")
        first = came.get(timeout=LONG_SECONDS)
        listed = run(server, "events", "list", "--type", "payment.failed")
        assert event in listed.output
        assert payment in listed.output
        again = run(server, "events", "resend", event, "--endpoint", endpoint["id"])
        assert (again.exit_code, again.output) == (0, f"{event} goes out again.\n")
        second = came.get(timeout=LONG_SECONDS)
        assert (first[2], first[1]["webhook-id"]) == (second[2], second[1]["webhook-id"])


def test_a_dispute_is_opened_by_a_command(server: Server) -> None:
    _, _, payment = happen(server, "payment.succeeded")
    opened = run(server, "disputes", "open", payment, "--amount", "700", "--reason", "duplicate", "--due-in-days", "2")
    assert opened.exit_code == 0, opened.output
    with urllib.request.urlopen(asked(server, f"/v1/disputes/{opened.output.strip()}")) as answer:  # noqa: S310
        told = json.load(answer)
    assert (told["payment"], told["amount"], told["reason"]) == (payment, 700, "duplicate")
    assert 1 < (told["evidence_details"]["due_by"] - told["created"]) / 86_400 < 3


WRONG = [
    (["disputes", "open", "pay_none"], 1, "pay_none"),
    (["trigger", "payment.lost"], 2, "'payment.lost' cannot be triggered; there are payment.created, "),
    (["trigger", "payment.failed", "--key", "sk_test_no"], 1, "The API key is not valid"),
    (["trigger", "payment.failed", "--key", "sk_live_no"], 1, "these tools are for test mode"),
    (["trigger", "payment.failed", "--url", "http://127.0.0.1:1"], 1, "nobody answers at http://127.0.0.1:1; start a"),
    (["events", "list", "--url", "http://:::"], 1, "'http://:::' is no web address (--url, TILLGATE_URL)"),
    (["events", "list", "--type", "payment.lost"], 1, "it takes one of those that the reference names"),
    (["events", "resend", "evt_1"], 1, "evt_1"),
    (["listen", "--key", "sk_test_no"], 1, "The API key is not valid"),
    (["listen", "--forward-to", "ftp://shop"], 2, "'ftp://shop' is no web address (--forward-to)"),
    (["listen", "--secret", "whsec_§"], 2, "--secret takes whsec_ and base64 after it"),
]


@pytest.mark.parametrize(
    ("arguments", "status", "said"), WRONG, ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else ""
)
def test_what_goes_wrong_is_told_in_a_sentence(server: Server, arguments: list[str], status: int, said: str) -> None:
    result = run(server, *arguments)
    assert result.exit_code == status, result.output
    assert said in result.output
    assert "Traceback" not in result.output
    assert result.output.splitlines()[-1].startswith("tillgate: ")


def test_trigger_alone_says_what_there_is(server: Server) -> None:
    assert run(server, "trigger").output.split() == list(happenings.HAPPENINGS)


def test_what_answers_and_is_no_tillgate_is_told_apart(tmp_path: Path) -> None:
    with shop() as (url, _):
        result = CliRunner().invoke(cli.main, ["events", "list", "--url", url])
        assert "what answers there is no Tillgate: it says 501" in result.output


class Ledger(Api):
    """A server that answers with the events it is given, a page at a time."""

    def __init__(self, limit: str = "") -> None:
        super().__init__("http://shop.example", SECRET_KEY)
        self.events: list[tuple[str, int]] = []
        self.limit = limit

    async def get(self, path: str, **query: str | int) -> Answer:
        """See Api."""
        found = sorted(self.events, reverse=True)
        found = [event for event in found if event[1] >= int(query.get("created[gte]", 0))]
        if after := query.get("starting_after"):
            found = [event for event in found if event[0] < str(after)]
        size = int(query["limit"])
        shown = [
            {"id": id, "type": "t", "created": created, "data": {"object": {"id": "x"}}} for id, created in found[:size]
        ]
        body = json.dumps({"data": shown, "has_more": len(found) > size}).encode()
        return Answer(200, body, {"X-RateLimit-Limit": self.limit})


async def news(follower: Follower) -> list[str]:
    return [event.id for event in await follower.news()]


@pytest.mark.anyio
async def test_an_event_is_shown_once_also_one_that_appears_behind_its_successor() -> None:
    ledger = Ledger()
    follower = Follower(ledger)
    ledger.events = [("evt_001", 1_000), ("evt_003", 1_005)]
    await follower.start()
    assert await news(follower) == []
    ledger.events.append(("evt_002", 1_004))
    assert await news(follower) == ["evt_002"]
    ledger.events += [(f"evt_{number}", 1_006) for number in range(100, 350)]
    assert await news(follower) == [f"evt_{number}" for number in range(100, 350)]
    ledger.events.append(("evt_400", 2_000))
    assert await news(follower) == ["evt_400"]
    assert await news(follower) == []


@pytest.mark.anyio
async def test_of_a_server_without_events_everything_is_news() -> None:
    ledger = Ledger()
    follower = Follower(ledger)
    await follower.start()
    ledger.events.append(("evt_1", 5))
    assert await news(follower) == ["evt_1"]


@pytest.mark.anyio
@pytest.mark.parametrize(("limit", "pause_seconds"), [("", 0.3), ("100", 1.2), ("500", 0.3), ("0", 120.0)])
async def test_listening_leaves_half_of_the_rate_limit_to_others(limit: str, pause_seconds: float) -> None:
    follower = Follower(Ledger(limit))
    await follower.news()
    assert follower.pause_seconds == pause_seconds
