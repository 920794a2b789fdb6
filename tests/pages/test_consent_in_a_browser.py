"""Signing in, agreeing and taking back, in a browser: by a phone and by a desktop, by day and by night."""

import base64
import hashlib
import http.server
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.async_api import ConsoleMessage, Error, Page

from tests.pages import browsers
from tests.pages.browsers import Stage
from tests.pages.looks import CONTRASTS, OVERFLOW, assert_accessible
from tests.sizes import at_size
from tillgate.clock import ManualClock
from tillgate.core.instants import SECOND

pytestmark = pytest.mark.anyio

VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")

LOW = """() => [...document.querySelectorAll("button, input:not([type=hidden]):not([type=radio]), label.pick")].filter(
  (element) => element.getBoundingClientRect().height < 44).map((element) => element.outerHTML)"""


LOOKS = [("dark", 320, "de-DE"), ("light", 1_280, "es-ES")]


class _Callback(http.server.BaseHTTPRequestHandler):
    """A native client's own server."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><link rel=icon href=data:,><h1>Back at the app</h1>")

    def log_message(self, *said: object) -> None:
        """It says nothing."""


@contextmanager
def native_client() -> Iterator[str]:
    """A client on this machine, on a port of its own; where it takes people back."""
    with http.server.HTTPServer(("127.0.0.1", 0), _Callback) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/callback"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory, anyio_backend: object) -> AsyncIterator[Stage]:
    """One server and one browser for the tests of the file."""
    async with browsers.stage(tmp_path_factory.mktemp("home"), ManualClock(1_767_225_600 * SECOND)) as made:
        yield made


@pytest.fixture(scope="module")
def callback() -> Iterator[str]:
    """Where a client takes people back."""
    with native_client() as uri:
        yield uri


@pytest.fixture
async def page(stage: Stage) -> AsyncIterator[Page]:
    """A browser in which nothing may go wrong."""
    async with stage.payer(viewport={"width": 390, "height": 844}) as opened:
        messages: list[ConsoleMessage] = []
        errors: list[Error] = []
        opened.on("console", lambda message: messages.append(message))
        opened.on("pageerror", lambda error: errors.append(error))
        yield opened
        said = [message.text for message in messages if not message.location["url"].endswith("/favicon.ico")]
        assert (said, errors) == ([], [])


def request(stage: Stage, callback: str, **changes: str) -> str:
    said = {
        "response_type": "code",
        "client_id": "your_client_id",
        "redirect_uri": callback,
        "scope": "payments offline_access",
        "state": "a b&c=d",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **changes,
    }
    return f"{stage.url}/oauth/authorize?{urlencode(said)}"


async def sign_in(page: Page) -> None:
    await page.locator("#email").fill("demo@example.com")
    await page.locator("#password").fill("demo")
    await page.keyboard.press("Enter")


def returned(page: Page) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


async def test_a_person_signs_in_agrees_is_back_at_the_client_and_takes_it_back(
    stage: Stage, page: Page, callback: str
) -> None:
    await page.goto(request(stage, callback))
    assert await page.title() == "Sign in – Tillgate"
    await sign_in(page)
    await page.get_by_role("heading", name="Allow Demo Client?").wait_for()
    assert "see, take, cancel and refund payments" in await page.inner_text("main")
    await page.get_by_role("button", name="Allow", exact=True).click()
    await page.get_by_role("heading", name="Back at the app").wait_for()
    said = returned(page)
    assert (said["state"], said["iss"], sorted(said)) == ("a b&c=d", stage.url, ["code", "iss", "state"])
    form = {"grant_type": "authorization_code", "code": said["code"], "redirect_uri": callback}
    proof = {"client_id": "your_client_id", "client_secret": "your_client_secret", "code_verifier": VERIFIER}
    answer = await page.request.post(f"{stage.url}/oauth/token", form={**form, **proof})
    assert answer.ok, await answer.text()
    tokens = await answer.json()
    shown = {"authorization": f"Bearer {tokens['access_token']}"}
    assert (await page.request.get(f"{stage.url}/api/payments", headers=shown)).ok
    await page.goto(f"{stage.url}/account")
    await page.get_by_role("button", name="Take back what Demo Client may do").click()
    await page.get_by_text("None.").wait_for()
    stage.clock.advance(SECOND)
    assert (await page.request.get(f"{stage.url}/api/payments", headers=shown)).status == 401
    await page.get_by_role("button", name="Sign out").click()
    await page.get_by_role("heading", name="Sign in").wait_for()
    await page.goto(f"{stage.url}/account")
    assert await page.title() == "Sign in – Tillgate"


async def test_the_keyboard_alone_is_enough_to_disagree(stage: Stage, page: Page, callback: str) -> None:
    await page.goto(request(stage, callback))
    # The cursor is where one begins.
    await page.keyboard.type("demo@example.com")
    await page.keyboard.press("Tab")
    await page.keyboard.type("demo")
    await page.keyboard.press("Enter")
    await page.get_by_role("heading", name="Allow Demo Client?").wait_for()
    focused = []
    for _ in range(3):
        await page.keyboard.press("Tab")
        focused.append(await page.evaluate("document.activeElement.innerText"))
        assert await page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    assert focused == ["Allow", "Do not allow", "That is not me"]
    await page.get_by_role("button", name="Do not allow").press("Enter")
    await page.get_by_role("heading", name="Back at the app").wait_for()
    assert returned(page)["error"] == "access_denied"


@pytest.mark.parametrize(
    ("scheme", "width", "locale"),
    at_size([("dark", 320, "de-DE")], [("dark", 320, "de-DE"), ("light", 1_280, "es-ES")]),
)
async def test_everything_can_be_read_and_pressed(
    stage: Stage, callback: str, scheme: Any, width: int, locale: str
) -> None:
    looks = {"color_scheme": scheme, "viewport": {"width": width, "height": 640}, "locale": locale}
    async with stage.payer(**looks) as page:
        await page.goto(request(stage, callback))
        await page.locator("#email").fill("demo@example.com")
        await page.locator("#password").fill("wrong")
        await page.keyboard.press("Enter")
        await page.get_by_role("alert").wait_for()
        await _can_be_read_and_pressed(page, locale)
        # The cursor is where the mistake is.
        assert await page.evaluate("document.activeElement.id") == "password"
        await page.keyboard.type("demo")
        await page.keyboard.press("Enter")
        await page.locator("button[value=allow]").wait_for()
        await _can_be_read_and_pressed(page, locale)
        await page.locator("button[value=allow]").click()
        await page.get_by_role("heading", name="Back at the app").wait_for()
        await page.goto(f"{stage.url}/account")
        await _can_be_read_and_pressed(page, locale)


async def _can_be_read_and_pressed(page: Page, locale: str) -> None:
    for text, contrast in await page.evaluate(CONTRASTS):
        assert contrast >= 4.5, text
    assert await page.evaluate(LOW) == []
    assert await page.evaluate(OVERFLOW) <= 0
    assert await page.get_attribute("html", "lang") == locale[:2]
    await assert_accessible(page)
