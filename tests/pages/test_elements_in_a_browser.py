"""Cards taken on merchants' own pages: paid, declined, confirmed at the bank, and asked for once whatever happens."""

from collections.abc import AsyncIterator
from typing import Any, Literal

import pytest
from playwright.async_api import Route

from tests.pages import browsers, card_pages, looks
from tests.pages.browsers import Stage
from tests.pages.card_pages import Till
from tests.sizes import at_size
from tests.waiting import eventually
from tillgate.clock import ManualClock
from tillgate.core.instants import SECOND

pytestmark = pytest.mark.anyio

SCHEMES: tuple[Literal["light", "dark"], ...] = at_size(("dark",), ("dark", "light"))
CONFIRM = "**/v1/payment_intents/*/confirm"


@pytest.fixture(scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory, anyio_backend: object) -> AsyncIterator[Stage]:
    """One server and one browser for the tests of the file."""
    clock = ManualClock(1_767_225_600 * SECOND)
    async with browsers.stage(tmp_path_factory.mktemp("home"), clock) as made:
        yield made


@pytest.fixture
async def till(stage: Stage) -> AsyncIterator[Till]:
    """A merchant's page on which nothing is complained of."""
    async with card_pages.till(stage) as made:
        yield made


async def test_who_has_a_keyboard_alone_pays(till: Till) -> None:
    page = till.page
    await page.evaluate("(given) => { secret = given }", await till.intent())
    await page.evaluate("card.focus()")
    await till.fields.locator("#number:focus").wait_for()
    await page.keyboard.type("4242424242424242")
    await page.keyboard.press("Tab")
    await page.keyboard.type("1234")
    await page.keyboard.press("Tab")
    await page.keyboard.type("123")
    assert await till.fields.get_by_test_id("card-expiry").input_value() == "12 / 34"
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.textContent") == "Pay"
    await page.keyboard.press("Shift+Tab")
    # Enter in a field sends the form that the fields are in.
    await page.keyboard.press("Enter")
    await eventually(lambda: page.evaluate("results.length"))
    (result,) = await page.evaluate("results")
    assert result["paymentIntent"]["status"] == "succeeded"
    assert await till.charged() == 1
    told = await page.evaluate("told")
    assert [event for event, _ in told if event != "change"] == ["ready", "focus", "blur", "focus"]
    last = [detail for event, detail in told if event == "change"][-1]
    assert last == {"elementType": "card", "complete": True, "empty": False, "brand": "visa"}


async def test_who_is_declined_is_told_why_and_pays_with_another(till: Till) -> None:
    secret = await till.intent()
    assert await till.fill("insufficient_funds") == {}
    error = (await till.confirm(secret))["error"]
    assert (error["type"], error["code"], error["param"]) == ("card_error", "insufficient_funds", None)
    assert error["payment_intent"]["status"] == "requires_payment_method"
    await till.fill("mastercard")
    assert (await till.confirm(secret))["paymentIntent"]["status"] == "succeeded"
    assert await till.charged() == 1


async def test_what_is_missing_is_said_below_its_field_and_nothing_is_asked(till: Till) -> None:
    asked: list[str] = []
    till.page.on("request", lambda request: asked.append(request.url) if "/v1/" in request.url else None)
    await till.fill({"number": "4242424242424241", "cvc": "12"})
    error = (await till.confirm(await till.intent()))["error"]
    assert (error["type"], error["code"], error["param"]) == ("validation_error", "invalid_number", "number")
    assert asked == []
    number = till.fields.get_by_test_id("card-number")
    assert await number.get_attribute("aria-invalid") == "true"
    assert (
        error["message"] == await till.fields.locator(f"#{await number.get_attribute('aria-describedby')}").inner_text()
    )
    assert (
        await till.fields.get_by_test_id("card-cvc-error").inner_text()
        == "Enter the three digits on the back of the card."
    )
    assert await till.fields.get_by_test_id("card-expiry-error").inner_text() == ""
    await till.fields.locator("#number:focus").wait_for()


async def test_who_is_confirmed_at_the_bank_pays_without_leaving_the_page(till: Till) -> None:
    await till.fill("three_d_secure")
    await till.begin(await till.intent(), return_url=f"{till.stage.shop}")
    code = till.bank.locator("#code")
    await code.fill("123456")
    assert await till.page.evaluate("document.activeElement.dataset.testid") == "ateni-overlay"
    # What is behind the window cannot be reached.
    await till.page.evaluate("document.querySelector('#order button').focus()")
    assert await till.page.evaluate("document.activeElement.dataset.testid") == "ateni-overlay"
    await till.bank.get_by_role("button", name="Approve").click()
    assert (await till.end())["paymentIntent"]["status"] == "succeeded"
    assert await till.page.get_by_test_id("ateni-overlay").count() == 0
    assert await till.charged() == 1


