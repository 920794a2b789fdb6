"""Payment intents on the wire: a payment in steps, of which the payer's browser takes one."""

import contextlib
from collections.abc import Iterator

import msgspec
from msgspec import UNSET, UnsetType

from tillgate.core import arrival_moves, currencies, payment_intents, transactions
from tillgate.core import charges as made
from tillgate.core.attempts import State
from tillgate.core.conclusions import Standing
from tillgate.core.credentials import Scope
from tillgate.core.instants import unix_seconds
from tillgate.core.intents import Intent
from tillgate.core.money import Money
from tillgate.core.payment_intents import Change, IntentStatus
from tillgate.core.payments import Failure, Payment, Terms
from tillgate.core.reasons import Reason, Refused
from tillgate.core.three_d_secure import Demand
from tillgate.flows import payment_intents as flows
from tillgate.flows import payments as charges
from tillgate.flows.attempts import Render
from tillgate.flows.gateway import Answer
from tillgate.flows.intents import Presented
from tillgate.http.exchange import Reply
from tillgate.store.lists import Cursor, Page
from tillgate.surfaces.v1 import addresses, errors, expansion, intents, payment_names, payments, three_d_secure
from tillgate.surfaces.v1.addresses import ShippingGiven
from tillgate.surfaces.v1.changes import notes
from tillgate.surfaces.v1.forms import (
    ListShown,
    parse_email,
    parse_return_url,
)
from tillgate.surfaces.v1.intents import AutomaticMethodsShown, IntentReadGiven
from tillgate.surfaces.v1.listings import Listing
from tillgate.surfaces.v1.operations import Call, answer, answered, operation, shown
from tillgate.surfaces.v1.payment_intent_forms import (
    CancelIntentGiven,
    CaptureIntentGiven,
    ConfirmGiven,
    LastPaymentErrorShown,
    PaymentIntentChangeGiven,
    PaymentIntentGiven,
    PaymentIntentsGiven,
    PaymentIntentShown,
)

PHONE_WALLET = "phone_wallet"
"""What may pay where a customer is asked on the phone."""

BANK_TRANSFER = "bank_transfer"
"""What may pay where money is awaited, and what has paid where it came."""

_MERCHANTS = (Scope.PAYMENTS_READ, Scope.PAYMENTS_WRITE)
_BY_BROWSER = (Scope.PAYMENTS_WRITE, Scope.TOKENS_WRITE)
_READ_BY_BROWSER = (Scope.PAYMENTS_READ, Scope.TOKENS_WRITE)


def show(payment: Payment, *, livemode: bool, origin: str, client_secret: str | None = None) -> PaymentIntentShown:
    """A payment as its intent; `origin` is where pages of ours are reached."""
    intent, status = payment_intents.intent_of(payment), payment_intents.status(payment)
    is_canceled = status is IntentStatus.CANCELED and payment.canceled is not None
    return PaymentIntentShown(
        id=payment_names.intent(payment.id),
        amount=payment.amount.amount,
        amount_capturable=0 if payment.canceled else payment.capturable.amount,
        amount_received=payment.captured,
        currency=payments.currency_shown(payment),
        status=status,
        client_secret=client_secret,
        customer=payment.customer.id if payment.customer else None,
        description=payment.description,
        payment_method=None if payment.failure and not payment.authorized else payment.payment_method,
        payment_method_types=_method_types(payment),
        automatic_payment_methods=AutomaticMethodsShown.of(intent.automatic_methods),
        payment_method_options=three_d_secure.options(payment),
        payment_method_details=three_d_secure.payment_method_details(payment),
        capture_method=payment.capture_method,
        setup_future_usage=intent.setup_future_usage,
        receipt_email=intent.receipt_email,
        shipping=addresses.show_shipping(intent.shipping) if intent.shipping else None,
        last_payment_error=_last_error(payment, payment.failure) if payment.failure else None,
        next_action=payments.next_action(payment, origin),
        latest_payment=payment.id if made.is_made(payment) else None,
        latest_charge=payment_names.charge(payment.id) if made.is_made(payment) else None,
        canceled_at=unix_seconds(payment.canceled.at) if is_canceled and payment.canceled else None,
        cancellation_reason=_why_canceled(payment) if is_canceled else None,
        sandbox_faults=payment.faults or UNSET,
        metadata=payment.metadata,
        created=unix_seconds(payment.created),
        livemode=livemode,
    )


