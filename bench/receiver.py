"""A receiver of webhooks that does next to nothing, on a free port: it takes posts, and tells how many by GET."""

import asyncio
import re

import uvloop

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
TAKEN = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


class Receiver(asyncio.Protocol):
    """One connection; `count` is that of all."""

    count = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        self._transport = transport
        self._buffer = b""

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n") + 4) > 3:
            found = LENGTH.search(self._buffer, 0, end)
            whole = end + int(found[1] if found else 0)
            if len(self._buffer) < whole:
                return
            self._transport.write(self._answer())  # type: ignore[attr-defined]
            self._buffer = self._buffer[whole:]

    def _answer(self) -> bytes:
        if self._buffer.startswith(b"GET"):
            told = str(Receiver.count).encode()
            return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(told), told)
        Receiver.count += 1
        return TAKEN


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(Receiver, "127.0.0.1", 0, backlog=1024)
    print(f"listening on http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve())
