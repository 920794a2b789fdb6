"""Whatever is logged, however it is wrapped, no card number and no secret is in the line."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import hypothesis
import msgspec
import pytest
from hypothesis import strategies as st

from tests.waiting import at_most
from tillgate import logs
from tillgate.core import cards
from tillgate.logs import log


@pytest.fixture
def stream() -> Iterator[io.BytesIO]:
    stream = io.BytesIO()
    logs.configure("debug", stream)
    yield stream
    logs.configure("warning")


def lines(stream: io.BytesIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def logged(**fields: object) -> str:
    """The line that comes of these fields, without its time: the figures of that are anybody's."""
    stream = io.BytesIO()
    logs.configure("debug", stream)
    try:
        log.info("something_happened", **fields)
    finally:
        logs.configure("warning")
    line = stream.getvalue().decode()
    assert line.count("\n") == 1
    said = json.loads(line)
    assert said["event"] == "something_happened"
    assert line.count(said["time"]) == 1
    return line.replace(said["time"], "")


def completed(digits: str) -> str:
    """The digits, with one more that makes Luhn's sum right."""
    return next(digits + check for check in "0123456789" if cards.luhn(digits + check))


class Box(msgspec.Struct):
    content: object
    client_secret: str = "cs_not_to_be_seen"


class Silent:
    def __repr__(self) -> str:
        raise RuntimeError("no words")


numbers = st.from_regex(r"4[0-9]{14}|5[1-5][0-9]{13}|3[47][0-9]{12}", fullmatch=True).map(completed)
tails = st.text("abcdefghijklmnopqrstuvwxyzABCDEF0123456789", min_size=16, max_size=32)
secrets = st.tuples(
    st.sampled_from(["sk_test_", "sk_live_", "rk_live_", "rk_test_", "pk_live_", "whsec_", "Bearer ", "sk_"]), tails
).map("".join)
plain_names = st.sampled_from(["payment", "detail", "note", "a b", "é", "x"])

WRAPPINGS: list[Callable[[Any], Any]] = [
    lambda inner: (1, inner, "…"),
    lambda inner: [None, inner, 4.5],
    lambda inner: {"note": inner, "other": b"x"},
    lambda inner: {str(inner): 1},
    Box,
    repr,
    lambda inner: f"refused: {inner}, sorry",
    lambda inner: f"x{inner}x",
    lambda inner: json.dumps([{"note": inner}], default=repr),
    lambda inner: str(inner).encode(),
    ValueError,
]
wrappings = st.lists(st.sampled_from(WRAPPINGS), max_size=5)


def wrapped(value: object, layers: list[Callable[[Any], Any]]) -> Any:
    """The value somewhere inside of something."""
    for layer in layers:
        value = layer(value)
    return value


@hypothesis.given(wrappings, plain_names, numbers)
def test_no_card_number_survives(layers: list[Callable[[Any], Any]], name: str, number: str) -> None:
    spaced = " ".join(number[start : start + 4] for start in range(0, len(number), 4))
    dashed = spaced.replace(" ", "-")
    assert number not in logged(**{number: 1})
    for form in (number, int(number), float(number), spaced, dashed):
        line = logged(**{name: wrapped(form, layers)})
        for hidden in (number, spaced, dashed):
            assert hidden not in line


@hypothesis.given(wrappings, plain_names, secrets)
def test_no_secret_survives(layers: list[Callable[[Any], Any]], name: str, secret: str) -> None:
    line = logged(**{name: wrapped(secret, layers)})
    assert secret.removeprefix("Bearer ") not in line
    assert "cs_not_to_be_seen" not in line


NAMES = [
    "authorization",
    "Authorization",
    "number",
    "cvc",
    "CVV2",
    "client_secret",
    "clientSecret",
    "password",
    "secret",
    "webhook-secret",
    "Set-Cookie",
    "privateToken",
    "access_token",
    "api_key",
    "card_number",
]


@pytest.mark.parametrize("name", NAMES)
@hypothesis.given(
    value=st.text("abcdefghjkXYZ 0123456789,;:.-", min_size=6, max_size=20)
    .map(str.strip)
    .filter(lambda value: len(value) > 5)
    | st.integers(100_000, 999_999)
)
@hypothesis.settings(max_examples=20)
def test_nothing_survives_under_a_name_that_tells(name: str, value: str | int) -> None:
    for field in (
        {name: value},
        {"asked": {"card": {name: value}}},
        {"asked": [{name: [value]}]},
        {"asked": {name: {"deeper": value}}},
    ):
        assert str(value) not in logged(**field)
    if name == "number":
        return  # in running text a number is a number
    for text in (
        json.dumps({"a": 1, name: value, "b": 2}),
        json.dumps(json.dumps({name: value})),
        repr({name: value}),
        repr([(name.encode(), str(value).encode())]),
        repr([(name, str(value))]),
        f"{name}={str(value).replace(' ', '').replace(',', '').replace(';', '')}&b=2",
        f"{name}: {str(value).replace(' ', '').replace(',', '').replace(';', '')}",
    ):
        inside = str(value).replace(" ", "").replace(",", "").replace(";", "")
        line = logged(detail=text)
        assert str(value) not in line
        assert inside not in line


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        ("POST /v1/payments took 3 ms", "POST /v1/payments took 3 ms"),
        ("att_01m7z0mvkwecvvwdqdarkh5csm failed", "att_01m7z0mvkwecvvwdqdarkh5csm failed"),
        ("the task_id of a risk_score", "the task_id of a risk_score"),
        ("pk_test_1234567890abcdef is public", "pk_test_1234567890abcdef is public"),
        ("pi_1_secret_abc was used", "pi_1[redacted] was used"),
        ("Authorization: Basic c2tfdGVzdDo=\r\nHost: x", "Authorization: [redacted]\r\nHost: x"),
        ("Cookie: session=abc; other=def\nHost: x", "Cookie: [redacted]\nHost: x"),
        ("to postgresql://tillgate:hunter2@db/x", "to postgresql://[redacted]@db/x"),
        ("token eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl", "token [redacted]"),
        ("card 4242 4242 4242 4242 declined", "card 4242 42** **** 4242 declined"),
        ("\ud800 é", "? é"),
    ],
)
def test_what_is_no_secret_stays(text: str, scrubbed: str) -> None:
    assert logs.scrub(text) == scrubbed


