"""Asking an ASGI application in its own process, without a socket."""

from typing import Any

import msgspec

from tillgate.http.application import Application
from tillgate.http.exchange import Message, Scope


class Answer(msgspec.Struct):
    """What came back; headers by name, the last of each."""

    status: int
    headers: dict[str, str]
    body: bytes


def scope(method: str = "GET", path: str = "/", headers: dict[str, str] | None = None, **more: Any) -> Scope:
    """An ASGI scope as uvicorn makes it; `path` may have a query."""
    raw_path, _, query = path.partition("?")
    return {
        "type": "http",
        "method": method,
        "raw_path": raw_path.encode(),
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in (headers or {}).items()],
        "scheme": "http",
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 8_000),
        **more,
    }


async def ask(
    application: Application,
    method: str,
    path: str,
    body: bytes = b"",
    headers: dict[str, str] | None = None,
) -> Answer:
    """The answer to one request."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    length = {"content-length": str(len(body))} if body else {}
    await application(scope(method, path, {**(headers or {}), **length}), receive, send)
    start, *rest = sent
    assert start["type"] == "http.response.start"
    assert {message["type"] for message in rest} == {"http.response.body"}
    assert [message["more_body"] for message in rest] == [True] * (len(rest) - 1) + [False]
    return Answer(
        start["status"],
        {name.decode(): value.decode() for name, value in start["headers"]},
        b"".join(message["body"] for message in rest),
    )
