"""A merchant's client, as plain as can be: requests over connections of its own, which it may drop at any time."""

import asyncio
import json
from typing import Any

import msgspec

SECRET_KEY = "sk_test_1234567890abcdef"

CARD_PAYMENT = {
    "amount": 1_600,
    "currency": "usd",
    "payment_method": "card",
    "card": {"number": "4242424242424242", "exp_month": 12, "exp_year": 2030, "cvc": "123"},
}


class Answer(msgspec.Struct, frozen=True):
    """What came back, to the byte."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def told(self) -> dict[str, Any]:
        """The body, read."""
        read: dict[str, Any] = json.loads(self.body)
        return read


class Merchant:
    """One connection at a time. Raises OSError or asyncio.IncompleteReadError where the server goes away."""

    def __init__(self, url: str, key: str = SECRET_KEY) -> None:
        self._key = key
        host, _, port = url.removeprefix("http://").partition(":")
        self._address = (host, int(port))
        self._connection: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, method: str, path: str, body: object = None, *, key: str | None = None) -> Answer:
        """One request, and its answer."""
        reader, writer = await self._connected()
        writer.write(self._request(method, path, body, key))
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            lines = head.decode().split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
            content = await reader.readexactly(int(headers.get("content-length", "0")))
        except BaseException:
            self.hang_up()
            raise
        return Answer(int(lines[0].split(" ")[1]), headers, content)

    async def ask_and_hang_up(self, method: str, path: str, body: object, *, key: str, after_seconds: float) -> None:
        """One request whose answer nobody waits for."""
        _, writer = await self._connected()
        writer.write(self._request(method, path, body, key))
        await writer.drain()
        await asyncio.sleep(after_seconds)
        self.hang_up()

    def hang_up(self) -> None:
        """Drop the connection as it is."""
        if self._connection is not None:
            self._connection[1].transport.abort()
            self._connection = None

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._connection is None or self._connection[1].is_closing():
            self._connection = await asyncio.open_connection(*self._address)
        return self._connection

    def _request(self, method: str, path: str, body: object, key: str | None) -> bytes:
        content = b"" if body is None else json.dumps(body).encode()
        keyed = f"Idempotency-Key: {key}\r\n" if key else ""
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: {self._address[0]}\r\nAuthorization: Bearer {self._key}\r\n"
            f"Content-Type: application/json\r\n{keyed}Content-Length: {len(content)}\r\n\r\n"
        )
        return head.encode() + content
