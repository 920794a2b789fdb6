"""From a form to the payment page: who is led there, who is told where it is, and what it says is held."""

from typing import Any

import httpx2
import pytest

from tests.pages import site
from tests.surfaces.atarapay.market import CREATE, ORDER, PROJECT, Market, done, error
from tillgate.core.mails import MailKind
from tillgate.flows import mails

pytestmark = pytest.mark.anyio

HTML = "text/html,application/xhtml+xml,*/*;q=0.8"
BACK = "https://shop.example/back?a=1#top"


async def seen(seller: Market, answer: httpx2.Response, language: str = "en") -> str:
    """The page that a buyer is led to."""
    assert answer.status_code == 303, answer.text
    page = await seller.http.get(answer.headers["location"], headers={"accept-language": language})
    site.assert_secure(page)
    return page.text.partition("<body>")[2]


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site", "origin": "https://shop.example"},
        {"sec-fetch-site": "cross-site", "origin": "null"},
        {"origin": "null", "referer": "https://shop.example/cart"},
    ],
    ids=lambda headers: " ".join(headers.values()),
)
async def test_pages_of_other_sites_post_their_forms_here_and_nowhere_else(
    seller: Market, headers: dict[str, str]
) -> None:
    fields = "&".join(f"{name}={value}" for name, value in (await form(seller)).items())
    led = await seller.send("/pay", fields.encode(), accept=HTML, **headers)
    assert led.status_code == 303
    assert led.headers["referrer-policy"] == "no-referrer"
    # A link in another site's page leads to the payment page, but no form of that site pays there.
    path = led.headers["location"]
    assert (await seller.http.get(path, headers={**headers, "sec-fetch-mode": "navigate"})).status_code == 200
    card = path.replace("?", "/card?")
    paying = await seller.send(card, b"tried=0&number=4242424242424242&expiry=12/34&cvc=123", **headers)
    assert paying.status_code == 403
    shown = done(await seller.ask(ORDER, status="order", order=1))
    assert shown["status"]["title"] == "Unpaid"


async def form(seller: Market, **changes: Any) -> dict[str, str]:
    """What a shop posts."""
    sent = (await seller.posts(**changes)).request.content.decode()
    return dict(pair.split("=", 1) for pair in sent.split("&"))


async def test_who_asks_for_json_is_told_where_the_page_is_from_pages_of_any_origin(seller: Market) -> None:
    answer = await seller.posts(accept="application/json", callback_url=BACK)
    told = done(answer, "payment_page")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert (told["order"], told["product"]) == (1, "1001")
    assert told["callback_url"] == "https://shop.example/back?a=1&product=1001&order=1#top"
    assert told["url"].startswith("http://127.0.0.1:8000/checkout/pay_")
    assert seller.pair.partition(":")[2] not in answer.text
    assert done(await seller.posts(accept="application/json", order_product_id="7"))["callback_url"] is None
    wrong = await seller.posts(accept="application/json", token="x")
    assert error(wrong) == "Invalid token. Does not match any record."
    assert wrong.headers["access-control-allow-origin"] == "*"


HELD = {
    "en": ("Your money is held until you accept", "Iya Basira gets it only once you have what you bought"),
    "es": ("Tu dinero queda retenido hasta que aceptes", "Iya Basira lo recibe solo cuando"),
    "de": ("Dein Geld wird verwahrt, bis du annimmst", "Iya Basira bekommt es erst"),
}


async def test_the_page_says_that_the_money_is_held_and_until_when(seller: Market) -> None:
    answer = await seller.posts(delivery_date="2099-12-24")
    for language, texts in HELD.items():
        page = await seller.http.get(answer.headers["location"], headers={"accept-language": language})
        for text in texts:
            assert text in page.text
    page_text = await seen(seller, answer)
    assert "Promised by Dec 24, 2099. If nothing was delivered by Dec 31, 2099" in page_text
    await seller.pays(answer)
    paid = await seen(seller, answer)
    assert "is held for you. Iya Basira gets it once you accept what you bought, by the link" in paid
    assert "Your money is held until you accept" not in paid


