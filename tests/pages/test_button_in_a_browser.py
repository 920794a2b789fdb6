"""The payment button in a browser: at the sample shop, and on pages of merchants' own."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Error, Page, Request, Route

from tests.pages import browsers, looks
from tests.pages.browsers import Stage
from tests.sizes import at_size
from tests.waiting import eventually
from tillgate.clock import ManualClock
from tillgate.core.instants import MINUTE, SECOND
from tillgate.pages import shop
from tillgate.sandbox.phone_bank import Choice

pytestmark = pytest.mark.anyio

API = "**/api/business-transaction/ecommerce"
PHONE = "7871234567"
TOTAL = 584
"""What the shop's order costs as it is shown first, in cents."""


@pytest.fixture(scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory, anyio_backend: object) -> AsyncIterator[Stage]:
    """One server and one browser for the tests of the file."""
    clock = ManualClock(1_767_225_600 * SECOND)
    async with browsers.stage(tmp_path_factory.mktemp("home"), clock) as made:
        yield made


class Customer:
    """Somebody at a shop, and what their browser asked the API for."""

    def __init__(self, stage: Stage, page: Page) -> None:
        self.stage = stage
        self.page = page
        self.asked: list[str] = []
        self.errors: list[Error] = []
        page.on("request", self._note)
        page.on("pageerror", lambda error: self.errors.append(error))

    def _note(self, request: Request) -> None:
        if "/ecommerce/" in request.url and request.method != "OPTIONS":
            self.asked.append(request.url.rpartition("/")[2])

    @property
    def balance(self) -> int:
        """What is in the wallet."""
        return self.stage.merchant.parts.phones.wallet(PHONE).balance

    async def goes_in(self) -> None:
        """Open the sample shop."""
        await self.page.goto(self.stage.url + shop.PATH)

    async def presses(self) -> None:
        """Press the button."""
        await self.page.get_by_role("button", name="ATH Móvil").click()

    async def gives(self, phone: str) -> None:
        """Say which phone, and go on."""
        await self.page.locator("#phone").fill(phone)
        await self.page.keyboard.press("Enter")

    async def is_asked(self, phone: str = PHONE) -> None:
        """As far as to where the phone rings."""
        await self.presses()
        await self.gives(phone)
        await self.page.locator(".sign").wait_for()

    async def chooses(self, choice: Choice = Choice.CONFIRM) -> None:
        """Take up the phone, then look at the shop again."""
        assert await self.stage.merchant.parts.phones.choose(PHONE, choice) == "done"
        await self.looks_again()

    async def looks_again(self) -> None:
        """Come back to the shop's window."""
        await self.page.evaluate("dispatchEvent(new Event('focus'))")

    async def is_told(self, outcome: str) -> str:
        """What the page shows when one of its functions was called, and the window is gone."""
        await self.page.locator(f"#{outcome}").wait_for()
        assert await self.page.locator("dialog").count() == 0
        return await self.page.locator(f"#{outcome}").inner_text()


@pytest.fixture
async def customer(stage: Stage) -> AsyncIterator[Customer]:
    """A customer at the sample shop, in whose browser no script may fail."""
    async with stage.payer() as page:
        made = Customer(stage, page)
        await made.goes_in()
        yield made
        assert made.errors == []


async def test_who_confirms_on_the_phone_has_paid_and_the_page_is_told(customer: Customer) -> None:
    page, before = customer.page, customer.balance
    async with page.context.expect_page() as opened:
        await page.get_by_role("link", name="Open the phone").click()
    phone = await opened.value
    await phone.locator("#number").fill(PHONE)
    await phone.keyboard.press("Enter")
    await customer.is_asked("(787) 123-4567")
    assert "(787) 123-4567" in await page.locator("dialog").inner_text()
    await phone.get_by_role("button", name="Confirm: $5.84").click()
    told = await customer.is_told("paid")
    assert "$5.84" in told
    assert "0001" in told
    assert customer.balance == before - TOTAL
    assert await page.get_by_role("status").filter(has_text="Paid: $5.84").count() == 1
    # The page has asked again, and was answered what was answered already.
    assert customer.asked.count("authorization") == customer.asked.count("payment") == 1


