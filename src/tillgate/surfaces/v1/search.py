"""Search on the wire: one query over payments, intents, charges or customers, a page at a time."""

import enum
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from msgspec import Meta

from tillgate.core import ids
from tillgate.core import search as core
from tillgate.core.credentials import Scope
from tillgate.core.reasons import Reason, Refused
from tillgate.flows import search as flows
from tillgate.flows.search import Place, Subject
from tillgate.http.exchange import Reply
from tillgate.surfaces.v1 import charges, customers, payment_intents, payments
from tillgate.surfaces.v1.charges import ChargeShown
from tillgate.surfaces.v1.customers import CustomerShown
from tillgate.surfaces.v1.operations import Call, operation, shown
from tillgate.surfaces.v1.payment_intent_forms import PaymentIntentShown
from tillgate.surfaces.v1.payments import PaymentShown

S = TypeVar("S")


class SearchType(enum.StrEnum):
    """What there is to be searched."""

    PAYMENTS = "payments"
    PAYMENT_INTENTS = "payment_intents"
    CHARGES = "charges"
    CUSTOMERS = "customers"


class QueryGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is searched for: conditions such as `status:'succeeded' AND amount>1000`, or words."""

    query: Annotated[str, Meta(min_length=1, max_length=core.LONGEST_QUERY)]
    limit: Annotated[int, Meta(ge=1, le=100)] = 10
    page: Annotated[str, Meta(max_length=40)] | None = None


class SearchGiven(QueryGiven, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is searched for, and among what."""

    type: SearchType | None = None


class SearchShown(msgspec.Struct, Generic[S], frozen=True, kw_only=True):
    """What was found. Where it says so there is more, and `next_page` is the `page` of the request that goes on."""

    object: str = "search_result"
    url: str
    has_more: bool
    next_page: str | None
    data: Sequence[S]


Show = Callable[[Call, Sequence[Any]], Awaitable[Sequence[Any]]]


def _each(show: Callable[[Call, Any], Any]) -> Show:
    async def shown(call: Call, records: Sequence[Any]) -> Sequence[Any]:
        return [show(call, record) for record in records]

    return shown


_SUBJECTS: dict[SearchType, tuple[Subject, Scope, Show]] = {
    SearchType.PAYMENTS: (flows.PAYMENTS, Scope.PAYMENTS_READ, _each(payments.shown_in)),
    SearchType.PAYMENT_INTENTS: (flows.INTENTS, Scope.PAYMENTS_READ, _each(payment_intents.shown_in)),
    SearchType.CHARGES: (flows.CHARGES, Scope.PAYMENTS_READ, charges.shown_in),
    SearchType.CUSTOMERS: (
        flows.CUSTOMERS,
        Scope.CUSTOMERS_READ,
        _each(lambda call, customer: customers.show(customer, livemode=call.tenant.is_live)),
    ),
}


async def _found(call: Call, type: SearchType, url: str) -> Reply:
    given: QueryGiven = call.given
    subject, scope, show = _SUBJECTS[type]
    call.principal.require(scope)
    query, place = core.parse(given.query, subject.fields), _place(given.page, subject.prefix)
    found = await flows.search(call.gateway, call.caller, subject, query, place, given.limit)
    data = await show(call, found.records)
    next_page = None if found.next is None else f"{found.next.mentions:d}.{found.next.after or ''}"
    return await shown(call, SearchShown(url=url, has_more=found.next is not None, next_page=next_page, data=data))


def _place(page: str | None, prefix: str) -> Place:
    if page is None:
        return Place()
    kind, _, after = page.partition(".")
    if kind not in ("0", "1") or (after and not ids.is_id(prefix, after)):
        raise Refused(Reason.PARAMETER_INVALID, "page", problem="it takes the next_page of an answer to this query")
    return Place(after or None, kind == "1")


@operation("GET", "/v1/search", (Scope.PAYMENTS_READ, Scope.CUSTOMERS_READ), SearchGiven, SearchShown[Any])
async def anything(call: Call) -> Reply:
    """Search payments, intents, charges or customers, newest first, by conditions or by words as you type them."""
    type: SearchType | None = call.given.type
    if type is None:
        may_not = call.principal.scopes.isdisjoint((Scope.ALL, Scope.PAYMENTS_READ))
        type = SearchType.CUSTOMERS if may_not else SearchType.PAYMENTS
    return await _found(call, type, "/v1/search")


@operation("GET", "/v1/payments/search", Scope.PAYMENTS_READ, QueryGiven, SearchShown[PaymentShown])
async def of_payments(call: Call) -> Reply:
    """Search payments, newest first."""
    return await _found(call, SearchType.PAYMENTS, "/v1/payments/search")


@operation("GET", "/v1/payment_intents/search", Scope.PAYMENTS_READ, QueryGiven, SearchShown[PaymentIntentShown])
async def of_intents(call: Call) -> Reply:
    """Search payments by their intents, newest first."""
    return await _found(call, SearchType.PAYMENT_INTENTS, "/v1/payment_intents/search")


@operation("GET", "/v1/charges/search", Scope.PAYMENTS_READ, QueryGiven, SearchShown[ChargeShown])
async def of_charges(call: Call) -> Reply:
    """Search payments that a bank was asked for, as charges, newest first."""
    return await _found(call, SearchType.CHARGES, "/v1/charges/search")


@operation("GET", "/v1/customers/search", Scope.CUSTOMERS_READ, QueryGiven, SearchShown[CustomerShown])
async def of_customers(call: Call) -> Reply:
    """Search customers, newest first. Words are found by how they begin."""
    return await _found(call, SearchType.CUSTOMERS, "/v1/customers/search")


OPERATIONS = (anything, of_payments, of_intents, of_charges, of_customers)
