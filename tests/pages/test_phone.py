"""The phone's page by its forms alone: whose it is, what it is asked, what it answers, and whom it lets in."""

import html
import re
from collections.abc import AsyncIterator

import httpx2
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pages import payer
from tests.surfaces.athmovil import business
from tests.surfaces.athmovil.business import ITEM, Business, Ticket
from tests.surfaces.v1 import shop
from tests.surfaces.v1.shop import LOCAL
from tillgate import assembly
from tillgate.clock import ManualClock
from tillgate.core.instants import HOUR, SECOND
from tillgate.pages import phone_screen, scripts
from tillgate.sandbox import phone_bank
from tillgate.settings import Settings
from tillgate.store import migrate

pytestmark = pytest.mark.anyio

AFTERNOON = 1_767_297_600 * SECOND
"""16:00 on 1 January 2026 in Puerto Rico."""

SCRIPTS = ("live.js", "phone.js")
SCRIPT = {"accept": "application/json"}


@pytest.fixture(scope="module")
async def timed(
    tmp_path_factory: pytest.TempPathFactory, anyio_backend: object
) -> AsyncIterator[tuple[Business, ManualClock]]:
    """One business for the tests of the file, whose time stands still until it is moved."""
    home, clock = tmp_path_factory.mktemp("home"), ManualClock(AFTERNOON)
    migrate.migrate(None, home)
    async with shop.open_shop(home, clock=clock, keeps_time=False) as parts:
        yield await business.opened(parts), clock


@pytest.fixture
def seller(timed: tuple[Business, ManualClock]) -> Business:
    return timed[0]


class Phone:
    """A browser without scripts, in which a number has logged in, or none has yet."""

    def __init__(self, seller: Business, number: str = "", language: str = "en", peer: str = "127.0.0.1") -> None:
        transport = httpx2.ASGITransport(app=seller.parts.application, client=(peer, 50_000))
        headers = {"accept-language": language}
        self.http = httpx2.AsyncClient(transport=transport, base_url=LOCAL, headers=headers)
        self.number = number
        if number:
            self.http.cookies.set("tillgate-phone", number)

    async def see(self, path: str = "/phone") -> httpx2.Response:
        return await self.http.get(path)

    async def text(self) -> str:
        """What is read on the page."""
        page = await self.see()
        assert page.status_code == 200
        words = re.sub(r"<[^>]+>", " ", page.text.partition("<main>")[2]).split()
        return html.unescape(" ".join(words))

    async def press(self, action: str, headers: dict[str, str] | None = None, **form: str) -> httpx2.Response:
        sent = {"phone": self.number, **form} if action in ("answer", "top-up") else form
        return await self.http.post(f"/phone/{action}", data=sent, headers=headers)

    async def references(self) -> list[str]:
        """What waits, in the order of the page."""
        return re.findall(r'name="reference" value="([^"]+)"', (await self.see()).text)

    async def answer(self, choice: str, reference: str = "") -> httpx2.Response:
        """The page after a request was answered: the oldest, if none is named."""
        pressed = await self.press("answer", choice=choice, reference=reference or (await self.references())[0])
        assert pressed.status_code == 303, pressed.text
        return await self.see(pressed.headers["location"])

    async def says(self, page: httpx2.Response) -> str:
        told = re.search(r'<p class="told[^>]*>.*?<span>(.*?)</span></p>', page.text)
        assert told is not None, page.text
        return html.unescape(told[1])


def phone_of(seller: Business, ticket: Ticket, language: str = "en") -> Phone:
    return Phone(seller, ticket.phone, language)


@pytest.mark.parametrize(
    "written", ["7879990001", "(787) 999-0001", " 787.999.0001 ", "+1 787 999 0001", "787–999–0001"]
)
async def test_a_number_logs_in_however_it_is_written_and_is_remembered(seller: Business, written: str) -> None:
    phone = Phone(seller)
    assert "<h1>Log in</h1>" in (await phone.see()).text
    answer = await phone.press("login", number=written)
    assert (answer.status_code, answer.headers["location"]) == (303, "/phone")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("tillgate-phone=7879990001; Path=/; ")
    assert "; HttpOnly; SameSite=Lax" in cookie
    assert "(787) 999-0001" in await phone.text()
    assert "$1,000.00" in await phone.text()
    await phone.press("logout")
    assert "<h1>Log in</h1>" in (await phone.see()).text


@pytest.mark.parametrize(
    "written", ["", "787999000", "78799900011", "787999000x", "７８７９９９０００１", "<b>", "1" * 5_000]
)
async def test_what_is_no_number_is_asked_for_again(seller: Business, written: str) -> None:
    answer = await Phone(seller).press("login", number=written)
    assert (answer.status_code, "A number has ten digits" in answer.text) == (400, True)
    assert "set-cookie" not in answer.headers
    assert "<b>" not in answer.text