async def test_who_says_no_at_the_bank_has_not_paid(till: Till) -> None:
    secret = await till.intent()
    for way in ("This was not me", "Cancel"):
        await till.fill("three_d_secure")
        await till.begin(secret)
        await till.bank.get_by_role("button", name=way).click()
        error = (await till.end())["error"]
        assert (error["type"], error["code"]) == ("card_error", "authentication_failed")
        assert error["payment_intent"]["status"] == "requires_payment_method"
        assert await till.page.get_by_test_id("ateni-overlay").count() == 0
    assert await till.charged() == 0


async def test_who_closes_the_window_has_not_paid_and_may_pay_anew(till: Till) -> None:
    page, secret = till.page, await till.intent()
    close = page.get_by_role("button", name="Close")
    for way in ("Escape at the bank", "Escape", "Close"):
        await till.fill("three_d_secure")
        await till.begin(secret)
        await till.bank.locator("#code").wait_for()
        await (till.bank.locator("#code") if way == "Escape at the bank" else close).focus()
        await page.keyboard.press("Enter" if way == "Close" else "Escape")
        error = (await till.end())["error"]
        assert (error["type"], error["code"]) == ("card_error", "authentication_failed")
        assert "Nothing was charged" in error["message"]
        # Nobody waits for the bank any more, nor believes it.
        assert error["payment_intent"]["status"] == "requires_confirmation"
        assert error["payment_intent"]["next_action"] is None
    assert await till.charged() == 0
    await till.fill("visa")
    assert (await till.confirm(secret))["paymentIntent"]["status"] == "succeeded"
    assert await till.charged() == 1


async def test_a_bank_elsewhere_is_gone_to_and_come_back_from(till: Till) -> None:
    async def elsewhere(route: Route) -> None:
        answer = await route.fetch()
        told = (await answer.json()) | {
            "next_action": {"redirect_to_url": {"url": "http://localhost:1/", "return_url": "x"}}
        }
        await route.fulfill(response=answer, json=told)

    await till.page.route(CONFIRM, elsewhere)
    await till.page.route("http://localhost:1/", lambda route: route.fulfill(body="The bank"))
    await till.fill("three_d_secure")
    await till.begin(await till.intent(), return_url=till.stage.shop)
    await till.page.wait_for_url("http://localhost:1/")


async def test_who_presses_twice_pays_once(till: Till) -> None:
    asked: list[str] = []
    till.page.on("request", lambda request: asked.append(request.url) if request.method == "POST" else None)
    secret = await till.intent()
    await till.fill("visa")
    results = await till.page.evaluate(
        """(secret) => Promise.all([1, 2, 3].map(() =>
          ateni.confirmCardPayment(secret, { payment_method: { card } })))""",
        secret,
    )
    assert [result["paymentIntent"]["status"] for result in results] == ["succeeded"] * 3
    assert len(asked) == 1
    again = (await till.confirm(secret))["error"]
    assert again["code"] == "payment_intent_unexpected_state"
    assert await till.charged() == 1


async def test_who_loses_the_connection_while_paying_pays_once_and_is_told_so(till: Till) -> None:
    keys: list[str | None] = []

    async def lose(route: Route) -> None:
        keys.append(route.request.headers.get("idempotency-key"))
        if len(keys) < 3:
            # The first never arrives, of the second the answer does not.
            if len(keys) == 2:
                await route.fetch()
            await route.abort()
        else:
            await route.continue_()

    await till.page.route(CONFIRM, lose)
    await till.fill("visa")
    assert (await till.confirm(await till.intent()))["paymentIntent"]["status"] == "succeeded"
    assert len(keys) == 3
    assert len(set(keys)) == 1
    assert await till.charged() == 1


