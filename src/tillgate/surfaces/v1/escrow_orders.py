"""Escrow orders on the wire: payments whose money is held for a seller, and what will happen to them by itself."""

from typing import Any, Final

import msgspec

from tillgate.core import currencies, escrow_moves, escrow_orders
from tillgate.core.credentials import CredentialKind, Scope
from tillgate.core.escrow_moves import Coming
from tillgate.core.escrow_settings import CommissionMeans
from tillgate.core.escrows import PREFIX, Buyer, Delivery, EscrowStatus, Part, Product, Share, Step
from tillgate.core.instants import SECOND, Instant, unix_seconds
from tillgate.core.money import Money
from tillgate.core.payments import Payment
from tillgate.core.reasons import Reason, Refused
from tillgate.flows import escrow_orders as flows
from tillgate.flows.escrow_orders import Wanted
from tillgate.flows.gateway import Answer
from tillgate.flows.sources import NewCustomer
from tillgate.http.exchange import Reply
from tillgate.surfaces.v1 import expansion, payment_names
from tillgate.surfaces.v1.escrow_order_forms import (
    BuyerShown,
    CalendarGiven,
    CalendarLineShown,
    DeliveryShown,
    EscrowOrderGiven,
    EscrowOrdersGiven,
    EscrowOrderShown,
    ProductShown,
    ShareShown,
    StepShown,
)
from tillgate.surfaces.v1.forms import ListShown, parse_email
from tillgate.surfaces.v1.operations import Call, Nothing, answer, answered, operation, shown
from tillgate.surfaces.v1.payments import case

PATH: Final = "/v1/escrow_orders"

READERS: Final = (Scope.PAYMENTS_READ, Scope.ESCROW_DECIDE)
"""Who reads orders: their merchant, and the manager, what is or was in dispute."""

_MANAGERS: Final = (EscrowStatus.DISPUTED, EscrowStatus.DISPUTE, EscrowStatus.DISPUTE_RESOLVED)


def show(payment: Payment, *, livemode: bool) -> EscrowOrderShown:
    """A payment as its order."""
    escrow, lower = escrow_orders.of(payment), payment.asked_as.get("currency") == "lower"
    pricing = escrow.pricing
    codes = (payment.amount.currency, pricing.price.currency)
    currency, price_currency = (code.lower() if lower else code for code in codes)
    covered = sum(share.money.amount for share in escrow.shares if share.part is Part.CHARGED_BACK)
    return EscrowOrderShown(
        id=escrow_orders.order_id(payment.id),
        amount=payment.amount.amount,
        amount_held=escrow.left,
        amount_released=escrow.released - covered,
        amount_refunded=sum(escrow.returns),
        currency=currency,
        price=pricing.price.amount,
        price_currency=price_currency,
        shipping=pricing.shipping,
        shipping_bearer=pricing.shipping_bearer,
        escrow_fee_bearer=pricing.escrow_fee_bearer,
        processing_bearer=pricing.processing_bearer,
        cancellation_fee=pricing.cancellation_fee,
        seller=pricing.seller,
        operator=pricing.operator,
        operator_basis_points=pricing.operator_basis_points,
        provider=pricing.provider,
        provider_basis_points=pricing.provider_basis_points,
        status=escrow.status,
        seller_keeps=escrow.verdict.kept if escrow.verdict else None,
        next_at=_seconds(escrow.due_at),
        product=_product(escrow.product),
        delivery=_delivery(escrow.delivery),
        buyer=_buyer(escrow.buyer),
        deliveries=escrow.deliveries,
        rejections=escrow.rejections,
        history=[_step(step) for step in escrow.history],
        shares=[_share(share, lower=lower) for share in escrow.shares],
        project=escrow.project,
        payment=payment.id,
        payment_intent=payment_names.intent(payment.id),
        refund=escrow.refund,
        paid_at=_seconds(escrow.paid_at),
        completed_at=_seconds(escrow.completed_at),
        created=unix_seconds(payment.created),
        livemode=livemode,
    )


def _seconds(at: Instant | None) -> int | None:
    return None if at is None else unix_seconds(at)


def _product(product: Product) -> ProductShown:
    return msgspec.convert(product, ProductShown, from_attributes=True)


def _delivery(delivery: Delivery) -> DeliveryShown:
    made = msgspec.convert(delivery, DeliveryShown, from_attributes=True)
    return msgspec.structs.replace(made, promised_by=unix_seconds(delivery.promised_by))


def _buyer(buyer: Buyer) -> BuyerShown:
    return msgspec.convert(buyer, BuyerShown, from_attributes=True)


def _step(step: Step) -> StepShown:
    return StepShown(at=unix_seconds(step.at), move=step.move, by=step.side, status=step.status, comment=step.comment)


def _share(share: Share, *, lower: bool) -> ShareShown:
    currency = share.money.currency.lower() if lower else share.money.currency
    return ShareShown(
        part=share.part, amount=share.money.amount, currency=currency, party=share.party, payout=share.payout
    )


