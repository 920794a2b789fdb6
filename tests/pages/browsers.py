"""Debian's chromium, and a server in this process for it to open pages of."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import uvicorn
from playwright.async_api import Browser, Page, async_playwright

from tests.surfaces.v1 import shop
from tests.surfaces.v1.shop import Client
from tests.waiting import LONG_SECONDS
from tillgate import asgi
from tillgate.clock import ManualClock
from tillgate.store import migrate


class Stage(msgspec.Struct, frozen=True):
    """A browser, a merchant, the server at which both are, and the time there."""

    browser: Browser
    merchant: Client
    url: str
    clock: ManualClock

    @property
    def shop(self) -> str:
        """Where payers come back to: any page that is there."""
        return f"{self.url}/health?order=7"

    @asynccontextmanager
    async def payer(self, **looks: Any) -> AsyncIterator[Page]:
        """Somebody with a browser of their own."""
        context = await self.browser.new_context(**{"locale": "en-US", **looks})
        context.set_default_timeout(1_000 * LONG_SECONDS)
        try:
            yield await context.new_page()
        finally:
            await context.close()

    async def sent_away(self, **changes: Any) -> tuple[str, str]:
        """A payment that waits for its payer, and the page to which they are sent."""
        card = {**shop.CARD, "number": "4000002500003155"}
        payment = await self.merchant.pay(card=card, **changes)
        url: str = payment["next_action"]["redirect_to_url"]["url"]
        return payment["id"], url.replace(shop.LOCAL, self.url)


@asynccontextmanager
async def stage(home: Path, clock: ManualClock) -> AsyncIterator[Stage]:
    """Everything, running; on leaving, everything closed."""
    await asyncio.to_thread(migrate.migrate, None, home)
    async with shop.open_shop(home, clock=clock) as parts, async_playwright() as playwright:
        # Root has no sandbox of chromium's; what is opened here are pages of ours.
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"], timeout=1_000 * LONG_SECONDS
        )
        listener = asgi.listen("127.0.0.1", 0)
        config = uvicorn.Config(parts.application, ws="none", log_config=None, loop="none", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve([listener]))
        try:
            yield Stage(browser, await shop.merchant(parts), asgi.address_of(listener), clock)
        finally:
            await browser.close()
            server.should_exit = True
            await serving
