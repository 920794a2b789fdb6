"""The forms of escrow orders: what is bought and on which terms, how an order is shown, and what will happen to it."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from tillgate.core.escrows import Bearer, EscrowStatus, Kept, Move, Part, RefundPolicy, Side
from tillgate.surfaces.v1 import expansion
from tillgate.surfaces.v1.forms import Amount, ListGiven, ShortText, Text

Later = Annotated[int, Meta(ge=0, le=10**11)]
Points = Annotated[int, Meta(ge=0, le=10_000)]
Cost = Annotated[int, Meta(ge=0, le=10**12)]


class ProductGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is bought; `id` is your own name for it."""

    id: Annotated[str, Meta(min_length=1, max_length=255)]
    name: Annotated[str, Meta(min_length=1, max_length=255)]
    description: Text | None = None
    category: ShortText | None = None
    quantity: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    is_virtual: bool | None = None
    refund_policy: RefundPolicy | None = None


class DeliveryGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """When it is promised, and where it goes."""

    promised_by: Later
    sla_days: Annotated[int, Meta(ge=0, le=365)] | None = None
    method: ShortText | None = None
    courier: ShortText | None = None
    recipient: ShortText | None = None
    location: Text | None = None
    city: ShortText | None = None
    state: ShortText | None = None
    country: ShortText | None = None


class BuyerGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who buys it."""

    email: ShortText
    phone: ShortText | None = None
    first_name: ShortText | None = None
    last_name: ShortText | None = None


class EscrowOrderGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An order whose money is held until its buyer accepts what was bought."""

    price: Amount
    currency: str
    product: ProductGiven
    delivery: DeliveryGiven
    buyer: BuyerGiven
    shipping: Cost | None = None
    shipping_bearer: Bearer | None = None
    escrow_fee_bearer: Bearer | None = None
    processing_bearer: Bearer | None = None
    cancellation_fee: Cost | None = None
    seller: ShortText | None = None
    operator: ShortText | None = None
    operator_basis_points: Points | None = None
    provider: ShortText | None = None
    provider_basis_points: Points | None = None
    project: ShortText | None = None


class EscrowOrdersGiven(ListGiven, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A page of orders: in one status, of one product, of some time."""

    status: EscrowStatus | None = None
    product: ShortText | None = None


class ProductShown(msgspec.Struct, frozen=True, kw_only=True):
    """What is bought."""

    id: str
    name: str
    description: str
    category: str
    quantity: int
    is_virtual: bool
    refund_policy: RefundPolicy


class DeliveryShown(msgspec.Struct, frozen=True, kw_only=True):
    """When it is promised, and where it goes."""

    promised_by: int
    sla_days: int
    method: str
    courier: str
    recipient: str
    location: str
    city: str
    state: str
    country: str


class BuyerShown(msgspec.Struct, frozen=True, kw_only=True):
    """Who buys it."""

    email: str
    phone: str
    first_name: str
    last_name: str


class ShareShown(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the money that has left the escrow, and whose it is."""

    part: Part
    amount: int
    currency: str
    party: str | None
    payout: Annotated[str, expansion.ids("po")] | None


class StepShown(msgspec.Struct, frozen=True, kw_only=True):
    """What was done with an order."""

    at: int
    move: Move
    by: Side
    status: EscrowStatus
    comment: str


class EscrowOrderShown(msgspec.Struct, frozen=True, kw_only=True):
    """A payment whose money is held for a seller."""

    id: str
    object: str = "escrow_order"
    amount: int
    amount_held: int
    amount_released: int
    amount_refunded: int
    currency: str
    price: int
    price_currency: str
    shipping: int
    shipping_bearer: Bearer
    escrow_fee_bearer: Bearer
    processing_bearer: Bearer
    cancellation_fee: int
    seller: str | None
    operator: str | None
    operator_basis_points: int
    provider: str | None
    provider_basis_points: int
    status: EscrowStatus
    seller_keeps: Kept | None
    next_at: int | None
    product: ProductShown
    delivery: DeliveryShown
    buyer: BuyerShown
    deliveries: int
    rejections: int
    history: Sequence[StepShown]
    shares: Sequence[ShareShown]
    project: Annotated[str, expansion.ids("prj")] | None
    payment: Annotated[str, expansion.ids("pay")]
    payment_intent: Annotated[str, expansion.ids("pi")]
    refund: Annotated[str, expansion.ids("re")] | None
    paid_at: int | None
    completed_at: int | None
    created: int
    livemode: bool


class CalendarGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All of it; there are a few lines at most."""

    limit: Annotated[int, Meta(ge=1, le=100)] = 10


class CalendarLineShown(msgspec.Struct, frozen=True, kw_only=True):
    """What happens by itself, if nobody does anything before."""

    object: str = "calendar_line"
    at: int
    move: Move | None
    status: EscrowStatus
    seller_keeps: Kept | None
