"""The order's page by its forms alone, on either database: every answer a buyer has, what each does, and the truth."""

import asyncio
import html
from pathlib import Path

import pytest

from tests.flows.market import Market
from tests.pages.buyer import Buyer, mailed
from tests.surfaces.v1 import shop
from tests.surfaces.v1.pictures import photograph
from tillgate.assembly import Assembly
from tillgate.clock import ManualClock
from tillgate.core import languages
from tillgate.core.escrows import MOVES, Delivery, EscrowStatus, Move, Product, RefundPolicy, Side
from tillgate.core.instants import DAY
from tillgate.pages import texts

pytestmark = pytest.mark.anyio

LATE = (
    "Invalid action. This cancel request by the buyer isn't allowed because it's past time eligible for a refund. "
    "The seller shall however provide full product replacement. Please contact seller for same."
)


@pytest.fixture
async def market(timed: tuple[Assembly, ManualClock], database: str | None, home: Path) -> Market:
    parts, clock = timed
    return Market(parts, clock, await shop.new_tenant(parts), (database, home))


async def delivered(market: Market, **changes: object) -> Buyer:
    payment = await market.buys(market.wanted(**changes))
    await market.does(payment, Move.DELIVER, Side.SELLER)
    return Buyer(market, payment)


async def status(buyer: Buyer) -> EscrowStatus:
    return (await buyer.market.escrow(buyer.payment)).status


async def test_who_has_the_mail_follows_its_link_and_accepts(market: Market) -> None:
    buyer = await delivered(market)
    (link,) = {one for mail in await mailed(market) for one in mail["links"]}
    assert link == f"http://127.0.0.1:8000{buyer.path}"
    page = await buyer.see()
    assert (page.status, page.answer.headers["cache-control"]) == (200, "no-store")
    assert page.heading == "Has it arrived, and is it right?"
    assert "Lamp" in page.text
    assert "₦1,000.00 is held." in page.text
    assert "If you do not answer by" in page.text
    accepted = await buyer.answers("accept")
    assert accepted.heading == "Accepted"
    assert "You accepted" in accepted.text
    await market.settles()
    over = await buyer.see()
    assert over.heading == "Complete"
    assert "The money was paid out to the seller." in over.text
    assert "What you can do now" not in over.text


async def test_what_an_answer_does_to_the_money_is_told_before_and_is_what_happens(market: Market) -> None:
    payment = await market.buys(market.wanted(cancellation_fee=150_00))
    buyer = Buyer(market, payment)
    assert "₦1,000.00 goes back to you, the way you paid. This is final." in (await buyer.see("cancel")).text
    before = await buyer.asked("cancel")
    market.clock.advance(10 * DAY - 1)
    assert "fee" not in (await buyer.see("cancel")).text
    near = Delivery(promised_by=market.now + 2 * DAY, sla_days=3)
    other = await market.buys(market.wanted(cancellation_fee=150_00, delivery=near))
    late = Buyer(market, other)
    assert "₦150.00 is kept as a cancellation fee, and ₦850.00 goes back to you." in (await late.see("cancel")).text
    assert (await late.answers("cancel")).heading == "Canceled"
    await market.passes()
    assert (await market.order(other.id)).refunded == 850_00
    # What was told of the first is so still.
    assert (await buyer.send("cancel", before)).status_code == 303


async def test_a_fee_that_came_up_after_the_form_was_shown_is_not_taken_unasked(market: Market) -> None:
    promised = Delivery(promised_by=market.now + 5 * DAY, sla_days=3)
    payment = await market.buys(market.wanted(cancellation_fee=150_00, delivery=promised))
    buyer = Buyer(market, payment)
    form = await buyer.asked("cancel")
    market.clock.advance(3 * DAY)
    answer = await buyer.send("cancel", form)
    assert answer.status_code == 409
    assert "This was not done: your order stands otherwise than you saw it." in answer.text
    assert await status(buyer) is EscrowStatus.PENDING


async def test_who_cancels_late_reads_that_it_is_not_allowed_and_why(market: Market) -> None:
    payment = await market.buys()
    buyer = Buyer(market, payment)
    form = await buyer.asked("cancel")
    market.clock.advance(10 * DAY)
    page = await buyer.see()
    assert LATE in page.text
    assert not [link for link in page.links() if "/cancel?" in link]
    for answer in (await buyer.send("cancel", form), (await buyer.see("cancel")).answer):
        assert answer.status_code == 409
        assert LATE in html.unescape(answer.text)
    assert await status(buyer) is EscrowStatus.PENDING


async def test_pressing_twice_and_going_back_to_press_again_is_one_move(market: Market) -> None:
    buyer = await delivered(market)
    form = {**await buyer.asked("reject"), "comment": "Broken"}
    answers = await asyncio.gather(*(buyer.send("reject", form, [photograph()]) for _ in range(3)))
    assert {answer.status_code for answer in answers} == {303}
    assert (await buyer.send("reject", form, [photograph()])).status_code == 303
    escrow = await market.escrow(buyer.payment)
    assert [step.move for step in escrow.history] == [Move.DELIVER, Move.REJECT]
    assert len(escrow.history[-1].photographs) == 1