async def test_a_link_may_bring_a_number_but_logs_nobody_in(seller: Business) -> None:
    page = await Phone(seller).see("/phone?number=7879990002")
    assert 'value="7879990002"' in page.text
    assert "set-cookie" not in page.headers


async def test_a_request_is_seen_whole_and_confirmed_once_however_often_it_is_pressed(seller: Business) -> None:
    items = [{**ITEM, "quantity": "2"}, {**ITEM, "name": "Coffee", "description": "Small", "price": "1200"}]
    ticket = await seller.open(total="12.50", items=items)
    phone = phone_of(seller, ticket)
    seen = await phone.text()
    for expected in (
        "Heladería Sol asks you to pay $12.50",
        "2 × Guanabana ice Two scoops $1.33",
        "$1,200.00",
        "16:10:00",
    ):
        assert expected in seen
    reference = (await phone.references())[0]
    for _ in range(3):
        assert await phone.says(await phone.answer("confirm", reference)) == "Confirmed: $12.50 to Heladería Sol."
    # Nor can it be taken back.
    assert "Confirmed" in await phone.says(await phone.answer("decline", reference))
    assert (await seller.find(ticket))["ecommerceStatus"] == "CONFIRM"
    assert seller.balance(ticket) == 1_000_00 - 12_50
    assert "Heladería Sol Payment · Jan 1, 16:00 −$12.50" in await phone.text()
    assert await phone.references() == []


async def test_who_declines_has_paid_nothing(seller: Business) -> None:
    ticket = await seller.open()
    page = await phone_of(seller, ticket).answer("decline")
    assert await phone_of(seller, ticket).says(page) == "Declined. Heladería Sol gets nothing."
    assert (await seller.find(ticket))["ecommerceStatus"] == "CANCEL"
    assert seller.balance(ticket) == 1_000_00


async def test_several_requests_are_listed_oldest_first_and_each_is_answered_by_itself(seller: Business) -> None:
    tickets = [await seller.open(phoneNumber="7879990003", total=f"{total}.00") for total in (5, 6, 7)]
    phone = phone_of(seller, tickets[0])
    assert re.findall(r'<p class="amount">\$(\d)', (await phone.see()).text) == ["5", "6", "7"]
    await phone.answer("confirm", (await phone.references())[1])
    states = [(await seller.find(ticket))["ecommerceStatus"] for ticket in tickets]
    assert states == ["OPEN", "CONFIRM", "OPEN"]


async def test_who_comes_too_late_is_told_why(timed: tuple[Business, ManualClock]) -> None:
    seller, clock = timed
    canceled, moved, expired = [await seller.open() for _ in range(3)]
    references = {one.id: (await phone_of(seller, one).references())[0] for one in (canceled, moved, expired)}
    await seller.cancel(canceled)
    await seller.move(moved, "7879990004")
    clock.advance(HOUR)
    for ticket, expected in (
        (canceled, "Too late: Heladería Sol has canceled. Nothing was charged."),
        (moved, "This request waits for this phone no more. Nothing was charged."),
        (expired, "Too late: the time to confirm has run out. Nothing was charged."),
    ):
        phone = phone_of(seller, ticket)
        assert await phone.references() == []
        assert await phone.says(await phone.answer("confirm", references[ticket.id])) == expected
        assert seller.balance(ticket) == 1_000_00


async def test_nobody_answers_for_another_phone(seller: Business) -> None:
    ticket = await seller.open()
    reference = (await phone_of(seller, ticket).references())[0]
    thief = Phone(seller, "7879990005")
    assert "no more" in await thief.says(await thief.answer("confirm", reference))
    # Whoever has logged in since in another window is not who the form was made for.
    thief.number = ticket.phone
    for headers, status in (({}, 303), (SCRIPT, 409)):
        answer = await thief.press("answer", headers, choice="confirm", reference=reference)
        assert answer.status_code == status
    assert (await thief.press("top-up", amount="20")).headers["location"] == "/phone"
    assert (await seller.find(ticket))["ecommerceStatus"] == "OPEN"
    assert seller.balance(ticket) == 1_000_00


async def test_a_short_balance_is_told_with_the_way_to_top_it_up(seller: Business) -> None:
    ticket = await seller.open(total="1200.00")
    phone = phone_of(seller, ticket)
    page = (await phone.see()).text
    assert "$200.00 more is needed to confirm." in page
    assert 'value="200.00">Top up $200.00' in page
    assert 'value="confirm"' not in page
    reference = (await phone.references())[0]
    assert "Top it up, then confirm" in await phone.says(await phone.answer("confirm", reference))
    topped_up = await phone.press("top-up", amount="200.00")
    assert await phone.says(await phone.see(topped_up.headers["location"])) == (
        "Topped up. There is $1,200.00 in the wallet now."
    )
    assert "Confirmed" in await phone.says(await phone.answer("confirm"))
    assert seller.balance(ticket) == 0


