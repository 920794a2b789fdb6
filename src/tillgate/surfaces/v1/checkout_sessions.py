"""Checkout sessions on the wire: payments whose payer chooses on a page of ours how to pay."""

from typing import Final

import msgspec

from tillgate.core import checkout_payments
from tillgate.core import checkout_sessions as core
from tillgate.core.checkout_sessions import SessionStatus
from tillgate.core.checkouts import LONGEST, Line, Method
from tillgate.core.conclusions import Standing
from tillgate.core.credentials import Scope
from tillgate.core.instants import SECOND, Instant, unix_seconds
from tillgate.core.payment_intents import intent_of
from tillgate.core.payments import Payment
from tillgate.core.reasons import Reason, Refused
from tillgate.flows import checkout_sessions as flows
from tillgate.flows import profiles
from tillgate.flows.checkout_sessions import Asked
from tillgate.flows.gateway import Answer
from tillgate.http.exchange import Reply
from tillgate.store.filters import Wanted
from tillgate.surfaces.v1 import expansion, intents, payment_names, payments
from tillgate.surfaces.v1.checkout_session_forms import (
    CheckoutSessionGiven,
    CheckoutSessionsGiven,
    CheckoutSessionShown,
    CustomerDetailsShown,
    LineItemsGiven,
    LineItemShown,
    PaymentIntentDataGiven,
    line_item,
)
from tillgate.surfaces.v1.forms import ListShown, parse_address, parse_email
from tillgate.surfaces.v1.operations import Call, Nothing, answer, answered, operation, shown

PATH: Final = "/v1/checkout/sessions"

_MERCHANTS: Final = (Scope.PAYMENTS_READ, Scope.PAYMENTS_WRITE)
_READ_BY_BROWSER: Final = (Scope.PAYMENTS_READ, Scope.TOKENS_WRITE)


def show(payment: Payment, *, livemode: bool, url: str | None = None) -> CheckoutSessionShown:
    """A payment as its session; `url` is where it is paid."""
    checkout, currency, status = checkout_payments.of(payment), payments.currency_shown(payment), core.status(payment)
    buyer, email = payment.customer, intent_of(payment).receipt_email
    known = (buyer.email, buyer.name) if buyer else (None, None)
    details = CustomerDetailsShown(email=email or known[0], name=known[1])
    return CheckoutSessionShown(
        id=core.name(payment.id),
        amount_subtotal=payment.amount.amount,
        amount_total=payment.amount.amount,
        cancel_url=checkout.cancel_url,
        client_reference_id=core.reference(payment),
        created=unix_seconds(payment.created),
        currency=currency,
        customer=buyer.id if buyer else None,
        customer_details=details if details.email or details.name else None,
        customer_email=email,
        expires_at=unix_seconds(checkout.expires_at),
        line_items=_lines_shown(payment, core.lines(payment), currency),
        livemode=livemode,
        locale=checkout.locale,
        metadata=checkout.metadata,
        payment_intent=payment_names.intent(payment.id),
        payment_link=checkout.link,
        payment_method_types=tuple(method.value for method in checkout.methods or Method),
        payment_status="paid" if status is SessionStatus.COMPLETE else "unpaid",
        status=status,
        success_url=checkout.redirect_url,
        url=url,
    )


def _lines_shown(payment: Payment, lines: tuple[Line, ...], currency: str) -> ListShown[LineItemShown]:
    data = [line_item(payment, number, line, currency) for number, line in enumerate(lines, 1)]
    return ListShown(url=f"{PATH}/{core.name(payment.id)}/line_items", has_more=False, data=data)


def shown_in(call: Call, payment: Payment) -> CheckoutSessionShown:
    """A payment as its session, as a call shows it: to a browser without what is the merchant's own."""
    path = flows.path(call.gateway, call.tenant, payment)
    session = show(payment, livemode=call.tenant.is_live, url=path and call.request.origin + path)
    if not intents.is_browser(call, *_MERCHANTS):
        return session
    hidden = ("cancel_url", "client_reference_id", "customer", "customer_details", "customer_email", "success_url")
    return msgspec.structs.replace(session, metadata={}, payment_intent=None, **dict.fromkeys(hidden))


@operation("POST", PATH, Scope.PAYMENTS_WRITE, CheckoutSessionGiven, CheckoutSessionShown)
async def create(call: Call) -> Reply:
    """Open a payment that is paid on a page of ours, at the answer's `url`: by card, phone or bank transfer."""
    given: CheckoutSessionGiven = call.given
    amount, lines = given.sum(), given.lines
    data = given.payment_intent_data or PaymentIntentDataGiven()
    asked = Asked(
        amount=amount,
        label=given.description or core.label(lines) or await profiles.name(call.gateway, call.tenant),
        currency_asked_as=payments.case(given.currency_asked),
        lines=lines,
        description=data.description or given.description,
        reference=given.client_reference_id,
        success_url=_address(given.success_url, "success_url"),
        cancel_url=_address(given.cancel_url, "cancel_url"),
        expires_at=_expiry(call, given.expires_at),
        methods=given.payment_method_types or (),
        locale=None if given.locale == "auto" else given.locale,
        customer=given.customer,
        email=_email(given, data),
        setup_future_usage=data.setup_future_usage,
        metadata=given.metadata,
        payment_metadata=data.metadata,
    )
    try:
        return answered(await flows.create(call.gateway, call.caller, call.key, asked, _plainly(call)))
    except Refused as refused:
        field = "line_items" if refused.field == "amount" and lines else refused.field
        raise Refused(refused.reason, field, **refused.detail) from None