async def test_a_form_from_before_something_happened_does_nothing_and_says_how_it_stands(market: Market) -> None:
    buyer = await delivered(market)
    stale = await buyer.asked("accept")
    await buyer.answers("redeliver")
    await market.does(buyer.payment, Move.DELIVER, Side.SELLER)
    answer = await buyer.send("accept", stale)
    assert answer.status_code == 409
    assert "Below is how it stands now." in answer.text
    assert await status(buyer) is EscrowStatus.AWAITING_BUYER_RESPONSE
    # What is not to be done any more leads back to the page.
    assert (await buyer.see("redeliver")).status == 303
    assert not [link for link in (await buyer.see()).links() if "/redeliver?" in link]


async def test_a_rejection_is_contested_disputed_with_photographs_and_given_up(market: Market) -> None:
    buyer = await delivered(market)
    rejected = await buyer.answers("reject", "The shade is <b>broken</b>\nand so is the foot")
    assert rejected.heading == "Rejected"
    assert "<b>" not in rejected.html.partition("<blockquote>")[2][:60]
    assert "The shade is <b>broken</b> and so is the foot" in rejected.text
    await market.does(buyer.payment, Move.CONTEST, Side.SELLER)
    assert (await buyer.see()).heading == "In dispute"
    disputed = await buyer.answers(
        "dispute", "See for yourselves", [photograph(), photograph("PNG"), photograph("WEBP")]
    )
    assert disputed.heading == "The dispute manager decides"
    assert disputed.html.count("<img") == 3
    assert "If the dispute manager has not decided by" in disputed.text
    given_up = await buyer.answers("withdraw")
    assert given_up.heading == "The dispute is over"
    assert "You gave way in the dispute" in given_up.text


async def test_who_is_owed_a_replacement_reads_so_before_they_reject(market: Market) -> None:
    product = Product(id="7", name="Lamp", refund_policy=RefundPolicy.REPLACEMENT)
    buyer = await delivered(market, product=product)
    page = await buyer.see("reject")
    assert "A second delivery comes first" in page.text
    assert "without an answer you are owed a second delivery" in page.text
    await buyer.answers("reject", "Broken")
    await market.passes(3 * DAY)
    assert (await buyer.see()).heading == "A second delivery is to come"


async def test_what_is_due_by_now_is_shown_though_nobody_got_round_to_it(market: Market) -> None:
    buyer = await delivered(market)
    form = await buyer.asked("reject")
    market.clock.advance(3 * DAY)
    page = await buyer.see()
    assert page.heading == "Accepted"
    assert "Nobody answered in time, so it counts as accepted" in page.text
    assert (await buyer.send("reject", {**form, "comment": "Broken"})).status_code == 409


async def test_an_order_is_told_in_the_readers_language(market: Market) -> None:
    buyer = await delivered(market)
    for language, said in (("es", "¿Ha llegado y está bien?"), ("de", "Ist es angekommen, und ist es richtig?")):
        reader = Buyer(market, buyer.payment, language)
        page = await reader.see()
        assert page.heading == said
        assert f'<html lang="{language}">' in page.html
    assert "1.000,00" in (await Buyer(market, buyer.payment, "de").see("accept")).text


async def test_what_is_wrong_with_a_form_is_said_at_its_field(market: Market) -> None:
    buyer = await delivered(market)
    form = await buyer.asked("reject")
    for given, pictures, said in (
        ({**form, "comment": "  "}, [], "Say what is wrong."),
        ({**form, "comment": "x" * 2_001}, [], "Say it in at most 2,000 characters."),
        ({**form, "comment": "Broken"}, [photograph()] * 6, "Choose at most 5 photographs."),
        ({**form, "comment": "Broken"}, [b"GIF89a"], "One of the photographs cannot be used."),
        ({"comment": "Broken"}, [], "This form could not be read."),
        ({**form, "step": "-1", "comment": "Broken"}, [], "This form could not be read."),
        ({**form, "also": "1", "comment": "Broken"}, [], "This form could not be read."),
    ):
        answer = await buyer.send("reject", given, pictures)
        assert (answer.status_code, said in html.unescape(answer.text)) == (400, True), said
    assert await status(buyer) is EscrowStatus.AWAITING_BUYER_RESPONSE


@pytest.mark.parametrize("language", languages.LANGUAGES)
def test_whatever_happens_to_an_order_there_are_words_for_it(language: str) -> None:
    spoken = texts.spoken(language)
    for _, move, side in MOVES:
        name = f"order_did_{move.value}_{'seller' if side is Side.OPERATOR else side.value}"
        assert name in spoken
        if side is Side.BUYER:
            assert {f"order_do_{move.value}", f"order_yes_{move.value}", f"order_does_{move.value}"} <= spoken.keys()
    for status in (*EscrowStatus, "confirmed"):
        assert f"order_{status}" in spoken
