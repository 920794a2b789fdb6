"""The ASGI application: it takes every request to its surface and brings the reply back, whatever happens."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Final

from msgspec import structs

from tillgate import logs, metrics
from tillgate.http import addresses, bodies, cors, streams
from tillgate.http.addresses import Proxies
from tillgate.http.bodies import Body, ClientGone
from tillgate.http.event_streams import EventStreams
from tillgate.http.exchange import Headers, Receive, Reply, Request, Scope, Send
from tillgate.http.problems import Failed, MethodNotAllowed, NotFound, Problem
from tillgate.http.routing import Match, Miss, RouteTable
from tillgate.http.surface import Surface
from tillgate.logs import log

Lifespan = Callable[[], AbstractAsyncContextManager[object]]

_CLIENT_GONE: Final = 499
_LAST_RESORT: Final = Reply(500, b'{"error":{"message":"Something went wrong on our side."}}')


class Application:
    """Serves the surfaces as one. The first of them answers for paths that none knows.

    `new_id` makes the ids of requests. `lifespan` is entered before the first request, and left once the last
    is answered, `drain_seconds` after shutdown at the latest. A handler whose client hangs up runs on to its
    end. `streams` are those that the surfaces hold open, `always` the
    headers that every reply has. Raises ValueError when routes collide.
    """

    def __init__(
        self,
        surfaces: Sequence[Surface[Any]],
        new_id: Callable[[], str],
        lifespan: Lifespan = contextlib.nullcontext,
        *,
        proxies: Proxies = addresses.NO_PROXIES,
        body_bytes: int = bodies.MAX_BYTES,
        body_seconds: float = bodies.TIMEOUT_SECONDS,
        drain_seconds: float = 60.0,
        streams: EventStreams | None = None,
        always: Headers = (),
    ) -> None:
        self._table = RouteTable[Surface[Any]]([(surface, surface.routes) for surface in surfaces])
        self._new_id = new_id
        self._lifespan = lifespan
        self._proxies = proxies
        self._body_bytes = body_bytes
        self._body_seconds = body_seconds
        self._drain_seconds = drain_seconds
        self._streams = streams or EventStreams()
        self._always = always
        self._idle = asyncio.Event()
        self.in_flight = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection: a request, or the lifespan."""
        if scope["type"] == "http":
            self.in_flight += 1
            try:
                await self._serve(scope, receive, send)
            finally:
                self.in_flight -= 1
                if not self.in_flight:
                    self._idle.set()
        elif scope["type"] == "lifespan":
            await self._live(receive, send)

    def end_streams(self) -> None:
        """End what would go on for ever, for the server shuts down; what else is under way is finished."""
        self._streams.end()

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        request = Request(scope, self._new_id(), self._proxies)
        logs.request_id.set(request.id)
        body = Body(scope, receive)
        found = self._table.match(request.method, request.path)
        template = operation = ""
        try:
            if isinstance(found, Miss):
                reply = await _missed(request, found)
            else:
                template = found.route.path
                operation = f"{found.route.method} {template}"
                reply = await self._handled(request, found, body)
            await send(reply.start(request.id, request.window, self._always))
            if reply.stream is None:
                await send({"type": "http.response.body", "body": reply.body, "more_body": body.unread})
            else:
                await streams.send(reply.stream, receive, send)
            status = reply.status
        except ClientGone:
            status = _CLIENT_GONE
        seconds = time.perf_counter() - began
        logs.access(request.method, template, status, seconds * 1000, request.tenant)
        metrics.request(operation, status, seconds)
        if body.unread:
            await body.discard()
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _handled(self, request: Request, match: Match[Surface[Any]], body: Body) -> Reply:
        surface, route = match.owner, match.route
        request.parameters = match.parameters
        try:
            reply = await surface.admit(request, route)
            if reply is None:
                limits = (route.body_bytes or self._body_bytes, route.body_seconds or self._body_seconds)
                request.body = await body.read(*limits)
                reply = await surface.handle(request, route)
        except ClientGone:
            raise
        except Problem as problem:
            reply = _stated(surface, request, problem)
        except Exception:
            log.exception("request_failed", surface=surface.name, route=route.path)
            reply = _stated(surface, request, Failed())
        return _with(reply, cors.SHARED) if route.cross_origin else reply

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        stage = "startup"
        try:
            async with self._lifespan():
                await send({"type": "lifespan.startup.complete"})
                await receive()
                stage = "shutdown"
                await self._drained()
        except Exception:
            log.exception(f"{stage}_failed")
            await send({"type": f"lifespan.{stage}.failed", "message": ""})
        else:
            await send({"type": "lifespan.shutdown.complete"})
        finally:
            logs.flush()

    async def _drained(self) -> None:
        """Wait for the requests under way."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._drain_seconds):
                while self.in_flight:
                    self._idle.clear()
                    await self._idle.wait()


async def _missed(request: Request, miss: Miss[Surface[Any]]) -> Reply:
    if miss.routes and request.method == "OPTIONS":
        return cors.options(request, miss.routes)
    problem: Problem = MethodNotAllowed(cors.allowed(miss.routes).decode()) if miss.routes else NotFound()
    try:
        await miss.owner.admit(request, None)
    except Problem as found:
        problem = found
    except Exception:
        log.exception("request_failed", surface=miss.owner.name, route="")
        problem = Failed()
    return _stated(miss.owner, request, problem)


def _stated(surface: Surface[Any], request: Request, problem: Problem) -> Reply:
    try:
        return _with(surface.problem(request, problem), problem.headers)
    except Exception:
        log.exception("surface_has_no_words", surface=surface.name, status=problem.status)
        return _LAST_RESORT


def _with(reply: Reply, headers: Headers) -> Reply:
    return structs.replace(reply, headers=reply.headers + headers)
