"""What surfaces of pages share: no form from another site is taken, and what is wrong is told on a page, too."""

from tillgate.http import surface
from tillgate.http.exchange import Reply, Request
from tillgate.http.problems import Problem
from tillgate.pages import rendering


class Pages(surface.Open):
    """A surface whose routes give HTML, and what that loads."""

    def problem(self, request: Request, problem: Problem) -> Reply:
        """See http.surface.Surface."""
        return rendering.problem(request, problem.status)
