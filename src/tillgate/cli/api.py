"""The API as developers' tools use it: a running server, a test key, and plain sentences for trouble."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import aiohttp
import click
import msgspec

from tillgate.surfaces.v1.sandbox_keys import SECRET_KEY

URL: Final = "http://127.0.0.1:8000"

_SECONDS: Final = 60.0

F = TypeVar("F", bound=Callable[..., None])


class Failed(Exception):
    """Something did not work; the message is a sentence. `is_lasting` says that trying again would not help."""

    def __init__(self, message: str, *, is_lasting: bool = True) -> None:
        super().__init__(message)
        self.is_lasting = is_lasting


class Answer(msgspec.Struct, frozen=True):
    """What the server said: its status, its body to the byte, and its headers."""

    status: int
    body: bytes
    headers: Mapping[str, str]

    @property
    def told(self) -> dict[str, Any]:
        """The body, read."""
        told: dict[str, Any] = msgspec.json.decode(self.body)
        return told


class Api:
    """A client of one server with one key, to be entered. Raises Failed for a key of real money."""

    def __init__(self, url: str, key: str) -> None:
        if "_live_" in key:
            raise Failed("these tools are for test mode; give a key such as sk_test_… (--key, TILLGATE_KEY)")
        self.url = url if "://" in url else f"http://{url}"
        self._key = key
        self._client: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._client = aiohttp.ClientSession(
            headers={"Authorization": f"Bearer {self._key}"}, timeout=aiohttp.ClientTimeout(total=_SECONDS)
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._client is not None:
            await self._client.close()

    async def get(self, path: str, **query: str | int) -> Answer:
        """An answer that is a success. Raises Failed."""
        return _succeeded(await self.ask("GET", path, params={name: str(value) for name, value in query.items()}))

    async def post(self, path: str, **given: object) -> Answer:
        """An answer that is a success. Raises Failed."""
        return _succeeded(await self.ask("POST", path, json=given))

    async def delete(self, path: str) -> Answer:
        """An answer that is a success. Raises Failed."""
        return _succeeded(await self.ask("DELETE", path))

    async def ask(self, method: str, path: str, **more: Any) -> Answer:
        """An answer, whatever it says. Raises Failed where there is none."""
        assert self._client is not None
        try:
            async with self._client.request(method, self.url.rstrip("/") + path, **more) as answer:
                return Answer(answer.status, await answer.read(), answer.headers)
        except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError):
            raise Failed(f"{self.url!r} is no web address (--url, TILLGATE_URL)") from None
        except (aiohttp.ClientConnectorError, TimeoutError):
            raise Failed(
                f"nobody answers at {self.url}; start a server with `tillgate serve`, or say where it is (--url)",
                is_lasting=False,
            ) from None
        except aiohttp.ClientError as error:
            raise Failed(f"{self.url} broke off ({type(error).__name__})", is_lasting=False) from None


def _succeeded(answer: Answer) -> Answer:
    if answer.status == 200:
        return answer
    try:
        said = answer.told["error"]["message"]
    except (msgspec.DecodeError, KeyError, TypeError):
        raise Failed(f"what answers there is no Tillgate: it says {answer.status}") from None
    raise Failed(str(said), is_lasting=answer.status < 500 and answer.status != 429)


def where(command: F) -> F:
    """The options that say which server, and with which key."""
    key = click.option(
        "--key", envvar="TILLGATE_KEY", default=SECRET_KEY, help="Test key (TILLGATE_KEY); the demo shop's without."
    )
    url = click.option("--url", envvar="TILLGATE_URL", default=URL, help=f"Server (TILLGATE_URL); {URL} without.")
    return url(key(command))


def moment(unix_seconds: int) -> str:
    """A time as lists show it, in UTC."""
    return datetime.fromtimestamp(unix_seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")


def subject(event: dict[str, Any]) -> str:
    """The id of what an event is about."""
    return str(event["data"]["object"].get("id", "-"))
