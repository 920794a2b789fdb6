"""Parts as `multipart/form-data` writes them (RFC 7578), in memory: a body is bounded before it comes here."""

import logging
from collections.abc import Callable, Iterable
from typing import Final

import msgspec
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from tillgate.http.problems import Malformed
from tillgate.http.urlencoded import Pairs

MEDIA_TYPE: Final = "multipart/form-data"
MAX_PARTS: Final = 1_000

# It would tell the log of every byte that a client got wrong.
logging.getLogger("python_multipart").setLevel(logging.CRITICAL)


class Part(msgspec.Struct, frozen=True):
    """One part; `filename` where it is a file, `media_type` in lower case, without parameters, as the client says."""

    name: str
    content: bytes
    filename: str | None = None
    media_type: str = ""


def parts(content_type: str, body: bytes) -> tuple[Part, ...]:
    """The parts of a body in the order given; `content_type` is the header with the boundary.

    Raises Malformed for what is not of this form, a part without a name, a body that ends early, and over 1,000 parts.
    """
    boundary = parse_options_header(content_type)[1].get(b"boundary", b"")
    if not boundary:
        raise Malformed("The Content-Type header of the body names no boundary.")
    reading = _Reading()
    try:
        MultipartParser(boundary, reading.callbacks).write(body)  # type: ignore[arg-type]
    except FormParserError:
        raise Malformed("The body is not multipart/form-data with the boundary that its header names.") from None
    if not reading.is_whole:
        raise Malformed("The body ends before its last boundary.")
    return tuple(reading.parts)


def pairs(parts: Iterable[Part]) -> Pairs:
    """The names and texts of these parts. Raises Malformed for what is not UTF-8 or holds U+0000."""
    return tuple([(part.name, _text(part.content)) for part in parts])


class _Reading:
    """What the parser calls back about one body."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self.is_whole = False
        self._headers: dict[str, str] = {}
        self._field = self._value = b""
        self._content: list[bytes] = []

    @property
    def callbacks(self) -> dict[str, Callable[..., None]]:
        """By the parser's names of what it finds."""
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._in_field,
            "on_header_value": self._in_value,
            "on_header_end": self._header,
            "on_part_data": self._data,
            "on_part_end": self._part,
            "on_end": self._end,
        }

    def _begin(self) -> None:
        if len(self.parts) >= MAX_PARTS:
            raise Malformed(f"There are more than {MAX_PARTS} parts.")
        self._headers, self._content = {}, []

    def _in_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def _in_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header(self) -> None:
        self._headers[self._field.decode("latin-1").lower()] = _text(self._value)
        self._field = self._value = b""

    def _data(self, data: bytes, start: int, end: int) -> None:
        self._content.append(data[start:end])

    def _part(self) -> None:
        disposition, options = _options(self._headers.get("content-disposition", ""))
        name = options.get("name", "")
        if disposition != "form-data" or not name:
            raise Malformed("A part has no name: its Content-Disposition is to be form-data; name=….")
        media_type, _ = _options(self._headers.get("content-type", ""))
        self.parts.append(Part(name, b"".join(self._content), options.get("filename"), media_type))

    def _end(self) -> None:
        self.is_whole = True


def _options(header: str) -> tuple[str, dict[str, str]]:
    # The parser of headers speaks latin-1; browsers write UTF-8 (RFC 7578, 5.1).
    value, options = parse_options_header(header.encode().decode("latin-1"))
    return value.decode("latin-1"), {_text(name): _text(text) for name, text in options.items()}


def _text(encoded: bytes) -> str:
    try:
        text = encoded.decode()
    except UnicodeDecodeError:
        raise Malformed("A part is not UTF-8.") from None
    if "\0" in text:
        raise Malformed("The character U+0000 is not allowed in a part.")
    return text


def encode(fields: dict[str, str], boundary: str) -> bytes:
    """A body of texts by name, for somebody else to read; `boundary` is to occur in none of them."""
    lines: list[str] = []
    for name, text in fields.items():
        lines += [f"--{boundary}", f'Content-Disposition: form-data; name="{name}"', "", text]
    return "\r\n".join([*lines, f"--{boundary}--", ""]).encode()
