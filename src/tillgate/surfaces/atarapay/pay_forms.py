"""Forms that payers' browsers post: what is bought, by whom, how it is delivered; all of it is the payer's claim."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import msgspec

from tillgate.core.escrows import Bearer, Buyer, Delivery, Product, RefundPolicy
from tillgate.core.instants import Instant
from tillgate.core.money import Money
from tillgate.surfaces.atarapay.errors import Wrong, invalid, required
from tillgate.surfaces.atarapay.messages import LONGEST_TEXT, Fields

NAIRA: Final = "NGN"
CURRENCIES: Final = (NAIRA, "USD")
"""What a payer can pay in. Orders are priced in the first one."""

REQUIRED: Final = (
    *("email", "phone_number", "currency", "amount", "customer_firstname", "customer_lastname"),
    *("order_product_id", "order_product_name", "delivery_date", "delivery_location", "recipient"),
)
"""In the page's order."""

MOST_PRODUCTS: Final = 200
LONGEST_ADDRESS: Final = 2_048
MOST_DAYS: Final = 3_650

_ADDRESS: Final = re.compile(r"https?://[^\s/@\\]+([/?#]\S*)?", re.IGNORECASE)
_DATE: Final = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[ T]([0-9]{2}:[0-9]{2}(?::[0-9]{2})?)(?:\.0+)?Z?)?")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DAY: Final = timedelta(days=1)