async def test_who_declines_on_the_phone_has_not(customer: Customer) -> None:
    before = customer.balance
    await customer.is_asked()
    await customer.chooses(Choice.DECLINE)
    assert "CANCEL" in await customer.is_told("canceled")
    assert customer.balance == before


async def test_when_nobody_confirms_in_time_the_page_is_told_so(customer: Customer, stage: Stage) -> None:
    await customer.is_asked()
    stage.clock.advance(10 * MINUTE)
    await customer.looks_again()
    assert "CANCEL" in await customer.is_told("expired")


@pytest.mark.parametrize(
    ("way", "when"), [("Cancel payment", "at once"), ("Escape", "at once"), ("Close", "later"), ("Escape", "later")]
)
async def test_closing_the_window_cancels_the_ticket(customer: Customer, way: str, when: str) -> None:
    await (customer.presses() if when == "at once" else customer.is_asked())
    if way == "Escape":
        await customer.page.keyboard.press("Escape")
    else:
        await customer.page.get_by_role("button", name=way).click()
    assert "CANCEL" in await customer.is_told("canceled")
    assert await customer.stage.merchant.parts.phones.choose(PHONE, Choice.CONFIRM) == "nothing_pending"
    assert await customer.page.evaluate("document.activeElement.id") == "canceled"


async def test_who_leaves_the_page_cancels_it_too(customer: Customer, stage: Stage) -> None:
    await customer.is_asked()
    phones = stage.merchant.parts.phones
    assert len(phones.pending(PHONE)) == 1
    await customer.goes_in()
    await eventually(lambda: not phones.pending(PHONE))


async def test_what_is_wrong_with_a_number_is_said_where_it_is_typed(customer: Customer) -> None:
    await customer.presses()
    said = customer.page.get_by_role("alert")
    for number in ("787 123", "no number", "27871234567"):
        await customer.gives(number)
        assert await said.inner_text() == "Enter the ten digits of your phone number."
        assert await customer.page.locator("#phone").get_attribute("aria-invalid") == "true"
    await customer.gives("7870000003")
    await said.filter(has_text="Customer status is Pending Regain Access Verification").wait_for()
    assert "updatePhoneNumber" in customer.asked
    await customer.gives(f"1{PHONE}")
    await customer.page.get_by_role("button", name="Use another number").click()
    await customer.gives("7871234568")
    await customer.page.get_by_text("(787) 123-4568").wait_for()
    assert await customer.stage.merchant.parts.phones.choose(PHONE, Choice.CONFIRM) == "nothing_pending"


async def test_what_cannot_be_taken_is_said_and_what_was_held_goes_back(stage: Stage) -> None:
    async with stage.payer(locale="es-PR") as page:
        customer = Customer(stage, page)
        await customer.goes_in()
        before = stage.merchant.parts.phones.wallet("7870000002").balance
        await customer.is_asked("7870000002")
        for _ in range(2):
            async with page.expect_response(f"{API}/business/findPayment"):
                await customer.looks_again()
        await page.get_by_text("El monto está por encima de los límites").wait_for()
        await page.get_by_role("button", name="Cerrar").last.click()
        assert "CANCEL" in await customer.is_told("canceled")
        assert stage.merchant.parts.phones.wallet("7870000002").balance == before
        assert await page.get_by_role("status").filter(has_text="No se cobró nada").count() == 1


async def test_an_order_that_the_api_refuses_is_refused_in_its_words(customer: Customer) -> None:
    await customer.page.evaluate("ATHM_Checkout.metadata1 = ''")
    await customer.presses()
    await customer.page.get_by_text("must not be blank").wait_for()
    await customer.page.keyboard.press("Escape")
    await customer.is_told("canceled")
    await customer.page.evaluate("ATHM_Checkout.metadata1 = 'Order 2'")
    await customer.is_asked()


