"""Probes: whether the process is alive, and whether it can do its work."""

from tillgate.http.exchange import Reply, Request
from tillgate.http.problems import Problem
from tillgate.http.routing import Route
from tillgate.store import readiness
from tillgate.store.database import Store


class Probes:
    """`GET /health` and `GET /ready`, for supervisors and load balancers."""

    name = "probes"

    def __init__(self, store: Store) -> None:
        self._store = store
        self.routes = (Route("GET", "/health", self._health), Route("GET", "/ready", self._ready))

    async def admit(self, request: Request, route: Route | None) -> Reply | None:
        """See http.surface.Surface: anybody may ask."""
        return None

    async def handle(self, request: Request, route: Route) -> Reply:
        """See http.surface.Surface."""
        reply: Reply = await route.handler()
        return reply

    def problem(self, request: Request, problem: Problem) -> Reply:
        """See http.surface.Surface."""
        return Reply(problem.status, b'{"status":"error"}')

    async def _health(self) -> Reply:
        return Reply(200, b'{"status":"alive"}')

    async def _ready(self) -> Reply:
        if await readiness.is_ready(self._store):
            return Reply(200, b'{"status":"ready"}')
        return Reply(503, b'{"status":"the database does not answer"}')
