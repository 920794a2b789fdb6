"""A payer with a checkout's link and a browser without scripts: what they read, and which forms they send."""

import html
import re
from html.parser import HTMLParser
from typing import Any

import httpx2

from tests.surfaces.checkout.store import Store
from tests.surfaces.v1.shop import LOCAL

CARD = {"number": "4242 4242 4242 4242", "expiry": "12 / 34", "cvc": "123", "name": "Ann Lee"}
SHOP = "https://shop.example/thanks?order=7#top"
SCRIPT = {"accept": "application/json"}


class _Forms(HTMLParser):
    """Every form of a page: where it leads, and its fields with what stands in them."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, str]]] = []
        self.wrong: set[str] = set()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attributes}
        if tag == "form":
            self.forms.append((found["action"], {}))
        if tag == "input" and "name" in found:
            self.forms[-1][1].setdefault(found["name"], found.get("value", ""))
            if found.get("aria-invalid") == "true":
                self.wrong.add(found["name"])


class Page:
    """A page as its reader has it."""

    def __init__(self, answer: httpx2.Response) -> None:
        self.answer = answer
        self.status = answer.status_code
        self.html = answer.text
        read = _Forms()
        read.feed(answer.text)
        self.forms = read.forms
        self.wrong = read.wrong

    @property
    def text(self) -> str:
        """What is read."""
        body = re.sub(r"<(style|template).*?</\1>", " ", self.html.partition("<body>")[2], flags=re.S)
        return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())

    @property
    def heading(self) -> str:
        """What it says first of how things stand."""
        found = re.search(r"<h2[^>]*>(.*?)</h2>", self.html, re.S)
        return html.unescape(found[1]) if found else ""

    def links(self) -> list[str]:
        """Where it leads."""
        return [html.unescape(href) for href in re.findall(r'<a [^>]*href="([^"]*)"', self.html)]

    def form(self, way: str) -> tuple[str, dict[str, str]]:
        """Where a form leads, and what stands in it."""
        return next((action, dict(fields)) for action, fields in self.forms if f"/{way}?" in action)


class Guest:
    """Somebody with a link."""

    def __init__(self, store: Store, opened: dict[str, Any], language: str = "en", peer: str = "127.0.0.1") -> None:
        self.store = store
        self.id = str(opened["id"])
        self.path = str(opened["checkoutUrl"]).removeprefix(LOCAL)
        transport = httpx2.ASGITransport(app=store.parts.application, client=(peer, 50_000))
        headers = {"accept-language": language}
        self.http = httpx2.AsyncClient(transport=transport, base_url=LOCAL, headers=headers)

    async def see(self, path: str = "") -> Page:
        """The page."""
        return Page(await self.http.get(path or self.path))

    async def send(self, way: str, given: dict[str, str], headers: dict[str, str] | None = None) -> httpx2.Response:
        """What comes of sending a form with these fields in it, nothing followed."""
        path, _, query = self.path.partition("?")
        return await self.http.post(f"{path}/{way}?{query}", data=given, headers=headers)

    async def press(self, way: str, **given: str) -> Page:
        """The page after a form of it was filled in and sent."""
        action, fields = (await self.see()).form(way)
        answer = await self.http.post(action, data={**fields, **given})
        if answer.status_code != 303:
            return Page(answer)
        return await self.see(answer.headers["location"])

    async def pay(self, number: str = CARD["number"]) -> Page:
        """The page after a card was tried."""
        return await self.press("card", **{**CARD, "number": number})


async def opened(store: Store, **changes: Any) -> Guest:
    """Somebody with a new link."""
    return Guest(store, await store.open(**{"redirectUrl": SHOP, **changes}))
