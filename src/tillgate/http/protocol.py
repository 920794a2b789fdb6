"""What uvicorn's HTTP/1.1 leaves open: how long the head of a request may take, and how large it may be."""

import asyncio
import re
from typing import ClassVar, Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

_UPGRADE: Final = re.compile(rb"^upgrade:", re.IGNORECASE | re.MULTILINE)


class Protocol(HttpToolsProtocol):
    """One connection, for `uvicorn.Config(http=Protocol, ws="none")`.

    A head has 10 seconds to arrive, from the start of the connection or from its first byte; slower clients
    are hung up on. It may have 16 KiB and 100 fields; more is a 431. A reply that is out before all of its
    request is in ends the connection. Other limits are set by subclassing.
    """

    head_timeout_seconds: ClassVar[float] = 10.0
    head_bytes: ClassVar[int] = 16 * 1024
    head_fields: ClassVar[int] = 100
    linger_seconds: ClassVar[float] = 1.0

    _clock: asyncio.TimerHandle | None = None
    _received = 0  # since the head began, or rather the packet in which it did
    _in_body = False
    _is_busy = False  # with an answer
    _is_refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The first head is due."""
        super().connection_made(transport)
        self._start_clock()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is due any more."""
        self._stop_clock()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Feed the parser, then see whether a head is taking too much."""
        if self._is_refused:
            return
        if not self._in_body and b"pgrade" in data:
            data = _without_upgrade(data)
        self._received += len(data)
        super().data_received(data)
        if self._in_body or self._is_refused:
            return
        if self._received > self.head_bytes:
            self._refuse(431, "The request head is too large.")
        elif self._clock is None and not self._is_busy:
            self._start_clock()

    def on_headers_complete(self) -> None:
        """The head is in: hand it on, if it is within bounds."""
        self._stop_clock()
        self._in_body = True
        if len(self.headers) > self.head_fields or (
            self._received > self.head_bytes and self._head_size() > self.head_bytes
        ):
            self._refuse(431, "The request head is too large.")
            raise ValueError("head too large")
        super().on_headers_complete()
        self._is_busy = True
        # The parser reports the trailers of a chunked body like headers. They must not pass for such.
        self.headers = []

    def on_message_complete(self) -> None:
        """The request is in: what follows is the next head."""
        self._in_body = False
        self._received = 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """The reply is out."""
        super().on_response_complete()
        self._is_busy = not self.cycle.response_complete
        if self._in_body and not self._is_busy:
            self.transport.close()

    def send_400_response(self, msg: str) -> None:
        """Answer what is not HTTP, unless it was answered."""
        if not self._is_refused:
            self._refuse(400, msg)

    def _refuse(self, status: int, text: str) -> None:
        """Answer in plain text, no surface being known, and listen no more.

        The socket stays for a moment: closed with bytes unread, it would have the network drop the answer.
        """
        self._is_refused = True
        if self._is_busy:
            if self.pipeline or not self._in_body or self.cycle.response_started:
                # Another request is being answered, and has a right to it.
                self.cycle.keep_alive = False
                return
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        fields = [
            *self.server_state.default_headers,
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"content-length", b"%d" % len(text)),
            (b"connection", b"close"),
        ]
        head = b"".join([name + b": " + value + b"\r\n" for name, value in fields])
        self.transport.write(STATUS_LINE[status] + head + b"\r\n" + text.encode("ascii"))
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.loop.call_later(self.linger_seconds, self.transport.close)

    def _head_size(self) -> int:
        return len(self.url) + sum([len(name) + len(value) for name, value in self.headers])

    def _start_clock(self) -> None:
        self._clock = self.loop.call_later(self.head_timeout_seconds, self.transport.close)

    def _stop_clock(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None


def _without_upgrade(data: bytes) -> bytes:
    """A packet whose head asks for no other protocol, which we may ignore (RFC 9110, 7.8).

    The parser does not: it drops the body of such a request. Java's client asks for HTTP/2 in this way.
    """
    head, end, rest = data.partition(b"\r\n\r\n")
    return _UPGRADE.sub(b"ignored:", head) + end + rest