async def test_a_connection_that_is_lost_is_waited_for(customer: Customer) -> None:
    before = customer.balance
    await customer.is_asked()
    await customer.page.context.set_offline(True)
    await customer.looks_again()
    await customer.page.get_by_text("No connection. Trying again…").wait_for()
    assert await customer.stage.merchant.parts.phones.choose(PHONE, Choice.CONFIRM) == "done"
    await customer.page.context.set_offline(False)
    await customer.is_told("paid")
    assert customer.balance == before - TOTAL


async def test_answers_that_are_lost_are_asked_for_again_and_nothing_is_paid_twice(customer: Customer) -> None:
    before = customer.balance
    lost: list[str] = []

    async def lose_once(route: Route) -> None:
        name = route.request.url.rpartition("/")[2]
        if route.request.method == "OPTIONS" or name in lost:
            return await route.continue_()
        lost.append(name)
        await route.fetch()
        await route.abort()
        await customer.looks_again()

    for path in ("payment", "authorization", "business/*"):
        await customer.page.route(f"{API}/{path}", lose_once)
    await customer.presses()
    await customer.gives(PHONE)
    await customer.page.locator(".sign").wait_for()
    await customer.chooses()
    assert "$5.84" in await customer.is_told("paid")
    assert set(lost) == {"payment", "updatePhoneNumber", "findPayment", "authorization"}
    assert customer.balance == before - TOTAL


async def test_however_often_it_is_pressed_one_ticket_is_opened(customer: Customer) -> None:
    await customer.page.evaluate(
        "for (let i = 0; i < 3; i++) document.querySelector('#ATHMovil_Checkout_Button_payment button').click()"
    )
    await customer.gives(PHONE)
    await customer.page.locator(".sign").wait_for()
    assert customer.asked.count("payment") == 1


FOCUSED = """() => {
  let focused = document.activeElement
  while (focused?.shadowRoot?.activeElement) focused = focused.shadowRoot.activeElement
  return focused.id || focused.getAttribute("aria-label") || focused.textContent
}"""


async def test_the_keyboard_alone_is_enough(customer: Customer) -> None:
    page = customer.page
    await page.get_by_role("button", name="ATH Móvil").focus()
    await page.keyboard.press("Enter")
    assert await page.evaluate(FOCUSED) == "phone"
    focused = set()
    for _ in range(8):
        await page.keyboard.press("Tab")
        focused.add(await page.evaluate(FOCUSED))
    # What is behind the window is out of reach; the browser's own controls, for which the body stands, are not.
    assert {"phone", "Continue", "Cancel payment", "Close"} <= focused
    assert not {"One more", "Open the phone"} & focused
    await page.locator("#phone").focus()
    await page.keyboard.type(PHONE)
    await page.keyboard.press("Enter")
    await page.locator(".sign").wait_for()
    assert await page.evaluate(FOCUSED) == "Confirm on your phone"
    await page.keyboard.press("Escape")
    await customer.is_told("canceled")


@pytest.mark.parametrize(
    ("theme", "width"), at_size([("btn", 320)], [("btn", 320), ("btn-dark", 390), ("btn-light", 1_280)])
)
async def test_every_theme_can_be_read_and_pressed(stage: Stage, theme: str, width: int) -> None:
    async with stage.payer(viewport={"width": width, "height": 640}, reduced_motion="reduce") as page:
        customer = Customer(stage, page)
        await customer.goes_in()
        await page.evaluate("theme => { ATHM_Checkout.theme = theme; dispatchEvent(new Event('load')) }", theme)
        await looks.assert_readable(page)
        await customer.presses()
        await customer.gives("787")
        await _is_for_everybody(page)
        await customer.gives(PHONE)
        await page.locator(".sign").wait_for()
        await _is_for_everybody(page)


SIZES = """(dialog) => [dialog.scrollWidth - dialog.clientWidth,
  ...[...dialog.querySelectorAll("button, input")].map((one) => one.getBoundingClientRect().height)]"""


async def _is_for_everybody(page: Page) -> None:
    await looks.assert_accessible(page)
    overflow, *heights = await page.locator("dialog").evaluate(SIZES)
    assert overflow <= 0
    assert min(heights) >= 44
