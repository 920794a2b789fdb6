"""Every request is answered by its surface, in its form, whatever happens on the way."""

import asyncio
import contextlib
import io
import json
from collections.abc import AsyncIterator, Iterator

import anyio
import msgspec
import pytest

from tests.http.asking import ask, scope
from tests.http.surfaces import EchoSurface, PlainSurface, WordlessSurface
from tests.waiting import LONG_SECONDS
from tillgate import logs
from tillgate.http.application import Application
from tillgate.http.exchange import Message

pytestmark = pytest.mark.anyio


def application(*surfaces: EchoSurface | PlainSurface, drain_seconds: float = 5) -> Application:
    numbers = iter(range(1, 1_000))
    served = surfaces or (EchoSurface(), PlainSurface())
    return Application(served, lambda: f"req_{next(numbers)}", drain_seconds=drain_seconds)


@pytest.fixture
def log() -> Iterator[io.BytesIO]:
    stream = io.BytesIO()
    logs.configure("info", stream)
    yield stream
    logs.flush()
    logs.configure("warning")


def lines(log: io.BytesIO) -> list[dict[str, object]]:
    logs.flush()
    return [json.loads(line) for line in log.getvalue().splitlines()]


async def test_a_request_reaches_its_handler_and_the_reply_comes_back() -> None:
    answer = await ask(application(), "POST", "/v1/echo", b'{"amount": 2000}')
    assert (answer.status, answer.body) == (200, b'{"amount":2000}')
    assert answer.headers["x-request-id"] == "req_1"


async def test_the_id_of_a_request_is_ours() -> None:
    served = application()
    for expected in ("req_1", "req_2"):
        answer = await ask(served, "GET", "/v1/things/x", headers={"x-request-id": "theirs"})
        assert answer.headers["x-request-id"] == expected


async def test_what_every_reply_says_is_in_replies_of_all_kinds() -> None:
    served = Application((EchoSurface(), PlainSurface()), lambda: "req_1", always=((b"x-always", b"1"),))
    for method, path in (("GET", "/v1/things/x"), ("GET", "/v1/none"), ("DELETE", "/v1/echo"), ("POST", "/v1/echo")):
        assert (await ask(served, method, path)).headers["x-always"] == "1"


async def test_a_handler_sees_the_parameters_of_its_route() -> None:
    answer = await ask(application(), "GET", "/v1/things/caf%C3%A9")
    assert json.loads(answer.body) == {"id": "café"}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/nothing", {"error": "Nothing is found at this address.", "request_id": "req_1"}),
        ("/v1/things/a/b", {"error": "Nothing is found at this address.", "request_id": "req_1"}),
        ("/api/nothing", "no: 404"),
    ],
)
async def test_an_unknown_path_is_answered_in_the_nearest_form(path: str, body: object) -> None:
    answer = await ask(application(), "GET", path)
    assert answer.status == 404
    assert (json.loads(answer.body) if isinstance(body, dict) else answer.body.decode()) == body


async def test_a_wrong_method_is_told_the_right_ones() -> None:
    answer = await ask(application(), "PUT", "/v1/echo")
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS, POST")
    answer = await ask(application(), "GET", "/api/orders")
    assert (answer.status, answer.headers["allow"], answer.body) == (405, "OPTIONS, POST", b"no: 405")


async def test_a_body_that_is_not_json_is_answered_by_the_surface() -> None:
    answer = await ask(application(), "POST", "/v1/echo", b'{"a": 1, "a": 2}')
    assert (answer.status, json.loads(answer.body)["error"]) == (400, "The key a is given twice.")


async def test_a_body_beyond_the_limit_is_refused() -> None:
    answer = await ask(application(), "POST", "/api/orders", b"x" * (1024 * 1024 + 1))
    assert (answer.status, answer.body) == (413, b"no: 413")


async def test_a_fault_is_told_to_the_log_and_not_to_the_client(log: io.BytesIO) -> None:
    answer = await ask(application(), "POST", "/v1/breaks")
    assert answer.status == 500
    assert json.loads(answer.body) == {
        "error": "Something went wrong on our side.",
        "request_id": "req_1",
    }
    fault, access = lines(log)
    assert (fault["level"], fault["event"], fault["request_id"]) == ("error", "request_failed", "req_1")
    assert "RuntimeError: cannot charge" in str(fault["exception"])
    assert "surfaces.py" in str(fault["exception"])
    assert (access["event"], access["status"], access["request_id"]) == ("request", 500, "req_1")
    for secret in (b"4242424242424242", b"sk_live_abcdef"):
        assert secret not in log.getvalue()


async def test_a_surface_without_words_is_helped_out(log: io.BytesIO) -> None:
    for method, path, body in (("POST", "/v1/breaks", b""), ("GET", "/x", b""), ("POST", "/v1/echo", b"{")):
        answer = await ask(application(WordlessSurface()), method, path, body)
        assert answer.status == 500
        assert "Something went wrong" in answer.body.decode()
    assert "KeyError" in str(lines(log))