@operation("POST", PATH, Scope.PAYMENTS_WRITE, EscrowOrderGiven, EscrowOrderShown)
async def create(call: Call) -> Reply:
    """Open an order that waits for its buyer to pay: confirm its payment intent. What is paid is held from then on."""
    given: EscrowOrderGiven = call.given
    email = parse_email(given.buyer.email, "buyer.email")
    terms = ("shipping", "shipping_bearer", "escrow_fee_bearer", "processing_bearer", "cancellation_fee")
    said = {name: value for name, value in _said(given).items() if name in terms}
    wanted = Wanted(
        price=Money(given.price, currencies.parse(given.currency, "currency")),
        product=Product(**_said(given.product)),
        delivery=Delivery(**{**_said(given.delivery), "promised_by": given.delivery.promised_by * SECOND}),
        buyer=Buyer(**{**_said(given.buyer), "email": email}),
        currency_asked_as=case(given.currency),
        **_shares(given),
        **said,
    )
    name = f"{wanted.buyer.first_name} {wanted.buyer.last_name}".strip() or None
    buyer = NewCustomer(email, name, wanted.buyer.phone or None)
    try:
        return answered(await flows.open(call.gateway, call.caller, call.key, wanted, buyer, _render(call)))
    except Refused as refused:
        field = _FIELDS.get(refused.field or "", refused.field)
        if refused.field == "party":
            # The core knows it by its id alone: it is the first parameter that says so.
            field = next(name for name in _PARTIES if getattr(given, name) == refused.detail.get("id"))
        raise Refused(refused.reason, field, **refused.detail) from None


_PARTIES: Final = ("seller", "operator", "provider")


def _shares(given: EscrowOrderGiven) -> dict[str, Any]:
    """Who shares it, and how. An operator's commission without an operator is the merchant's own."""
    if given.provider_basis_points is not None and given.provider is None:
        raise Refused(Reason.PARAMETER_MISSING, "provider")
    if given.seller is None and (given.operator is not None or given.operator_basis_points is not None):
        raise Refused(Reason.PARAMETER_MISSING, "seller")
    return {
        "seller": given.seller,
        "operator": given.operator,
        "operator_commission": given.operator_basis_points or 0,
        "is_marketplace": given.operator is not None or given.operator_basis_points is not None,
        "provider": given.provider,
        "commission": given.provider_basis_points,
        "commission_means": CommissionMeans.PROVIDER,
        "project": given.project,
    }


def _said(given: msgspec.Struct) -> dict[str, Any]:
    """What was said, by its field; the rest is as it is without."""
    return {name: value for name, value in msgspec.structs.asdict(given).items() if value is not None}


_FIELDS: Final = {"amount": "price", "delivery_date": "delivery.promised_by"}
"""What the core calls a field, and this resource."""


def _render(call: Call) -> flows.Plainly:
    async def rendered(payment: Payment) -> Answer:
        return await answer(call.leaving(payment), show(payment, livemode=call.tenant.is_live))

    return rendered


@operation("GET", PATH, READERS, EscrowOrdersGiven, ListShown[EscrowOrderShown])
async def page(call: Call) -> Reply:
    """Orders, newest first. A manager's key lists those in dispute: `disputed` unless another status is asked for."""
    given: EscrowOrdersGiven = call.given
    cursor = payment_names.cursor(given.cursor(PREFIX))
    found = await flows.page(call.gateway, call.caller, cursor, status=_status(call, given), product=given.product)
    data = [show(payment, livemode=call.tenant.is_live) for payment in found.records]
    return await shown(call, ListShown(url=PATH, has_more=found.has_more, data=data))


def _status(call: Call, given: EscrowOrdersGiven) -> EscrowStatus | None:
    if not _is_manager(call):
        return given.status
    if given.status not in (None, *_MANAGERS):
        problem = f"a manager's key lists orders that are {', '.join(_MANAGERS)}"
        raise Refused(Reason.PARAMETER_INVALID, "status", problem=problem)
    return given.status or EscrowStatus.DISPUTED


def _is_manager(call: Call) -> bool:
    return call.principal.kind is CredentialKind.MANAGER_KEY


@operation("GET", PATH + "/{id}", READERS, Nothing, EscrowOrderShown)
async def fetch(call: Call) -> Reply:
    """One order."""
    return await shown(call, await _fetch(call, call.id))


@operation("GET", PATH + "/{id}/calendar", READERS, CalendarGiven, ListShown[CalendarLineShown])
async def calendar(call: Call) -> Reply:
    """What will happen to an order by itself and when, if nobody does anything before, in order."""
    given: CalendarGiven = call.given
    payment = await found(call, call.id)
    coming = await flows.calendar(call.gateway, call.caller, payment.id)
    data = [_line(one) for one in coming[: given.limit]]
    url = f"{PATH}/{escrow_orders.order_id(payment.id)}/calendar"
    return await shown(call, ListShown(url=url, has_more=len(coming) > given.limit, data=data))


def _line(coming: Coming) -> CalendarLineShown:
    return CalendarLineShown(
        at=unix_seconds(coming.at), move=coming.move, status=coming.status, seller_keeps=coming.kept
    )


async def found(call: Call, id: str) -> Payment:
    """The payment of an order, by its id. Raises Refused(NOT_FOUND)."""
    try:
        if not id.startswith(f"{PREFIX}_"):
            raise Refused(Reason.NOT_FOUND)
        payment = await flows.fetch(call.gateway, call.caller, escrow_orders.payment_id(id))
        if _is_manager(call) and not escrow_moves.was_disputed(escrow_orders.of(payment)):
            raise Refused(Reason.NOT_FOUND)
        return payment
    except Refused as refused:
        raise payment_names.missing("escrow_order", id) if refused.reason is Reason.NOT_FOUND else refused from None


@expansion.kind(PREFIX, EscrowOrderShown, Scope.PAYMENTS_READ)
async def _fetch(call: Call, id: str) -> EscrowOrderShown:
    return show(await found(call, id), livemode=call.tenant.is_live)


OPERATIONS = (create, page, fetch, calendar)
