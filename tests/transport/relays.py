"""A mail relay in this process: it speaks SMTP (RFC 5321), with STARTTLS or TLS, and fails where it is told to."""

import asyncio
import base64
import contextlib
import ssl
from collections.abc import AsyncIterator

import msgspec


class Taken(msgspec.Struct, frozen=True):
    """A mail that the relay has taken, and how it came."""

    sender: str
    to: str
    message: bytes
    is_encrypted: bool
    login: str | None


class Relay:
    """What has arrived. `says` is what it answers to a verb in the place of its own answer; None is to hang up.

    Where it `forgets_to_answer`, it has taken the mail and hangs up before it says so.
    """

    def __init__(self, tls: ssl.SSLContext | None, offers: tuple[str, ...]) -> None:
        self.port = 0
        self.taken: list[Taken] = []
        self.connections = 0
        self.says: dict[str, str | None] = {}
        self.forgets_to_answer = False
        self._tls = tls
        self._offers = offers

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self.connections += 1
        sender, to, login = "", "", None
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            await _say(writer, self.says.get("CONNECT", "220 relay"))
            while line := (await reader.readline()).decode().rstrip("\r\n"):
                verb = line.partition(" ")[0].upper()
                if verb in self.says:
                    if (said := self.says[verb]) is None:
                        break
                    await _say(writer, said)
                    continue
                match verb:
                    case "EHLO":
                        is_open = writer.get_extra_info("sslcontext") is None
                        offered = ["relay", *(one for one in self._offers if one != "STARTTLS" or is_open)]
                        await _say(writer, "\r\n".join(f"250-{one}" for one in offered) + "\r\n250 8BITMIME")
                    case "STARTTLS":
                        await _say(writer, "220 go ahead")
                        assert self._tls is not None
                        await writer.start_tls(self._tls)
                    case "AUTH":
                        login = base64.b64decode(line.rpartition(" ")[2]).decode().replace("\0", " ").strip()
                        await _say(writer, "235 welcome")
                    case "MAIL":
                        sender = line.partition("<")[2].partition(">")[0]
                        await _say(writer, "250 fine")
                    case "RCPT":
                        to = line.partition("<")[2].partition(">")[0]
                        await _say(writer, "250 fine")
                    case "DATA":
                        await _say(writer, "354 go on")
                        message = (await reader.readuntil(b"\r\n.\r\n"))[:-3]
                        if (said := self.says.get("MESSAGE", "")) is None:
                            break
                        if said:
                            await _say(writer, said)
                            continue
                        is_encrypted = writer.get_extra_info("sslcontext") is not None
                        self.taken.append(Taken(sender, to, message, is_encrypted, login))
                        if self.forgets_to_answer:
                            break
                        await _say(writer, "250 taken")
                    case "QUIT":
                        await _say(writer, "221 bye")
                        break
                    case _:
                        await _say(writer, "250 fine")


async def _say(writer: asyncio.StreamWriter, text: str | None) -> None:
    if text is None:
        raise ConnectionAbortedError
    writer.write(text.encode() + b"\r\n")
    await writer.drain()


@contextlib.asynccontextmanager
async def relaying(
    *, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None, at_once: bool = False, offers: tuple[str, ...] = ()
) -> AsyncIterator[Relay]:
    """A relay; with `tls` by STARTTLS, or from the first byte on where that is `at_once`."""
    offered = ("STARTTLS", *offers) if tls and not at_once else offers
    relay = Relay(tls, offered)
    serving: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        serving[task] = writer
        try:
            await relay.serve(reader, writer)
        except asyncio.CancelledError:
            return  # What else a canceled server says, asyncio logs as an error.
        finally:
            writer.close()
            del serving[task]

    listener = await asyncio.start_server(serve, host, 0, ssl=tls if at_once else None)
    relay.port = listener.sockets[0].getsockname()[1]
    try:
        yield relay
    finally:
        listener.close()
        for task in tuple(serving):
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)