@pytest.mark.parametrize(
    ("written", "said"),
    [
        *(
            (wrong, "Enter an amount")
            for wrong in ("", "0", "-5", "x", "1.005", "1,00,000", "NaN", "1e3", "٣", "9" * 5_000)
        ),
        ("1500.01", "At most $1,500.00 goes in at once."),
        ("999999999", "At most $1,500.00 goes in at once."),
    ],
)
async def test_what_cannot_be_topped_up_is_told_at_the_field(seller: Business, written: str, said: str) -> None:
    phone = Phone(seller, "7879990006")
    page = await phone.press("top-up", amount=written)
    assert (page.status_code, said in page.text) == (400, True)
    assert "<title>Error: " in page.text
    answer = await phone.press("top-up", SCRIPT, amount=written)
    assert (answer.status_code, said in answer.json()["mistake"], answer.json()["told"]) == (200, True, "")
    assert seller.parts.phones.wallet(phone.number).balance == 1_000_00


async def test_a_wallet_can_be_full(seller: Business) -> None:
    phone = Phone(seller, "7879990007")
    for _ in range(6):
        assert (await phone.press("top-up", amount="1,500")).status_code == 303
    page = await phone.press("top-up", amount="0.01")
    assert (page.status_code, "A wallet holds at most $10,000.00." in page.text) == (400, True)
    assert seller.parts.phones.wallet(phone.number).balance == phone_bank.MOST_IN_ALL


@given(st.integers(1, phone_bank.MOST_IN_ALL), st.sampled_from(["en", "es", "de"]))
def test_an_amount_is_read_as_it_is_written_in_every_language(amount: int, language: str) -> None:
    written = phone_screen.money(amount, language)
    assert phone_screen.cents(written, language) == amount
    assert phone_screen.cents(f"{amount // 100}.{amount % 100:02}", language) == amount


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("es-PR", ("te pide que pagues $12.50", "Confirmar", "Rechazar", "Saldo $1,000.00", "Historial")),
        ("de", ("bittet dich zu zahlen 12,50 $", "Bestätigen", "Ablehnen", "Guthaben 1.000,00 $", "Verlauf")),
    ],
)
async def test_the_phone_speaks_its_customers_language(
    seller: Business, language: str, expected: tuple[str, ...]
) -> None:
    ticket = await seller.open(total="12.50")
    seen = (await phone_of(seller, ticket, language).text()).replace("\N{NO-BREAK SPACE}", " ")
    for text in expected:
        assert text in seen


async def test_the_history_says_what_moved_when(seller: Business) -> None:
    paid = await seller.pay(phoneNumber="7879990012", total="12.50")
    await seller.refund(paid["referenceNumber"], "2.50")
    released = await seller.open(phoneNumber="7879990012", total="5.00")
    await seller.confirm(released)
    await seller.cancel(released)
    await Phone(seller, "7879990012").press("top-up", amount="20")
    seen = await Phone(seller, "7879990012", "es").text()
    said = seen.partition("Historial ")[2]
    assert re.findall(r"(Recarga|No cobrado|Pago|Reembolso)\b.*?([+−]\$[0-9.]+)", said) == [
        ("Recarga", "+$20.00"),
        ("No cobrado", "+$5.00"),
        ("Pago", "−$5.00"),
        ("Reembolso", "+$2.50"),
        ("Pago", "−$12.50"),
    ]
    assert re.search(r"Pago · 1 ene, \d\d:\d\d", said)


async def test_a_language_can_be_chosen_and_is_kept(seller: Business) -> None:
    phone = Phone(seller, "7879990008")
    answer = await phone.see("/phone?language=es")
    assert (answer.status_code, answer.headers["location"]) == (303, "/phone")
    assert '<html lang="es">' in (await phone.see()).text
    assert '<html lang="es">' in (await phone.see("/phone?language=tlh")).text


async def test_a_page_of_somebody_elses_answers_nothing(seller: Business) -> None:
    ticket = await seller.open()
    phone = phone_of(seller, ticket)
    reference = (await phone.references())[0]
    for site in ("cross-site", "same-site"):
        elsewhere = {"sec-fetch-site": site}
        answer = await phone.press("answer", elsewhere, choice="confirm", reference=reference)
        assert (answer.status_code, "Sent from elsewhere" in answer.text) == (403, True)
        assert (await phone.press("login", elsewhere, number="7879990009")).status_code == 403
        counter = await phone.http.post(f"/sandbox/wallet/{ticket.phone}/confirm", headers=elsewhere)
        assert counter.status_code == 403
    assert (await seller.find(ticket))["ecommerceStatus"] == "OPEN"