async def test_the_page_and_the_mails_speak_what_the_browser_spoke_that_posted_the_form(seller: Market) -> None:
    answer = await seller.posts(speaks="pt-BR,es-MX;q=0.8,en;q=0.5")
    page = await seller.http.get(answer.headers["location"], headers={"accept-language": "de"})
    assert HELD["es"][0] in page.text
    payment = await seller.pays(answer)
    (mail,) = await mails.about(seller.parts.gateway, seller.tenant.id, [payment.id])
    assert (mail.kind, mail.language) == (MailKind.ORDER_PAID, "es")


async def test_the_page_says_what_was_agreed_in_dollars_and_who_bears_what(seller: Market) -> None:
    answer = await seller.posts(
        **{"currency": "USD", "amount": "1550250", "shipping_cost": "155025", "order_product_quantity": "6"},
        **{"escrow_fee_bearer": "buyer"},
    )
    page = await seen(seller, answer)
    for text in ("$11.32", "6 × Ankara", "Shipping", "Escrow fee", "15,502.50", "1,550.25", "500.00"):
        assert text in page, text
    assert "at 1 USD = 1550.25 NGN. This rate stays." in page
    page = await seen(seller, await seller.posts(tx_fee_bearer="buyer", order_product_id="2"))
    assert "Processing fee" in page
    assert "This rate stays" not in page


async def test_the_page_says_where_a_second_delivery_comes_before_money(seller: Market) -> None:
    for policy, is_said in (("money", False), ("replacement", True)):
        page = await seen(seller, await seller.posts(refund_policy=policy))
        assert ("a second delivery is first" in page) == is_said


async def test_the_page_says_which_milestone_it_is(seller: Market) -> None:
    project = done(await seller.ask(CREATE, **{**PROJECT, "project_name": "House <b>by the sea</b>"}))["id"]
    page = await seen(seller, await seller.posts(project_id=project))
    assert "Milestone 1 of House &lt;b&gt;by the sea&lt;/b&gt;" in page


async def test_people_read_what_is_wrong_in_their_language_and_programs_in_the_envelope(seller: Market) -> None:
    hostile = "<script>alert(1)</script>"
    for language, title in (("en", "This cannot be paid"), ("es", "Esto no se puede pagar"), ("de", "Das kann nicht")):
        fields = await form(seller, email=hostile)
        content = "&".join(f"{name}={value}" for name, value in fields.items()).encode()
        page = await seller.send("/pay", content, accept=HTML, **{"accept-language": language})
        assert page.status_code == 422
        site.assert_secure(page)
        assert title in page.text
        assert "The email must be a valid email address." in page.text
        assert "alert(1)" not in page.text
    assert (await seller.posts(accept=HTML, token="x")).status_code == 401
    assert error(await seller.posts(email=hostile)) == "The email must be a valid email address."
    for way in ("GET", "PUT"):
        page = await seller.http.request(way, "/pay", headers={"accept": HTML})
        assert page.status_code == 405
        site.assert_secure(page)
    large = await seller.send("/pay", b"x" * 3_000_000, accept=HTML)
    assert large.status_code == 413
    site.assert_secure(large)


@pytest.mark.parametrize("url", ["javascript:alert(1)", "java\tscript:alert(1)", "data:text/html,x", "//evil.example"])
async def test_nobody_is_led_to_what_is_no_web_address(seller: Market, url: str) -> None:
    for accept in ("*/*", "application/json"):
        assert "callback_url" in error(await seller.posts(callback_url=url, accept=accept))


async def test_what_a_form_says_is_text_on_the_page(seller: Market) -> None:
    hostile = "'\"></title><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}"
    names = ("order_product_name", "order_product_desc", "customer_firstname", "recipient", "delivery_location")
    said: dict[str, Any] = dict.fromkeys(names, hostile)
    page = await seen(seller, await seller.posts(**said, order_product_id=hostile, order_product_quantity="2"))
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert" not in page
