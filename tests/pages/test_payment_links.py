"""Who follows a payment link: a checkout of their own for each, none for robots, and never one payment too many."""

import asyncio
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest

from tests.pages.guest import Page
from tests.surfaces.checkout import store
from tests.surfaces.checkout.store import DECLINED, Store
from tests.surfaces.v1.shop import LOCAL
from tillgate.assembly import Assembly
from tillgate.core.reasons import Reason, Refused
from tillgate.pages.payment_links import OPENED_A_MINUTE

pytestmark = pytest.mark.anyio

MUG: dict[str, Any] = {"price_data": {"currency": "usd", "unit_amount": 1200, "product_data": {"name": "Mug"}}}
GIFT = {
    "currency": "eur",
    "product_data": {"name": "Donation"},
    "custom_unit_amount": {"enabled": True, "minimum": 500},
}
PERSON = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document", "user-agent": "Mozilla/5.0 Firefox/140.0"}


@pytest.fixture
async def seller(app: Assembly) -> Store:
    return await store.opened(app)


@pytest.fixture
async def anyones(either: Assembly) -> Store:
    return await store.opened(either)


async def made(seller: Store, **given: Any) -> dict[str, Any]:
    answer = await seller.v1.post("/payment_links", {"line_items": [MUG], **given})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


class Follower:
    """Somebody with a browser, and the link."""

    def __init__(self, seller: Store, link: dict[str, Any], peer: str = "127.0.0.1", **headers: str) -> None:
        self.path = str(link["url"]).removeprefix(LOCAL)
        transport = httpx2.ASGITransport(app=seller.parts.application, client=(peer, 50_000))
        self.http = httpx2.AsyncClient(
            transport=transport, base_url=LOCAL, headers={"accept-language": "en", **headers}
        )

    async def go(self, method: str = "GET", **headers: str) -> httpx2.Response:
        return await self.http.request(method, self.path, headers={**PERSON, **headers})

    async def send(self, **given: str) -> httpx2.Response:
        headers = {"sec-fetch-site": "same-origin", "content-type": "application/x-www-form-urlencoded"}
        return await self.http.post(self.path, content=urlencode(given), headers=headers)


def opened(answer: httpx2.Response) -> str:
    """The payment to whose page an answer leads."""
    assert answer.status_code == 303, answer.text
    path = answer.headers["location"].partition("?")[0]
    assert path.startswith("/checkout/pay_")
    return str(path.removeprefix("/checkout/"))


async def sessions(seller: Store) -> list[dict[str, Any]]:
    return await seller.v1.listed("/checkout/sessions?limit=100")


async def test_each_who_follows_a_link_has_a_checkout_of_their_own(anyones: Store) -> None:
    link = await made(anyones, metadata={"campaign": "spring"}, payment_intent_data={"metadata": {"order": "7"}})
    first, second = [opened(await Follower(anyones, link).go()) for _ in "ab"]
    assert first != second
    await anyones.pay(first)
    found = {
        one["payment_intent"]: one for one in await anyones.v1.listed(f"/checkout/sessions?payment_link={link['id']}")
    }
    paid = found[first.replace("pay_", "pi_")]
    assert (paid["payment_status"], paid["amount_total"], paid["payment_link"]) == ("paid", 1200, link["id"])
    assert paid["metadata"] == {"campaign": "spring"}
    intent = (await anyones.v1.get(f"/payment_intents/{paid['payment_intent']}")).json()
    assert (intent["metadata"], intent["description"]) == ({"order": "7"}, "Mug")
    expanded = await anyones.v1.get(f"/checkout/sessions/{paid['id']}?expand[]=payment_link")
    assert expanded.json()["payment_link"]["url"] == link["url"]


async def test_the_same_browser_comes_back_to_what_it_has_not_paid_yet(seller: Store) -> None:
    link, other = await made(seller), await made(seller)
    visitor = Follower(seller, link)
    first = opened(await visitor.go())
    assert opened(await visitor.go()) == first
    assert opened(await visitor.send()) == first
    visitor.path = str(other["url"]).removeprefix(LOCAL)
    assert opened(await visitor.go()) != first
    visitor.path = str(link["url"]).removeprefix(LOCAL)
    await seller.pay(first)
    assert opened(await visitor.go()) != first


async def test_nobody_comes_to_anothers_payment_by_a_cookie_that_they_wrote(seller: Store) -> None:
    link = await made(seller)
    theirs = opened(await Follower(seller, link).go())
    for value in (theirs, f"{theirs}?expires=9999999999&signature={'0' * 64}", "?", "x" * 3000, f"{theirs}?expires=x"):
        cookie = f"tillgate-{link['id']}={value}"
        assert opened(await Follower(seller, link, cookie=cookie).go()) != theirs


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-mode": ""},
        {"sec-fetch-dest": "iframe"},
        {"sec-purpose": "prefetch;prerender"},
        {"purpose": "prefetch"},
        {"user-agent": "Mozilla/5.0 (compatible; Googlebot/2.1)"},
        {"user-agent": "Twitterbot/1.0"},
    ],
)
async def test_what_is_no_person_is_shown_what_is_sold_and_opens_nothing(
    seller: Store, headers: dict[str, str]
) -> None:
    link = await made(seller)
    answer = await Follower(seller, link).go(**headers)
    assert answer.status_code == 200
    assert '<meta property="og:title" content="Mug">' in answer.text
    assert "$12.00" in Page(answer).text
    assert await sessions(seller) == []
    opened(await Follower(seller, link).send())


