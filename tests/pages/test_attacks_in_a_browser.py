"""Attacks on pages in a real browser: what is put into one does not run, what is changed neither, and is heard of."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from playwright.async_api import Page, Route

from tests.pages import browsers, card_pages, looks
from tests.pages.browsers import Stage
from tests.sizes import at_size
from tests.waiting import LONG_SECONDS
from tillgate import logs
from tillgate.clock import ManualClock
from tillgate.core.instants import MINUTE, SECOND
from tillgate.flows import profiles
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


CLOBBERED = """<!doctype html><img name="currentScript" src="https://evil.example/js/ateni.js"><div id="card"></div>
$<script>Ateni("pk_test_x").elements().create("card").mount("#card")</script>"""


async def test_an_element_of_the_pages_html_does_not_lead_the_card_fields_elsewhere(stage: Stage) -> None:
    html = CLOBBERED.replace("$", card_pages.tag(stage))
    async with card_pages.site({"/": ("text/html", html)}) as shop, stage.payer() as page:
        await page.route("https://evil.example/**", lambda route: route.abort())
        await page.goto(shop)
        assert await page.evaluate("document.currentScript.src") == "https://evil.example/js/ateni.js"
        assert str(await page.get_attribute("#card iframe", "src")).startswith(f"{stage.url}/elements/card?")


async def framed(stage: Stage, origin: str, path: str) -> bool:
    """Whether the page of an origin holds one of ours in a frame; where not, the browser says why."""
    async with stage.payer() as page:
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        await page.goto(f"{origin}{path}")
        is_there = bool(await page.frames[1].evaluate("document.querySelector('main') !== null"))
        assert is_there != any("frame-ancestors" in text for text in said), said
        return is_there


@asynccontextmanager
async def around(stage: Stage, *paths: str) -> AsyncIterator[str]:
    """A server of somebody's with a page around each of ours, by the same path."""
    pages = {path: f'<!doctype html><title>Shop</title><iframe src="{stage.url}{path}"></iframe>' for path in paths}
    async with card_pages.site({path: ("text/html", html) for path, html in pages.items()}) as url:
        yield url


async def test_pages_of_registered_origins_alone_hold_the_card_fields_in_a_frame(stage: Stage) -> None:
    merchant, key = await card_pages.new_key(stage)
    tenant = (await merchant.parts.directory.identify(key, on_this_machine=True))[1]
    html = f'<!doctype html><title>Shop</title><iframe src="{stage.url}/elements/card?key={key}"></iframe>'
    async with card_pages.site({"/": ("text/html", html)}) as one:
        other = one.replace("127.0.0.1", "localhost")
        for origins, may in (
            ((), [one, other]),
            (("https://shop.example",), []),
            ((other,), [other]),
            ((f"{other}0", "https://shop.example", one), [one]),
        ):
            await profiles.update(merchant.parts.gateway, tenant, {"origins": origins})
            assert [origin for origin in (one, other) if await framed(stage, origin, "/")] == may


async def test_nobody_holds_any_other_page_in_a_frame(stage: Stage) -> None:
    paths = ("/sign-in", "/checkout/none", "/phone", "/scripts", "/docs/errors")
    async with around(stage, *paths) as origin:
        assert [path for path in paths if await framed(stage, origin, path)] == []


@pytest.mark.parametrize(("scheme", "width"), at_size([("dark", 320)], [("dark", 320), ("light", 1_280)]))
async def test_the_list_of_scripts_can_be_read(stage: Stage, scheme: Any, width: int) -> None:
    async with stage.payer(color_scheme=scheme, viewport={"width": width, "height": 640}) as page:
        await page.goto(f"{stage.url}/scripts")
        await looks.assert_readable(page)
        await looks.assert_accessible(page)
