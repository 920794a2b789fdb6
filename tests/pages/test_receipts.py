"""Receipts, as pages and as PDFs: what was paid, when, how and what came back, for whoever holds the link."""

import io
import re
import struct
import time
import zlib
from typing import Any

import httpx2
import pytest
from PIL import Image

from tests.pages.guest import Page
from tests.surfaces.checkout.store import Store
from tests.surfaces.v1.shop import LOCAL
from tillgate.core import languages
from tillgate.core.checkouts import Line
from tillgate.core.instants import SECOND
from tillgate.core.merchants import DEMO_SHOP
from tillgate.core.money import Money
from tillgate.core.profiles import Profile
from tillgate.core.receipts import Receipt, Way
from tillgate.flows import profiles
from tillgate.pages import receipt_pdf, receipt_texts
from tillgate.pages.receipt_texts import Written
from tillgate.pages.receipts import PDFS_A_MINUTE

pytestmark = pytest.mark.anyio

MUGS: dict[str, Any] = {
    "line_items": [
        {
            "price_data": {
                "currency": "eur",
                "unit_amount": 1250,
                "product_data": {"name": "Mug", "description": "Blue"},
            },
            "quantity": 2,
        }
    ],
    "client_reference_id": "order-7",
}


class Reader:
    """Somebody with the link to a payment."""

    def __init__(self, seller: Store, url: str, language: str = "en") -> None:
        self.path, _, self.proof = url.removeprefix(LOCAL).partition("?")
        transport = httpx2.ASGITransport(app=seller.parts.application, client=("127.0.0.1", 50_000))
        self.http = httpx2.AsyncClient(transport=transport, base_url=LOCAL, headers={"accept-language": language})

    async def read(self, proof: str | None = None) -> httpx2.Response:
        return await self.http.get(f"{self.path}/receipt?{self.proof if proof is None else proof}")

    async def print(self) -> httpx2.Response:
        return await self.http.get(f"{self.path}/receipt.pdf?{self.proof}")


async def opened(seller: Store, **changes: Any) -> tuple[str, str]:
    """A session's payment, and where it is paid."""
    answer = await seller.v1.post("/checkout/sessions", {**MUGS, **changes})
    assert answer.status_code == 200, answer.text
    return answer.json()["id"].replace("cs_", "pay_"), answer.json()["url"]


async def test_a_receipt_says_what_was_paid_how_and_to_whom(anyones: Store) -> None:
    known = {"display_name": "Luz", "support_email": "hola@luz.example", "website": "https://luz.example"}
    await profiles.update(anyones.parts.gateway, anyones.tenant, known)
    id, url = await opened(anyones)
    await anyones.pay(id)
    page = Page(await Reader(anyones, url).read())
    number = f"{id[-8:-4]}-{id[-4:]}".upper()
    for said in ("Receipt from Luz", "€25.00", number, "Visa •••• 4242", "order-7", id, "Mug Blue 2 €25.00", "UTC"):
        assert said in page.text
    assert "hola@luz.example" in page.text
    assert "Test mode: no real money was moved." in page.text
    assert page.links() == [url.removeprefix(LOCAL).replace("?", "/receipt.pdf?")]
    [charge] = await anyones.v1.listed("/charges")
    assert charge["receipt_number"] == number
    assert charge["receipt_url"] == url.replace("?", "/receipt?")


async def test_a_receipt_tells_of_every_refund(anyones: Store) -> None:
    id, url = await opened(anyones)
    await anyones.pay(id)
    before = (await Reader(anyones, url).print()).content
    for amount in (500, 700):
        assert (await anyones.v1.post("/refunds", {"payment": id, "amount": amount})).status_code == 200
    page = Page(await Reader(anyones, url).read())
    assert re.search(
        r"Paid €25\.00 Refunded on .*? −€5\.00 Refunded on .*? −€7\.00 Paid after refunds €13\.00", page.text
    )
    after = (await Reader(anyones, url).print()).content
    assert before != after


@pytest.mark.parametrize(("language", "said"), [("es-PR", "Recibo de"), ("de", "Beleg von"), ("fr", "Receipt from")])
async def test_a_receipt_speaks_its_readers_language_or_that_which_the_merchant_chose(
    seller: Store, language: str, said: str
) -> None:
    id, url = await opened(seller)
    chosen, there = await opened(seller, locale="es")
    for one in (id, chosen):
        await seller.pay(one)
    assert said in (await Reader(seller, url, language).read()).text
    assert "Recibo de" in (await Reader(seller, there, language).read()).text


async def test_what_is_not_paid_has_no_receipt_but_its_page(seller: Store) -> None:
    _, url = await opened(seller)
    for answer in (await Reader(seller, url).read(), await Reader(seller, url).print()):
        assert (answer.status_code, LOCAL + answer.headers["location"]) == (303, url)


async def test_a_link_that_was_changed_opens_no_receipt(seller: Store) -> None:
    id, url = await opened(seller)
    await seller.pay(id)
    reader = Reader(seller, url)
    other, _ = await opened(seller)
    for proof in ("", "expires=1", reader.proof[:-1], reader.proof.replace("expires=1", "expires=2")):
        assert (await reader.read(proof)).status_code == 403
    reader.path = f"/checkout/{other}"
    assert (await reader.read()).status_code == 403


