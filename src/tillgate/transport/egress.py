"""Egress: posts to the addresses that merchants gave, and to nowhere that they must not lead us."""

import asyncio
import socket
import ssl
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Final

import aiohttp
import msgspec
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from tillgate import __version__
from tillgate.transport import addresses
from tillgate.transport.addresses import Forbidden

USER_AGENT: Final = f"Tillgate/{__version__}"

_CONNECTIONS_A_HOST: Final = 64
"""There is no limit to all together, so that no host takes another's room; how much goes on at once callers know."""

_IDLE_SECONDS: Final = 1.5
"""Less than common servers keep a connection (Node's five, Gunicorn's two), so that none is used as they hang up."""

_LOOKED_UP_FOR_SECONDS: Final = 10

_HEARD_BYTES: Final = 64 * 1024
_HEARD_SECONDS: Final = 1.0
"""What of an answer's body is listened to, for the sake of the connection; only its head says anything to us."""


class Posted(msgspec.Struct, frozen=True):
    """What became of a post: the answer's `status`, or else `failure`, a sentence that says why there is none.

    `retry_after` is the answer's header, as it came.
    """

    status: int | None = None
    failure: str | None = None
    retry_after: str | None = None


class Egress:
    """Everything that goes to addresses from outside goes through here.

    `allow_loopback` lets test merchants have their receivers on this machine: for servers that listen on it alone.
    `resolver` looks names up, `trust` says which certificates are good: the system's unless given. To be made and
    closed within the loop that posts.
    """

    def __init__(
        self,
        allow_loopback: bool,
        *,
        resolver: AbstractResolver | None = None,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self._allow_loopback = allow_loopback
        self._resolver = resolver
        self._trust = trust
        self._clients: dict[bool, aiohttp.ClientSession] = {}

    def refusal(self, url: str, *, live: bool) -> str | None:
        """Why an address is not taken, in a sentence, or None.

        Names are not looked up: one that does not resolve yet may be registered, and one that leads astray is
        found out whenever something is sent there.
        """
        try:
            self._target(url, live)
        except Forbidden as forbidden:
            return str(forbidden)
        return None

    async def post(
        self, url: str, body: bytes, headers: Mapping[str, str], *, deadline_seconds: float, live: bool
    ) -> Posted:
        """Post for a merchant, `live` or in test mode; everything together ends by the deadline.

        Redirects are not followed, and no cookie, proxy or password comes from elsewhere. It raises nothing, but is
        canceled with its caller.
        """
        ends_at = asyncio.get_running_loop().time() + deadline_seconds
        try:
            target = self._target(url, live)
            async with asyncio.timeout_at(ends_at):
                answer = await self._client(live).post(target, data=body, headers=headers, allow_redirects=False)
            await _hear_out(answer, ends_at)
            return Posted(status=answer.status, retry_after=answer.headers.get("Retry-After"))
        except Forbidden as forbidden:
            return Posted(failure=str(forbidden))
        except TimeoutError:
            return Posted(failure=f"There was no answer within {deadline_seconds:g} seconds.")
        except Exception as error:
            return Posted(failure=_told(error))

    async def close(self) -> None:
        """Close every connection; nothing can be posted any more."""
        for client in self._clients.values():
            await client.close()
        if self._resolver is not None:
            await self._resolver.close()

    def _loopback(self, live: bool) -> bool:
        return self._allow_loopback and not live

    def _target(self, url: str, live: bool) -> URL:
        return addresses.parse(url, loopback=self._loopback(live), plain=not live)

    def _client(self, live: bool) -> aiohttp.ClientSession:
        """Those who may reach this machine share no connection with those who may not."""
        loopback = self._loopback(live)
        if loopback not in self._clients:
            self._resolver = self._resolver or aiohttp.AsyncResolver()
            self._clients[loopback] = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    resolver=_Pinned(self._resolver, loopback),
                    ttl_dns_cache=_LOOKED_UP_FOR_SECONDS,
                    limit=0,
                    limit_per_host=_CONNECTIONS_A_HOST,
                    keepalive_timeout=_IDLE_SECONDS,
                    ssl=self._trust or True,
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": USER_AGENT},
                skip_auto_headers=("Accept-Encoding",),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
                trust_env=False,
                auto_decompress=False,
            )
        return self._clients[loopback]


class _Pinned(AbstractResolver):
    """Gives out only addresses that may be reached: what was checked is what is connected to."""

    def __init__(self, resolver: AbstractResolver, loopback: bool) -> None:
        self._resolver = resolver
        self._loopback = loopback

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """See AbstractResolver. Raises _LeadsAstray."""
        found = await self._resolver.resolve(host, port, family)
        allowed = [each for each in found if _may_be_reached(each["host"], self._loopback)]
        if not allowed:
            raise _LeadsAstray
        return allowed

    async def close(self) -> None:
        """See AbstractResolver."""
        await self._resolver.close()


class _LeadsAstray(OSError):
    """A name that leads nowhere that may be reached."""


def _may_be_reached(address: str, loopback: bool) -> bool:
    try:
        return addresses.may_be_reached(ip_address(address), loopback=loopback)
    except ValueError:
        return False


async def _hear_out(answer: aiohttp.ClientResponse, ends_at: float) -> None:
    """Listen to a short body, so that the connection can be used again; hang up on any other."""
    left = _HEARD_BYTES
    try:
        async with asyncio.timeout_at(min(ends_at, asyncio.get_running_loop().time() + _HEARD_SECONDS)):
            while left > 0 and (chunk := await answer.content.read(left)):
                left -= len(chunk)
    except (TimeoutError, aiohttp.ClientError):
        return
    finally:
        # What was heard to its end has left the connection to the next already.
        answer.close()


def _told(error: Exception) -> str:
    """Why there is no answer, without a word of what the other side sent."""
    match error:
        case aiohttp.ClientConnectorDNSError() if isinstance(error.os_error, _LeadsAstray):
            return "The name leads to no address on the public internet."
        case aiohttp.ClientConnectorDNSError():
            return "The name cannot be found."
        case aiohttp.ClientConnectorCertificateError():
            return "The certificate is not good for this name."
        case aiohttp.ClientSSLError():
            return "No secure connection could be made."
        case aiohttp.ClientConnectorError():
            return "Nobody takes connections there."
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientOSError() | OSError():
            return "The connection broke before there was an answer."
        case aiohttp.ClientError():
            return "What came back is not HTTP."
        case _:
            return f"It could not be sent ({type(error).__name__})."
