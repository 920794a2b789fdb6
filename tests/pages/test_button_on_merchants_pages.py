"""The payment button on pages of merchants' own: of another origin, strict, styled against it, and changing."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import ConsoleMessage, Page

from tests.pages import browsers
from tests.pages.browsers import Stage
from tests.waiting import eventually
from tillgate.clock import ManualClock
from tillgate.core.instants import SECOND
from tillgate.pages import scripts
from tillgate.sandbox.phone_bank import Choice

pytestmark = pytest.mark.anyio

PHONE = "7871230001"

ORDER = {
    "env": "production",
    "publicToken": "a66ce73d04f2087615f6320b724defc5b4eedc55",
    "timeout": 600,
    "orderType": "",
    "theme": "btn-dark",
    "lang": "es",
    "total": 2.33,
    "subtotal": 1.33,
    "tax": 1,
    "metadata1": "Prueba1.1",
    "metadata2": "Prueba2.2",
    "items": [
        {"name": "Arreglo", "description": "Flores", "quantity": "1", "price": "1.33", "tax": "1", "metadata": ""}
    ],
    "phoneNumber": "+1 (787) 123-0001",
}

# As the API's document has it: what is to be paid is a constant, and comes after the button's script.
SCRIPT = f"""
const told = []
const ATHM_Checkout = {json.dumps(ORDER)}
async function authorizationATHM(given) {{
  told.push(["authorizationATHM", given, await authorization(), await findPaymentATHM()])
}}
const cancelATHM = async (given) => told.push(["cancelATHM", given, await findPaymentATHM()])
"""

HOSTILE = """
* { all: unset !important; font-size: 3px !important; color: red !important }
button, dialog, header, main, input, label, p, div > * { display: none !important; opacity: 0 !important }
button::before, button::after { content: "broken" !important; display: block !important }
"""


@pytest.fixture(scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory, anyio_backend: object) -> AsyncIterator[Stage]:
    """One server and one browser for the tests of the file."""
    clock = ManualClock(1_767_225_600 * SECOND)
    async with browsers.stage(tmp_path_factory.mktemp("home"), clock) as made:
        yield made


@pytest.fixture
async def page(stage: Stage) -> AsyncIterator[Page]:
    """A page on which nothing is complained of."""
    async with stage.payer() as opened:
        messages: list[ConsoleMessage] = []
        opened.on("console", lambda message: messages.append(message))
        yield opened
        assert [message.text for message in messages] == []


BUTTON = scripts.NAMED["athmovil_base.js"]
STRICT = "default-src 'none'; script-src 'self' $; style-src 'self'; connect-src $; form-action 'none'; base-uri 'none'"
STRICTEST = f"{STRICT}; require-trusted-types-for 'script'; trusted-types 'none'"


@asynccontextmanager
async def shop(stage: Stage, html: str, css: str = "", policy: str = STRICTEST) -> AsyncIterator[str]:
    """The address of a merchant's page: of another origin, with a script and a style of its own, strict as can be."""
    policy = policy.replace("$", stage.url)
    app = web.Application()
    for path, text, kind in (
        ("/shop", html, "text/html"),
        ("/shop.css", css, "text/css"),
        ("/shop.js", SCRIPT, "text/javascript"),
    ):

        async def give(request: web.Request, text: str = text, kind: str = kind) -> web.Response:
            return web.Response(text=text, content_type=kind, headers={"content-security-policy": policy})

        app.router.add_get(path, give)
    async with TestServer(app) as server:
        yield str(server.make_url("/shop"))


def tag(stage: Stage) -> str:
    """The button's script, held to what it is."""
    return f'<script src="{stage.url}{BUTTON.path}" integrity="{BUTTON.integrity}" crossorigin="anonymous"></script>'


async def pay(page: Page, stage: Stage) -> None:
    """Press, agree to the number that the page gave, and confirm on the phone."""
    await page.get_by_role("button", name="ATH Móvil").click()
    await confirmed(page, stage)


async def confirmed(page: Page, stage: Stage) -> None:
    """Go on with the number that is there, and confirm on its phone."""
    await page.keyboard.press("Enter")
    await page.locator(".sign").wait_for()
    assert await stage.merchant.parts.phones.choose(PHONE, Choice.CONFIRM) == "done"
    await page.evaluate("dispatchEvent(new Event('focus'))")
    await page.locator("dialog").wait_for(state="detached")


LOOKS = """() => {
  const button = document.querySelector("#ATHMovil_Checkout_Button_payment button")
  const { fontSize, color, backgroundColor, display, opacity } = getComputedStyle(button)
  return [fontSize, color, backgroundColor, display, opacity, getComputedStyle(button, "::after").content]
}"""


