"""What the payment page makes of what is sent to it: mistakes at their fields, and nothing kept of a card."""

import re
import time
from typing import Any

import pytest

from tests.pages import site
from tests.pages.guest import CARD, SCRIPT, Guest, Page, opened
from tests.surfaces.checkout.store import Store, done
from tests.waiting import LONG_SECONDS
from tillgate.core import intents, languages
from tillgate.core.money import Money
from tillgate.core.reasons import Reason
from tillgate.flows import profiles
from tillgate.pages import amounts, checkout_forms, checkout_screen, palettes, texts
from tillgate.pages.checkout import TRIES_A_MINUTE

pytestmark = pytest.mark.anyio

PNG = b"\x89PNG\r\n\x1a\n" + b"logo"


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"number": ""}, {"number"}),
        ({"number": "4242 4242 4242 4241"}, {"number"}),
        ({"number": "4242"}, {"number"}),
        ({"number": "9" * 5_000}, {"number"}),
        ({"number": "４２４２４２４２４２４２４２４２"}, {"number"}),
        ({"expiry": ""}, {"expiry"}),
        ({"expiry": "13/34"}, {"expiry"}),
        ({"expiry": "12/20"}, {"expiry"}),
        ({"expiry": "12/3456789"}, {"expiry"}),
        ({"cvc": "12"}, {"cvc"}),
        ({"cvc": "12x"}, {"cvc"}),
        ({"cvc": "1234"}, {"cvc"}),
        ({"number": "378282246310005"}, {"cvc"}),
        ({"name": "x" * 101}, {"name"}),
        ({"name": "4242 4242 4242 4242"}, {"name"}),
        ({"number": "x", "expiry": "x", "cvc": "x", "name": "\u0007"}, {"number", "expiry", "cvc", "name"}),
    ],
)
async def test_a_card_that_is_written_wrong_is_marked_and_nothing_of_it_comes_back(
    seller: Store, changes: dict[str, str], wrong: set[str]
) -> None:
    guest = await opened(seller)
    form = {"tried": "0", **CARD, **changes}
    page = Page(await guest.send("card", form))
    assert (page.status, page.wrong) == (400, wrong)
    for name in ("number", "cvc"):
        assert page.form("card")[1][name] == ""
    assert not re.search(r"4242 4242 4242 424[12]\b", page.html.replace("Test card: 4242 4242 4242 4242", ""))
    told = (await guest.send("card", form, SCRIPT)).json()
    assert set(told["mistakes"]) == wrong
    assert all(text.endswith(".") for text in told["mistakes"].values())
    assert (await seller.record(guest.id)).attempts_made == 0


@pytest.mark.parametrize("expiry", ["12/34", "12 / 34", "1234", "12/2034", "122034", "2034-12", " 12-34 ", "12 34"])
async def test_a_date_is_taken_however_it_is_written(seller: Store, expiry: str) -> None:
    assert checkout_forms.card({**CARD, "expiry": expiry}, 0).exp_year == 2034


@pytest.mark.parametrize("way", ["card", "device", "phone", "transfer", "leave"])
async def test_what_is_no_form_of_ours_is_refused_at_once(seller: Store, way: str) -> None:
    guest = await opened(seller)
    began = time.monotonic()
    for given in ({}, {"tried": ""}, {"tried": "-1"}, {"tried": "١"}, {"tried": "0", "unknown": "x"}):
        answer = await guest.send(way, given)
        assert answer.status_code == 400, given
        assert "could not be read" in Page(answer).text
    path, _, query = guest.path.partition("?")
    for body, media_type, status in (
        (b'{"tried": 0}', "application/json", 400),
        (b"tried=0", "text/plain", 400),
        (b"tried=%zz", "application/x-www-form-urlencoded", 400),
        (b"\xff\xfe", "application/x-www-form-urlencoded", 400),
        (b"tried=" + b"0" * 2_000_000, "application/x-www-form-urlencoded", 413),
    ):
        answer = await guest.http.post(f"{path}/{way}?{query}", content=body, headers={"content-type": media_type})
        assert answer.status_code == status, media_type
        assert answer.headers["content-type"].startswith("text/html")
    assert (await seller.record(guest.id)).attempts_made == 0
    assert time.monotonic() - began < LONG_SECONDS


