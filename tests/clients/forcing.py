"""A proxy that forces on a client what networks and busy servers do to it, once for each key, and counts its tries."""

import asyncio
import contextlib
import enum
import threading
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator

import aiohttp
from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_HOP_BY_HOP = {"connection", "content-encoding", "content-length", "date", "host", "server", "transfer-encoding"}
_BUSY = {"error": {"type": "idempotency_error", "code": "idempotency_key_in_use", "message": "Forced: still running."}}
_BROKEN = {"error": {"type": "api_error", "code": "internal_error", "message": "Forced: something went wrong."}}


class Force(enum.StrEnum):
    """What happens to the first request with a key; repeats go through."""

    CONFLICT = "conflict"
    """409, and the server hears nothing."""
    LOST = "lost"
    """The server carries it out, and the client is told 500."""
    DROPPED = "dropped"
    """The server carries it out, and the connection is cut before the client is told."""
    BROKEN = "broken"
    """500, whichever try it is."""


class Proxy:
    """One server for each force, in a thread of its own. `GET /tries/{key}` answers how often a key came by."""

    def __init__(self, target: str) -> None:
        self.urls: dict[Force, str] = {}
        """Where each force is met."""
        self._target = target
        self._tries: defaultdict[str, int] = defaultdict(int)

    async def serve(self, ready: threading.Event, over: asyncio.Event) -> None:
        """Listen until it is over."""
        async with contextlib.AsyncExitStack() as stack:
            session = await stack.enter_async_context(aiohttp.ClientSession(self._target, auto_decompress=False))
            for force in Force:
                app = web.Application()
                app.router.add_get("/tries/{key}", self._told)
                app.router.add_route("*", "/{path:.*}", self._forced(force, session))
                runner = web.AppRunner(app, shutdown_timeout=0.1)
                await runner.setup()
                stack.push_async_callback(runner.cleanup)
                await web.TCPSite(runner, "127.0.0.1", 0).start()
                self.urls[force] = f"http://127.0.0.1:{runner.addresses[0][1]}"
            ready.set()
            await over.wait()

    async def _told(self, request: web.Request) -> web.Response:
        return web.json_response(self._tries[request.match_info["key"]])

    def _forced(self, force: Force, session: aiohttp.ClientSession) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            key = request.headers.get("Idempotency-Key")
            tries = 1
            if key is not None:
                self._tries[key] += 1
                tries = self._tries[key]
            if force is Force.BROKEN:
                return web.json_response(_BROKEN, status=500)
            if force is Force.CONFLICT and tries == 1:
                return web.json_response(_BUSY, status=409)
            answer = await _passed_on(request, session)
            if tries > 1 or key is None:
                return answer
            if force is Force.DROPPED and request.transport is not None:
                request.transport.abort()
            return web.json_response(_BROKEN, status=500)

        return handle


async def _passed_on(request: web.Request, session: aiohttp.ClientSession) -> web.Response:
    headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP_BY_HOP}
    body = await request.read()
    async with session.request(request.method, request.raw_path, data=body or None, headers=headers) as answer:
        kept = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP_BY_HOP}
        return web.Response(status=answer.status, body=await answer.read(), headers=kept)


@contextlib.contextmanager
def forcing(target: str) -> Iterator[Proxy]:
    """A proxy in front of a server."""
    proxy, ready = Proxy(target), threading.Event()
    stop: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def run() -> None:
        over = asyncio.Event()
        stop.append((asyncio.get_running_loop(), over))
        await proxy.serve(ready, over)

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    try:
        assert ready.wait(20), "the proxy does not start"
        yield proxy
    finally:
        loop, over = stop[0]
        loop.call_soon_threadsafe(over.set)
        thread.join()
