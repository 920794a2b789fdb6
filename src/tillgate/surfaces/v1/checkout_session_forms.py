"""The forms of checkout sessions: what operations on them take, and how one is shown."""

from collections.abc import Sequence
from typing import Annotated, Literal, Protocol, TypeVar

import msgspec
from msgspec import Meta

from tillgate.core import checkout_sessions, currencies
from tillgate.core.checkout_sessions import SessionStatus
from tillgate.core.checkouts import MOST_LINES, Line, Method
from tillgate.core.intents import FutureUsage
from tillgate.core.money import Money
from tillgate.core.payments import Payment
from tillgate.core.reasons import Reason, Refused
from tillgate.surfaces.v1 import expansion
from tillgate.surfaces.v1.forms import ListGiven, ListShown, Metadata, ShortText, Text

Quantity = Annotated[int, Meta(ge=1, le=999_999)]
UnitAmount = Annotated[int, Meta(ge=0)]
Locale = Annotated[str, Meta(pattern=r"^(auto|[a-z]{2}(-[A-Za-z0-9]{2,4})?)$")]
Methods = Annotated[tuple[Method, ...], Meta(min_length=1, max_length=10)]

_ITEM = "item"


class ProductDataGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is sold. Pictures are taken and not shown, since our pages load nothing from anywhere else."""

    name: Annotated[str, Meta(min_length=1, max_length=250)]
    description: Annotated[str, Meta(max_length=500)] | None = None
    images: Annotated[tuple[Text, ...], Meta(max_length=8)] = ()


class PriceDataGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What one of it costs, in the smallest currency unit."""

    currency: str
    unit_amount: UnitAmount
    product_data: ProductDataGiven


class LineItemGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """So many of something."""

    price_data: PriceDataGiven
    quantity: Quantity = 1

    def parse(self) -> Line:
        """The line."""
        price = self.price_data
        sold = price.product_data
        return Line(
            name=sold.name,
            unit_amount=price.unit_amount,
            quantity=self.quantity,
            description=sold.description or None,
        )


LineItems = Annotated[tuple[LineItemGiven, ...], Meta(max_length=MOST_LINES)]


class PaymentIntentDataGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the payment is to have of its own."""

    description: Text | None = None
    metadata: Metadata = {}
    receipt_email: ShortText | None = None
    setup_future_usage: FutureUsage | None = None
    capture_method: Literal["automatic"] = "automatic"


class CheckoutSessionGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What somebody is to pay on a page of ours: `line_items`, or an `amount` with a `currency` and a `description`."""

    mode: Literal["payment"] = "payment"
    ui_mode: Literal["hosted", "hosted_page"] = "hosted"
    line_items: LineItems | None = None
    amount: Annotated[int, Meta(gt=-(2**63))] | None = None
    currency: str | None = None
    description: Annotated[str, Meta(max_length=500)] | None = None
    success_url: Text | None = None
    cancel_url: Text | None = None
    client_reference_id: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    customer: str | None = None
    customer_email: ShortText | None = None
    metadata: Metadata = {}
    payment_intent_data: PaymentIntentDataGiven | None = None
    payment_method_types: Methods | None = None
    expires_at: Annotated[int, Meta(ge=0, le=10**11)] | None = None
    locale: Locale | None = None

    @property
    def lines(self) -> tuple[Line, ...]:
        """What is sold."""
        return tuple(item.parse() for item in self.line_items or ())

    @property
    def currency_asked(self) -> str:
        """The currency, in the case in which it is asked. Raises Refused(PARAMETER_MISSING, PARAMETER_INVALID)."""
        asked = [item.price_data.currency for item in self.line_items or ()]
        if not asked and self.currency is None:
            raise Refused(Reason.PARAMETER_MISSING, "currency")
        asked += [self.currency] if self.currency is not None else []
        if len({one.upper() for one in asked}) > 1:
            field = "line_items" if self.currency is None else "currency"
            raise Refused(Reason.PARAMETER_INVALID, field, problem="it takes one currency for all of it")
        return asked[0]

    def sum(self) -> Money:
        """What is to be paid. Raises Refused where that is not said, or twice, or is no amount."""
        if self.line_items and self.amount is not None:
            raise Refused(Reason.PARAMETER_INVALID, "amount", problem="it takes an amount without line_items only")
        if not self.line_items and self.amount is None:
            raise Refused(Reason.PARAMETER_MISSING, "line_items")
        field = "line_items[0].price_data.currency" if self.line_items else "currency"
        currency = currencies.parse(self.currency_asked, field)
        return checkout_sessions.total(self.lines, currency) if self.amount is None else Money(self.amount, currency)


