"""The surface of checkouts: who asks, what for; then the operation, and every refusal in this API's words."""

from tillgate.core.reasons import Refused
from tillgate.flows.directory import Directory
from tillgate.flows.gateway import Gateway
from tillgate.flows.oauth_access import AccessTokens
from tillgate.http.exchange import Reply, Request
from tillgate.http.limits import Limits
from tillgate.http.origins import Origins
from tillgate.http.problems import Problem
from tillgate.surfaces.checkout import account, applications, calls, errors, instructions, payments, tokens
from tillgate.surfaces.checkout.calls import SURFACE, Call, Operation, Visit
from tillgate.surfaces.checkout.errors import Invalid

OPERATIONS: tuple[Operation, ...] = (
    *payments.OPERATIONS,
    *instructions.OPERATIONS,
    *applications.OPERATIONS,
    *tokens.OPERATIONS,
    *account.OPERATIONS,
)


class Checkouts:
    """The API of `client_tokens.txt`."""

    name = SURFACE
    routes = OPERATIONS

    def __init__(
        self, gateway: Gateway, directory: Directory, limits: Limits, access: AccessTokens, origins: Origins
    ) -> None:
        self._gateway = gateway
        self._directory = directory
        self._limits = limits
        self._access = access
        self._origins = origins

    async def admit(self, request: Request, route: Operation | None) -> Reply | None:
        """Find out who asks and whether they may; who shows no valid token is counted by address, as payers are."""
        if route is None or not route.scopes:
            self._limits.count_stranger(request)
            return None
        try:
            principal, tenant = await calls.authenticate(self._directory, self._access, self._origins, request)
        except Refused as refused:
            self._limits.count_stranger(request)
            return errors.refused(refused)
        request.tenant, request.caller = tenant.id, (principal, tenant)
        self._limits.count(request, tenant.id, tenant.rate_limit.a_minute)
        try:
            calls.assert_may(principal, route)
        except Refused as refused:
            return errors.refused(refused)
        return None

    async def handle(self, request: Request, route: Operation) -> Reply:
        """Carry out one request."""
        try:
            if not route.scopes:
                visited: Reply = await route.handler(Visit(self._gateway, self._directory, request))
                return visited
            principal, tenant = request.caller
            call = Call(self._gateway, self._directory, request, principal, tenant)
            reply: Reply = await route.handler(call)
            return reply
        except Invalid as invalid:
            return errors.invalid(invalid)
        except Refused as refused:
            return errors.refused(refused)

    def problem(self, request: Request, problem: Problem) -> Reply:
        """A request that could not be understood, or a fault of ours."""
        return errors.problem(problem)
