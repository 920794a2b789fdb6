"""Customers on the wire: whom a merchant sells to, and what they pay with."""

from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType, structs

from tillgate.core.credentials import Scope
from tillgate.core.customers import Customer, Details, Erasure, email_key
from tillgate.core.instants import unix_seconds
from tillgate.core.reasons import Reason, Refused
from tillgate.flows import customers, erasures, payment_methods
from tillgate.flows.gateway import Answer
from tillgate.http.exchange import Reply
from tillgate.store.filters import Wanted
from tillgate.store.lists import Cursor, Page
from tillgate.surfaces.v1 import addresses, expansion
from tillgate.surfaces.v1.addresses import AddressGiven, AddressShown, ShippingGiven, ShippingShown
from tillgate.surfaces.v1.changes import MetadataChange, notes
from tillgate.surfaces.v1.forms import ListShown, Metadata, NotedListGiven, ShortText, Text, list_shown, parse_email
from tillgate.surfaces.v1.listings import Listing
from tillgate.surfaces.v1.operations import Call, Nothing, answer, answered, operation, shown
from tillgate.surfaces.v1.payment_methods import MethodsOfCustomerGiven, PaymentMethodShown
from tillgate.surfaces.v1.payment_methods import shown_in as method_shown_in


class InvoiceSettingsGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Another place for the default payment method, where some clients put it."""

    default_payment_method: str | UnsetType | None = UNSET


class InvoiceSettingsShown(msgspec.Struct, frozen=True, kw_only=True):
    """Another place for the default payment method, where some clients look for it."""

    default_payment_method: Annotated[str, expansion.ids("pm")] | None


class CustomerGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A new customer (payment_gateway.txt, Customer Object)."""

    email: ShortText | None = None
    name: ShortText | None = None
    phone: ShortText | None = None
    address: AddressGiven | None = None
    shipping: ShippingGiven | None = None
    description: Text | None = None
    metadata: Metadata = {}
    default_payment_method: str | None = None
    invoice_settings: InvoiceSettingsGiven | None = None


class CustomerChangeGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is to be different; null or an empty text takes away, and so it does in `metadata`, name by name."""

    email: ShortText | UnsetType | None = UNSET
    name: ShortText | UnsetType | None = UNSET
    phone: ShortText | UnsetType | None = UNSET
    address: AddressGiven | UnsetType | None = UNSET
    shipping: ShippingGiven | UnsetType | None = UNSET
    description: Text | UnsetType | None = UNSET
    metadata: MetadataChange = UNSET
    default_payment_method: str | UnsetType | None = UNSET
    invoice_settings: InvoiceSettingsGiven | UnsetType = UNSET


class CustomersGiven(NotedListGiven, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A page of customers: with one e-mail address, of some time or metadata if so asked."""

    email: ShortText | None = None


class CustomerShown(msgspec.Struct, frozen=True, kw_only=True):
    """A customer."""

    id: str
    object: str = "customer"
    email: str | None
    name: str | None
    phone: str | None
    address: AddressShown | None
    shipping: ShippingShown | None
    description: str | None
    default_payment_method: Annotated[str, expansion.ids("pm")] | None
    invoice_settings: InvoiceSettingsShown
    metadata: dict[str, str]
    created: int
    livemode: bool


class CustomerDeletedShown(msgspec.Struct, frozen=True, kw_only=True):
    """That a customer was deleted."""

    id: str
    object: str = "customer"
    deleted: bool


class CustomerFoundShown(msgspec.Struct, frozen=True, kw_only=True):
    """A customer; of one who was deleted `deleted`, which is true, and nothing else."""

    id: str
    object: str = "customer"
    deleted: bool | UnsetType = UNSET
    email: str | UnsetType | None = UNSET
    name: str | UnsetType | None = UNSET
    phone: str | UnsetType | None = UNSET
    address: AddressShown | UnsetType | None = UNSET
    shipping: ShippingShown | UnsetType | None = UNSET
    description: str | UnsetType | None = UNSET
    default_payment_method: Annotated[str, expansion.ids("pm")] | UnsetType | None = UNSET
    invoice_settings: InvoiceSettingsShown | UnsetType = UNSET
    metadata: dict[str, str] | UnsetType = UNSET
    created: int | UnsetType = UNSET
    livemode: bool | UnsetType = UNSET


def show(customer: Customer, *, livemode: bool) -> CustomerShown:
    """A customer in this API's form."""
    return CustomerShown(
        id=customer.id,
        email=customer.email,
        name=customer.name,
        phone=customer.phone,
        address=addresses.show(customer.address) if customer.address else None,
        shipping=addresses.show_shipping(customer.shipping) if customer.shipping else None,
        description=customer.description,
        default_payment_method=customer.default_payment_method,
        invoice_settings=InvoiceSettingsShown(default_payment_method=customer.default_payment_method),
        metadata=customer.metadata,
        created=unix_seconds(customer.created),
        livemode=livemode,
    )


