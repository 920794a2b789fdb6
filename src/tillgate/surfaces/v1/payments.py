"""Payments on the wire, in the forms of both documents: each is answered in the form in which it was asked."""

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from tillgate.core import currencies, transactions
from tillgate.core.attempts import Action, Kind, State
from tillgate.core.conclusions import Standing
from tillgate.core.credentials import Scope
from tillgate.core.instants import unix_seconds
from tillgate.core.money import Money
from tillgate.core.payments import CaptureMethod, Payment, Status, Terms
from tillgate.core.reasons import Reason, Refused
from tillgate.core.three_d_secure import Demand
from tillgate.flows import payments
from tillgate.flows.attempts import Render
from tillgate.flows.gateway import Answer
from tillgate.flows.sources import NewCustomer, Source
from tillgate.http.exchange import Reply
from tillgate.store.lists import Cursor, Page
from tillgate.surfaces.v1 import errors, expansion, payment_names, three_d_secure
from tillgate.surfaces.v1.changes import MetadataChange, notes
from tillgate.surfaces.v1.forms import (
    Amount,
    ApplePayGiven,
    CardGiven,
    CardShown,
    GooglePayGiven,
    ListShown,
    Metadata,
    MoneyListGiven,
    ShortText,
    Text,
    card_shown,
    list_shown,
    parse_email,
    parse_return_url,
)
from tillgate.surfaces.v1.listings import Listing
from tillgate.surfaces.v1.operations import Call, Nothing, answer, answered, operation, shown
from tillgate.surfaces.v1.three_d_secure import PaymentMethodDetailsShown, PaymentMethodOptionsGiven

_WORDS = ("card", "apple_pay", "google_pay")
"""The words for a payment method that comes along in the parameter of this name."""


class InlineCustomerGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A customer given inline (payment_gateway.txt, Create Payment)."""

    email: ShortText
    name: ShortText | None = None
    phone: ShortText | None = None


class PaymentGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What creates a payment: `amount` in the smallest currency unit, `payment_method` an id or a word."""

    amount: Annotated[int, Meta(gt=-(2**63))]
    currency: str
    payment_method: str
    card: CardGiven | None = None
    apple_pay: ApplePayGiven | None = None
    google_pay: GooglePayGiven | None = None
    customer: str | InlineCustomerGiven | None = None
    description: Text | None = None
    metadata: Metadata = {}
    capture_method: CaptureMethod = CaptureMethod.AUTOMATIC
    payment_method_options: PaymentMethodOptionsGiven | None = None
    return_url: Text | None = None


class PaymentChangeGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is to be different; null or an empty text takes away, and so it does in `metadata`, name by name."""

    description: Text | UnsetType | None = UNSET
    metadata: MetadataChange = UNSET


class CaptureGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What captures: an amount, or all that is capturable."""

    amount: Amount | None = None