_YES: Final = frozenset({"1", "true", "yes", "on"})
_NO: Final = frozenset({"", "0", "false", "no", "off"})


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a form asks for. `currency` is what is paid in; `price`, `shipping` and `cancellation_fee` are in naira.

    `project`, `provider` are numbers; `commission` is basis points, as it was written, whoever's it means.
    """

    buyer: Buyer
    product: Product
    delivery: Delivery
    price: Money
    currency: str
    shipping: int = 0
    cancellation_fee: int = 0
    bearers: Mapping[str, Bearer] = {}
    callback_url: str | None = None
    is_marketplace: bool = False
    seller_phone: str = ""
    project: int | None = None
    provider: int | None = None
    commission: int | None = None
    commission_means_seller: bool = False
    asked_as: Mapping[str, str] = {}


def parse(fields: Fields) -> Asked:
    """What is asked for. Raises Wrong, for the first field that is missing before any other."""
    fields.require(*REQUIRED)
    currency = fields.text("currency").upper()
    if currency not in CURRENCIES:
        raise Wrong("The selected currency is invalid.")
    price = fields.kobo("amount") or 0
    if not price:
        raise invalid("amount", "must be at least 1")
    is_marketplace = _flag(fields, "is_marketplace")
    if is_marketplace and not fields.has("seller_phone"):
        raise required("seller_phone")
    _products(fields)
    _number_in_dollars(fields)
    promised_by, written = moment(fields, "delivery_date")
    return Asked(
        buyer=_buyer(fields),
        product=_product(fields),
        delivery=_delivery(fields, promised_by),
        price=Money(price, NAIRA),
        currency=currency,
        shipping=fields.kobo("shipping_cost") or 0,
        cancellation_fee=fields.kobo("cancellation_fee") or 0,
        bearers=_bearers(fields),
        callback_url=_address(fields, "callback_url"),
        is_marketplace=is_marketplace,
        seller_phone=fields.phone("seller_phone"),
        project=fields.whole("project_id"),
        provider=fields.whole("sp_id"),
        commission=percentage(fields, "sp_commission"),
        commission_means_seller=means_seller(fields),
        asked_as={"type": fields.one_of("type", "1", "2") or "1", "delivery_date": written},
    )


def means_seller(fields: Fields) -> bool:
    """Whether a commission is the seller's share: so sends the original's own plugin for shops."""
    return fields.text("platform").lower() == "woocommerce"


def percentage(fields: Fields, name: str) -> int | None:
    """A percentage in basis points, if it is there. Raises Wrong."""
    found = fields.number(name)
    if found is None:
        return None
    if not 0 <= found <= 100:
        raise invalid(name, "must be between 0 and 100")
    points = found * 100
    if points != points.to_integral_value():
        raise invalid(name, "may have two decimals at most")
    return int(points)


def moment(fields: Fields, name: str) -> tuple[Instant, str]:
    """When a day that was named is over, or the time that was, and how it is shown. Raises Wrong."""
    text = fields.text(name)
    found = _DATE.fullmatch(text)
    try:
        begins = datetime.fromisoformat(f"{found[1]}T{found[2] or '00:00'}").replace(tzinfo=UTC) if found else None
        ends = begins + (timedelta() if found and found[2] else _DAY) if begins else None
    except (ValueError, OverflowError):
        begins = ends = None
    if begins is None or ends is None:
        raise invalid(name, "is not a valid date")
    return (ends - _EPOCH) // timedelta(microseconds=1), begins.strftime("%Y-%m-%d %H:%M:%S")


def _buyer(fields: Fields) -> Buyer:
    return Buyer(
        email=fields.email("email"),
        phone=fields.phone("phone_number"),
        other_phone=fields.text("alt_recipient"),
        first_name=fields.text("customer_firstname"),
        last_name=fields.text("customer_lastname"),
    )


def _product(fields: Fields) -> Product:
    quantity = fields.whole("order_product_quantity")
    if quantity == 0:
        raise invalid("order_product_quantity", "must be at least 1")
    return Product(
        id=fields.text("order_product_id"),
        name=fields.text("order_product_name"),
        description=fields.text("order_product_desc", LONGEST_TEXT, lines=True),
        category=fields.text("order_product_category"),
        quantity=quantity or 1,
        is_virtual=fields.one_of("product_type", "physical", "virtual") == "virtual",
        refund_policy=RefundPolicy(fields.one_of("refund_policy", *RefundPolicy) or RefundPolicy.MONEY),
    )


def _delivery(fields: Fields, promised_by: Instant) -> Delivery:
    return Delivery(
        promised_by=promised_by,
        sla_days=_days(fields, "sla"),
        most_days=_days(fields, "max_delivery_days"),
        method=fields.text("shipping_method"),
        courier=fields.text("delivery_man"),
        recipient=fields.text("recipient"),
        location=fields.text("delivery_location", LONGEST_TEXT, lines=True),
        city=fields.text("delivery_city"),
        state=fields.text("delivery_state"),
        country=fields.text("delivery_country"),
    )


def _days(fields: Fields, name: str) -> int:
    found = fields.whole(name) or 0
    if found > MOST_DAYS:
        raise invalid(name, f"may not be greater than {MOST_DAYS}")
    return found


def _bearers(fields: Fields) -> dict[str, Bearer]:
    """Who bears which cost, where the form says so."""
    names = ("shipping_fee_bearer", "escrow_fee_bearer", "tx_fee_bearer")
    found = {name: fields.one_of(name, *Bearer) for name in names}
    return {name: Bearer(bearer) for name, bearer in found.items() if bearer}


def _flag(fields: Fields, name: str) -> bool:
    value: Any = fields.given.get(name)
    text = str(value).lower() if isinstance(value, bool) else fields.text(name).lower()
    if text not in _YES | _NO:
        raise invalid(name, "must be true or false")
    return text in _YES


def _address(fields: Fields, name: str) -> str | None:
    found = fields.text(name, LONGEST_ADDRESS)
    if found and not (_ADDRESS.fullmatch(found) and found.isascii()):
        raise invalid(name, "format is invalid")
    return found or None


def _products(fields: Fields) -> None:
    """What else is told of what is bought is read by nobody here, but has to be a list."""
    found = fields.given.get("products")
    if isinstance(found, str):
        return
    if found is not None and not isinstance(found, list | dict):
        raise invalid("products", "must be an array")
    if found is not None and len(found) > MOST_PRODUCTS:
        raise invalid("products", f"may not have more than {MOST_PRODUCTS} items")


def _number_in_dollars(fields: Fields) -> Decimal | None:
    """What a page has computed that it is in dollars; what is to be paid is computed here."""
    found = fields.number("amount_fx")
    if found is not None and found < 0:
        raise invalid("amount_fx", "must be at least 0")
    return found