async def test_a_changed_link_leads_nowhere(seller: Store) -> None:
    guest = await opened(seller)
    path, _, query = guest.path.partition("?")
    other = (await opened(seller)).path.partition("?")[2]
    for changed in (
        "",
        query[:-1],
        query + "0",
        query.replace("expires=1", "expires=2"),
        other,
        "expires=x&signature=",
    ):
        for answer in (
            await guest.http.get(f"{path}?{changed}"),
            await guest.http.get(f"{path}/events?{changed}"),
            await guest.http.post(f"{path}/card?{changed}", data={"tried": "0", **CARD}),
        ):
            assert answer.status_code == 403
            assert "This link is not valid" in answer.text
    assert (await guest.http.get(f"/checkout/pay_x?{query}")).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://shop.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:8001"},
    ],
)
async def test_a_form_of_somebody_elses_page_does_nothing(seller: Store, headers: dict[str, str]) -> None:
    guest = await opened(seller)
    assert (await guest.send("card", {"tried": "0", **CARD}, headers)).status_code == 403
    assert (await seller.record(guest.id)).attempts_made == 0
    ours = {"sec-fetch-site": "same-origin", "origin": "http://127.0.0.1:8000"}
    assert (await guest.send("card", {"tried": "0", **CARD}, ours)).status_code == 303


async def test_who_tries_cards_through_one_link_is_stopped(seller: Store) -> None:
    guest = await opened(seller)
    wrong = {"tried": "0", **CARD, "cvc": ""}
    for _ in range(TRIES_A_MINUTE):
        assert (await guest.send("card", wrong)).status_code == 400
    stopped = await guest.send("card", wrong)
    assert stopped.status_code == 429
    assert int(stopped.headers["retry-after"]) <= 60
    assert "Wait a minute" in Page(stopped).text
    # From wherever: it is the link that is tried.
    elsewhere = Guest(seller, {"id": guest.id, "checkoutUrl": guest.path}, peer="127.0.0.9")
    assert (await elsewhere.send("card", {"tried": "0", **CARD}, SCRIPT)).status_code == 429
    assert TRIES_A_MINUTE < intents.MOST_CARDS
    # Looking is free.
    assert (await guest.see()).status == 200


async def test_what_browsers_may_do_with_it_is_little(seller: Store) -> None:
    guest = await opened(seller)
    ways = [await guest.see(), Page(await guest.send("card", {"tried": "0"})), await guest.press("transfer")]
    for page in (*ways, await guest.press("phone", phone="7875550499"), await guest.press("leave"), await guest.pay()):
        site.assert_secure(page.answer)
    headers = (await guest.see()).answer.headers
    policy = headers["content-security-policy"]
    for directive in ("default-src 'none'", "img-src 'none'", "form-action 'self'", "frame-ancestors 'none'"):
        assert directive in policy
    assert "unsafe" not in policy
    assert (headers["cache-control"], headers["referrer-policy"]) == ("no-store", "same-origin")


async def test_it_wears_the_merchants_color_and_logo(seller: Store) -> None:
    guest = await opened(seller)
    changes = {"display_name": "Café <Luz>", "color": "#ffd400", "logo": PNG, "logo_type": "image/png"}
    await profiles.update(seller.parts.gateway, seller.tenant, changes)
    page = await guest.see()
    assert "Café &lt;Luz&gt;" in page.html
    assert "--brand:#ffd400;--on-brand:#000000" in page.html
    (logo,) = re.findall(r'<img src="([^"]+)"', page.html)
    shown = await guest.http.get(logo)
    assert (shown.content, shown.headers["content-type"]) == (PNG, "image/png")
    assert "immutable" in shown.headers["cache-control"]
    assert "img-src 'self' data:" in page.answer.headers["content-security-policy"]
    for wrong in (logo[:-1] + "0", "/logos/ten_demoshop/00", "/logos/x/y"):
        assert (await guest.http.get(wrong)).status_code == 404


async def test_a_sessions_page_shows_its_lines_in_its_language_and_leads_where_it_says(seller: Store) -> None:
    lines = [
        {"price_data": {"currency": "usd", "unit_amount": 350, "product_data": {"name": name}}, "quantity": quantity}
        for name, quantity in (("Pan <b>", 2), ("Roll", 1))
    ]
    asked = {
        "line_items": lines,
        "success_url": "https://shop.example/paid?session={CHECKOUT_SESSION_ID}",
        "cancel_url": "https://shop.example/cart",
        "locale": "es",
        "payment_method_types": ["card"],
    }
    session = (await seller.v1.post("/checkout/sessions", asked)).json()
    guest = Guest(seller, {"id": session["payment_intent"].replace("pi_", "pay_"), "checkoutUrl": session["url"]})
    page = await guest.see()
    for text in ("2 × Pan <b>", "$7.00", "Roll", "$3.50", "$10.50", "Número de tarjeta"):
        assert text in page.text.replace("&lt;", "<")
    assert "https://shop.example/cart" in page.links()
    assert not [action for action, _ in page.forms if "/phone?" in action or "/transfer?" in action]
    assert f"https://shop.example/paid?session={session['id']}" in (await guest.pay()).links()


