"""The forms of payment intents: what operations on them take, and how one is shown."""

import enum
from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from tillgate.core.intents import FutureUsage
from tillgate.core.payment_intents import IntentStatus
from tillgate.core.payments import CaptureMethod
from tillgate.surfaces.v1 import expansion
from tillgate.surfaces.v1.addresses import ShippingGiven, ShippingShown
from tillgate.surfaces.v1.changes import MetadataChange
from tillgate.surfaces.v1.forms import Amount, Metadata, MoneyListGiven, ShortText, Text
from tillgate.surfaces.v1.intents import AutomaticMethodsGiven, AutomaticMethodsShown, ClientSecret, MethodTypes
from tillgate.surfaces.v1.payment_methods import MethodType, PaymentMethodDataGiven
from tillgate.surfaces.v1.payments import NextActionShown
from tillgate.surfaces.v1.three_d_secure import (
    PaymentMethodDetailsShown,
    PaymentMethodOptionsGiven,
    PaymentMethodOptionsShown,
)


class CancellationReason(enum.StrEnum):
    """Why an intent is given up."""

    ABANDONED = "abandoned"
    DUPLICATE = "duplicate"
    FRAUDULENT = "fraudulent"
    REQUESTED_BY_CUSTOMER = "requested_by_customer"


class PaymentIntentGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What opens an intent, and with `confirm` charges the card at once."""

    amount: Annotated[int, Meta(gt=-(2**63))]
    currency: str
    payment_method_types: MethodTypes = (MethodType.CARD,)
    automatic_payment_methods: AutomaticMethodsGiven | None = None
    customer: str | None = None
    payment_method: str | None = None
    payment_method_data: PaymentMethodDataGiven | None = None
    capture_method: CaptureMethod = CaptureMethod.AUTOMATIC
    payment_method_options: PaymentMethodOptionsGiven | None = None
    confirm: bool = False
    off_session: bool = False
    error_on_requires_action: bool = False
    setup_future_usage: FutureUsage | None = None
    description: Text | None = None
    metadata: Metadata = {}
    receipt_email: ShortText | None = None
    shipping: ShippingGiven | None = None
    return_url: Text | None = None


class PaymentIntentChangeGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is to be different; null or an empty text takes away, and so it does in `metadata`, name by name."""

    amount: Annotated[int, Meta(gt=-(2**63))] | None = None
    currency: str | None = None
    payment_method_types: MethodTypes | None = None
    customer: str | None = None
    payment_method: str | None = None
    payment_method_data: PaymentMethodDataGiven | None = None
    capture_method: CaptureMethod | None = None
    payment_method_options: PaymentMethodOptionsGiven | None = None
    setup_future_usage: FutureUsage | UnsetType | None = UNSET
    description: Text | UnsetType | None = UNSET
    metadata: MetadataChange = UNSET
    receipt_email: ShortText | UnsetType | None = UNSET
    shipping: ShippingGiven | UnsetType | None = UNSET


class ConfirmGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What confirms an intent: a card, unless it has one. With a publishable key it takes the client secret."""

    client_secret: ClientSecret | None = None
    payment_method: str | None = None
    payment_method_data: PaymentMethodDataGiven | None = None
    payment_method_options: PaymentMethodOptionsGiven | None = None
    off_session: bool = False
    error_on_requires_action: bool = False
    setup_future_usage: FutureUsage | None = None
    receipt_email: ShortText | None = None
    shipping: ShippingGiven | None = None
    return_url: Text | None = None


class CaptureIntentGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What captures: an amount, or all that is capturable."""

    amount_to_capture: Amount | None = None


class CancelIntentGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Why it is given up."""

    cancellation_reason: CancellationReason | None = None


class PaymentIntentsGiven(MoneyListGiven, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A page of intents: one customer's, in one status, of some time, amount or metadata if so asked."""

    customer: str | None = None
    status: IntentStatus | None = None


class LastPaymentErrorShown(msgspec.Struct, frozen=True, kw_only=True):
    """Why the last card was declined, and which it was."""

    type: str
    code: str
    message: str
    decline_code: str | None
    payment_method: Annotated[str | None, expansion.ids("pm")]
    charge: Annotated[str, expansion.ids("ch")]


class PaymentIntentShown(msgspec.Struct, frozen=True, kw_only=True):
    """A payment in steps. `client_secret` lets the payer's browser confirm it; webhooks never bear it."""

    id: str
    object: str = "payment_intent"
    amount: int
    amount_capturable: int
    amount_received: int
    currency: str
    status: IntentStatus
    client_secret: str | None
    customer: Annotated[str | None, expansion.ids("cus")]
    description: str | None
    payment_method: Annotated[str | None, expansion.ids("pm")]
    payment_method_types: tuple[str, ...]
    automatic_payment_methods: AutomaticMethodsShown | None
    payment_method_options: PaymentMethodOptionsShown
    payment_method_details: PaymentMethodDetailsShown | None
    capture_method: CaptureMethod
    setup_future_usage: FutureUsage | None
    receipt_email: str | None
    shipping: ShippingShown | None
    last_payment_error: LastPaymentErrorShown | None
    next_action: NextActionShown | None
    latest_payment: Annotated[str | None, expansion.ids("pay")]
    latest_charge: Annotated[str | None, expansion.ids("ch")]
    canceled_at: int | None
    cancellation_reason: str | None
    sandbox_faults: Sequence[str] | UnsetType = UNSET
    metadata: dict[str, str]
    created: int
    livemode: bool
