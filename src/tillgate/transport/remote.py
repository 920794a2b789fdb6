"""Remote banks: the route to those that are reached over HTTP, at addresses that are configuration and trusted."""

import ssl
from typing import Final

import aiohttp

from tillgate import __version__
from tillgate.connectors.contract import BankAnswer, BankRequest

USER_AGENT: Final = f"Tillgate/{__version__}"

LONGEST_ANSWER: Final = 1024 * 1024
"""Bytes; a longer answer is none."""

_CONNECT_SECONDS: Final = 5.0
"""Until a connection is made; nothing was sent before."""

_IDLE_SECONDS: Final = 15.0


class RemoteBanks:
    """A route of the transport for `http` and `https`, whose deadlines are the transport's.

    Redirects are not followed, and no cookie or proxy comes from elsewhere. `trust` says which certificates are good:
    the system's unless given. To be made anywhere, used and closed within one loop.
    """

    def __init__(self, trust: ssl.SSLContext | None = None) -> None:
        self._trust = trust
        self._client: aiohttp.ClientSession | None = None

    async def carry(self, request: BankRequest) -> BankAnswer:
        """See banks.Route: ConnectionRefusedError means that not a byte was sent. It raises others, too."""
        self._client = self._client or self._opened()
        try:
            sent = self._client.request(
                request.method, request.url, data=request.body or None, headers=request.headers, allow_redirects=False
            )
            async with sent as answer:
                return BankAnswer(answer.status, await _whole(answer))
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as nobody:
            raise ConnectionRefusedError(type(nobody).__name__) from None

    async def close(self) -> None:
        """Close every connection."""
        if self._client is not None:
            await self._client.close()

    def _opened(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                # A name that is configured means what it means to every other program on this machine.
                resolver=aiohttp.ThreadedResolver(),
                limit=0,
                keepalive_timeout=_IDLE_SECONDS,
                ssl=self._trust or True,
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": USER_AGENT},
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS),
            trust_env=False,
        )


async def _whole(answer: aiohttp.ClientResponse) -> bytes:
    body = b""
    async for chunk in answer.content.iter_chunked(64 * 1024):
        body += chunk
        if len(body) > LONGEST_ANSWER:
            answer.close()
            raise ValueError("the answer is too long")
    return body