async def test_a_strict_page_that_styles_everything_away_has_a_button_that_works(stage: Stage, page: Page) -> None:
    html = f"""<!doctype html><link rel="stylesheet" href="shop.css">
      <div id="ATHMovil_Checkout_Button_payment"><i>Loading…</i></div>{tag(stage)}<script src="shop.js"></script>"""
    async with shop(stage, html, HOSTILE) as url:
        await page.goto(url)
        assert await page.evaluate(LOOKS) == ["17px", "rgb(255, 255, 255)", "rgb(28, 25, 23)", "flex", "1", "none"]
        assert not await page.get_by_text("Loading…").is_visible()
        await pay(page, stage)
        await eventually(lambda: page.evaluate("told.length"))
        ((name, *answers),) = await page.evaluate("told")
        assert name == "authorizationATHM"
        assert answers[0] == answers[1] == answers[2]
        assert (answers[0]["status"], answers[0]["data"]["ecommerceStatus"]) == ("success", "COMPLETED")
        assert await page.get_by_role("status").inner_text() == "Pagado: $2.33. ¡Gracias!"
        # The page is as it was, but for its button.
        left = "document.querySelectorAll('style, [style], body > :not(script, #ATHMovil_Checkout_Button_payment)')"
        assert await page.evaluate(f"{left}.length") == 0


ADD_HOLDER = """document.querySelector("main").append(
  Object.assign(document.createElement("div"), { id: "ATHMovil_Checkout_Button_payment" }))"""
REPLACE_HOLDER = """(holder => holder.replaceWith(holder.cloneNode()))(
  document.getElementById("ATHMovil_Checkout_Button_payment"))"""
EMPTY_HOLDER = "document.getElementById('ATHMovil_Checkout_Button_payment').replaceChildren()"


async def test_the_button_is_there_whenever_and_however_often_its_holder_is(stage: Stage, page: Page) -> None:
    buttons = page.locator("#ATHMovil_Checkout_Button_payment button")
    async with shop(stage, "<!doctype html><title>Shop</title><main></main>", policy=STRICT) as url:
        await page.goto(url)
        for _ in range(2):
            await page.add_script_tag(url=stage.url + BUTTON.paths[0])
        await page.evaluate(ADD_HOLDER)
        await buttons.wait_for()
        assert await buttons.inner_text() == "Pay with ATH Móvil"
        await page.add_script_tag(url="shop.js")
        # What single-page applications do to have the button look again.
        await page.evaluate("dispatchEvent(new Event('load'))")
        assert (await buttons.inner_text(), await buttons.count()) == ("Pagar con ATH Móvil", 1)
        for change in (REPLACE_HOLDER, EMPTY_HOLDER):
            await page.evaluate(change)
            await buttons.wait_for()
        await pay(page, stage)
        await eventually(lambda: page.evaluate("told.length"))
        assert await page.evaluate("told[0][0]") == "authorizationATHM"


async def test_what_the_page_asks_itself_is_answered_as_things_stand(stage: Stage, page: Page) -> None:
    html = (
        f'<!doctype html><div id="ATHMovil_Checkout_Button_payment"></div>{tag(stage)}<script src="shop.js"></script>'
    )
    async with shop(stage, html) as url:
        await page.goto(url)
        for asked in ("authorization", "findPaymentATHM"):
            said: Any = await page.evaluate(f"{asked}().catch((error) => error.message)")
            assert "no payment was begun" in said
        await page.get_by_role("button", name="ATH Móvil").click()
        await page.keyboard.press("Enter")
        await page.locator(".sign").wait_for()
        assert (await page.evaluate("findPaymentATHM()"))["data"]["ecommerceStatus"] == "OPEN"
        await page.keyboard.press("Escape")
        await eventually(lambda: page.evaluate("told.length"))
        ((name, given, found),) = await page.evaluate("told")
        assert (name, given["data"]["ecommerceStatus"], found) == ("cancelATHM", "CANCEL", given)


async def test_the_example_of_the_how_to_takes_a_payment(stage: Stage) -> None:
    text = (Path(__file__).parents[2] / "docs" / "how-to" / "payment-button.md").read_text()
    example = text.partition("```html\n")[2].partition("```")[0].replace("http://127.0.0.1:8000", stage.url)
    anything = "default-src * 'unsafe-inline'"
    async with shop(stage, f"<!doctype html><body>{example}", policy=anything) as url, stage.payer() as page:
        await page.goto(url)
        await page.get_by_role("button", name="Pay with ATH Móvil").click()
        await page.locator("#phone").fill(PHONE)
        async with page.expect_console_message(lambda message: message.text.startswith("paid ")) as said:
            await confirmed(page, stage)
        assert (await said.value).text.endswith(" 2.33")