def test_a_line_says_when_how_grave_what_and_of_which_request(stream: io.BytesIO) -> None:
    logs.request_id.set("req_7")
    try:
        log.warning("bank_contradicts_itself", attempt="att_1", amount=2000, parts=(1, 2.5, None, True))
    finally:
        logs.request_id.set("")
    (line,) = lines(stream)
    assert line.pop("time").endswith("Z")
    assert line == {
        "level": "warning",
        "event": "bank_contradicts_itself",
        "request_id": "req_7",
        "attempt": "att_1",
        "amount": 2000,
        "parts": [1, 2.5, None, True],
    }


def test_a_field_cannot_pass_for_the_frame(stream: io.BytesIO) -> None:
    log.info("real", level="error", time="never")
    (line,) = lines(stream)
    assert (line["level"], line["event"]) == ("info", "real")
    assert line["time"] != "never"


def test_a_traceback_is_scrubbed_with_all_its_causes(stream: io.BytesIO) -> None:
    number = "4242424242424242"
    try:
        try:
            raise KeyError(number)
        except KeyError as error:
            error.add_note("sk_live_abcdef0123456789")
            raise RuntimeError(f"password={number}") from error
    except RuntimeError:
        log.exception("charge_failed")
    (line,) = lines(stream)
    assert line["level"] == "error"
    assert "RuntimeError" in line["exception"]
    assert "KeyError" in line["exception"]
    assert "test_logs.py" in line["exception"]
    assert number not in stream.getvalue().decode()
    assert "sk_live" not in stream.getvalue().decode()


def test_a_long_traceback_keeps_its_end(stream: io.BytesIO) -> None:
    error = Exception("the first")
    for step in range(100):
        error.__cause__ = RuntimeError(f"step {step}")
        error = Exception(f"after step {step}", error)
        error.__cause__ = error.args[1]
    log.error("failed", exc_info=error)
    (line,) = lines(stream)
    assert "after step 99" in line["exception"].splitlines()[-1]
    assert len(line["exception"]) <= 8_192


def test_what_libraries_log_goes_the_same_way(stream: io.BytesIO) -> None:
    logger = logging.getLogger("uvicorn.error")
    logger.info("Uvicorn running on %s", "http://127.0.0.1:8000")
    try:
        raise ValueError("whsec_abcdefabcdef")
    except ValueError:
        logger.exception("Exception in ASGI application")
    running, failed = lines(stream)
    assert (running["level"], running["logger"]) == ("info", "uvicorn.error")
    assert running["event"] == "Uvicorn running on http://127.0.0.1:8000"
    assert (failed["level"], failed["event"]) == ("error", "Exception in ASGI application")
    assert "ValueError: [redacted]" in failed["exception"]


@pytest.mark.parametrize(("level", "said"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)])
def test_a_level_silences_what_is_below(level: str, said: int) -> None:
    stream = io.BytesIO()
    logs.configure(level, stream)
    try:
        log.debug("a")
        log.info("b")
        log.warning("c")
        log.error("d")
        assert len(lines(stream)) == said
        for name in ("debug", "info", "warning", "error"):
            getattr(logging.getLogger("library"), name)("message")
        assert len(lines(stream)) == 2 * said
    finally:
        logs.configure("warning")


def test_anything_can_be_logged() -> None:
    endless: list[object] = []
    endless.append(endless)
    line = logged(
        silent=Silent(),
        endless=endless,
        many=list(range(1_000)),
        long="x" * 100_000,
        big=10**5_000,
        odd=[float("nan"), float("inf"), {1, 2}, {"a": b"\xff"}, object, "\ud800\0"],
    )
    assert "<Silent>" in line
    assert len(line) < 20_000


def test_a_secret_that_a_cut_halves_is_not_shown() -> None:
    for start in range(8_100, 8_200):
        assert "4242424242" not in logged(text="x" * start + "4242424242424242")


def test_a_log_that_cannot_be_written_stops_nothing() -> None:
    stream = io.BytesIO()
    stream.close()
    logs.configure("info", stream)
    log.info("lost")
    logs.configure("warning")


def test_hostile_text_is_scrubbed_at_once() -> None:
    for text in ("cvc" * 300_000, "4" * 1_000_000, "://" + "a:" * 300_000, 'password="' * 100_000, "sk_" * 300_000):
        with at_most(1):
            logged(text=text)
            logs.scrub(text)


@pytest.mark.anyio
async def test_access_lines_are_written_together(stream: io.BytesIO) -> None:
    for _ in range(3):
        logs.access("GET", "/v1/payments", 200, 1.23456, "mer_1")
    assert not stream.getvalue()
    log.info("after_them")
    assert [line["event"] for line in lines(stream)] == ["request", "request", "request", "after_them"]
    assert lines(stream)[0]["milliseconds"] == 1.235


@pytest.mark.anyio
async def test_what_waits_is_written_where_it_was_to_go(stream: io.BytesIO) -> None:
    logs.access("GET", "/v1/payments", 200, 1.23456, "mer_1")
    logs.configure("info", later := io.BytesIO())
    logs.flush()
    assert [line["event"] for line in lines(stream)] == ["request"]
    assert later.getvalue() == b""
