"""The payment button of the phone wallet's API: one script, which merchants' pages load from here (ath_movil.md)."""

from typing import Final

from tillgate.http import surface
from tillgate.http.exchange import Headers, Reply, Request
from tillgate.http.problems import Problem
from tillgate.http.routing import Route
from tillgate.pages import rendering

PATH: Final = "/api/modal/js/athmovil_base.js"
PATHS: Final = (PATH, "/api/js/athmovil_base.js")
"""Where pages load it from; the other is where its first documents have it."""

_FOR_ANYBODY: Final[Headers] = ((b"cross-origin-resource-policy", b"cross-origin"),)
_CACHED: Final = b"public, max-age=300"


class Button(surface.Open):
    """`GET /api/modal/js/athmovil_base.js`, for pages of any origin."""

    name = "button"

    def __init__(self) -> None:
        self.routes = tuple(Route("GET", path, self._script, cross_origin=True) for path in PATHS)

    def problem(self, request: Request, problem: Problem) -> Reply:
        """See http.surface.Surface."""
        return rendering.problem(request, problem.status)

    async def _script(self, request: Request) -> Reply:
        return rendering.static(request, "athmovil_base.js", headers=_FOR_ANYBODY, cache_control=_CACHED)
