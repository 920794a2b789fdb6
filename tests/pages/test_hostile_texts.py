"""Whatever merchants, clients, payers and addresses say stays text, on every page that shows it and on all others."""

import html
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import httpx2
import pytest

from tests.pages import guest, site
from tests.surfaces.checkout import store as stores
from tests.surfaces.checkout.store import Store, done
from tests.surfaces.oauth import person
from tests.surfaces.oauth.person import Browser, Person
from tests.surfaces.v1 import shop
from tests.surfaces.v1.shop import LOCAL
from tillgate.assembly import Assembly
from tillgate.store import migrate
from tillgate.surfaces.v1.sandbox_keys import PUBLISHABLE_KEY

pytestmark = pytest.mark.anyio

HOSTILE = "'\"></title><script>alert(1)</script><img/src=x onerror=alert(1)>{{7*7}}{texts}%s"
IN_ADDRESSES = quote(HOSTILE)
WRITTEN = html.escape("<script>alert(1)</script>")


@pytest.fixture(scope="module")
async def parts(tmp_path_factory: pytest.TempPathFactory, anyio_backend: object) -> AsyncIterator[Assembly]:
    home: Path = tmp_path_factory.mktemp("home")
    migrate.migrate(None, home)
    async with shop.open_shop(home, keeps_time=False) as made:
        yield made


@pytest.fixture(scope="module")
async def store(parts: Assembly) -> Store:
    """A merchant whose every text is hostile."""
    made = await stores.opened(parts, name=HOSTILE)
    done(
        await made.manage(
            "PATCH", "/api/account", {"displayName": HOSTILE, "website": f"https://a.example/{HOSTILE}"[:24]}
        )
    )
    return made


@pytest.fixture(scope="module")
async def ann(parts: Assembly) -> Person:
    """Somebody who works for a merchant of such a name."""
    return await person.signed_in(parts, tenant=await shop.new_tenant(parts, HOSTILE))


def assert_text(page: httpx2.Response, *, shown: bool) -> None:
    """What is hostile is shown, or is not there at all, and does nothing either way."""
    read = site.assert_secure(page)
    assert (WRITTEN in page.text) == shown
    assert "<script>alert" not in page.text
    assert "onerror=alert(1)>" not in page.text
    assert not [tag for tag, _ in read.tags if tag == "img"]
    assert "49" not in page.text.partition(WRITTEN)[2][:80]


async def test_what_a_merchant_says_of_a_checkout_is_text_wherever_it_stands(store: Store) -> None:
    said = {
        "reference": HOSTILE,
        "referenceLabel": HOSTILE,
        "redirectUrl": "https://shop.example/'\"></script><script>alert(1)</script>?javascript:alert(1)",
    }
    payer = await guest.opened(store, **said)
    assert_text((await payer.see()).answer, shown=True)
    assert_text((await payer.pay(stores.DECLINED)).answer, shown=True)
    wrong = {"number": HOSTILE, "expiry": HOSTILE, "cvc": HOSTILE, "name": HOSTILE}
    assert_text((await payer.press("card", **wrong)).answer, shown=True)
    assert_text((await payer.pay()).answer, shown=True)
    path, _, query = payer.path.partition("?")
    assert_text(await payer.http.get(f"{path}/receipt?{query}"), shown=True)


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "//evil.example", "https://a.example/\nx", "java\tscript:x"]
)
async def test_nobody_is_sent_to_what_is_no_web_address(store: Store, url: str) -> None:
    answer = await store.ask("POST", "/api/payment/checkout", store.order(redirectUrl=url))
    assert "redirectUrl" in stores.errors(answer)


async def test_what_a_merchant_is_called_is_text_at_the_bank(parts: Assembly) -> None:
    merchant = await shop.merchant(parts, HOSTILE)
    payment = await merchant.pay(card={**shop.CARD, "number": stores.CHALLENGED})
    browser, path = Browser(parts), payment["next_action"]["redirect_to_url"]["url"].removeprefix(LOCAL)
    for address in (path, f"{path}?framed"):
        assert_text(await browser.get(address), shown=True)
    assert_text(await browser.send(path, {"outcome": "approve", "code": HOSTILE}), shown=True)
    over = await browser.send(path, {"outcome": "approve", "code": "123456"})
    assert_text(await browser.get(over.headers["location"]), shown=True)


async def test_what_a_client_says_is_text_where_people_agree(ann: Person) -> None:
    client = await ann.client(name=HOSTILE)
    assert_text(await ann.get(client.address(state=HOSTILE)), shown=True)
    for change in ({"redirect_uri": HOSTILE}, {"client_id": HOSTILE}):
        assert_text(await ann.get(client.address(**change)), shown=False)
    await ann.agree(client)
    assert_text(await ann.get("/account"), shown=True)


async def test_what_a_browser_says_is_text(parts: Assembly, store: Store) -> None:
    browser = Browser(parts, **{"user-agent": f"<script>alert(1)</script>{HOSTILE}", "accept-language": HOSTILE})
    member = await person.somebody(parts, tenant=store.tenant)
    assert_text(await browser.send("/sign-in", {"email": HOSTILE}), shown=True)
    await browser.sign_in(member.email, person.PASSWORD)
    assert_text(await browser.get("/account"), shown=True)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        (f"/phone?number={IN_ADDRESSES}&about={IN_ADDRESSES}", True),
        (f"/sandbox/shop?publicToken={IN_ADDRESSES}", True),
        (f"/sandbox/escrow-shop?key={IN_ADDRESSES}", True),
        (f"/sandbox/escrow-shop?order={IN_ADDRESSES}&product={IN_ADDRESSES}", True),
        (f"/sign-in?next={IN_ADDRESSES}", False),
        (f"/checkout/{IN_ADDRESSES}?expires={IN_ADDRESSES}&signature={IN_ADDRESSES}", False),
        (f"/elements/card?key={IN_ADDRESSES}", False),
        (f"/elements/card?key={PUBLISHABLE_KEY}&locale={IN_ADDRESSES}", False),
        (f"/sandbox/challenges/{IN_ADDRESSES}/{IN_ADDRESSES}", False),
        (f"/scripts?{IN_ADDRESSES}", False),
        (f"/phone/{IN_ADDRESSES}", False),
    ],
)
async def test_what_an_address_says_is_text(parts: Assembly, address: str, shown: bool) -> None:
    for headers in ({}, {"host": f"127.0.0.1:8000/{HOSTILE}"}):
        assert_text(await Browser(parts).get(address, **headers), shown=shown)
