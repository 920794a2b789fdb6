"""Payment methods on the wire: cards that are kept, for a day or for a customer."""

import enum
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from tillgate.core.addresses import Address
from tillgate.core.cards import Card, CardSummary
from tillgate.core.credentials import Scope
from tillgate.core.instants import unix_seconds
from tillgate.core.payment_methods import BillingDetails, Details, PaymentMethod
from tillgate.core.reasons import Reason, Refused
from tillgate.flows import payment_methods
from tillgate.flows.gateway import Answer
from tillgate.flows.payment_methods import Description
from tillgate.flows.wallets import WalletToken
from tillgate.http.exchange import Reply
from tillgate.store.filters import Wanted
from tillgate.store.lists import Cursor, Page
from tillgate.surfaces.v1 import addresses, expansion, free_text
from tillgate.surfaces.v1.addresses import AddressGiven, AddressShown
from tillgate.surfaces.v1.changes import MetadataChange, notes
from tillgate.surfaces.v1.forms import (
    ApplePayGiven,
    GooglePayGiven,
    ListShown,
    Metadata,
    NotedListGiven,
    ShortText,
    WalletShown,
    list_shown,
    parse_email,
    wallet_shown,
)
from tillgate.surfaces.v1.listings import Listing
from tillgate.surfaces.v1.operations import Call, Nothing, answer, answered, operation, shown


class MethodType(enum.StrEnum):
    """What a payment method is."""

    CARD = "card"


class NewMethodType(enum.StrEnum):
    """What a new payment method is made of; whatever a wallet gave becomes a card."""

    CARD = "card"
    APPLE_PAY = "apple_pay"
    GOOGLE_PAY = "google_pay"


class CardOrTokenGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A card as a client sends it, or the token that stands for one."""

    number: Annotated[str | None, free_text.CARD_NUMBER] = None
    exp_month: int | str | None = None
    exp_year: int | str | None = None
    cvc: str | None = None
    name: ShortText | None = None
    token: str | None = None

    def __repr__(self) -> str:
        return "CardOrTokenGiven(…)"

    def parse(self) -> Card | str:
        """The card, checked, or the token. Raises what core.cards.Card.parse refuses, also for both or neither."""
        if self.token is not None:
            for name in ("number", "exp_month", "exp_year", "cvc", "name"):
                if getattr(self, name) is not None:
                    raise Refused(Reason.PARAMETER_INVALID, f"card.{name}", problem="it excludes card.token")
            return self.token
        if self.number is None:
            raise Refused(Reason.PARAMETER_MISSING, "card.number")
        if self.exp_month is None:
            raise Refused(Reason.PARAMETER_MISSING, "card.exp_month")
        if self.exp_year is None:
            raise Refused(Reason.PARAMETER_MISSING, "card.exp_year")
        return Card.parse(self.number, self.exp_month, self.exp_year, self.cvc, self.name)


class BillingDetailsGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Whom a payment method belongs to."""

    name: ShortText | None = None
    email: ShortText | None = None
    phone: ShortText | None = None
    address: AddressGiven | None = None

    def parse(self) -> BillingDetails:
        """The details, checked. Raises Refused(PARAMETER_INVALID)."""
        email = parse_email(self.email, "billing_details.email") if self.email else None
        address = self.address.parse() if self.address else Address()
        return BillingDetails(self.name or None, email, self.phone or None, address)


class PaymentMethodDataGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a payment method is made of: a card, the token that stands for one, or what a device's wallet gave."""

    type: NewMethodType
    card: CardOrTokenGiven | None = None
    apple_pay: ApplePayGiven | None = None
    google_pay: GooglePayGiven | None = None
    billing_details: BillingDetailsGiven | None = None

    def parse(self) -> Card | str | WalletToken:
        """What the type names. Raises Refused(PARAMETER_MISSING) without it, PARAMETER_INVALID for another's."""
        for other in NewMethodType:
            if other is not self.type and getattr(self, other.value) is not None:
                raise Refused(Reason.PARAMETER_INVALID, other.value, problem=f"it excludes type {self.type.value}")
        source: CardOrTokenGiven | ApplePayGiven | GooglePayGiven | None = getattr(self, self.type.value)
        if source is None:
            raise Refused(Reason.PARAMETER_MISSING, self.type.value)
        return source.parse()

    def details(self) -> BillingDetails:
        """Whom it belongs to, as far as that is said."""
        return self.billing_details.parse() if self.billing_details else BillingDetails()


