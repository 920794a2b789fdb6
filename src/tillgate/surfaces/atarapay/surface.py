"""The surface of the escrow API: every operation, and every refusal in this API's words."""

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


class AtaraPay:
    """The API of `atarapay.txt`."""

    name = SURFACE
    routes = OPERATIONS

    def __init__(self, gateway: Gateway, directory: Directory, limits: Limits) -> None:
        self._gateway = gateway
        self._directory = directory
        self._limits = limits

    async def admit(self, request: Request, route: Route | None) -> Reply | None:
        """Who asks stands in the body: see calls.Call."""
        return None

    async def handle(self, request: Request, route: Route) -> Reply:
        """Carry out one request."""
        try:
            reply: Reply = await route.handler(Call(self._gateway, self._directory, self._limits, request))
            return reply
        except Wrong as wrong:
            return errors.wrong(request, wrong)
        except Refused as refused:
            return errors.refused(request, refused)

    def problem(self, request: Request, problem: Problem) -> Reply:
        """A request that could not be understood, or a fault of ours."""
        return errors.problem(request, problem)
