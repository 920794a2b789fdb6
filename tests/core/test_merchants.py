import msgspec

from tillgate.core import merchants
from tillgate.core.fees import fee
from tillgate.core.merchants import DEMO_SHOP, Mode, Tenant
from tillgate.core.money import Money
from tillgate.core.records import evolve


def test_the_sandbox_s_merchant_belongs_to_itself_and_is_never_live() -> None:
    assert DEMO_SHOP.tenant == DEMO_SHOP.id
    assert not DEMO_SHOP.is_live
    assert DEMO_SHOP.bank == "sandbox"


def test_a_merchant_is_live_where_its_mode_is() -> None:
    assert evolve(DEMO_SHOP, mode=Mode.LIVE).is_live


def test_the_sandbox_s_terms_are_a_card_processor_s_usual_ones() -> None:
    due = {
        currency: fee(merchants.SANDBOX_FEES, Money(0, currency), Money(10_000, currency)).amount
        for currency in ("USD", "EUR", "GBP", "JPY")
    }
    assert due == {"USD": 320, "EUR": 315, "GBP": 310, "JPY": 290}


def test_a_tenant_is_stored_and_read_back_as_it_was() -> None:
    assert msgspec.json.decode(msgspec.json.encode(DEMO_SHOP), type=Tenant) == DEMO_SHOP
