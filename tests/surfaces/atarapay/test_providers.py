"""Service providers and commissions: every row of the page's table, its errors, and what an order's money becomes."""

from typing import Any

import pytest

from tests.surfaces.atarapay import market
from tests.surfaces.atarapay.market import (
    ABSENT,
    COMMISSION,
    FORM,
    JSON,
    OPERATOR,
    PARTS,
    PROVIDER,
    SERVICE_PROVIDER,
    UNKNOWN_PROVIDER,
    Market,
    done,
    error,
)
from tillgate.core.escrow_settings import CommissionMeans
from tillgate.core.parties import Destination, Named, Party, PartyKind
from tillgate.flows import escrow_settings, parties
from tillgate.flows.gateway import Answer
from tillgate.surfaces.atarapay.sandbox_keys import PLACEHOLDER

pytestmark = pytest.mark.anyio

SHOWN = [
    *("id", "type", "firstname", "lastname", "phone", "email", "bank_code", "nip_bank_code", "bank_name"),
    *("bank_account_name", "bank_account_number", "recipient_code", "created_at", "updated_at"),
]
ASSOCIATED = "Service provider and commission successfully associated with the order"
NO_ORDER = "No such order exists for the seller."


@pytest.fixture
async def shop(seller: Market) -> Market:
    """A seller who is paid out somewhere."""
    await seller.bank_account()
    return seller


@pytest.mark.parametrize("media", [FORM, PARTS, JSON])
async def test_a_service_provider_is_introduced(shop: Market, media: str) -> None:
    made = done(await shop.ask(PROVIDER, media=media, **SERVICE_PROVIDER), "Service Provider Updated successfully")
    assert list(made) == SHOWN
    assert {name: str(made[name]) for name in SERVICE_PROVIDER} == SERVICE_PROVIDER
    bank = {"bank_name": ABSENT, "nip_bank_code": ABSENT}
    unsaid = done(await shop.ask(PROVIDER, media=media, **{**SERVICE_PROVIDER, **bank}))
    assert (unsaid["bank_name"], unsaid["nip_bank_code"]) == ("Guaranty Trust Bank", "000013")
    assert made["recipient_code"].startswith("RCP_")
    assert type(made["id"]) is int


async def test_one_who_is_paid_in_dollars_has_an_account_id(shop: Market) -> None:
    asked = {**SERVICE_PROVIDER, "type": "2"}
    assert error(await shop.ask(PROVIDER, **asked)) == "The account_id field is required."
    made = done(await shop.ask(PROVIDER, **asked, account_id="AC-7"))
    assert (made["type"], made["account_id"]) == (2, "AC-7")


async def test_a_seller_has_a_bank_account_first(seller: Market) -> None:
    said = "Seller bank account does not exist, Please add bank account then try"
    assert error(await seller.ask(PROVIDER, **SERVICE_PROVIDER)) == said
    assert error(await seller.ask(PROVIDER, type="1")) == "The bank_code field is required."
    await seller.bank_account()
    done(await seller.ask(PROVIDER, **SERVICE_PROVIDER))


async def test_demo_shop_runs_the_examples_as_they_are(seller: Market) -> None:
    done(await seller.ask(PROVIDER, authtoken=PLACEHOLDER, **SERVICE_PROVIDER))


NEEDED = [name for name in SERVICE_PROVIDER if name not in ("nip_bank_code", "bank_name")]


@pytest.mark.parametrize("missing", range(len(NEEDED)))
async def test_the_first_field_that_is_missing_is_named(shop: Market, missing: int) -> None:
    asked = {**SERVICE_PROVIDER, **dict.fromkeys(NEEDED[missing:], ABSENT)}
    assert error(await shop.ask(PROVIDER, **asked)) == f"The {NEEDED[missing]} field is required."


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("type", "3", "The selected type is invalid."),
        ("type", [], "The type field is required."),
        ("type", {"a": 1}, "The type must be a string."),
        ("bank_code", "58", "The bank_code must be 3 digits."),
        ("bank_code", "０５８", "The bank_code must be 3 digits."),
        ("bank_code", "999", "The bank_code is invalid: there is no bank with this code."),
        ("nip_bank_code", "13", "The nip_bank_code must be 6 digits."),
        ("nip_bank_code", "000014", "The nip_bank_code is invalid: it is another bank's than Guaranty Trust Bank's."),
        ("bank_account_number", "123456789", "The bank_account_number must be 10 digits."),
        ("bank_account_number", "012345678x", "The bank_account_number must be 10 digits."),
        ("bank_account_name", ["x"], "The bank_account_name must be a string."),
        ("email", "tunde", "The email must be a valid email address."),
        ("phone", "tunde", "The phone must be a valid phone number."),
        ("firstname", "x" * 256, "The firstname may not be greater than 255 characters."),
        ("lastname", True, "The lastname must be a string."),
        ("bank_name", {}, "The bank_name must be a string."),
    ],
)
async def test_what_is_wrong_is_said_of_its_field(shop: Market, field: str, value: Any, said: str) -> None:
    assert error(await shop.ask(PROVIDER, media=JSON, **{**SERVICE_PROVIDER, field: value})) == said


async def test_an_account_s_number_is_kept_under_seal(shop: Market) -> None:
    made = await shop.provider(bank_account_number="0987654321")
    party = await parties.by_number(shop.parts.gateway, shop.caller, made["id"])
    assert party.last4 == "4321"
    assert b"0987654321" not in (party.sealed or b"")