async def test_who_never_gets_an_answer_is_told_that_nobody_knows(stage: Stage) -> None:
    async with card_pages.till(stage) as till:
        page = till.page
        await till.fill("visa")
        await page.route(CONFIRM, lambda route: route.abort())
        await page.clock.install()
        secret = await till.intent()
        # Answers of the frame go by its own clock, which is the page's.
        await page.evaluate(
            """(secret) => {
              ateni.confirmCardPayment(secret, { payment_method: { card } }).then((one) => results.push(one))
            }""",
            secret,
        )
        while not await page.evaluate("results.length"):
            await page.clock.run_for(5_000)
        (result,) = await page.evaluate("results")
        assert (result["error"]["type"], result["error"]["code"]) == ("api_connection_error", "connection_lost")
        assert "not known" in result["error"]["message"]
        await page.unroute(CONFIRM)
        known = await page.evaluate("(secret) => ateni.retrievePaymentIntent(secret)", secret)
        assert known["paymentIntent"]["status"] == "requires_payment_method"


async def test_everything_else_that_a_page_may_call(till: Till) -> None:
    page = till.page
    await till.fill("amex")
    token = (await page.evaluate("ateni.createToken(card)"))["token"]
    assert (token["object"], token["card"]["last4"]) == ("token", "0005")
    method: dict[str, Any] = (
        await page.evaluate("ateni.createPaymentMethod({ type: 'card', card, billing_details: { name: 'John Doe' } })")
    )["paymentMethod"]
    assert method["billing_details"]["name"] == "John Doe"
    paid = await page.evaluate(
        "([secret, id]) => ateni.confirmCardPayment(secret, { payment_method: id })",
        [await till.intent(), method["id"]],
    )
    assert paid["paymentIntent"]["payment_method"] == method["id"]
    paid = await page.evaluate(
        "([secret, token]) => ateni.confirmCardPayment(secret, { payment_method: { card: { token } } })",
        [await till.intent(), token["id"]],
    )
    assert paid["paymentIntent"]["status"] == "succeeded"
    customer = (await till.merchant.post("/customers", {"email": "john@shop.example"})).json()["id"]
    setup = (await till.merchant.post("/setup_intents", {"customer": customer})).json()["client_secret"]
    kept = await page.evaluate("(secret) => ateni.confirmCardSetup(secret, { payment_method: { card } })", setup)
    assert kept["setupIntent"]["status"] == "succeeded"
    assert (await page.evaluate("(secret) => ateni.retrieveSetupIntent(secret)", setup))["setupIntent"] == kept[
        "setupIntent"
    ]
    await till.fill("three_d_secure")
    secret = await till.intent()
    left = await page.evaluate(
        "(secret) => ateni.confirmCardPayment(secret, { payment_method: { card } }, { handleActions: false })", secret
    )
    assert left["paymentIntent"]["status"] == "requires_action"
    await page.evaluate("(secret) => { window.confirmed = ateni.handleNextAction(secret) }", secret)
    await till.bank.locator("#code").fill("123456")
    await page.keyboard.press("Enter")
    assert (await till.end())["paymentIntent"]["status"] == "succeeded"


async def test_who_is_led_to_a_checkout_session_is_on_its_page(till: Till) -> None:
    lines = [{"quantity": 1, "price_data": {"currency": "usd", "unit_amount": 2000, "product_data": {"name": "Book"}}}]
    asked = {"mode": "payment", "line_items": lines, "success_url": "https://shop.example/done"}
    session = await till.merchant.post("/checkout/sessions", asked)
    assert session.status_code == 200, session.text
    await till.page.evaluate("(sessionId) => { ateni.redirectToCheckout({ sessionId }) }", session.json()["id"])
    await till.page.wait_for_url(f"{till.stage.url}/checkout/**")


WRONG = {
    "ateni.confirmCardPayment('nonsense', { payment_method: { card } })": "client_secret",
    "ateni.confirmCardPayment(undefined)": "client_secret",
    "ateni.confirmCardPayment('pi_1_secret_1', { payment_method: { card: { number: '42' } } })": "payment_method.card",
    "ateni.createToken({ number: '4242424242424242' })": "card",
    "ateni.createPaymentMethod()": "type",
    "ateni.redirectToCheckout()": "sessionId",
    "ateni.test.fill('gold')": "card",
    "(card.unmount(), ateni.createToken(card))": "payment_method.card",
}
"""What a page may get wrong, and which parameter it is then told of."""


async def test_what_a_page_calls_in_a_wrong_way_is_told_and_not_thrown(till: Till) -> None:
    for call, param in WRONG.items():
        error = (await till.page.evaluate(call))["error"]
        assert (error["type"], error["param"]) == ("invalid_request_error", param)
    thrown = "(call) => { try { call() } catch (error) { return error.name } }"
    for call in (
        "Ateni('sk_test_1')",
        "Ateni()",
        "ateni.elements().create('iban')",
        "card.mount('#nowhere')",
        "card.on('x')",
    ):
        assert await till.page.evaluate(f"({thrown})(() => {call})") == "TypeError"


