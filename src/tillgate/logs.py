"""The log: one JSON object per line on standard error, with no card number or secret in it."""

import asyncio
import logging
import re
import sys
import traceback
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, BinaryIO, Final

import msgspec
import structlog

from tillgate.clock import SystemClock
from tillgate.core import cards
from tillgate.core.instants import SECOND

REDACTED: Final = "[redacted]"

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()
"""What everything logs through: `log.warning("bank_contradicts_itself", attempt=attempt.id)`."""

request_id: Final[ContextVar[str]] = ContextVar("request_id", default="")
"""The request under way, which every line about it carries."""

_WAIT_SECONDS: Final = 0.1
_MAX_TEXT: Final = 8_192
_MAX_ITEMS: Final = 100
_MAX_DEPTH: Final = 6
_LONGEST_SECRET: Final = 64

_SECRET_NAMES: Final = frozenset({"number", "pan", "pin", "csc", "otp", "token", "jwt"})
_PART_OF_SECRET_NAMES: Final = re.compile(
    "authorization|cookie|password|secret|cvc|cvv|cardnumber|securitycode"
    "|privatekey|privatetoken|accesstoken|refreshtoken|authtoken|apikey"
)
_NO_NAME: Final = re.compile("[^a-z0-9]+")
_SECRETS: Final = re.compile(
    r"(?:(?:[sr]k|at|ocs)_(?:test|live)|pk_live|whsec)_[\w+/=.~-]+"
    r"|(?:(?<![A-Za-z0-9])[sr]k_|[sr]k_(?=[A-Za-z0-9]{12}))[\w+/=.~-]+"
    r"|_secret_[A-Za-z0-9]+"
    r"|\b(?:ac|rt)_[0-9a-z]{26}\.[\w.]+"
    r"|\beyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?"
    r"|(?i:bearer)\s+[\w+/=.~-]+"
    r"|\bBasic\s+[\w+/=.~-]{8,}"
    r"|(?<=://)[^/\s@:]*+:[^/\s@]*+(?=@)"
)
# A name, then what parts it from its value in JSON, in Python, in a header or in a form, then the value.
_NAMED_SECRETS: Final = re.compile(
    r"""(?P<name>(?:password|secret|cvc|cvv|card_?number|security_?code|private_?key|private_?token|access_?token
            |refresh_?token|auth_?token|api_?key|(?P<line>authorization|cookie))\w{0,20}
         [\\"']{0,4}\s{0,4}(?:[:=]|,(?=\s{0,4}b?\\{0,4}["']))\s{0,4}(?:b(?=\\{0,4}["']))?)
        (?:(?P<quote>\\{0,4}["'])(?:(?!(?P=quote)).)*+|(?(line)[^\r\n]+|[^\s,;&)}\]]+))""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)

_ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]


def configure(level: str = "info", stream: BinaryIO | None = None) -> None:
    """Log what is of `level` (`debug`, `info`, `warning`, `error`) or above, to standard error or a stream.

    What libraries log by way of `logging`, uvicorn among them, goes the same way. uvicorn is to be run with
    `log_config=None, access_log=False`. What still waits is written first, where it was to go.
    """
    flush()
    _sink.stream = stream
    _sink.tells_accesses = logging.getLevelNamesMapping()[level.upper()] <= logging.INFO
    _configure_ours(level)
    logging.basicConfig(handlers=[_Bridge()], level=level.upper(), force=True)


def _configure_ours(level: str) -> None:
    _sink.tells_debug = level == "debug"
    structlog.configure(
        processors=[_rendered],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: _sink,
        cache_logger_on_first_use=False,
    )


def tell_debug() -> bool:
    """Whether lines of level `debug` are written: to be asked first where every payment passes."""
    return _sink.tells_debug


def access(method: str, route: str, status: int, milliseconds: float, tenant: str) -> None:
    """One line for one request. `route` is the template: the path may hold what nobody should read.

    It is not scrubbed, for none of it is in a client's words, and it is written within a tenth of a second,
    together with others, because a write each costs more than all else about it. To be called in the loop.
    """
    if _sink.tells_accesses:
        took = round(milliseconds, 3)
        line = _Access(_now(), "info", "request", method, route, status, took, request_id.get(), tenant)
        _sink.write_soon(_encode(line))


def flush() -> None:
    """Write what waits to be written."""
    _sink.flush()


def scrub(text: str) -> str:
    """Text without card numbers, and without secrets that their form or a name before them tells.

    What is longer than 8,192 characters is cut.
    """
    scrubbed = _NAMED_SECRETS.sub(rf"\g<name>{REDACTED}", text[:_MAX_TEXT])
    scrubbed = cards.scrub(_SECRETS.sub(REDACTED, scrubbed))
    if len(text) > _MAX_TEXT:
        # A secret that the cut has halved is no longer known for one.
        scrubbed = scrubbed[:-_LONGEST_SECRET] + "…"
    return scrubbed if scrubbed.isascii() else scrubbed.encode("utf-8", "replace").decode()


class _Access(msgspec.Struct, gc=False):
    time: datetime
    level: str
    event: str
    method: str
    route: str
    status: int
    milliseconds: float
    request_id: str
    tenant: str


class _Sink:
    """Where lines go. Lines that cannot be written are lost, rather than the requests they are about."""

    def __init__(self) -> None:
        self.stream: BinaryIO | None = None
        self.tells_accesses = False
        self.tells_debug = False
        self._waiting: list[bytes] = []

    def write(self, line: bytes) -> None:
        self._waiting.append(line)
        self.flush()

    debug = info = warning = error = critical = write

    def write_soon(self, line: bytes) -> None:
        if not self._waiting:
            asyncio.get_running_loop().call_later(_WAIT_SECONDS, self.flush)
        self._waiting.append(line)

    def flush(self) -> None:
        lines, self._waiting = self._waiting, []
        if not lines:
            return
        try:
            stream = self.stream or sys.stderr.buffer
            stream.write(b"\n".join([*lines, b""]))
            stream.flush()
        except (OSError, ValueError):
            return


class _Bridge(logging.Handler):
    """Takes what libraries log."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            fields = {"logger": record.name, "exc_info": record.exc_info}
            _sink.write(_line(record.levelname.lower(), record.getMessage(), fields))
        except Exception:
            self.handleError(record)


_sink: Final = _Sink()
_encode: Final = msgspec.json.Encoder().encode
_clock: Final = SystemClock()


def _rendered(_: Any, level: str, fields: structlog.typing.EventDict) -> bytes:
    return _line(level, fields.pop("event", ""), fields)


def _line(level: str, event: object, fields: Mapping[str, Any]) -> bytes:
    record: dict[str, object] = {"time": _now(), "level": level, "event": _scrubbed(event)}
    if of := request_id.get():
        record["request_id"] = of
    for name, value in fields.items():
        if name != "exc_info":
            record.setdefault(scrub(name), REDACTED if _is_secret(name) else _scrubbed(value))
    if error := _exception(fields.get("exc_info")):
        record["exception"] = _traceback(error)
    return _encode(record)


def _now() -> datetime:
    return datetime.fromtimestamp(_clock.wall() / SECOND, UTC)


def _exception(exc_info: bool | BaseException | _ExcInfo | None) -> BaseException | None:
    """The exception meant by what Python's logging takes for one."""
    if isinstance(exc_info, BaseException):
        return exc_info
    if isinstance(exc_info, tuple):
        return exc_info[1]
    return sys.exc_info()[1] if exc_info else None


def _traceback(error: BaseException) -> str:
    text = "".join(traceback.format_exception(error))
    if len(text) > _MAX_TEXT:
        # The end says what happened. It begins with a whole line, lest half a secret be taken for none.
        text = text[-_MAX_TEXT:].partition("\n")[2]
    return scrub(text)


def _is_secret(name: str) -> bool:
    plain = _NO_NAME.sub("", name.lower())
    return plain in _SECRET_NAMES or _PART_OF_SECRET_NAMES.search(plain) is not None


def _scrubbed(value: object, depth: int = 0) -> object:
    """The value as JSON can have it, with nothing in it that must not be read."""
    match value:
        case None | bool():
            return value
        case str():
            return scrub(value)
        case int() | float():
            return _number(value)
        case bytes() | bytearray() | memoryview():
            return scrub(bytes(value).decode("utf-8", "replace"))
        case Mapping() | list() | tuple() | AbstractSet() if depth == _MAX_DEPTH:
            return "…"
        case Mapping():
            return {
                scrub(str(name)): REDACTED if _is_secret(str(name)) else _scrubbed(item, depth + 1)
                for name, item in list(value.items())[:_MAX_ITEMS]
            }
        case list() | tuple() | AbstractSet():
            return [_scrubbed(item, depth + 1) for item in list(value)[:_MAX_ITEMS]]
        case _:
            return scrub(_described(value))


def _number(value: int | float) -> object:
    """A number, unless its digits are a card's."""
    if abs(value) < 10**12 or value != value or abs(value) > 10**20:
        return value if isinstance(value, float) or abs(value) <= 10**20 else "…"
    digits = str(int(value))
    return value if (scrubbed := cards.scrub(digits)) == digits else scrubbed


def _described(value: object) -> str:
    try:
        return str(value) if isinstance(value, BaseException) else repr(value)
    except Exception:
        return f"<{type(value).__name__}>"


# Scrubbed even where nobody configures anything, as in a test or a shell.
_configure_ours("warning")
