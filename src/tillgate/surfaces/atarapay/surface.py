"""The surface of the escrow API: every operation, and every refusal in this API's words."""

from collections.abc import Callable

from tillgate.core.reasons import Refused
from tillgate.flows.directory import Directory
from tillgate.flows.gateway import Gateway
from tillgate.http.exchange import Reply, Request
from tillgate.http.limits import Limits
from tillgate.http.problems import Problem
from tillgate.http.routing import Route
from tillgate.surfaces.atarapay import banks, errors, orders, pay, projects, providers
from tillgate.surfaces.atarapay.calls import SURFACE, Call
from tillgate.surfaces.atarapay.errors import Wrong

OPERATIONS: tuple[Route, ...] = (
    *projects.OPERATIONS,
    *providers.OPERATIONS,
    *banks.OPERATIONS,
    *orders.OPERATIONS,
    *pay.OPERATIONS,
)


Page = Callable[[Request, int, str], Reply]
"""Says on a page, under a status, what is wrong with a form; pages lend it."""


class AtaraPay:
    """The API of `atarapay.txt`. Whoever's browser posts a form to /pay is told on a `page` what is wrong with it."""

    name = SURFACE
    routes = OPERATIONS

    def __init__(self, gateway: Gateway, directory: Directory, limits: Limits, page: Page) -> None:
        self._gateway = gateway
        self._directory = directory
        self._limits = limits
        self._page = page

    async def admit(self, request: Request, route: Route | None) -> Reply | None:
        """Who asks stands in the body: see calls.Call."""
        return None

    async def handle(self, request: Request, route: Route) -> Reply:
        """Carry out one request."""
        try:
            reply: Reply = await route.handler(Call(self._gateway, self._directory, self._limits, request))
            return reply
        except (Wrong, Refused) as why:
            return self._shown(request, why)

    def problem(self, request: Request, problem: Problem) -> Reply:
        """A request that could not be understood, or a fault of ours."""
        return self._shown(request, problem)

    def _shown(self, request: Request, why: Wrong | Refused | Problem) -> Reply:
        if request.path == pay.PATH and pay.is_for_people(request):
            return self._page(request, *errors.told(why))
        return errors.shown(request, why)