async def test_of_a_phone_its_last_digits_are_told_and_no_more(anyones: Store) -> None:
    opened = await anyones.open()
    await anyones.ring(opened["id"], "7875550123")
    await anyones.confirm("7875550123")
    await anyones.let_time_work()
    page = await Reader(anyones, opened["checkoutUrl"]).read()
    assert "ATH Móvil •••• 0123" in page.text
    assert "787" not in Page(page).text.replace(opened["id"], "")


async def test_what_came_by_transfer_is_told_as_that_whatever_was_tried_before(seller: Store) -> None:
    id, url = await opened(seller)
    await seller.pay(id, "4000000000000002")
    await seller.ask("GET", f"/api/payment/{id}/provider/bank/method/transfer")
    body = {"amount": 2500, "currency": "eur", "debtor_name": "Ann Lee", "payment": id}
    assert (await seller.v1.post("/sandbox/bank/transfers", body)).status_code == 200
    page = Page(await Reader(seller, url).read())
    for shown in (page, Page(await Reader(seller, url).http.get(url))):
        assert "By bank transfer" in shown.text
        assert "Visa" not in shown.text
        assert "Ann" not in shown.text


async def test_a_pdf_is_made_so_often_in_a_minute(seller: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receipt_pdf, "drawn", lambda *given: b"%PDF-")
    id, url = await opened(seller)
    await seller.pay(id)
    reader = Reader(seller, url)
    came = [(await reader.print()).status_code for _ in range(PDFS_A_MINUTE + 1)]
    assert came == [200] * PDFS_A_MINUTE + [429]


# On paper.


def receipt(*lines: Line, language: str = "en", **profile: Any) -> Written:
    lines = lines or (Line(name="Mug", unit_amount=1250, quantity=2),)
    total = Money(sum(line.amount for line in lines), "EUR")
    made = Receipt(
        number="K7QX-94TM",
        payment="pay_01m8yt2k4fe0x9r3p6s4a7b2cd",
        paid_at=1_767_225_600 * SECOND,
        lines=lines,
        total=total,
        received=total,
        way=Way.TRANSFER,
    )
    shown = Profile(tenant=DEMO_SHOP.id, id=DEMO_SHOP.id, **profile)
    return receipt_texts.written(made, DEMO_SHOP, shown, language)


def pages(drawn: bytes) -> int:
    return int(re.search(rb"/Count (\d+)", drawn)[1])  # type: ignore[index]


async def test_the_same_receipt_is_the_same_bytes(seller: Store) -> None:
    id, url = await opened(seller)
    await seller.pay(id)
    first, second = [await Reader(seller, url).print() for _ in "ab"]
    assert first.content == second.content
    assert first.headers["content-type"] == "application/pdf"
    assert re.fullmatch(
        r'inline; filename="receipt-[0-9A-Z]{4}-[0-9A-Z]{4}\.pdf"', first.headers["content-disposition"]
    )
    assert first.content.startswith(b"%PDF-1.")
    assert len(first.content) < 60_000


@pytest.mark.parametrize("language", languages.LANGUAGES)
def test_a_receipt_is_written_on_paper_in_every_language(language: str) -> None:
    drawn = receipt_pdf.drawn(receipt(language=language), None, None)
    assert pages(drawn) == 1
    assert b"/Lang (%s)" % language.encode() in drawn


def test_many_lines_go_on_on_further_pages() -> None:
    lines = [Line(name=f"Book {number}, " + "long " * 20, unit_amount=500) for number in range(100)]
    assert pages(receipt_pdf.drawn(receipt(*lines), "#0a7d55", None)) > 5


@pytest.mark.parametrize(
    "name",
    [
        "Łódź Größe Ñandú Ćevapi",
        "日本語",
        "\N{OK HAND SIGN}" * 20,
        "x" * 250,
        "مقهى",
        "a\tb\r\nc",
        "\u202eevil",
        "\ud7ff",
    ],
)
def test_no_name_is_too_strange_to_be_drawn(name: str) -> None:
    assert pages(receipt_pdf.drawn(receipt(Line(name=name, unit_amount=500), display_name=name), None, None)) == 1


def picture(kind: str, size: tuple[int, int], mode: str = "RGB") -> bytes:
    made = io.BytesIO()
    Image.new(mode, size, "red").save(made, kind)
    return made.getvalue()


def claiming(width: int, height: int) -> bytes:
    """A few bytes that say they are a very large picture."""
    chunks = (b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0), b"IDAT" + zlib.compress(b""))
    written = (struct.pack(">I", len(one) - 4) + one + struct.pack(">I", zlib.crc32(one)) for one in chunks)
    return picture("PNG", (1, 1))[:8] + b"".join(written)


@pytest.mark.parametrize(
    ("logo", "is_drawn"),
    [
        (picture("PNG", (64, 64)), True),
        (picture("JPEG", (640, 64)), True),
        (picture("WEBP", (64, 640)), True),
        (picture("PNG", (8_000, 8_000), "1"), False),
        (claiming(30_000, 30_000), False),
        (picture("GIF", (64, 64)), False),
        (b"\x89PNG\r\n\x1a\n", False),
        (b"RIFF....", False),
        (picture("PNG", (64, 64))[:60], False),
    ],
    ids=["png", "wide", "high", "bomb", "larger bomb", "another kind", "nothing", "riff", "torn"],
)
def test_a_logo_is_drawn_if_it_is_a_picture_of_a_size(logo: bytes, is_drawn: bool) -> None:
    started = time.perf_counter()
    assert (b"/Subtype /Image" in receipt_pdf.drawn(receipt(), None, logo)) is is_drawn
    assert time.perf_counter() - started < 20
