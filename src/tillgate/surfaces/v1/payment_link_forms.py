"""The forms of payment links: what operations on them take, and how one is shown."""

import enum
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from tillgate.core import currencies
from tillgate.core.checkouts import MOST_LINES
from tillgate.core.payment_links import MOST_TIMES, Bounds, PaymentLink, Sold
from tillgate.core.reasons import Reason, Refused
from tillgate.surfaces.v1 import expansion
from tillgate.surfaces.v1.changes import MetadataChange
from tillgate.surfaces.v1.checkout_session_forms import Methods, ProductDataGiven, Quantity, UnitAmount
from tillgate.surfaces.v1.forms import Amount, ListGiven, ListShown, Metadata, Text, parse_address

InactiveMessage = Annotated[str, Meta(max_length=500)]

_ONE_PRICE = "it takes unit_amount, or custom_unit_amount that is enabled"


class After(enum.StrEnum):
    """What becomes of who has paid."""

    HOSTED_CONFIRMATION = "hosted_confirmation"
    """They read on our page that they have."""
    REDIRECT = "redirect"


class CustomUnitAmountGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """That payers say how much, within bounds; by default those of the currency."""

    enabled: bool
    minimum: Amount | None = None
    maximum: Amount | None = None
    preset: Amount | None = None

    def parse(self, currency: str) -> Bounds:
        """The bounds. Raises Refused(PARAMETER_INVALID) where no amount fits them."""
        bounds = Bounds(
            minimum=currencies.least_charge(currency) if self.minimum is None else self.minimum,
            maximum=currencies.largest_charge(currency) if self.maximum is None else self.maximum,
            preset=self.preset,
        )
        within = bounds.minimum <= (bounds.minimum if bounds.preset is None else bounds.preset) <= bounds.maximum
        if not within:
            problem = "it takes a minimum that is no more than preset and maximum"
            raise Refused(Reason.PARAMETER_INVALID, "line_items[0].price_data.custom_unit_amount", problem=problem)
        return bounds


class LinkPriceDataGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What one of it costs, in the smallest currency unit, or that payers say that."""

    currency: str
    unit_amount: UnitAmount | None = None
    custom_unit_amount: CustomUnitAmountGiven | None = None
    product_data: ProductDataGiven


class AdjustableQuantityGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Whether payers say how many."""

    enabled: bool
    minimum: Quantity = 1
    maximum: Quantity = 99


class LinkItemGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """So many of something, or as many as payers say."""

    price_data: LinkPriceDataGiven
    quantity: Quantity = 1
    adjustable_quantity: AdjustableQuantityGiven | None = None

    def parse(self, field: str) -> Sold:
        """What is sold. Raises Refused(PARAMETER_INVALID) for what contradicts itself."""
        price, how_many = self.price_data, self.adjustable_quantity
        adjusts = how_many is not None and how_many.enabled
        if (price.unit_amount is None) is not self.has_bounds:
            raise Refused(Reason.PARAMETER_INVALID, f"{field}.price_data.unit_amount", problem=_ONE_PRICE)
        if how_many is not None and adjusts and not how_many.minimum <= self.quantity <= how_many.maximum:
            problem = "it takes a minimum that is no more than quantity and maximum"
            raise Refused(Reason.PARAMETER_INVALID, f"{field}.adjustable_quantity", problem=problem)
        return Sold(
            name=price.product_data.name,
            unit_amount=price.unit_amount,
            quantity=self.quantity,
            description=price.product_data.description or None,
            least=how_many.minimum if how_many and adjusts else None,
            most=how_many.maximum if how_many and adjusts else None,
        )

    @property
    def has_bounds(self) -> bool:
        """Whether payers say how much."""
        custom = self.price_data.custom_unit_amount
        return custom is not None and custom.enabled


class RedirectGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where who has paid goes."""

    url: Text


class AfterCompletionGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What becomes of who has paid."""

    type: After
    redirect: RedirectGiven | None = None

    def parse(self) -> str | None:
        """Where they go, if anywhere. Raises Refused(PARAMETER_MISSING, PARAMETER_INVALID)."""
        if self.type is After.HOSTED_CONFIRMATION:
            return None
        if self.redirect is None:
            raise Refused(Reason.PARAMETER_MISSING, "after_completion.redirect")
        return parse_address(self.redirect.url, "after_completion.redirect.url")


class CompletedSessionsGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How often a link can be paid."""

    limit: Annotated[int, Meta(ge=1, le=MOST_TIMES)]


class RestrictionsGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What restricts a link."""

    completed_sessions: CompletedSessionsGiven


class LinkIntentDataGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What each payment is to have of its own."""

    description: Text | None = None
    metadata: Metadata = {}
    capture_method: Literal["automatic"] = "automatic"


class PaymentLinkGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What whoever follows the link is to pay."""

    line_items: Annotated[tuple[LinkItemGiven, ...], Meta(min_length=1, max_length=MOST_LINES)]
    after_completion: AfterCompletionGiven | None = None
    restrictions: RestrictionsGiven | None = None
    inactive_message: InactiveMessage | None = None
    payment_method_types: Methods | None = None
    payment_intent_data: LinkIntentDataGiven | None = None
    metadata: Metadata = {}

    @property
    def currency(self) -> str:
        """The currency. Raises Refused(PARAMETER_INVALID, CURRENCY_UNKNOWN)."""
        asked = [item.price_data.currency for item in self.line_items]
        if len({one.upper() for one in asked}) > 1:
            raise Refused(Reason.PARAMETER_INVALID, "line_items", problem="it takes one currency for all of it")
        return currencies.parse(asked[0], "line_items[0].price_data.currency")

    @property
    def sold(self) -> tuple[Sold, ...]:
        """What is sold. Raises Refused(PARAMETER_INVALID) for what contradicts itself."""
        return tuple(item.parse(f"line_items[{place}]") for place, item in enumerate(self.line_items))

    def bounds(self, currency: str) -> Bounds | None:
        """How much payers may say, where they say it. Raises Refused(PARAMETER_INVALID)."""
        custom = self.line_items[0].price_data.custom_unit_amount
        if not any(item.has_bounds for item in self.line_items):
            return None
        how_many = self.line_items[0].adjustable_quantity
        is_one = len(self.line_items) == 1 and self.line_items[0].quantity == 1
        if custom is None or not is_one or (how_many is not None and how_many.enabled):
            problem = "it takes one line of one thing where payers say how much"
            raise Refused(Reason.PARAMETER_INVALID, "line_items", problem=problem)
        return custom.parse(currency)


class PaymentLinkChangeGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is to be different; null or an empty text takes away, and so it does in `metadata`, name by name."""

    active: bool | UnsetType = UNSET
    after_completion: AfterCompletionGiven | UnsetType = UNSET
    inactive_message: InactiveMessage | UnsetType | None = UNSET
    metadata: MetadataChange = UNSET


class PaymentLinksGiven(ListGiven, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A page of links: active ones or others, of some time."""

    active: bool | None = None


class RedirectToShown(msgspec.Struct, frozen=True, kw_only=True):
    """Where who has paid goes."""

    url: str


class AfterCompletionShown(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of who has paid."""

    type: After
    redirect: RedirectToShown | None


class CompletedSessionsShown(msgspec.Struct, frozen=True, kw_only=True):
    """How often a link was paid, and can be."""

    count: int
    limit: int


class RestrictionsShown(msgspec.Struct, frozen=True, kw_only=True):
    """What restricts a link."""

    completed_sessions: CompletedSessionsShown


class AdjustableQuantityShown(msgspec.Struct, frozen=True, kw_only=True):
    """That payers say how many."""

    enabled: Literal[True] = True
    minimum: int
    maximum: int


class CustomUnitAmountShown(msgspec.Struct, frozen=True, kw_only=True):
    """That payers say how much."""

    enabled: Literal[True] = True
    minimum: int
    maximum: int
    preset: int | None


class LinkItemShown(msgspec.Struct, frozen=True, kw_only=True):
    """So many of something, or as many as payers say: `description` is its name, as payers read it."""

    id: str
    object: str = "item"
    adjustable_quantity: AdjustableQuantityShown | None
    amount_total: int | None
    currency: str
    custom_unit_amount: CustomUnitAmountShown | None
    description: str
    product_description: str | None
    quantity: int
    unit_amount: int | None


class LinkIntentDataShown(msgspec.Struct, frozen=True, kw_only=True):
    """What each payment has of its own."""

    description: str | None
    metadata: dict[str, str]


class PaymentLinkShown(msgspec.Struct, frozen=True, kw_only=True):
    """An address for anybody: whoever follows it is asked to pay, each in a checkout session of their own."""

    id: str
    object: str = "payment_link"
    active: bool
    after_completion: AfterCompletionShown
    created: int
    currency: str
    inactive_message: str | None
    line_items: Annotated[ListShown[LinkItemShown], expansion.included()]
    livemode: bool
    metadata: dict[str, str]
    payment_intent_data: LinkIntentDataShown
    payment_method_types: tuple[str, ...]
    restrictions: RestrictionsShown | None
    url: str


def item_shown(link: PaymentLink, number: int, sold: Sold, currency: str) -> LinkItemShown:
    """One line of what a link sells; `number` counts from 1."""
    bounds = link.bounds
    how_many = None
    if sold.least is not None and sold.most is not None:
        how_many = AdjustableQuantityShown(minimum=sold.least, maximum=sold.most)
    how_much = None
    if bounds is not None:
        how_much = CustomUnitAmountShown(minimum=bounds.minimum, maximum=bounds.maximum, preset=bounds.preset)
    return LinkItemShown(
        id=f"li_{link.id.removeprefix('plink_')}_{number}",
        adjustable_quantity=how_many,
        amount_total=None if sold.unit_amount is None else sold.unit_amount * sold.quantity,
        currency=currency,
        custom_unit_amount=how_much,
        description=sold.name,
        product_description=sold.description,
        quantity=sold.quantity,
        unit_amount=sold.unit_amount,
    )