def _render(call: Call) -> customers.Render:
    async def rendered(customer: Customer) -> Answer:
        return await answer(call, show(customer, livemode=call.tenant.is_live))

    return rendered


def _details(given: CustomerGiven | CustomerChangeGiven) -> Details:
    """Raises Refused(PARAMETER_INVALID) for an address that is none, and a default that is given in two places."""
    default, settings = given.default_payment_method, given.invoice_settings
    if settings and settings.default_payment_method is not UNSET:
        if default is not UNSET and default is not None:
            raise Refused(Reason.PARAMETER_INVALID, "invoice_settings", problem="it excludes default_payment_method")
        default = settings.default_payment_method
    return Details(
        email=parse_email(given.email, "email") if given.email else given.email,
        name=given.name,
        phone=given.phone,
        address=given.address.parse() if isinstance(given.address, AddressGiven) else given.address,
        shipping=given.shipping.parse() if isinstance(given.shipping, ShippingGiven) else given.shipping,
        description=given.description,
        default_payment_method=default,
    )


@operation("POST", "/v1/customers", Scope.CUSTOMERS_WRITE, CustomerGiven, CustomerShown)
async def create(call: Call) -> Reply:
    """Write a customer down. Several may have the same e-mail address; payments find the newest by it."""
    given: CustomerGiven = call.given
    details = _details(given)
    return answered(await customers.create(call.gateway, call.caller, call.key, details, given.metadata, _render(call)))


@operation("GET", "/v1/customers", Scope.CUSTOMERS_READ, CustomersGiven, ListShown[CustomerShown])
async def page(call: Call) -> Reply:
    """Customers, newest first."""
    given: CustomersGiven = call.given
    found = await _find(call, given, given.cursor("cus"))
    livemode = call.tenant.is_live
    return await shown(call, list_shown(found, "/v1/customers", lambda customer: show(customer, livemode=livemode)))


async def _find(call: Call, given: CustomersGiven, cursor: Cursor) -> Page[Customer]:
    where = {} if given.email is None else {"email": email_key(given.email)}
    wanted = Wanted(where=where, terms=given.terms)
    return await customers.page(call.gateway, call.caller, cursor, wanted)


LISTING = Listing(
    "customers",
    "cus",
    Scope.CUSTOMERS_READ,
    CustomersGiven,
    CustomerShown,
    _find,
    lambda call, customer: show(customer, livemode=call.tenant.is_live),
)


@operation("GET", "/v1/customers/{id}", Scope.CUSTOMERS_READ, Nothing, CustomerFoundShown)
async def fetch(call: Call) -> Reply:
    """One customer; of one who was deleted, that they were."""
    try:
        found = CustomerFoundShown(**structs.asdict(await _fetch(call, call.id)))
    except Refused:
        if not await customers.was_deleted(call.gateway, call.caller, call.id):
            raise
        found = CustomerFoundShown(id=call.id, deleted=True)
    return await shown(call, found)


@operation("POST", "/v1/customers/{id}", Scope.CUSTOMERS_WRITE, CustomerChangeGiven, CustomerShown)
async def update(call: Call) -> Reply:
    """Change what is known of a customer."""
    given: CustomerChangeGiven = call.given
    details = _details(given)
    return answered(
        await customers.update(
            call.gateway, call.caller, call.key, call.id, details, notes(given.metadata), _render(call)
        )
    )


@operation("DELETE", "/v1/customers/{id}", Scope.CUSTOMERS_WRITE, Nothing, CustomerDeletedShown)
async def delete(call: Call) -> Reply:
    """Delete a customer, and erase what was known of them wherever it is kept; the books stay as they are."""

    async def rendered(erasure: Erasure) -> Answer:
        return await answer(call, CustomerDeletedShown(id=erasure.id, deleted=True))

    return answered(await erasures.begin(call.gateway, call.caller, call.key, call.id, rendered))


@operation(
    "GET",
    "/v1/customers/{id}/payment_methods",
    Scope.PAYMENT_METHODS_READ,
    MethodsOfCustomerGiven,
    ListShown[PaymentMethodShown],
)
async def methods(call: Call) -> Reply:
    """The payment methods that are kept for a customer, newest first."""
    given: MethodsOfCustomerGiven = call.given
    customer = await customers.fetch(call.gateway, call.caller, call.id)
    wanted = Wanted(where={"customer": customer.id}, terms=given.terms)
    found = await payment_methods.page(call.gateway, call.caller, given.cursor("pm"), wanted)
    url = f"/v1/customers/{customer.id}/payment_methods"
    return await shown(call, list_shown(found, url, lambda method: method_shown_in(call, method)))


@expansion.kind("cus", CustomerShown, Scope.CUSTOMERS_READ)
async def _fetch(call: Call, id: str) -> CustomerShown:
    return show(await customers.fetch(call.gateway, call.caller, id), livemode=call.tenant.is_live)


OPERATIONS = (create, page, fetch, update, delete, methods)