class PaymentMethodGiven(PaymentMethodDataGiven, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A new payment method."""

    metadata: Metadata = {}


class ExpiryGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Until when a card is valid, of one that was renewed."""

    exp_month: Annotated[int, Meta(ge=1, le=12)] | None = None
    exp_year: Annotated[int, Meta(ge=2000, le=2099)] | None = None


class PaymentMethodChangeGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is to be different; `billing_details` are replaced as a whole."""

    billing_details: BillingDetailsGiven | UnsetType | None = UNSET
    card: ExpiryGiven | None = None
    metadata: MetadataChange = UNSET


class AttachGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For whom a payment method is to be kept."""

    customer: str


class MethodsOfCustomerGiven(NotedListGiven, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A page of payment methods, of one type, some time or metadata if so asked."""

    type: MethodType | None = None


class PaymentMethodsGiven(MethodsOfCustomerGiven, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A page of payment methods, of one customer's, of some time or metadata if so asked."""

    customer: str | None = None


class KeptCardShown(msgspec.Struct, frozen=True):
    """What is shown of a card that is kept; `fingerprint` is the same for the same number."""

    brand: str
    last4: str
    exp_month: int
    exp_year: int
    funding: str
    country: str | None
    fingerprint: str
    wallet: WalletShown | UnsetType = UNSET


class BillingDetailsShown(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a payment method belongs to."""

    name: str | None
    email: str | None
    phone: str | None
    address: AddressShown


class PaymentMethodShown(msgspec.Struct, frozen=True, kw_only=True):
    """A payment method; without a customer it lasts a day from its last use."""

    id: str
    object: str = "payment_method"
    type: MethodType = MethodType.CARD
    card: KeptCardShown
    billing_details: BillingDetailsShown
    customer: Annotated[str, expansion.ids("cus")] | None
    metadata: dict[str, str]
    created: int
    livemode: bool


def show(method: PaymentMethod, *, livemode: bool) -> PaymentMethodShown:
    """A payment method in this API's form."""
    details = method.billing_details
    return PaymentMethodShown(
        id=method.id,
        card=_card_shown(method.card),
        billing_details=BillingDetailsShown(
            name=details.name,
            email=details.email,
            phone=details.phone,
            address=addresses.show(details.address),
        ),
        customer=method.customer,
        metadata=method.metadata,
        created=unix_seconds(method.created),
        livemode=livemode,
    )


def shown_in(call: Call, method: PaymentMethod) -> PaymentMethodShown:
    """A payment method as a call shows it."""
    return show(method, livemode=call.tenant.is_live)


def _card_shown(card: CardSummary) -> KeptCardShown:
    expiry = (card.exp_month, card.exp_year)
    return KeptCardShown(
        card.brand.value,
        card.last4,
        *expiry,
        card.funding.value,
        card.country,
        card.fingerprint,
        wallet_shown(card),
    )


def _render(call: Call) -> payment_methods.Render:
    async def rendered(method: PaymentMethod) -> Answer:
        return await answer(call, shown_in(call, method))

    return rendered


@operation(
    "POST",
    "/v1/payment_methods",
    (Scope.PAYMENT_METHODS_WRITE, Scope.TOKENS_WRITE),
    PaymentMethodGiven,
    PaymentMethodShown,
    cross_origin=True,
)
async def create(call: Call) -> Reply:
    """Seal a card, or what a device's wallet gave, to be charged within a day or attached to a customer."""
    given: PaymentMethodGiven = call.given
    said = Description(given.details(), given.metadata)
    return answered(
        await payment_methods.create(call.gateway, call.caller, call.key, given.parse(), said, _render(call))
    )


@operation("GET", "/v1/payment_methods", Scope.PAYMENT_METHODS_READ, PaymentMethodsGiven, ListShown[PaymentMethodShown])
async def page(call: Call) -> Reply:
    """Payment methods, newest first."""
    given: PaymentMethodsGiven = call.given
    found = await _find(call, given, given.cursor("pm"))
    return await shown(call, list_shown(found, "/v1/payment_methods", lambda method: shown_in(call, method)))


async def _find(call: Call, given: PaymentMethodsGiven, cursor: Cursor) -> Page[PaymentMethod]:
    where = {} if given.customer is None else {"customer": given.customer}
    wanted = Wanted(where=where, terms=given.terms)
    return await payment_methods.page(call.gateway, call.caller, cursor, wanted)


LISTING = Listing(
    "payment_methods",
    "pm",
    Scope.PAYMENT_METHODS_READ,
    PaymentMethodsGiven,
    PaymentMethodShown,
    _find,
    shown_in,
)


@operation("GET", "/v1/payment_methods/{id}", Scope.PAYMENT_METHODS_READ, Nothing, PaymentMethodShown)
async def fetch(call: Call) -> Reply:
    """One payment method."""
    return await shown(call, await _fetch(call, call.id))


@operation(
    "POST", "/v1/payment_methods/{id}", Scope.PAYMENT_METHODS_WRITE, PaymentMethodChangeGiven, PaymentMethodShown
)
async def update(call: Call) -> Reply:
    """Change what is known of a payment method; the number stays what it is."""
    given: PaymentMethodChangeGiven = call.given
    billing = given.billing_details
    details = Details(
        billing_details=None if billing is UNSET else billing.parse() if billing else BillingDetails(),
        exp_month=given.card.exp_month if given.card else None,
        exp_year=given.card.exp_year if given.card else None,
    )
    return answered(
        await payment_methods.update(
            call.gateway, call.caller, call.key, call.id, details, notes(given.metadata), _render(call)
        )
    )


@operation("POST", "/v1/payment_methods/{id}/attach", Scope.PAYMENT_METHODS_WRITE, AttachGiven, PaymentMethodShown)
async def attach(call: Call) -> Reply:
    """Keep a payment method for a customer, until it is detached or the customer is deleted."""
    customer = call.given.customer
    return answered(await payment_methods.attach(call.gateway, call.caller, call.key, call.id, customer, _render(call)))


@operation("POST", "/v1/payment_methods/{id}/detach", Scope.PAYMENT_METHODS_WRITE, Nothing, PaymentMethodShown)
async def detach(call: Call) -> Reply:
    """Take a payment method from its customer. Its number is destroyed, so that it cannot be used again."""
    return answered(await payment_methods.detach(call.gateway, call.caller, call.key, call.id, _render(call)))


@expansion.kind("pm", PaymentMethodShown, Scope.PAYMENT_METHODS_READ)
async def _fetch(call: Call, id: str) -> PaymentMethodShown:
    after = call.after.method
    if after is not None and after.id == id:
        return shown_in(call, after)
    return shown_in(call, await payment_methods.fetch(call.gateway, call.caller, id))


OPERATIONS = (create, page, fetch, update, attach, detach)
