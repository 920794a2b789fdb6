"""What a wire surface is to the mechanics: routes, and a form of its own for everything it says."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from tillgate.http.exchange import Reply, Request
from tillgate.http.problems import Problem
from tillgate.http.routing import Route

R = TypeVar("R", bound=Route)


class Surface(Protocol[R]):
    """One API. Both methods may be called at once for any number of requests."""

    @property
    def name(self) -> str:
        """What it is called in logs and metrics."""

    @property
    def routes(self) -> Sequence[R]:
        """Its operations, with full paths."""

    async def handle(self, request: Request, route: R) -> Reply:
        """The reply to a request whose body is read. It may raise any Problem; else it is a 500."""

    def problem(self, request: Request, problem: Problem) -> Reply:
        """What went wrong, in this surface's form and with the problem's status. It must not fail."""