def _plainly(call: Call) -> flows.Plainly:
    async def rendered(payment: Payment) -> Answer:
        return await answer(call.leaving(payment), shown_in(call, payment))

    return rendered


def _address(given: str | None, field: str) -> str | None:
    return parse_address(given, field) if given else None


def _email(given: CheckoutSessionGiven, data: PaymentIntentDataGiven) -> str | None:
    said, of_payment = given.customer_email, data.receipt_email
    if said and given.customer:
        raise Refused(Reason.PARAMETER_INVALID, "customer_email", problem="it excludes customer")
    if said:
        return parse_email(said, "customer_email")
    return parse_email(of_payment, "payment_intent_data.receipt_email") if of_payment else None


def _expiry(call: Call, given: int | None) -> Instant | None:
    now = call.gateway.clock.now(call.tenant.id)
    if given is None:
        return None
    if not now < given * SECOND <= now + LONGEST:
        raise Refused(Reason.PARAMETER_INVALID, "expires_at", problem="it is in the past, or more than five years off")
    return given * SECOND


@operation("GET", PATH, Scope.PAYMENTS_READ, CheckoutSessionsGiven, ListShown[CheckoutSessionShown])
async def page(call: Call) -> Reply:
    """Sessions, newest first; what was opened through the API of checkouts is among them."""
    given: CheckoutSessionsGiven = call.given
    where = {"customer": given.customer, "id": given.payment_intent and payment_names.payment(given.payment_intent)}
    wanted = Wanted(where={name: value for name, value in where.items() if value is not None})
    cursor = payment_names.cursor(given.cursor("cs"))
    found = await flows.page(call.gateway, call.caller, cursor, wanted, given.status, given.payment_link)
    data = [shown_in(call, payment) for payment in found.records]
    return await shown(call, ListShown(url=PATH, has_more=found.has_more, data=data))


@operation("GET", PATH + "/{id}", _READ_BY_BROWSER, Nothing, CheckoutSessionShown, cross_origin=True)
async def fetch(call: Call) -> Reply:
    """One session. With a publishable key, as far as a browser needs it to go to its page."""
    return await shown(call, await _fetch(call, call.id))


@operation("GET", PATH + "/{id}/line_items", Scope.PAYMENTS_READ, LineItemsGiven, ListShown[LineItemShown])
async def line_items(call: Call) -> Reply:
    """What is paid for, line by line."""
    given: LineItemsGiven = call.given
    payment = await _found(call, call.id)
    listed = _lines_shown(payment, core.lines(payment), payments.currency_shown(payment))
    chosen, has_more = given.chosen(listed.data)
    return await shown(call, msgspec.structs.replace(listed, data=chosen, has_more=has_more))


@operation("POST", PATH + "/{id}/expire", Scope.PAYMENTS_WRITE, Nothing, CheckoutSessionShown)
async def expire(call: Call) -> Reply:
    """Have nobody pay it any more. What was paid can be refunded instead."""
    payment = await _found(call, call.id)
    plainly = _plainly(call)

    async def rendered(now: Standing) -> Answer:
        return await plainly(now.payment)

    return answered(await flows.expire(call.gateway, call.caller, call.key, payment.id, plainly, rendered))


async def _found(call: Call, id: str) -> Payment:
    """The payment of a session. Raises Refused(NOT_FOUND)."""
    try:
        if not id.startswith(core.PREFIX):
            raise Refused(Reason.NOT_FOUND)
        payment = await flows.fetch(call.gateway, call.caller, payment_names.payment(id))
    except Refused as refused:
        raise payment_names.missing("checkout_session", id) if refused.reason is Reason.NOT_FOUND else refused from None
    if intents.is_browser(call, *_MERCHANTS) and checkout_payments.of(payment).application is not None:
        # Whoever opens one through the API of checkouts hands out its signed link alone.
        raise payment_names.missing("checkout_session", id)
    return payment


@expansion.kind("cs", CheckoutSessionShown, Scope.PAYMENTS_READ)
async def _fetch(call: Call, id: str) -> CheckoutSessionShown:
    after = call.after.payment
    if after is not None and core.name(after.id) == id:
        return shown_in(call, after)
    return shown_in(call, await _found(call, id))


OPERATIONS = (create, page, fetch, line_items, expire)
