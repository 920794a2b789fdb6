"""The surface of the phone wallet's API: every operation, and every refusal in this API's words."""

from tillgate.core.reasons import Refused
from tillgate.flows.directory import Directory
from tillgate.flows.gateway import Gateway
from tillgate.flows.signing_keys import Signer
from tillgate.http.exchange import Reply, Request
from tillgate.http.limits import Limits
from tillgate.http.problems import Problem
from tillgate.http.routing import Route
from tillgate.surfaces.athmovil import errors, payments, reports, subscriptions
from tillgate.surfaces.athmovil.calls import SURFACE, Call
from tillgate.surfaces.athmovil.errors import Wrong

OPERATIONS: tuple[Route, ...] = (*payments.OPERATIONS, *reports.OPERATIONS, *subscriptions.OPERATIONS)


class AthMovil:
    """The API of `ath_movil.txt`."""

    name = SURFACE
    routes = OPERATIONS

    def __init__(self, gateway: Gateway, directory: Directory, limits: Limits, signer: Signer) -> None:
        self._gateway = gateway
        self._directory = directory
        self._limits = limits
        self._signer = signer

    async def admit(self, request: Request, route: Route | None) -> Reply | None:
        """Who asks stands in the body, or in a token that needs nobody's leave: see calls.Call."""
        return None

    async def handle(self, request: Request, route: Route) -> Reply:
        """Carry out one request."""
        try:
            reply: Reply = await route.handler(
                Call(self._gateway, self._directory, self._limits, self._signer, request)
            )
            return reply
        except Wrong as wrong:
            return errors.wrong(request, wrong)
        except Refused as refused:
            return errors.refused(request, refused)

    def problem(self, request: Request, problem: Problem) -> Reply:
        """A request that could not be understood, or a fault of ours."""
        return errors.problem(request, problem)
