"""The forms of setup intents: what operations on them take, and how one is shown."""

import enum
from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from tillgate.core.intents import FutureUsage
from tillgate.core.setup_intents import SetupStatus
from tillgate.surfaces.v1 import expansion
from tillgate.surfaces.v1.changes import MetadataChange
from tillgate.surfaces.v1.forms import Metadata, NotedListGiven, Text
from tillgate.surfaces.v1.intents import (
    AutomaticMethodsGiven,
    AutomaticMethodsShown,
    ClientSecret,
    MethodTypes,
)
from tillgate.surfaces.v1.payment_methods import MethodType, PaymentMethodDataGiven
from tillgate.surfaces.v1.payments import NextActionShown


class SetupCancellationReason(enum.StrEnum):
    """Why a setup intent is given up."""

    ABANDONED = "abandoned"
    DUPLICATE = "duplicate"
    REQUESTED_BY_CUSTOMER = "requested_by_customer"


class SetupIntentGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What opens a setup intent, and with `confirm` has the card verified at once."""

    usage: FutureUsage = FutureUsage.OFF_SESSION
    payment_method_types: MethodTypes = (MethodType.CARD,)
    automatic_payment_methods: AutomaticMethodsGiven | None = None
    customer: str | None = None
    payment_method: str | None = None
    payment_method_data: PaymentMethodDataGiven | None = None
    confirm: bool = False
    description: Text | None = None
    metadata: Metadata = {}
    return_url: Text | None = None


class SetupIntentChangeGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is to be different; null or an empty text takes away, and so it does in `metadata`, name by name."""

    payment_method_types: MethodTypes | None = None
    customer: str | None = None
    payment_method: str | None = None
    payment_method_data: PaymentMethodDataGiven | None = None
    description: Text | UnsetType | None = UNSET
    metadata: MetadataChange = UNSET


class ConfirmSetupGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What confirms a setup intent: a card, unless it has one. With a publishable key it takes the client secret."""

    client_secret: ClientSecret | None = None
    payment_method: str | None = None
    payment_method_data: PaymentMethodDataGiven | None = None
    return_url: Text | None = None


class CancelSetupGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Why it is given up."""

    cancellation_reason: SetupCancellationReason | None = None


class SetupIntentsGiven(NotedListGiven, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A page of setup intents, of one customer's if named."""

    customer: str | None = None
    status: SetupStatus | None = None


class LastSetupErrorShown(msgspec.Struct, frozen=True, kw_only=True):
    """Why the last card could not be set up, and which it was."""

    type: str
    code: str
    message: str
    decline_code: str | None
    payment_method: Annotated[str | None, expansion.ids("pm")]


class SetupIntentShown(msgspec.Struct, frozen=True, kw_only=True):
    """A card that is to be kept. `client_secret` lets the customer's browser confirm it; webhooks never bear it."""

    id: str
    object: str = "setup_intent"
    status: SetupStatus
    usage: FutureUsage
    client_secret: str | None
    customer: Annotated[str | None, expansion.ids("cus")]
    description: str | None
    payment_method: Annotated[str | None, expansion.ids("pm")]
    payment_method_types: tuple[str, ...]
    automatic_payment_methods: AutomaticMethodsShown | None
    last_setup_error: LastSetupErrorShown | None
    next_action: NextActionShown | None
    return_url: str | None
    canceled_at: int | None
    cancellation_reason: str | None
    metadata: dict[str, str]
    created: int
    livemode: bool
