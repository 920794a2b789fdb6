"""Two small surfaces, which answer each in a form of its own."""

import asyncio
from collections.abc import Awaitable, Callable

import msgspec

from tillgate.http import strict_json
from tillgate.http.exchange import Reply, Request
from tillgate.http.problems import Problem
from tillgate.http.routing import Route


class EchoSurface:
    """`/v1`: gives back what it was given. Its problems are JSON."""

    name = "echo"

    def __init__(self) -> None:
        self.entered = asyncio.Event()
        self.leave = asyncio.Event()
        self.left = asyncio.Event()
        self.seen: list[Request] = []
        self.routes = [
            Route("POST", "/v1/echo", self.echo),
            Route("GET", "/v1/echo", self.echo),
            Route("GET", "/v1/things/{id}", self.thing),
            Route("DELETE", "/v1/things/{id}", self.thing, cross_origin=True),
            Route("POST", "/v1/waits", self.waits),
            Route("POST", "/v1/breaks", self.breaks),
        ]

    async def admit(self, request: Request, route: Route | None) -> Reply | None:
        return None

    async def handle(self, request: Request, route: Route) -> Reply:
        self.seen.append(request)
        request.tenant = "mer_test"
        handler: Callable[[Request], Awaitable[Reply]] = route.handler
        return await handler(request)

    def problem(self, request: Request, problem: Problem) -> Reply:
        return Reply(problem.status, msgspec.json.encode({"error": problem.detail, "request_id": request.id}))

    async def echo(self, request: Request) -> Reply:
        return Reply(200, msgspec.json.encode(strict_json.parse(request.body) if request.body else None))

    async def thing(self, request: Request) -> Reply:
        return Reply(200, msgspec.json.encode(request.parameters))

    async def waits(self, request: Request) -> Reply:
        self.entered.set()
        await self.leave.wait()
        self.left.set()
        return Reply(200, b'"waited"')

    async def breaks(self, request: Request) -> Reply:
        number = "4242424242424242"
        raise RuntimeError(f"cannot charge {number} with sk_live_abcdef0123456789")


class PlainSurface:
    """`/api`: its problems are a line of text."""

    name = "plain"

    def __init__(self) -> None:
        self.routes = [Route("POST", "/api/orders", self.order)]

    async def admit(self, request: Request, route: Route | None) -> Reply | None:
        return None

    async def handle(self, request: Request, route: Route) -> Reply:
        return await self.order(request)

    def problem(self, request: Request, problem: Problem) -> Reply:
        return Reply(problem.status, f"no: {problem.status}".encode(), content_type=b"text/plain")

    async def order(self, request: Request) -> Reply:
        return Reply(204)


class WordlessSurface(EchoSurface):
    """Has no words for what goes wrong."""

    def problem(self, request: Request, problem: Problem) -> Reply:
        raise KeyError(problem.status)
