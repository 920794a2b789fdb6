"""Payers' forms: every field that the page names, wrong in each way."""

from decimal import Decimal
from typing import Any

import pytest

from tests.surfaces.atarapay.market import ABSENT
from tillgate.core.escrows import Bearer, RefundPolicy
from tillgate.core.instants import DAY
from tillgate.core.money import Money
from tillgate.http.strict_json import Literal
from tillgate.surfaces.atarapay import pay_forms
from tillgate.surfaces.atarapay.errors import Wrong
from tillgate.surfaces.atarapay.messages import Fields

FORM: dict[str, Any] = {
    "email": "ada@example.com",
    "phone_number": "08030000001",
    "currency": "NGN",
    "amount": "1250000",
    "customer_firstname": "Ada",
    "customer_lastname": "Obi",
    "order_product_id": "1001",
    "order_product_name": "Ankara",
    "delivery_date": "2026-12-24",
    "delivery_location": "7 Allen Avenue\nIkeja",
    "recipient": "Ada Obi",
}


def parse(**changes: Any) -> pay_forms.Asked:
    whole = {name: value for name, value in {**FORM, **changes}.items() if value is not ABSENT}
    return pay_forms.parse(Fields(whole, takes_placeholders=True))


def test_a_form_is_read_whole() -> None:
    asked = parse(
        **{"order_product_desc": "Six yards\r\nof it", "order_product_quantity": "6", "alt_recipient": "08030000002"},
        **{"shipping_cost": "150000", "cancellation_fee": "5000", "sla": "2", "sp_id": "3", "sp_commission": "12.5"},
        **{"tx_fee_bearer": "Buyer", "shipping_fee_bearer": "seller", "product_type": "virtual", "project_id": "4"},
        **{"refund_policy": "Replacement"},
        **{"callback_url": "https://shop.example/back?a=1", "amount_fx": "8.06", "platform": "Woocommerce"},
        **{"products": [{"name": "x"}], "is_marketplace": "1", "seller_phone": "+234 803 000 0003"},
    )
    assert (asked.buyer.email, asked.buyer.other_phone, asked.product.quantity) == (FORM["email"], "08030000002", 6)
    assert (asked.price, asked.shipping, asked.cancellation_fee) == (Money(1_250_000, "NGN"), 150_000, 5_000)
    assert (asked.provider, asked.commission, asked.commission_means_seller, asked.project) == (3, 1_250, True, 4)
    assert asked.bearers == {"tx_fee_bearer": Bearer.BUYER, "shipping_fee_bearer": Bearer.SELLER}
    assert (asked.is_marketplace, asked.seller_phone) == (True, "+234 803 000 0003")
    assert asked.product.is_virtual
    assert asked.product.refund_policy is RefundPolicy.REPLACEMENT
    assert asked.delivery.sla_days == 2


def test_a_day_is_over_when_the_next_one_begins_and_a_time_is_itself() -> None:
    day = parse(delivery_date="2026-12-24")
    assert day.delivery.promised_by == parse(delivery_date="2026-12-24 00:00:00").delivery.promised_by + DAY
    assert day.asked_as["delivery_date"] == "2026-12-24 00:00:00"
    for written in ("2026-12-24T10:30", "2026-12-24 10:30:00", "2026-12-24T10:30:00.000Z"):
        assert parse(delivery_date=written).asked_as["delivery_date"] == "2026-12-24 10:30:00"


@pytest.mark.parametrize("missing", range(len(pay_forms.REQUIRED)))
def test_the_first_field_that_is_missing_is_named_alone(missing: int) -> None:
    for nothing in (ABSENT, "", "  ", None):
        with pytest.raises(Wrong) as wrong:
            parse(**dict.fromkeys(pay_forms.REQUIRED[missing:], nothing))
        assert wrong.value.message == f"The {pay_forms.REQUIRED[missing]} field is required."


@pytest.mark.parametrize(
    ("written", "kobo"),
    [
        ("1998.9999999999998", 1999),
        ("1999.0005", 1999),
        (Literal("1998.9999999999998"), 1999),
        (1999, 1999),
        ("1", 1),
        ("0.9995", 1),
        ("001999", 1999),
    ],
)
def test_an_amount_that_is_all_but_a_whole_kobo_is_that(written: Any, kobo: int) -> None:
    assert parse(amount=written).price.amount == kobo


