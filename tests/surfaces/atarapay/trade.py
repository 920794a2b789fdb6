"""A shop, its buyer and its manager, over HTTP alone: forms, the payment page, mails, the APIs, the sandbox's clock."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2

from tests.pages.guest import CARD, Page
from tests.receivers import Got, Receiver
from tests.surfaces.atarapay.market import FORM, FORM_OF_SHOP, ORDER, PAY, done
from tests.waiting import eventually
from tillgate.http import multipart

BACK = "https://shop.example/thanks?from=pay"
DAY_SECONDS = 24 * 60 * 60

Told = tuple[str, str]
"""A notification's status and message."""


class Trade:
    """What is asked of a server, wherever it runs, for one merchant; `pair` and `key` are its keys."""

    def __init__(self, http: httpx2.AsyncClient, merchant: str, pair: str, key: str) -> None:
        self.http = http
        self.merchant = merchant
        self.pair = pair
        self._key = {"authorization": f"Bearer {key}"}

    async def ask(self, path: str, method: str = "POST", **fields: Any) -> httpx2.Response:
        """The shop's own system asks, by a form."""
        whole = {"authtoken": base64.b64encode(self.pair.encode()).decode(), **fields}
        return await self.http.request(method, path, content=urlencode(whole), headers={"content-type": FORM})

    async def api(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """What the first API answers: to a GET, or to a POST where there is a body."""
        method = "GET" if body is None else "POST"
        answer = await self.http.request(method, path, json=body, headers=self._key)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def posts(self, product: str, **changes: Any) -> httpx2.Response:
        """What the buyer's browser is answered to the shop's form for something that comes in ten days."""
        promised = await self.now() + timedelta(days=10)
        form = {"token": self.pair.partition(":")[0], **FORM_OF_SHOP, "order_product_id": product}
        form |= {"delivery_date": promised.strftime("%Y-%m-%d"), "callback_url": BACK, **changes}
        return await self.http.post(PAY, content=urlencode(form), headers={"content-type": FORM, "accept": "text/html"})

    async def buys(self, product: str, **changes: Any) -> int:
        """The order that the buyer has paid for on the page that they were sent to, by its number."""
        led = await self.posts(product, **changes)
        assert led.status_code == 303, led.text
        path = led.headers["location"]
        action, fields = Page(await self.http.get(path)).form("card")
        paid = await self.http.post(action, data={**fields, **CARD})
        assert paid.status_code == 303, paid.text
        (back,) = {link for link in Page(await self.http.get(path)).links() if link.startswith(BACK)}
        said = parse_qs(urlsplit(back).query)
        assert said["product"] == [product]
        return int(said["order"][0])

    async def order(self, number: int) -> dict[str, Any]:
        """How an order stands."""
        return dict(done(await self.ask(ORDER, status="order", order=number), "Order Fetched"))

    async def becomes(self, number: int, title: str) -> dict[str, Any]:
        """The order, once it stands so."""

        async def stands() -> bool:
            return bool((await self.order(number))["status"]["title"] == title)

        await eventually(stands, f"{number} is not {title}")
        return await self.order(number)

    async def delivers(self, number: int) -> None:
        """The shop's system says that it was delivered."""
        phone = FORM_OF_SHOP["phone_number"]
        done(await self.ask(ORDER, status="delivered", order=number, phone_number=phone), "pod_created")

    async def cancels(self, number: int, status: str = "cancelled") -> str:
        """The shop's system cancels, or tells that the buyer does; the message."""
        answer = await self.ask(ORDER, status=status, order=number, comment="So it is")
        return str(answer.json()["message"])

    async def sells(self, number: int, move: str, **said: Any) -> dict[str, Any]:
        """The seller does something in the first API."""
        return await self.api(f"/v1/escrow_orders/{await self.id(number)}/{move}", said)

    async def plays(self, number: int, move: str, **said: Any) -> dict[str, Any]:
        """Somebody else does, in the sandbox."""
        return await self.api(f"/sandbox/escrow_orders/{await self.id(number)}/{move}", said)

    async def answers(self, number: int, kind: str, move: str, comment: str = "", photograph: bytes = b"") -> None:
        """The buyer follows the link in a mail of theirs to the order's page, and answers by its form."""
        page = Page(await self.http.get(await self.link(number, kind)))
        (asking,) = [link for link in page.links() if f"/{move}?" in link]
        action, fields = Page(await self.http.get(asking)).form(move)
        files = {"photographs": ("seen.jpg", photograph, "image/jpeg")} if photograph else None
        given = await self.http.post(action, data=fields | ({"comment": comment} if comment else {}), files=files)
        assert given.status_code == 303, given.text
        answered = Page(await self.http.get(given.headers["location"]))
        assert comment in answered.text
        assert ("/evidence/" in answered.html) == bool(photograph)

    async def id(self, number: int) -> str:
        """What the first API calls an order."""
        return "eo_" + str((await self.order(number))["payment_ref"]).removeprefix("pay_")

    async def link(self, number: int, kind: str) -> str:
        """The link to an order in the mail of this kind to its buyer, once that is there."""
        order = await self.order(number)
        found: list[str] = []

        async def is_there() -> bool:
            inbox = await self.http.get(f"/sandbox/mail.json?merchant={self.merchant}&to={order['buyer_email']}")
            mails = [mail for mail in inbox.json()["mails"] if mail["about"] == order["payment_ref"]]
            found[:] = [link for mail in mails if mail["kind"] == kind for link in mail["links"] if "/orders/" in link]
            return bool(found)

        await eventually(is_there, f"no mail {kind} about {number}")
        return found[0]

    async def now(self) -> datetime:
        """What time it is to the merchant."""
        return datetime.fromtimestamp((await self.api("/sandbox/clock"))["now"], UTC)

    async def passes(self, days: int) -> None:
        """Time, and what happens by itself in it."""
        await self.api("/sandbox/clock", {"advance_by": days * DAY_SECONDS})

        async def is_ready() -> bool:
            return bool((await self.api("/sandbox/clock"))["status"] == "ready")

        await eventually(is_ready, "the clock stands still")


def read(got: Got) -> dict[str, Any]:
    """A notification, with the order as an object."""
    if got.headers["content-type"] == "application/json":
        return dict(json.loads(got.body))
    told = dict(multipart.pairs(multipart.parts(got.headers["content-type"], got.body)))
    return {**told, "data": json.loads(told["data"])}


def notified(receiver: Receiver, path: str, pair: str) -> dict[int, list[Told]]:
    """What was told of each order at an address, each thing once; each time it came, its token proved it."""
    told: dict[int, list[Told]] = {}
    seen: set[str] = set()
    for got in receiver.at(path):
        said = read(got)
        assert list(said) == ["status", "message", "data", "token"]
        order = said["data"]
        proof = f"{pair}:{order['id']}:{order['amount_payed']}"
        assert base64.b64decode(said["token"]).decode() == proof
        if got.headers["webhook-id"] not in seen:
            seen.add(got.headers["webhook-id"])
            told.setdefault(order["id"], []).append((said["status"], said["message"]))
    return told