async def test_an_access_line_has_the_template_and_not_the_path(log: io.BytesIO) -> None:
    served = application()
    await ask(served, "GET", "/v1/things/secret-name?key=sk_live_abcdef")
    await ask(served, "GET", "/v1/nothing-4242424242424242")
    known, unknown = lines(log)
    took = known.pop("milliseconds")
    assert isinstance(took, float)
    assert known.pop("time")
    assert known == {
        "level": "info",
        "event": "request",
        "method": "GET",
        "route": "/v1/things/{id}",
        "status": 200,
        "request_id": "req_1",
        "tenant": "mer_test",
    }
    assert (unknown["route"], unknown["status"]) == ("", 404)
    for secret in (b"secret-name", b"sk_live", b"4242424242424242"):
        assert secret not in log.getvalue()


async def test_browsers_may_call_what_is_meant_for_them() -> None:
    asked = {"origin": "https://shop.example", "access-control-request-method": "DELETE"}
    answer = await ask(application(), "OPTIONS", "/v1/things/x", headers=asked)
    assert answer.status == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-allow-methods"] == "DELETE"
    assert "Authorization" in answer.headers["access-control-allow-headers"]
    answer = await ask(application(), "DELETE", "/v1/things/x")
    assert answer.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("asked", ["GET", "PATCH", ""])
async def test_browsers_may_not_call_the_rest(asked: str) -> None:
    headers = {"origin": "https://shop.example", "access-control-request-method": asked}
    answer = await ask(application(), "OPTIONS", "/v1/things/x", headers=headers)
    assert (answer.status, answer.headers["allow"]) == (204, "DELETE, GET, HEAD, OPTIONS")
    assert not [name for name in answer.headers if name.startswith("access-control")]
    answer = await ask(application(), "GET", "/v1/things/x")
    assert "access-control-allow-origin" not in answer.headers


async def test_requests_under_way_are_counted() -> None:
    surface = EchoSurface()
    served = application(surface)
    async with anyio.create_task_group() as group:
        group.start_soon(ask, served, "POST", "/v1/waits")
        await surface.entered.wait()
        assert served.in_flight == 1
        surface.leave.set()
    assert served.in_flight == 0


class Lifetime:
    """Drives the lifespan of an application."""

    def __init__(self, served: Application) -> None:
        self.orders: asyncio.Queue[Message] = asyncio.Queue()
        self.reports: asyncio.Queue[Message] = asyncio.Queue()
        self.task = asyncio.create_task(served({"type": "lifespan"}, self.orders.get, self.reports.put))

    async def order(self, event: str) -> str:
        await self.orders.put({"type": f"lifespan.{event}"})
        async with asyncio.timeout(LONG_SECONDS):
            return str((await self.reports.get())["type"])


async def test_what_lives_with_the_application_outlives_its_requests() -> None:
    surface = EchoSurface()
    story: list[str] = []

    @contextlib.asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        story.append("open")
        yield
        story.append(f"close, request left: {surface.left.is_set()}")

    served = Application([surface], lambda: "req_1", lifespan)
    life = Lifetime(served)
    assert await life.order("startup") == "lifespan.startup.complete"
    assert story == ["open"]
    asking = asyncio.create_task(ask(served, "POST", "/v1/waits"))
    await surface.entered.wait()
    closing = asyncio.create_task(life.order("shutdown"))
    await asyncio.sleep(0.01)
    assert story == ["open"]
    surface.leave.set()
    assert await closing == "lifespan.shutdown.complete"
    assert story == ["open", "close, request left: True"]
    assert (await asking).status == 200


async def test_shutdown_does_not_wait_for_ever() -> None:
    surface = EchoSurface()
    served = application(surface, drain_seconds=0.01)
    life = Lifetime(served)
    await life.order("startup")
    asking = asyncio.create_task(ask(served, "POST", "/v1/waits"))
    await surface.entered.wait()
    assert await life.order("shutdown") == "lifespan.shutdown.complete"
    surface.leave.set()
    await asking


async def test_a_start_that_fails_is_said_and_logged(log: io.BytesIO) -> None:
    def lifespan() -> contextlib.AbstractAsyncContextManager[None]:
        raise OSError("no database at postgresql://tillgate:hunter2@db/tillgate")

    life = Lifetime(Application([EchoSurface()], lambda: "req_1", lifespan))
    assert await life.order("startup") == "lifespan.startup.failed"
    (line,) = lines(log)
    assert line["event"] == "startup_failed"
    assert "no database" in str(line["exception"])
    assert "hunter2" not in str(line)


async def test_what_is_neither_request_nor_lifespan_is_let_be() -> None:
    async def never() -> Message:
        raise AssertionError

    async def nothing(message: Message) -> None:
        raise AssertionError(msgspec.json.encode(message))

    await application()({**scope(), "type": "websocket"}, never, nothing)
