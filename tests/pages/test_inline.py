"""The inline script as it is served: how large, with which types, and whose pages may hold what it opens."""

import gzip
import re
from typing import Final

import msgspec
import pytest

from tests.pages import site
from tests.surfaces.atarapay import market
from tests.surfaces.atarapay.market import Market, done
from tests.surfaces.checkout.store import CHALLENGED, VISA, Store
from tillgate.assembly import Assembly
from tillgate.core.merchants import Mode, Tenant
from tillgate.flows import profiles
from tillgate.flows.directory import Directory
from tillgate.pages import escrow_shop, inline, rendering, scripts
from tillgate.surfaces.atarapay.sandbox_keys import PUBLIC_KEY

pytestmark = pytest.mark.anyio

TYPES: Final = rendering.HERE / "static" / "trustpay.d.ts"
SCRIPT: Final = scripts.NAMED["trustpay.js"]
LOOPBACK: Final = ["'self'", "http://localhost:*", "http://127.0.0.1:*"]
CARD: Final = "tried=0&number={}&expiry=12/34&cvc=123&name="


@pytest.fixture
async def counter(app: Assembly) -> Market:
    """A merchant of the test's own."""
    return await market.opened(app)


async def path_of(seller: Market) -> str:
    """Where a buyer pays an order."""
    return str((await seller.posts()).headers["location"])


async def ancestors(seller: Market, path: str) -> list[str]:
    """Whose pages may frame a page."""
    page = await seller.http.get(path)
    site.assert_secure(page)
    return site.policy(page)["frame-ancestors"]


async def test_the_script_is_small_and_speaks_to_our_origin_alone() -> None:
    assert len(gzip.compress(SCRIPT.content)) < 6_000
    source = SCRIPT.content.decode()
    assert source.count("postMessage(") == 1
    assert "postMessage({}, origin, [port2])" in source
    assert 'addEventListener("message"' not in source
    assert SCRIPT.paths == ("/assets/trustpay.inline.min.js", "/assets/test/trustpay.inline.min.js")


async def test_the_style_sheet_and_the_types_are_there_for_everybodys_pages(counter: Market) -> None:
    for path, kind in (*((path, "text/css") for path in inline.STYLES), (inline.TYPES, "text/plain")):
        served = await counter.http.get(path)
        assert served.status_code == 200
        assert served.headers["content-type"] == f"{kind}; charset=utf-8"
        assert served.headers["cross-origin-resource-policy"] == "cross-origin"
        assert served.headers["access-control-allow-origin"] == "*"
    assert (await counter.http.get(inline.TYPES)).content == TYPES.read_bytes()


async def test_only_pages_of_registered_origins_hold_the_payment_page(
    counter: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In test mode those of this machine where none is registered, in live mode nobody's."""
    path = await path_of(counter)
    assert await ancestors(counter, path) == LOOPBACK
    tenant_of = Directory.tenant

    async def live(self: Directory, id: str) -> Tenant:
        return msgspec.structs.replace(await tenant_of(self, id), mode=Mode.LIVE)

    with monkeypatch.context() as patched:
        patched.setattr(Directory, "tenant", live)
        assert await ancestors(counter, path) == ["'none'"]
    await profiles.register(counter.parts.gateway, counter.tenant, lambda _: ("https://shop.example",))
    assert await ancestors(counter, path) == ["'self'", "https://shop.example"]
    with monkeypatch.context() as patched:
        patched.setattr(Directory, "tenant", live)
        assert await ancestors(counter, path) == ["https://shop.example"]
    assert await ancestors(counter, path.replace("signature=", "signature=0")) == ["'none'"]


async def test_payment_pages_of_other_checkouts_are_framed_by_nobody(seller: Store, counter: Market) -> None:
    path = str((await seller.open())["checkoutUrl"])
    assert await ancestors(counter, path) == ["'none'"]


async def test_the_banks_page_in_the_window_leads_back_into_it(counter: Market) -> None:
    path = await path_of(counter)
    headers = {"content-type": market.FORM, "accept": "application/json"}
    asked = await counter.http.post(path.replace("?", "/card?"), content=CARD.format(CHALLENGED), headers=headers)
    bank = f"{asked.json()['goes_to']}?framed=inside"
    assert await ancestors(counter, bank) == LOOPBACK
    page = await counter.http.get(bank)
    assert "Cancel and go back" in page.text
    chosen = await counter.http.post(bank, content="outcome=approve&code=123456", headers={"content-type": market.FORM})
    assert chosen.headers["location"] == f"{bank}&over"
    assert await ancestors(counter, f"{bank}&over") == LOOPBACK
    over = await counter.http.get(f"{bank}&over")
    (back,) = re.findall(r'<meta http-equiv="refresh" content="0;url=(/returns/[^"]*)">', over.text)
    returned = await counter.http.get(back)
    assert (returned.status_code, returned.headers["location"]) == (303, path)
    assert (await counter.payment(1)).captured == 1_250_000


async def test_the_sample_shop_sells_for_whom_a_key_names(counter: Market) -> None:
    shown = await counter.http.get(escrow_shop.PATH)
    site.assert_secure(shown)
    assert f'value="{PUBLIC_KEY}"' in shown.text
    own = await counter.http.get(f"{escrow_shop.PATH}?key={counter.public}")
    assert f'value="{counter.public}"' in own.text
    assert f'value="http://127.0.0.1:8000{escrow_shop.PATH}?key={counter.public}"' in own.text
    far = {"x-forwarded-for": "::2"}
    asks = await counter.http.get(escrow_shop.PATH, headers=far)
    assert "Open the shop" in asks.text
    assert "No test merchant has this public key." not in asks.text
    for key in (PUBLIC_KEY, "x", counter.pair, counter.token, counter.v1.key):
        asks = await counter.http.get(escrow_shop.PATH, params={"key": key}, headers=far)
        assert "No test merchant has this public key." in asks.text
    there = await counter.http.get(f"{escrow_shop.PATH}?key={counter.public}", headers=far)
    assert f'value="{counter.public}"' in there.text


async def test_what_the_sample_shop_posts_is_an_order(counter: Market) -> None:
    shown = await counter.http.get(f"{escrow_shop.PATH}?key={counter.public}")
    fields = {one["name"]: one["value"] for one in site.Read(shown.text).of("input")} | {"currency": "NGN"}
    led = await counter.http.post("/pay", data=fields)
    assert led.status_code == 303, led.text
    card = str(led.headers["location"]).replace("?", "/card?")
    await counter.http.post(card, content=CARD.format(VISA), headers={"content-type": market.FORM})
    order = done(await counter.ask(market.ORDER, status="order", order=1))
    assert (order["status"]["title"], order["amount_payed"]) == ("Pending", escrow_shop.PRICE.amount)
    back = await counter.http.get(f"{escrow_shop.PATH}?key={counter.public}&product=1&order=<b>7</b>")
    assert "Order &lt;b&gt;7&lt;/b&gt; is paid" in back.text