def _method_types(payment: Payment) -> tuple[str, ...]:
    """What may pay, or has paid."""
    if payment.bank == arrival_moves.BANK:
        return (BANK_TRANSFER,)
    if payment.ticket:
        return (PHONE_WALLET,)
    types = tuple(payment_intents.intent_of(payment).payment_method_types)
    return (*types, BANK_TRANSFER) if payment.transfer and not payment.authorized else types


def _why_canceled(payment: Payment) -> str | None:
    has_expired = payment.canceled is not None and payment.canceled.cause == "expired"
    return "automatic" if has_expired else payment_intents.intent_of(payment).cancellation_reason


def _last_error(payment: Payment, failure: Failure) -> LastPaymentErrorShown:
    wording = errors.from_bank(failure.reason)
    return LastPaymentErrorShown(
        type=wording.type.value,
        code=wording.code,
        message=wording.sentence,
        decline_code=wording.decline_code,
        payment_method=payment.payment_method,
        charge=payment_names.charge(payment.id),
    )


def shown_in(call: Call, payment: Payment) -> PaymentIntentShown:
    """A payment as its intent, as a call shows it: to a browser without what is the merchant's own."""
    secret = flows.client_secret(call.gateway, call.tenant.id, payment.id)
    intent = show(payment, livemode=call.tenant.is_live, origin=call.request.origin, client_secret=secret)
    if not intents.is_browser(call, *_MERCHANTS):
        return intent
    return msgspec.structs.replace(intent, customer=None, metadata={}, receipt_email=None, shipping=None)


def _payment_id(id: str) -> str:
    """The payment's own id. Raises Refused(NOT_FOUND)."""
    if not id.startswith("pi_"):
        raise Refused(Reason.NOT_FOUND, "payment_intent", object="payment intent", id=id)
    return "pay_" + id.removeprefix("pi_")


@contextlib.contextmanager
def _told_by_its_name(id: str) -> Iterator[None]:
    """Who asks for an intent and not for a payment is told so, where there is neither."""
    try:
        yield
    except Refused as refused:
        if refused.reason is not Reason.NOT_FOUND or refused.field != "payment":
            raise
        raise Refused(Reason.NOT_FOUND, "payment_intent", object="payment intent", id=id) from None


async def _found(call: Call, id: str) -> Payment:
    with _told_by_its_name(id):
        return await payments.found(call, _payment_id(id))


async def _admitted(call: Call) -> Payment:
    """The payment in the path. Raises Refused where a browser does not prove that it was given it."""
    payment = await _found(call, call.id)
    intents.admit(call, flows.client_secret(call.gateway, call.tenant.id, payment.id), *_MERCHANTS)
    return payment


def _plainly(call: Call) -> flows.Plainly:
    async def rendered(payment: Payment) -> Answer:
        return await answer(call.leaving(payment), shown_in(call, payment))

    return rendered


def _render(call: Call) -> Render[Standing]:
    """How the outcome of asking a bank is answered: the intent, or the error of what was declined with it."""

    async def rendered(now: Standing) -> Answer:
        intent = shown_in(call, now.payment)
        attempt, then = now.attempt, call.leaving(now.payment, now.posted)
        if attempt.is_final and attempt.state is not State.APPROVED:
            assert attempt.reason is not None, attempt.id
            expanded = await expansion.expanded(then, call.wanted, intent)
            charge = payment_names.charge(now.payment.id)
            reply = errors.decline(call.request, attempt.reason, charge=charge, payment_intent=expanded)
            return Answer(reply.status, reply.body)
        return await answer(then, intent)

    return rendered


def _receipt_email(given: str | None) -> str | None:
    return parse_email(given, "receipt_email") if given else None