async def test_several_elements_on_a_page_are_each_their_own(stage: Stage) -> None:
    more = """const other = ateni.elements({ locale: "de", appearance: { theme: "dark", variables: {
        colorPrimary: "#ff0000", fontSize: "20px", borderRadius: 0, colorText: "red;}body{display:none" } } })
        .create("card", { postalCode: true })
      other.mount(document.querySelector("#other"))"""
    async with card_pages.till(stage, after=more, body=f"{card_pages.BODY}<div id=other></div>") as till:
        page = till.page
        second = page.frame_locator("#other iframe")
        warned: list[str] = []
        page.on("console", lambda message: warned.append(message.text))
        await second.get_by_label("Kartennummer").wait_for()
        await page.evaluate("Promise.all([ateni.test.fill('visa', card), ateni.test.fill('amex', other)])")
        assert await till.fields.locator("#number").input_value() == "4242 4242 4242 4242"
        assert await second.locator("#number").input_value() == "3782 822463 10005"
        assert await second.locator("[data-brand] span").inner_text() == "American Express"
        await second.get_by_label("Postleitzahl").fill("")
        wrong = await page.evaluate("ateni.createToken(other)")
        assert (wrong["error"]["code"], wrong["error"]["message"]) == (
            "incomplete_postal_code",
            "Gib die Postleitzahl ein.",
        )
        await second.get_by_label("Postleitzahl").fill("10115")
        made = await page.evaluate("ateni.createPaymentMethod({ type: 'card', card: other })")
        assert made["paymentMethod"]["billing_details"]["address"]["postal_code"] == "10115"
        assert (await page.evaluate("ateni.createToken(card)"))["token"]["card"]["brand"] == "visa"
        styled = "(e) => [getComputedStyle(e).fontSize, getComputedStyle(e).borderRadius, getComputedStyle(e).color]"
        assert await second.locator("#number").evaluate(styled) == ["20px", "0px", "rgb(237, 241, 248)"]
        await page.evaluate("other.update({ disabled: true })")
        await second.locator("#number:disabled").wait_for()
        await page.evaluate("other.clear()")
        assert await page.evaluate("document.querySelectorAll('iframe').length") == 2
        await page.evaluate("other.destroy()")
        assert await page.evaluate("document.querySelectorAll('iframe').length") == 1


async def test_the_fields_and_the_window_are_for_everybody(stage: Stage) -> None:
    looked = {"viewport": {"width": 360, "height": 740}, "locale": "es-PR"}
    async with card_pages.till(stage, given={"options": {"postalCode": True}}, looks=looked) as till:
        fields = till.frame()
        assert await till.page.locator("#card iframe").get_attribute("title") == "Datos de la tarjeta"
        await looks.assert_accessible(fields)
        await till.page.evaluate("ateni.createToken(card)")
        assert await till.fields.get_by_role("alert").all_inner_texts() != [""] * 4
        for scheme in SCHEMES:
            await till.page.emulate_media(color_scheme=scheme)
            await looks.assert_accessible(fields)
        assert await fields.evaluate(looks.OVERFLOW) <= 0
        await till.fill("three_d_secure")
        await till.begin(await till.intent())
        await till.bank.locator("#code").wait_for()
        for scheme in SCHEMES:
            await till.page.emulate_media(color_scheme=scheme)
            await looks.assert_accessible(till.page)


async def test_the_caret_stays_where_somebody_types(till: Till) -> None:
    number, expiry = till.fields.get_by_test_id("card-number"), till.fields.get_by_test_id("card-expiry")
    press, place = till.page.keyboard.press, "(input) => [input.value, input.selectionStart]"
    await number.press_sequentially("42424242")
    for _ in range(4):
        await press("ArrowLeft")
    await press("Backspace")
    await press("Backspace")
    assert await number.evaluate(place) == ["4244 242", 3]
    await till.page.keyboard.type("55")
    assert await number.evaluate(place) == ["4245 5424 2", 6]
    await expiry.press_sequentially("3/30")
    assert await expiry.input_value() == "03 / 30"
    for shown in ("03 / 3", "03", "0", ""):
        await press("Backspace")
        assert await expiry.input_value() == shown
