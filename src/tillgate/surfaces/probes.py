"""Probes: whether the process is alive, whether it can do its work, and what it has to tell of it."""

from collections.abc import Iterable

import msgspec

from tillgate import metrics
from tillgate.core.instants import SECOND
from tillgate.flows.gateway import Gateway
from tillgate.http import surface
from tillgate.http.addresses import Networks
from tillgate.http.exchange import Reply, Request
from tillgate.http.problems import NotFound, Problem
from tillgate.http.routing import Route
from tillgate.metrics import Level
from tillgate.store import backlog, readiness


class Probes(surface.Open):
    """`GET /health` and `GET /ready` for supervisors and load balancers, `GET /metrics` for Prometheus.

    The metrics tell what a merchant earns: only `readers`, addresses and networks, get them, and nobody behind a proxy
    that is not trusted. To all others there is nothing.
    """

    name = "probes"

    def __init__(self, gateway: Gateway, readers: Iterable[str] = ()) -> None:
        self._gateway = gateway
        self._readers = Networks(readers)
        self.routes = (
            Route("GET", "/health", self._health),
            Route("GET", "/ready", self._ready),
            Route("GET", "/metrics", self._metrics),
        )

    def problem(self, request: Request, problem: Problem) -> Reply:
        """See http.surface.Surface."""
        return Reply(problem.status, b'{"status":"error"}')

    async def _health(self, request: Request) -> Reply:
        return Reply(200, b'{"status":"alive"}')

    async def _ready(self, request: Request) -> Reply:
        if (trouble := await readiness.trouble(self._gateway.store)) is not None:
            return Reply(503, msgspec.json.encode({"status": trouble}))
        return Reply(200, b'{"status":"ready"}')

    async def _metrics(self, request: Request) -> Reply:
        if not request.is_direct or not self._readers.hold(request.client):
            raise NotFound
        levels = [Level("tillgate_database_ready", "Whether the database can be worked with.", 0)]
        if await readiness.trouble(self._gateway.store) is None:
            levels = await self._levels()
        return Reply(200, metrics.exposition(levels), content_type=metrics.CONTENT_TYPE)

    async def _levels(self) -> list[Level]:
        """What the database tells, the same whichever server is asked."""
        waiting = await backlog.backlog(self._gateway.store, self._gateway.clock.wall())
        return [
            Level("tillgate_database_ready", "Whether the database can be worked with.", 1),
            Level("tillgate_in_doubt", "Attempts of which nobody knows what became of them.", waiting.in_doubt),
            Level(
                "tillgate_in_doubt_oldest_seconds",
                "How long the oldest attempt has been in doubt.",
                waiting.in_doubt_for / SECOND,
            ),
            Level("tillgate_timers_overdue", "Timers whose time has come.", waiting.timers_overdue),
            Level(
                "tillgate_timers_overdue_oldest_seconds",
                "How long the oldest timer has been due.",
                waiting.timers_overdue_for / SECOND,
            ),
            Level("tillgate_outbox_events", "Events not handed to deliveries yet.", waiting.events_to_fan_out),
            Level("tillgate_deliveries_due", "Webhooks whose time to be sent has come.", waiting.deliveries_due),
            Level(
                "tillgate_deliveries_due_oldest_seconds",
                "How long the oldest webhook has been due.",
                waiting.deliveries_due_for / SECOND,
            ),
        ]
