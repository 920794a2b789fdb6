"""Charges on the wire: a read view of payments, for programs that think in charges."""

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, UnsetType

from tillgate.core import charges as core
from tillgate.core import payment_intents, transactions
from tillgate.core import receipts as core_receipts
from tillgate.core.charges import ChargeStatus
from tillgate.core.credentials import Scope
from tillgate.core.instants import unix_seconds
from tillgate.core.payments import Payment
from tillgate.core.reasons import Reason, Refused
from tillgate.core.transactions import TransactionType
from tillgate.flows import charges as flows
from tillgate.flows import payments as payment_flows
from tillgate.flows import receipts
from tillgate.flows.charges import Charge
from tillgate.flows.gateway import Answer
from tillgate.http.exchange import Reply
from tillgate.surfaces.v1 import addresses, errors, expansion, payment_names, payments, three_d_secure
from tillgate.surfaces.v1.addresses import ShippingShown
from tillgate.surfaces.v1.changes import MetadataChange, notes
from tillgate.surfaces.v1.forms import ListShown, MoneyListGiven, Text
from tillgate.surfaces.v1.operations import Call, Nothing, answer, answered, operation, shown
from tillgate.surfaces.v1.three_d_secure import PaymentMethodDetailsShown


class ChargesGiven(MoneyListGiven, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A page of charges: one customer's or one payment intent's, of some time, status, amount or metadata."""

    customer: str | None = None
    payment_intent: str | None = None
    status: ChargeStatus | None = None


class ChargeChangeGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is to be different; null or an empty text takes away, and so it does in `metadata`, name by name."""

    description: Text | UnsetType | None = UNSET
    metadata: MetadataChange = UNSET


class OutcomeShown(msgspec.Struct, frozen=True, kw_only=True):
    """What the card's issuer said. `reason` is the decline code."""

    network_status: Literal["approved_by_network", "declined_by_network", "not_sent_to_network"]
    reason: str | None
    seller_message: str
    type: Literal["authorized", "issuer_declined", "invalid"]


class ChargeShown(msgspec.Struct, frozen=True, kw_only=True):
    """A payment as what its card was charged: `paid` where the issuer granted it, `captured` where it was taken.

    `balance_transaction` is that of the first capture.
    """

    id: str
    object: str = "charge"
    amount: int
    amount_captured: int
    amount_refunded: int
    balance_transaction: Annotated[str | None, expansion.ids("bt")]
    captured: bool
    created: int
    currency: str
    customer: Annotated[str | None, expansion.ids("cus")]
    description: str | None
    dispute: Annotated[str | None, expansion.ids("dp")]
    disputed: bool
    failure_code: str | None
    failure_message: str | None
    livemode: bool
    metadata: dict[str, str]
    outcome: OutcomeShown | None
    paid: bool
    payment: Annotated[str, expansion.ids("pay")]
    payment_intent: Annotated[str, expansion.ids("pi")]
    payment_method: Annotated[str | None, expansion.ids("pm")]
    payment_method_details: PaymentMethodDetailsShown | None
    receipt_email: str | None
    receipt_number: str | None
    receipt_url: str | None
    shipping: ShippingShown | None
    refunded: bool
    status: ChargeStatus


def show(call: Call, charge: Charge) -> ChargeShown:
    """A charge in this API's form."""
    livemode, receipt = call.tenant.is_live, receipts.path(call.gateway, charge.payment)
    payment, intent = charge.payment, payment_intents.intent_of(charge.payment)
    failure_code, failure_message = errors.told(payment.failure.reason) if payment.failure else (None, None)
    status = core.status(payment)
    return ChargeShown(
        id=payment_names.charge(payment.id),
        amount=payment.amount.amount,
        amount_captured=payment.captured,
        amount_refunded=payment.refunded,
        balance_transaction=charge.balance_transaction,
        captured=payment.captured > 0,
        created=unix_seconds(payment.created),
        currency=payments.currency_shown(payment),
        customer=payment.customer.id if payment.customer else None,
        description=payment.description,
        dispute=payment.dispute,
        disputed=payment.dispute is not None,
        failure_code=failure_code,
        failure_message=failure_message,
        livemode=livemode,
        metadata=payment.metadata,
        outcome=_outcome(payment, status),
        paid=status is ChargeStatus.SUCCEEDED,
        payment=payment.id,
        payment_intent=payment_names.intent(payment.id),
        payment_method=payment.payment_method,
        payment_method_details=three_d_secure.payment_method_details(payment),
        receipt_email=intent.receipt_email,
        receipt_number=core_receipts.number(payment) if receipt else None,
        receipt_url=receipt and call.request.origin + receipt,
        shipping=addresses.show_shipping(intent.shipping) if intent.shipping else None,
        refunded=payment.captured > 0 and payment.refunded == payment.captured,
        status=status,
    )


def _outcome(payment: Payment, status: ChargeStatus) -> OutcomeShown | None:
    if status is ChargeStatus.SUCCEEDED:
        sentence = "Payment complete." if payment.captured else "Payment authorized."
        return OutcomeShown(
            network_status="approved_by_network", reason=None, seller_message=sentence, type="authorized"
        )
    if payment.failure is None:
        return None
    wording, was_sent = errors.from_bank(payment.failure.reason), payment.failure.reason is not Reason.NEVER_SEEN
    return OutcomeShown(
        network_status="declined_by_network" if was_sent else "not_sent_to_network",
        reason=wording.decline_code,
        seller_message=wording.sentence,
        type="issuer_declined" if was_sent else "invalid",
    )


@operation("GET", "/v1/charges", Scope.PAYMENTS_READ, ChargesGiven, ListShown[ChargeShown])
async def page(call: Call) -> Reply:
    """Payments that a bank was asked for, as charges, newest first."""
    given: ChargesGiven = call.given
    only = None if given.payment_intent is None else payment_names.payment(given.payment_intent)
    asked = given.status
    stages = transactions.listed(type=TransactionType.PAYMENT) if asked is None else transactions.stages(charge=asked)
    wanted = given.wanted(stages, customer=given.customer, id=only)
    found = await flows.page(call.gateway, call.caller, payment_names.cursor(given.cursor("ch")), wanted)
    data = [show(call, charge) for charge in found.charges]
    return await shown(call, ListShown(url="/v1/charges", has_more=found.has_more, data=data))


async def shown_in(call: Call, payments: Sequence[Payment]) -> list[ChargeShown]:
    """The charges of payments of which a bank was asked, as a call shows them."""
    found = await flows.of_payments(call.gateway, call.caller, payments)
    return [show(call, charge) for charge in found]


@operation("GET", "/v1/charges/{id}", Scope.PAYMENTS_READ, Nothing, ChargeShown)
async def fetch(call: Call) -> Reply:
    """One charge: the payment whose id ends like its own, once a bank was asked for it."""
    return await shown(call, await _fetch(call, call.id))


@operation("POST", "/v1/charges/{id}", Scope.PAYMENTS_WRITE, ChargeChangeGiven, ChargeShown)
async def update(call: Call) -> Reply:
    """Change what is written down about a charge, which is its payment's. No bank hears of it."""
    given: ChargeChangeGiven = call.given
    charge = await _found(call, call.id)

    async def rendered(payment: Payment) -> Answer:
        changed = Charge(payment, charge.balance_transaction)
        return await answer(call.leaving(payment), show(call, changed))

    changed = (given.description, notes(given.metadata), rendered)
    return answered(await payment_flows.update(call.gateway, call.caller, call.key, charge.payment.id, *changed))


async def _found(call: Call, id: str) -> Charge:
    """A charge, as it is once a call is over. Raises Refused(NOT_FOUND)."""
    payment_id = payment_names.payment(id) if id.startswith(payment_names.CHARGE) else ""
    after = call.after.payment
    try:
        if after is None or after.id != payment_id:
            return await flows.fetch(call.gateway, call.caller, payment_id)
        return await flows.of_payment(call.gateway, call.caller, after, call.after.posted)
    except Refused as refused:
        raise payment_names.missing("charge", id) if refused.reason is Reason.NOT_FOUND else refused from None


@expansion.kind("ch", ChargeShown, Scope.PAYMENTS_READ)
async def _fetch(call: Call, id: str) -> ChargeShown:
    return show(call, await _found(call, id))


OPERATIONS = (page, fetch, update)
