"""What a wire surface is to the mechanics: routes, and a form of its own for everything it says."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from tillgate.http.exchange import Reply, Request
from tillgate.http.problems import Problem
from tillgate.http.routing import Route

R = TypeVar("R", bound=Route)


class Surface(Protocol[R]):
    """One API. The methods may be called at once for any number of requests."""

    @property
    def name(self) -> str:
        """What it is called in logs and metrics."""

    @property
    def routes(self) -> Sequence[R]:
        """Its operations, with full paths."""

    async def admit(self, request: Request, route: R | None) -> Reply | None:
        """Find out who asks, before the body is read; the reply if that is where it ends.

        `route` is None for a path, or a method, that no surface has: the reply will be that it has not, but for a
        Problem raised here. Whose limit a request counts against is said here at the latest (http.limits).
        """

    async def handle(self, request: Request, route: R) -> Reply:
        """The reply to a request whose body is read. It may raise any Problem; else it is a 500."""

    def problem(self, request: Request, problem: Problem) -> Reply:
        """What went wrong, in this surface's form and with the problem's status. It must not fail."""


class Open:
    """What surfaces share that ask nobody who they are: each route's handler is given the request, and no more."""

    async def admit(self, request: Request, route: Route | None) -> Reply | None:
        """See Surface."""
        return None

    async def handle(self, request: Request, route: Route) -> Reply:
        """See Surface."""
        reply: Reply = await route.handler(request)
        return reply