@pytest.mark.parametrize("method", ["PUT", "POST"])
@pytest.mark.parametrize("name", ["commisson", "commission"])
async def test_a_commission_is_a_share_of_an_order(shop: Market, method: str, name: str) -> None:
    provider, order = await shop.provider(), await shop.buys()
    asked = {name: "12.5", "sp_id": provider["id"], "order_id": order}
    (shown,) = done(await shop.ask(COMMISSION, method, **asked), ASSOCIATED)
    assert list(shown) == ["id", "order_id", "commisson", "created_at", "updated_at", "service_provider"]
    assert (shown["order_id"], shown["commisson"], shown["service_provider"]) == (order, 12.5, provider)
    pricing = (await shop.payment(order)).escrow
    assert pricing is not None
    assert pricing.pricing.provider_basis_points == 1_250


async def test_it_means_what_the_merchant_says_or_its_shop_s_plugin(shop: Market) -> None:
    provider, order = await shop.provider(), await shop.buys()
    asked = {"sp_id": provider["id"], "order_id": order}

    async def share(**more: Any) -> int:
        done(await shop.ask(COMMISSION, **asked, **more))
        escrow = (await shop.payment(order)).escrow
        assert escrow is not None
        return escrow.pricing.provider_basis_points

    assert await share(commission="30") == 3_000
    assert await share(commisson="30", platform="Woocommerce") == 7_000
    await escrow_settings.update(shop.parts.gateway, shop.caller, {"commission_means": CommissionMeans.SELLER})
    assert await share(commission="30") == 7_000
    assert await share(commission="0") == 10_000


async def test_what_a_commission_cannot_be(shop: Market) -> None:
    provider, order = await shop.provider(), await shop.buys()
    asked: dict[str, Any] = {"commisson": "10", "sp_id": provider["id"], "order_id": order}
    for name in asked:
        assert error(await shop.ask(COMMISSION, **{**asked, name: ABSENT})) == f"The {name} field is required."
    for bad in ("-1", "101", "100.01", "NaN", "ten", "1e1", "1.005"):
        assert error(await shop.ask(COMMISSION, **{**asked, "commisson": bad})).startswith("The commisson ")
    for id in (provider["id"] + 50, "x"):
        assert error(await shop.ask(COMMISSION, **{**asked, "sp_id": id})) == UNKNOWN_PROVIDER.format(
            id if id != "x" else "…"
        )
    for id in (order + 50, "x", "-1", "1.0"):
        assert error(await shop.ask(COMMISSION, **{**asked, "order_id": id})) == NO_ORDER
    other = await market.opened(shop.parts)
    assert error(await other.ask(COMMISSION, **asked)) == NO_ORDER
    mine = await other.buys()
    assert error(await other.ask(COMMISSION, **{**asked, "order_id": mine})) == UNKNOWN_PROVIDER.format(provider["id"])


async def associated(shop: Market, phone: str, *, is_associated: bool) -> Party:
    """A seller of the merchant's marketplace."""
    made: list[Party] = []

    async def render(party: Party) -> Answer:
        made.append(party)
        return Answer(200, b"")

    account = Destination(bank_code="058", number="0123456785", holder="Bisi Ade")
    named = Named(first_name="Bisi", last_name="Ade", phone=phone)
    await parties.create(
        shop.parts.gateway, shop.caller, None, PartyKind.SELLER, named, account, render, is_associated=is_associated
    )
    return made[0]


@pytest.mark.parametrize("method", ["PUT", "POST"])
async def test_a_marketplace_s_operator_has_a_commission_on_what_its_sellers_sell(shop: Market, method: str) -> None:
    seller = await associated(shop, "08030000011", is_associated=True)
    order = await shop.buys(seller=seller.id, is_marketplace=True)
    data = done(await shop.ask(OPERATOR, method, commisson="5", order_id=order), ASSOCIATED)
    assert list(data) == [
        *("id", "order_id", "sp_type", "commission", "test", "comments", "created_at", "updated_at"),
        "service_provider",
    ]
    assert (data["order_id"], data["sp_type"], data["commission"], data["test"], data["comments"]) == (
        *(order, "Marketplace Service Provider", 5, 1),
        None,
    )
    assert list(data["service_provider"]) == SHOWN

    async def operators(**more: Any) -> int:
        done(await shop.ask(OPERATOR, method, order_id=order, **more))
        escrow = (await shop.payment(order)).escrow
        assert escrow is not None
        return escrow.pricing.operator_basis_points

    assert await operators(commisson="5") == 500
    assert await operators(commission="95", platform="Woocommerce") == 500
    await escrow_settings.update(shop.parts.gateway, shop.caller, {"commission_means": CommissionMeans.SELLER})
    assert await operators(commisson="93") == 700


async def test_a_seller_who_is_not_associated_shares_with_no_operator(shop: Market) -> None:
    seller = await associated(shop, "08030000012", is_associated=False)
    for changes in ({"seller": seller.id}, {}):
        order = await shop.buys(**changes)
        said = error(await shop.ask(OPERATOR, commisson="5", order_id=order))
        assert said.startswith("Seller with id (")
        assert said.endswith(") is not associated to the marketplace operator, Please associate seller then try again")
    assert error(await shop.ask(OPERATOR, commisson="5")) == "The order_id field is required."
    assert error(await shop.ask(OPERATOR, order_id="1")) == "The commisson field is required."
    assert error(await shop.ask(OPERATOR, commisson="5", order_id="99")) == NO_ORDER
