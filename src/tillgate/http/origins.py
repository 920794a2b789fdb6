"""Where this server is reached, as it says so itself: what tokens name as their issuer, and addresses begin with."""

from collections.abc import Collection
from typing import Final
from urllib.parse import urlsplit

from tillgate.http.exchange import Request

_LOOPBACK: Final = ("127.0.0.1", "localhost", "[::1]")


class Origins:
    """`public_url` is what was set, and holds for everybody; without it `listening` does, but on the machine itself.

    There every name of the machine is as good, so that what is tried out by one of them works.
    """

    def __init__(self, public_url: str, listening: str) -> None:
        self._fixed = public_url
        self._listening = listening

    def of(self, request: Request) -> str:
        """The origin to name in the reply to a request, `https://pay.example.com`."""
        if self._fixed or not request.is_local:
            return self._fixed or self._listening
        return request.origin

    def same(self, request: Request) -> Collection[str]:
        """The origins by which whoever asks may have reached this server before."""
        here = self.of(request)
        if self._fixed or not request.is_local:
            return (here,)
        port = urlsplit(here).port
        ending = f":{port}" if port else ""
        return (here, *(f"http://{name}{ending}" for name in _LOOPBACK))
