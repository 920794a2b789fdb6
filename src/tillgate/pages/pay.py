"""What a buyer reads whose shop sent a form from which nothing can be paid."""

from tillgate.http.exchange import Reply, Request
from tillgate.pages import rendering


def problem(request: Request, status: int, message: str) -> Reply:
    """A page that says what to do, and `message`, in English, for the shop."""
    return rendering.page(request, "pay_problem.html", status, message=message)
