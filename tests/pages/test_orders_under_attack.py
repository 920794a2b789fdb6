"""The order's page against who is not meant to use it: links, sites, texts, pictures, and what is at rest."""

import base64
import html
import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from PIL import Image

from tests.flows.market import Market
from tests.pages import site
from tests.pages.buyer import Buyer
from tests.surfaces.v1 import shop
from tests.surfaces.v1.books import WEDNESDAY
from tests.surfaces.v1.pictures import photograph
from tillgate.clock import ManualClock
from tillgate.core.checkouts import Checkout
from tillgate.core.escrows import Move, Product, Side
from tillgate.core.instants import DAY
from tillgate.core.payments import Payment
from tillgate.flows import checkout_links, erasures, escrow_orders, evidence, photographs
from tillgate.flows.gateway import Answer
from tillgate.flows.sources import NewCustomer
from tillgate.store import migrate

pytestmark = pytest.mark.anyio

HOSTILE = "'\"></title><script>alert(1)</script><img/src=x onerror=alert(1)>{{7*7}}{texts}%s"
PAGE = b"<html><script>alert(1)</script></html>"


@pytest.fixture(scope="module")
async def market(tmp_path_factory: pytest.TempPathFactory, anyio_backend: object) -> AsyncIterator[Market]:
    home: Path = tmp_path_factory.mktemp("home")
    migrate.migrate(None, home)
    clock = ManualClock(WEDNESDAY)
    async with shop.open_shop(home, clock=clock, keeps_time=False) as parts:
        yield Market(parts, clock, await shop.new_tenant(parts, HOSTILE), (None, home))


async def delivered(market: Market) -> Buyer:
    payment = await market.buys(market.wanted(product=Product(id=HOSTILE, name=HOSTILE, description=HOSTILE)))
    await market.does(payment, Move.DELIVER, Side.SELLER)
    return Buyer(market, payment)


async def rejected(market: Market, *pictures: bytes) -> Buyer:
    buyer = await delivered(market)
    page = await buyer.answers("reject", HOSTILE, list(pictures))
    assert page.status == 200, page.text
    return buyer


async def with_a_checkout(market: Market) -> Payment:
    made: list[Payment] = []

    async def render(payment: Payment) -> Answer:
        made.append(payment)
        return Answer(200, b"")

    checkout = Checkout(reference="1", reference_label="Lamp", expires_at=market.now + DAY, holds_reference=False)
    buyer = NewCustomer("bisi@example.com")
    await escrow_orders.open(market.gateway, market.caller, None, market.wanted(), buyer, render, checkout)
    return made[-1]


async def test_a_link_that_was_changed_or_is_of_something_else_shows_and_does_nothing(market: Market) -> None:
    buyer, other = await delivered(market), await delivered(market)
    paying = await with_a_checkout(market)
    form = await buyer.asked("accept")
    path, _, query = buyer.path.partition("?")
    id = path.rpartition("/")[2]
    of_checkout = checkout_links.query(market.gateway, paying)
    order_of_checkout = Buyer(market, paying)
    wrong = [
        f"{path}?{query[:-1]}{'0' if query[-1] != '0' else '1'}",
        f"{other.path.partition('?')[0]}?{query}",
        f"{path[:-1]}{'0' if path[-1] != '0' else '1'}?{query}",
        path,
        f"{path}?signature=",
        f"{order_of_checkout.path.partition('?')[0]}?{of_checkout}",
        f"/checkout/{paying.id}?{order_of_checkout.path.partition('?')[2]}&expires=4070908800",
        f"/orders/{id.replace('eo_', 'pay_')}?{query}",
    ]
    for address in wrong:
        for method, below in (("GET", ""), ("GET", "/events"), ("POST", "/accept"), ("GET", "/reject")):
            place, _, proof = address.partition("?")
            answer = await buyer.http.request(
                method, f"{place}{below}?{proof}", data=form if method == "POST" else None
            )
            assert answer.status_code in (403, 404), address
            assert "Lamp" not in answer.text
            assert HOSTILE not in html.unescape(answer.text)
    assert (await order_of_checkout.see()).heading == "Not paid yet"
    assert (await market.escrow(buyer.payment)).verdict is None


async def test_no_page_of_another_site_answers_for_a_buyer(market: Market) -> None:
    buyer = await delivered(market)
    form = await buyer.asked("accept")
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}, {"origin": "null"}):
        assert (await buyer.send("accept", form, headers=headers)).status_code == 403
    assert (await market.escrow(buyer.payment)).verdict is None
    assert (await buyer.send("accept", form, headers={"sec-fetch-site": "same-origin"})).status_code == 303


async def test_what_is_written_stays_text(market: Market) -> None:
    buyer = await rejected(market)
    for below in ("", "accept", "dispute"):
        page = await buyer.see(below)
        site.assert_secure(page.answer)
        assert html.escape("<script>alert(1)</script>") in page.html
        assert "<script>alert" not in page.html