def _demanded(call: Call, given: ConfirmGiven) -> Demand | UnsetType:
    """What is demanded with a confirmation, which a payer may not say for the merchant."""
    if given.payment_method_options is not None and intents.is_browser(call, *_MERCHANTS):
        problem = "it takes a secret key, for it is the merchant who decides"
        raise Refused(Reason.PARAMETER_INVALID, "payment_method_options", problem=problem)
    return three_d_secure.demand(given.payment_method_options) or UNSET


@operation("POST", "/v1/payment_intents", Scope.PAYMENTS_WRITE, PaymentIntentGiven, PaymentIntentShown)
async def create(call: Call) -> Reply:
    """Open a payment whose card may come later, from the payer's browser; with `confirm` charge it at once."""
    given: PaymentIntentGiven = call.given
    currency = currencies.parse(given.currency, "currency")
    terms = Terms(
        amount=Money(given.amount, currency),
        capture_method=given.capture_method,
        description=given.description,
        metadata=given.metadata,
        return_url=parse_return_url(given.return_url),
        three_d_secure=three_d_secure.demand(given.payment_method_options) or Demand.AUTOMATIC,
        asked_as={"currency": payments.case(given.currency)},
        intent=Intent(
            payment_method_types=intents.words(given.payment_method_types),
            automatic_methods=given.automatic_payment_methods.parse() if given.automatic_payment_methods else None,
            setup_future_usage=given.setup_future_usage,
            off_session=given.off_session,
            error_on_requires_action=given.error_on_requires_action,
            receipt_email=_receipt_email(given.receipt_email),
            shipping=given.shipping.parse() if given.shipping else None,
        ),
    )
    for name in ("off_session", "error_on_requires_action"):
        if getattr(given, name) and not given.confirm:
            raise Refused(Reason.PARAMETER_INVALID, name, problem="it goes with confirm only")
    presented = Presented(source=intents.source(given, is_for_later=not given.confirm), customer=given.customer)
    asked = (call.gateway, call.caller, call.key, terms, presented)
    if given.confirm:
        return answered(await flows.create_confirmed(*asked, _render(call)))
    return answered(await flows.create(*asked, _plainly(call)))


@operation("GET", "/v1/payment_intents", Scope.PAYMENTS_READ, PaymentIntentsGiven, ListShown[PaymentIntentShown])
async def page(call: Call) -> Reply:
    """Payments as their intents, newest first."""
    given: PaymentIntentsGiven = call.given
    found = await _find(call, given, given.cursor("pi"))
    return await shown(call, _list_shown(call, found))


async def _find(call: Call, given: PaymentIntentsGiven, cursor: Cursor) -> Page[Payment]:
    statuses = None if given.status is None else transactions.stages(intent=given.status)
    wanted = given.wanted(statuses, customer=given.customer)
    return await charges.page(call.gateway, call.caller, payment_names.cursor(cursor), wanted)


def _exported(call: Call, payment: Payment) -> PaymentIntentShown:
    """A payment as its intent, in a file that goes who knows where: without what proves that one may confirm it."""
    return msgspec.structs.replace(shown_in(call, payment), client_secret=None)


LISTING = Listing(
    "payment_intents",
    "pi",
    Scope.PAYMENTS_READ,
    PaymentIntentsGiven,
    PaymentIntentShown,
    _find,
    _exported,
)


def _list_shown(call: Call, found: Page[Payment]) -> ListShown[PaymentIntentShown]:
    data = [shown_in(call, payment) for payment in found.records]
    return ListShown(url="/v1/payment_intents", has_more=found.has_more, data=data)


@operation(
    "GET",
    "/v1/payment_intents/{id}",
    _READ_BY_BROWSER,
    IntentReadGiven,
    PaymentIntentShown,
    cross_origin=True,
)
async def fetch(call: Call) -> Reply:
    """One payment intent. With a publishable key it takes the client secret."""
    return await shown(call, shown_in(call, await _admitted(call)))