class PaymentsGiven(MoneyListGiven, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A page of payments: one customer's, in one status, of some time, amount or metadata if so asked."""

    customer: str | None = None
    status: Status | None = None


class CustomerSummaryShown(msgspec.Struct, frozen=True):
    """The customer of a payment that was given one inline (payment_gateway.txt, Create Payment)."""

    id: str
    email: str | None


class RedirectShown(msgspec.Struct, frozen=True):
    """A page of the card's issuer, and where it leads back to."""

    url: str
    return_url: str | None


class NextActionShown(msgspec.Struct, frozen=True):
    """What the customer has to do next."""

    redirect_to_url: RedirectShown
    type: Literal["redirect_to_url"] = "redirect_to_url"

    @classmethod
    def of(cls, action: Action, return_url: str | None, origin: str) -> "NextActionShown":
        """What a bank wants of the customer; where its page is one of ours, it is at `origin`."""
        url = origin + action.url if action.url.startswith("/") else action.url
        return cls(RedirectShown(url, return_url))


class PaymentShown(msgspec.Struct, frozen=True, kw_only=True):
    """A payment. `currency` has the case, `customer` the form in which they were asked.

    `amount_disputed` is what banks hold or keep of it over disputes, of which `dispute` is the newest.
    """

    id: str
    object: str = "payment"
    amount: int
    amount_captured: int
    amount_capturable: int
    amount_refunded: int
    amount_disputed: int
    currency: str
    status: Status
    customer: Annotated[str | CustomerSummaryShown | None, expansion.ids("cus")]
    description: str | None
    payment_intent: Annotated[str, expansion.ids("pi")]
    payment_method: Annotated[str | None, expansion.ids("pm")]
    card: CardShown | None
    payment_method_details: PaymentMethodDetailsShown | None
    capture_method: CaptureMethod
    refunded: bool
    disputed: bool
    dispute: str | None
    failure_code: str | None
    failure_message: str | None
    next_action: NextActionShown | None
    sandbox_faults: Sequence[str] | UnsetType = UNSET
    metadata: dict[str, str]
    created: int
    livemode: bool


def show(payment: Payment, *, livemode: bool, origin: str) -> PaymentShown:
    """A payment in the form in which it was asked; `origin` is where pages of ours are reached."""
    failure_code, failure_message = errors.told(payment.failure.reason) if payment.failure else (None, None)
    return PaymentShown(
        id=payment.id,
        amount=payment.amount.amount,
        amount_captured=payment.captured,
        amount_capturable=0 if payment.canceled else payment.capturable.amount,
        amount_refunded=payment.refunded,
        amount_disputed=payment.disputed,
        currency=currency_shown(payment),
        status=payment.status,
        customer=_customer_shown(payment),
        description=payment.description,
        payment_intent=payment_names.intent(payment.id),
        payment_method=payment.payment_method,
        card=card_shown(payment.card) if payment.card else None,
        payment_method_details=three_d_secure.payment_method_details(payment),
        capture_method=payment.capture_method,
        refunded=payment.captured > 0 and payment.refunded == payment.captured,
        disputed=payment.dispute is not None,
        dispute=payment.dispute,
        failure_code=failure_code,
        failure_message=failure_message,
        next_action=next_action(payment, origin),
        sandbox_faults=payment.faults or UNSET,
        metadata=payment.metadata,
        created=unix_seconds(payment.created),
        livemode=livemode,
    )


def shown_in(call: Call, payment: Payment) -> PaymentShown:
    """A payment as a call shows it."""
    return show(payment, livemode=call.tenant.is_live, origin=call.request.origin)


def case(currency: str) -> str:
    """In which case a currency's code was asked, for `currency_shown`."""
    return "upper" if currency.isupper() else "lower"


def currency_shown(payment: Payment) -> str:
    """The currency's code in the case in which it was asked."""
    code = payment.amount.currency
    return code.lower() if payment.asked_as.get("currency") == "lower" else code


def _customer_shown(payment: Payment) -> str | CustomerSummaryShown | None:
    customer = payment.customer
    if customer is None or payment.asked_as.get("customer") != "object":
        return customer.id if customer else None
    return CustomerSummaryShown(customer.id, customer.email)


def next_action(payment: Payment, origin: str) -> NextActionShown | None:
    """What the payer has to do, if anything."""
    if payment.status is not Status.REQUIRES_ACTION or payment.action is None:
        return None
    return NextActionShown.of(payment.action, payment.return_url, origin)


def render(call: Call) -> Render[Standing]:
    """How the outcome of asking a bank is answered: the payment, or the error of what was declined with it."""

    async def rendered(now: Standing) -> Answer:
        payment = shown_in(call, now.payment)
        attempt, then = now.attempt, call.leaving(now.payment, now.posted)
        if attempt.is_final and attempt.state is not State.APPROVED and attempt.kind is not Kind.REFUND:
            assert attempt.reason is not None, attempt.id
            expanded = await expansion.expanded(then, call.wanted, payment)
            reply = errors.decline(
                call.request, attempt.reason, charge=payment_names.charge(payment.id), payment=expanded
            )
            return Answer(reply.status, reply.body)
        return await answer(then, payment)

    return rendered


async def found(call: Call, id: str) -> Payment:
    """A merchant's payment, as it is once a call is over. Raises Refused(NOT_FOUND)."""
    after = call.after.payment
    if after is not None and after.id == id:
        return after
    return await payments.fetch(call.gateway, call.caller, id)


@operation("POST", "/v1/payments", Scope.PAYMENTS_WRITE, PaymentGiven, PaymentShown)
async def create(call: Call) -> Reply:
    """Charge a card, or authorize it for a later capture."""
    given: PaymentGiven = call.given
    inline = isinstance(given.customer, InlineCustomerGiven)
    asked_as = {"currency": case(given.currency)}
    if inline:
        asked_as["customer"] = "object"
    currency = currencies.parse(given.currency, "currency")
    terms = Terms(
        amount=Money(given.amount, currency),
        capture_method=given.capture_method,
        description=given.description,
        metadata=given.metadata,
        return_url=parse_return_url(given.return_url),
        three_d_secure=three_d_secure.demand(given.payment_method_options) or Demand.AUTOMATIC,
        asked_as=asked_as,
    )
    return answered(
        await payments.create(
            call.gateway, call.caller, call.key, terms, _source(given), _customer(given), render(call)
        )
    )


def _source(given: PaymentGiven) -> Source:
    for word in _WORDS:
        if word != given.payment_method and getattr(given, word) is not None:
            problem = f"it goes with payment_method '{word}' only"
            raise Refused(Reason.PARAMETER_INVALID, word, problem=problem)
    match given.payment_method:
        case "card":
            return Source(card=given.card.parse() if given.card else None)
        case "apple_pay" | "google_pay" as word:
            wallet: ApplePayGiven | GooglePayGiven | None = getattr(given, word)
            if wallet is None:
                raise Refused(Reason.PARAMETER_MISSING, word)
            return Source(wallet=wallet.parse())
        case id:
            return Source(id=id)


def _customer(given: PaymentGiven) -> str | NewCustomer | None:
    if isinstance(given.customer, InlineCustomerGiven):
        customer = given.customer
        email = parse_email(customer.email, "customer.email")
        return NewCustomer(email, customer.name, customer.phone)
    return given.customer


@operation("GET", "/v1/payments", Scope.PAYMENTS_READ, PaymentsGiven, ListShown[PaymentShown])
async def page(call: Call) -> Reply:
    """Payments, newest first."""
    given: PaymentsGiven = call.given
    found = await _find(call, given, given.cursor("pay"))
    return await shown(call, list_shown(found, "/v1/payments", lambda payment: shown_in(call, payment)))


async def _find(call: Call, given: PaymentsGiven, cursor: Cursor) -> Page[Payment]:
    statuses = None if given.status is None else transactions.stages(payment=given.status)
    wanted = given.wanted(statuses, customer=given.customer)
    return await payments.page(call.gateway, call.caller, cursor, wanted)


LISTING = Listing(
    "payments",
    "pay",
    Scope.PAYMENTS_READ,
    PaymentsGiven,
    PaymentShown,
    _find,
    shown_in,
)


@operation("GET", "/v1/payments/{id}", Scope.PAYMENTS_READ, Nothing, PaymentShown)
async def fetch(call: Call) -> Reply:
    """One payment."""
    return await shown(call, await _fetch(call, call.id))


@operation("POST", "/v1/payments/{id}", Scope.PAYMENTS_WRITE, PaymentChangeGiven, PaymentShown)
async def update(call: Call) -> Reply:
    """Change what is written down about a payment. No bank hears of it."""
    given: PaymentChangeGiven = call.given

    async def rendered(payment: Payment) -> Answer:
        return await answer(call.leaving(payment), shown_in(call, payment))

    changed = notes(given.metadata)
    return answered(
        await payments.update(call.gateway, call.caller, call.key, call.id, given.description, changed, rendered)
    )


@operation("POST", "/v1/payments/{id}/capture", Scope.PAYMENTS_WRITE, CaptureGiven, PaymentShown)
async def capture(call: Call) -> Reply:
    """Take what was authorized, whole or in part."""
    amount = call.given.amount
    return answered(await payments.capture(call.gateway, call.caller, call.key, call.id, amount, render(call)))


@operation("POST", "/v1/payments/{id}/cancel", Scope.PAYMENTS_WRITE, Nothing, PaymentShown)
async def cancel(call: Call) -> Reply:
    """Release what was authorized and not captured."""
    return answered(await payments.cancel(call.gateway, call.caller, call.key, call.id, render(call)))


@expansion.kind("pay", PaymentShown, Scope.PAYMENTS_READ)
async def _fetch(call: Call, id: str) -> PaymentShown:
    return shown_in(call, await found(call, id))


OPERATIONS = (create, page, fetch, update, capture, cancel)
