"""Refunds on the wire: `POST /refunds` and `POST /payments/{id}/refund` are one behavior."""

from typing import Annotated

import msgspec
from msgspec import UNSET

from tillgate.core import transactions
from tillgate.core.conclusions import Standing
from tillgate.core.credentials import Scope
from tillgate.core.instants import unix_seconds
from tillgate.core.reasons import Reason, Refused
from tillgate.core.refunds import Refund, RefundState
from tillgate.flows import refunds
from tillgate.flows.attempts import Render
from tillgate.flows.gateway import Answer
from tillgate.http.exchange import Reply
from tillgate.store.lists import Cursor, Page
from tillgate.surfaces.v1 import errors, expansion, payment_names
from tillgate.surfaces.v1.changes import MetadataChange, notes
from tillgate.surfaces.v1.forms import Amount, ListShown, Metadata, MoneyListGiven, Text, list_shown
from tillgate.surfaces.v1.listings import Listing
from tillgate.surfaces.v1.operations import Call, Nothing, answer, answered, operation, shown


class RefundOfPaymentGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What refunds the payment in the path: an amount, or all that is left."""

    amount: Amount | None = None
    reason: Text | None = None
    metadata: Metadata = {}


class RefundGiven(RefundOfPaymentGiven, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What refunds a payment by its id, or by that of its intent or its charge."""

    payment: str | None = None
    payment_intent: str | None = None
    charge: str | None = None


class RefundChangeGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is to be different; null or an empty text takes away, name by name."""

    metadata: MetadataChange = UNSET


class RefundsGiven(MoneyListGiven, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A page of refunds: one payment's or customer's, in one status, of some time, amount or metadata if so asked.

    The payment is named by its own id, or by that of its intent or its charge.
    """

    payment: str | None = None
    payment_intent: str | None = None
    charge: str | None = None
    customer: str | None = None
    status: RefundState | None = None


class RefundShown(msgspec.Struct, frozen=True, kw_only=True):
    """A refund."""

    id: str
    object: str = "refund"
    amount: int
    currency: str
    payment: Annotated[str, expansion.ids("pay")]
    payment_intent: Annotated[str, expansion.ids("pi")]
    charge: Annotated[str, expansion.ids("ch")]
    reason: str | None
    status: RefundState
    failure_code: str | None
    failure_message: str | None
    metadata: dict[str, str]
    created: int
    livemode: bool


def show(refund: Refund, *, livemode: bool) -> RefundShown:
    """A refund in the form in which its payment was asked."""
    code = refund.amount.currency
    failure_code, failure_message = errors.told(refund.failure.reason) if refund.failure else (None, None)
    return RefundShown(
        id=refund.id,
        amount=refund.amount.amount,
        currency=code.lower() if refund.asked_as.get("currency") == "lower" else code,
        payment=refund.payment,
        payment_intent=payment_names.intent(refund.payment),
        charge=payment_names.charge(refund.payment),
        reason=refund.reason,
        status=refund.state,
        failure_code=failure_code,
        failure_message=failure_message,
        metadata=refund.metadata,
        created=unix_seconds(refund.created),
        livemode=livemode,
    )


def _render(call: Call) -> Render[Standing]:
    async def rendered(now: Standing) -> Answer:
        assert now.refund is not None, now.attempt.id
        then = call.leaving(now.payment, now.posted)
        return await answer(then, show(now.refund, livemode=call.tenant.is_live))

    return rendered


async def _refund(call: Call, payment_id: str) -> Reply:
    given: RefundOfPaymentGiven = call.given
    answer = await refunds.create(
        call.gateway,
        call.caller,
        call.key,
        payment_id,
        given.amount,
        given.reason,
        given.metadata,
        _render(call),
    )
    return answered(answer)


@operation("POST", "/v1/payments/{id}/refund", Scope.REFUNDS_WRITE, RefundOfPaymentGiven, RefundShown)
async def of_payment(call: Call) -> Reply:
    """Give back a payment, whole or in part (payment_gateway.txt, Refund Payment)."""
    return await _refund(call, call.id)


@operation("POST", "/v1/refunds", Scope.REFUNDS_WRITE, RefundGiven, RefundShown)
async def create(call: Call) -> Reply:
    """Give back a payment, whole or in part (ateni_pay.txt, Create a Refund)."""
    named = payment_names.given(call.given)
    if named is None:
        raise Refused(Reason.PARAMETER_MISSING, "payment")
    parameter, payment_id = named
    try:
        return await _refund(call, payment_id)
    except Refused as refused:
        if refused.reason is not Reason.NOT_FOUND:
            raise
        raise payment_names.missing(parameter, getattr(call.given, parameter)) from None


@operation("GET", "/v1/refunds", Scope.REFUNDS_READ, RefundsGiven, ListShown[RefundShown])
async def page(call: Call) -> Reply:
    """Refunds, newest first."""
    given: RefundsGiven = call.given
    found = await _find(call, given, given.cursor("re"))
    livemode = call.tenant.is_live
    return await shown(call, list_shown(found, "/v1/refunds", lambda refund: show(refund, livemode=livemode)))


async def _find(call: Call, given: RefundsGiven, cursor: Cursor) -> Page[Refund]:
    statuses = None if given.status is None else transactions.stages(refund=given.status)
    wanted = given.wanted(statuses, payment=payment_names.filtered(given), customer=given.customer)
    return await refunds.page(call.gateway, call.caller, cursor, wanted)


LISTING = Listing(
    "refunds",
    "re",
    Scope.REFUNDS_READ,
    RefundsGiven,
    RefundShown,
    _find,
    lambda call, refund: show(refund, livemode=call.tenant.is_live),
)


@operation("GET", "/v1/refunds/{id}", Scope.REFUNDS_READ, Nothing, RefundShown)
async def fetch(call: Call) -> Reply:
    """One refund."""
    return await shown(call, await _fetch(call, call.id))


@operation("POST", "/v1/refunds/{id}", Scope.REFUNDS_WRITE, RefundChangeGiven, RefundShown)
async def update(call: Call) -> Reply:
    """Change what is written down about a refund. No bank hears of it."""

    async def rendered(refund: Refund) -> Answer:
        return await answer(call, show(refund, livemode=call.tenant.is_live))

    changed = notes(call.given.metadata)
    return answered(await refunds.update(call.gateway, call.caller, call.key, call.id, changed, rendered))


@expansion.kind("re", RefundShown, Scope.REFUNDS_READ)
async def _fetch(call: Call, id: str) -> RefundShown:
    refund = await refunds.fetch(call.gateway, call.caller, id)
    return show(refund, livemode=call.tenant.is_live)


OPERATIONS = (of_payment, create, page, fetch, update)