NOT_TEXT: tuple[Any, ...] = ([], ["a"], {}, {"a": "b"}, True)
NOT_NUMBERS = ("ten", "1e3", "NaN", "Infinity", "0x10", "1,000", "--1", "１０", "9" * 30, *NOT_TEXT[1:])

BAD: list[tuple[dict[str, Any], str]] = [
    *(({"email": bad}, "email") for bad in ("ada", "a@b@c", "a b@c.d", "@b", "a@", '"a"@b.c', *NOT_TEXT[1:])),
    *(({"phone_number": bad}, "phone_number") for bad in ("a", "1", "0803-", "0" * 40, *NOT_TEXT[1:])),
    *(({"currency": bad}, "currency") for bad in ("EUR", "NG", "naira", *NOT_TEXT[1:])),
    *(({"amount": bad}, "amount") for bad in ("0", "-1", "0.4", "1.5", "1.002", str(10**15), *NOT_NUMBERS)),
    *(({"amount_fx": bad}, "amount_fx") for bad in ("-1", *NOT_NUMBERS)),
    *(({"customer_firstname": bad}, "customer_firstname") for bad in ("x" * 256, "a\x07b", *NOT_TEXT[1:])),
    *(({"order_product_name": bad}, "order_product_name") for bad in ("x" * 256, "a\nb", *NOT_TEXT[1:])),
    *(({"order_product_desc": bad}, "order_product_desc") for bad in ("x" * 4_001, "a\x00b", *NOT_TEXT[1:])),
    *(({"order_product_quantity": bad}, "order_product_quantity") for bad in ("0", "-1", "1.5", *NOT_NUMBERS)),
    *(
        ({"delivery_date": bad}, "delivery_date")
        for bad in (
            "tomorrow",
            "24/12/2026",
            "2026-13-01",
            "2026-02-30",
            "9999-12-31",
            "2026-12-24 25:00",
            *NOT_TEXT[1:],
        )
    ),
    *(({"type": bad}, "type") for bad in ("3", "one", *NOT_TEXT[1:])),
    *(({"product_type": bad}, "product_type") for bad in ("other", *NOT_TEXT[1:])),
    *(({"refund_policy": bad}, "refund_policy") for bad in ("other", *NOT_TEXT[1:])),
    *(({"is_marketplace": bad}, "is_marketplace") for bad in ("2", "maybe", *NOT_TEXT[1:4])),
    ({"is_marketplace": "1"}, "seller_phone"),
    *(
        ({"callback_url": bad}, "callback_url")
        for bad in ("javascript:alert(1)", "//x", "https://a@b/", "http://ü.example/", "x" * 3_000, *NOT_TEXT[1:])
    ),
    *(({name: bad}, name) for name in ("project_id", "sp_id") for bad in ("-1", "1.5", *NOT_NUMBERS)),
    *(({"sp_commission": bad}, "sp_commission") for bad in ("-1", "100.01", "101", "1.005", *NOT_NUMBERS)),
    *(({name: bad}, name) for name in ("shipping_cost", "cancellation_fee") for bad in ("-1", "1.5", *NOT_NUMBERS)),
    *(({name: bad}, name) for name in ("sla", "max_delivery_days") for bad in ("3651", "-1", *NOT_NUMBERS)),
    *(({name: "nobody"}, name) for name in ("shipping_fee_bearer", "escrow_fee_bearer", "tx_fee_bearer")),
    *(({"products": bad}, "products") for bad in (7, True, ["a"] * 201)),
]


@pytest.mark.parametrize("number", range(len(BAD)))
def test_what_is_wrong_is_said_of_its_field(number: int) -> None:
    changes, field = BAD[number]
    with pytest.raises(Wrong) as wrong:
        parse(**changes)
    assert f" {field} " in wrong.value.message, wrong.value.message
    assert "{" not in wrong.value.message


def test_placeholders_of_the_document_are_good_where_they_are_taken() -> None:
    assert parse(email="__customer_email__", phone_number="__customer_phone__").buyer.email == "__customer_email__"
    with pytest.raises(Wrong):
        Fields({"email": "__customer_email__"}).email("email")


def test_a_commission_is_exact() -> None:
    assert pay_forms.percentage(Fields({"c": Literal("33.33")}), "c") == 3_333
    assert Fields({"c": Literal("33.33")}).number("c") == Decimal("33.33")