async def test_a_picture_is_drawn_anew_and_nothing_else_of_its_file_is_kept(market: Market) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # it lies on its side
    exif.get_ifd(0x8825).update({1: "N", 2: (6.0, 27.0, 14.0), 3: "E", 4: (3.0, 23.0, 40.0)})
    sent = photograph(exif=exif, comment=b"<script>", icc_profile=b"secret") + PAGE
    assert b"Exif" in sent
    buyer = await rejected(market, sent, photograph("PNG"), photograph("WEBP"))
    escrow = await market.escrow(buyer.payment)
    known = escrow.history[-1].photographs
    assert [one.media_type for one in known] == ["image/jpeg"] * 3
    shown = await buyer.see(f"evidence/{known[0].id}")
    content = shown.answer.content
    assert (shown.status, len(content)) == (200, known[0].size)
    for gone in (b"Exif", b"GPS", b"<script>", b"secret", b"ICC_PROFILE"):
        assert gone not in content
    picture = Image.open(io.BytesIO(content))
    assert (picture.size, (known[0].width, known[0].height)) == ((48, 64), (48, 64))
    headers = shown.answer.headers
    assert headers["content-type"] == "image/jpeg"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert headers["content-disposition"] == f'attachment; filename="{known[0].id}.jpg"'
    assert headers["cross-origin-resource-policy"] == "same-origin"


async def test_a_photograph_is_seen_by_who_has_the_link_of_its_order_alone(market: Market) -> None:
    buyer, other = await rejected(market, photograph()), await rejected(market, photograph())
    (known,) = (await market.escrow(buyer.payment)).history[-1].photographs
    assert (await buyer.see(f"evidence/{known.id}")).status == 200
    assert (await other.see(f"evidence/{known.id}")).status == 404
    assert (await buyer.see("evidence/ev_x")).status == 404


BROKEN = {
    "a page": PAGE,
    "a page that begins as a picture": b"\x89PNG\r\n\x1a\n" + PAGE,
    "half a picture": photograph()[:200],
    "a drawing": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "what moves": b"GIF89a" + bytes(64),
    "too large a file": photograph() + bytes(5 * 1024 * 1024),
    "nothing": b"",
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN.keys())
async def test_what_is_no_picture_of_ours_is_refused_and_nothing_is_done(market: Market, content: bytes) -> None:
    buyer = await delivered(market)
    given = {**await buyer.asked("reject"), "comment": "Broken"}
    answer = await buyer.send("reject", given, [photograph(), content])
    assert answer.status_code == 400
    assert "One of the photographs cannot be used." in answer.text
    assert ">Broken</textarea>" in answer.text
    assert len((await market.escrow(buyer.payment)).history) == 1


async def test_a_picture_of_many_pixels_in_few_bytes_is_refused_before_it_is_drawn() -> None:
    bomb = photograph("PNG", (9_000, 6_000))
    assert len(bomb) < 5 * 1024 * 1024
    with pytest.raises(Exception, match="parameter_invalid"):
        await photographs.drawn(bomb)
    drawn = await photographs.drawn(photograph(size=(4_000, 3_000)))
    assert (drawn.width, drawn.height) == (1_600, 1_200)


async def test_a_form_of_too_many_bytes_or_parts_is_refused(market: Market) -> None:
    buyer = await delivered(market)
    form = await buyer.asked("reject")
    for answer, size, status in (("reject", 26 * 1024 * 1024, 413), ("accept", 1024 * 1024 + 1, 413)):
        said = await buyer.http.post(buyer.at(answer), content=bytes(size), headers={"content-type": "text/plain"})
        assert said.status_code == status
    without = buyer.at("reject").replace("signature=", "signature=0")
    assert (await buyer.http.post(without, content=bytes(26 * 1024 * 1024))).status_code == 403
    many = [("photographs", ("", b"", "image/jpeg"))] * 1_001
    assert (await buyer.http.post(buyer.at("reject"), data=form, files=many)).status_code == 400
    assert len((await market.escrow(buyer.payment)).history) == 1


async def test_photographs_are_sealed_at_rest_and_erased_with_their_buyer(market: Market) -> None:
    sent = photograph(size=(400, 300))
    buyer = await rejected(market, sent)
    (known,) = (await market.escrow(buyer.payment)).history[-1].photographs
    _, content = await evidence.read(market.gateway, await market.order(buyer.payment.id), known.id)
    (row,) = await rows(market, known.id)
    assert base64.b64encode(content[:60]).decode() not in row
    assert known.sha256 not in row
    customer = (await market.order(buyer.payment.id)).customer
    assert customer is not None

    async def render(erasure: object) -> Answer:
        return Answer(200, b"")

    await erasures.begin(market.gateway, market.caller, None, customer.id, render)
    assert await rows(market, known.id) == []
    page = await buyer.see()
    assert page.status == 200
    assert not [one for one in ("<blockquote>", "/evidence/") if one in page.html]


async def rows(market: Market, id: str) -> list[str]:
    found = await market.gateway.store.engine.fetch(sa.text("select body from evidence where id = :id"), {"id": id})
    return [row[0] for row in found]


async def test_one_order_is_answered_ten_times_a_minute_at_most(market: Market) -> None:
    buyer = await delivered(market)
    answers = [await buyer.send("accept", {}) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [400] * 10 + [429]
    assert "Wait a minute" in answers[-1].text
