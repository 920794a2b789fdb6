"""The page on which payers come back from a page of their bank; it sends them on to the merchant's, if there is one."""

from tillgate.core.reasons import Refused
from tillgate.flows import returns
from tillgate.flows.directory import Directory
from tillgate.flows.gateway import Gateway
from tillgate.http.exchange import Reply, Request
from tillgate.http.problems import NotFound
from tillgate.http.routing import Route
from tillgate.pages import rendering, site


class Returns(site.Pages):
    """`GET /returns/{tenant}/{attempt}/{proof}`: as often as one likes, and always by how things stand."""

    name = "returns"

    def __init__(self, gateway: Gateway, directory: Directory) -> None:
        self._gateway = gateway
        self._directory = directory
        self.routes = (Route("GET", "/returns/{tenant}/{attempt}/{proof}", self._take),)

    async def _take(self, request: Request) -> Reply:
        named = request.parameters
        try:
            taken = await returns.take(
                self._gateway, self._directory, named["tenant"], named["attempt"], named["proof"]
            )
        except Refused as refused:
            raise NotFound("Nobody was sent away with this link.") from refused
        if taken.goes_to is not None:
            return Reply(303, headers=((b"location", taken.goes_to.encode()), (b"referrer-policy", b"no-referrer")))
        status = taken.status.value
        about_card = taken.amount is None and status != "pending"
        return rendering.page(
            request,
            "outcome.html",
            outcome=status,
            text=f"{status}_card_text" if about_card else f"{status}_text",
            sign=status,
            merchant=taken.merchant,
            amount=taken.amount.formatted() if taken.amount else None,
            goes_to=None,
            is_over=False,
        )