def test_every_color_can_be_read_by_day_and_by_night() -> None:
    for number in range(0, 0x1000000, 0x010307):
        style = palettes.style(f"#{number:06x}")
        found = re.findall(
            r"--(brand|on-brand|fill|fill-over|on-fill|accent|accent-over|on-accent):#(..)(..)(..)", style
        )
        colors: dict[str, list[Any]] = {}
        for name, *channels in found:
            colors.setdefault(name, []).append(tuple(int(channel, 16) for channel in channels))
        for ground, when in ((palettes.WHITE, 0), (palettes.NIGHT, 1)):
            pairs = [
                (colors["on-brand"][when], colors["brand"][when]),
                (colors["on-fill"][when], colors["fill"][when]),
                (colors["on-fill"][when], colors["fill-over"][when]),
                (colors["on-accent"][when], colors["accent"][when]),
                (colors["on-accent"][when], colors["accent-over"][when]),
                (colors["accent"][when], ground),
            ]
            assert all(palettes.contrast(*pair) >= palettes.LEAST_CONTRAST for pair in pairs), style


@pytest.mark.parametrize(
    ("language", "reads", "amount"),
    [("es-PR,es;q=0.9", "Número de tarjeta", "$100.00"), ("de", "Kartennummer", "100,00\u00a0$"), ("fr", "Card", "$")],
)
async def test_it_speaks_to_its_reader(seller: Store, language: str, reads: str, amount: str) -> None:
    guest = Guest(seller, await seller.open(), language)
    page = await guest.see()
    assert f'<html lang="{language[:2] if language != "fr" else "en"}">' in page.html
    assert reads in page.text
    assert amount in page.html
    declined = await guest.pay("4000000000000002")
    assert declined.heading == texts.spoken(languages.best(language))["checkout_not_paid"]


@pytest.mark.parametrize(
    ("amount", "currency", "written"),
    [
        (123456, "USD", ("$1,234.56", "$1,234.56", "1.234,56\u00a0$")),
        (123456, "EUR", ("€1,234.56", "1.234,56\u00a0€", "1.234,56\u00a0€")),
        (1000, "JPY", ("¥1,000", "¥1,000", "1.000\u00a0¥")),
        (1234567, "KWD", ("1,234.567 KWD", "1,234.567 KWD", "1.234,567\u00a0KWD")),
    ],
)
def test_amounts_are_written_as_readers_do(amount: int, currency: str, written: tuple[str, ...]) -> None:
    assert tuple(amounts.written(Money(amount, currency), language) for language in languages.LANGUAGES) == written


def test_every_no_that_a_payer_can_hear_has_words() -> None:
    from tillgate.connectors import phone, sandbox

    heard = {*sandbox.REASONS.values(), *phone.REASONS.values()}
    about_money_already_taken = {
        *(Reason.CAPTURE_EXCEEDS_AUTHORIZED, Reason.NOTHING_TO_CANCEL, Reason.NOT_REFUNDABLE),
        *(Reason.ACCOUNT_UNKNOWN, Reason.ACCOUNT_CLOSED, Reason.PAYOUT_DECLINED),
    }
    assert heard - about_money_already_taken <= set(checkout_screen.DECLINES)
    said = {*checkout_screen.DECLINES.values(), checkout_screen.OTHERWISE}
    said |= {text for _, text in checkout_forms.REFUSALS.values()}
    for language in languages.LANGUAGES:
        assert said <= set(texts.spoken(language))


async def test_what_is_on_a_card_is_in_no_log_and_no_address(seller: Store, capsys: pytest.CaptureFixture[str]) -> None:
    guest = await opened(seller)
    assert (await guest.pay()).heading == "Paid"
    for bad in ({"number": "4242424242424241"}, {"expiry": "99/99"}):
        other = await opened(seller)
        await other.send("card", {"tried": "0", **CARD, **bad})
    written = capsys.readouterr()
    for secret in ("4242424242424242", "4242 4242", "4242424242424241"):
        assert secret not in written.out + written.err


async def test_what_the_script_is_told_is_what_the_page_shows(seller: Store) -> None:
    guest = await opened(seller)
    told = (await guest.send("card", {"tried": "0", **CARD}, SCRIPT)).json()
    assert (told["screen"]["phase"], told["screen"]["tried"], told["mistakes"]) == ("paid", 1, {})
    page = await guest.see()
    for part in told["screen"]["parts"].values():
        assert part in page.html
    assert told["screen"]["back"].startswith("https://shop.example/thanks?order=7&payment=")
    assert done(await seller.ask("GET", f"/api/payment/{guest.id}"))["status"] == "CONFIRMED"
