"""Attacks on pages in a real browser: what is put into one does not run, what is changed neither, and is heard of."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Page, Route

from tests.pages import browsers, looks
from tests.pages.browsers import Stage
from tests.waiting import LONG_SECONDS
from tillgate import logs
from tillgate.clock import ManualClock
from tillgate.core.instants import MINUTE, SECOND
from tillgate.pages import scripts

pytestmark = pytest.mark.anyio

INJECTED = """
<script>window.ran = (window.ran || []).concat("inline")</script>
<script nonce="guessed">window.ran = (window.ran || []).concat("guessed nonce")</script>
<script src="https://evil.example/x.js"></script>
<script src="/docs/docs.js"></script>
<img src="x" onerror="window.ran = (window.ran || []).concat('handler')">
<iframe srcdoc="<script>parent.ran = ['frame']</script>"></iframe>
<svg><script>window.ran = (window.ran || []).concat("svg")</script></svg>
<a id="link" href="javascript:window.ran=['link']">press</a>
<base href="https://evil.example/">
<form id="away" action="https://evil.example/"></form>
"""
"""What somebody would have run who could write into a page."""


@pytest.fixture(scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory, anyio_backend: object) -> AsyncIterator[Stage]:
    """One server and one browser for the tests of the file."""
    clock = ManualClock(1_767_225_600 * SECOND)
    async with browsers.stage(tmp_path_factory.mktemp("home"), clock) as made:
        yield made


async def changed(page: Page, address: str, to: str, at: str = "</body>") -> None:
    """Have a page arrive with something written into it, under its own headers."""

    async def change(route: Route) -> None:
        answer = await route.fetch()
        body = await answer.text()
        assert at in body
        await route.fulfill(response=answer, body=body.replace(at, to + at, 1))

    await page.route(address, change)


@pytest.mark.parametrize("path", ["/sandbox/shop", "/sign-in"])
async def test_what_is_written_into_a_page_does_not_run(stage: Stage, path: str) -> None:
    async with stage.payer() as page:
        asked: list[str] = []
        await page.route("https://evil.example/**", lambda route: asked.append(route.request.url))
        await changed(page, stage.url + path, INJECTED)
        await page.goto(stage.url + path)
        await page.evaluate("document.getElementById('link').click()")
        await page.evaluate("document.getElementById('away').submit()")
        assert await page.evaluate("window.ran") is None
        assert page.url == stage.url + path
        assert asked == []


async def test_a_script_that_was_changed_does_not_run(stage: Stage) -> None:
    script = scripts.NAMED["phone.js"]
    async with stage.payer() as page:

        async def change(route: Route) -> None:
            await route.fulfill(body=f"window.ran = 1;{script.content.decode()}", content_type="text/javascript")

        await page.route(f"**{script.path}", change)
        async with page.expect_console_message(lambda message: "integrity" in message.text):
            await page.goto(f"{stage.url}/phone")
        assert await page.evaluate("window.ran") is None


INLINE = "document.head.append(Object.assign(document.createElement('script'), { textContent: 'window.ran = 1' }))"


async def test_what_did_not_run_is_heard_of(stage: Stage) -> None:
    heard: asyncio.Queue[dict[str, object]] = asyncio.Queue()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(logs.log, "warning", lambda event, **said: heard.put_nowait(said))
        async with stage.payer() as page:
            stage.clock.advance(MINUTE)  # The other attacks were reported, too.
            _, url = await stage.sent_away()
            await page.goto(url)
            await page.evaluate(INLINE)
            assert await page.evaluate("window.ran") is None
            async with asyncio.timeout(LONG_SECONDS):
                said = await heard.get()
    assert said == {"page": "/sandbox/challenges", "directive": "script-src-elem", "blocked": "inline"}


@pytest.mark.parametrize(("scheme", "width"), [("dark", 320), ("light", 1_280)])
async def test_the_list_of_scripts_can_be_read(stage: Stage, scheme: Any, width: int) -> None:
    async with stage.payer(color_scheme=scheme, viewport={"width": width, "height": 640}) as page:
        await page.goto(f"{stage.url}/scripts")
        await looks.assert_readable(page)
        await looks.assert_accessible(page)