class CheckoutSessionsGiven(ListGiven, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A page of sessions: one customer's or one payment intent's, in one status, of one payment link, of some time."""

    customer: str | None = None
    payment_intent: str | None = None
    payment_link: str | None = None
    status: SessionStatus | None = None


class LineItemShown(msgspec.Struct, frozen=True, kw_only=True):
    """So many of something: `description` is its name, as payers read it."""

    id: str
    object: str = _ITEM
    amount_subtotal: int
    amount_total: int
    currency: str
    description: str
    product_description: str | None
    quantity: int
    unit_amount: int


class Item(Protocol):
    """One of several lines."""

    @property
    def id(self) -> str:
        """Its id."""


L = TypeVar("L", bound=Item)


class LineItemsGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A page of lines, in their order."""

    limit: Annotated[int, Meta(ge=1, le=100)] = 10
    starting_after: str | None = None
    ending_before: str | None = None

    def chosen(self, lines: Sequence[L]) -> tuple[Sequence[L], bool]:
        """Those of the page, and whether there are more in its direction. Raises Refused(PARAMETER_INVALID)."""
        if self.ending_before is not None and self.starting_after is not None:
            raise Refused(Reason.PARAMETER_INVALID, "ending_before", problem="it excludes starting_after")
        if self.ending_before is not None:
            end = self._place(lines, "ending_before")
            return lines[max(end - self.limit, 0) : end], end > self.limit
        first = 0 if self.starting_after is None else self._place(lines, "starting_after") + 1
        return lines[first : first + self.limit], first + self.limit < len(lines)

    def _place(self, lines: Sequence[Item], name: str) -> int:
        for place, line in enumerate(lines):
            if line.id == getattr(self, name):
                return place
        raise Refused(Reason.PARAMETER_INVALID, name, problem="it takes the id of one of these lines")


class CustomerDetailsShown(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of who pays."""

    email: str | None
    name: str | None


class CheckoutSessionShown(msgspec.Struct, frozen=True, kw_only=True):
    """A payment that waits for its payer on a page of ours. `url` is that page's address, while it can be paid.

    With a publishable key, what is the merchant's own is left out.
    """

    id: str
    object: str = "checkout.session"
    amount_subtotal: int
    amount_total: int
    cancel_url: str | None
    client_reference_id: str | None
    created: int
    currency: str
    customer: Annotated[str | None, expansion.ids("cus")]
    customer_details: CustomerDetailsShown | None
    customer_email: str | None
    expires_at: int
    line_items: Annotated[ListShown[LineItemShown], expansion.included()]
    livemode: bool
    locale: str | None
    metadata: dict[str, str]
    mode: str = "payment"
    payment_intent: Annotated[str | None, expansion.ids("pi")]
    payment_link: Annotated[str | None, expansion.ids("plink")]
    payment_method_types: tuple[str, ...]
    payment_status: Literal["paid", "unpaid"]
    status: SessionStatus
    success_url: str | None
    ui_mode: str = "hosted"
    url: str | None


def line_item(payment: Payment, number: int, line: Line, currency: str) -> LineItemShown:
    """One line of what is paid for; `number` counts from 1."""
    return LineItemShown(
        id=f"li_{payment.id.removeprefix('pay_')}_{number}",
        amount_subtotal=line.amount,
        amount_total=line.amount,
        currency=currency,
        description=line.name,
        product_description=line.description,
        quantity=line.quantity,
        unit_amount=line.unit_amount,
    )