@operation("POST", "/v1/payment_intents/{id}", Scope.PAYMENTS_WRITE, PaymentIntentChangeGiven, PaymentIntentShown)
async def update(call: Call) -> Reply:
    """Change an intent that is not confirmed yet; its description, metadata, receipt_email and shipping at any time."""
    given: PaymentIntentChangeGiven = call.given
    payment = await _found(call, call.id)
    currency = currencies.parse(given.currency, "currency") if given.currency is not None else payment.amount.currency
    amount = payment.amount.amount if given.amount is None else given.amount
    types = given.payment_method_types
    change = Change(
        amount=UNSET if given.amount is None and given.currency is None else Money(amount, currency),
        currency_asked_as=UNSET if given.currency is None else payments.case(given.currency),
        capture_method=UNSET if given.capture_method is None else given.capture_method,
        payment_method_types=UNSET if types is None else intents.words(types),
        three_d_secure=three_d_secure.demand(given.payment_method_options) or UNSET,
        setup_future_usage=given.setup_future_usage,
        receipt_email=UNSET if given.receipt_email is UNSET else _receipt_email(given.receipt_email),
        shipping=given.shipping.parse() if isinstance(given.shipping, ShippingGiven) else given.shipping,
        description=UNSET if given.description is UNSET else given.description or None,
        notes=notes(given.metadata),
    )
    presented = Presented(source=intents.source(given, is_for_later=True), customer=given.customer)
    return answered(
        await flows.update(call.gateway, call.caller, call.key, payment.id, change, presented, _plainly(call))
    )


@operation(
    "POST",
    "/v1/payment_intents/{id}/confirm",
    _BY_BROWSER,
    ConfirmGiven,
    PaymentIntentShown,
    cross_origin=True,
)
async def confirm(call: Call) -> Reply:
    """Charge the card, or authorize it for a later capture. After a decline, confirm again with another card."""
    given: ConfirmGiven = call.given
    if intents.needs_secret(call, *_MERCHANTS):
        await _admitted(call)
    if given.off_session and intents.is_browser(call, *_MERCHANTS):
        raise Refused(Reason.PARAMETER_INVALID, "off_session", problem="who confirms in a browser is there")
    change = Change(
        return_url=parse_return_url(given.return_url) or UNSET,
        three_d_secure=_demanded(call, given),
        off_session=given.off_session,
        error_on_requires_action=given.error_on_requires_action,
        setup_future_usage=UNSET if given.setup_future_usage is None else given.setup_future_usage,
        receipt_email=UNSET if given.receipt_email is None else _receipt_email(given.receipt_email),
        shipping=UNSET if given.shipping is None else given.shipping.parse(),
    )
    source = intents.source(given, is_for_later=False)
    presented = Presented(source=source, is_public=intents.is_browser(call, *_MERCHANTS))
    with _told_by_its_name(call.id):
        id = _payment_id(call.id)
        return answered(await flows.confirm(call.gateway, call.caller, call.key, id, change, presented, _render(call)))


@operation("POST", "/v1/payment_intents/{id}/capture", Scope.PAYMENTS_WRITE, CaptureIntentGiven, PaymentIntentShown)
async def capture(call: Call) -> Reply:
    """Take what was authorized, whole or in part; the rest can be captured later, until it is canceled or expires."""
    payment = await _found(call, call.id)
    amount: int | None = call.given.amount_to_capture
    try:
        return answered(await charges.capture(call.gateway, call.caller, call.key, payment.id, amount, _render(call)))
    except Refused as refused:
        field = "amount_to_capture" if refused.field == "amount" else refused.field
        raise Refused(refused.reason, field, **refused.detail) from None


@operation("POST", "/v1/payment_intents/{id}/cancel", Scope.PAYMENTS_WRITE, CancelIntentGiven, PaymentIntentShown)
async def cancel(call: Call) -> Reply:
    """Give an intent up: what is held is released, a challenge ended, and it can be confirmed no more."""
    payment = await _found(call, call.id)
    reason: str | None = call.given.cancellation_reason
    ways = (_plainly(call), _render(call))
    return answered(await flows.cancel(call.gateway, call.caller, call.key, payment.id, reason, *ways))


@expansion.kind("pi", PaymentIntentShown, Scope.PAYMENTS_READ)
async def _fetch(call: Call, id: str) -> PaymentIntentShown:
    return shown_in(call, await _found(call, id))


OPERATIONS = (create, page, fetch, update, confirm, capture, cancel)
