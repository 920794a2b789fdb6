"""From a shop's form to an order that is paid: the page, the way back, who sells, who provides, projects, errors."""

from typing import Any

import pytest

from tests.surfaces.atarapay import market
from tests.surfaces.atarapay.market import ABSENT, ORDER, RATE, Market, done, error, written
from tests.surfaces.v1 import shop
from tillgate.core.instants import DAY
from tillgate.core.merchants import Mode
from tillgate.core.parties import Destination, Named, PartyKind
from tillgate.flows import escrow_settings, parties, profiles
from tillgate.flows.gateway import Answer
from tillgate.surfaces.atarapay.sandbox_keys import PUBLIC_KEY

pytestmark = pytest.mark.anyio


async def test_who_does_not_pay_has_an_order_that_nobody_can_do_anything_with(seller: Market) -> None:
    await seller.posts()
    shown = done(await seller.ask(ORDER, status="order", order=1))
    assert (shown["status"]["title"], shown["amount_payed"]) == ("Unpaid", 0)
    for status in ("delivered", "cancelled", "buyer_cancel"):
        answer = await seller.ask(ORDER, status=status, order=1, phone_number="08030000001")
        assert error(answer) == "Invalid action. This order has not been paid yet"


async def test_in_dollars_what_is_paid_is_computed_here_and_the_rate_is_kept(seller: Market) -> None:
    payment = await seller.pays(await seller.posts(currency="USD", amount="1550250", amount_fx="0.01"))
    assert payment.amount.currency == "USD"
    assert payment.captured == 1_000
    await escrow_settings.update(seller.parts.gateway, seller.caller, {"rates": {"USDNGN": "1600"}})
    kept = done(await seller.ask(ORDER, status="order", order=1))
    assert (kept["conversion_ratio"], kept["product_cost"], kept["amount_payed"]) == (1550.25, 1_550_250, 1_550_250)
    payment = await seller.pays(await seller.posts(currency="USD", amount="1600000"))
    assert payment.captured == 1_000
    own = await seller.ask(f"{RATE}?base=USD&currency=NGN", "GET")
    assert done(own) == {"USDNGN": 1600}


async def test_a_key_names_the_seller_in_the_form_alone(seller: Market) -> None:
    for token in (ABSENT, "", " "):
        assert error(await seller.posts(token=token)) == "The token field is required."
    for token in ("x", PUBLIC_KEY[:-1], seller.token, seller.pair, seller.v1.key):
        assert error(await seller.posts(token=token)) == "Invalid token. Does not match any record."
    assert (await seller.posts(token=PUBLIC_KEY)).status_code == 303
    elsewhere = written({"token": PUBLIC_KEY, **market.FORM_OF_SHOP})
    answer = await seller.send("/pay", elsewhere, **{"x-forwarded-for": "::2"})
    assert error(answer) == "Invalid token. Does not match any record."
    answer = await seller.http.post(f"/pay?token={seller.public}", content=b"")
    assert error(answer) == "The token field is required."


async def test_people_are_told_on_a_page(seller: Market) -> None:
    answer = await seller.posts(accept="text/html,*/*;q=0.8", email="<script>alert(1)</script>")
    assert (answer.status_code, answer.headers["content-type"]) == (422, "text/html; charset=utf-8")
    assert "The email must be a valid email address." in answer.text
    assert "<script" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "not UTF-8" in (await seller.send("/pay", b"token=%ff", accept="text/html")).text


async def test_a_service_provider_has_to_be_the_merchant_s_own(seller: Market) -> None:
    await seller.bank_account()
    provider, other = await seller.provider(), await market.opened(seller.parts)
    payment = await seller.pays(await seller.posts(sp_id=provider["id"], sp_commission="20"))
    assert payment.escrow is not None
    assert payment.escrow.pricing.provider_basis_points == 2_000
    shown = done(await seller.ask(ORDER, status="order", order=1))
    assert shown["sp_order_ref"] == f"1-{provider['id']}"
    plugin = await seller.posts(sp_id=provider["id"], sp_commission="20", platform="Woocommerce")
    escrow = (await seller.pays(plugin)).escrow
    assert escrow is not None
    assert escrow.pricing.provider_basis_points == 8_000
    nothing = (await seller.pays(await seller.posts(sp_id=provider["id"], platform="Woocommerce"))).escrow
    assert nothing is not None
    assert nothing.pricing.provider_basis_points == 0, "who names no commission gives nothing away"
    for asked, id in ((other, provider["id"]), (seller, 99)):
        said = f"Service Provider with id ({id}) does not exist, Please add Service Provider then try"
        assert error(await asked.posts(sp_id=id)) == said


async def test_a_marketplace_s_seller_is_known_by_their_phone(seller: Market) -> None:
    said = "Seller is not associated to the marketplace operator, Please associate seller then try again"
    assert error(await seller.posts(is_marketplace="1")) == "The seller_phone field is required."
    assert error(await seller.posts(is_marketplace="1", seller_phone="08030000021")) == said

    async def render(party: Any) -> Answer:
        return Answer(200, b"")

    account = Destination(bank_code="058", number="0123456785", holder="Bisi Ade")
    named = Named(first_name="Bisi", email="bisi@example.com", phone="0803 000 0021")
    gateway, kind = seller.parts.gateway, PartyKind.SELLER
    await parties.create(gateway, seller.caller, None, kind, named, account, render, is_associated=True)
    await seller.pays(await seller.posts(is_marketplace="1", seller_phone="08030000021"))
    shown = done(await seller.ask(ORDER, status="order", order=1))
    assert (shown["is_marketplace"], shown["seller_email"], shown["seller_phone"]) == (
        *(1, "bisi@example.com"),
        "0803 000 0021",
    )
    assert "bisi@" not in str((await seller.payment(1)).escrow), "who sells is told of as they are, and kept once"


async def test_what_is_promised_for_the_past_or_for_nobody_alive_is_refused(seller: Market) -> None:
    said = "The delivery_date is invalid: it has to be "
    for past in ("2020-01-01", "0001-01-01"):
        assert error(await seller.posts(delivery_date=past)) == said + "a day to come."
    for far in ("2199-01-01", "9998-12-31", "9999-12-30 23:59:59"):
        assert error(await seller.posts(delivery_date=far)) == said + "within 36600 days."
    now = seller.parts.gateway.clock.now(seller.tenant.id)
    payment = await seller.pays(await seller.posts())
    assert payment.checkout is not None
    assert payment.checkout.expires_at <= now + 8 * DAY


async def test_with_real_money_a_buyer_goes_back_to_a_registered_origin_alone(seller: Market) -> None:
    tenant = await shop.new_tenant(seller.parts, "Live", Mode.LIVE)
    live = await market.opened(seller.parts, tenant)
    assert error(await live.posts()) == "Live mode is not available."
    await profiles.register(seller.parts.gateway, tenant, lambda origins: ("https://shop.example",))
