"""What a wire surface is to the mechanics: routes, and a form of its own for everything it says."""

from collections.abc import Sequence
from typing import Final, Protocol, TypeVar

from tillgate.http.exchange import Reply, Request
from tillgate.http.problems import Forbidden, Problem
from tillgate.http.routing import Route

R = TypeVar("R", bound=Route)

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


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
    """What surfaces share that ask nobody who they are, pages above all: handlers are given the request, and no more.

    A browser brings along cookies, and reaches what is on its own network, for whoever has it ask. So what changes
    anything is refused where a page of another site had it sent, but for operations that browsers may call from any.
    """

    async def admit(self, request: Request, route: Route | None) -> Reply | None:
        """See Surface. Raises Forbidden."""
        is_open = request.method in _SAFE or (route is not None and route.cross_origin)
        if request.is_from_another_site and not is_open:
            raise Forbidden("A page of another site decides nothing here.")
        return None

    async def handle(self, request: Request, route: Route) -> Reply:
        """See Surface."""
        reply: Reply = await route.handler(request)
        return reply
