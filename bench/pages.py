"""The payment page: how many a second beside a bare server with the same bytes, what it weighs, when it paints."""

import asyncio
import shutil
from contextlib import ExitStack
from pathlib import Path

import msgspec
from playwright.async_api import Browser, async_playwright

from bench import cluster, load, payments, runs, server
from bench.load import Load, Report
from bench.runs import Run
from bench.server import Server
from tests.postgres import Cluster

PAGE = "payment pages, PostgreSQL"
SQLITE = "payment pages, SQLite"
BARE = "the same bytes, bare server"

ORDERS = 200
"""How many payments' pages are asked for in turn."""

PAINTS = 15
"""How often a page is opened to see when it paints, by a browser that has nothing of it."""

_SEEN = """async () => {
  const paint = await new Promise((resolve) => new PerformanceObserver((list) => {
    const found = list.getEntriesByName("first-contentful-paint")
    if (found.length) resolve(found[0])
  }).observe({ type: "paint", buffered: true }))
  const [page] = performance.getEntriesByType("navigation")
  const files = performance.getEntriesByType("resource")
  return [paint.startTime - page.responseEnd, [page, ...files].reduce((sum, one) => sum + one.transferSize, 0)]
}"""
"""From the end of the answer to the first paint of anything that is read (Paint Timing), and all bytes on the wire."""


Seen = tuple[float, int]
"""Milliseconds from the answer to the first paint, and bytes."""


class Result(msgspec.Struct, frozen=True):
    """All runs by contender; milliseconds from the answer to the first paint, and bytes transferred, each time.

    `bare_paints` are those of the same page by the bare server: what the browser takes on this machine for its style.
    """

    runs: dict[str, list[Run]]
    paints: list[float]
    bare_paints: list[float]
    bytes: list[int]


def measure(running: Cluster, folder: Path, *, rounds: int, seconds: float) -> Result:
    """Pages answered in a second by one process on either database, and what a browser makes of one."""
    with ExitStack() as stack:
        contenders, bodies = {}, []
        for name in (PAGE, SQLITE):
            books = payments.books_of(payments.SQLITE if name == SQLITE else name, stack, running, folder)
            served = stack.enter_context(server.tillgate(books.data, books.database))
            urls = _ordered(served)
            bodies.append(served.ask(urls[0].removeprefix(served.address)))
            postmaster = cluster.process(running) if books.database else None
            contenders[name] = runs.of_server(served, _pages(urls), postmaster)
        answer = folder / "page.html"
        answer.write_bytes(bodies[0])
        bare = stack.enter_context(server.reference(answer))
        contenders[BARE] = runs.of_server(bare, _pages([f"{bare.address}/checkout"]))
        taken = runs.interleaved(contenders, rounds, seconds, warm_up_seconds=2)
        seen = asyncio.run(_looked_at(urls[:PAINTS], f"{bare.address}/checkout"))
        paints, bare_paints = [one[0] for one, _ in seen], [other[0] for _, other in seen]
        return Result(taken, paints, bare_paints, [one[1] for one, _ in seen])


def _ordered(served: Server) -> list[str]:
    """Pages of payments that wait to be paid."""
    order = {"amount": 10_000, "currency": "usd", "description": "Order 1234", "success_url": "https://shop.example"}
    made = (served.ask("/v1/checkout/sessions", order, f"order-{number}") for number in range(ORDERS))
    return [str(msgspec.json.decode(one)["url"]) for one in made]


def _pages(urls: list[str]) -> Load:
    def ask(address: str, seconds: float) -> Report:
        return load.paths(address, [url.removeprefix(address) for url in urls], seconds)

    return ask


async def _looked_at(urls: list[str], bare: str) -> list[tuple[Seen, Seen]]:
    """What is seen of each page, and right after it of the bare server's."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        try:
            # What the browser itself does the first time is none of the page's.
            await _seen(browser, urls[0])
            return [(await _seen(browser, url), await _seen(browser, bare)) for url in urls]
        finally:
            await browser.close()


async def _seen(browser: Browser, url: str) -> Seen:
    context = await browser.new_context(viewport={"width": 390, "height": 844})
    try:
        page = await context.new_page()
        await page.goto(url)
        paint, size = await page.evaluate(_SEEN)
        return float(paint), int(size)
    finally:
        await context.close()
