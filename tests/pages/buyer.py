"""A buyer with an order's link, and a browser without scripts."""

import json
import re
from typing import Any, Final

import httpx2

from tests.flows.market import Market
from tests.pages.guest import Page
from tests.surfaces.v1.shop import LOCAL
from tillgate.core.payments import Payment
from tillgate.flows import mails, order_links

_FORMS: Final = re.compile(r'name="(step|back)" value="([0-9]+)"')


class Buyer:
    """Whoever holds the link to an order."""

    def __init__(self, market: Market, payment: Payment, language: str = "en", peer: str = "127.0.0.1") -> None:
        self.market = market
        self.payment = payment
        self.path = order_links.path(market.gateway, payment)
        transport = httpx2.ASGITransport(app=market.parts.application, client=(peer, 50_000))
        self.http = httpx2.AsyncClient(transport=transport, base_url=LOCAL, headers={"accept-language": language})

    def at(self, below: str) -> str:
        """An address below the page's, with the link's proof."""
        path, _, query = self.path.partition("?")
        return f"{path}/{below}?{query}"

    async def see(self, below: str = "") -> Page:
        """The page, or one below it."""
        return Page(await self.http.get(self.at(below) if below else self.path))

    async def asked(self, answer: str) -> dict[str, str]:
        """What stands in the form of an answer."""
        page = await self.see(answer)
        assert page.status == 200, page.text
        return dict(_FORMS.findall(page.html))

    async def send(
        self,
        answer: str,
        given: dict[str, str],
        pictures: list[bytes] | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx2.Response:
        """What comes of sending a form, nothing followed."""
        files = [("photographs", (f"{number}.jpg", one, "image/jpeg")) for number, one in enumerate(pictures or [])]
        return await self.http.post(self.at(answer), data=given, files=files or None, headers=headers)

    async def answers(self, answer: str, comment: str = "", pictures: list[bytes] | None = None) -> Page:
        """The page after an answer was given."""
        given = await self.asked(answer)
        said = await self.send(answer, {**given, "comment": comment} if comment else given, pictures)
        return Page(await self.http.get(said.headers["location"])) if said.status_code == 303 else Page(said)


async def mailed(market: Market) -> list[dict[str, Any]]:
    """What the sandbox's inbox shows of the merchant's mails, newest first."""
    while await mails.send_due(market.gateway, market.parts.directory, market.parts.post):
        pass
    transport = httpx2.ASGITransport(app=market.parts.application, client=("127.0.0.1", 50_000))
    async with httpx2.AsyncClient(transport=transport, base_url=LOCAL) as http:
        answer = await http.get(f"/sandbox/mail.json?merchant={market.tenant.id}")
    return list(json.loads(answer.text)["mails"])