@pytest.mark.parametrize("choice", ["", "maybe", "confirm\0"])
async def test_an_answer_that_is_none_changes_nothing(seller: Business, choice: str) -> None:
    ticket = await seller.open()
    phone = phone_of(seller, ticket)
    assert (await phone.press("answer", choice=choice)).status_code == 400
    for reference in ("", "att_1\r\nset-cookie: a=b", "é", "att_" + "1" * 5_000):
        answer = await phone.press("answer", choice="confirm", reference=reference)
        assert (answer.status_code, answer.headers["location"]) == (303, "/phone")
    assert (await seller.find(ticket))["ecommerceStatus"] == "OPEN"


async def test_the_page_runs_our_scripts_alone_and_is_framed_by_nobody(seller: Business) -> None:
    page = await Phone(seller, "7879990010").see()
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert page.headers["cache-control"] == "no-store"
    for loading in ("http://", "https://", "url(", "style=", "@import", "onclick"):
        assert loading not in page.text
    assert [one["src"] for one in payer.scripts(page)] == [scripts.NAMED[name].path for name in SCRIPTS]


async def test_names_are_shown_as_they_are_and_never_become_part_of_the_page(seller: Business) -> None:
    name = '<script>alert(1)</script>{{7*7}}"&'
    ticket = await seller.open(items=[{**ITEM, "name": name, "description": name}])
    phone = phone_of(seller, ticket)
    assert (await phone.see()).text.count("<script") == len(SCRIPTS)
    assert name in await phone.text()


async def test_the_script_is_answered_with_what_changed(seller: Business) -> None:
    ticket = await seller.open()
    phone = phone_of(seller, ticket)
    reference = (await phone.references())[0]
    said = (await phone.press("answer", SCRIPT, choice="confirm", reference=reference)).json()
    assert "Confirmed: $2.33" in said["told"]
    assert (said["mistake"], said["parts"]["requests"]) == ("", [])
    assert "$997.67" in said["parts"]["balance"]


async def test_nobody_is_told_anything_without_a_number(seller: Business) -> None:
    assert (await Phone(seller).see("/phone/events")).status_code == 401
    assert (await Phone(seller, "787999001").see("/phone/events")).status_code == 401
    assert (await Phone(seller).press("answer", choice="confirm", reference="att_1")).headers["location"] == "/phone"


async def test_beyond_this_machine_the_phone_serves_whom_it_is_told_to(
    seller: Business, tmp_path_factory: pytest.TempPathFactory
) -> None:
    async def status(parts: assembly.Assembly, peer: str, base: str, path: str, **headers: str) -> int:
        transport = httpx2.ASGITransport(app=parts.application, client=(peer, 50_000))
        async with httpx2.AsyncClient(transport=transport, base_url=base, headers=headers) as http:
            return (await http.get(path)).status_code

    public, counter = "http://pay.example.com", "/sandbox/wallet/7879990011"
    home = tmp_path_factory.mktemp("public")
    migrate.migrate(None, home)
    settings = Settings(data=home, host="0.0.0.0", phone_from=("10.0.0.0/8",), trusted_proxies=("192.0.2.7",))
    async with assembly.assembled(settings) as told:
        for path, found in (("/phone", 200), ("/phone/events", 401), (counter, 200)):
            # By another name this machine may be somebody else's page's.
            assert await status(seller.parts, "127.0.0.1", public, path) == 403
            assert await status(seller.parts, "127.0.0.1", LOCAL, path, **{"x-forwarded-for": "127.0.0.1"}) == 403
            assert await status(seller.parts, "10.1.2.3", LOCAL, path) == 403
            assert await status(told, "10.1.2.3", public, path) == found
            assert await status(told, "127.0.0.1", LOCAL, path) == found
            assert await status(told, "203.0.113.9", public, path) == 403
            assert await status(told, "10.1.2.3", public, path, **{"x-forwarded-for": "10.0.0.1"}) == 403
            assert await status(told, "192.0.2.7", public, path, **{"x-forwarded-for": "10.0.0.1"}) == found
            assert await status(told, "192.0.2.7", public, path, **{"x-forwarded-for": "203.0.113.9"}) == 403
    page = await Phone(seller, peer="203.0.113.9").see()
    assert (page.status_code, "TILLGATE_PHONE_FROM" in page.text) == (403, True)


async def test_parts_are_what_the_page_shows(seller: Business) -> None:
    ticket = await seller.open()
    phone = phone_of(seller, ticket)
    parts = phone_screen.parts(seller.parts.phones.look(ticket.phone), "en")
    shown = (await phone.see()).text
    for part in (parts.balance, parts.history, *(markup for _, markup in parts.requests)):
        assert part in shown
    # Told as one line, which an event's data has to be.
    assert b"\n" not in msgspec.json.encode(parts)