async def test_asking_for_the_head_opens_nothing(seller: Store) -> None:
    link = await made(seller)
    assert (await Follower(seller, link).go("HEAD")).status_code == 200
    assert await sessions(seller) == []


async def test_payers_say_how_much_in_either_way_of_writing_it(seller: Store) -> None:
    visitor = Follower(seller, await made(seller, line_items=[{"price_data": GIFT}]), peer="198.51.100.7")
    page = Page(await visitor.go())
    assert page.forms == [(visitor.path, {"amount": ""})]
    for written, amount in (("12.50", 1250), ("12,50", 1250), (" 7 ", 700), ("1 000", 100_000)):
        payment = await seller.record(opened(await visitor.send(amount=written)))
        assert (payment.amount.amount, payment.amount.currency) == (amount, "EUR")


@pytest.mark.parametrize(
    "written", ["", "4.99", "-5", "5.001", "1,000,000", "1e9", "five", "9" * 60, "999999999", "٥٠"]
)
async def test_an_amount_that_is_none_is_told_in_words(seller: Store, written: str) -> None:
    visitor = Follower(seller, await made(seller, line_items=[{"price_data": GIFT}]))
    answer = await visitor.send(amount=written)
    assert answer.status_code == 400
    assert Page(answer).wrong == {"amount"}
    assert 'role="alert"' in answer.text
    assert await sessions(seller) == []


async def test_payers_say_how_many_within_bounds(seller: Store) -> None:
    several = {**MUG, "adjustable_quantity": {"enabled": True, "minimum": 1, "maximum": 5}}
    visitor = Follower(seller, await made(seller, line_items=[several, {**MUG, "quantity": 2}]))
    page = Page(await visitor.go())
    assert page.forms == [(visitor.path, {"quantity_0": "1"})]
    assert (await seller.record(opened(await visitor.send(quantity_0="3")))).amount.amount == 5 * 1200
    for wrong in ("6", "0", "x", "1.5", "-1", "9999999"):
        assert (await visitor.send(quantity_0=wrong)).status_code == 400, wrong
    # What is not for them to say is not heard.
    assert (await seller.record(opened(await visitor.send(quantity_1="9", amount="1")))).amount.amount == 3 * 1200


async def test_a_link_that_is_switched_off_opens_nothing_and_says_why(seller: Store) -> None:
    link = await made(seller, inactive_message="Sold out")
    visitor = Follower(seller, link)
    kept = opened(await visitor.go())
    await seller.v1.post(f"/payment_links/{link['id']}", {"active": False})
    for answer in (await Follower(seller, link).go(), await Follower(seller, link).send()):
        assert answer.status_code == 410
        assert "Sold out" in Page(answer).text
    assert opened(await visitor.go()) == kept, "what was opened can be paid"
    await seller.v1.post(f"/payment_links/{link['id']}", {"active": True})
    opened(await Follower(seller, link).go())


@pytest.mark.parametrize("path", ["/pay/plink_nothing", "/pay/pay_01m8", "/pay/%00", f"/pay/{'x' * 2000}"])
async def test_what_is_no_link_is_nothing(seller: Store, path: str) -> None:
    visitor = Follower(seller, {"url": path})
    assert (await visitor.go()).status_code == 404
    assert (await visitor.send()).status_code == 404


async def test_no_page_of_somebody_elses_opens_one(seller: Store) -> None:
    visitor = Follower(seller, await made(seller))
    answer = await visitor.http.post(visitor.path, data={}, headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403
    assert await sessions(seller) == []


async def test_a_limited_link_is_paid_so_many_times_and_no_more_however_many_want_to_at_once(anyones: Store) -> None:
    link = await made(anyones, restrictions={"completed_sessions": {"limit": 2}})
    waiting = [opened(await Follower(anyones, link).go()) for _ in range(6)]
    came = await asyncio.gather(*[anyones.pay(one) for one in waiting], return_exceptions=True)
    refused = [one for one in came if isinstance(one, Refused)]
    assert {one.reason for one in refused} == {Reason.PAYMENT_LINK_CLOSED}
    assert len(refused) == 4
    shown = (await anyones.v1.get(f"/payment_links/{link['id']}")).json()
    assert shown["restrictions"]["completed_sessions"] == {"count": 2, "limit": 2}
    assert (await Follower(anyones, link).go()).status_code == 410


async def test_who_is_declined_gives_the_place_up_where_somebody_wants_it(seller: Store) -> None:
    link = await made(seller, restrictions={"completed_sessions": {"limit": 1}})
    first, second = [opened(await Follower(seller, link).go()) for _ in "ab"]
    await seller.pay(first, DECLINED)
    await seller.pay(second)
    with pytest.raises(Refused) as refused:
        await seller.pay(first)
    assert refused.value.reason is Reason.PAYMENT_LINK_CLOSED


async def test_a_link_opens_so_many_in_a_minute_and_then_waits(seller: Store) -> None:
    link = await made(seller)
    for _ in range(OPENED_A_MINUTE):
        opened(await Follower(seller, link).send())
    answer = await Follower(seller, link).go()
    assert answer.status_code == 200
    assert (await Follower(seller, link).send()).status_code == 429


async def test_who_is_too_late_for_the_last_place_is_told_so_on_the_payment_page(seller: Store) -> None:
    link = await made(seller, restrictions={"completed_sessions": {"limit": 1}})
    late = Follower(seller, link)
    page = (await late.go()).headers["location"]
    await seller.pay(opened(await Follower(seller, link).go()))
    shown = Page(await late.http.get(page))
    assert (shown.heading, shown.forms) == ("This cannot be paid at the moment", [])
